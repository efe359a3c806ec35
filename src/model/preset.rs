//! Presets: ready-made layer tables. To add one, add an entry to [`PRESETS`].

use super::spec::{Distance, Fusion, Layer, Localization, Pooling, Spec, Tower};
use crate::preprocess::Fit;

/// The parameters of a preset.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Preset {
    /// Name in configs and on the command line.
    pub name: &'static str,
    /// A short description for people.
    pub about: &'static str,
    /// Channels of the four blocks of both towers.
    pub widths: [usize; 4],
    /// Stride of the first convolution.
    pub stride: usize,
    /// Stride of the audio tower's second convolution: 2 makes that tower four times as cheap, and its map half as high
    /// and wide, of which the heads need nothing but the maximum.
    pub audio_stride: usize,
    /// L3-Net's head.
    pub fusion: Option<Fusion>,
    /// AVE-Net's head.
    pub distance: Option<Distance>,
    /// AVOL-Net's head.
    pub localization: Option<Localization>,
    /// How pictures become square: the papers crop, the shipped models see all.
    pub fit: Fit,
}

/// The papers' towers, without a head.
const PAPER: Preset = Preset {
    name: "",
    about: "",
    widths: [64, 128, 256, 512],
    stride: 1,
    audio_stride: 1,
    fusion: None,
    distance: None,
    localization: None,
    fit: Fit::Crop,
};

/// Towers for small computers, with both heads.
const EDGE: Preset = Preset {
    name: "edge",
    about: "a quarter of the width, stride 2 in conv1, both heads",
    widths: [16, 32, 64, 128],
    stride: 2,
    audio_stride: 1,
    fusion: Some(Fusion { hidden: 128 }),
    distance: None,
    localization: Some(Localization {
        dims: 128,
        batch_norm: true,
        normalize: true,
        pooling: Pooling::LogMeanExp { sharpness: 8.0 },
    }),
    fit: Fit::Stretch,
};

/// Wider towers. Twice the width throughout would make a file of more than 10 MB.
const EDGE_WIDE: Preset = Preset { widths: [32, 64, 128, 192], ..EDGE };

/// Everything that [`Spec::preset`] knows.
pub const PRESETS: [Preset; 6] = [
    Preset {
        name: "l3",
        about: "the network of \"Look, Listen and Learn\"",
        fusion: Some(Fusion { hidden: 128 }),
        ..PAPER
    },
    Preset {
        name: "ave",
        about: "the head for retrieval of \"Objects that Sound\" on the same towers",
        distance: Some(Distance { dims: 128 }),
        ..PAPER
    },
    Preset {
        name: "avol",
        about: "its head for localization on the same towers",
        localization: Some(Localization {
            dims: 128,
            batch_norm: false,
            normalize: false,
            pooling: Pooling::Max,
        }),
        ..PAPER
    },
    EDGE,
    Preset {
        name: "edge-wide",
        about: "half of the paper's width up to conv3, 192 channels in conv4, otherwise as edge",
        ..EDGE_WIDE
    },
    Preset {
        name: "edge-swift",
        about: "as edge-wide; stride 2 in the audio tower's conv1_2, too",
        audio_stride: 2,
        ..EDGE_WIDE
    },
];

impl Preset {
    /// Finds the preset of this name.
    ///
    /// ```
    /// use lookhear::model::Preset;
    ///
    /// assert_eq!(Preset::find("ave").unwrap().spec().common_dims(), Some(128));
    /// ```
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The layer table, for pictures `[3, 224, 224]` and spectrograms `[1, 257, 199]`.
    pub fn spec(&self) -> Spec {
        Spec {
            name: self.name.into(),
            vision: self.tower([3, 224, 224], [self.stride, 1]),
            audio: self.tower([1, 257, 199], [self.stride, self.audio_stride]),
            fusion: self.fusion,
            distance: self.distance,
            localization: self.localization,
        }
    }

    /// Four blocks of two convolutions, a pool after the first three; `strides` are those of the first block.
    fn tower(&self, input: [usize; 3], strides: [usize; 2]) -> Tower {
        let mut layers = Vec::new();
        for (block, channels) in self.widths.into_iter().enumerate() {
            for stride in if block == 0 { strides } else { [1; 2] } {
                layers.push(Layer::Conv { channels, stride });
            }
            if block < 3 {
                layers.push(Layer::MaxPool);
            }
        }
        Tower { input, layers }
    }
}

impl Spec {
    /// The names of all [`PRESETS`].
    pub const PRESETS: [&'static str; PRESETS.len()] = {
        let mut names = [""; PRESETS.len()];
        let mut i = 0;
        while i < names.len() {
            names[i] = PRESETS[i].name;
            i += 1;
        }
        names
    };

    /// The table of the preset of this name.
    ///
    /// ```
    /// use lookhear::model::Spec;
    ///
    /// let spec = Spec::preset("edge").expect("one of Spec::PRESETS");
    /// assert_eq!(spec.vision.map_shape(), [128, 14, 14]);
    /// assert_eq!(Spec::preset("vgg"), None);
    /// ```
    pub fn preset(name: &str) -> Option<Self> {
        Preset::find(name).map(Preset::spec)
    }
}
