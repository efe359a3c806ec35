//! The kiosk: "What is making this sound?" on a full screen, unattended for weeks.
//!
//! Data flows one way here, too: a pipeline in a thread of its own -> [`snapshot`] (the newest moment, never
//! waited for) -> [`calm`] (what a person can follow) and [`pages`] (which page) -> [`screen`] (draws) ->
//! [`Display`] (shows). `app.rs` wires them; [`crate::watchdog`] tells systemd whether all of it moves.

mod app;
pub mod calm;
mod error;
mod example;
mod feed;
mod film;
pub mod pages;
mod report;
pub mod screen;
mod settings;
pub mod snapshot;
mod window;
mod worker;

pub use app::{Live, Parts};
pub use error::{Fault, KioskError};
pub use example::LoadJudge;
pub use report::Report;
pub use settings::Settings;
pub use window::Display;
