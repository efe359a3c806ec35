//! LookHear looks and listens at once and says whether what the camera sees is what the microphone
//! hears, and where in the picture the sound comes from.
//!
//! The network is L3-Net ("Look, Listen and Learn", ICCV 2017) with the localization head of its
//! successor AVOL-Net ("Objects that Sound", ECCV 2018); one is built in.
//!
//! # A picture and a sound
//!
//! [`Model`] is the front door: an RGB picture of any size and a second of sound (48 kHz, mono) in, an [`Event`] out.
//!
//! ```
//! let mut model = lookhear::Model::built_in()?;
//! let picture = image::RgbImage::from_pixel(640, 360, image::Rgb([200, 180, 40]));
//! let tone: Vec<f32> = (0..48_000).map(|n| (n as f32 * 0.06).sin() * 0.2).collect();
//!
//! let event = model.judge(&picture, &tone);
//! println!("{} Score {:.2}, at {:?} of the picture.", event.sentence(), event.score, event.peak);
//! # Ok::<(), lookhear::model::BundleError>(())
//! ```
//!
//! # A stream
//!
//! [`Session`] takes frames and samples as they come, and gives an event for every hop: `lookhear watch` and `live` stand on
//! the same.
//!
//! # The core
//!
//! Without any feature the crate is the path from there to here, and each step can be taken by itself:
//!
//! 1. [`preprocess`]: pictures to `[3, 224, 224]`, sound to a log-magnitude spectrogram `[257, 199]`, at once or as a
//!    stream.
//! 2. [`model`]: the layer table ([`model::Spec`]), the [`model::Weights`], and the [`model::Bundle`] that keeps both in
//!    one checked file.
//! 3. [`engine`]: what runs a network. The integer engine ([`engine::int`]) needs a processor and nothing else;
//!    [`engine::Engine`] is the trait for others.
//! 4. [`judge`]: towers, heads and thresholds in one; [`localize`] finds the place in a map, [`decision`] keeps states from
//!    flickering, [`gallery`] knows things by name.
//! 5. [`event`]: what is said, and its JSON form.
//!
//! # Features
//!
//! | feature | what it brings |
//! |---|---|
//! | `burn` | the networks as Burn modules: floating point, making bundles, training |
//! | `wgpu`, `ndarray` | more of Burn's backends |
//! | `resample` | sound of any rate |
//! | `media` | `media`: pictures, sounds and videos as files, by ffmpeg |
//! | `studio` | `studio`: a virtual studio, for tests and demonstrations |
//! | `overlay` | `overlay`: annotated pictures |
//! | `capture` | `capture`: cameras and microphones; `pipeline` that wires them to `sinks` |
//! | `terminal`, `kiosk` | screens for people |
//! | `publish` | `publish`: events for other programs; `history`: what happened, in SQLite; `rules`: what of it is told |
//! | `embed` | `embed`: embeddings of files, as tables; `search` in them; `batch`: pictures and sounds by the thousand |
//! | `diagnostics` | `diagnostics`: how the programs tell what happens besides |
//! | `enroll` | galleries are made and kept |
//! | `cli` | all of the program, with its settings file (`profile`); the default |
//!
//! With all of them data flows one way: capture -> ring -> preprocess -> towers -> fusion and localization -> event ->
//! sinks and overlay.

#[cfg(feature = "capture")]
mod backoff;
#[cfg(all(feature = "embed", feature = "media"))]
pub mod batch;
pub mod built;
#[cfg(feature = "capture")]
pub mod capture;
#[cfg(any(feature = "embed", feature = "publish"))]
mod columnar;
pub mod console;
pub mod decision;
#[cfg(feature = "diagnostics")]
pub mod diagnostics;
#[cfg(feature = "embed")]
pub mod embed;
pub mod engine;
pub mod event;
pub mod gallery;
#[cfg(feature = "publish")]
pub mod history;
pub mod judge;
#[cfg(feature = "kiosk")]
pub mod kiosk;
#[cfg(any(feature = "kiosk", feature = "publish"))]
pub mod language;
pub mod localize;
#[cfg(feature = "media")]
pub mod media;
pub mod model;
#[cfg(feature = "media")]
pub mod output;
#[cfg(feature = "overlay")]
pub mod overlay;
#[cfg(feature = "capture")]
pub mod pipeline;
pub mod preprocess;
#[cfg(feature = "cli")]
pub mod profile;
#[cfg(feature = "publish")]
pub mod publish;
mod ready;
#[cfg(feature = "media")]
pub mod ring;
#[cfg(feature = "publish")]
pub mod rules;
#[cfg(all(feature = "embed", feature = "media"))]
pub mod search;
mod session;
pub mod similarity;
#[cfg(feature = "capture")]
mod sink;
#[cfg(feature = "capture")]
pub mod sinks;
#[cfg(feature = "studio")]
pub mod studio;
#[cfg(feature = "capture")]
pub mod swap;
pub mod timing;
mod unknown_name;
pub mod validation;
#[cfg(feature = "capture")]
pub mod watchdog;
mod window;

pub use event::{Event, State};
pub use ready::Model;
pub use session::Session;
pub use unknown_name::UnknownName;
