//! Which settings count in a run, for the page of the station.

use lookhear::diagnostics;
use lookhear::model::Thresholds;
use lookhear::profile::{Decisions, Lines, Names, Profile};
use lookhear::publish::{Setting, Station};

/// The settings of a run, and where they are shown.
pub(super) struct Counting {
    station: Station,
    /// As they count since the start: those of the file, unless the command line says otherwise.
    run: Profile,
    /// As the file said them at the start.
    start: Profile,
    /// The model's own thresholds.
    thresholds: Thresholds,
}

impl Counting {
    /// Shows what counts from the start on, of a file that says `start` at these lines.
    pub(super) fn new(
        station: Station,
        run: Profile,
        (start, lines): (&Profile, &Lines),
        thresholds: Thresholds,
    ) -> Self {
        station.tail(diagnostics::latest);
        let counting = Self { station, run, start: start.clone(), thresholds };
        counting.station.show(counting.settings(&counting.run, start, lines));
        counting
    }

    /// Shows what counts since the file was read again; `names`: the gallery that counts now.
    pub(super) fn read_again(&self, now: &Profile, lines: &Lines, names: &Names) {
        let mut counts = Profile { publish: now.publish.clone(), gallery: names.clone(), ..self.run.clone() };
        counts.decisions = taken_over(&counts.decisions, &now.decisions);
        for (name, source) in &mut counts.sources {
            let Some(now) = now.sources.get(name) else { continue };
            source.gallery = now.gallery.clone();
            source.decisions = match (&source.decisions, &now.decisions) {
                (Some(run), Some(now)) => Some(taken_over(run, now)),
                _ => now.decisions.clone(),
            };
        }
        self.station.show(self.settings(&counts, now, lines));
    }

    fn settings(&self, counts: &Profile, now: &Profile, lines: &Lines) -> Vec<Setting> {
        let [counts, start, now] = [counts, &self.start, now].map(|profile| self.with_thresholds(profile));
        Profile::listing(&counts, &start, &now, lines)
    }

    /// With the model's thresholds in the place of those that are left out.
    fn with_thresholds(&self, profile: &Profile) -> Profile {
        let Thresholds { on, off, hold, silence, .. } = self.thresholds;
        let mut whole = profile.clone();
        let own = whole.sources.values_mut().filter_map(|source| source.decisions.as_mut());
        for decisions in own.chain([&mut whole.decisions]) {
            for (given, model) in [
                (&mut decisions.on, on),
                (&mut decisions.off, off),
                (&mut decisions.hold, hold),
                (&mut decisions.silence_db, silence),
            ] {
                // As the model's file has it, without the digits that a shorter number lacks.
                given.get_or_insert((f64::from(model) * 1e6).round() / 1e6);
            }
        }
        whole
    }
}

/// Of a run's timing what it began with, the rest as it is now.
fn taken_over(run: &Decisions, now: &Decisions) -> Decisions {
    Decisions { hop: run.hop, swap: run.swap, sleep: run.sleep, noise_gate: run.noise_gate, ..now.clone() }
}
