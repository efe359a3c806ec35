//! An engine of one's own: here one that counts what it is asked, and leaves the work to another.
//! `cargo run --no-default-features --example own_engine`
//!
//! An engine for other hardware takes the layer table and the weights of the bundle, `bundle.manifest.spec` and
//! `bundle.weights()`, and proves itself by `Bundle::check`.

use lookhear::Model;
use lookhear::engine::{ActivationMap, AudioEncoding, Engine, ImageEncoding, Judgement, Setup};
use lookhear::model::Bundle;

struct Counting {
    inner: Box<dyn Engine>,
    pictures: usize,
    sounds: usize,
}

impl Engine for Counting {
    fn encode_image(&mut self, picture: &[f32], seen: &mut ImageEncoding) {
        self.pictures += 1;
        self.inner.encode_image(picture, seen);
    }

    fn encode_audio(&mut self, spectrogram: &[f32], heard: &mut AudioEncoding) {
        self.sounds += 1;
        self.inner.encode_audio(spectrogram, heard);
    }

    fn judge(&mut self, seen: &ImageEncoding, heard: &AudioEncoding, judgement: &mut Judgement) {
        println!("{} pictures with {} sounds", self.pictures, self.sounds);
        self.inner.judge(seen, heard, judgement);
    }

    fn image_activation_map(&mut self, picture: &[f32], map: &mut ActivationMap) {
        self.inner.image_activation_map(picture, map);
    }

    fn audio_activation_map(&mut self, spectrogram: &[f32], map: &mut ActivationMap) {
        self.inner.audio_activation_map(spectrogram, map);
    }

    fn name(&self) -> &str {
        "counting"
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bundle = Bundle::built_in()?;
    let inner = bundle.engine(&Setup::default())?;
    let engine = Counting { inner, pictures: 0, sounds: 0 };
    let mut model = Model::with_engine(&bundle, Box::new(engine));
    let picture = image::RgbImage::from_pixel(320, 180, image::Rgb([200, 180, 40]));
    let tone: Vec<f32> = (0..48_000).map(|n| (n as f32 * 0.06).sin() * 0.2).collect();
    println!("{}", model.judge(&picture, &tone).sentence());
    Ok(())
}
