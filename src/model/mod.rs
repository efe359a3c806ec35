//! The model: layer table, Burn modules, and the bundle in which a trained one is kept.

mod bundle;
mod network;
mod peaks;
mod spec;

pub use bundle::{Bundle, BundleError, Golden, Manifest, Thresholds, Training, VERSION};
pub use network::{ConvBlock, FusionNet, LocalizationNet, Network, TowerNet, embedding, pool};
pub use peaks::{Peaks, Sample};
pub use spec::{Fusion, Layer, LayerShape, Localization, Pooling, Spec, Tower};
