//! From a file to rows of numbers.

use std::ops::ControlFlow;
use std::path::Path;

use image::RgbImage;

use super::{EmbedError, Settings, Table, What, Window, Windows};
use crate::judge::Judge;
use crate::media::endings::{PICTURES, has_ending};
use crate::media::{Damage, Decoder, Input, Piece, picture};

/// A network and what is wanted of it.
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

    /// Values of each row.
    pub fn dims(&self) -> usize {
        self.settings.dims(&self.judge.manifest().spec)
    }

    /// Embeds a file: its sound, its frames, or a still picture, which is told by the ending of its name.
    /// After each embedding `go_on` is asked, with its timestamp in seconds. Tells what could not be read.
    ///
    /// # Errors
    /// The file cannot be read or has nothing to embed, the table cannot be written, or `go_on` said no.
    /// The table's rows are then of no use.
    pub fn embed(
        &mut self,
        input: &Path,
        table: &mut Table,
        mut go_on: impl FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Option<Damage>, EmbedError> {
        let folder = table.folder().to_path_buf();
        let mut keep = |t: f64, row: &[f32]| {
            table.push(t, row).map_err(EmbedError::output(&folder))?;
            if go_on(t).is_break() { Err(EmbedError::Stopped) } else { Ok(()) }
        };
        let still = has_ending(input, &PICTURES);
        match self.settings.what {
            What::Vision if still => keep(0.0, &self.see(&picture(input)?)).map(|()| None),
            What::Vision => self.frames(input, &mut keep),
            What::Ave if still => {
                let positions = self.judge.see(&picture(input)?).positions;
                positions.chunks_exact(self.dims()).try_for_each(|position| keep(0.0, position))?;
                Ok(None)
            }
            What::Audio | What::Ave => self.sound(input, &mut keep),
        }
    }

    fn sound(&mut self, input: &Path, keep: Keep) -> Result<Option<Damage>, EmbedError> {
        let mut decoder = Decoder::sound_of(&Input::from(input))?;
        let mut windows = Windows::new(self.settings.hop_samples(), self.settings.centred);
        let mut empty = true;
        while let Some(piece) = decoder.next_piece()? {
            match piece {
                Piece::Sound(samples) => windows.push(&samples),
                Piece::Silence(count) => windows.push(&vec![0.0; count]),
                Piece::Picture(_) | Piece::Held(_) => continue,
            }
            empty = false;
            self.rows(&mut windows, keep)?;
        }
        let damage = decoder.finish()?;
        if empty {
            return Err(EmbedError::Nothing { input: input.display().to_string(), what: "sound" });
        }
        windows.end();
        self.rows(&mut windows, keep)?;
        Ok(damage)
    }

    fn rows(&mut self, windows: &mut Windows, keep: Keep) -> Result<(), EmbedError> {
        while let Some(window) = windows.next_window() {
            keep(window.t, &self.hear(&window))?;
        }
        Ok(())
    }

    fn frames(&mut self, input: &Path, keep: Keep) -> Result<Option<Damage>, EmbedError> {
        let mut decoder = Decoder::pictures_of(&Input::from(input), self.settings.hop_samples())?;
        let mut empty = true;
        while let Some(piece) = decoder.next_piece()? {
            let (Piece::Picture(frame) | Piece::Held(frame)) = piece else { continue };
            empty = false;
            keep(frame.t, &self.see(&frame.picture))?;
        }
        let damage = decoder.finish()?;
        match empty {
            true => Err(EmbedError::Nothing { input: input.display().to_string(), what: "picture" }),
            false => Ok(damage),
        }
    }

    /// The embedding of a window of sound.
    pub fn hear(&mut self, window: &Window) -> Vec<f32> {
        // Never by `listen`: the integer engine rounds on a grid that moves with the stream, and a row must not
        // depend on where in its file the window lies.
        let spectrogram = window.spectrogram();
        match (self.settings.what, self.settings.grid()) {
            (What::Ave, _) => self.judge.hear(&spectrogram).direction,
            (_, [1, 1]) => self.judge.hear(&spectrogram).embedding,
            (_, [rows, columns]) => self.judge.hear_map(&spectrogram).pool(rows, columns),
        }
    }

    /// The embedding of a picture.
    fn see(&mut self, shown: &RgbImage) -> Vec<f32> {
        match self.settings.grid() {
            [1, 1] => self.judge.see(shown).embedding,
            [rows, columns] => self.judge.see_map(shown).pool(rows, columns),
        }
    }
}

/// Takes a row with its timestamp.
type Keep<'a> = &'a mut dyn FnMut(f64, &[f32]) -> Result<(), EmbedError>;
