//! What is asked by.

use image::RgbImage;

use super::{SearchError, Sense};
use crate::batch::Name;
use crate::embed::{Settings, embed_image, embed_second};
use crate::judge::{Judge, is_dark};
use crate::media::{self, Found, Loss, MediaError, Wanted, is_still};
use crate::preprocess::{level, spectrogram};

/// A picture or a second of sound.
pub struct Query {
    name: Name,
    content: Content,
}

enum Content {
    Picture(RgbImage),
    /// 48 kHz, mono.
    Second(Vec<f32>),
}

impl Query {
    /// Reads a file or a moment of one, by the side that is asked for; else a picture by its picture, all else by its
    /// sound. Without a moment that is the loudest second, or the first frame. Tells what could not be used of it.
    ///
    /// # Errors
    /// The file cannot be read, or does not have that side.
    pub fn read(name: Name, by: Option<Sense>) -> Result<(Self, Loss), MediaError> {
        let still = || if is_still(name.file()) { Sense::Picture } else { Sense::Sound };
        let (content, loss) = match (by.unwrap_or_else(still), name.moment()) {
            (Sense::Picture, None) => (Content::Picture(media::picture(name.file())?), Loss::default()),
            (Sense::Sound, None) => {
                let (second, loss) = media::loudest_second(name.file())?;
                (Content::Second(second), loss)
            }
            (Sense::Picture, Some(t)) => moment(&name, Wanted::Picture(t))?,
            (Sense::Sound, Some(t)) => moment(&name, Wanted::Second(t))?,
        };
        Ok((Self { name, content }, loss))
    }

    /// Which side asks.
    pub fn sense(&self) -> Sense {
        match self.content {
            Content::Picture(_) => Sense::Picture,
            Content::Second(_) => Sense::Sound,
        }
    }

    /// Refuses what nothing can be found by.
    pub(super) fn check(&self, silence: f32) -> Result<(), SearchError> {
        let (name, file) = (self.name.shown(), self.name.file().display().to_string());
        match &self.content {
            Content::Picture(picture) if is_dark(picture) => Err(SearchError::Black { name, file }),
            Content::Second(second) if level(second) < silence => {
                Err(SearchError::Quiet { name, file, level: level(second), silence })
            }
            _ => Ok(()),
        }
    }

    /// The query as `embed` would write it with these settings, one row or more.
    pub(super) fn rows(&self, judge: &mut Judge, settings: &Settings) -> Vec<f32> {
        match &self.content {
            Content::Picture(picture) => embed_image(judge, settings, picture),
            Content::Second(second) => embed_second(judge, settings, &spectrogram::second(second)),
        }
    }
}

/// Black, or digital silence, as `embed` writes it.
pub(super) fn blank(sense: Sense, judge: &mut Judge, settings: &Settings) -> Vec<f32> {
    match sense {
        Sense::Picture => embed_image(judge, settings, &RgbImage::new(64, 64)),
        Sense::Sound => embed_second(judge, settings, &spectrogram::second(&[])),
    }
}

fn moment(name: &Name, wanted: Wanted) -> Result<(Content, Loss), MediaError> {
    let mut found = None;
    let loss = media::moments(name.file(), &[wanted], &mut |_, one| found = Some(one));
    let nothing = || MediaError::Unreadable { input: name.shown(), reason: "nothing is there".into() };
    match found.ok_or_else(nothing)?? {
        Found::Picture(picture) => Ok((Content::Picture(picture), loss)),
        Found::Second(second) => Ok((Content::Second(second), loss)),
    }
}
