//! `lookhear history`: what happened, of the folder that `[publish.history]` of the settings names.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use lookhear::event::State;
use lookhear::history::{Bounds, Episode, Filter, Store, when, write_csv, write_json, write_parquet};
use lookhear::output::Output;

use super::arguments::existing;
use super::ending::Failure;

#[derive(Args)]
pub(super) struct History {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show episodes, the latest last.
    List(List),
    /// Write episodes as a table for spreadsheets and other programs.
    Export(Export),
    /// Forget what is old, and give up the oldest pictures and clips.
    Prune(Prune),
}

/// Which episodes.
#[derive(Args)]
struct Which {
    /// The history's folder.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// From a day (2026-11-30), a time (RFC 3339) or so long ago (90s, 30m, 12h, 7d) on.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Until then.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only of this name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only of this source.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only of this state.
    #[arg(long, value_name = "STATE")]
    state: Option<Sounding>,
    /// Only with a best score of at least this.
    #[arg(long, value_name = "0..1")]
    score: Option<f32>,
}

/// States that make episodes.
#[derive(Clone, Copy, ValueEnum)]
enum Sounding {
    /// Seen and heard.
    Match,
    /// Heard, not seen.
    #[value(name = "no_visible_source")]
    NoVisibleSource,
}

impl Which {
    fn episodes(&self, limit: Option<u32>) -> Result<(Vec<Episode>, u64), Failure> {
        let now = Timestamp::now();
        let time = |given: &Option<String>| given.as_deref().map(|given| when(given, now)).transpose();
        let filter = Filter {
            since: time(&self.since)?,
            until: time(&self.until)?,
            source: self.source.clone(),
            name: self.name.clone(),
            state: self.state.map(|state| match state {
                Sounding::Match => State::Match,
                Sounding::NoVisibleSource => State::NoVisibleSource,
            }),
            score: self.score,
            limit,
        };
        let store = Store::open(&self.folder)?;
        let mut episodes = store.list(&filter)?;
        episodes.reverse();
        Ok((episodes, store.count(&filter)?))
    }
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    which: Which,
    /// At most so many, the latest.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// One JSON line per episode instead of words.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Export {
    #[command(flatten)]
    which: Which,
    /// The table: its name ends in .csv, .json (a JSON line per episode) or .parquet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Let it replace a file that is there already.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
struct Prune {
    /// The history's folder.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Forget episodes of more than so many days ago.
    #[arg(long, value_name = "N", required_unless_present = "megabytes")]
    days: Option<u32>,
    /// Keep pictures and clips of so many megabytes; their episodes stay.
    #[arg(long, value_name = "N")]
    megabytes: Option<u64>,
}

impl History {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::List(list) => list.run(),
            Command::Export(export) => export.run(),
            Command::Prune(prune) => prune.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let (episodes, all) = self.which.episodes(Some(self.limit))?;
        let mut out = BufWriter::new(io::stdout().lock());
        let written = match self.json {
            true => write_json(&mut out, &episodes),
            false => episodes
                .iter()
                .try_for_each(|episode| writeln!(out, "{}", words(episode)))
                .and_then(|()| out.flush()),
        };
        match written {
            // Whoever reads may stop in the middle, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        let shown = episodes.len() as u64;
        if all == 0 {
            eprintln!("nothing of that kind happened");
        } else if shown < all {
            eprintln!("{shown} of {all}; --limit {all} shows all");
        }
        Ok(())
    }
}

impl Export {
    fn run(self) -> Result<(), Failure> {
        let write = match self.out.extension().unwrap_or_default().to_string_lossy().to_lowercase().as_str() {
            "csv" => |out: &mut (dyn Write + Send), episodes: &[Episode]| write_csv(out, episodes),
            "json" | "jsonl" => {
                |out: &mut (dyn Write + Send), episodes: &[Episode]| write_json(out, episodes)
            }
            "parquet" => |out: &mut (dyn Write + Send), episodes: &[Episode]| write_parquet(out, episodes),
            _ => {
                return Err(format!("{}: end the name in .csv, .json or .parquet", self.out.display()).into());
            }
        };
        let (episodes, _) = self.which.episodes(None)?;
        let mut output = Output::new(&self.out, existing(self.force))?;
        write(&mut BufWriter::new(output.file()), &episodes)
            .map_err(|error| format!("{} cannot be written: {error}", self.out.display()))?;
        output.complete()?;
        say!("{} episodes in {}", episodes.len(), self.out.display());
        Ok(())
    }
}

impl Prune {
    fn run(self) -> Result<(), Failure> {
        let bounds = Bounds { days: self.days, megabytes: self.megabytes, free_megabytes: 0 };
        let pruned = Store::open(&self.folder)?.prune(&bounds, Timestamp::now())?;
        say!(
            "{} episodes forgotten, {} more without their pictures; {:.1} MB are free again",
            pruned.episodes,
            pruned.without_files,
            pruned.bytes as f64 / 1e6
        );
        Ok(())
    }
}

/// A line for people.
pub(super) fn words(episode: &Episode) -> String {
    let Episode { start, source, name, best_score, t_start, t_end, over, .. } = episode;
    let what = match (name, episode.state) {
        (Some(name), _) => name.as_str(),
        (None, State::Match) => "something in view",
        (None, _) => "something out of view",
    };
    let seconds = t_end - t_start;
    let goes_on = if *over { "" } else { ", goes on" };
    format!("{start}  {source}  {seconds:6.1} s  {best_score:.2}  {what}{goes_on}")
}
