//! How like a query the moments of an archive are.

use std::io;

use super::Kind;
use super::query::{Query, blank};
use crate::embed::{Rows, Settings};
use crate::judge::Judge;
use crate::model::Pooling;
use crate::similarity::{dot, length, unit};

/// Rows that are compared with all of the query while they lie in the processor's nearest memory.
const BLOCK: usize = 16;
/// As like silence, or a black picture, as only these are.
const SAME: f32 = 0.9999;

/// A query in one space, with what it takes to compare.
pub(super) struct Measure {
    /// `[queries, dims]`.
    pub(super) query: Vec<f32>,
    /// What silence or black is there, `[rows of a moment, dims]`, each of length 1.
    pub(super) blank: Vec<f32>,
    pub(super) dims: usize,
    /// Rows of a moment.
    pub(super) rows: usize,
    /// Between the senses: how the products of sound and positions become one. `None`: within a sense, by cosines.
    pub(super) between: Option<Pooling>,
    /// Level under which nothing sounds.
    pub(super) silence: f32,
}

/// A moment of an archive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// Seconds.
    pub(super) t: f64,
    /// `None`: it is silent or black.
    pub(super) score: Option<f32>,
}

impl Measure {
    /// For archives of a kind.
    pub(super) fn new(judge: &mut Judge, query: &Query, kind: Kind, settings: &Settings) -> Self {
        let spec = judge.manifest().spec.clone();
        let dims = settings.dims(&spec);
        let all_unit = |rows: Vec<f32>| rows.chunks_exact(dims).flat_map(unit).collect::<Vec<_>>();
        let pooling = spec.localization.map_or(Pooling::Max, |head| head.pooling);
        let between = (query.sense() != kind.sense).then_some(pooling);
        // The network itself weighs vectors as they are; within a sense only their directions count.
        let asked = query.rows(judge, settings);
        Self {
            query: if between.is_some() { asked } else { all_unit(asked) },
            blank: all_unit(blank(kind.sense, judge, settings)),
            dims,
            rows: kind.rows(&spec),
            between,
            silence: judge.silence(),
        }
    }

    /// Measures whole moments.
    ///
    /// # Errors
    /// A row is not finite, or the rows are not those of whole moments.
    pub(super) fn moments(&self, rows: &Rows) -> io::Result<Vec<Moment>> {
        let similarities = self.similarities(&rows.values);
        let queries = self.query.len() / self.dims;
        let mut moments = Vec::with_capacity(rows.timestamps.len() / self.rows);
        for (n, times) in rows.timestamps.chunks(self.rows).enumerate() {
            let t = times[0];
            if times.len() != self.rows || times.iter().any(|other| *other != t) {
                return Err(io::Error::other(format!("{t} s does not have {} rows", self.rows)));
            }
            let values = &rows.values[n * self.rows * self.dims..][..self.rows * self.dims];
            if !values.iter().all(|value| value.is_finite()) {
                return Err(io::Error::other(format!("a value at {t} s is no number")));
            }
            let blank = match rows.levels.get(n * self.rows) {
                Some(level) => *level < self.silence,
                None => self.is_blank(values),
            };
            let own = &similarities[n * self.rows * queries..][..self.rows * queries];
            moments.push(Moment { t, score: (!blank).then(|| self.score(own)) });
        }
        Ok(moments)
    }

    /// Of every row with every vector of the query, `[rows, queries]`.
    fn similarities(&self, values: &[f32]) -> Vec<f32> {
        let (dims, queries) = (self.dims, self.query.len() / self.dims);
        let mut all = vec![0.0; values.len() / dims * queries];
        for (rows, out) in values.chunks(BLOCK * dims).zip(all.chunks_mut(BLOCK * queries)) {
            for (k, query) in self.query.chunks_exact(dims).enumerate() {
                for (row, out) in rows.chunks_exact(dims).zip(out.chunks_exact_mut(queries)) {
                    out[k] = dot(row, query);
                }
            }
            if self.between.is_none() {
                for (row, out) in rows.chunks_exact(dims).zip(out.chunks_exact_mut(queries)) {
                    let length = length(row);
                    out.iter_mut().for_each(|product| *product /= length);
                }
            }
        }
        all
    }

    /// One score of the similarities of a moment, `[rows, queries]`.
    fn score(&self, similarities: &[f32]) -> f32 {
        match self.between {
            Some(pooling) => pooling.pool(similarities),
            None => {
                let queries = self.query.len() / self.dims;
                let nearest =
                    |k: usize| similarities[k..].iter().step_by(queries).copied().fold(-1.0, f32::max);
                (0..queries).map(nearest).sum::<f32>() / queries as f32
            }
        }
    }

