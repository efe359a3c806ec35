//! A tower's last convolution, before pool4: what embeddings for other tasks are pooled from.

/// The activation map: conv4_2 after its ReLU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivationMap {
    /// Units of the tower.
    pub channels: usize,
    /// Vision: height. Audio: frequency, low to high.
    pub rows: usize,
    /// Vision: width. Audio: time.
    pub columns: usize,
    /// `[channels, rows, columns]`, 0 or more.
    pub values: Vec<f32>,
}

impl ActivationMap {
    /// One unit's plane, `[rows, columns]`.
    ///
    /// ```
    /// use lookhear::engine::ActivationMap;
    ///
    /// let map = ActivationMap { channels: 2, rows: 1, columns: 2, values: vec![0.0, 3.0, 1.0, 2.0] };
    /// assert_eq!(map.unit(1), [1.0, 2.0]);
    /// ```
    pub fn unit(&self, channel: usize) -> &[f32] {
        let size = self.rows * self.columns;
        &self.values[channel * size..][..size]
    }

    /// Maxima over a grid of `rows` x `columns` windows, flattened as `[rows, columns, channels]`.
    ///
    /// Where the map's side is a multiple of the grid's, these are the windows of the paper ("Look, Listen and
    /// Learn", section 4: 8x8 over the audio map, 7x7 over the vision map at 224 pixels); otherwise windows
    /// overlap by one, so that every position counts.
    ///
    /// ```
    /// use lookhear::engine::ActivationMap;
    ///
    /// let map = ActivationMap { channels: 1, rows: 2, columns: 2, values: vec![0.0, 3.0, 1.0, 2.0] };
    /// assert_eq!(map.pool(1, 1), [3.0], "pool4: the embedding");
    /// assert_eq!(map.pool(2, 1), [3.0, 2.0]);
    /// ```
    pub fn pool(&self, rows: usize, columns: usize) -> Vec<f32> {
        let window = |i: usize, of: usize, size: usize| i * size / of..((i + 1) * size).div_ceil(of);
        let mut pooled = Vec::with_capacity(rows * columns * self.channels);
        for row in 0..rows {
            for column in 0..columns {
                for channel in 0..self.channels {
                    let unit = self.unit(channel);
                    let lines =
                        window(row, rows, self.rows).map(|y| &unit[y * self.columns..][..self.columns]);
                    let values = lines.flat_map(|line| &line[window(column, columns, self.columns)]);
                    pooled.push(values.copied().fold(0.0, f32::max));
                }
            }
        }
        pooled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_divide_the_map_or_overlap() {
        let values = (0..2 * 4 * 4).map(|v| v as f32).collect();
        let map = ActivationMap { channels: 2, rows: 4, columns: 4, values };
        assert_eq!(map.pool(2, 2), [5.0, 21.0, 7.0, 23.0, 13.0, 29.0, 15.0, 31.0]);
        assert_eq!(map.pool(1, 1), [15.0, 31.0]);
        // Of four rows, three windows: 0..2, 1..3, 2..4.
        let column: Vec<f32> = map.pool(3, 1).into_iter().step_by(2).collect();
        assert_eq!(column, [7.0, 11.0, 15.0]);
    }
}
