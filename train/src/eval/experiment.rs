//! The experiments by name.

use std::fmt;

use clap::ValueEnum;

/// What can be measured. On the command line the names are in lower case, with dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Experiment {
    /// AVC on composed scenes of held-out photos and sounds.
    Avc,
    /// AVC on a held-out photo and a held-out sound.
    Photo,
    /// AVC on real video clips: own sounds against foreign ones.
    Clips,
    /// AVC on the test side of prepared video clips.
    Shards,
    /// The paper's supervised baselines of AVC: direct combination, pre-training.
    Baselines,
    /// Sounds: a linear SVM on ESC-50, ESC-10, or a folder in their layout.
    Esc,
    /// Sounds: a linear SVM on acoustic scenes in DCASE's layout, or on the corpus' held-out sounds.
    Dcase,
    /// Pictures: a linear classifier on a folder in ImageNet's layout, or on the corpus' held-out photos.
    Imagenet,
    /// The pictures and sounds that units respond to most, and how many units prefer one class.
    Units,
    /// Where in a picture units respond.
    Heatmaps,
    /// When and at which frequency units respond.
    SpectrogramHeatmaps,
    /// Embeddings in two dimensions, by class.
    Tsne,
    /// How well k-means clusters of embeddings follow the classes.
    Nmi,
    /// Localization: in composed scenes with two objects, and on annotated frames (cIoU, AUC).
    Localize,
    /// False alarms on silence, noise, and sounds of what is not in view.
    Negatives,
    /// Names: whether things that were enrolled are known again, and others are not.
    Names,
    /// Retrieval between and within the senses (nDCG@30).
    Retrieval,
    /// What rounding costs: AVC and localization by the integer engine and in floating point.
    Quantization,
    /// Learning curves of a run of `fit`.
    Training,
}

impl Experiment {
    /// All of them, in the order of a report.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }
}

impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
