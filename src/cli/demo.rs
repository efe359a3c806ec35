//! `lookhear demo`: the virtual studio through the real pipeline.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use lookhear::capture::open_studio;
use lookhear::event::State;
use lookhear::media;
use lookhear::output::{Output, OutputError};
use lookhear::pipeline::{self, DecisionContext, PipelineSettings, Sink, SinkError};
use lookhear::sinks::{Json, Lines, Terminal, Video};
use lookhear::studio::{self, Cue, Play};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::rc::Rc;

use super::arguments::{ModelArguments, existing};
use super::ending::{Failure, Unfinished, answers, controls};

/// Title by which a demo's video is recognized.
const TITLE: &str = "LookHear demo";

#[derive(Args)]
pub(super) struct Demo {
    /// Scenes to play, 8 seconds each.
    #[arg(long, default_value_t = 3)]
    scenes: usize,
    /// Decides which objects appear, and where.
    #[arg(long, default_value_t = 5)]
    seed: u64,
    /// Where the annotated video goes; without it, to demo.mp4, in place of that of an earlier demo.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Let it replace a file that is there already.
    #[arg(long)]
    force: bool,
    /// Show nothing in the terminal but the summary.
    #[arg(long)]
    headless: bool,
    /// One JSON line per decision.
    #[arg(long, conflicts_with = "headless")]
    json: bool,
    /// Folder of photos and sounds as Debian's tuxpaint-stamps-default has them.
    #[arg(long, default_value = studio::STAMPS, value_name = "FOLDER")]
    stamps: PathBuf,
    #[command(flatten)]
    model: ModelArguments,
}

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        if !(1..=100).contains(&self.scenes) {
            return Err(format!("--scenes {}: give 1 to 100", self.scenes).into());
        }
        let output = self.output()?;
        let save = output.name().to_path_buf();
        let controls = controls()?;
        let mut judge = self.model.load()?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let cast = studio::cast(&self.stamps, &mut rng);
        if !self.stamps.is_dir() {
            log::warn!(
                "no real photos are installed: playing drawn objects with synthesized sounds, which the model was \
                 never taught. Better: apt install tuxpaint-stamps-default"
            );
        }
        let play = Play::new(&cast, self.scenes, (640, 400), &mut rng);
        let tally = Rc::new(RefCell::new(Tally::default()));
        let mut sinks: Vec<Box<dyn Sink>> = vec![
            Box::new(Video::new(output).titled(TITLE)),
            Box::new(Referee { cues: play.cues(), tally: tally.clone() }),
        ];
        let out = answers(&controls, false);
        if self.json {
            sinks.push(Box::new(Json(out)));
        } else if io::stdout().is_terminal() && !self.headless {
            sinks.push(Box::new(Terminal::new(controls.clone())));
        } else if !self.headless {
            sinks.push(Box::new(Lines(out)));
        }
        pipeline::run(open_studio(play), &mut judge, &mut sinks, PipelineSettings::default(), &controls)?;
        drop(sinks); // Gives the terminal back.
        tally.borrow().tell(&save);
        match controls.interrupted.load(Ordering::Relaxed) {
            true => Err(Unfinished::Interrupted(String::new()).into()),
            false => Ok(()),
        }
    }

    /// A file of its own making is made anew; anything else that has the name stays, and another name is taken.
    fn output(&self) -> Result<Output, OutputError> {
        if let Some(save) = &self.save {
            return Output::new(save, existing(self.force));
        }
        let usual = Path::new("demo.mp4");
        let ours = self.force || media::title(usual).as_deref() == Some(TITLE);
        match Output::new(usual, existing(ours)) {
            Err(OutputError::Exists { .. } | OutputError::Special { .. } | OutputError::Busy { .. }) => {
                let output = Output::free(Path::new("."), "demo", "mp4")?;
                eprintln!("demo.mp4 is no demo's: the video goes to {}", output.name().display());
                Ok(output)
            }
            outcome => outcome,
        }
    }
}

/// How often the truth of the studio and the answer agree.
#[derive(Default)]
struct Tally {
    sounding: usize,
    on_object: usize,
    on_other: usize,
    matched: usize,
    quiet: usize,
    quiet_matched: usize,
}

impl Tally {
    fn tell(&self, save: &Path) {
        let Self { sounding, on_object, on_other, matched, quiet, quiet_matched } = *self;
        eprintln!("While an object sounded ({sounding} decisions): a match in {matched}, the peak on the");
        eprintln!("sounding object in {on_object}, on the silent one in {on_other}.");
        eprintln!("While it was quiet ({quiet} decisions): a match in {quiet_matched}.");
        eprintln!("The annotated video is {}.", save.display());
    }
}

/// Compares decisions with the cues.
struct Referee {
    cues: Vec<Cue>,
    tally: Rc<RefCell<Tally>>,
}

impl Sink for Referee {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let event = context.event;
        // The judged second must lie within one turn, or within one pause.
        let (begin, end) = (event.t - 1.0, event.t);
        let on = |b: &[f32; 4]| {
            let [x, y] = event.peak;
            (b[0]..=b[2]).contains(&x) && (b[1]..=b[3]).contains(&y)
        };
        let mut tally = self.tally.borrow_mut();
        let matched = usize::from(event.state == State::Match);
        if let Some(cue) = self.cues.iter().find(|cue| cue.from <= begin && end <= cue.to) {
            tally.sounding += 1;
            tally.matched += matched;
            tally.on_object += usize::from(on(&cue.sounding));
            tally.on_other += usize::from(on(&cue.other));
        } else if begin >= 0.0 && self.cues.iter().all(|cue| end <= cue.from || begin >= cue.to) {
            tally.quiet += 1;
            tally.quiet_matched += matched;
        }
        Ok(())
    }
}
