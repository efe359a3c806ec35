//! The presets, for arguments.

use clap::builder::{PossibleValue, PossibleValuesParser};
use lookhear::model::PRESETS;

/// One of the presets' names; `--help` says what each is.
pub(super) fn preset() -> PossibleValuesParser {
    PossibleValuesParser::new(PRESETS.map(|preset| PossibleValue::new(preset.name).help(preset.about)))
}
