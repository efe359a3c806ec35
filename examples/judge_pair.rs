//! Does this photo make this sound? `cargo run --no-default-features --example judge_pair -- PHOTO SOUND.wav`
//!
//! With the core alone: reading files is left to `image` and `hound`. The sound is 48 kHz mono, 16 bits; its first second
//! is judged.

use lookhear::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [photo, sound] = &arguments[..] else { return Err("give a photo and a sound".into()) };
    let picture = image::open(photo)?.into_rgb8();
    let samples: Result<Vec<i16>, hound::Error> = hound::WavReader::open(sound)?.samples().collect();
    let second: Vec<f32> = samples?.into_iter().map(|sample| f32::from(sample) / 32768.0).collect();

    let event = Model::built_in()?.judge(&picture, &second);
    println!("{} Score {:.2}, at {:?} of the picture.", event.sentence(), event.score, event.peak);
    Ok(())
}
