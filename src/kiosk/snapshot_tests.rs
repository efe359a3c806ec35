use std::sync::mpsc::channel;
use std::thread;

use image::RgbImage;

use super::*;
use crate::event::State;
use crate::gallery::Signature;
use crate::preprocess::Spectrogram;
use crate::preprocess::spectrogram::{BINS, COLUMNS};
use crate::ring::VideoFrame;
use crate::timing::Timings;

/// Samples between decisions.
const SAMPLES: usize = 3840;

fn event(t: f64) -> Event {
    Event { t, ..Event::example(State::Silent) }
}

/// Gives a sink what a pipeline would: sound, and the last second of columns.
struct Run {
    sink: ToScreen,
    stream: Spectrogram,
    columns: VecDeque<Vec<f32>>,
    frame: Arc<RgbImage>,
    /// Decisions so far.
    hops: u32,
}

impl Run {
    fn new(slot: &Arc<Slot>) -> Self {
        Self {
            sink: ToScreen::new(slot.clone()),
            stream: Spectrogram::new(),
            columns: vec![vec![0.0; BINS]; COLUMNS].into(),
            frame: Arc::new(RgbImage::new(4, 3)),
            hops: 0,
        }
    }

    /// Decides once; all columns that the sound completes have `mark` in their place 0.
    fn decide(&mut self, samples: usize, mark: f32) {
        let (columns, mut column) = (&mut self.columns, vec![0.0; BINS]);
        column[0] = mark;
        let sound = vec![0.0; samples];
        self.stream.push(&sound, |_| {
            columns.pop_front();
            columns.push_back(column.clone());
        });
        self.hops += 1;
        let t = f64::from(self.hops) * 0.08;
        self.sink
            .take(&DecisionContext {
                event: &event(t),
                picture: &self.frame,
                map: &Map::default(),
                frames: &[VideoFrame { t, captured: t, picture: self.frame.clone() }],
                sound: &sound,
                second: &[],
                columns: self.columns.make_contiguous(),
                scores: &[],
                timings: &Timings::default(),
                signature: &Signature::default(),
                swapped: None,
                health: None,
            })
            .unwrap();
    }
}

#[test]
fn the_newest_moment_wins_and_every_column_comes_once() {
    let slot = Arc::<Slot>::default();
    let mut run = Run::new(&slot);
    assert!(slot.take().newest.is_none());
    // Odd lengths, so that columns are completed unevenly; the last is longer than what is kept of it.
    let lengths = [SAMPLES, 1, 239, 1000, SAMPLES, 48_240];
    for (i, samples) in lengths.into_iter().enumerate() {
        run.decide(samples, i as f32 + 1.0);
    }
    let waiting = slot.take();
    assert_eq!(waiting.newest.unwrap().event.t, 6.0 * 0.08);
    let mut expected = Vec::new();
    let mut stream = Spectrogram::new();
    for (i, samples) in lengths.into_iter().enumerate() {
        let before = expected.len();
        stream.push(&vec![0.0; samples], |_| expected.push(i as f32 + 1.0));
        let surplus = (expected.len() - before).saturating_sub(COLUMNS);
        expected.truncate(expected.len() - surplus);
    }
    assert_eq!(waiting.columns.iter().map(|column| column[0]).collect::<Vec<_>>(), expected);
    let again = slot.take();
    assert!(again.newest.is_none() && again.columns.is_empty());
    assert_eq!(slot.decisions(), 6);
}

#[test]
fn frames_are_shared_and_not_copied() {
    let slot = Arc::<Slot>::default();
    let mut run = Run::new(&slot);
    run.decide(SAMPLES, 1.0);
    assert!(Arc::ptr_eq(&slot.take().newest.unwrap().frames[0].picture, &run.frame));
}

#[test]
fn a_screen_that_never_comes_costs_neither_time_nor_memory() {
    let slot = Arc::<Slot>::default();
    let mut run = Run::new(&slot);
    for _ in 0..300 {
        run.decide(SAMPLES, 1.0);
    }
    assert_eq!(Arc::strong_count(&run.frame), 2, "one moment waits, whatever has come before");
    assert_eq!(slot.take().columns.len(), RIBBON);
    assert_eq!(slot.decisions(), 300);
}

#[test]
fn a_screen_that_is_drawing_holds_nobody_up() {
    let slot = Arc::<Slot>::default();
    let mut run = Run::new(&slot);
    run.decide(SAMPLES, 1.0);
    let (taken, is_taken) = channel();
    let (drawn, is_drawn) = channel::<()>();
    let fetched = slot.clone();
    let screen = thread::spawn(move || {
        let drawing = fetched.take();
        taken.send(()).unwrap();
        is_drawn.recv().unwrap();
        drawing.newest.unwrap().event.t
    });
    is_taken.recv().unwrap();
    // Were anything locked while it draws, this would wait for ever: it ends only after that.
    run.decide(SAMPLES, 2.0);
    run.decide(SAMPLES, 3.0);
    drawn.send(()).unwrap();
    assert_eq!(screen.join().unwrap(), 0.08);
    assert_eq!(slot.take().newest.unwrap().event.t, 3.0 * 0.08);
}
