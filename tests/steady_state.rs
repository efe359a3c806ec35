//! In steady state the integer engine allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use lookhear::engine::{AudioEncoding, Engine, ImageEncoding, Judgement, Setup};
use lookhear::model::Bundle;
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};

/// Counts allocations of all threads.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator cannot be written without; this one only counts")]
// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn seeing_hearing_and_judging_allocate_nothing() {
    let bundle = Bundle::load("models/lookhear-edge.safetensors".as_ref()).unwrap();
    let mut engine: Box<dyn Engine> = bundle.engine(&Setup { threads: Some(2), ..Setup::default() }).unwrap();
    let picture = vec![0.25; bundle.manifest.spec.vision.input.iter().product()];
    let column = |n: usize| (0..BINS).map(move |b| ((n * 31 + b) % 17) as f32 / 8.0).collect::<Vec<f32>>();
    let stream: Vec<Vec<f32>> = (0..COLUMNS + 16 * 12).map(column).collect();
    let spectrogram = vec![1.0; BINS * COLUMNS];
    let (mut seen, mut heard, mut judgement) =
        (ImageEncoding::default(), AudioEncoding::default(), Judgement::default());

    let mut before = 0;
    for hop in 0..12 {
        if hop == 3 {
            before = ALLOCATIONS.load(Ordering::Relaxed);
        }
        engine.encode_image(&picture, &mut seen);
        engine.encode_stream(&stream[hop * 16..][..COLUMNS], 16, &mut heard);
        engine.judge(&seen, &heard, &mut judgement);
    }
    engine.encode_audio(&spectrogram, &mut heard);
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    assert!(judgement.map.values.iter().all(|v| (0.0..=1.0).contains(v)));
}
