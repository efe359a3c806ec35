//! Programs that are killed at moments of chance, with their decoders and encoders.

// Two test binaries have this module, each as its own.
#![allow(unreachable_pub)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Longer than anything takes on a busy machine.
const AT_LAST: Duration = Duration::from_secs(60);

/// What is ended, and how.
#[derive(Clone, Copy, Debug)]
pub enum Blow {
    /// `kill -9` of one of the program's children.
    Child,
    /// `kill -9` of the program.
    Program,
    /// SIGTERM to the program.
    Asked,
}

const BLOWS: [Blow; 3] = [Blow::Child, Blow::Program, Blow::Asked];

/// How often to try: `LOOKHEAR_KILLS` times, or a few.
pub fn times() -> u64 {
    std::env::var("LOOKHEAR_KILLS").map_or(6, |times| times.parse().unwrap())
}

/// A command of the program, in a folder.
pub fn command(program: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs a command to its end; what it said. Panics unless it ends well.
pub fn complete(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// Starts a command, and ends it at a moment of chance within a time. Nothing that runs in the folder is left after it.
pub fn struck(mut command: Command, folder: &Path, within: Duration, number: u64) -> (Blow, Output) {
    let mut random = ChaCha8Rng::seed_from_u64(number);
    let mut child = command.spawn().unwrap();
    thread::sleep(within.mul_f64(random.random()));
    let blow = BLOWS[number as usize % BLOWS.len()];
    match blow {
        Blow::Child => {
            if let Some(one) = working_in(folder).into_iter().find(|process| *process != child.id()) {
                signal("-KILL", one);
            }
        }
        Blow::Program => drop(child.kill()),
        Blow::Asked => signal("-TERM", child.id()),
    }
    at_last("the program ends", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    at_last("its children end", || working_in(folder).is_empty());
    (blow, output)
}

fn signal(name: &str, process: u32) {
    // It may have ended by itself.
    _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status();
}

/// Processes, zombies aside, whose working directory this is.
fn working_in(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().unwrap();
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|process: &u32| fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|cwd| cwd == folder))
        .collect()
}

fn at_last(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < AT_LAST, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Files of a folder that are not hidden, in the order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.')).collect();
    files.sort();
    files
}
