//! Streams as lists of timestamps, and what becomes of them.

use super::*;

const HUNDREDTH: usize = SAMPLE_RATE / 100;

fn pixel(value: u8) -> RgbImage {
    RgbImage::from_pixel(1, 1, image::Rgb([value; 3]))
}

/// What was given: the pictures of the grid (held ones as negative numbers), and hundredths of seconds of sound (1.0)
/// and silence (0.0).
#[derive(Debug, Default, PartialEq)]
struct Given {
    pictures: Vec<i32>,
    sound: Vec<f32>,
}

impl Given {
    fn take(&mut self, timeline: &mut Timeline) {
        while let Some(piece) = timeline.next_piece() {
            let number = |frame: &VideoFrame| i32::from(frame.picture.as_raw()[0]);
            match &piece {
                Piece::Picture(frame) | Piece::Held(frame) => {
                    assert!((frame.t - self.pictures.len() as f64 / 25.0).abs() < 1e-9, "{}", frame.t);
                    let sign = if matches!(piece, Piece::Held(_)) { -1 } else { 1 };
                    self.pictures.push(sign * number(frame));
                }
                Piece::Sound(samples) => self.sound.extend(samples),
                Piece::Silence(count) => self.sound.extend(vec![0.0; *count]),
            }
        }
    }

    fn seconds(&self) -> [f64; 2] {
        [self.pictures.len() as f64 / 25.0, self.sound.len() as f64 / SAMPLE_RATE as f64]
    }
}

/// Both streams given to the end, in the order of `arrives`: the pictures' times and numbers, and the times of
/// hundredths of seconds of sound.
fn given(pictures: &[(f64, u8)], sound: &[f64]) -> Given {
    let mut timeline = Timeline::new(Grid::Near(25.0), true, true);
    let mut given = Given::default();
    let mut items: Vec<(f64, Option<u8>)> = pictures.iter().map(|(t, number)| (*t, Some(*number))).collect();
    items.extend(sound.iter().map(|t| (*t, None)));
    items.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (t, number) in items {
        match number {
            Some(number) => timeline.picture(t, pixel(number)),
            None => timeline.sound(t, vec![1.0; HUNDREDTH]),
        }
        given.take(&mut timeline);
    }
    timeline.close(Stream::Picture);
    timeline.close(Stream::Sound);
    given.take(&mut timeline);
    assert!(timeline.is_over());
    given
}

fn even(from: f64, seconds: f64, rate: f64) -> Vec<f64> {
    (0..(seconds * rate).round() as usize).map(|n| from + n as f64 / rate).collect()
}

fn numbered(times: &[f64]) -> Vec<(f64, u8)> {
    times.iter().enumerate().map(|(n, t)| (*t, 1 + (n % 200) as u8)).collect()
}

#[test]
fn even_streams_stay_as_they_are() {
    let given = given(&numbered(&even(0.0, 1.0, 25.0)), &even(0.0, 1.0, 100.0));
    assert_eq!(given.pictures, (1..=25).collect::<Vec<_>>());
    assert_eq!(given.sound, vec![1.0; SAMPLE_RATE]);
}

