//! Rings between threads: lock-free, one producer and one consumer, by the `ringbuf` crate.
//!
//! A ring ends when its producer is dropped and it is empty; a producer learns that its consumer is
//! gone when [`Producer::push`] returns `false`.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use image::RgbImage;
use ringbuf::traits::{Consumer as _, Observer, Producer as _, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

/// How long a thread sleeps before it looks into a full or empty ring again.
const PAUSE: Duration = Duration::from_millis(1);

/// One picture of a stream.
#[derive(Clone, Debug)]
pub struct VideoFrame {
    /// Seconds since the start of the input.
    pub t: f64,
    /// When it was taken, on the same time line: at `t` in recorded input, before `t` by a live camera.
    pub captured: f64,
    /// The picture; one that stays for several frames is shared.
    pub picture: Arc<RgbImage>,
}

/// The writing end.
pub struct Producer<T>(HeapProd<T>);

/// The reading end.
pub struct Consumer<T>(HeapCons<T>);

/// A ring for `capacity` items.
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let (producer, consumer) = HeapRb::new(capacity).split();
    (Producer(producer), Consumer(consumer))
}

impl<T> Producer<T> {
    /// Waits for room. Returns `false` if nobody reads any more.
    pub fn push(&mut self, item: T) -> bool {
        let mut item = Some(item);
        self.push_all(&mut std::iter::from_fn(|| item.take()))
    }

    /// [`Producer::push`] for many.
    pub fn push_all(&mut self, items: &mut impl Iterator<Item = T>) -> bool {
        let mut waiting = items.next();
        while let Some(item) = waiting.take() {
            if !self.0.read_is_held() {
                return false;
            }
            match self.0.try_push(item) {
                Ok(()) => {
                    self.0.push_iter(&mut *items);
                    waiting = items.next();
                }
                Err(item) => {
                    waiting = Some(item);
                    thread::sleep(PAUSE);
                }
            }
        }
        true
    }
}

impl<T> Consumer<T> {
    /// Moves everything that is there to the end of `items`, without waiting. Returns `false` once
    /// the ring has ended.
    pub fn drain_into(&mut self, items: &mut impl Extend<T>) -> bool {
        // Checked before draining: items pushed in between are found next time.
        let open = self.0.write_is_held();
        let found = !self.0.is_empty();
        items.extend(self.0.pop_iter());
        open || found
    }
}

/// Gives other threads time, when there was nothing to read.
pub fn pause() {
    thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_in_order_through_a_small_ring() {
        let (mut producer, mut consumer) = ring(7);
        let writer = thread::spawn(move || producer.push_all(&mut (0..10_000)));
        let mut received = Vec::new();
        while consumer.drain_into(&mut received) {}
        assert!(writer.join().unwrap());
        assert_eq!(received, (0..10_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_producer_without_a_reader_stops() {
        let (mut producer, consumer) = ring(2);
        drop(consumer);
        assert!(!producer.push(1));
    }
}
