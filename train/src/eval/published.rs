//! What the papers report, beside our figures. L3: "Look, Listen and Learn" (2017); AVE and AVOL: "Objects that Sound"
//! (2018). Every figure of theirs comes from weeks of many GPUs and hundreds of thousands of videos.

use super::report::Published;

const fn figure(name: &'static str, value: &'static str) -> Published {
    Published { name, value }
}

pub(super) const AVC: &[Published] = &[
    figure("L3, AVC accuracy on Flickr-SoundNet (chance 50)", "78"),
    figure("L3, AVC accuracy on Kinetics-Sounds (chance 50)", "74"),
    figure("AVE / L3 as retrained there, AVC accuracy", "81.9 / 80.8"),
];
pub(super) const BASELINES: &[Published] = &[
    figure("supervised direct combination, Kinetics-Sounds", "65"),
    figure("supervised pre-training, Kinetics-Sounds", "74"),
];
pub(super) const ESC: &[Published] = &[
    figure("L3, ESC-50, 5 folds (random weights)", "79.3 (62.5)"),
    figure("SoundNet / human, ESC-50", "74.2 / 81.3"),
];
pub(super) const DCASE: &[Published] =
    &[figure("L3, DCASE scenes (random weights)", "93 (85)"), figure("SoundNet, DCASE scenes", "88")];
pub(super) const IMAGENET: &[Published] = &[
    figure("L3, ImageNet, linear (random weights)", "32.3 (12.9)"),
    figure("Doersch / Zhang / Noroozi, ImageNet, linear", "31.7 / 32.6 / 34.7"),
];
pub(super) const NMI: &[Published] = &[
    figure("L3, vision NMI, Kinetics-Sounds' 34 classes (random weights)", ".409 (.204)"),
    figure("L3, audio NMI, likewise", ".330 (.219)"),
];
pub(super) const UNITS: &[Published] =
    &[figure("L3, units that prefer one class: vision, audio (random weights)", "10, 11 (1, 1)")];
pub(super) const LOCALIZE: &[Published] =
    &[figure("AVOL, heatmap's peak on the source (centre of the picture)", "81.7 (57.2)")];
