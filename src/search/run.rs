//! The search itself: archives side by side, each read once.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::measure::Measure;
use super::place::Place;
use super::top::{Found, Top};
use super::{Kind, Query, SearchError, Sense, Unfit};
use crate::embed::{Archive, Settings};
use crate::judge::Judge;
use crate::media::endings::{PICTURES, has_ending};

/// Values that a thread reads at a time: 4 MiB.
const BLOCK: usize = 1 << 20;
/// Threads at most: with more, the disk is what all wait for.
const THREADS: usize = 4;

/// How much is told.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Results of each list, at least 1.
    pub top: usize,
    /// Every moment may be one; else only the best of each archive.
    pub every_moment: bool,
    /// Only what is seen, or what is heard.
    pub only: Option<Sense>,
}

impl Default for Options {
    fn default() -> Self {
        Self { top: 10, every_moment: false, only: None }
    }
}

/// One result.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What the archive was made of, as far as it tells: a path below the folder that was given.
    pub file: PathBuf,
    /// The archive.
    pub archive: PathBuf,
    /// Seconds: the frame's time, or the middle of the second; `None` for a still picture.
    pub t: Option<f64>,
    /// How like the query it is: see the [module](super).
    pub score: f32,
}

/// Results that can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Of what they are.
    pub kind: Kind,
    /// Best first; of equal ones that of the earlier archive, and the earlier moment.
    pub answers: Vec<Answer>,
}

/// An archive that was not searched, and why.
#[derive(Debug)]
pub struct LeftOut {
    /// The file.
    pub archive: PathBuf,
    /// Why.
    pub reason: Unfit,
}

/// What came of a search.
#[derive(Debug)]
pub struct Outcome {
    /// One for each kind that was there.
    pub lists: Vec<List>,
    /// Archives that were searched.
    pub archives: usize,
    /// Moments that were ranked.
    pub ranked: u64,
    /// Moments that were not, since they are silent or black. Where an archive has no levels, only digital silence is known.
    pub blank: u64,
    /// What was not searched.
    pub left_out: Vec<LeftOut>,
}

/// An archive that can be searched.
struct Job<'a> {
    place: &'a Place,
    archive: Archive,
    settings: Settings,
    kind: Kind,
    /// Among all measures.
    measure: usize,
}

/// What a thread found in one archive.
struct Read {
    top: Top,
    ranked: u64,
    blank: u64,
}

/// Ranks what the archives hold by how like a query it is. After each of them `done` is called.
///
/// # Errors
/// The query is silent or black, or none of the archives can be searched.
pub fn search(
    judge: &mut Judge,
    query: &Query,
    places: &[Place],
    options: Options,
    done: &(dyn Fn() + Sync),
) -> Result<Outcome, SearchError> {
    query.check(judge.silence())?;
    let mut measures: Vec<(Kind, Measure)> = Vec::new();
    let (mut jobs, mut left_out) = (Vec::new(), Vec::new());
    for place in places {
        let mut job = match open(judge, query, place) {
            Ok(job) => job,
            Err(reason) => {
                left_out.push(LeftOut { archive: place.path.clone(), reason });
                continue;
            }
        };
        if options.only.is_some_and(|only| only != job.kind.sense) {
            continue;
        }
        let known = measures.iter().position(|(kind, _)| *kind == job.kind);
        job.measure = known.unwrap_or_else(|| {
            measures.push((job.kind, Measure::new(judge, query, job.kind, &job.settings)));
            measures.len() - 1
        });
        jobs.push(job);
    }
    if jobs.is_empty() && left_out.is_empty() {
        return Err(SearchError::OtherSense(options.only.unwrap_or(query.sense())));
    }

    let mut tops = vec![Top::new(options.top); measures.len()];
    let (mut archives, mut ranked, mut blank) = (0, 0, 0);
    for (number, read) in read_all(&jobs, &measures, options, done) {
        match read {
            Ok(read) => {
                (archives, ranked, blank) = (archives + 1, ranked + read.ranked, blank + read.blank);
                let top = &mut tops[jobs[number].measure];
                read.top.found().iter().for_each(|found| top.push(*found));
            }
            Err(error) => {
                let archive = jobs[number].place.path.clone();
                left_out.push(LeftOut { archive, reason: Unfit::Unreadable(error) });
            }
        }
    }
    if archives == 0 {
        let more = left_out.len().saturating_sub(1);
        let first = left_out.into_iter().next();
        return Err(first.map_or(SearchError::AllBlank, |LeftOut { archive, reason }| SearchError::Unfit {
            archive: archive.display().to_string(),
            reason,
            more,
        }));
    }
    if ranked == 0 {
        return Err(SearchError::AllBlank);
    }
    let lists = measures.iter().zip(&tops).map(|((kind, _), top)| List {
        kind: *kind,
        answers: top.found().iter().map(|found| jobs[found.archive].answer(found)).collect(),
    });
    Ok(Outcome { lists: lists.collect(), archives, ranked, blank, left_out })
}

/// Looks at an archive and checks that the query can be compared with what it holds.
fn open<'a>(judge: &Judge, query: &Query, place: &'a Place) -> Result<Job<'a>, Unfit> {
    let archive = Archive::open(&place.path)?.ok_or(Unfit::Foreign)?;
    let (kind, settings) = Kind::of(&archive, judge.model(), &judge.manifest().spec)?;
    if kind.pool.is_some() && kind.sense != query.sense() {
        return Err(Unfit::Space { sense: kind.sense });
    }
    Ok(Job { place, archive, settings, kind, measure: 0 })
}

/// Reads all archives in a few threads; the answers come with their numbers, in order.
fn read_all(
    jobs: &[Job],
    measures: &[(Kind, Measure)],
    options: Options,
    done: &(dyn Fn() + Sync),
) -> Vec<(usize, io::Result<Read>)> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return };
            let read = job.read(number, &measures[job.measure].1, options);
            all.lock().unwrap_or_else(|broken| broken.into_inner()).push((number, read));
            done();
        }
    };
    let threads = thread::available_parallelism().map_or(1, |count| count.get()).min(THREADS).min(jobs.len());
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut all = all.into_inner().unwrap_or_else(|broken| broken.into_inner());
    all.sort_by_key(|(number, _)| *number);
    all
}

impl Job<'_> {
    fn read(&self, number: usize, measure: &Measure, options: Options) -> io::Result<Read> {
        let most = if options.every_moment { options.top } else { 1 };
        let mut read = Read { top: Top::new(most), ranked: 0, blank: 0 };
        let rows = (BLOCK / (measure.dims * measure.rows)).max(1) * measure.rows;
        let mut moment = 0;
        self.archive.read(measure.dims, rows, &mut |rows| {
            for found in measure.moments(rows)? {
                match found.score {
                    Some(score) => {
                        read.top.push(Found { score, archive: number, moment, t: found.t });
                        read.ranked += 1;
                    }
                    None => read.blank += 1,
                }
                moment += 1;
            }
            Ok(())
        })?;
        match moment {
            0 => Err(io::Error::other("it holds no rows")),
            _ => Ok(read),
        }
    }

    fn answer(&self, found: &Found) -> Answer {
        let file = self.place.source(&self.archive);
        let sound = self.kind.sense == Sense::Sound;
        let still =
            !sound && (self.archive.label().get("what") == Some("ave") || has_ending(&file, &PICTURES));
        let middle = if sound && !self.settings.centred { 0.5 } else { 0.0 };
        Answer {
            file,
            archive: self.place.path.clone(),
            t: (!still).then_some(found.t + middle),
            score: found.score,
        }
    }
}
