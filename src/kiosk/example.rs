//! What plays while nobody is there: the virtual studio, judged by the same network through the same pipeline.
//!
//! The answers are the network's own, mistakes included. The sound is not played aloud, so that the microphone of the
//! live pipeline does not pick it up.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::error::{Fault, KioskError};
use super::snapshot::{Slot, ToScreen};
use super::worker::Worker;
use crate::capture::open_studio;
use crate::judge::Judge;
use crate::pipeline::{self, Controls, DecisionContext, PipelineSettings, Sink, SinkError};
use crate::studio::{self, Play};

/// Loads the network on the thread that will use it.
pub type LoadJudge = Box<dyn FnOnce() -> Result<Judge, Fault> + Send>;

/// Acts of a play, 8 seconds each; after it another one is cast.
const ACTS: usize = 4;
/// Pixels of its pictures.
const SIZE: (u32, u32) = (960, 600);
/// Seconds between decisions. The pictures stand still and the marks glide, so twice the usual hop will do: the
/// live pipeline needs the processor as well.
const HOP: f64 = 0.16;
/// If a play falls further behind the clock than this, it continues from where it is instead of catching up.
const LATE: Duration = Duration::from_secs(1);
/// A run ends after the decision at hand, which may wait for the processor.
const PATIENCE: Duration = Duration::from_secs(5);

/// The studio behind its thread. Nothing is loaded before it is to play for the first time.
pub(super) struct Example {
    stage: Arc<Stage>,
    worker: Worker<()>,
}

/// Requests to the thread.
struct Stage {
    wish: Mutex<Wish>,
    changed: Condvar,
    controls: Controls,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Pause,
    Play,
    End,
}

impl Example {
    /// Starts the thread, which waits.
    pub(super) fn start(load: LoadJudge, slot: Arc<Slot>) -> Result<Self, KioskError> {
        let stage = Arc::new(Stage {
            wish: Mutex::new(Wish::Pause),
            changed: Condvar::new(),
            controls: Controls::default(),
        });
        let performed = stage.clone();
        let worker = Worker::start("the example", move || perform(&performed, load, &slot))?;
        Ok(Self { stage, worker })
    }

    /// Begins a play.
    pub(super) fn play(&self) {
        self.stage.ask(Wish::Play);
    }

    /// Ends it after the decision at hand.
    pub(super) fn pause(&self) {
        self.stage.ask(Wish::Pause);
    }

    /// Fails if the thread has ended, which happens only by a bug.
    pub(super) fn check(&mut self) -> Result<(), KioskError> {
        self.worker.ended().unwrap_or(Ok(()))
    }

    /// Ends the thread.
    pub(super) fn finish(mut self) -> Result<(), KioskError> {
        self.stage.ask(Wish::End);
        self.worker.wait(PATIENCE).unwrap_or(Ok(()))
    }
}

impl Stage {
    fn ask(&self, wish: Wish) {
        let mut current = self.wish.lock();
        *current = wish;
        // Set with the lock held: the wish and what the pipeline sees of it never disagree.
        self.controls.stop.store(wish != Wish::Play, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Waits until there is something to play; `false`: never again.
    fn wait(&self) -> bool {
        let mut wish = self.wish.lock();
        self.changed.wait_while(&mut wish, |wish| *wish == Wish::Pause);
        *wish == Wish::Play
    }
}

/// Plays whenever it is asked to.
fn perform(stage: &Arc<Stage>, load: LoadJudge, slot: &Arc<Slot>) -> Result<(), Fault> {
    if !stage.wait() {
        return Ok(()); // It was never needed.
    }
    let mut judge = load()?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let cast = studio::favourites(Path::new(studio::STAMPS), &mut rng);
    while stage.wait() {
        let source = open_studio(Play::new(&cast, ACTS, SIZE, &mut rng));
        let paced = Paced { screen: ToScreen::new(slot.clone()), begun: None, stage: stage.clone() };
        let settings = PipelineSettings { hop: HOP, ..PipelineSettings::default() };
        pipeline::run(source, &mut judge, &mut [Box::new(paced)], settings, &stage.controls)?;
    }
    Ok(())
}

/// Plays a recorded source in real time.
struct Paced {
    screen: ToScreen,
    /// The moment of `t` = 0.
    begun: Option<Instant>,
    stage: Arc<Stage>,
}

impl Sink for Paced {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let t = Duration::from_secs_f64(context.event.t.max(0.0));
        let now = Instant::now();
        let due = *self.begun.get_or_insert(now) + t;
        if now > due + LATE {
            self.begun = self.begun.map(|begun| begun + (now - due));
        }
        thread::sleep(due.saturating_duration_since(now));
        if self.stage.controls.stop.load(Ordering::Relaxed) {
            return Ok(()); // The page has changed meanwhile.
        }
        self.screen.take(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::model::Bundle;

    /// However slow the machine is.
    fn wait_until(mut what: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !what() {
            assert!(begun.elapsed() < Duration::from_secs(120), "it does not come");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn it_plays_when_asked_rests_when_not_and_plays_again() {
        let load: LoadJudge = Box::new(|| {
            let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors"))?;
            Ok(Judge::new(&bundle, Setup { threads: Some(1), ..Setup::default() })?)
        });
        let slot = Arc::<Slot>::default();
        let mut example = Example::start(load, slot.clone()).unwrap();
        assert_eq!(slot.decisions(), 0, "it waits");
        for _ in 0..2 {
            let before = slot.decisions();
            example.play();
            wait_until(|| slot.decisions() >= before + 3);
            example.pause();
            example.check().unwrap();
        }
        assert_eq!(slot.take().newest.unwrap().frames[0].picture.dimensions(), SIZE);
        example.finish().unwrap();
        assert!(Arc::strong_count(&slot) == 1, "nothing is left of it");
    }

    #[test]
    fn a_network_that_cannot_be_loaded_is_told() {
        let mut example = Example::start(Box::new(|| Err("no such model".into())), Arc::default()).unwrap();
        example.check().unwrap();
        example.play();
        let mut told = None;
        wait_until(|| {
            told = example.check().err();
            told.is_some()
        });
        assert_eq!(told.unwrap().to_string(), "the example: no such model");
    }
}
