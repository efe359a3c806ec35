//! Pictures and decisions as text, for terminals with 24-bit ANSI colours.

use std::fmt::Write;

use image::RgbImage;

use super::{clock, state_color, unit};
use crate::event::{Event, State};

/// Back to the colours of the terminal.
const RESET: &str = "\x1b[0m";

/// The empty part of the bar, and what only explains.
const FAINT: [u8; 3] = [128, 138, 155];

/// The picture in Unicode upper half blocks, two pixels to a character: at most `columns` wide and
/// `rows` high, never larger than the picture, its aspect kept.
///
/// Every line ends with a reset of the colours and a line break; there is no line at all if the
/// picture or the room for it is empty.
pub fn half_blocks(picture: &RgbImage, columns: u16, rows: u16) -> String {
    let small = shrink(picture, u32::from(columns), u32::from(rows) * 2);
    let mut text = String::new();
    for y in (0..small.height()).step_by(2) {
        // Colours are written only when they change: live pictures go through slow connections.
        let (mut front, mut back) = (None, None);
        for x in 0..small.width() {
            let upper = small.get_pixel(x, y).0;
            if front != Some(upper) {
                text.push_str(&paint(38, upper));
                front = Some(upper);
            }
            // Below a last odd row is the ground of the terminal.
            let lower = small.get_pixel_checked(x, y + 1).map(|pixel| pixel.0);
            if back != lower
                && let Some(lower) = lower
            {
                text.push_str(&paint(48, lower));
                back = Some(lower);
            }
            text.push('▀');
        }
        text.push_str(RESET);
        text.push('\n');
    }
    text
}

/// One line that says what an event says: time, state in words, score as a bar and a number, and
/// where the sound comes from; never wider than `width` characters, and without a line break.
///
/// On narrow terminals the peak goes first, then the bar and the time.
pub fn status_line(event: &Event, width: usize) -> String {
    const LAYOUTS: [Layout; 8] = [
        Layout { long: true, time: true, bar: 10, peak: true },
        Layout { long: true, time: true, bar: 10, peak: false },
        Layout { long: true, time: true, bar: 5, peak: false },
        Layout { long: false, time: true, bar: 10, peak: true },
        Layout { long: false, time: true, bar: 10, peak: false },
        Layout { long: false, time: true, bar: 5, peak: false },
        Layout { long: false, time: false, bar: 5, peak: false },
        Layout { long: false, time: false, bar: 0, peak: false },
    ];
    let time = clock(event.t);
    for layout in LAYOUTS {
        let needed = layout.width(&time);
        if needed <= width {
            // Room that is left makes a finer bar, up to a point.
            let more = if layout.bar == 10 { (width - needed).min(20) } else { 0 };
            return Layout { bar: layout.bar + more, ..layout }.write(event, &time);
        }
    }
    let short: String =
        format!("{} {}", symbol(event.state), words(event.state)).chars().take(width).collect();
    if short.is_empty() { short } else { format!("{}{short}{RESET}", paint(38, state_color(event.state))) }
}

/// The layout of a status line.
#[derive(Clone, Copy)]
struct Layout {
    /// The sentence instead of one or two words.
    long: bool,
    time: bool,
    /// Characters of the bar; 0 for none.
    bar: usize,
    peak: bool,
}

impl Layout {
    /// Room for the words, the same for all states so that the bar stays in its place.
    fn room(self) -> usize {
        let length = |state| self.words(state).chars().count();
        [State::Silent, State::Match, State::NoVisibleSource].map(length).into_iter().max().unwrap_or(0)
    }

