//! The kiosk without its window: background threads, the current page, and drawing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::error::{Fault, KioskError};
use super::example::{Example, LoadJudge};
use super::feed::{Feed, Look};
use super::pages::Pages;
use super::report::{Report, Tally};
use super::screen::{Language, Page, Screen};
use super::settings::Settings;
use super::snapshot::{Slot, ToScreen};
use super::worker::Worker;
use crate::capture::monitor::Device;
use crate::pipeline::{Controls, Summary};
use crate::watchdog::{Watchdog, systemd};

/// Runs the live pipeline to its end, with the sink that it is given among its sinks, on a thread of its own.
pub type Live = Box<dyn FnOnce(ToScreen, &Arc<Controls>) -> Result<Summary, Fault> + Send>;

/// Seconds between two lines for `systemctl status`.
const STATUS: f64 = 10.0;
/// How long the live pipeline may take to end and complete its outputs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The parts of a kiosk.
pub struct Parts {
    /// The live pipeline.
    pub live: Live,
    /// The network for the example.
    pub judge: LoadJudge,
    /// What stops the kiosk and the live pipeline.
    pub controls: Arc<Controls>,
    /// Whether picture and sound are recorded, which visitors are told.
    pub recording: bool,
}

/// Everything behind the window.
pub(super) struct App {
    settings: Settings,
    language: Language,
    screen: Option<Screen>,
    controls: Arc<Controls>,
    recording: bool,
    /// Seconds are counted from here.
    begun: Instant,
    pages: Pages,
    page: Page,
    slot: Arc<Slot>,
    live: Feed,
    example: Feed,
    studio: Option<Example>,
    pipeline: Worker<Summary>,
    /// What the live pipeline did, once it has ended.
    summary: Option<Summary>,
    watchdog: Watchdog,
    /// Completed rounds of the window's loop, for the watchdog: they go on while the window is hidden.
    rounds: u64,
    tally: Tally,
}

impl App {
    /// Starts what runs behind the screen.
    ///
    /// # Errors
    /// A setting is invalid, or a thread cannot be started.
    pub(super) fn new(settings: &Settings, parts: Parts) -> Result<Self, KioskError> {
        settings.validate()?;
        let language = settings.texts()?;
        let Parts { live, judge, controls, recording } = parts;
        let (slot, example) = (Arc::<Slot>::default(), Arc::<Slot>::default());
        let studio = (settings.idle > 0.0).then(|| Example::start(judge, example.clone())).transpose()?;
        let (screen, watched) = (ToScreen::new(slot.clone()), controls.clone());
        let pipeline = Worker::start("the pipeline", move || live(screen, &watched))?;
        Ok(Self {
            settings: settings.clone(),
            language,
            screen: None,
            controls,
            recording,
            begun: Instant::now(),
            pages: Pages::new(0.0, settings.idle, settings.about),
            page: Page::Live,
            live: Feed::new(slot.clone()),
            slot,
            example: Feed::new(example),
            studio,
            pipeline,
            summary: None,
            watchdog: Watchdog::new(systemd::patience()),
            rounds: 0,
            tally: Tally::default(),
        })
    }

    /// Draws at this size (pixels) from now on.
    ///
    /// # Errors
    /// No installed font has the letters of the language.
    pub(super) fn resize(&mut self, size: (u32, u32)) -> Result<(), KioskError> {
        let Settings { theme, fonts, .. } = &self.settings;
        self.screen = Some(Screen::new(size, theme, &self.language, fonts)?);
        Ok(())
    }

    /// The screen, the mouse or the space bar was touched.
    pub(super) fn touched(&mut self) {
        let now = self.now();
        self.pages.touched(now);
    }

    /// One of the keys was pressed that end the kiosk, if they may.
    pub(super) fn quit(&mut self) {
        if self.settings.quit {
            self.controls.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Takes in what has happened; once a round of the window's loop, whether it will draw or not. Returns
    /// whether the kiosk is to go on.
    ///
    /// # Errors
    /// A background thread has failed.
    pub(super) fn round(&mut self) -> Result<bool, KioskError> {
        let now = self.now();
        if let Some(ended) = self.pipeline.ended() {
            self.summary = Some(ended?);
        }
        if let Some(studio) = &mut self.studio {
            studio.check()?;
        }
        if let Some(news) = self.live.update(now) {
            self.pages.heard(now, news.sounds, news.devices);
        }
        let page = self.pages.page(now);
        self.turn_to(page);
        self.example.update(now);
        self.tell_systemd(now);
        self.rounds += 1;
        Ok(self.summary.is_none() && !self.controls.stop.load(Ordering::Relaxed))
    }

    fn turn_to(&mut self, page: Page) {
        if let Some(studio) = self.studio.as_ref().filter(|_| page != self.page) {
            match (self.page, page) {
                (_, Page::Attract) => {
                    self.example.clear();
                    studio.play();
                }
                (Page::Attract, _) => studio.pause(),
                _ => {}
            }
        }
        self.page = page;
    }

    fn tell_systemd(&mut self, now: f64) {
        let decisions = self.slot.decisions();
        if let Some(sign) = self.watchdog.sign(now, decisions, self.rounds) {
            systemd::give(sign);
        }
        if let Some([pictures, decisions]) = self.tally.lap(now, decisions, STATUS) {
            let page = match self.page {
                Page::Live => "live picture",
                Page::Attract => "example",
                Page::About => "explanation",
            };
            systemd::status(&format!("{page}: {pictures:.1} pictures and {decisions:.1} decisions a second"));
        }
    }

    /// The picture of this moment: `0x00RRGGBB` a pixel, row by row, of the size that was set; `None` before
    /// that.
    pub(super) fn picture(&mut self) -> Option<&[u32]> {
        let seconds = self.now();
        let (page, recording) = (self.page, self.recording);
        let example = page == Page::Attract && self.example.has_begun();
        // The studio's picture is not mirrored: it does not show the visitor.
        let mirror = self.settings.mirror && !example;
        let trouble = self.live.trouble().map(|device| match device {
            Device::Camera => self.language.camera_trouble.as_str(),
            Device::Microphone => self.language.microphone_trouble.as_str(),
        });
        let feed = if example { &mut self.example } else { &mut self.live };
        let scene = feed.scene(Look { page, mirror, trouble, recording, seconds });
        Some(self.screen.as_mut()?.render(&scene))
    }

    /// Notes that a picture was shown; `begun` is when its drawing began.
    pub(super) fn shown(&mut self, begun: Instant) {
        self.tally.shown(self.now(), self.slot.decisions(), begun.elapsed());
    }

    /// Ends everything, outputs complete, and tells how it went.
    ///
    /// # Errors
    /// A background thread failed, or does not end.
    pub(super) fn finish(mut self) -> Result<Report, KioskError> {
        systemd::stopping();
        self.controls.stop.store(true, Ordering::Relaxed);
        let (now, decisions) = (self.now(), self.slot.decisions());
        if let Some(ended) = self.pipeline.wait(PATIENCE) {
            self.summary = Some(ended?);
        }
        if let Some(studio) = self.studio.take() {
            studio.finish()?;
        }
        Ok(self.tally.report(now, decisions, self.summary.unwrap_or_default()))
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
