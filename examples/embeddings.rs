//! What the towers make of sounds, for other tasks: how alike are these? `cargo run --no-default-features --example
//! embeddings -- A.wav B.wav ...` (48 kHz mono, 16 bits; the first second of each counts.)

use lookhear::engine::{AudioEncoding, Setup};
use lookhear::model::Bundle;
use lookhear::preprocess::spectrogram;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = Bundle::built_in()?.into_engine(&Setup::default())?;
    let mut embeddings: Vec<(String, Vec<f32>)> = Vec::new();
    for file in std::env::args().skip(1) {
        let samples: Result<Vec<i16>, hound::Error> = hound::WavReader::open(&file)?.samples().collect();
        let second: Vec<f32> = samples?.into_iter().map(|sample| f32::from(sample) / 32768.0).collect();
        let mut heard = AudioEncoding::default();
        engine.encode_audio(&spectrogram::second(&second), &mut heard);
        for (other, embedding) in &embeddings {
            println!("{file}, {other}: {:.3}", cosine(&heard.embedding, embedding));
        }
        embeddings.push((file, heard.embedding));
    }
    Ok(())
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
