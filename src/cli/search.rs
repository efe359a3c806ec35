//! `lookhear search QUERY ARCHIVE...`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lookhear::batch::Name;
use lookhear::search::{Answer, Kind, LeftOut, Options, Outcome, Query, Sense, Unfit, places, search};
use serde::Serialize;

use super::arguments::ModelArguments;
use super::ending::{Failure, Unfinished};

#[derive(Args)]
pub(super) struct Search {
    /// A picture, a sound or a video, or a moment of one: clip.mp4@3.5. Of a sound without a moment, its loudest second.
    #[arg(value_name = "QUERY")]
    query: OsString,
    /// What `lookhear embed` wrote: Parquet or NPZ files, or folders of them. Pictures are found by sounds, and sounds by pictures,
    /// in what was written with `--space shared`.
    #[arg(required = true, value_name = "ARCHIVE")]
    archives: Vec<PathBuf>,
    /// Which side of a video asks: sound (if left out) or picture.
    #[arg(long, value_name = "SENSE")]
    by: Option<Sense>,
    /// Find only sounds or only pictures: sound or picture.
    #[arg(long = "in", value_name = "SENSE")]
    only: Option<Sense>,
    /// How many results.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    top: u32,
    /// Let every moment be a result, not only the best one of each file.
    #[arg(long)]
    every_moment: bool,
    /// One JSON line per result instead of words.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArguments,
}

/// A result for programs.
#[derive(Serialize)]
struct Line<'a> {
    rank: usize,
    sense: &'a str,
    space: &'a str,
    file: &'a str,
    archive: &'a str,
    t: Option<f64>,
    score: f32,
}

impl Search {
    pub(super) fn run(self) -> Result<(), Failure> {
        let places = places(&self.archives)?;
        let name = Name::new(self.query);
        let shown = name.shown();
        let hint = name.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        let (query, loss) = Query::read(name, self.by).map_err(|error| format!("{error}{hint}"))?;
        if !loss.is_nothing() {
            log::warn!("{shown}: {loss}; the rest was used");
        }
        let mut judge = self.model.load()?;
        let options = Options { top: self.top as usize, every_moment: self.every_moment, only: self.only };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed_precise} + {eta_precise}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(places.len() as u64).with_style(style);
        let outcome = search(&mut judge, &query, &places, options, &|| bar.inc(1));
        bar.finish_and_clear();
        let outcome = outcome?;

        match self.json {
            true => lines(&outcome),
            false => words(&outcome),
        }
        tell(&format!("by the {} of {shown}", query.sense()), &outcome);
        let lost = outcome.left_out.iter().filter(|left| !matches!(left.reason, Unfit::Space { .. })).count();
        match (lost, loss.is_nothing()) {
            (0, true) => Ok(()),
            (0, false) => Err(Unfinished::Damaged(format!("{shown} was damaged")).into()),
            _ => {
                Err(Unfinished::Damaged(format!("{lost} of {} archives were not searched", places.len()))
                    .into())
            }
        }
    }
}

fn lines(outcome: &Outcome) {
    for list in &outcome.lists {
        for (n, Answer { file, archive, t, score }) in list.answers.iter().enumerate() {
            let line = Line {
                rank: n + 1,
                sense: list.kind.sense.name(),
                space: list.kind.space.name(),
                file: &file.to_string_lossy(),
                archive: &archive.to_string_lossy(),
                t: *t,
                score: *score,
            };
            match serde_json::to_string(&line) {
                Ok(line) => say!("{line}"),
                Err(error) => log::error!("{}: {error}", archive.display()),
            }
        }
    }
}

fn words(outcome: &Outcome) {
    let several = outcome.lists.len() > 1;
    for list in &outcome.lists {
        if several {
            say!("{}:", heading(list.kind));
        }
        for (n, Answer { file, t, score, .. }) in list.answers.iter().enumerate() {
            let t = t.map(|t| format!("{t:.2} s")).unwrap_or_default();
            say!("{:>3}  {score:>6.3}  {t:>10}  {}", n + 1, plain(file));
        }
    }
}

/// Of what a list is; scores of different ones cannot be compared.
fn heading(Kind { sense, space, pool }: Kind) -> String {
    let space = space.name();
    match pool {
        Some(pool) => format!("{sense}s ({space} space, pooled {})", pool.name()),
        None => format!("{sense}s ({space} space)"),
    }
}

/// A name that breaks no line.
fn plain(file: &Path) -> String {
    file.to_string_lossy().replace(char::is_control, "\u{fffd}")
}

/// What was searched and what was not, besides the answer.
fn tell(query: &str, outcome: &Outcome) {
    let mut reasons: BTreeMap<String, (&Path, usize)> = BTreeMap::new();
    for LeftOut { archive, reason } in &outcome.left_out {
        reasons.entry(reason.to_string()).or_insert((archive, 0)).1 += 1;
    }
    for (reason, (archive, count)) in reasons {
        let others = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        log::warn!("not searched{others}: {} {reason}", archive.display());
    }
    let Outcome { archives, ranked, blank, .. } = outcome;
    let files = if *archives == 1 { "1 archive".into() } else { format!("{archives} archives") };
    let left =
        if *blank > 0 { format!("; {blank} silent or black ones were not ranked") } else { String::new() };
    eprintln!("{query}: {ranked} moments of {files}{left}");
}
