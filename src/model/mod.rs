//! The model: layer table, weights, and the bundle in which a trained one is kept.
//!
//! With the feature `burn` there are the same networks as Burn modules ([`Network`]), for training and for engines in
//! floating point.

mod bundle;
mod golden;
mod manifest;
mod preset;
mod ranges;
mod spec;
mod validate;
mod weights;

#[cfg(feature = "burn")]
mod block;
#[cfg(feature = "burn")]
mod heads;
#[cfg(feature = "burn")]
mod measure;
#[cfg(feature = "burn")]
mod network;
#[cfg(feature = "burn")]
mod store;

#[cfg(feature = "burn")]
pub use block::ConvBlock;
pub use bundle::{Bundle, BundleError};
pub use golden::{Golden, Sample};
#[cfg(feature = "burn")]
pub use heads::{DistanceNet, FusionNet, LocalizationNet, pool};
pub use manifest::{Manifest, Thresholds, Training, VERSION};
#[cfg(feature = "burn")]
pub use network::{Network, TowerNet, embedding};
pub use preset::{PRESETS, Preset};
pub use ranges::{ActivationRanges, RangesError};
pub use spec::{Distance, Fusion, Layer, LayerShape, Localization, Pooling, Spec, Tower};
pub use validate::{SpecError, TowerError};
pub use weights::{Tensor, Weights, WeightsError};
