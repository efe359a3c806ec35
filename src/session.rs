//! Judging a stream: frames and samples go in as they come, events come out.

use image::RgbImage;

use crate::decision::Decision;
use crate::engine::{AudioEncoding, ImageEncoding, Judgement};
use crate::event::{Details, Event, Map, Verdict};
use crate::gallery::{NameSmoothing, Signature};
use crate::judge::{Judge, Shown};
use crate::preprocess::{NoiseGate, SAMPLE_RATE, level};
use crate::ready::Model;
#[cfg(feature = "capture")]
use crate::sink::Adjustments;
use crate::timing::Stage;
use crate::window::Window;

/// Least time between two decisions, in seconds.
const LEAST_HOP: f64 = 0.01;

/// A decision with its intermediate results.
#[cfg_attr(not(feature = "capture"), expect(dead_code, reason = "the pipeline shows all of it"))]
pub(crate) struct Decided {
    pub(crate) verdict: Verdict,
    /// What sounds, if it is known by name.
    pub(crate) name: Option<String>,
    /// The localization map over the whole picture.
    pub(crate) map: Map,
    pub(crate) signature: Signature,
    pub(crate) seen: ImageEncoding,
    pub(crate) heard: AudioEncoding,
}

/// The state of a stream between decisions.
pub(crate) struct Stream {
    pub(crate) window: Window,
    /// New columns since the previous decision.
    fresh: usize,
    decision: Decision,
    name_smoothing: NameSmoothing,
    noise_gate: NoiseGate,
    /// Whether the network rests while it is quiet.
    sleep: bool,
    /// The size of the localization map, once there was one: all zeros.
    blank: Option<Map>,
}

impl Stream {
    /// An empty stream with the thresholds of a judge.
    pub(crate) fn new(judge: &Judge) -> Self {
        let (window, decision) = (Window::new(), judge.decision());
        Self {
            window,
            fresh: 0,
            decision,
            name_smoothing: NameSmoothing::default(),
            noise_gate: NoiseGate::default(),
            sleep: false,
            blank: None,
        }
    }

    /// Lets the network rest while the level of the last second is below the silence threshold: whatever the score
    /// would be, the state is `silent`. The score is then 0, and so is the map.
    #[cfg(any(test, feature = "capture"))]
    pub(crate) fn sleep(mut self, sleep: bool) -> Self {
        self.sleep = sleep;
        self
    }

    /// Keeps noise of so many steps (of 255) out of the network's input; see [`NoiseGate`].
    #[cfg(any(test, feature = "capture"))]
    pub(crate) fn noise_gate(mut self, limit: u8) -> Self {
        self.noise_gate = NoiseGate::new(limit);
        self
    }

    /// Takes over other thresholds and another gallery.
    #[cfg(feature = "capture")]
    pub(crate) fn adjust(&mut self, judge: &mut Judge, Adjustments { thresholds, gallery }: Adjustments) {
        if let Some(thresholds) = thresholds {
            judge.set_thresholds(thresholds);
            self.decision.set_thresholds(thresholds);
        }
        if let Some(gallery) = gallery {
            judge.set_gallery(gallery);
        }
    }

    /// Takes samples, 48 kHz mono.
    pub(crate) fn push(&mut self, samples: &[f32]) {
        self.fresh += self.window.push(samples);
    }

    /// Judges a picture with the last second, at `t` (seconds). `done` is called when a tower has run.
    pub(crate) fn decide(
        &mut self,
        judge: &mut Judge,
        t: f64,
        picture: &RgbImage,
        mut done: impl FnMut(Stage),
    ) -> Decided {
        let (columns, second) = self.window.both();
        let level = level(second);
        // The first decision always runs the network, which tells the map's size.
        if let Some(map) = self.blank.clone().filter(|_| self.sleep && level < judge.silence()) {
            return self.asleep(judge, t, picture, level, map);
        }
        let seen = judge.encode_frame(picture, &mut self.noise_gate);
        done(Stage::Vision);
        let heard = judge.encode_stream(columns, std::mem::take(&mut self.fresh));
        done(Stage::Audio);
        let judgement = judge.judge(&seen, &heard);
        let verdict = judge.decide(t, &judgement, Shown::of(picture), level, &mut self.decision);
        let map = judge.shown_map(&judgement.map, picture.dimensions());
        if self.sleep {
            self.blank =
                Some(Map { values: vec![0.0; map.values.len()], rows: map.rows, columns: map.columns });
        }
        let signature = Signature::new(&seen, &heard, &judgement.map);
        let named = |gallery| self.name_smoothing.update(gallery, t, verdict.state, &signature);
        let name = judge.gallery().and_then(named);
        Decided { verdict, name, map, signature, seen, heard }
    }

