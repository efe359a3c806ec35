//! A stream of one's own: a WAV file with pictures that take turns. `cargo run --no-default-features --example stream --
//! SOUND.wav SECONDS PICTURE...`
//!
//! Each picture is shown for so many seconds, while the sound goes on. The sound is 48 kHz mono, 16 bits. With the core alone:
//! whatever delivers frames and samples can stand in for the two files.

use lookhear::preprocess::SAMPLE_RATE;
use lookhear::{Model, Session};

/// Samples that a sound card delivers at a time.
const CHUNK: usize = 480;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sound, seconds, pictures @ ..] = &arguments[..] else {
        return Err("give a sound, seconds, and pictures".into());
    };
    let turn = (seconds.parse::<f64>()? * SAMPLE_RATE as f64) as usize;
    let samples: Result<Vec<i16>, hound::Error> = hound::WavReader::open(sound)?.samples().collect();
    let samples: Vec<f32> = samples?.into_iter().map(|sample| f32::from(sample) / 32768.0).collect();

    let mut session = Session::new(Model::built_in()?, 0.08);
    for (picture, part) in pictures.iter().zip(samples.chunks(turn.max(1))) {
        session.frame(image::open(picture)?.into_rgb8());
        for chunk in part.chunks(CHUNK) {
            session.sound(chunk, |event| {
                println!("{:6.2} s  {picture}: {} Score {:.2}", event.t, event.sentence(), event.score);
            });
        }
    }
    Ok(())
}
