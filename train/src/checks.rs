//! Checks of a recipe's numbers, each key with what would be right.

use std::fmt::Display;

use crate::ConfigError;

type Checked = Result<(), ConfigError>;

/// Fails for the first that is not as expected.
fn all<T: Display>(
    values: impl IntoIterator<Item = (&'static str, T)>,
    is_right: impl Fn(&T) -> bool,
    expected: &'static str,
) -> Checked {
    let wrong = values.into_iter().find(|(_, value)| !is_right(value));
    wrong.map_or(Ok(()), |(key, value)| Err(ConfigError::value(key, value, expected)))
}

/// Numbers of steps.
pub(crate) fn at_least_one<const N: usize>(values: [(&'static str, u64); N]) -> Checked {
    all(values, |value| *value > 0, "at least 1")
}

/// Shares, 0 to 1.
pub(crate) fn shares<const N: usize>(values: [(&'static str, f64); N]) -> Checked {
    all(values, |value| (0.0..=1.0).contains(value), "a share between 0 and 1")
}

/// Rates and norms.
pub(crate) fn positive<const N: usize>(values: [(&'static str, f64); N]) -> Checked {
    all(values, |value| *value > 0.0 && value.is_finite(), "a number above 0")
}

/// Weights of parts of a loss.
pub(crate) fn not_negative<const N: usize>(values: [(&'static str, f64); N]) -> Checked {
    all(values, |value| *value >= 0.0 && value.is_finite(), "a number of at least 0")
}

/// The running mean's decay.
pub(crate) fn below_one(average: f64) -> Checked {
    all([("average", average)], |value| *value < 1.0, "the mean would never move; below 1, such as 0.999")
}