    /// The state in words.
    fn words(self, state: State) -> &'static str {
        if self.long { state.sentence() } else { words(state) }
    }

    /// Visible characters of the line at most.
    fn width(self, time: &str) -> usize {
        let time = if self.time { time.chars().count() + 2 } else { 0 };
        let bar = if self.bar > 0 { self.bar + 1 } else { 0 };
        let peak = if self.peak { "  at 100%, 100%".len() } else { 0 };
        time + 2 + self.room() + 2 + bar + "0.00".len() + peak
    }

    /// The line.
    fn write(self, event: &Event, time: &str) -> String {
        let (faint, color) = (paint(38, FAINT), paint(38, state_color(event.state)));
        let mut line = String::new();
        if self.time {
            line = format!("{faint}{time}{RESET}  ");
        }
        let (mark, words, room) = (symbol(event.state), self.words(event.state), self.room());
        // Writing to a string cannot fail.
        let _ = write!(line, "{color}{mark} {words:room$}  ");
        if self.bar > 0 {
            let filled = bar(event.score, self.bar);
            let rest = self.bar - filled.chars().count();
            let _ = write!(line, "{filled}{faint}{}{color} ", "·".repeat(rest));
        }
        if event.score.is_finite() {
            let _ = write!(line, "{:.2}", unit(event.score));
        } else {
            line.push_str("  --");
        }
        line.push_str(RESET);
        if self.peak && event.state == State::Match && event.peak.iter().all(|v| v.is_finite()) {
            let [x, y] = event.peak.map(|v| (unit(v) * 100.0).round());
            let _ = write!(line, "  {faint}at {x:.0}%, {y:.0}%{RESET}");
        }
        line
    }
}

/// The state in a word or two.
fn words(state: State) -> &'static str {
    match state {
        State::Silent => "quiet",
        State::Match => "here",
        State::NoVisibleSource => "not seen",
    }
}

/// Tells the states apart without colour.
fn symbol(state: State) -> char {
    match state {
        State::Silent => '-',
        State::Match => '●',
        State::NoVisibleSource => '○',
    }
}

/// The filled part of a bar, to an eighth of a character.
fn bar(score: f32, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (unit(score) * (width * 8) as f32).round() as usize;
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

/// ANSI sequence for a colour; `ground` is 38 for letters and 48 for what is behind them.
fn paint(ground: u8, [r, g, b]: [u8; 3]) -> String {
    format!("\x1b[{ground};2;{r};{g};{b}m")
}

/// The picture scaled down into a box by averaging areas; empty if there is nothing to show.
pub(crate) fn shrink(picture: &RgbImage, columns: u32, rows: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 || columns == 0 || rows == 0 {
        return RgbImage::new(0, 0);
    }
    let scale = (f64::from(columns) / f64::from(width)).min(f64::from(rows) / f64::from(height)).min(1.0);
    let scaled = |size: u32, most: u32| ((f64::from(size) * scale).round() as u32).clamp(1, most);
    let (wide, high) = (scaled(width, columns), scaled(height, rows));
    let across: Vec<_> = (0..wide).map(|x| shares(x, wide, width)).collect();
    let mut small = RgbImage::new(wide, high);
    for y in 0..high {
        let down = shares(y, high, height);
        for (x, across) in (0..).zip(&across) {
            let (mut sum, mut weight) = ([0.0f32; 3], 0.0f32);
            for &(row, share_y) in &down {
                for &(column, share_x) in across {
                    let share = share_x * share_y;
                    let pixel = picture.get_pixel(column, row).0;
                    sum = std::array::from_fn(|i| sum[i] + f32::from(pixel[i]) * share);
                    weight += share;
                }
            }
            small.put_pixel(x, y, image::Rgb(sum.map(|v| (v / weight).round() as u8)));
        }
    }
    small
}

/// Which of `from` pixels the pixel `index` of `to` pixels covers, and how much of each.
fn shares(index: u32, to: u32, from: u32) -> Vec<(u32, f32)> {
    let edge = |i: u32| f64::from(i) * f64::from(from) / f64::from(to);
    let (low, high) = (edge(index), edge(index + 1));
    let last = (high.ceil() as u32).min(from);
    (low as u32..last)
        .map(|i| (i, (high.min(f64::from(i) + 1.0) - low.max(f64::from(i))) as f32))
        .filter(|(_, share)| *share > 0.0)
        .collect()
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
