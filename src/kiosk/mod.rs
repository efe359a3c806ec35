//! The kiosk: "What is making this sound?" on a full screen, unattended for weeks.
//!
//! Data flows one way: a pipeline in a thread of its own -> [`snapshot`] (the newest decision; neither side waits) ->
//! [`smoother`] (slow enough for people) and [`pages`] (which page) -> [`screen`] (draws) -> [`Display`] (shows).
//! `app.rs` wires them; [`crate::watchdog`] tells systemd that decisions and pictures are still made.

mod app;
mod error;
mod example;
mod feed;
mod frame_queue;
pub mod pages;
mod report;
pub mod screen;
mod settings;
pub mod smoother;
pub mod snapshot;
mod window;
mod worker;

pub use app::{Live, Parts};
pub use error::{Fault, KioskError};
pub use example::LoadJudge;
pub use report::Report;
pub use settings::Settings;
pub use window::Display;
