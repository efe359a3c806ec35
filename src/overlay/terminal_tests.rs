//! Tests of [`super`]: widths, colours and what is said.

use super::*;

fn event(state: State, score: f32) -> Event {
    Event { t: 72.34, score, peak: [0.42, 0.61], bounds: None, confidence: 0.9, ..Event::example(state) }
}

/// The text without ANSI sequences.
fn plain(text: &str) -> String {
    let mut rest = text.split('\x1b');
    let first = rest.next().unwrap_or_default().to_string();
    rest.fold(first, |all, part| all + part.split_once('m').map_or("", |(_, tail)| tail))
}

#[test]
fn the_status_line_is_never_too_wide_and_resets_its_colours() {
    for state in [State::Silent, State::Match, State::NoVisibleSource] {
        for score in [0.0, 0.87, 1.0, f32::NAN, -7.0] {
            for width in 0..140 {
                let line = status_line(&event(state, score), width);
                assert!(plain(&line).chars().count() <= width, "{width}: {line}");
                assert!(!line.contains('\n'));
                assert!(line.is_empty() || width == 0 || line.contains(RESET));
            }
        }
    }
}

#[test]
fn a_wide_status_line_says_everything() {
    let line = status_line(&event(State::Match, 0.87), 100);
    for part in ["1:12.3", "I hear it. It is here.", "0.87", "at 42%, 61%", "●"] {
        assert!(plain(&line).contains(part), "{line}");
    }
    assert!(line.contains(&paint(38, state_color(State::Match))));
    assert!(!plain(&status_line(&event(State::Silent, 0.1), 100)).contains("at "));
    assert!(plain(&status_line(&event(State::NoVisibleSource, f32::NAN), 80)).contains("--"));
}

#[test]
fn the_score_stays_in_its_place_when_the_state_changes() {
    let place = |state| {
        let line = plain(&status_line(&event(state, 0.5), 80));
        line.chars().position(|c| c == '█')
    };
    assert!(place(State::Match).is_some());
    assert_eq!(place(State::Match), place(State::NoVisibleSource));
    assert_eq!(place(State::Match), place(State::Silent));
}

#[test]
fn the_bar_is_as_long_as_the_score() {
    assert_eq!(bar(1.0, 10).chars().count(), 10);
    assert_eq!(bar(0.0, 10), "");
    assert_eq!(bar(0.5, 10), "█████");
    assert_eq!(bar(0.56, 10), "█████▋");
}

#[test]
fn half_blocks_keep_within_the_room_and_keep_the_aspect() {
    for (width, height) in [(1, 1), (64, 64), (641, 363), (10, 900), (900, 10)] {
        let picture = RgbImage::from_pixel(width, height, image::Rgb([10, 20, 30]));
        for (columns, rows) in [(1, 1), (80, 24), (33, 50), (u16::MAX, 3)] {
            let text = half_blocks(&picture, columns, rows);
            assert!(text.lines().count() <= usize::from(rows));
            for line in text.lines() {
                assert!(plain(line).chars().count() <= usize::from(columns));
                assert!(line.ends_with(RESET));
            }
            assert!(text.ends_with('\n'));
        }
    }
    let text = half_blocks(&RgbImage::new(320, 240), 80, 100);
    assert_eq!((text.lines().count(), plain(text.lines().next().unwrap_or("")).chars().count()), (30, 80));
}

#[test]
fn half_blocks_average_areas() {
    // Left half black and white by turns, right half one colour.
    let picture = RgbImage::from_fn(8, 8, |x, y| match (x < 4, (x + y) % 2) {
        (true, 0) => image::Rgb([0; 3]),
        (true, _) => image::Rgb([200; 3]),
        _ => image::Rgb([9, 8, 7]),
    });
    let expected = format!(
        "{}{}▀{}{}▀{RESET}\n",
        paint(38, [100; 3]),
        paint(48, [100; 3]),
        paint(38, [9, 8, 7]),
        paint(48, [9, 8, 7])
    );
    assert_eq!(half_blocks(&picture, 2, 1), expected);
}

#[test]
fn no_room_or_no_picture_is_no_text() {
    assert_eq!(half_blocks(&RgbImage::new(0, 0), 80, 24), "");
    assert_eq!(half_blocks(&RgbImage::new(8, 8), 0, 24), "");
    assert_eq!(half_blocks(&RgbImage::new(8, 8), 80, 0), "");
}
