//! `lookhear judge PICTURE SOUND`, `lookhear judge --pairs FILE` and `lookhear judge --matrix PICTURES SOUNDS`.

mod matrix;
mod pairs;
mod report;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use lookhear::batch::Name;

use self::matrix::TableArguments;
use self::report::Report;
use super::arguments::ModelArguments;
use super::ending::Failure;

#[derive(Args)]
pub(super) struct JudgeArguments {
    /// A picture, or a moment of a video: clip.mp4@3.5
    #[arg(required_unless_present_any = ["pairs", "matrix"], requires = "sound")]
    picture: Option<OsString>,
    /// A sound, or a moment of a sound or video: clip.mp4@3.5. Without a moment, its loudest second.
    sound: Option<OsString>,
    /// Judge many: a file (- for standard input) with a picture, a tab and a sound on each line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["picture", "sound", "matrix"])]
    pairs: Option<PathBuf>,
    /// Judge all pictures with all sounds, and write a table of the scores. Each is a folder, a list of names (.txt) or one
    /// name.
    #[arg(long, num_args = 2, value_names = ["PICTURES", "SOUNDS"], conflicts_with_all = ["picture", "sound", "json", "map"])]
    matrix: Option<Vec<OsString>>,
    #[command(flatten)]
    table: TableArguments,
    /// One JSON line per pair, as in `watch`; without a table there is nothing else.
    #[arg(long)]
    json: bool,
    /// Add the localization map.
    #[arg(long)]
    map: bool,
    #[command(flatten)]
    model: ModelArguments,
}

impl JudgeArguments {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(sides) = &self.matrix {
            return matrix::run(&self.model, &sides[0], &sides[1], &self.table);
        }
        if let Some(list) = &self.pairs {
            return pairs::run(&self.model, list, self.map);
        }
        let (Some(picture), Some(sound)) = (&self.picture, &self.sound) else {
            return Err("give a picture and a sound, or --pairs FILE".into());
        };
        let mut judge = self.model.load()?;
        let pair = (Name::new(picture), Name::new(sound));
        pairs::judged(&mut judge, vec![Ok(pair)], self.map, &mut Report::new(1))
    }
}
