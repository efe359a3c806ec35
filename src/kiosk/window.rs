//! The window, or the whole screen: winit for the display's events, softbuffer for pictures without a GPU.

use std::fmt;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::{Duration, Instant};

use softbuffer::{Context, SoftBufferError, Surface};
use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::error::OsError;
use winit::event::{ElementState, KeyEvent, MouseButton, Touch, TouchPhase, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::keyboard::{Key, NamedKey};
use winit::window::{Fullscreen, Window, WindowId};

use super::app::{App, Parts};
use super::error::KioskError;
use super::report::Report;
use super::settings::Settings;

/// Time between two rounds while nobody can see the window.
const HIDDEN: Duration = Duration::from_millis(250);

/// A connection to a display. Holding one proves that there is a display.
pub struct Display {
    events: EventLoop<()>,
}

impl Display {
    /// Connects to the display that DISPLAY or WAYLAND_DISPLAY names. Call it on the main thread, and only once.
    ///
    /// # Errors
    /// There is no display.
    pub fn open() -> Result<Self, KioskError> {
        let events = EventLoop::new().map_err(|error| KioskError::NoDisplay(told(&error)))?;
        Ok(Self { events })
    }

    /// Runs the kiosk until it is asked to end, or its live pipeline ends.
    ///
    /// # Errors
    /// A setting is wrong, the display is gone, or something that runs behind the screen has failed.
    pub fn run(self, settings: &Settings, parts: Parts) -> Result<Report, KioskError> {
        let mut show = Show {
            window: None,
            app: App::new(settings, parts)?,
            size: settings.window,
            cursor: settings.cursor,
            period: Duration::from_secs(1) / settings.fps,
            next: Instant::now(),
            hidden: false,
            failed: None,
        };
        let ended = self.events.run_app(&mut show);
        let Show { app, failed, .. } = show;
        // The first error is reported; outputs are completed in any case.
        let finished = app.finish();
        match failed {
            Some(error) => Err(error),
            None => ended.map_err(|error| KioskError::DisplayLost(told(&error))).and(finished),
        }
    }
}

/// What the events of the display act on.
struct Show {
    window: Option<Canvas>,
    app: App,
    /// Of the window, in pixels; `None`: the whole screen.
    size: Option<[u32; 2]>,
    cursor: bool,
    /// From one picture to the next, at least.
    period: Duration,
    /// When the next picture is due.
    next: Instant,
    /// Whether other windows cover this one.
    hidden: bool,
    /// The error that ends the kiosk.
    failed: Option<KioskError>,
}

/// A window that takes pictures.
struct Canvas {
    window: Rc<Window>,
    surface: Surface<Rc<Window>, Rc<Window>>,
    /// Size of its pictures.
    size: Option<[NonZeroU32; 2]>,
}

impl Canvas {
    fn open(events: &ActiveEventLoop, size: Option<[u32; 2]>, cursor: bool) -> Result<Self, KioskError> {
        let mut attributes = Window::default_attributes().with_title("LookHear");
        if let Some([width, height]) = size {
            attributes = attributes.with_inner_size(PhysicalSize::new(width, height));
        } else {
            let monitor = events.primary_monitor().or_else(|| events.available_monitors().next());
            if let Some(monitor) = &monitor {
                // Without a window manager nobody else gives the window the monitor's place and size.
                attributes = attributes.with_inner_size(monitor.size()).with_position(monitor.position());
            }
            let whole = Some(Fullscreen::Borderless(monitor));
            attributes = attributes.with_decorations(false).with_fullscreen(whole);
        }
        let unopened = |error: OsError| KioskError::DisplayLost(told(&error));
        let window = Rc::new(events.create_window(attributes).map_err(unopened)?);
        window.set_cursor_visible(cursor);
        let context = Context::new(window.clone()).map_err(lost)?;
        let surface = Surface::new(&context, window.clone()).map_err(lost)?;
        Ok(Self { window, surface, size: None })
    }

    /// Shows the picture of this moment, at the size that the window has now.
    fn show(&mut self, app: &mut App) -> Result<(), KioskError> {
        let begun = Instant::now();
        let PhysicalSize { width, height } = self.window.inner_size();
        // A window of no size is being opened, or minimized.
        let (Some(width), Some(height)) = (NonZeroU32::new(width), NonZeroU32::new(height)) else {
            return Ok(());
        };
        if self.size != Some([width, height]) {
            self.surface.resize(width, height).map_err(lost)?;
            app.resize((width.get(), height.get()))?;
            self.size = Some([width, height]);
        }
        let Some(picture) = app.picture() else { return Ok(()) };
        let mut buffer = self.surface.buffer_mut().map_err(lost)?;
        buffer.copy_from_slice(picture);
        self.window.pre_present_notify();
        buffer.present().map_err(lost)?;
        app.shown(begun);
        Ok(())
    }
}

fn lost(error: SoftBufferError) -> KioskError {
    KioskError::DisplayLost(error.to_string())
}

/// The message of winit's error, without the source location that it begins with.
fn told(error: &impl fmt::Display) -> String {
    let error = error.to_string();
    match error.strip_prefix("os error at ").and_then(|place_and_error| place_and_error.split_once(": ")) {
        Some((_, what)) => what.into(),
        None => error,
    }
}

impl Show {
    /// A round: takes in what has happened, and shows it.
    fn round(&mut self, events: &ActiveEventLoop) {
        let now = Instant::now();
        let period = if self.hidden { HIDDEN } else { self.period };
        // A late picture does not make the next ones come faster.
        self.next = (self.next + period).max(now);
        let shown = self.app.round().and_then(|goes_on| {
            if let Some(window) = self.window.as_mut().filter(|_| !self.hidden) {
                window.show(&mut self.app)?;
            }
            Ok(goes_on)
        });
        match shown {
            Ok(true) => {}
            Ok(false) => events.exit(),
            Err(error) => self.fail(events, error),
        }
    }

    fn fail(&mut self, events: &ActiveEventLoop, error: KioskError) {
        self.failed.get_or_insert(error);
        events.exit();
    }

    fn pressed(&mut self, key: &Key) {
        match key {
            Key::Named(NamedKey::Space) => self.app.touched(),
            Key::Named(NamedKey::Escape) => self.app.quit(),
            Key::Character(letter) if letter.eq_ignore_ascii_case("q") => self.app.quit(),
            _ => {}
        }
    }
}

impl ApplicationHandler for Show {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.window.is_none() {
            match Canvas::open(events, self.size, self.cursor) {
                Ok(window) => self.window = Some(window),
                Err(error) => self.fail(events, error),
            }
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested => events.exit(),
            WindowEvent::Destroyed => {
                self.fail(events, KioskError::DisplayLost("the window was taken away".into()));
            }
            WindowEvent::Occluded(hidden) => {
                self.hidden = hidden;
                self.next = Instant::now();
            }
            WindowEvent::Resized(_) | WindowEvent::RedrawRequested => self.next = Instant::now(),
            WindowEvent::KeyboardInput {
                event: KeyEvent { state: ElementState::Pressed, repeat: false, logical_key, .. },
                ..
            } => self.pressed(&logical_key),
            WindowEvent::MouseInput { state: ElementState::Pressed, button: MouseButton::Left, .. }
            | WindowEvent::Touch(Touch { phase: TouchPhase::Started, .. }) => self.app.touched(),
            _ => {}
        }
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        if events.exiting() {
            return;
        }
        if Instant::now() >= self.next {
            self.round(events);
        }
        events.set_control_flow(ControlFlow::WaitUntil(self.next));
    }

    fn exiting(&mut self, _: &ActiveEventLoop) {
        // While the display is still connected.
        self.window = None;
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn errors_of_the_display_do_not_name_places_in_source_code() {
        assert_eq!(told(&"os error at /there/mod.rs:788: Failed to open: twice"), "Failed to open: twice");
        assert_eq!(told(&"the event loop is gone"), "the event loop is gone");
    }
}
