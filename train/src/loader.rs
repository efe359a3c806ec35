//! Batches, made ahead by threads.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::compose::{self, balanced_classes};
use crate::config::{Config, Mixture, Negatives};
use crate::corpus::{Corpus, Split};
use crate::example::{Batch, Example};
use crate::sampling;
use crate::shards::{Shards, Side};
use crate::videos::Videos;
use crate::{ConfigError, Error};

/// Where examples come from.
pub enum Source {
    /// Scenes composed from photos and sounds.
    Corpus(Box<Corpus>),
    /// Real videos.
    Videos(Videos),
    /// Real videos, cut into clips beforehand.
    Shards(Shards),
    /// Composed scenes and real videos, batch by batch in turn.
    Mixture {
        /// Whose turn it is.
        turns: Mixture,
        /// A corpus.
        scenes: Box<Source>,
        /// Videos or shards.
        clips: Box<Source>,
    },
}

impl Source {
    /// The training side of what the config names.
    ///
    /// # Errors
    /// The folder cannot be read or holds too little.
    pub fn open(config: &Config) -> Result<Self, Error> {
        if let Some((turns, parts)) = config.parts() {
            return Self::mixed(turns, &parts, Self::open);
        }
        match (&config.corpus, &config.videos, &config.shards) {
            (Some(folder), _, _) => {
                let side = if config.validate > 0 { Split::Fit } else { Split::Train };
                Ok(Self::Corpus(Box::new(Corpus::open(folder, side)?)))
            }
            (None, Some(folder), _) => Ok(Self::Videos(Videos::open(folder)?)),
            (None, None, Some(folder)) => Ok(Self::Shards(Shards::open(folder, Side::Train)?)),
            (None, None, None) => Err(ConfigError::Data.into()),
        }
    }

    fn mixed(
        turns: Mixture,
        [scenes, clips]: &[Config; 2],
        open: impl Fn(&Config) -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        Ok(Self::Mixture { turns, scenes: Box::new(open(scenes)?), clips: Box::new(open(clips)?) })
    }

    /// Scenes and clips, if it has both, as often; as they are without a mixture.
    #[must_use]
    pub fn evenly(self) -> Self {
        match self {
            Self::Mixture { scenes, clips, .. } => Self::Mixture { turns: Mixture::EVEN, scenes, clips },
            one => one,
        }
    }

    /// The validation side of what the config names; of a mixture, scenes and clips as often.
    ///
    /// # Errors
    /// The folder cannot be read, or has no such side.
    pub fn open_validation(config: &Config) -> Result<Self, Error> {
        if let Some((_, parts)) = config.parts() {
            return Self::mixed(Mixture::EVEN, &parts, Self::open_validation);
        }
        match (&config.corpus, &config.shards) {
            (Some(folder), _) => Ok(Self::Corpus(Box::new(Corpus::open(folder, Split::Validation)?))),
            (None, Some(folder)) => Ok(Self::Shards(Shards::open(folder, Side::Val)?)),
            (None, None) => Err(ConfigError::NoValidation.into()),
        }
    }

    /// The batch of a step. It depends on the config's seed and the step alone, so a resumed run
    /// sees what an uninterrupted one would have seen.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn batch(&self, config: &Config, step: u64) -> Result<Batch, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(step);
        let examples: Result<Vec<Example>, Error> = match self {
            Self::Corpus(corpus) => {
                let classes = balanced_classes(corpus, config.batch, &mut rng);
                let mut one = |class| self.composed(corpus, class, config, &mut rng);
                classes.into_iter().map(&mut one).collect()
            }
            Self::Videos(videos) => sampling::examples(videos, config, &mut rng),
            Self::Shards(shards) => sampling::examples(shards, config, &mut rng),
            Self::Mixture { turns, scenes, clips } => {
                return if turns.is_of_clips(step) { clips } else { scenes }.batch(config, step);
            }
        };
        Ok(Batch::new(examples?))
    }

    fn composed(
        &self,
        corpus: &Corpus,
        class: usize,
        config: &Config,
        rng: &mut ChaCha8Rng,
    ) -> Result<Example, Error> {
        let unpaired = rng.random_bool(config.unpaired);
        let mut example = compose::example(corpus, class, unpaired, config, rng)?;
        if config.negatives == Negatives::Sampled && !unpaired && rng.random_bool(0.5) {
            // A sound of a class that is not in the picture.
            loop {
                let other = compose::other_class(corpus, class, rng);
                if !example.seen.contains(&(other as u32)) || corpus.taught.len() < 3 {
                    let sound = compose::sound(corpus, other, config.disturb, rng)?;
                    example.sound = lookhear::preprocess::spectrogram::second(&sound);
                    example.heard = Some(other as u32);
                    break;
                }
            }
        }
        Ok(example)
    }
}

/// How many threads make batches in training: one for each processor, two at least. Each of them holds up to two
/// batches, which may be hundreds of megabytes: so there are no more than 16.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(2, usize::from).clamp(2, 16)
}

/// Hands out batches, or whatever is learned from, in order while threads prepare the next ones.
pub struct Loader<T = Batch> {
    workers: Vec<Receiver<Result<T, Error>>>,
    next: usize,
}

impl Loader {
    /// Starts `threads` threads that make the batches from `first` to the last step of the config.
    pub fn start(source: Arc<Source>, config: &Config, first: u64, threads: usize) -> Self {
        let config = config.clone();
        Self::ahead(first..config.steps, threads, move |step| source.batch(&config, step))
    }
}

impl<T: Send + 'static> Loader<T> {
    /// Starts `threads` threads that `make` what the steps need.
    pub(crate) fn ahead(
        steps: Range<u64>,
        threads: usize,
        make: impl Fn(u64) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        let (make, threads) = (Arc::new(make), threads.max(1));
        let workers = (0..threads as u64).map(|worker| {
            let (sender, receiver) = sync_channel(1);
            let (make, steps) = (make.clone(), steps.start + worker..steps.end);
            thread::spawn(move || {
                for step in steps.step_by(threads) {
                    // The receiver is gone when training stopped: so does this thread.
                    if sender.send(make(step)).is_err() {
                        break;
                    }
                }
            });
            receiver
        });
        Self { workers: workers.collect(), next: 0 }
    }

    /// The next batch; waits for it.
    ///
    /// # Errors
    /// A file could not be read, or a thread died.
    pub fn next_batch(&mut self) -> Result<T, Error> {
        let worker = &self.workers[self.next % self.workers.len()];
        self.next += 1;
        worker.recv().unwrap_or_else(|_| Err(Error::ThreadDied("the loader")))
    }
}
