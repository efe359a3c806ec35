//! The virtual studio: scenes put together from objects, of which one sounds.
//!
//! The true box of every object is known here, so scenes serve three ends: training, evaluation,
//! and a camera and microphone for people who have none at hand.

pub mod compose;
