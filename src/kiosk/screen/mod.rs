//! Everything that a kiosk draws: a [`Scene`] becomes a picture of the size of the screen.
//!
//! A [`Screen`] is made once for a size, a [`Theme`] and a [`Language`]. What does not change from one picture
//! to the next - labels, tracks, the drawing on the page for visitors - is drawn once and copied; texts are
//! set once and kept. The same scene gives the same pixels, whatever was drawn before.

mod about;
mod attract;
mod camera;
mod dial;
mod error;
mod fonts;
mod heatmap_blend;
mod illustration;
mod layout;
mod live;
mod marks;
mod ribbon;
mod scene;
mod style;
mod surface;
#[cfg(test)]
mod tests;
mod text;
mod theme;

use std::path::PathBuf;

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{Point, Size};
use embedded_graphics::primitives::Rectangle;

use about::About;
use camera::Camera;
use live::Live;
use style::Style;
use surface::Surface;
use text::Typesetter;

pub use crate::language::{Language, LanguageError};
pub use error::ScreenError;
pub use scene::{Page, RIBBON_SECONDS, Scene};
pub use theme::{Color, ColorError, Theme};

/// Draws scenes at one size; keeps fonts, texts that were set and scaled pictures between them.
pub struct Screen {
    style: Style,
    surface: Surface,
    camera: Camera,
    /// Laid out when they are first shown.
    live: Option<Live>,
    about: Option<About>,
}

impl Screen {
    /// A screen of `size` (width, height) pixels. It is designed for 1920 x 1080 and 1080 x 1920 and complete
    /// from 640 x 360 and 360 x 640 up; on smaller ones, texts without room are left out.
    ///
    /// `fonts`: files and folders of fonts; none: those of the system. Reading them takes part of a second.
    ///
    /// # Errors
    /// There is no font, or none that has the letters of the language; the error names the package to install.
    pub fn new(
        size: (u32, u32),
        theme: &Theme,
        language: &Language,
        fonts: &[PathBuf],
    ) -> Result<Self, ScreenError> {
        let typesetter = Typesetter::new(&theme.fonts, language, fonts)?;
        let style = Style { theme: theme.clone(), language: language.clone(), typesetter };
        // Longer sides than this no screen has, and areas are counted in 32 bits.
        let [width, height] = [size.0, size.1].map(|side| side.min(16_384) as i32);
        let surface = Surface::new(width, height, theme.ground.0);
        Ok(Self { style, surface, camera: Camera::new(), live: None, about: None })
    }

    /// The picture of a scene: `0x00RRGGBB` per pixel, row by row.
    pub fn render(&mut self, scene: &Scene) -> &[u32] {
        let Self { style, surface, camera, .. } = self;
        let all = surface.area();
        let frame = scene.frame.dimensions();
        match scene.page {
            Page::Live => {
                let live = self.live.take().filter(|live| live.is_for(frame));
                let live = live.unwrap_or_else(|| Live::new(all.width, all.height, frame, style));
                self.live.insert(live).draw(scene, camera, style, surface);
            }
            Page::Attract => attract::draw(scene, camera, style, surface),
            Page::About => {
                let about = self.about.get_or_insert_with(|| About::new(all.width, all.height, style));
                about.draw(scene, style, surface);
            }
        }
        self.surface.pixels()
    }

    /// Draws the picture of a scene at the upper left corner of a target.
    ///
    /// # Errors
    /// Those of the target.
    pub fn draw<D>(&mut self, scene: &Scene, target: &mut D) -> Result<(), D::Error>
    where
        D: DrawTarget<Color = Rgb888>,
    {
        let area = self.surface.area();
        let size = Size::new(area.width as u32, area.height as u32);
        let color = |pixel: &u32| {
            let [_, r, g, b] = pixel.to_be_bytes();
            Rgb888::new(r, g, b)
        };
        let pixels = self.render(scene).iter().map(color);
        target.fill_contiguous(&Rectangle::new(Point::zero(), size), pixels)
    }
}
