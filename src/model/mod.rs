//! The model: layer table, Burn modules, and the bundle in which a trained one is kept.

mod built_in;
mod bundle;
mod heads;
mod network;
mod peaks;
mod spec;

pub use bundle::{Bundle, BundleError, Golden, Manifest, Thresholds, Training, VERSION};
pub use heads::{DistanceNet, FusionNet, LocalizationNet, pool};
pub use network::{ConvBlock, Network, TowerNet, embedding};
pub use peaks::{Peaks, Sample};
pub use spec::{Distance, Fusion, Layer, LayerShape, Localization, Pooling, Spec, Tower};
