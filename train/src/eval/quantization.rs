//! What rounding costs: the same cases by the integer engine and in floating point.

use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::model::Bundle;

use super::{Figure, Scored, Setting, composed, localize, photo_and_sound};
use crate::Error;
use crate::corpus::Corpus;

/// Every figure of AVC and localization, first in floating point, then rounded. The name of the rounded
/// one says how many points it lies below the other.
///
/// # Errors
/// A file of the corpus cannot be read, or the bundle does not run.
pub fn quantization(bundle: &Bundle, corpus: &Corpus, n: usize, seed: u64) -> Result<Vec<Figure>, Error> {
    let even = bundle.manifest.thresholds.even;
    let of = |backend: Backend| -> Result<Vec<Figure>, Error> {
        let mut judge = Judge::new(bundle, backend)?;
        let mut setting = Setting { judge: &mut judge, corpus, n, seed };
        let mut figures = named("composed", Scored::figures(&composed(&mut setting)?, even));
        figures.extend(named("photo", Scored::figures(&photo_and_sound(&mut setting)?, even)));
        let localized = localize(&mut setting)?.figures.into_iter().filter(|f| !f.name.contains("baseline"));
        figures.extend(named("localize", localized.collect()));
        Ok(figures)
    };
    let (float, int) = (of(Backend::Flex)?, of(Backend::Int)?);
    let both = float.into_iter().zip(int).flat_map(|(float, mut int)| {
        int.name = format!("  rounded: {:+.2} points", int.percent - float.percent);
        [float, int]
    });
    Ok(both.collect())
}

fn named(experiment: &str, mut figures: Vec<Figure>) -> Vec<Figure> {
    figures.iter_mut().for_each(|f| f.name = format!("{experiment}: {}", f.name));
    figures
}
