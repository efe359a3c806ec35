//! Generated videos and sounds, and what was prepared of them.

// Every test binary has this module and uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use image::RgbImage;
use image::imageops::{self, FilterType};
use lookhear_train::prepare::Settings;
use lookhear_train::shards::Sample;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

/// Settings that put all into the training side, three clips in a shard.
pub fn settings(videos: &Path, out: &Path) -> Settings {
    Settings {
        videos: videos.into(),
        tables: None,
        out: out.into(),
        clip_seconds: 2.0,
        fps: 5.0,
        side: 64,
        quality: 90,
        shard_clips: 3,
        held_out: 0.0,
        validation: 0.0,
        jobs: 2,
    }
}

/// A corpus of two classes: red pictures with a low tone, blue ones with a high tone.
pub fn corpus() -> TempDir {
    corpus_of(12)
}

/// The same with `count` photos and sounds of each class.
pub fn corpus_of(count: u8) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (class, color, step) in [("low", [200, 40, 40], 0.03f32), ("high", [40, 40, 200], 0.4)] {
        let (photos, sounds) =
            (folder.path().join("photos").join(class), folder.path().join("sounds").join(class));
        std::fs::create_dir_all(&photos).unwrap();
        std::fs::create_dir_all(&sounds).unwrap();
        for i in 0..count {
            let shade = image::Rgb([color[0] + i / 4, color[1] + i, color[2]]);
            RgbImage::from_pixel(60, 50, shade).save(photos.join(format!("{i}.png"))).unwrap();
            let tone = |n: u32| 0.3 * (n as f32 * step * (1.0 + 0.01 * f32::from(i))).sin();
            write_wav(&sounds.join(format!("{i}.wav")), (0..60_000).map(tone));
        }
    }
    folder
}

/// Whether a picture `[3, 224, 224]` is red rather than blue.
pub fn is_red(picture: &[f32]) -> bool {
    let plane = picture.len() / 3;
    picture[..plane].iter().sum::<f32>() > picture[2 * plane..].iter().sum::<f32>()
}

/// Whether a spectrogram `[257, 199]` has more below 1 kHz than at 6 kHz.
pub fn is_low(sound: &[f32]) -> bool {
    let bin = |b: usize| sound[b * 199..(b + 1) * 199].iter().sum::<f32>();
    bin(3) > bin(64)
}

/// 48 kHz mono, 16 bits.
pub fn write_wav(path: &Path, samples: impl Iterator<Item = f32>) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.for_each(|s| writer.write_sample((s * 32_767.0) as i16).unwrap());
    writer.finalize().unwrap();
}

/// The program with arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear-train"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// All that it said.
pub fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// Starts it, waits until `begun`, asks it to end as Ctrl-C does, and returns what it said.
pub fn ended(arguments: &[&str], begun: impl Fn() -> bool) -> String {
    let mut child = program(arguments).spawn().unwrap();
    let start = Instant::now();
    while !begun() && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(120), "training does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

/// Runs until the first step can have begun, asks it to end as Ctrl-C does, and returns what it said.
pub fn interrupted(arguments: &[&str], metrics: &Path) -> String {
    let _ = std::fs::remove_file(metrics);
    // Opened once Ctrl-C is listened for.
    ended(arguments, || metrics.exists())
}

/// Runs ffmpeg with these arguments.
pub fn ffmpeg(arguments: &[&str], target: &Path) {
    let status = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).arg(target).status();
    assert!(status.unwrap().success(), "{arguments:?}");
}

/// A video of one colour with a tone.
pub fn plain(target: &Path, color: &str, hertz: u32, seconds: &str) {
    let picture = format!("color=c={color}:size=160x120:rate=25");
    let sound = format!("sine=frequency={hertz}:sample_rate=48000");
    ffmpeg(
        &["-f", "lavfi", "-t", seconds, "-i", &picture, "-f", "lavfi", "-t", seconds, "-i", &sound],
        target,
    );
}

/// A video of soft blobs, others for every seed, with a tone; `size` is that of the file.
pub fn blobs(target: &Path, seed: u64, size: &str, seconds: &str) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let coarse = image::RgbImage::from_fn(12, 9, |_, _| image::Rgb(std::array::from_fn(|_| rng.random())));
    let png = target.with_extension("png");
    imageops::resize(&coarse, 320, 240, FilterType::CatmullRom).save(&png).unwrap();
    let (picture, sound) =
        (png.to_string_lossy(), format!("sine=frequency={}:sample_rate=48000", 200 + 50 * seed));
    let pictures = ["-loop", "1", "-framerate", "25", "-t", seconds, "-i", &picture];
    let sounds = ["-f", "lavfi", "-t", seconds, "-i", &sound, "-s", size, "-pix_fmt", "yuv420p"];
    ffmpeg(&[&pictures[..], &sounds[..]].concat(), target);
    std::fs::remove_file(png).unwrap();
}

/// Black and silent, then white with a tone from second `at` on; exact sound.
pub fn switch(target: &Path, at: f64, seconds: f64) {
    let rest = seconds - at;
    let picture = format!(
        "color=c=black:s=160x120:r=25:d={at}[a];color=c=white:s=160x120:r=25:d={rest}[b];[a][b]concat=n=2:v=1:a=0"
    );
    let sound = format!("aevalsrc='gte(t,{at})*0.5*sin(2764.6*t)':s=48000:d={seconds}");
    ffmpeg(&["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound, "-c:a", "pcm_s16le"], target);
}

/// The files of a folder that end in this, in order, with their bytes.
pub fn files(folder: &Path, ending: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| name.ends_with(ending))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The JSON files in a folder's shards.
pub fn samples(folder: &Path) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (_, bytes) in files(folder, ".tar") {
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.path().unwrap().extension().is_some_and(|e| e == "json") {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                samples.push(serde_json::from_str(&text).unwrap());
            }
        }
    }
    samples
}
