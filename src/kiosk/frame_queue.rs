//! Frames that arrive together with a decision and are shown one after the other, at the intervals at which they were
//! taken. Showing only the judged frames would look jerky.

use std::collections::VecDeque;
use std::sync::Arc;

use image::RgbImage;

use crate::ring::VideoFrame;

/// Longest delay, in seconds, of a frame after its decision; older frames are dropped.
const DELAY: f64 = 0.1;

/// The frame that is shown, and those to come.
pub(super) struct FrameQueue {
    shown: Arc<RgbImage>,
    /// Frames and when they are due, in order.
    coming: VecDeque<(f64, Arc<RgbImage>)>,
}

impl FrameQueue {
    /// Shows `first` until frames arrive.
    pub(super) fn new(first: RgbImage) -> Self {
        Self { shown: Arc::new(first), coming: VecDeque::new() }
    }

    /// Frames that have come `now` (seconds, as all moments here), oldest first. The first is due at once; those of
    /// before that were not shown yet have missed their moment.
    pub(super) fn add(&mut self, now: f64, frames: &[VideoFrame]) {
        let Some(last) = frames.last() else { return };
        let recent = frames.iter().skip_while(|frame| frame.t < last.t - DELAY);
        let begin = recent.clone().next().map_or(last.t, |frame| frame.t);
        self.coming.clear();
        self.coming.extend(recent.map(|frame| (now + frame.t - begin, frame.picture.clone())));
    }

    /// Moves on to a moment.
    pub(super) fn step(&mut self, now: f64) {
        while let Some((_, frame)) = self.coming.pop_front_if(|(due, _)| *due <= now) {
            self.shown = frame;
        }
    }

    /// The frame of this moment.
    pub(super) fn frame(&self) -> &RgbImage {
        &self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames at these moments, each as wide as it has its place among them.
    fn frames(times: &[f64]) -> Vec<VideoFrame> {
        let frame = |(n, t): (usize, &f64)| VideoFrame {
            t: *t,
            captured: *t,
            picture: Arc::new(RgbImage::new(n as u32 + 1, 1)),
        };
        times.iter().enumerate().map(frame).collect()
    }

    /// What is shown at each of these moments, by its width.
    fn shown(frame_queue: &mut FrameQueue, moments: &[f64]) -> Vec<u32> {
        let at = |moment: &f64| {
            frame_queue.step(*moment);
            frame_queue.frame().width()
        };
        moments.iter().map(at).collect()
    }

    #[test]
    fn frames_follow_each_other_as_they_were_taken() {
        let mut frame_queue = FrameQueue::new(RgbImage::new(9, 1));
        assert_eq!(shown(&mut frame_queue, &[0.0]), [9]);
        frame_queue.add(7.0, &frames(&[3.01, 3.04, 3.08]));
        assert_eq!(shown(&mut frame_queue, &[7.0, 7.029, 7.031, 7.069, 7.071, 9.0]), [1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn a_screen_that_is_behind_goes_on_with_what_is_new() {
        let mut frame_queue = FrameQueue::new(RgbImage::new(9, 1));
        frame_queue.add(1.0, &frames(&[0.02, 0.06]));
        frame_queue.step(1.0);
        frame_queue.add(1.03, &frames(&[0.1, 0.14, 0.18]));
        assert_eq!(shown(&mut frame_queue, &[1.04, 1.075, 1.12]), [1, 2, 3]);
        // A pipeline that hung has many frames for a decision: only the latest of them are worth showing.
        frame_queue.add(5.0, &frames(&[1.0, 1.5, 1.95, 2.0]));
        assert_eq!(shown(&mut frame_queue, &[5.0, 5.06]), [3, 4]);
    }
}
