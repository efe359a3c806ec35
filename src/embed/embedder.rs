//! From a file, or from what is in memory, to rows of numbers.

use std::ops::ControlFlow;
use std::path::Path;

use image::RgbImage;

use super::{EmbedError, Settings, Table, What, Window, Windows};
use crate::judge::Judge;
use crate::media::{Decoder, Input, Loss, Piece, is_still, picture, sound_in_parts};
use crate::preprocess::{Loudness, Resampler};

/// Takes a row with its timestamp in seconds. An error ends the embedding: [`EmbedError::Stopped`] if no more is wanted.
pub type Keep<'a> = &'a mut dyn FnMut(f64, &[f32]) -> Result<(), EmbedError>;

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
/// embedder.embed_sound(&tone, 48_000, 1, &mut |t, row| {
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
        self.embed_file(input, &mut |t, row| {
            table.push(t, row).map_err(EmbedError::output(&folder))?;
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

    /// Embeds a picture of any size: one row, or with [`What::Ave`] one for each of its places, row by row. All of them
    /// have the timestamp 0.
    ///
    /// # Errors
    /// What `keep` said.
    pub fn embed_picture(&mut self, shown: &RgbImage, keep: Keep) -> Result<(), EmbedError> {
        if self.settings.what == What::Ave {
            let positions = self.judge.encode_image(shown).spatial_embeddings;
            return positions.chunks_exact(self.dims()).try_for_each(|position| keep(0.0, position));
        }
        keep(0.0, &self.embed_image(shown))
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
            keep(window.t, &self.embed_audio(&window))?;
        }
        Ok(())
    }

    fn frames(&mut self, input: &Path, keep: Keep) -> Result<Loss, EmbedError> {
        let mut decoder = Decoder::pictures_of(&Input::from(input), self.settings.hop_samples())?;
        let mut empty = true;
        while let Some(piece) = decoder.next_piece()? {
            let (Piece::Picture(frame) | Piece::Held(frame)) = piece else { continue };
            empty = false;
            keep(frame.t, &self.embed_image(&frame.picture))?;
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
        let spectrogram = window.spectrogram();
        match (self.settings.what, self.settings.grid()) {
            (What::Ave, _) => self.judge.encode_audio(&spectrogram).projection,
            (_, [1, 1]) => self.judge.encode_audio(&spectrogram).embedding,
            (_, [rows, columns]) => self.judge.audio_activation_map(&spectrogram).pool(rows, columns),
        }
    }

    /// The embedding of a picture.
    fn embed_image(&mut self, shown: &RgbImage) -> Vec<f32> {
        match self.settings.grid() {
            [1, 1] => self.judge.encode_image(shown).embedding,
            [rows, columns] => self.judge.image_activation_map(shown).pool(rows, columns),
        }
    }
}
