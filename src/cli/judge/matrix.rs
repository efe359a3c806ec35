//! All against all: a table of scores.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io::{self, BufWriter, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use lookhear::batch::{Matrix, Name, Once, Table, names};
use lookhear::media::endings::{PICTURES, SOUNDS, VIDEOS};
use lookhear::pipeline::Controls;

use super::report::Report;
use crate::cli::arguments::ModelArguments;
use crate::cli::ending::{Failure, Unfinished, controls};

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

pub(super) fn run(
    model: &ModelArguments,
    pictures: &OsStr,
    sounds: &OsStr,
    arguments: &TableArguments,
) -> Result<(), Failure> {
    let pictures = all("pictures", pictures, &[&PICTURES[..], &VIDEOS].concat())?;
    let sounds = all("sounds", sounds, &[&SOUNDS[..], &VIDEOS].concat())?;
    let table = table(arguments)?;
    let controls = controls()?;
    let mut judge = model.load()?;
    let mut once = Once::new(&mut judge, pictures.clone(), sounds.clone())?;
    let mut report = Report::new(pictures.len() * sounds.len());
    let Some(target) = &arguments.out else {
        let out = Box::new(BufWriter::new(io::stdout().lock()));
        let matrix = Matrix::tsv(out, &sounds).map_err(Failure::from);
        return match matrix
            .and_then(|matrix| fill(matrix, &mut once, [&pictures, &sounds], &controls, &mut report))
        {
            // The reader may stop early, as `head` does.
            Err(error)
                if error.downcast_ref().is_some_and(|e: &io::Error| e.kind() == ErrorKind::BrokenPipe) =>
            {
                report.bar.finish_and_clear();
                Ok(())
            }
            other => other,
        };
    };
    let unwritable = |error: io::Error| format!("{} cannot be written: {error}", target.display());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let mut file =
        builder.permissions(Permissions::from_mode(0o644)).tempfile_in(folder).map_err(unwritable)?;
    let matrix = match table {
        Table::Tsv => Matrix::tsv(Box::new(BufWriter::new(file.as_file_mut())), &sounds),
        Table::Npz => Matrix::npz(file.as_file_mut(), pictures.len(), sounds.len()),
    };
    let ended = fill(matrix.map_err(unwritable)?, &mut once, [&pictures, &sounds], &controls, &mut report);
    if ended.as_ref().is_err_and(|error| !is_complete(error)) {
        return ended.map_err(|error| match error.downcast::<io::Error>() {
            Ok(error) => unwritable(*error).into(),
            Err(error) => error,
        });
    }
    match arguments.force {
        true => file.persist(target).map_err(|error| unwritable(error.error))?,
        false => file.persist_noclobber(target).map_err(|error| unwritable(error.error))?,
    };
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

/// The format that was asked for; everything that could be in vain is refused before anything is judged.
fn table(arguments: &TableArguments) -> Result<Table, Failure> {
    let Some(target) = &arguments.out else {
        return match arguments.table {
            Some(Table::Npz) => Err("--table npz: say which file it goes to, by --out FILE.npz".into()),
            _ => Ok(Table::Tsv),
        };
    };
    if let Ok(there) = target.symlink_metadata() {
        if there.is_dir() || !(there.is_file() || there.is_symlink()) {
            return Err(format!("{} is no file: give another name by --out", target.display()).into());
        }
        if !arguments.force {
            return Err(format!(
                "{} is there already: choose another --out, or replace it by --force",
                target.display()
            )
            .into());
        }
    }
    let ending = target.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match (arguments.table, ending.parse::<Table>()) {
        (Some(table), _) | (None, Ok(table)) => Ok(table),
        (None, Err(_)) => {
            Err(format!("{}: end the name in .tsv or .npz, or say which by --table", target.display()).into())
        }
    }
}
