//! Embeddings for other tasks: what the towers make of sounds, pictures and videos, as files of numbers.
//!
//! As in "Look, Listen and Learn" (section 4), an embedding is the activation map of conv4_2, pooled by
//! maxima to a coarse grid, or over the whole map (pool4). With `C` channels in conv4_2 (`l3`, `ave`, `avol`: 512;
//! `edge-wide`: 192; `edge`: 128):
//!
//! | what | pooled to | dimensions | `l3`, `ave`, `avol` | `edge-wide` | `edge` |
//! |---|---|---|---|---|---|
//! | [`What::Audio`] | 4 x 3 (frequency x time) | 12 C | 6144 | 2304 | 1536 |
//! | [`What::Audio`] | [`Pool::Global`] | C | 512 | 192 | 128 |
//! | [`What::Vision`] | 4 x 4 (height x width) | 16 C | 8192 | 3072 | 2048 |
//! | [`What::Vision`] | [`Pool::Global`] | C | 512 | 192 | 128 |
//! | [`What::Ave`], [`Space::Shared`] | (none) | the common space | 128 (`ave`, `avol`) | 128 | 128 |
//!
//! # The common space
//! AVE-Net ("Objects that Sound", section 3; preset `ave`) has one vector for a sound and one for a picture. AVOL-Net
//! (section 4; `avol`, `edge`, `edge-wide`) has one for a sound and one for EVERY position of a picture; their score is the
//! maximum of the dot products over the positions. No vector of a picture as a whole is defined there, and
//! none is made up here: a sound gives one row a window, a still picture one row a position (`edge`, `edge-wide`: 14 x 14, `avol`:
//! 28 x 28; row by row, all at timestamp 0), a video the rows of its sound. The score of a picture for a sound is then the
//! largest product of the sound's row with the picture's rows, and the best row tells the place. Rows have length 1
//! where the head normalizes (`edge`, `edge-wide`), and are as the head gives them where it does not (`avol`).
//!
//! [`What::Ave`] decides by the input which side is taken, and of a video it takes the sound. With [`Space::Shared`],
//! [`What::Audio`] and [`What::Vision`] say it: the latter gives every video frame a row a position, all at the frame's
//! timestamp, and the former gives each row the level of its second. [`crate::search`] looks for pictures and sounds there.
//!
//! # Beside OpenL3
//! The conventions of sound are those of OpenL3 (<https://github.com/marl/openl3>): windows of a second, every 0.1 s;
//! half a window of zeros before the start, so that timestamps mark the middles of the windows; zeros after the end,
//! so that no sound is lost; arrays `embedding` and `timestamps`, flattened as `[rows, columns, channels]`. The numbers
//! are others, and those of one model say nothing to a classifier that learned from the other:
//!
//! - The weights are those of the model bundle, not OpenL3's.
//! - The front end is the paper's: the logarithm of 257 linear frequency bins over 199 columns, with a fixed
//!   reference. OpenL3 takes a mel spectrogram by default, in decibels below each window's own maximum.
//! - conv4_2 is taken after batch norm and ReLU, so that no value is negative; OpenL3 takes it before both.
//! - Of a video OpenL3 embeds every frame, here one is taken every hop: the one shown at that moment. Pictures become
//!   square as the bundle says, and may be smaller than 224 pixels.
//! - Where the map is no multiple of the grid (`edge`, `edge-wide`: 14 x 14 over 4 x 4), windows overlap by one position.

mod archive;
mod embedder;
mod error;
mod jobs;
mod label;
pub(crate) mod npz;
mod output;
mod parquet;
mod settings;
mod table;
mod windows;

pub use archive::Archive;
pub use embedder::{Embedder, Keep, embed_image, embed_second};
pub use error::EmbedError;
pub use jobs::{Job, jobs};
pub use label::Label;
pub use output::{Existing, Format};
pub use settings::{Pool, Settings, Space, What};
pub use table::{Rows, Table};
pub use windows::{Window, Windows, count};
