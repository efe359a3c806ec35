//! Videos to shards of clips ([`crate::shards`]), in parallel, and again and again until it is done.
//!
//! list -> inspect every file -> groups of like videos -> plan -> decode, encode, write. The plan
//! depends on the files and the settings alone, whatever the number of threads, so a run that goes on writes the
//! very shards that one which was never stopped would have written.

mod cut;
mod inspect;
mod journal;
mod kinetics;
mod locate;
mod parallel;
mod plan;
mod progress;
mod report;
mod settings;
mod similar;
mod split;
mod summary;
mod table;
mod write;

pub use kinetics::KINETICS_SOUNDS;
pub use report::{Reason, Skipped};
pub use settings::Settings;
pub use summary::Summary;
pub use table::Format;

use std::sync::atomic::AtomicBool;

use crate::Error;

/// Prepares, or goes on preparing. `None`: `stop` was set before the end; the same call goes on.
///
/// Writes shards and `report.jsonl` ([`Skipped`], one a line) into the folder; `inspected.jsonl` and `journal.jsonl`
/// hold what is done.
///
/// # Errors
/// Settings, folder or table are not as they should be; nothing is left to write; ffmpeg is missing; the folder
/// cannot be written, is in use, or holds shards of other settings or other videos. What was done is kept.
pub fn run(settings: &Settings, stop: &AtomicBool) -> Result<Option<Summary>, Error> {
    settings.validate()?;
    let listed = match &settings.tables {
        Some((tables, format)) => locate::by_tables(&settings.videos, tables, *format)?,
        None => locate::all(&settings.videos)?,
    };
    std::fs::create_dir_all(&settings.out).map_err(|e| Error::file(&settings.out, e))?;
    let Some(inspected) = inspect::all(&listed.sources, settings, stop)? else { return Ok(None) };
    let mut plan = plan::make(listed, &inspected, settings)?;
    if plan.clips.is_empty() {
        report::write(&settings.out, &plan.skipped)?;
        let why = format!("no clip can be made; {}/report.jsonl says why", settings.out.display());
        return Err(Error::file(&settings.videos, why));
    }
    let Some(written) = write::all(&plan, settings, stop)? else { return Ok(None) };
    plan.skipped.extend(written.skipped);
    report::write(&settings.out, &plan.skipped)?;
    Ok(Some(Summary::new(&plan, written.clips, written.shards)))
}
