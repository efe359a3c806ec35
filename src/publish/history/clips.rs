//! Videos of episodes, encoded in a thread of their own while they happen.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use super::super::output_status::OutputStatus;
use super::super::queue::Worker;
use super::super::settings;
use super::keeper::Job;
use super::ring::{Piece, Ring};
use crate::history::{Episode, Files};
use crate::media::{Encoder, MediaError, Quality};
use crate::output::{Existing, Output};
use crate::pipeline::DecisionContext;

/// Pieces that may wait for the encoder: five seconds.
const WAITING: usize = 64;

/// A step of making a clip.
enum Step {
    Begin {
        id: String,
        place: PathBuf,
        name: String,
    },
    Go(Piece),
    /// It is complete.
    End,
}

/// The pipeline's side: at most one clip is made at a time, since episodes follow each other.
pub(super) struct Clips {
    ring: Ring,
    before: f64,
    after: f64,
    longest: f64,
    files: Files,
    /// `None` once no more clips will come.
    steps: Option<SyncSender<Step>>,
    worker: Worker,
    output_status: OutputStatus,
    current: Option<Current>,
}

/// The clip that is made.
struct Current {
    /// Seconds at which it began.
    begun: f64,
    /// Seconds until which it goes on, once its episode is over.
    until: Option<f64>,
}

impl Clips {
    /// Starts the encoder's thread.
    ///
    /// # Errors
    /// The system gives none.
    pub(super) fn start(
        settings: &settings::History,
        files: Files,
        jobs: SyncSender<Job>,
        output_status: OutputStatus,
    ) -> std::io::Result<Self> {
        let (steps, taken) = sync_channel(WAITING);
        let told = output_status.clone();
        let worker = Worker::start("clips", move || make(&taken, &jobs, &told))?;
        let settings::History { before, after, longest, least, .. } = *settings;
        // An episode is told when it has lasted a while; a decision may come late.
        let ring = Ring::new(before + least + 1.0);
        Ok(Self {
            ring,
            before,
            after,
            longest,
            files,
            steps: Some(steps),
            worker,
            output_status,
            current: None,
        })
    }

    /// Takes the picture and the sound of a decision.
    pub(super) fn hear_and_see(&mut self, context: &DecisionContext) {
        let piece = self.ring.push(context.frames, context.sound);
        let Some(Current { begun, until }) = self.current else { return };
        self.step(Step::Go(piece));
        let t = context.event.t;
        if until.is_some_and(|until| t >= until) || t - begun >= self.longest {
            self.finish();
        }
    }

    /// Begins the clip of an episode, with what came before it. The tail of the one before ends with it.
    pub(super) fn begin(&mut self, episode: &Episode) {
        self.finish();
        let (place, name) = match self.files.place("clips", episode, "mp4") {
            Ok(found) => found,
            Err(error) => return self.output_status.tell(Some(format!("clips are not kept: {error}"))),
        };
        let begun = (episode.t_start - self.before).max(0.0);
        self.current = Some(Current { begun, until: None });
        self.step(Step::Begin { id: episode.id.clone(), place, name });
        let piece = self.ring.since(begun);
        self.step(Step::Go(piece));
    }

    /// The episode is over since `t` (seconds).
    pub(super) fn end(&mut self, t: f64) {
        let after = self.after;
        if let Some(current) = &mut self.current {
            current.until = Some(t + after);
        }
    }

    fn finish(&mut self) {
        if self.current.take().is_some() {
            self.step(Step::End);
        }
    }

    /// Hands a step to the encoder. If it is behind, the clip is given up: the pipeline never waits.
    fn step(&mut self, step: Step) {
        let Some(steps) = &self.steps else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = steps.try_send(step) {
            self.current = None;
            self.output_status.lose(1);
            self.output_status.tell(Some("a clip was given up: encoding is slower than what happens".into()));
        }
    }

    /// No more will come; the clip at hand is completed.
    pub(super) fn close(&mut self) {
        self.finish();
        self.steps = None;
    }

    /// After [`close`](Self::close): gives the encoder until `end`.
    pub(super) fn wait(&self, end: Instant) -> bool {
        self.worker.wait(end)
    }
}

/// A clip that is being written.
struct Writing {
    id: String,
    name: String,
    output: Option<Output>,
    encoder: Option<Encoder>,
}

impl Writing {
    fn add(&mut self, piece: &Piece) -> Result<(), MediaError> {
        if let (Some(first), true) = (piece.frames.first(), self.encoder.is_none())
            && let Some(output) = self.output.take()
        {
            // Even sides are what the usual colours of videos want.
            let (width, height) = first.dimensions();
            self.encoder =
                Some(Encoder::start(output, ((width & !1).max(2), (height & !1).max(2)), Quality::Shown)?);
        }
        let Some(encoder) = &mut self.encoder else { return Ok(()) };
        encoder.add(piece.frames.iter().map(|frame| &**frame), &piece.sound)
    }
}

/// Encodes until no more steps come. A clip that is not ended before the next begins was given up, and leaves nothing.
fn make(steps: &Receiver<Step>, jobs: &SyncSender<Job>, output_status: &OutputStatus) {
    let failed = |error: &dyn std::fmt::Display| {
        output_status.lose(1);
        output_status.tell(Some(format!("clips are not kept: {error}")));
    };
    let mut writing: Option<Writing> = None;
    for step in steps {
        match step {
            Step::Begin { id, place, name } => {
                let output = Output::new(&place, Existing::Replace).inspect_err(|error| failed(error)).ok();
                writing = output.map(|output| Writing { id, name, output: Some(output), encoder: None });
            }
            Step::Go(piece) => {
                let Some(clip) = &mut writing else { continue };
                if let Err(error) = clip.add(&piece) {
                    failed(&error);
                    writing = None;
                }
            }
            Step::End => {
                let Some(Writing { id, name, encoder: Some(encoder), .. }) = writing.take() else { continue };
                match encoder.finish() {
                    // The keeper ends after this thread, so there is somebody to be told.
                    Ok(()) => drop(jobs.send(Job::Clip { id, name })),
                    Err(error) => failed(&error),
                }
            }
        }
    }
}
