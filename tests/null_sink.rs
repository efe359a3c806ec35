//! A microphone through the real sound system, without a sound card: PipeWire with a null sink whose
//! monitor is the default source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use realfft::RealFftPlanner;
use tempfile::TempDir;

const RATE: usize = 48_000;
/// Seconds of the signal.
const SECONDS: usize = 3;

/// A sound system of its own, with its own settings.
struct SoundSystem {
    environment: HashMap<&'static str, PathBuf>,
    daemons: Vec<Child>,
    _folder: TempDir,
}

impl SoundSystem {
    fn start(rate: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bus = format!("unix:path={}/bus", folder.path().display());
        let settings = folder.path().join("pipewire/pipewire.conf.d");
        std::fs::create_dir_all(&settings).unwrap();
        let clock = format!(
            "context.properties = {{ default.clock.rate = {rate} default.clock.allowed-rates = [ {rate} ] }}"
        );
        std::fs::write(settings.join("rate.conf"), clock).unwrap();
        let environment = HashMap::from([
            ("XDG_RUNTIME_DIR", folder.path().to_path_buf()),
            ("XDG_CONFIG_HOME", folder.path().to_path_buf()),
            ("HOME", folder.path().to_path_buf()),
            ("DBUS_SESSION_BUS_ADDRESS", bus.clone().into()),
        ]);
        let mut system = Self { environment, daemons: vec![], _folder: folder };
        system.daemon(
            Command::new("dbus-daemon").args(["--session", "--nofork", "--nopidfile", "--address"]).arg(bus),
        );
        thread::sleep(Duration::from_millis(300));
        system.daemon(&mut Command::new("pipewire"));
        thread::sleep(Duration::from_millis(300));
        system.daemon(&mut Command::new("wireplumber"));
        system.daemon(&mut Command::new("pipewire-pulse"));
        system.pactl(&["info"]);
        let format = format!("rate={rate}");
        for arguments in [
            &["load-module", "module-null-sink", "sink_name=fake", &format, "channels=2"][..],
            &["set-default-sink", "fake"],
            &["set-default-source", "fake.monitor"],
        ] {
            system.pactl(arguments);
        }
        system
    }

    /// Tried until it succeeds: the daemons come up one after the other, each in its own time.
    fn pactl(&self, arguments: &[&str]) {
        let begin = Instant::now();
        while !self.command("pactl").args(arguments).stdout(Stdio::null()).status().unwrap().success() {
            assert!(begin.elapsed() < Duration::from_secs(20), "pactl {arguments:?} fails");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(&self.environment).stderr(Stdio::null());
        command
    }

    fn daemon(&mut self, command: &mut Command) {
        command.envs(&self.environment).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.daemons.push(command.spawn().unwrap());
    }
}

impl Drop for SoundSystem {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// A sweep from 300 to 4000 Hz at half of full scale, `late` samples late.
fn sweep(late: f64) -> Vec<f32> {
    let sample = |n: usize| {
        let t = (n as f64 - late) / RATE as f64;
        let slope = (4000.0 - 300.0) / SECONDS as f64;
        ((std::f64::consts::TAU * (300.0 * t + 0.5 * slope * t * t)).sin() * 0.5) as f32
    };
    (0..SECONDS * RATE).map(sample).collect()
}

/// 16 bits, mono, by ffmpeg's own writer.
fn write_wav(path: &Path, samples: &[f32]) {
    let raw = path.with_extension("raw");
    std::fs::write(&raw, samples.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    let rate = RATE.to_string();
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "f32le", "-ar", &rate, "-ac", "1", "-i"])
        .arg(raw)
        .args(["-c:a", "pcm_s16le"])
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}

/// The highest normalized correlation of the sweep with any part of a recording, to a twentieth of a sample:
/// resampling moves sound by parts of one.
fn correlation(recording: &[f32]) -> f64 {
    let signal = &sweep(0.0)[..];
    let length = (signal.len() + recording.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let transform = |samples: &[f32]| {
        let (mut padded, mut spectrum) = (samples.to_vec(), forward.make_output_vec());
        padded.resize(length, 0.0);
        forward.process(&mut padded, &mut spectrum).unwrap();
        spectrum
    };
    let (a, b) = (transform(signal), transform(recording));
    let mut product: Vec<_> = a.iter().zip(&b).map(|(a, b)| a.conj() * b).collect();
    (product[0].im, product[length / 2].im) = (0.0, 0.0);
    let mut dots = inverse.make_output_vec();
    inverse.process(&mut product, &mut dots).unwrap();
    let places = recording.len() - signal.len();
    let best = (0..places).max_by(|a, b| dots[*a].total_cmp(&dots[*b])).unwrap();
    let part = &recording[best..best + signal.len()];
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum::<f64>();
    let normalized = |signal: &[f32]| dot(signal, part) / (dot(signal, signal) * dot(part, part)).sqrt();
    (-20..=20).map(|late| normalized(&sweep(f64::from(late) / 20.0))).fold(0.0, f64::max)
}

fn records_what_was_played(rate: usize) {
    let system = SoundSystem::start(rate);
    let folder = tempfile::tempdir().unwrap();
    let (wav, record) = (folder.path().join("sweep.wav"), folder.path().join("record"));
    write_wav(&wav, &sweep(0.0));
    let mut live = system.command(env!("CARGO_BIN_EXE_lookhear"));
    let live = live
        // So that the program, not PipeWire, has to bring it to 48 kHz.
        .env("PIPEWIRE_ALSA", format!("{{ alsa.rate = {rate} }}"))
        .args([
            "live",
            "--camera",
            "studio",
            "--json",
            "--hop",
            "0.2",
            "--seconds",
            "8",
            "--stats",
            "--record",
        ])
        .arg(&record)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(3));
    assert!(system.command("paplay").arg("--device=fake").arg(&wav).status().unwrap().success());
    let output = live.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("{rate} Hz:\n{said}");
    assert!(output.status.success());
    assert!(said.contains(&format!("microphone is on ({rate} Hz")), "{said}");
    let recording = lookhear::media::sound(&record.join("session.mkv")).unwrap();
    let found = correlation(&recording);
    println!("correlation {found:.6}");
    assert!(found > 0.999, "correlation {found}");
}

#[test]
#[ignore = "needs PipeWire: .ci/sound runs it"]
fn a_microphone_at_48_khz_is_heard_exactly() {
    records_what_was_played(48_000);
}

#[test]
#[ignore = "needs PipeWire: .ci/sound runs it"]
fn a_microphone_at_44_1_khz_is_heard_exactly() {
    records_what_was_played(44_100);
}