    /// The decision of a quiet moment, without the network.
    fn asleep(&mut self, judge: &Judge, t: f64, picture: &RgbImage, level: f32, map: Map) -> Decided {
        let nothing = Judgement::default();
        let verdict = judge.decide(t, &nothing, Shown::of(picture), level, &mut self.decision);
        let signature = Signature::default();
        let named = |gallery| self.name_smoothing.update(gallery, t, verdict.state, &signature);
        let name = judge.gallery().and_then(named);
        Decided {
            verdict,
            name,
            map,
            signature,
            seen: ImageEncoding::default(),
            heard: AudioEncoding::default(),
        }
    }
}

/// Judges a stream, hop by hop: the newest frame with the second of sound that ends at the same moment.
///
/// Time is counted in samples. Nothing is decided before the first frame; before the first second is complete, it begins
/// with silence. A match begins and ends by the model's thresholds, with hysteresis.
///
/// ```
/// use image::{Rgb, RgbImage};
/// use lookhear::{Model, Session};
///
/// let mut session = Session::new(Model::built_in()?, 0.08);
/// session.frame(RgbImage::from_pixel(640, 360, Rgb([200, 180, 40])));
/// let mut events = Vec::new();
/// // As a sound card might deliver them.
/// for chunk in vec![0.0; 9_600].chunks(512) {
///     session.sound(chunk, |event| events.push(event));
/// }
/// let times: Vec<f64> = events.iter().map(|event| event.t).collect();
/// assert_eq!(times, [0.08, 0.16]);
/// # Ok::<(), lookhear::model::BundleError>(())
/// ```
pub struct Session {
    judge: Judge,
    stream: Stream,
    /// Seconds between decisions.
    hop: f64,
    picture: Option<RgbImage>,
    /// Samples so far.
    samples: usize,
    /// Hops so far.
    hops: usize,
}

impl Session {
    /// A stream that begins now, with `hop` seconds between decisions. At multiples of 0.08 the built-in model computes
    /// only what is new of the spectrogram.
    pub fn new(model: Model, hop: f64) -> Self {
        let judge = model.into_judge();
        let stream = Stream::new(&judge);
        Self { judge, stream, hop: hop.max(LEAST_HOP), picture: None, samples: 0, hops: 0 }
    }

    /// Sets the current picture: RGB, any size.
    pub fn frame(&mut self, picture: RgbImage) {
        self.picture = Some(picture);
    }