    fn is_blank(&self, values: &[f32]) -> bool {
        let pairs = values.chunks_exact(self.dims).zip(self.blank.chunks_exact(self.dims));
        let alike: f32 = pairs.map(|(row, blank)| dot(row, blank) / length(row)).sum();
        alike >= SAME * self.rows as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(times: &[f64], values: &[[f32; 2]]) -> Rows {
        Rows { timestamps: times.into(), values: values.concat(), levels: Vec::new() }
    }

    fn measure(query: &[[f32; 2]], rows: usize, between: Option<Pooling>) -> Measure {
        let blank = [0.0, -1.0].repeat(rows);
        Measure { query: query.concat(), blank, dims: 2, rows, between, silence: -60.0 }
    }

    fn scores(measure: &Measure, rows: &Rows) -> Vec<Option<f32>> {
        measure.moments(rows).unwrap().iter().map(|moment| moment.score).collect()
    }

    #[test]
    fn within_a_sense_only_directions_count() {
        let sound = measure(&[[0.6, 0.8]], 1, None);
        let found =
            scores(&sound, &rows(&[0.0, 0.1, 0.2, 0.3], &[[6.0, 8.0], [1.0, 0.0], [0.0, 0.0], [0.0, -7.0]]));
        assert!((found[0].unwrap() - 1.0).abs() < 1e-6 && (found[1].unwrap() - 0.6).abs() < 1e-6);
        assert_eq!(found[2..], [Some(0.0), None], "the last one is silent");

        // Each position of the query takes the most similar one: 1 and 0.6.
        let picture = measure(&[[1.0, 0.0], [0.0, 1.0]], 2, None);
        let found = scores(&picture, &rows(&[0.0, 0.0], &[[2.0, 0.0], [0.8, 0.6]]));
        assert!((found[0].unwrap() - 0.8).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn between_the_senses_the_head_s_own_measure_counts() {
        let frames = rows(&[0.0, 0.0, 1.0, 1.0], &[[0.5, 0.0], [0.25, 0.0], [0.0, 2.0], [-3.0, 0.0]]);
        let sound = measure(&[[2.0, 0.0]], 2, Some(Pooling::Max));
        assert_eq!(scores(&sound, &frames), [Some(1.0), Some(0.0)]);
        let pooling = Pooling::LogMeanExp { sharpness: 8.0 };
        let sound = measure(&[[2.0, 0.0]], 2, Some(pooling));
        assert_eq!(scores(&sound, &frames)[0], Some(pooling.pool(&[1.0, 0.5])));
        // The other way round it is the same.
        let picture = measure(&[[0.5, 0.0], [0.25, 0.0]], 1, Some(pooling));
        assert_eq!(scores(&picture, &rows(&[0.0], &[[2.0, 0.0]])), [Some(pooling.pool(&[1.0, 0.5]))]);
    }

    #[test]
    fn quiet_seconds_and_black_frames_have_no_score() {
        let sound = measure(&[[1.0, 0.0]], 1, None);
        let mut heard = rows(&[0.0, 0.1], &[[1.0, 0.0], [1.0, 0.0]]);
        heard.levels = vec![-20.0, -61.0];
        assert_eq!(scores(&sound, &heard), [Some(1.0), None]);
        let picture = measure(&[[1.0, 0.0]], 2, None);
        let seen = rows(&[0.0, 0.0, 1.0, 1.0], &[[0.0, -1.0], [0.0, -2.0], [0.0, -1.0], [1.0, 0.0]]);
        assert_eq!(scores(&picture, &seen), [None, Some(1.0)]);
    }

    #[test]
    fn damage_is_told() {
        let error = |measure: &Measure, rows: &Rows| measure.moments(rows).unwrap_err().to_string();
        let (sound, picture) = (measure(&[[1.0, 0.0]], 1, None), measure(&[[1.0, 0.0]], 2, None));
        let nan = error(&sound, &rows(&[0.5], &[[f32::NAN, 0.0]]));
        assert!(nan.contains("0.5 s is no number"), "{nan}");
        for times in [&[0.0, 1.0][..], &[0.0, 0.0, 1.0]] {
            let found = error(&picture, &rows(times, &vec![[1.0, 0.0]; times.len()]));
            assert!(found.contains("does not have 2 rows"), "{found}");
        }
    }

    #[test]
    fn blocks_change_nothing() {
        for count in [1, BLOCK - 1, BLOCK, 2 * BLOCK + 1] {
            let values: Vec<[f32; 2]> = (0..count).map(|n| [n as f32 * 0.01, 1.0]).collect();
            let query = [[1.0, 0.5], [0.0, 2.0], [-1.0, 0.0]];
            let measure = measure(&query, 1, Some(Pooling::Max));
            let plain: Vec<f32> = values.iter().flat_map(|row| query.map(|query| dot(row, &query))).collect();
            assert_eq!(measure.similarities(&values.concat()), plain);
        }
    }
}
