//! All against all: a table of scores.

use std::ffi::OsStr;
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use lookhear::batch::{Matrix, Name, Once, Table, names};
use lookhear::media::endings::{PICTURES, SOUNDS, VIDEOS};
use lookhear::output::{Output, is_same};
use lookhear::pipeline::Controls;

use super::report::Report;
use crate::cli::arguments::{ModelArguments, existing};
use crate::cli::ending::{Failure, Unfinished, controls_at_once};

/// Where the table goes.
#[derive(Args)]
pub(super) struct TableArguments {
    /// Where the table goes; without it, to standard output.
    #[arg(long, value_name = "FILE", requires = "matrix")]
    out: Option<PathBuf>,
    /// The table's format: tsv or npz. Without it, that which the file's name ends with.
    #[arg(long, value_name = "FORMAT", requires = "matrix")]
    table: Option<Table>,
    /// Let the table replace a file that is there already.
    #[arg(long, requires = "out")]
    force: bool,
}

impl TableArguments {
    /// The place of the table, if it is to be a file; never one of the inputs.
    fn output<'a>(&self, mut inputs: impl Iterator<Item = &'a Path>) -> Result<Option<Output>, Failure> {
        let Some(target) = &self.out else { return Ok(None) };
        if let Some(input) = inputs.find(|input| is_same(input, target)) {
            let (target, input) = (target.display(), input.display());
            return Err(format!("{target} is what is read ({input}): give another name by --out").into());
        }
        Ok(Some(Output::new(target, existing(self.force))?))
    }
}

pub(super) fn run(
    model: &ModelArguments,
    pictures_given: &OsStr,
    sounds_given: &OsStr,
    arguments: &TableArguments,
) -> Result<(), Failure> {
    let pictures = all("pictures", pictures_given, &[&PICTURES[..], &VIDEOS].concat())?;
    let sounds = all("sounds", sounds_given, &[&SOUNDS[..], &VIDEOS].concat())?;
    let table = table(arguments)?;
    let inputs = [Path::new(pictures_given), Path::new(sounds_given)];
    let inputs = inputs.into_iter().chain(pictures.iter().chain(&sounds).map(Name::file));
    // Before anything is judged: another run may be writing there.
    let output = arguments.output(inputs)?;
    let controls = controls_at_once()?;
    let mut judge = model.load()?;
    let mut once = Once::new(&mut judge, pictures.clone(), sounds.clone())?;
    let mut report = Report::new(pictures.len() * sounds.len());
    let names = [&*pictures, &*sounds];
    match output {
        Some(output) => into_file(output, table, &mut once, names, &controls, &mut report),
        None => {
            let out = Box::new(BufWriter::new(io::stdout().lock()));
            let matrix = Matrix::tsv(out, &sounds).map_err(Failure::from);
            let ended = matrix.and_then(|matrix| fill(matrix, &mut once, names, &controls, &mut report));
            ended.or_else(|error| match error.downcast::<io::Error>() {
                // The reader may stop early, as `head` does.
                Ok(error) if error.kind() == ErrorKind::BrokenPipe => {
                    report.bar.finish_and_clear();
                    Ok(())
                }
                Ok(error) => Err(format!("standard output cannot be written: {error}").into()),
                Err(error) => Err(error),
            })
        }
    }
}

/// Writes the table beside its place, and moves it there when it is complete.
fn into_file(
    mut output: Output,
    table: Table,
    once: &mut Once,
    names: [&[Name]; 2],
    controls: &Controls,
    report: &mut Report,
) -> Result<(), Failure> {
    let name = output.name().display().to_string();
    let unwritable = |error: io::Error| format!("{name} cannot be written: {error}");
    let [pictures, sounds] = names;
    let file = output.file();
    let matrix = match table {
        Table::Tsv => Matrix::tsv(Box::new(BufWriter::new(file)), sounds),
        Table::Npz => Matrix::npz(file, pictures.len(), sounds.len()),
    };
    let ended = fill(matrix.map_err(unwritable)?, once, names, controls, report);
    if ended.as_ref().is_err_and(|error| !is_complete(error)) {
        return ended.map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) => unwritable(*error).into(),
            Err(error) => error,
        });
    }
    output.complete()?;
    ended
}

/// Some pairs could not be judged, which the table says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Incomplete(String);

/// Whether there is a table in spite of an error.
fn is_complete(error: &Failure) -> bool {
    error.is::<Incomplete>() || matches!(error.downcast_ref(), Some(Unfinished::Damaged(_)))
}

fn fill(
    mut matrix: Matrix,
    once: &mut Once,
    [pictures, sounds]: [&[Name]; 2],
    controls: &Controls,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut scores = vec![f32::NAN; sounds.len()];
    for (n, picture) in pictures.iter().enumerate() {
        for (sound, score) in scores.iter_mut().enumerate() {
            if controls.stop.load(Ordering::Relaxed) {
                report.bar.finish_and_clear();
                let words = format!(" after {n} of {} pictures; there is no table", pictures.len());
                return Err(Unfinished::Interrupted(words).into());
            }
            let judged = once.judge(n, sound, false);
            report.damaged(once);
            *score = match judged {
                Ok(event) => event.score,
                Err(error) => {
                    report.failed(1, error.to_string());
                    f32::NAN
                }
            };
            report.bar.inc(1);
        }
        matrix.row(picture, &scores)?;
    }
    let levels: Vec<f32> = (0..sounds.len()).map(|sound| once.level(sound).unwrap_or(f32::NAN)).collect();
    matrix.finish(pictures, sounds, &levels)?;
    report.end("pairs").map_err(|error| match error.is::<Unfinished>() {
        true => error,
        false => Incomplete(error.to_string()).into(),
    })
}

fn all(what: &str, given: &OsStr, endings: &[&str]) -> Result<Vec<Name>, Failure> {
    let shown = given.to_string_lossy();
    let found = names(given, endings).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    match found.is_empty() {
        true => Err(format!("{shown} holds no {what} ({})", endings.join(", ")).into()),
        false => Ok(found),
    }
}

/// The format that was asked for.
fn table(arguments: &TableArguments) -> Result<Table, Failure> {
    let Some(target) = &arguments.out else {
        return match arguments.table {
            Some(Table::Npz) => Err("--table npz: say which file it goes to, by --out FILE.npz".into()),
            _ => Ok(Table::Tsv),
        };
    };
    let ending = target.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match (arguments.table, ending.parse::<Table>()) {
        (Some(table), _) | (None, Ok(table)) => Ok(table),
        (None, Err(_)) => {
            Err(format!("{}: end the name in .tsv or .npz, or say which by --table", target.display()).into())
        }
    }
}
