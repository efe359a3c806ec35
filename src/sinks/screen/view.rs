//! What stands where on the screen; from 80 x 24 up everything is there, below that the plots go first.

use image::RgbImage;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{LineGauge, Paragraph, Sparkline, Wrap};

use super::graphics::Graphics;
use super::widgets::Spectrogram;
use crate::capture::monitor::{Device, DeviceHealth};
use crate::event::{DeviceState, Event, State};
use crate::overlay::{mark, state_color};
use crate::pipeline::DecisionContext;
use crate::preprocess::level;
use crate::timing::Stage;

/// What the decision's context does not hold.
pub(super) struct Status<'a> {
    pub(super) paused: bool,
    pub(super) mirrored: bool,
    pub(super) message: Option<&'a str>,
    pub(super) checked: Option<(f32, f32)>,
    pub(super) frame_rate: f64,
    /// What is wrong with the outputs.
    pub(super) faults: Option<&'a str>,
}

const FAINT: Style = Style::new().fg(Color::DarkGray);
const WARNING: Style = Style::new().fg(Color::Yellow);
/// Width of the right side.
const SIDE: u16 = 30;

/// Draws everything.
pub(super) fn draw(
    frame: &mut Frame,
    graphics: &mut Graphics,
    context: &DecisionContext,
    picture: &RgbImage,
    status: &Status,
) {
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(devices(context), top);
    frame.render_widget(Paragraph::new(keys(status)), bottom);
    let wide = middle.width > SIDE + 20;
    let (left, right) = match wide {
        true => {
            let [left, right] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Length(SIDE)]).spacing(1).areas(middle);
            (left, right)
        }
        // Narrow: the words below the picture, and no plots.
        false => {
            let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(3)]).areas(middle);
            (above, below)
        }
    };
    graphics.show(frame, left, &marked(context, picture, status.mirrored));
    side(frame, right, context, status);
}

/// The picture with heat and box, mirrored as it is shown.
fn marked(context: &DecisionContext, picture: &RgbImage, mirrored: bool) -> RgbImage {
    if !mirrored {
        return mark(picture, context.map, context.event);
    }
    let mut map = context.map.clone();
    map.values.chunks_mut(map.columns.max(1)).for_each(<[f32]>::reverse);
    let bounds = context.event.bounds.map(|[x0, y0, x1, y1]| [1.0 - x1, y0, 1.0 - x0, y1]);
    let peak = [1.0 - context.event.peak[0], context.event.peak[1]];
    mark(picture, &map, &Event { bounds, peak, ..context.event.clone() })
}

fn devices(context: &DecisionContext) -> Line<'static> {
    let mut spans = vec![Span::styled("LookHear ", Style::new().add_modifier(Modifier::BOLD))];
    if let Some(health) = context.health {
        for (device, health) in [(Device::Camera, &health.camera), (Device::Microphone, &health.microphone)] {
            spans.push(device_words(device, health));
        }
    }
    Line::from(spans)
}

fn device_words(device: Device, health: &DeviceHealth) -> Span<'static> {
    let words = health.state.words(device.name());
    match health.state {
        DeviceState::Live => Span::styled(format!(" ● {words} "), FAINT),
        DeviceState::Opening => Span::styled(format!(" ○ {words} "), FAINT),
        _ => Span::styled(format!(" ▲ {words} "), WARNING.add_modifier(Modifier::BOLD)),
    }
}

fn keys(status: &Status) -> Line<'static> {
    if let Some(message) = status.message.or(status.faults) {
        return Line::styled(message.to_string(), WARNING);
    }
    let pause = if status.paused { "PAUSED: p goes on" } else { "p pause" };
    Line::styled(format!("q quit  {pause}  m mirror  s snapshot  c save last 10 s  a swap sound"), FAINT)
}

fn side(frame: &mut Frame, area: Rect, context: &DecisionContext, status: &Status) {
    let [r, g, b] = state_color(context.event.state);
    let color = Style::new().fg(Color::Rgb(r, g, b));
    let rows = [
        Constraint::Length(2),
        Constraint::Length(1),
        Constraint::Length(if area.height > 14 { 3 } else { 0 }),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(if area.height > 10 { 6 } else { 0 }),
    ];
    let [sentence, score, history, loud, spectrogram, figures] = Layout::vertical(rows).areas(area);
    let words = Paragraph::new(context.event.sentence()).style(color.add_modifier(Modifier::BOLD));
    frame.render_widget(words.wrap(Wrap { trim: true }), sentence);
    let unit = |value: f32| f64::from(if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 });
    frame.render_widget(
        gauge(format!("score {:.2}", context.event.score), unit(context.event.score), color),
        score,
    );
    let scores: Vec<u64> = context.scores.iter().map(|score| (unit(*score) * 100.0) as u64).collect();
    let newest = &scores[scores.len().saturating_sub(usize::from(history.width))..];
    frame.render_widget(Sparkline::default().data(newest).max(100).style(color), history);
    let decibels = level(&context.second[context.second.len().saturating_sub(4800)..]);
    // 60 dB below full scale is a quiet room.
    let full = f64::from((decibels + 60.0) / 60.0).clamp(0.0, 1.0);
    let quiet = if context.event.state == State::Silent { FAINT } else { Style::new().fg(Color::Green) };
    frame.render_widget(gauge(format!("{decibels:4.0} dB"), full, quiet), loud);
    frame.render_widget(Spectrogram(context.columns), spectrogram);
    frame.render_widget(Paragraph::new(lines(context, status)).style(FAINT), figures);
}

fn gauge(label: String, ratio: f64, style: Style) -> LineGauge<'static> {
    LineGauge::default()
        .filled_symbol("━")
        .unfilled_symbol("─")
        .label(label)
        .ratio(ratio)
        .filled_style(style)
        .unfilled_style(FAINT)
}

/// Figures for operators.
fn lines(context: &DecisionContext, status: &Status) -> Vec<Line<'static>> {
    let at = |stage, percent| context.timings.percentile(stage, percent).unwrap_or(0.0);
    let pair = |stage| format!("{:.0}/{:.0}", at(stage, 50.0), at(stage, 95.0));
    let mut lines = vec![
        Line::raw(format!("{:.0} frames/s  ms p50/p95:", status.frame_rate)),
        Line::raw(format!("picture {} sound {}", pair(Stage::Vision), pair(Stage::Audio))),
        Line::raw(format!("heads {} in all {}", pair(Stage::Heads), pair(Stage::Latency))),
    ];
    if let Some(health) = context.health {
        let style = if health.overruns + health.xruns + health.gaps > 0 { WARNING } else { FAINT };
        lines.push(Line::raw(format!("lost: {} frames", health.frames_lost)));
        let late = health.overruns + health.xruns;
        lines.push(Line::styled(format!("{late} overruns, {} gaps in sound", health.gaps), style));
    }
    lines.push(match status.checked {
        None => Line::raw("swapped sound: not yet tried"),
        Some((score, swapped)) if score - swapped > 0.1 => {
            Line::raw(format!("swap {score:.2} -> {swapped:.2}: it listens"))
        }
        Some((score, swapped)) => Line::raw(format!("swap {score:.2} -> {swapped:.2}: no effect")),
    });
    lines
}
