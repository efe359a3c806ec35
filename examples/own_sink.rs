//! A sink of one's own: it takes every decision of the pipeline, with picture, sound and map. Here it tells how long each state
//! lasted. `cargo run --no-default-features --features capture --example own_sink`
//!
//! The source is the virtual studio; `capture::live` opens cameras and microphones, `capture::open_recorded` files.

use std::path::Path;

use lookhear::State;
use lookhear::capture::open_studio;
use lookhear::engine::Setup;
use lookhear::judge::Judge;
use lookhear::model::Bundle;
use lookhear::pipeline::{self, Controls, DecisionContext, PipelineSettings, Sink, SinkError};
use lookhear::studio::{Play, STAMPS, cast};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The state at hand, and since when (seconds).
#[derive(Default)]
struct Lasted(Option<(State, f64)>);

impl Sink for Lasted {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let event = context.event;
        match self.0 {
            Some((state, _)) if state == event.state => {}
            before => {
                if let Some((state, since)) = before {
                    println!("{:4.1} s: {}", event.t - since, state.sentence());
                }
                self.0 = Some((event.state, event.t));
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut judge = Judge::open(Bundle::built_in()?, Setup::default())?;
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let play = Play::new(&cast(Path::new(STAMPS), &mut chance), 2, (640, 360), &mut chance);
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Lasted::default())];
    let (source, settings, controls) = (open_studio(play), PipelineSettings::default(), Controls::default());
    let summary = pipeline::run(source, &mut judge, &mut sinks, settings, &controls)?;
    println!("{} decisions", summary.events);
    Ok(())
}
