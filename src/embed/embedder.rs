//! From a file, or from what is in memory, to rows of numbers.

use std::ops::ControlFlow;
use std::path::Path;

use image::RgbImage;

use super::{EmbedError, Settings, Table, What, Window, Windows};
use crate::judge::Judge;
use crate::media::{Decoder, Input, Loss, Piece, is_still, picture, sound_in_parts};
use crate::preprocess::{Loudness, Resampler};

/// Takes a row with its timestamp in seconds and, where the settings ask for it, the level of its sound in decibels
/// relative to full scale. An error ends the embedding: [`EmbedError::Stopped`] if no more is wanted.
pub type Keep<'a> = &'a mut dyn FnMut(f64, &[f32], Option<f32>) -> Result<(), EmbedError>;

/// A network with the settings of its embeddings.
///
/// ```
/// use lookhear::embed::{Embedder, Pool, Settings};
/// use lookhear::engine::Setup;
/// use lookhear::judge::Judge;
/// use lookhear::model::Bundle;
///
/// let settings = Settings { pool: Pool::Global, hop: 0.5, ..Settings::default() };
/// let judge = Judge::open(Bundle::built_in()?, Setup::default())?;
/// let mut embedder = Embedder::new(judge, settings)?;
/// let tone: Vec<f32> = (0..48_000).map(|n| (n as f32 * 0.06).sin() * 0.2).collect();
/// let (mut timestamps, mut rows) = (Vec::new(), Vec::new());
/// embedder.embed_sound(&tone, 48_000, 1, &mut |t, row, _| {
///     timestamps.push(t);
///     rows.extend_from_slice(row);
///     Ok(())
/// })?;
/// assert_eq!((timestamps, rows.len()), (vec![0.0, 0.5], 2 * embedder.dims()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Embedder {
    judge: Judge,
    settings: Settings,
}

impl Embedder {
    /// Checks that the settings fit the network.
    ///
    /// # Errors
    /// As [`Settings::validate`].
    pub fn new(judge: Judge, settings: Settings) -> Result<Self, EmbedError> {
        settings.validate(&judge.manifest().spec)?;
        Ok(Self { judge, settings })
    }

    /// Embeds by other settings from now on.
    ///
    /// # Errors
    /// As [`Settings::validate`]; the settings then stay as they were.
    pub fn set_settings(&mut self, settings: Settings) -> Result<(), EmbedError> {
        settings.validate(&self.judge.manifest().spec)?;
        self.settings = settings;
        Ok(())
    }

    /// The network, to be asked for something else than embeddings.
    pub fn judge(&mut self) -> &mut Judge {
        &mut self.judge
    }

    /// Values of each row.
    pub fn dims(&self) -> usize {
        self.settings.dims(&self.judge.manifest().spec)
    }

