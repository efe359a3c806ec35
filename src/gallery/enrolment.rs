//! Collecting examples: what is kept of the moments of a run, and whether it is enough.

use thiserror::Error;

use super::entry::{Example, Recording, thin};
use super::signature::Signature;
use crate::event::{Event, State};
use crate::preprocess::level;

/// Good moments that make a name: two seconds at the default hop. Somebody who stands before the camera can go on until
/// there are so many.
pub const FEWEST: usize = 25;
/// Good moments that make a name from a recording. So few are less reliable, but a recording cannot be continued.
pub const FEWEST_RECORDED: usize = 5;
/// Most examples of a recording, and most moments of quiet.
const MOST: usize = 48;

/// Watches a run, and keeps the moments whose sound fits the picture.
///
/// The threshold is lower than that of a match: whoever enrolls a thing knows that it is in view, so a score at which
/// yes and no are equally likely suffices.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// AVC score from which a moment is good.
    even: f32,
    /// Good moments that are needed.
    fewest: usize,
    moments: usize,
    audible: usize,
    /// Level of the loudest second, in decibels relative to full scale.
    loudest: f32,
    recording: Recording,
}

impl Enrolment {
    /// Starts with no moments. `even` is the model's ([`crate::model::Thresholds::even`]).
    pub fn new(even: f32) -> Self {
        let recording = Recording { examples: Vec::new(), quiet: Vec::new() };
        Self { even, fewest: FEWEST, moments: 0, audible: 0, loudest: level(&[]), recording }
    }

    /// For a recording, which needs only [`FEWEST_RECORDED`] good moments.
    pub fn of_recording(even: f32) -> Self {
        Self { fewest: FEWEST_RECORDED, ..Self::new(even) }
    }

    /// Takes the next moment: what was decided, what it sounded and looked like, and its second of sound.
    pub fn take(&mut self, event: &Event, signature: &Signature, second: &[f32]) {
        self.moments += 1;
        self.loudest = self.loudest.max(level(second));
        let signature = signature.clone();
        if event.state == State::Silent {
            self.recording.quiet.push(signature);
            return;
        }
        self.audible += 1;
        if event.score >= self.even {
            self.recording.examples.push(Example { t: event.t, signature });
        }
    }

    /// Number of moments so far.
    pub fn moments(&self) -> usize {
        self.moments
    }

    /// Number of moments with sound that fitted the picture.
    pub fn good(&self) -> usize {
        self.recording.examples.len()
    }

    /// What was recorded, thinned out evenly: successive moments are much alike.
    ///
    /// # Errors
    /// [`EnrolmentError`]: there is too little of it.
    pub fn finish(mut self) -> Result<Recording, EnrolmentError> {
        let Self { moments, audible, loudest, fewest, .. } = self;
        let good = self.good();
        if good < fewest {
            return Err(match (audible < fewest, fewest == FEWEST_RECORDED) {
                (true, false) => EnrolmentError::Quiet { audible, moments, loudest },
                (false, false) => EnrolmentError::NoMatch { good, audible, moments },
                (true, true) => EnrolmentError::QuietRecording { audible, moments, loudest },
                (false, true) => EnrolmentError::NoMatchRecorded { good, audible, moments },
            });
        }
        thin(&mut self.recording.examples, MOST);
        thin(&mut self.recording.quiet, MOST);
        Ok(self.recording)
    }
}

/// Why an enrolment failed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EnrolmentError {
    /// Hardly any sound.
    #[error(
        "only {audible} of {moments} moments had sound, {FEWEST} are needed (the loudest second had {loudest:.0} dB): let \
         the thing sound longer, bring the microphone nearer, or look for what is wrong with it by `lookhear doctor`"
    )]
    Quiet {
        /// Moments with sound.
        audible: usize,
        /// All moments.
        moments: usize,
        /// Level of the loudest second, in decibels relative to full scale.
        loudest: f32,
    },
    /// Sound, but nothing that fits it.
    #[error(
        "{audible} of {moments} moments had sound, but in only {good} of them it fitted the picture, {FEWEST} are needed: \
         bring the thing nearer to the camera, in good light, and let nothing else sound; `lookhear live` shows what is \
         seen and heard. What the model was never taught may not be matched at all"
    )]
    NoMatch {
        /// Moments with sound that fitted the picture.
        good: usize,
        /// Moments with sound.
        audible: usize,
        /// All moments.
        moments: usize,
    },
    /// As [`EnrolmentError::Quiet`], of a file.
    #[error(
        "only {audible} of {moments} moments had sound, {FEWEST_RECORDED} are needed (the loudest second had {loudest:.0} dB): \
         take a file in which the thing sounds for longer, recorded with the microphone nearer to it"
    )]
    QuietRecording {
        /// Moments with sound.
        audible: usize,
        /// All moments.
        moments: usize,
        /// Level of the loudest second, in decibels relative to full scale.
        loudest: f32,
    },
    /// As [`EnrolmentError::NoMatch`], of a file.
    #[error(
        "{audible} of {moments} moments had sound, but in only {good} of them it fitted the picture, {FEWEST_RECORDED} are \
         needed: take a file in which the thing is nearer to the camera, in good light, and nothing else sounds; `lookhear \
         watch` tells of each moment how well picture and sound fit. What the model was never taught may not be matched at all"
    )]
    NoMatchRecorded {
        /// Moments with sound that fitted the picture.
        good: usize,
        /// Moments with sound.
        audible: usize,
        /// All moments.
        moments: usize,
    },
}
