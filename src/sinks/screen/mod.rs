//! The live screen in a terminal: picture, score, sound, devices, and keys.

mod clip;
mod graphics;
#[cfg(test)]
mod tests;
mod view;
mod widgets;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use image::RgbImage;
use ratatui::backend::Backend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::{DefaultTerminal, Terminal};

use crate::diagnostics::{self, Hold};
use crate::output::Output;
use crate::pipeline::{Controls, DecisionContext, Sink, SinkError};
use crate::sinks::{annotate, keys, save};
use clip::Clip;
use graphics::Graphics;
use view::{Status, draw};

/// How long a message stays.
const MESSAGE: Duration = Duration::from_secs(4);
/// Over how many seconds the frame rate is counted.
const RATE: f64 = 2.0;

/// The state of the screen: key toggles, messages, and figures of the latest decisions.
#[derive(Default)]
struct Desk {
    paused: bool,
    mirrored: bool,
    message: Option<(Instant, String)>,
    /// The last self-check: the score then, the score with the other sound.
    checked: Option<(f32, f32)>,
    /// What is wrong with the outputs.
    faults: Option<String>,
    /// Times and counts of frames.
    counted: Vec<(f64, u64)>,
}

/// Shows the live pipeline in the terminal until it is asked to stop.
pub struct Screen {
    terminal: DefaultTerminal,
    graphics: Graphics,
    desk: Desk,
    clip: Clip,
    controls: Arc<Controls>,
    folder: PathBuf,
    /// When to draw next: a slow terminal gets more time, so that it does not delay decisions.
    next: Instant,
    /// A key changed what is shown, also while it is paused.
    changed: bool,
    /// What is logged meanwhile comes when the terminal is given back.
    _hold: Hold,
}

impl Screen {
    /// Takes the terminal over; it is given back when this is dropped, also by a panic.
    /// Snapshots and clips go to `folder`. With `blocks`, the picture is shown in half blocks even where
    /// the terminal can do better.
    ///
    /// # Errors
    /// The terminal cannot be used.
    pub fn new(controls: Arc<Controls>, folder: PathBuf, blocks: bool) -> Result<Self, SinkError> {
        let terminal = ratatui::try_init().map_err(terminal_error)?;
        let graphics = if blocks { Graphics::default() } else { Graphics::of_terminal() };
        Ok(Self {
            terminal,
            graphics,
            desk: Desk::default(),
            clip: Clip::default(),
            controls,
            folder,
            next: Instant::now(),
            changed: false,
            _hold: diagnostics::hold(),
        })
    }

    fn keys(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        if keys::is_closed() {
            self.controls.stop.store(true, Ordering::Relaxed);
            return Ok(());
        }
        for key in keys::pressed().map_err(terminal_error)? {
            if !keys::ends(key, &self.controls) {
                self.key(key, context);
            }
            self.changed = true;
        }
        Ok(())
    }

    fn key(&mut self, key: KeyEvent, context: &DecisionContext) {
        match key.code {
            KeyCode::Char('p' | ' ') => self.desk.paused = !self.desk.paused,
            KeyCode::Char('m') => self.desk.mirrored = !self.desk.mirrored,
            KeyCode::Char('a') => {
                self.controls.swap.store(true, Ordering::Relaxed);
                self.desk.say("Swapping the sound for an earlier one".into());
            }
            KeyCode::Char('s') => {
                let said = self.output("png").and_then(|output| {
                    let said = format!("Saved {}", output.name().display());
                    save(&annotate(context, context.picture), output).map(|()| said)
                });
                self.desk.say(said.unwrap_or_else(|error| error.to_string()));
            }
            KeyCode::Char('c') => {
                let said = self.output("mp4").map(|output| self.clip.save(output));
                self.desk.say(said.unwrap_or_else(|error| error.to_string()));
            }
            _ => {}
        }
    }

    /// An output file named by the time, with a number if there are several in a second.
    fn output(&self, ending: &str) -> Result<Output, SinkError> {
        Ok(Output::free(&self.folder, format!("lookhear-{}", now()), ending)?)
    }
}

/// Seconds since 1970, for names of files.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn terminal_error(source: io::Error) -> SinkError {
    SinkError::Io { output: "the terminal".into(), source }
}

impl Desk {
    fn say(&mut self, message: String) {
        self.message = Some((Instant::now(), message));
    }

    fn update(&mut self, context: &DecisionContext) {
        if let Some(swapped) = context.swapped {
            self.checked = Some((context.event.score, swapped.score));
        }
        self.message.take_if(|(since, _)| since.elapsed() > MESSAGE);
        if let Some(health) = context.health {
            self.counted.push((context.event.t, health.frames));
            self.counted.retain(|(t, _)| context.event.t - t <= RATE);
        }
    }

    fn frame_rate(&self) -> f64 {
        match (self.counted.first(), self.counted.last()) {
            (Some((from, before)), Some((to, after))) if to > from => (after - before) as f64 / (to - from),
            _ => 0.0,
        }
    }

    fn status(&self) -> Status<'_> {
        Status {
            paused: self.paused,
            mirrored: self.mirrored,
            message: self.message.as_ref().map(|(_, message)| message.as_str()),
            checked: self.checked,
            frame_rate: self.frame_rate(),
            faults: self.faults.as_deref(),
        }
    }
}

/// Draws a decision on any terminal.
fn show<B: Backend>(
    terminal: &mut Terminal<B>,
    graphics: &mut Graphics,
    context: &DecisionContext,
    desk: &Desk,
) -> Result<(), B::Error> {
    let mirrored: Option<RgbImage> = desk.mirrored.then(|| image::imageops::flip_horizontal(context.picture));
    let picture = mirrored.as_ref().unwrap_or(context.picture);
    terminal.draw(|frame| draw(frame, graphics, context, picture, &desk.status())).map(drop)
}

impl Sink for Screen {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        self.desk.update(context);
        self.desk.faults = self.controls.faults.get();
        self.clip.take(context);
        if let Some(outcome) = self.clip.outcome() {
            self.desk.say(outcome);
        }
        self.keys(context)?;
        if self.controls.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let begin = Instant::now();
        if self.changed || (!self.desk.paused && begin >= self.next) {
            show(&mut self.terminal, &mut self.graphics, context, &self.desk).map_err(terminal_error)?;
            self.next = Instant::now() + begin.elapsed();
            self.changed = false;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
