//! LookHear's side of `make bench-peers`: a process that measures when it is asked to.
//!
//! Lines in, lines of JSON out; `ready` comes first. `time vision|audio|update|tenth|still K` answers the milliseconds of K
//! runs (a tower up to its embedding, as peers run it, or an update with all heads: with all of the picture new, a tenth of
//! it, or nothing), `embed TOWER FILE` the embedding of an input
//! (raw f32), `rss` the peak memory in MiB, `layers` the time of each layer and the processor's peak; `quit` ends the
//! process. With `--samples FOLDER` it writes inputs instead, and with `--make FILE` a network with random weights.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use clap::Parser;
use image::RgbImage;
use lookhear::engine::int::{IntEngine, LayerTimes};
use lookhear::engine::{AudioEncoding, Backend, Engine, ImageEncoding, Judgement, Setup};
use lookhear::media;
use lookhear::model::{Bundle, Network, Sample, Spec, Thresholds, Training};
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};
use lookhear::preprocess::{Fit, Preprocessing, picture, spectrogram};
use lookhear::studio::{self, Play, STAMPS};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

#[derive(Parser)]
struct Arguments {
    /// The bundle.
    #[arg(long, required_unless_present_any = ["make", "samples"])]
    model: Option<PathBuf>,
    /// The engine.
    #[arg(long, default_value = "int")]
    engine: Backend,
    /// Its kernel.
    #[arg(long, default_value = "best")]
    kernel: lookhear::engine::int::kernel::Choice,
    /// Its threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Write a network with random weights, with both heads.
    #[arg(long, value_name = "FILE")]
    make: Option<PathBuf>,
    /// Which one.
    #[arg(long, default_value = "l3")]
    preset: String,
    /// Write inputs of the towers: a moment of each video, or of the virtual studio's play without any.
    #[arg(long, value_name = "FOLDER")]
    samples: Option<PathBuf>,
    /// What to take the moments from.
    videos: Vec<PathBuf>,
}

/// Inputs that are written, at most.
const SAMPLES: usize = 16;

/// Columns of new sound in an update: 40 ms; with a stride in conv1, 80 ms.
fn fresh(spec: &Spec) -> usize {
    let [_, bins, _] = spec.audio.input;
    let strided = spec.audio.shapes()[0].output[1] < bins;
    if strided { 16 } else { 8 }
}

/// Numbers that are never twice the same, so that nothing can be kept from run to run.
fn noise(count: usize, seed: u32, low: f32, high: f32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        low + (high - low) * (state >> 8) as f32 / 16_777_216.0
    };
    (0..count).map(|_| next()).collect()
}

/// A picture `[channels, height, width]` that never changes, but for a square of a tenth of it in the middle.
fn changed_by_a_tenth([channels, height, width]: [usize; 3], seed: u32) -> Vec<f32> {
    let [mut picture, new] = [0, seed].map(|seed| noise(channels * height * width, seed, -1.0, 1.0));
    let middle = |all: usize| {
        let side = (all as f64 * 0.1f64.sqrt()).round() as usize;
        (all - side) / 2..(all + side) / 2
    };
    for row in (0..channels).flat_map(|channel| middle(height).map(move |row| channel * height + row)) {
        let columns = row * width + middle(width).start..row * width + middle(width).end;
        picture[columns.clone()].copy_from_slice(&new[columns]);
    }
    picture
}

/// The integer engine can do more than others: run a tower without its heads, as peers do, and time its layers.
enum Runner {
    Int(Box<IntEngine>),
    Other(Box<dyn Engine>),
}

struct Worker {
    runner: Runner,
    spec: Spec,
    seen: ImageEncoding,
    heard: AudioEncoding,
    judgement: Judgement,
    /// The last second of a stream of sound, and the number of columns that were heard.
    second: Vec<Vec<f32>>,
    heard_columns: usize,
}

impl Runner {
    fn engine(&mut self) -> &mut dyn Engine {
        match self {
            Self::Int(engine) => &mut **engine,
            Self::Other(engine) => &mut **engine,
        }
    }

    /// Runs a tower up to its embedding.
    fn tower(&mut self, tower: &str, input: &[f32], seen: &mut ImageEncoding, heard: &mut AudioEncoding) {
        match (self, tower) {
            (Self::Int(engine), "vision") => engine.embed_picture(input, &mut seen.embedding),
            (Self::Int(engine), _) => engine.embed_sound(input, &mut heard.embedding),
            (Self::Other(engine), "vision") => engine.encode_image(input, seen),
            (Self::Other(engine), _) => engine.encode_audio(input, heard),
        }
    }
}

impl Worker {
    fn run(&mut self, what: &str, number: usize) -> Result<f64, Box<dyn Error>> {
        let seed = number as u32;
        let picture = match what {
            "still" => changed_by_a_tenth(self.spec.vision.input, 1),
            "tenth" => changed_by_a_tenth(self.spec.vision.input, seed + 1),
            _ => noise(self.spec.vision.input.iter().product(), seed, -1.0, 1.0),
        };
        let sound = noise(BINS * COLUMNS, seed, 0.0, 2.5);
        let fresh = fresh(&self.spec);
        if matches!(what, "update" | "tenth" | "still") {
            self.second.drain(..fresh);
            let columns = (0..fresh).map(|n| noise(BINS, (self.heard_columns + n) as u32, 0.0, 2.5));
            self.second.extend(columns);
            self.heard_columns += fresh;
        }
        let begin = Instant::now();
        let Self { runner, seen, heard, .. } = self;
        match what {
            "vision" => runner.tower(what, &picture, seen, heard),
            "audio" => runner.tower(what, &sound, seen, heard),
            "update" | "tenth" | "still" => {
                let engine = runner.engine();
                engine.encode_image(&picture, seen);
                engine.encode_stream(&self.second, fresh, heard);
                engine.judge(seen, heard, &mut self.judgement);
            }
            other => return Err(format!("there is no {other} to time").into()),
        }
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }

