//! LookHear looks and listens at once and says whether what the camera sees is what the microphone
//! hears, and where in the picture the sound comes from.
//!
//! Data flows one way, and the modules read in that order: [`capture`] -> [`ring`] -> [`preprocess`]
//! -> towers ([`engine`], built from the table in [`model`]) -> fusion and localization ([`judge`],
//! [`localize`], [`decision`]) -> [`event`] -> [`sinks`] and [`overlay`]. [`pipeline`] wires them;
//! [`publish`] hands events on to other programs and to people elsewhere, [`watchdog`] signs of life to systemd.
//! Beside that way, [`batch`] judges pictures and sounds by the thousand, [`embed`] keeps what the towers make of files,
//! for other tasks, [`gallery`] knows things by name, and [`kiosk`] shows a live run to visitors; [`profile`] is the
//! settings file of an unattended one, and [`diagnostics`] is how the programs tell what happens besides.
//!
//! The network is L3-Net ("Look, Listen and Learn", ICCV 2017) with the localization head of its
//! successor AVOL-Net ("Objects that Sound", ECCV 2018).

pub mod batch;
pub mod built;
pub mod capture;
pub mod console;
pub mod decision;
pub mod diagnostics;
pub mod embed;
pub mod engine;
pub mod event;
pub mod gallery;
pub mod judge;
pub mod kiosk;
pub mod localize;
pub mod media;
pub mod model;
pub mod output;
pub mod overlay;
pub mod pipeline;
pub mod preprocess;
pub mod profile;
pub mod publish;
pub mod ring;
pub mod sinks;
pub mod studio;
pub mod swap;
pub mod timing;
pub mod watchdog;
