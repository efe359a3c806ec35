//! `lookhear rules`: what the rules of a settings file would have done.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lookhear::history::{DATABASE, Filter, Store, when};
use lookhear::profile::Profile;
use lookhear::rules::Watch;

use super::ending::Failure;
use super::history::words;

#[derive(Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say when the rules would have fired in a history; nothing is run and nobody is told.
    Test(Test),
}

#[derive(Args)]
struct Test {
    /// The history's folder, or the database in it.
    #[arg(value_name = "FOLDER")]
    history: PathBuf,
    /// The settings file that has the rules.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// From a day (2026-11-30), a time (RFC 3339) or so long ago (90s, 30m, 12h, 7d) on.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

impl Rules {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Test(test) => test.run(),
        }
    }
}

impl Test {
    fn run(self) -> Result<(), Failure> {
        let rules = Profile::load(&self.config)?.publish.rules;
        if rules.is_empty() {
            let file = self.config.display();
            return Err(format!("{file} has no rules: add a table [publish.rules.NAME]").into());
        }
        let since = self.since.as_deref().map(|since| when(since, Timestamp::now())).transpose()?;
        let folder = match self.history.parent() {
            Some(folder) if self.history.ends_with(DATABASE) => folder.to_path_buf(),
            _ => self.history,
        };
        let mut episodes = Store::open(&folder)?.list(&Filter { since, ..Filter::default() })?;
        episodes.reverse();
        let conditions = rules.values().map(|rule| (rule.when.clone(), rule.cool_down));
        let mut watch = Watch::new(conditions, TimeZone::system());
        let names: Vec<&String> = rules.keys().collect();
        let mut fired = vec![0; names.len()];
        for episode in &episodes {
            for firing in watch.replay(episode) {
                fired[firing.rule] += 1;
                say!("{}  {}: {}", firing.at, names[firing.rule], words(episode));
            }
        }
        for (name, fired) in names.iter().zip(&fired) {
            say!("{name}: {fired} of {} episodes", episodes.len());
        }
        Ok(())
    }
}
