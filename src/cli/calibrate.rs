//! `lookhear calibrate`: how far picture and sound of two devices lie apart.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::Args;
use image::{Rgb, RgbImage};
use lookhear::capture::Offsets;
use lookhear::capture::calibration::Calibration;
use lookhear::media::{Encoder, FRAME_RATE, Quality};
use lookhear::output::Output;
use lookhear::preprocess::SAMPLE_RATE;

use super::arguments::existing;
use super::devices::DeviceArguments;
use super::ending::{Failure, controls};

#[derive(Args)]
pub(super) struct Calibrate {
    #[command(flatten)]
    devices: DeviceArguments,
    /// How long to look and listen.
    #[arg(long, default_value_t = 15.0, value_name = "SECONDS")]
    seconds: f64,
    /// Measure nothing, but write the video with flashes and beeps, to be played on a phone.
    #[arg(long, value_name = "FILE")]
    make: Option<PathBuf>,
    /// Let the video replace a file that is there already.
    #[arg(long, requires = "make")]
    force: bool,
    /// One JSON line with the result.
    #[arg(long)]
    json: bool,
    /// Tell the result without storing it.
    #[arg(long)]
    dry_run: bool,
}

impl Calibrate {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(target) = &self.make {
            make(Output::new(target, existing(self.force))?)?;
            say!(
                "Play {} on a phone, with sound, before the camera; then: lookhear calibrate",
                target.display()
            );
            return Ok(());
        }
        let controls = controls()?;
        let mut source = self.devices.open(Some(0.0));
        eprintln!(
            "Looking for flashes and listening for beeps, {:.0} s. A clip for a phone makes",
            self.seconds
        );
        eprintln!("`lookhear calibrate --make flashes.mp4`; a lamp switched on with a clap does as well.");
        let mut calibration = Calibration::default();
        let (mut frames, mut sound, mut latest) = (Vec::new(), Vec::new(), f64::NEG_INFINITY);
        let hops = (self.seconds * f64::from(FRAME_RATE)) as u32;
        for hop in 1..=hops {
            let t = f64::from(hop) / f64::from(FRAME_RATE);
            sound.clear();
            frames.clear();
            source.sound(SAMPLE_RATE / FRAME_RATE as usize, &mut sound);
            source.frames(t, &mut frames);
            calibration.sound(&sound);
            for frame in &frames {
                if frame.captured > latest {
                    calibration.frame(frame.captured, &frame.picture);
                    latest = frame.captured;
                }
            }
            if controls.stop.load(Ordering::Relaxed) {
                break;
            }
            if hop % FRAME_RATE == 0 && std::io::stderr().is_terminal() {
                let (flashes, beeps) = calibration.counts();
                eprint!("\r{flashes} flashes, {beeps} beeps ");
                let _ = std::io::stderr().flush();
            }
        }
        let health = source.monitor().map(|monitor| monitor.health());
        let (flashes, beeps) = calibration.counts();
        let measured = calibration.measure().ok_or_else(|| {
            let trouble = health.map_or(String::new(), |health| {
                format!("; camera: {}; microphone: {}", health.camera.detail, health.microphone.detail)
            });
            format!(
                "{flashes} flashes and {beeps} beeps, at least 3 that belong together are needed{trouble}"
            )
        })?;
        match self.json {
            true => say!("{}", serde_json::to_string(&measured)?),
            false => say!(
                "The camera's times need {:+.0} ms (standard deviation {:.0} ms, {} pairs).",
                measured.offset_ms,
                measured.sd_ms,
                measured.pairs
            ),
        }
        if !self.dry_run {
            let (camera, microphone) = self.devices.pair();
            let path = Offsets::store(&camera, &microphone, measured.offset_ms)?;
            eprintln!("Stored in {}; `lookhear live` uses it for this pair.", path.display());
        }
        Ok(())
    }
}

/// Twenty flashes with beeps, 1.5 seconds apart.
fn make(output: Output) -> Result<(), Failure> {
    const EVERY: usize = 36;
    const LIT: usize = 4;
    let mut encoder = Encoder::start(output, (640, 360), Quality::Shown)?;
    for frame in 0..20 * EVERY {
        let lit = frame % EVERY < LIT;
        let picture = RgbImage::from_pixel(640, 360, Rgb([if lit { 255 } else { 0 }; 3]));
        let samples = SAMPLE_RATE / FRAME_RATE as usize;
        let tone = |n: usize| (std::f32::consts::TAU * 1000.0 * n as f32 / SAMPLE_RATE as f32).sin() * 0.7;
        let sound: Vec<f32> = (0..samples).map(|n| if lit { tone(n) } else { 0.0 }).collect();
        encoder.add([&picture], &sound)?;
    }
    Ok(encoder.finish()?)
}
