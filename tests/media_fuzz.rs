//! Damaged files of every container through `watch`, `judge` and `embed`: no panic, no hang, no memory without bounds,
//! nothing left running. `LOOKHEAR_FUZZ=2000 cargo test --test media_fuzz` tries so many of each container
//! (`LOOKHEAR_FUZZ_ONLY=mp4`: of one; `LOOKHEAR_FUZZ_FROM=500`: beginning with that number). The damage is made anew from a number alone, so the numbers are the corpus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Files that are given to the program together.
const TOGETHER: usize = 20;

/// So long may one file take at most; on a busy machine, they take far less.
const LIMIT: Duration = Duration::from_secs(20);

/// So much memory may the program and its decoders take.
const MEMORY: u64 = 1 << 30;

const PICTURE: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=1"];
const SOUND: [&str; 4] = ["-f", "lavfi", "-i", "sine=frequency=600:sample_rate=44100:duration=1"];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Video,
    Sound,
    Picture,
}

const CONTAINERS: [(&str, Kind); 7] = [
    ("mp4", Kind::Video),
    ("mkv", Kind::Video),
    ("ts", Kind::Video),
    ("wav", Kind::Sound),
    ("mp3", Kind::Sound),
    ("png", Kind::Picture),
    ("jpg", Kind::Picture),
];

fn make(path: &Path, kind: Kind) {
    let sources = match kind {
        Kind::Video => [&PICTURE[..], &SOUND, &["-preset", "ultrafast"]].concat(),
        Kind::Sound => SOUND.to_vec(),
        Kind::Picture => [&PICTURE[..], &["-frames:v", "1"]].concat(),
    };
    let made =
        Command::new("ffmpeg").args(["-v", "error", "-nostdin", "-y"]).args(sources).arg(path).status();
    assert!(made.unwrap().success(), "{}", path.display());
}

/// The same damage for the same number, on every machine.
fn damaged(good: &[u8], number: u64) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(number);
    let mut bytes = good.to_vec();
    for _ in 0..random.random_range(1..8) {
        if bytes.is_empty() {
            break;
        }
        // Half of it in the first kilobyte, where headers are.
        let reach = if random.random() { bytes.len() } else { bytes.len().min(1024) };
        let at = random.random_range(0..reach);
        let run = at..(at + random.random_range(1..64)).min(bytes.len());
        match random.random_range(0..8) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes[run].fill(0),
            3 => bytes[run].fill(0xff),
            4 => random.fill_bytes(&mut bytes[run]),
            5 => drop(bytes.drain(run)),
            6 => {
                let copy = bytes[run].to_vec();
                let to = random.random_range(0..=bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Processes whose command line has this in it.
fn processes(word: &str) -> Vec<u32> {
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|process: &u32| {
        fs::read(format!("/proc/{process}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(word))
    })
    .collect()
}

/// The memory that a process has, of which nobody else has anything, in bytes.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// Runs the program in a folder; what is wrong with how that went, if anything.
fn fault(folder: &Path, arguments: &[&str], limit: Duration) -> Option<String> {
    let errors = fs::File::create(folder.join("said")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
    let (mut child, begun) = (command.spawn().unwrap(), Instant::now());
    let place = folder.to_str().unwrap();
    let mut most = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let now: u64 = memory(child.id()) + processes(place).into_iter().map(memory).sum::<u64>();
        most = most.max(now);
        if begun.elapsed() > limit || most > MEMORY {
            child.kill().unwrap();
            child.wait().unwrap();
            return Some(format!(
                "{:.1} s, {} MB, without an end",
                begun.elapsed().as_secs_f32(),
                most >> 20
            ));
        }
        thread::sleep(Duration::from_millis(20));
    };
    let said = fs::read_to_string(folder.join("said")).unwrap_or_default();
    if !matches!(status.code(), Some(0 | 1 | 3)) || said.contains("panicked") {
        return Some(format!("{status}: {said}"));
    }
    // A decoder gets a moment to end.
    for _ in 0..100 {
        if processes(place).is_empty() {
            return None;
        }
        thread::sleep(Duration::from_millis(50));
    }
    Some("something still runs".into())
}

/// Gives files to the three commands, together, and one by one if something is wrong, to find which it is.
fn try_all(folder: &Path, files: &[(String, Vec<u8>)], kind: Kind) -> Vec<String> {
    let inputs = folder.join("in");
    fs::create_dir(&inputs).unwrap();
    let mut list = String::new();
    for (name, bytes) in files {
        fs::write(inputs.join(name), bytes).unwrap();
        list += &match kind {
            Kind::Video => format!("in/{name}\tin/{name}\n"),
            Kind::Sound => format!("good.png\tin/{name}\n"),
            Kind::Picture => format!("in/{name}\tgood.wav\n"),
        };
    }
    fs::write(folder.join("list"), list).unwrap();
    // The place in their arguments tells decoders of this run from all others.
    let place = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let (inside, out, pairs) = (place("in"), place("out"), place("list"));
    let commands: [&[&str]; 3] = [
        &["watch", &inside, "--json", "--stall", "5"],
        &["judge", "--pairs", &pairs],
        &["embed", &inside, "--out", &out, "--pool", "global", "--hop", "0.5"],
    ];
    // Together they may take as long as two of them.
    let limit =
        if files.len() == 1 { LIMIT } else { LIMIT * 2 + Duration::from_secs(2) * files.len() as u32 };
    let faults: Vec<_> = commands
        .iter()
        .filter_map(|command| fault(folder, command, limit).map(|fault| format!("{}: {fault}", command[0])))
        .collect();
    fs::remove_dir_all(&inputs).unwrap();
    _ = fs::remove_dir_all(folder.join("out"));
    if faults.is_empty() || files.len() == 1 {
        return faults.into_iter().map(|fault| format!("{}: {fault}", files[0].0)).collect();
    }
    let one_by_one: Vec<_> =
        files.iter().flat_map(|file| try_all(folder, std::slice::from_ref(file), kind)).collect();
    if one_by_one.is_empty() { faults } else { one_by_one }
}

#[test]
fn damaged_files_do_no_harm() {
    let count = std::env::var("LOOKHEAR_FUZZ").map_or(TOGETHER / 2, |count| count.parse().unwrap());
    let from = std::env::var("LOOKHEAR_FUZZ_FROM").map_or(0, |from| from.parse().unwrap());
    let only = std::env::var("LOOKHEAR_FUZZ_ONLY").ok();
    let folder = tempfile::tempdir().unwrap();
    make(&folder.path().join("good.png"), Kind::Picture);
    make(&folder.path().join("good.wav"), Kind::Sound);
    let mut faults = Vec::new();
    for (container, kind) in CONTAINERS {
        if only.as_deref().is_some_and(|only| only != container) {
            continue;
        }
        let whole = folder.path().join(format!("whole.{container}"));
        make(&whole, kind);
        let good = fs::read(whole).unwrap();
        for first in (from..count).step_by(TOGETHER) {
            let numbers = first..(first + TOGETHER).min(count);
            let files: Vec<_> = numbers
                .map(|number| (format!("{number}.{container}"), damaged(&good, number as u64)))
                .collect();
            let found = try_all(folder.path(), &files, kind);
            // For whoever mends it.
            for (name, bytes) in &files {
                if found.iter().any(|fault| fault.starts_with(&format!("{name}:"))) {
                    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
                    fs::create_dir_all(&folder).unwrap();
                    let kept = folder.join(name);
                    fs::write(&kept, bytes).unwrap();
                    println!("kept: {}", kept.display());
                }
            }
            faults.extend(found);
        }
        println!("{count} of {container}, {} faults so far", faults.len());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
