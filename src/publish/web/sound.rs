//! The sound as the page draws it: a coarse spectrogram, made in a thread of its own and only while somebody looks.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};

use crate::pipeline::DecisionContext;
use crate::preprocess::SAMPLE_RATE;
use crate::preprocess::spectrogram::{BINS, HOP};
use crate::publish::queue::Worker;

/// Bands of a column that is sent.
pub(super) const BANDS: usize = 64;
/// Columns of the spectrogram that become one: 20 ms.
const JOINED: usize = 4;
/// Columns that are sent for a second.
pub(super) const COLUMNS_A_SECOND: usize = SAMPLE_RATE / HOP / JOINED;
/// Value of a column that gets the hottest colour, as on the kiosk.
const LOUD: f32 = 2.6;
/// Decisions whose sound may wait: one is made in less than a millisecond.
const WAITING: usize = 8;

/// Of a source: two hexadecimal digits for each band, the lowest first, of one column after the other.
pub(super) type Heard = (Option<String>, Arc<str>);

/// The pipeline's end of the thread that makes columns.
pub(super) struct Sound {
    columns: mpsc::Sender<(Option<String>, Vec<f32>)>,
    heard: broadcast::Sender<Heard>,
    _worker: Worker,
}

impl Sound {
    /// Starts the thread; it gives what it makes to `heard`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(heard: broadcast::Sender<Heard>) -> io::Result<Self> {
        let (columns, mut taken) = mpsc::channel::<(Option<String>, Vec<f32>)>(WAITING);
        let told = heard.clone();
        let worker = Worker::start("sound", move || {
            let bands = bands();
            // What is left of each source until there is enough for a column.
            let mut left = BTreeMap::<Option<String>, Vec<f32>>::new();
            while let Some((source, columns)) = taken.blocking_recv() {
                let waiting = left.entry(source.clone()).or_default();
                waiting.extend(columns);
                let text = coarse(waiting, &bands);
                if !text.is_empty() {
                    // An error means that there are no receivers any more.
                    let _ = told.send((source, text.into()));
                }
            }
        })?;
        Ok(Self { columns, heard, _worker: worker })
    }

    /// Queues what was heard since the decision before, unless nobody looks or too much waits already.
    pub(super) fn show(&self, context: &DecisionContext) {
        if self.heard.receiver_count() == 0 {
            return;
        }
        let new = (context.sound.len() + HOP / 2) / HOP;
        let columns = &context.columns[context.columns.len().saturating_sub(new)..];
        if let (false, Ok(room)) = (columns.is_empty(), self.columns.try_reserve()) {
            room.send((context.event.source.clone(), columns.concat()));
        }
    }
}

/// The bins of each band: low tones get more bands than they have bins, as on the kiosk, because most of what sounds is down
/// there.
fn bands() -> [Range<usize>; BANDS] {
    let bin = |band: usize| band * band * BINS / (BANDS * BANDS);
    std::array::from_fn(|band| bin(band)..bin(band + 1).max(bin(band) + 1))
}

/// Takes all whole columns.
fn coarse(columns: &mut Vec<f32>, bands: &[Range<usize>]) -> String {
    let whole = columns.len() / (JOINED * BINS) * (JOINED * BINS);
    let mut text = String::with_capacity(whole / (JOINED * BINS) * 2 * BANDS);
    for joined in columns[..whole].chunks_exact(JOINED * BINS) {
        for band in bands {
            let mean = |column: &[f32]| column[band.clone()].iter().sum::<f32>() / band.len() as f32;
            let most = joined.chunks_exact(BINS).map(mean).fold(0.0, f32::max);
            // A string takes whatever is written to it. What is not a number becomes 0.
            let _ = write!(text, "{:02x}", (most * (255.0 / LOUD)) as u8);
        }
    }
    columns.drain(..whole);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::publish::testing::{event, eventually, with_context};

    #[test]
    fn bands_take_every_bin_from_the_lowest_to_the_highest() {
        let bands = bands();
        assert_eq!((bands[0].start, bands[BANDS - 1].end), (0, BINS));
        // The lowest bands share bins; none is left out.
        assert!(bands.windows(2).all(|pair| !pair[1].is_empty() && pair[1].start <= pair[0].end));
        assert_eq!(COLUMNS_A_SECOND, 50);
    }

    #[test]
    fn a_tone_is_in_its_band_and_what_is_not_enough_waits() {
        let mut columns = vec![0.0; 6 * BINS];
        columns[BINS + 128] = LOUD * 8.0;
        let text = coarse(&mut columns, &bands());
        assert_eq!((text.len(), columns.len()), (2 * BANDS, 2 * BINS));
        let loud = bands().iter().position(|band| band.contains(&128)).unwrap();
        let value = |band: usize| u8::from_str_radix(&text[2 * band..2 * band + 2], 16).unwrap();
        assert!((0..BANDS).all(|band| (value(band) > 200) == (band == loud)), "{text}");
        columns.extend(vec![f32::NAN; 2 * BINS]);
        assert_eq!(coarse(&mut columns, &bands()), "00".repeat(BANDS));
        assert!(columns.is_empty());
    }

    #[test]
    fn nothing_is_made_while_nobody_looks() {
        let (heard, looking) = broadcast::channel(4);
        drop(looking);
        let sound = Sound::start(heard.clone()).unwrap();
        let show = || {
            let (columns, samples) = (vec![vec![1.0; BINS]; 2 * JOINED], vec![0.0; HOP * JOINED]);
            with_context(&event(0.08, State::Match), |context| {
                sound.show(&DecisionContext { columns: &columns, sound: &samples, ..*context });
            });
        };
        show();
        assert_eq!(sound.columns.capacity(), WAITING);
        let mut looking = heard.subscribe();
        show();
        let (_, text) = eventually("a column", || looking.try_recv().ok());
        assert_eq!(text.len(), 2 * BANDS, "of the newest alone");
    }
}
