//! What a layer table from outside must be like, so that an engine can be built of it.

use thiserror::Error;

use super::spec::{Layer, Spec, Tower};

/// Largest activation map that a table may ask for, ten times that of the paper.
const MOST_VALUES: usize = 1 << 25;
/// Largest cost of a tower, ten times that of the paper.
const MOST_MACS: usize = 100_000_000_000;

/// Why a layer table is of no use: the key, its value, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A tower.
    #[error("{tower}: {source}")]
    Tower {
        /// `vision` or `audio`.
        tower: &'static str,
        /// What is wrong with it.
        source: TowerError,
    },
    /// Nothing that would judge.
    #[error("fusion, distance, localization: all are missing; a network needs a head")]
    NoHead,
    /// AVE-Net's head beside another.
    #[error("distance: this head shares a network with no other; leave out the others")]
    SharedDistance,
    /// The width of a head.
    #[error("a head is {0} wide; 1 to 4096 are possible")]
    HeadWidth(usize),
}

/// Why a tower is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TowerError {
    /// So many layers.
    #[error("{0} layers; 1 to 64 are possible")]
    Depth(usize),
    /// Pooling at the beginning, or twice.
    #[error("a max_pool must follow a convolution")]
    PoolOfNothing,
    /// Output channels of a convolution.
    #[error("{0} channels; 1 to 4096 are possible")]
    Channels(usize),
    /// The stride of a convolution.
    #[error("stride {0}; 1 or 2 is possible")]
    Stride(usize),
    /// The input's `[channels, height, width]`.
    #[error("input {0:?}: 1 to 4096 in each direction are possible")]
    Input([usize; 3]),
    /// An input `[channels, height, width]` that is too small for so many layers.
    #[error("input {0:?} is pooled away to nothing")]
    PooledAway([usize; 3]),
    /// More than a machine can be asked for.
    #[error("a layer of {values} values, {macs} multiply-accumulates: at most {MOST_VALUES} and {MOST_MACS}")]
    TooLarge {
        /// Values of the largest activation map.
        values: usize,
        /// Multiply-accumulates of the tower.
        macs: usize,
    },
}

impl Spec {
    /// Checks a table that was read from a file.
    ///
    /// # Errors
    /// [`SpecError`]: one sentence that names the key, the value and what would be right.
    ///
    /// ```
    /// use lookhear::model::{Spec, SpecError};
    ///
    /// let headless = Spec { fusion: None, localization: None, ..Spec::preset("edge").unwrap() };
    /// assert_eq!(headless.validate(), Err(SpecError::NoHead));
    /// assert!(SpecError::NoHead.to_string().contains("a network needs a head"));
    /// ```
    pub fn validate(&self) -> Result<(), SpecError> {
        for (tower, table) in [("vision", &self.vision), ("audio", &self.audio)] {
            table.validate().map_err(|source| SpecError::Tower { tower, source })?;
        }
        let widths =
            [self.fusion.map(|f| f.hidden), self.distance.map(|d| d.dims), self.localization.map(|l| l.dims)];
        if widths == [None; 3] {
            return Err(SpecError::NoHead);
        }
        if self.distance.is_some() && (self.fusion.is_some() || self.localization.is_some()) {
            return Err(SpecError::SharedDistance);
        }
        match widths.into_iter().flatten().find(|w| !(1..=4096).contains(w)) {
            Some(width) => Err(SpecError::HeadWidth(width)),
            None => Ok(()),
        }
    }
}

impl Tower {
    fn validate(&self) -> Result<(), TowerError> {
        if self.layers.is_empty() || self.layers.len() > 64 {
            return Err(TowerError::Depth(self.layers.len()));
        }
        let pools = |layer: &Layer| *layer == Layer::MaxPool;
        if pools(&self.layers[0]) || self.layers.windows(2).any(|pair| pair.iter().all(pools)) {
            return Err(TowerError::PoolOfNothing);
        }
        for layer in &self.layers {
            if let Layer::Conv { channels, stride } = *layer {
                if !(1..=4096).contains(&channels) {
                    return Err(TowerError::Channels(channels));
                }
                if !(1..=2).contains(&stride) {
                    return Err(TowerError::Stride(stride));
                }
            }
        }
        let (largest, smallest) = (self.input.into_iter().max(), self.input.into_iter().min());
        if largest > Some(4096) || smallest == Some(0) {
            return Err(TowerError::Input(self.input));
        }
        let shapes = self.shapes();
        if shapes.iter().any(|s| s.output.contains(&0)) {
            return Err(TowerError::PooledAway(self.input));
        }
        let values = shapes.iter().map(|s| s.output.iter().product::<usize>()).max().unwrap_or(0);
        let macs = self.macs();
        if values > MOST_VALUES || macs > MOST_MACS {
            return Err(TowerError::TooLarge { values, macs });
        }
        Ok(())
    }
}