    /// Embeds a file into a table: see [`Embedder::embed_file`].
    /// After each embedding `go_on` is asked, with its timestamp in seconds. Tells what of the file could not be used.
    ///
    /// # Errors
    /// The file cannot be read or has nothing to embed, the table cannot be written, or `go_on` said no.
    /// The table's rows are then of no use.
    pub fn embed(
        &mut self,
        input: &Path,
        table: &mut Table,
        mut go_on: impl FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Loss, EmbedError> {
        let folder = table.folder().to_path_buf();
        self.embed_file(input, &mut |t, row, level| {
            let kept = match level {
                Some(level) => table.push_sound(t, row, level),
                None => table.push(t, row),
            };
            kept.map_err(EmbedError::output(&folder))?;
            if go_on(t).is_break() { Err(EmbedError::Stopped) } else { Ok(()) }
        })
    }

    /// Embeds a file: its sound, its frames, or a still picture, which is told by how it begins. Tells what of the file
    /// could not be used.
    ///
    /// # Errors
    /// The file cannot be read or has nothing to embed, or what `keep` said.
    pub fn embed_file(&mut self, input: &Path, keep: Keep) -> Result<Loss, EmbedError> {
        match self.settings.what {
            What::Vision | What::Ave if is_still(input) => {
                self.embed_picture(&picture(input)?, keep).map(|()| Loss::default())
            }
            What::Vision => self.frames(input, keep),
            What::Audio | What::Ave => self.sound(input, keep),
        }
    }

    /// Embeds a picture of any size: one row, or in the shared space one for each of its places, row by row. All of them
    /// have the timestamp 0.
    ///
    /// # Errors
    /// What `keep` said.
    pub fn embed_picture(&mut self, shown: &RgbImage, keep: Keep) -> Result<(), EmbedError> {
        self.rows_of_picture(0.0, shown, keep)
    }

    /// Embeds sound that is in memory: interleaved samples (-1..1) of `channels` channels at `rate` audio frames a second,
    /// which become 48 kHz mono as those of files do. As many rows as [`super::count`] says. Tells how many of the values
    /// were no numbers: they count as 0.
    ///
    /// # Errors
    /// [`EmbedError::Format`], or what `keep` said.
    pub fn embed_sound(
        &mut self,
        interleaved: &[f32],
        rate: usize,
        channels: usize,
        keep: Keep,
    ) -> Result<u64, EmbedError> {
        let mut resampler = Resampler::new(rate, channels, Loudness::Power)?;
        let mut windows = Windows::new(self.settings.hop_samples(), self.settings.centred);
        let mut mono = Vec::new();
        // A second at a time, so that hours of sound are not in memory twice.
        for part in interleaved.chunks(rate * channels) {
            resampler.push(part, &mut mono)?;
            windows.push(&mono);
            mono.clear();
            self.rows(&mut windows, keep)?;
        }
        resampler.finish(&mut mono)?;
        windows.push(&mono);
        windows.end();
        self.rows(&mut windows, keep)?;
        Ok(resampler.damaged())
    }

    fn sound(&mut self, input: &Path, keep: Keep) -> Result<Loss, EmbedError> {
        let mut windows = Windows::new(self.settings.hop_samples(), self.settings.centred);
        let mut kept = Ok(());
        let loss = sound_in_parts(input, &mut |samples| {
            windows.push(samples);
            if kept.is_ok() {
                kept = self.rows(&mut windows, keep);
            }
            if kept.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        // An error of `keep` takes precedence over how ffmpeg ended.
        kept?;
        windows.end();
        self.rows(&mut windows, keep)?;
        Ok(loss?)
    }

    fn rows(&mut self, windows: &mut Windows, keep: Keep) -> Result<(), EmbedError> {
        while let Some(window) = windows.next_window() {
            let level = self.settings.has_levels().then(|| window.level());
            keep(window.t, &self.embed_audio(&window), level)?;
        }
        Ok(())
    }

    fn rows_of_picture(&mut self, t: f64, shown: &RgbImage, keep: Keep) -> Result<(), EmbedError> {
        let rows = embed_image(&mut self.judge, &self.settings, shown);
        rows.chunks_exact(self.dims()).try_for_each(|row| keep(t, row, None))
    }

    fn frames(&mut self, input: &Path, keep: Keep) -> Result<Loss, EmbedError> {
        let mut decoder = Decoder::pictures_of(&Input::from(input), self.settings.hop_samples())?;
        let mut empty = true;
        while let Some(piece) = decoder.next_piece()? {
            let (Piece::Picture(frame) | Piece::Held(frame)) = piece else { continue };
            empty = false;
            self.rows_of_picture(frame.t, &frame.picture, keep)?;
        }
        let loss = decoder.finish()?.map_or_else(Loss::default, |damage| damage.loss);
        match empty {
            true => Err(EmbedError::Nothing { input: input.display().to_string(), what: "picture" }),
            false => Ok(loss),
        }
    }

    /// The embedding of a window of sound.
    pub fn embed_audio(&mut self, window: &Window) -> Vec<f32> {
        // Never by `encode_stream`: the integer engine rounds on a grid that moves with the stream, and a row must not
        // depend on where in its file the window lies.
        embed_second(&mut self.judge, &self.settings, &window.spectrogram())
    }
}

/// The embedding of a second of sound, as [`crate::preprocess::spectrogram::second`] gives it.
pub fn embed_second(judge: &mut Judge, settings: &Settings, spectrogram: &[f32]) -> Vec<f32> {
    match settings.grid() {
        _ if settings.is_shared() => judge.encode_audio(spectrogram).projection,
        [1, 1] => judge.encode_audio(spectrogram).embedding,
        [rows, columns] => judge.audio_activation_map(spectrogram).pool(rows, columns),
    }
}

/// The embedding of a picture: one row, or in the shared space one a position, `[positions, dims]`.
pub fn embed_image(judge: &mut Judge, settings: &Settings, shown: &RgbImage) -> Vec<f32> {
    match settings.grid() {
        _ if settings.is_shared() => judge.encode_image(shown).spatial_embeddings,
        [1, 1] => judge.encode_image(shown).embedding,
        [rows, columns] => judge.image_activation_map(shown).pool(rows, columns),
    }
}
