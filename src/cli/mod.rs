//! The commands of the `lookhear` program, one file each.

#[macro_use]
mod say;

mod arguments;
mod calibrate;
mod check_config;
mod config;
mod counting;
mod demo;
mod devices;
mod doctor;
mod embed;
mod ending;
mod enroll;
mod history;
mod judge;
mod kiosk;
mod live;
mod reload;
mod rules;
mod search;
mod several;
mod shell;
mod watch;

pub(crate) use ending::code;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use lookhear::built;
use lookhear::diagnostics;
use lookhear::media::allow_network;

use ending::Failure;

/// Says whether what the camera sees is what the microphone hears, and where in the picture the
/// sound comes from.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Follow playlists, and names in lists, wherever they lead: to other files and addresses.
    #[arg(long, global = true)]
    allow_network: bool,
    /// Tell more of what happens, on standard error; -vv: also what the libraries tell. RUST_LOG says it finer.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch recorded files or a stream.
    Watch(watch::Watch),
    /// Watch through a camera and listen through a microphone.
    Live(live::Live),
    /// Show visitors what is making a sound: full screen, unattended.
    Kiosk(kiosk::Kiosk),
    /// List cameras and microphones.
    Devices(devices::Devices),
    /// Check camera, microphone, model and speed, and say what to do about what is wrong.
    Doctor(doctor::Doctor),
    /// Check settings files, and tell what would run.
    CheckConfig(check_config::CheckConfig),
    /// Measure how far picture and sound of two devices lie apart.
    Calibrate(calibrate::Calibrate),
    /// Give a thing a name: LookHear then says it when it sees and hears the thing again.
    Enroll(enroll::Enroll),
    /// Show, export and prune what happened: the history that a run kept.
    History(history::History),
    /// Try rules on what happened, without telling anybody.
    Rules(rules::Rules),
    /// Judge one picture with one sound, or a list of pairs.
    Judge(judge::JudgeArguments),
    /// Turn sounds, pictures or videos into embeddings for other tasks: NPZ or Parquet files.
    Embed(embed::Embed),
    /// Find what is like a sound or a picture, or goes with it, in what `embed` wrote.
    Search(search::Search),
    /// Show what LookHear does, without camera, microphone or files.
    Demo(demo::Demo),
    /// Print what a shell needs to complete commands and options.
    Completions(shell::Completions),
    /// Print the manual page.
    Man(shell::ManPages),
}

impl Arguments {
    /// Reads the command line. What is no command, and what is asked of the program itself, ends here.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayVersion => {
                say!("{}", built::describe("lookhear"));
                std::process::exit(0)
            }
            _ => error.exit(),
        })
    }
}

/// Runs what was asked for.
///
/// # Errors
/// One sentence that names the thing and the way out.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    diagnostics::start("lookhear", arguments.verbose);
    if arguments.allow_network {
        allow_network();
    }
    match arguments.command {
        Command::Watch(watch) => watch.run(),
        Command::Live(live) => live.run(),
        Command::Kiosk(kiosk) => kiosk.run(),
        Command::Devices(devices) => devices.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::CheckConfig(check) => check.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Enroll(enroll) => enroll.run(),
        Command::History(history) => history.run(),
        Command::Rules(rules) => rules.run(),
        Command::Judge(judge) => judge.run(),
        Command::Embed(embed) => embed.run(),
        Command::Search(search) => search.run(),
        Command::Demo(demo) => demo.run(),
        Command::Completions(completions) => completions.run(Arguments::command()),
        Command::Man(pages) => pages.run(Arguments::command()),
    }
}
