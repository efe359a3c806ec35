//! Pairs, one after the other: a JSON line for each.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::Ordering;

use lookhear::batch::{LineError, Name, Once, distinct, pairs};
use lookhear::event::Event;
use lookhear::judge::Judge;
use serde::Serialize;

use super::report::Report;
use crate::cli::arguments::ModelArguments;
use crate::cli::ending::{Failure, Unfinished, controls_at_once};

/// Picture and sound, or the sentence that tells what is wrong with their line.
pub(super) type Pair = Result<(Name, Name), String>;

/// An event with the names of what was judged.
#[derive(Serialize)]
struct Answer<'a> {
    picture: &'a str,
    sound: &'a str,
    #[serde(flatten)]
    event: Event,
}

pub(super) fn run(model: &ModelArguments, list: &Path, map: bool) -> Result<(), Failure> {
    let read = match list.as_os_str() == "-" {
        true => {
            let mut all = Vec::new();
            std::io::stdin().read_to_end(&mut all).map(|_| all)
        }
        false => std::fs::read(list),
    };
    let read = read.map_err(|error| format!("{} cannot be read: {error}", list.display()))?;
    let named = |wrong: LineError| format!("{}, {wrong}", list.display());
    let lines: Vec<Pair> = pairs(&read).into_iter().map(|line| line.map_err(named)).collect();
    if lines.is_empty() {
        return Err(
            format!("{} holds no pairs: a picture, a tab and a sound on each line", list.display()).into()
        );
    }
    let mut report = Report::new(lines.len());
    judged(&mut model.load()?, lines, map, &mut report)
}

/// Judges pairs in order and prints the answers; a pair that fails does not stop those after it.
pub(super) fn judged(
    judge: &mut Judge,
    lines: Vec<Pair>,
    map: bool,
    report: &mut Report,
) -> Result<(), Failure> {
    let controls = controls_at_once()?;
    let total = lines.len();
    let good = || lines.iter().flatten();
    let (pictures, seen) = distinct(good().map(|(picture, _)| picture.clone()));
    let (sounds, heard) = distinct(good().map(|(_, sound)| sound.clone()));
    let mut places = seen.into_iter().zip(heard);
    let mut once = Once::new(judge, pictures, sounds)?;
    for (n, line) in lines.iter().enumerate() {
        if controls.stop.load(Ordering::Relaxed) {
            report.bar.finish_and_clear();
            return Err(Unfinished::Interrupted(format!(" after {n} of {total} pairs")).into());
        }
        let answer = match (line, line.is_ok().then(|| places.next()).flatten()) {
            (Ok((picture, sound)), Some((seen, heard))) => {
                let event = once.judge(seen, heard, map).map_err(|error| error.to_string());
                event.map(|event| (picture, sound, event))
            }
            (Err(wrong), _) => Err(wrong.clone()),
            _ => Err("the list is not what it was".into()),
        };
        report.damaged(&mut once);
        match answer {
            Ok((picture, sound, event)) => match print(report, picture, sound, event) {
                // The reader may stop early, as `head` does.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                printed => {
                    printed.map_err(|error| format!("standard output cannot be written: {error}"))?;
                }
            },
            Err(error) if total == 1 => return Err(error.into()),
            Err(error) => report.failed(1, error),
        }
        report.bar.inc(1);
    }
    report.end("pairs")
}

fn print(report: &Report, picture: &Name, sound: &Name, event: Event) -> std::io::Result<()> {
    let (picture, sound) = (&*picture.shown(), &*sound.shown());
    let mut line = serde_json::to_vec(&Answer { picture, sound, event })?;
    line.push(b'\n');
    report.print(&line)
}