    /// Takes samples as they come (48 kHz, mono, -1..1), any number; hands on the event of every hop that they complete,
    /// with its localization map.
    pub fn sound(&mut self, mut samples: &[f32], mut on_event: impl FnMut(Event)) {
        while !samples.is_empty() {
            // Counted from the start, so that nothing drifts.
            let t = (self.hops + 1) as f64 * self.hop;
            let missing = (t * SAMPLE_RATE as f64).round() as usize - self.samples;
            let (now, later) = samples.split_at(missing.min(samples.len()));
            self.stream.push(now);
            self.samples += now.len();
            samples = later;
            if now.len() < missing {
                return;
            }
            self.hops += 1;
            if let Some(picture) = &self.picture {
                let Decided { verdict, name, map, .. } =
                    self.stream.decide(&mut self.judge, t, picture, |_| ());
                let map = Some(map.to_rows());
                on_event(Event::new(verdict, Details { name, map, ..Details::default() }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(chunks: &[usize]) -> Vec<Event> {
        let mut session = Session::new(Model::built_in().unwrap(), 0.08);
        session.frame(RgbImage::from_fn(64, 48, |x, y| image::Rgb([4 * x as u8, 5 * y as u8, 90])));
        let sound: Vec<f32> = (0..12_000).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
        let (mut rest, mut events) = (&sound[..], Vec::new());
        for chunk in chunks.iter().cycle() {
            let (now, later) = rest.split_at((*chunk).min(rest.len()));
            session.sound(now, |event| events.push(event));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        events
    }

    #[test]
    fn how_the_sound_comes_changes_nothing() {
        let at_once = events(&[12_000]);
        assert_eq!(at_once.iter().map(|event| event.t).collect::<Vec<_>>(), [0.08, 0.16, 0.24]);
        assert_eq!(events(&[1, 700, 3839, 3840, 3841]), at_once);
        assert_eq!(events(&[480]), at_once);
    }

    #[test]
    fn noise_that_the_gate_keeps_out_changes_no_decision() {
        let [mut judge, mut other] = [(); 2].map(|()| Model::built_in().unwrap().into_judge());
        let (mut still, mut noisy) = (Stream::new(&judge), Stream::new(&other).noise_gate(4));
        let scene = |x: u32, y: u32| 20 + (2 * x + y) as u8;
        let shown = RgbImage::from_fn(64, 48, |x, y| image::Rgb([scene(x, y), 90, scene(y, x)]));
        for hop in 1..=5u32 {
            // Nothing at first, then -2 to 2, of which rounding makes 3 at most.
            let noise = |x: u32, y: u32| if hop == 1 { 2 } else { ((x * 7 + y * 3 + hop * x) % 5) as u8 };
            let picture = RgbImage::from_fn(64, 48, |x, y| {
                shown.get_pixel(x, y).0.map(|value| value + noise(x, y) - 2).into()
            });
            let samples: Vec<f32> = (0..3840).map(|n| (n as f32 * 0.05).sin() * 0.3).collect();
            still.push(&samples);
            noisy.push(&samples);
            let t = f64::from(hop) * 0.08;
            let expected = still.decide(&mut judge, t, &shown, |_| ());
            let found = noisy.decide(&mut other, t, &picture, |_| ());
            assert_eq!((found.verdict, found.map), (expected.verdict, expected.map), "hop {hop}");
        }
    }

    #[test]
    fn the_network_rests_while_it_is_quiet_and_wakes_with_the_first_sound() {
        // An engine keeps what it computed for one stream.
        let [mut judge, mut other] = [(); 2].map(|()| Model::built_in().unwrap().into_judge());
        let (mut awake, mut rested) = (Stream::new(&judge), Stream::new(&other).sleep(true));
        let picture = RgbImage::from_fn(64, 48, |x, y| image::Rgb([4 * x as u8, 5 * y as u8, 90]));
        let mut ran = Vec::new();
        for hop in 1..=40 {
            // Half a second of a tone, then silence, then the tone again.
            let loud = !(6..36).contains(&hop);
            let sound = [0.3, 0.0][usize::from(!loud)];
            let samples: Vec<f32> = (0..3840).map(|n| (n as f32 * 0.05).sin() * sound).collect();
            awake.push(&samples);
            rested.push(&samples);
            let t = f64::from(hop) * 0.08;
            let expected = awake.decide(&mut judge, t, &picture, |_| ());
            let mut towers = 0;
            let decided = rested.decide(&mut other, t, &picture, |_| towers += 1);
            ran.push(towers == 2);
            assert_eq!((decided.verdict.state, decided.map.values.len()), (expected.verdict.state, 14 * 14));
            // The grid that the audio tower rounds on begins where the network woke.
            let apart = (decided.verdict.confidence - expected.verdict.confidence).abs();
            assert!(apart < 0.02, "nothing of the sound was lost, hop {hop}: {apart}");
            if towers == 0 {
                assert_eq!((decided.verdict.score, decided.verdict.peak), (0.0, [0.5; 2]));
            }
        }
        let asleep = ran.iter().filter(|ran| !**ran).count();
        assert!((16..=18).contains(&asleep), "{ran:?}");
        assert!(ran[35..].iter().all(|ran| *ran), "awake with the first hop of sound");
    }

    #[test]
    fn nothing_is_decided_before_the_first_frame() {
        let mut session = Session::new(Model::built_in().unwrap(), f64::NAN);
        session.sound(&[0.1; 960], |_| panic!("nothing was seen"));
        session.frame(RgbImage::new(8, 8));
        let mut times = Vec::new();
        session.sound(&[0.1; 480], |event| times.push(event.t));
        assert_eq!(times, [0.03], "the shortest hop");
    }
}