#[test]
fn other_rates_are_brought_to_the_grid_and_a_late_start_is_filled() {
    let half = given(&numbered(&even(0.0, 1.0, 12.5)), &even(0.0, 1.0, 100.0));
    assert_eq!(half.pictures[..6], [1, 1, 2, 2, 3, 3]);
    assert_eq!(half.seconds(), [1.04, 1.0], "13 pictures of 0.08 s");
    let late = given(&numbered(&even(0.4, 0.6, 25.0)), &even(0.5, 0.5, 100.0));
    assert_eq!(late.pictures[..12], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
    assert_eq!(late.sound[..SAMPLE_RATE / 2], vec![0.0; SAMPLE_RATE / 2]);
    assert_eq!(late.seconds(), [1.0, 1.0]);
}

#[test]
fn sound_that_is_a_little_off_is_not_cut_up() {
    let sound: Vec<f64> =
        even(0.0, 2.0, 100.0).iter().enumerate().map(|(n, t)| t + (n % 3) as f64 * 0.004).collect();
    let given = given(&numbered(&even(0.0, 2.0, 25.0)), &sound);
    assert_eq!(given.sound, vec![1.0; 2 * SAMPLE_RATE]);
}

#[test]
fn gaps_of_one_stream_are_filled_and_repetitions_heard_once() {
    let sound = [even(0.0, 1.0, 100.0), even(3.0, 1.0, 100.0)].concat();
    let gap = given(&numbered(&even(0.0, 4.0, 25.0)), &sound);
    assert_eq!(gap.seconds(), [4.0, 4.0]);
    assert_eq!(gap.sound.iter().filter(|sample| **sample == 0.0).count(), 2 * SAMPLE_RATE);
    // A picture that stays for two minutes while there is sound is no gap.
    let slides = given(&[(0.0, 1), (120.0, 2)], &even(0.0, 121.0, 100.0));
    assert_eq!((slides.pictures[2999], slides.pictures[3000]), (1, 2));
    assert_eq!(slides.seconds(), [121.0, 121.0]);
    let (mut timeline, mut twice) = (Timeline::new(Grid::Near(25.0), false, true), Given::default());
    for t in [even(0.0, 2.0, 100.0), even(1.0, 2.0, 100.0)].concat() {
        timeline.sound(t, vec![1.0; HUNDREDTH]);
        twice.take(&mut timeline);
    }
    timeline.close(Stream::Sound);
    twice.take(&mut timeline);
    assert_eq!(twice.seconds()[1], 3.0);
}

#[test]
fn a_jump_of_both_streams_is_passed_over() {
    for hours in [1.0, 20.0, 26.5] {
        let then = 1.0 + hours * 3600.0;
        let times = |rate| [even(0.0, 1.0, rate), even(then, 1.0, rate)].concat();
        let given = given(&numbered(&times(25.0)), &times(100.0));
        assert_eq!(given.seconds(), [2.0, 2.0]);
        assert_eq!(given.pictures, (1..=50).collect::<Vec<_>>());
        assert_eq!(given.sound, vec![1.0; 2 * SAMPLE_RATE]);
    }
    // A pause that a recording may well have is kept.
    let times = |rate| [even(0.0, 1.0, rate), even(31.0, 1.0, rate)].concat();
    assert_eq!(given(&numbered(&times(25.0)), &times(100.0)).seconds(), [32.0, 32.0]);
}

#[test]
fn a_stream_that_lacks_is_not_waited_for_without_end() {
    let mut timeline = Timeline::new(Grid::Near(25.0), true, true);
    let mut seen = Given::default();
    for (t, number) in numbered(&even(0.0, 60.0, 25.0)) {
        timeline.picture(t, pixel(number));
        seen.take(&mut timeline);
        assert!(timeline.pictures.waiting.len() <= 252, "{}", timeline.pictures.waiting.len());
    }
    assert!(seen.seconds()[0] > 49.0, "{:?}", seen.seconds());
    // Sound that comes too late is dropped.
    timeline.sound(59.99, vec![1.0; HUNDREDTH]);
    timeline.close(Stream::Picture);
    timeline.close(Stream::Sound);
    seen.take(&mut timeline);
    assert_eq!(seen.seconds(), [60.0, 60.0]);

    let mut timeline = Timeline::new(Grid::Near(25.0), true, true);
    let mut heard = Given::default();
    timeline.picture(0.0, pixel(1));
    for t in even(0.0, 30.0, 100.0) {
        timeline.sound(t, vec![1.0; HUNDREDTH]);
        heard.take(&mut timeline);
    }
    assert!(heard.pictures.len() > 400 && heard.pictures[1..].iter().all(|number| *number == -1));
}

#[test]
fn the_newest_picture_that_is_not_later_is_shown() {
    let mut timeline = Timeline::new(Grid::Latest(10.0), true, false);
    for (t, number) in [(0.0, 1), (0.04, 2), (0.1, 3), (0.14, 4), (0.35, 5)] {
        timeline.picture(t, pixel(number));
    }
    timeline.close(Stream::Picture);
    let mut numbers = Vec::new();
    while let Some(piece) = timeline.next_piece() {
        let Piece::Picture(frame) = piece else { panic!("{piece:?}") };
        numbers.push(frame.picture.as_raw()[0]);
    }
    assert_eq!(numbers, [1, 3, 4, 4, 5, 5]);
}