    fn embed(&mut self, tower: &str, file: &str) -> Result<Value, Box<dyn Error>> {
        let bytes = std::fs::read(file)?;
        let (floats, _) = bytes.as_chunks::<4>();
        let values: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        self.runner.tower(tower, &values, &mut self.seen, &mut self.heard);
        let embedding = if tower == "vision" { &self.seen.embedding } else { &self.heard.embedding };
        Ok(json!({ "embedding": embedding }))
    }

    fn layers(&mut self) -> Result<Value, Box<dyn Error>> {
        let Runner::Int(int) = &mut self.runner else {
            return Err("only the engine int knows its layers".into());
        };
        let LayerTimes { peak, layers } = int.measure_layers();
        let rows: Vec<Value> = layers
            .into_iter()
            .map(|layer| {
                json!({
                    "tower": layer.tower, "name": layer.layer, "ms": layer.seconds * 1e3,
                    "gmac_per_s": layer.macs as f64 / layer.seconds / 1e9,
                    "share": layer.share(peak),
                })
            })
            .collect();
        Ok(json!({ "peak_gmac": peak / 1e9, "layers": rows }))
    }

    fn answer(&mut self, request: &str) -> Result<Value, Box<dyn Error>> {
        match request.split_whitespace().collect::<Vec<_>>()[..] {
            ["time", what, count] => {
                // Once before, so that the first picture comes after one of its kind.
                let count = count.parse()?;
                self.run(what, count)?;
                let ms: Result<Vec<f64>, _> = (0..count).map(|n| self.run(what, n)).collect();
                Ok(json!({ "ms": ms? }))
            }
            ["embed", tower, file] => self.embed(tower, file),
            ["rss"] => {
                let status = std::fs::read_to_string("/proc/self/status")?;
                let peak = status.split("VmHWM:").nth(1).and_then(|rest| rest.split_whitespace().next());
                Ok(json!({ "mib": peak.ok_or("no VmHWM")?.parse::<f64>()? / 1024.0, "base": 0.0 }))
            }
            ["layers"] => self.layers(),
            _ => Err(format!("unknown request {request}").into()),
        }
    }
}

/// A preset's towers with both heads (`ave` has one that shares with no other): everything that a live update needs.
/// Activation ranges are measured on what the peers calibrate on.
fn make(file: &Path, preset: &str, inputs: &[Sample]) -> Result<(), Box<dyn Error>> {
    let mut spec = Spec::preset(preset).ok_or_else(|| format!("no preset {preset}"))?;
    if spec.distance.is_none() {
        spec.localization =
            spec.localization.or_else(|| Spec::preset("avol").and_then(|avol| avol.localization));
    }
    let device = Device::flex();
    device.seed(1);
    let network = Network::new(&spec, &device);
    let training = Training { data: "none: random weights".into(), ..Training::default() };
    let preprocessing = Preprocessing::new(Fit::Crop);
    let bundle = Bundle::new(spec, network, preprocessing, Thresholds::default(), training, inputs)?;
    Ok(std::fs::write(file, bundle.as_bytes())?)
}

/// The middle of each video; without videos, moments of the virtual studio.
fn samples(videos: &[PathBuf]) -> Result<Vec<Sample>, Box<dyn Error>> {
    let sample = |frame: &RgbImage, second: &[f32]| {
        let square = picture::square(frame, Fit::Crop, 224);
        (picture::normalize(&square), spectrogram::second(second))
    };
    if videos.is_empty() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let cast = studio::cast(Path::new(STAMPS), &mut rng);
        let acts = Play::new(&cast, SAMPLES, (640, 360), &mut rng).acts;
        return Ok(acts.iter().map(|act| sample(&act.picture, &act.sound)).collect());
    }
    let of_video = |video: &PathBuf| {
        let t = media::probe(video)?.seconds / 2.0;
        Ok(sample(&media::frame_at(video, t)?, &media::sound_at(video, t)?))
    };
    videos.iter().take(SAMPLES).map(of_video).collect()
}

/// Writes `vision_NN.f32` and `audio_NN.f32`.
fn write_samples(folder: &Path, samples: &[Sample]) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    for (n, (picture, sound)) in samples.iter().enumerate() {
        for (tower, values) in [("vision", picture), ("audio", sound)] {
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            std::fs::write(folder.join(format!("{tower}_{n:02}.f32")), bytes)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if arguments.make.is_some() || arguments.samples.is_some() {
        let samples = samples(&arguments.videos)?;
        if let Some(folder) = &arguments.samples {
            write_samples(folder, &samples)?;
        }
        return arguments.make.map_or(Ok(()), |file| make(&file, &arguments.preset, &samples));
    }
    let model = arguments.model.ok_or("--model is missing")?;
    let bundle = Bundle::load(&model)?;
    let setup =
        Setup { backend: arguments.engine, threads: Some(arguments.threads), kernel: arguments.kernel };
    let spec = bundle.manifest.spec.clone();
    let runner = match setup.backend {
        Backend::Int => Runner::Int(Box::new(bundle.into_int_engine(&setup)?)),
        _ => Runner::Other(bundle.into_engine(&setup)?),
    };
    let mut worker = Worker {
        runner,
        spec,
        seen: ImageEncoding::default(),
        heard: AudioEncoding::default(),
        judgement: Judgement::default(),
        second: vec![vec![0.0; BINS]; COLUMNS],
        heard_columns: 0,
    };
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim() == "quit" {
            break;
        }
        let reply = worker.answer(&line).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        println!("{reply}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
