//! Synthesised sounds for the drawn objects: simple physical or source-and-filter models.
//!
//! A sound is a row of events (strikes, barks, plucks) mixed into one buffer, which is scaled and
//! faded at its ends only once it is complete.

use super::drawn::Kind;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::TAU;

/// Samples per second of everything made here.
const RATE: f32 = 48_000.0;
const PEAK: f32 = 0.5;
/// Seconds over which the whole sound fades in and out, so that it may be looped.
const FADE: f32 = 0.008;

/// Makes `seconds` of the sound of `kind`: 48 kHz mono within -1..1, with a peak of 0.5.
///
/// Pitch, timing and strength vary with `rng`; the same generator state gives the same sound. The
/// first event begins within a tenth of a second, and both ends fade to silence, so that the sound
/// can be looped. A length that is not finite or not above 0 gives no samples.
pub fn synthesize(kind: Kind, seconds: f32, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let usable = if seconds.is_finite() { seconds } else { 0.0 };
    // The cast turns lengths below 0 into 0.
    let mut out = vec![0.0; (usable * RATE).round() as usize];
    match kind {
        Kind::Bell => bell(&mut out, rng),
        Kind::Drum => drum(&mut out, rng),
        Kind::Dog => dog(&mut out, rng),
        Kind::Bird => bird(&mut out, rng),
        Kind::Guitar => guitar(&mut out, rng),
        Kind::Kettle => kettle(&mut out, rng),
    }
    finish(&mut out);
    out
}

/// Removes any offset, fades both ends and scales to the common peak.
fn finish(out: &mut [f32]) {
    let mut floor = OnePole::new(15.0);
    let count = out.len();
    for (i, x) in out.iter_mut().enumerate() {
        *x -= floor.low(*x);
        let to_edge = i.min(count - 1 - i) as f32 / (FADE * RATE);
        *x *= smooth(to_edge);
    }
    let peak = out.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    if peak > 0.0 {
        out.iter_mut().for_each(|x| *x *= PEAK / peak);
    }
}

/// An S-shaped way from 0 to 1 for `t` in 0..1, flat beyond.
fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn noise(rng: &mut ChaCha8Rng) -> f32 {
    rng.random_range(-1.0f32..1.0)
}

/// Adds `wave` of the seconds since `start`, for `length` seconds or to the end of the buffer.
fn add(out: &mut [f32], start: f32, length: f32, mut wave: impl FnMut(f32) -> f32) {
    let from = ((start * RATE) as usize).min(out.len());
    let to = (from + (length * RATE) as usize).min(out.len());
    for (i, x) in out[from..to].iter_mut().enumerate() {
        *x += wave(i as f32 / RATE);
    }
}

fn seconds_of(out: &[f32]) -> f32 {
    out.len() as f32 / RATE
}

/// A phase that is advanced sample by sample, so that gliding pitches stay continuous.
#[derive(Default)]
struct Phase(f32);

impl Phase {
    /// Moves on by one sample at `hertz`, and gives the phase in 0..1.
    fn step(&mut self, hertz: f32) -> f32 {
        self.0 = (self.0 + hertz / RATE).fract();
        self.0
    }

    fn sine(&mut self, hertz: f32) -> f32 {
        (TAU * self.step(hertz)).sin()
    }
}

/// A one-pole low-pass: the share of each new sample, and the state.
struct OnePole(f32, f32);

impl OnePole {
    fn new(hertz: f32) -> Self {
        Self(1.0 - (-TAU * hertz / RATE).exp(), 0.0)
    }

    fn low(&mut self, x: f32) -> f32 {
        self.1 += (x - self.1) * self.0;
        self.1
    }
}

/// A band-pass (a state-variable filter in its stable trapezoidal form) with a gain of 1 at the
/// centre, which may move while it runs.
#[derive(Default)]
struct Band {
    first: f32,
    second: f32,
}

impl Band {
    fn pass(&mut self, x: f32, hertz: f32, q: f32) -> f32 {
        let g = (TAU * 0.5 * hertz / RATE).tan();
        let k = 1.0 / q;
        let high = (x - (k + g) * self.first - self.second) / (1.0 + g * (g + k));
        let band = self.first + g * high;
        let low = self.second + g * band;
        self.first = band + g * high;
        self.second = low + g * band;
        band * k
    }
}

/// Strikes about once a second; the partials of a church bell, of which low ones ring longest.
fn bell(out: &mut [f32], rng: &mut ChaCha8Rng) {
    // Ratio to the pitch, strength, and seconds of ring of each partial.
    const RATIOS: [f32; 10] = [0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 3.01, 4.17, 5.43, 6.8];
    const LEVELS: [f32; 10] = [0.45, 0.8, 0.6, 0.35, 1.0, 0.4, 0.45, 0.35, 0.28, 0.2];
    const RINGS: [f32; 10] = [2.6, 2.0, 1.7, 1.3, 1.2, 0.8, 0.6, 0.4, 0.25, 0.16];
    let pitch = rng.random_range(430.0f32..640.0);
    let mut at = rng.random_range(0.03f32..0.08);
    while at < seconds_of(out) {
        let force = rng.random_range(0.75f32..1.0);
        for (ratio, (level, ring)) in RATIOS.into_iter().zip(LEVELS.into_iter().zip(RINGS)) {
            // A real bell is not quite round: every partial is a pair that beats slowly.
            let beat = rng.random_range(0.4f32..1.6);
            let level = level * force * rng.random_range(0.8f32..1.1);
            let mut pair = [Phase(0.0), Phase(rng.random())];
            add(out, at, 4.0, |t| {
                let body = pair[0].sine(pitch * ratio) + 0.35 * pair[1].sine(pitch * ratio + beat);
                let gone = 1.0 - smooth((t - 3.0) / 0.98);
                level * body * (-t / ring).exp() * smooth(t / 0.002) * gone
            });
        }
        let mut clang = Band::default();
        add(out, at, 0.08, |t| {
            let hit = clang.pass(noise(rng), pitch * 9.0, 1.2);
            1.6 * force * hit * (-t / 0.012).exp() * smooth(t / 0.001)
        });
        at += rng.random_range(0.92f32..1.10);
    }
}

/// A march-like pattern: a head whose pitch falls as it is struck, and the rattle of the stick.
fn drum(out: &mut [f32], rng: &mut ChaCha8Rng) {
    const BEATS: [f32; 7] = [1.0, 0.5, 0.5, 1.0, 0.5, 0.25, 0.25];
    const FORCES: [f32; 7] = [1.0, 0.6, 0.7, 0.95, 0.65, 0.45, 0.55];
    let beat = rng.random_range(0.42f32..0.56);
    let base = rng.random_range(90.0f32..125.0);
    let mut at = rng.random_range(0.03f32..0.06);
    for (beats, force) in BEATS.into_iter().zip(FORCES).cycle() {
        if at >= seconds_of(out) {
            break;
        }
        let force = force * rng.random_range(0.9f32..1.1);
        let mut tones = [Phase::default(), Phase::default()];
        let (mut stick, mut wires) = (Band::default(), Band::default());
        add(out, at, 0.7, |t| {
            let glide = base * (1.0 + 1.1 * (-t / 0.028).exp());
            // The second mode of a round membrane lies at 1.59 times the first.
            let head = tones[0].sine(glide) * (-t / 0.16).exp()
                + 0.4 * tones[1].sine(1.59 * glide) * (-t / 0.09).exp();
            let hiss = noise(rng);
            let slap = stick.pass(hiss, 900.0, 0.8) * (-t / 0.018).exp();
            let rattle = wires.pass(hiss, 2400.0, 0.7) * (-t / 0.07).exp();
            let shape = smooth(t / 0.0015) * (1.0 - smooth((t - 0.5) / 0.19));
            force * shape * (head + 0.9 * slap + 0.35 * rattle)
        });
        at += beats * beat * rng.random_range(0.985f32..1.015);
    }
}

/// Groups of barks: a rough voice that rises and falls, shaped by an opening and closing mouth.
fn dog(out: &mut [f32], rng: &mut ChaCha8Rng) {
    let voice = rng.random_range(270.0f32..400.0);
    let mut at = rng.random_range(0.03f32..0.08);
    while at < seconds_of(out) {
        for _ in 0..rng.random_range(2..=3) {
            let length = rng.random_range(0.16f32..0.23);
            let pitch = voice * rng.random_range(0.92f32..1.10);
            let force = rng.random_range(0.8f32..1.0);
            let (mut glottis, mut rumble) = (Phase::default(), OnePole::new(140.0));
            let mut mouth: [Band; 4] = Default::default();
            add(out, at, length, |t| {
                let u = t / length;
                let open = (u * 3.0).min(1.0) * (1.0 - 0.75 * smooth((u - 0.35) / 0.65));
                // Uneven vocal folds make the roughness: the pitch jitters with low noise.
                let rough = 1.0 + 0.9 * rumble.low(noise(rng));
                let phase = glottis.step(pitch * (0.72 + 0.55 * open) * rough);
                // Pulses that round off at both ends, hence without the buzz of a saw.
                let pulse = 2.0 * (phase * (TAU * 0.5 * phase).sin()) - 0.55;
                let breath = noise(rng) * (0.22 + 0.5 * (-t / 0.02).exp());
                let source = pulse + breath;
                let centres = [480.0 + 480.0 * open, 1150.0 + 550.0 * open, 2700.0, 3900.0];
                let mut voiced = 0.0;
                for (k, level) in [0.9, 1.0, 0.5, 0.2].into_iter().enumerate() {
                    voiced += level * mouth[k].pass(source, centres[k], 5.0);
                }
                force * voiced * smooth(t / 0.012) * (1.0 - smooth((u - 0.3) / 0.7))
            });
            at += length + rng.random_range(0.10f32..0.20);
        }
        at += rng.random_range(0.25f32..0.55);
    }
}

/// Phrases of chirps that sweep between 2 and 6 kHz, some of them trilled.
fn bird(out: &mut [f32], rng: &mut ChaCha8Rng) {
    let mut at = rng.random_range(0.02f32..0.07);
    while at < seconds_of(out) {
        // A phrase repeats one syllable, as songbirds do, with small differences.
        let from = rng.random_range(2400.0f32..4200.0);
        let to = rng.random_range(3000.0f32..5600.0);
        let arch = rng.random_range(-700.0f32..900.0);
        let length = rng.random_range(0.06f32..0.16);
        let trill = rng.random_range(35.0f32..60.0);
        let depth = 260.0 * f32::from(u8::from(rng.random_bool(0.4)));
        for _ in 0..rng.random_range(3..=6) {
            let shift = rng.random_range(0.97f32..1.03);
            let force = rng.random_range(0.7f32..1.0);
            let [mut pipe, mut octave, mut wobble] = [(); 3].map(|()| Phase::default());
            add(out, at, length, |t| {
                let u = t / length;
                let bent = from + (to - from) * u + arch * 4.0 * u * (1.0 - u);
                let hertz = (bent * shift + depth * wobble.sine(trill)).clamp(2000.0, 6000.0);
                let shape = smooth(u / 0.2) * smooth((1.0 - u) / 0.35);
                force * shape * (pipe.sine(hertz) + 0.08 * octave.sine(2.0 * hertz))
            });
            at += length + rng.random_range(0.03f32..0.07);
        }
        at += rng.random_range(0.20f32..0.45);
    }
}

/// Picked chords: plucked strings after Karplus and Strong, through a wooden body.
fn guitar(out: &mut [f32], rng: &mut ChaCha8Rng) {
    // Notes in semitones above the low E (82.4 Hz): E minor, C, G and D, as arpeggios.
    const CHORDS: [[i32; 6]; 4] =
        [[0, 12, 15, 19, 15, 12], [8, 12, 15, 20, 15, 12], [3, 15, 19, 22, 27, 22], [10, 17, 22, 26, 22, 17]];
    let pace = rng.random_range(0.20f32..0.27);
    let first = rng.random_range(0..CHORDS.len());
    let mut at = rng.random_range(0.02f32..0.05);
    for (i, note) in CHORDS.iter().cycle().skip(first).flatten().enumerate() {
        if at >= seconds_of(out) {
            break;
        }
        let hertz = 82.407 * 2f32.powf(*note as f32 / 12.0);
        let accent = if i % 6 == 0 { 1.0 } else { 0.75 };
        pluck(out, at, hertz, accent * rng.random_range(0.85f32..1.0), rng);
        at += pace * rng.random_range(0.96f32..1.04);
    }
    let (mut air, mut plate) = (Band::default(), Band::default());
    for x in out.iter_mut() {
        *x += 0.5 * air.pass(*x, 105.0, 3.0) + 0.5 * plate.pass(*x, 210.0, 3.0);
    }
}

/// Adds one string at `hertz` that is plucked `at` seconds.
fn pluck(out: &mut [f32], at: f32, hertz: f32, force: f32, rng: &mut ChaCha8Rng) {
    // The averaging in the loop delays by half a sample; the rest of the period is the string,
    // read between two samples so that it is in tune.
    let period = RATE / hertz - 0.5;
    let whole = period as usize;
    let between = period - whole as f32;
    let (mut soft, mut softer) = (OnePole::new(1500.0), OnePole::new(1500.0));
    let burst = (0..=whole).map(|_| softer.low(soft.low(noise(rng))));
    let mut string: Vec<f32> = burst.collect();
    // Picked at a fifth of its length, a string lacks every fifth overtone.
    let (copy, pick) = (string.clone(), string.len() / 5);
    let count = string.len();
    for (i, x) in string.iter_mut().enumerate() {
        *x -= copy[(i + count - pick) % count];
    }
    let loss = 0.001f32.powf(1.0 / (hertz * 3.5));
    let (mut head, mut last) = (0, 0.0);
    add(out, at, 2.4, |t| {
        let (now, next) = (string[head], string[(head + 1) % count]);
        // The oldest sample is `whole` + 1 back, hence the weights.
        let read = now * between + next * (1.0 - between);
        string[head] = loss * 0.5 * (read + last);
        last = read;
        head = (head + 1) % count;
        force * read * smooth(t / 0.002) * (1.0 - smooth((t - 1.6) / 0.78))
    });
}

/// A boiling kettle: a whistle of two close tones that wavers, in a rush of steam.
fn kettle(out: &mut [f32], rng: &mut ChaCha8Rng) {
    let pitch = rng.random_range(2050.0f32..2600.0);
    let interval = rng.random_range(1.18f32..1.27);
    let waver = rng.random_range(5.0f32..7.5);
    let [mut low, mut high, mut octave, mut vibrato] = [(); 4].map(|()| Phase::default());
    let (mut drift, mut flutter) = (OnePole::new(3.0), OnePole::new(18.0));
    let (mut breath, mut steam) = (Band::default(), Band::default());
    let length = seconds_of(out);
    add(out, 0.0, length, |t| {
        let hiss = noise(rng);
        // Pressure builds up over the first moments: the pitch rises into place.
        let build = smooth(t / 0.5);
        let sway = 0.004 * vibrato.sine(waver) + 0.25 * drift.low(hiss);
        let hertz = pitch * (0.93 + 0.07 * build) * (1.0 + sway.clamp(-0.03, 0.03));
        let gust = (1.0 + 5.0 * flutter.low(hiss)).clamp(0.5, 1.5);
        let whistle = low.sine(hertz) + 0.55 * high.sine(hertz * interval);
        let tone = gust * (whistle + 0.12 * octave.sine(2.0 * hertz));
        let around = breath.pass(hiss, hertz, 6.0);
        let rush = steam.pass(hiss, 6500.0, 0.6);
        (0.35 + 0.65 * build) * (0.5 * tone + 0.9 * around + 0.35 * rush)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn sound(kind: Kind, seconds: f32, seed: u64) -> Vec<f32> {
        synthesize(kind, seconds, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    /// The mean frequency, in hertz, weighted by power, of windows spread over the sound.
    fn centroid(sound: &[f32]) -> f32 {
        let (mut weighted, mut total) = (0.0, 0.0);
        for window in sound.chunks_exact(1024).step_by(7) {
            for bin in 1..256 {
                let step = TAU * bin as f32 / 1024.0;
                let (mut re, mut im) = (0.0, 0.0);
                for (i, x) in window.iter().enumerate() {
                    let hann = 0.5 - 0.5 * (TAU * i as f32 / 1024.0).cos();
                    re += x * hann * (step * i as f32).cos();
                    im += x * hann * (step * i as f32).sin();
                }
                let power = re * re + im * im;
                weighted += power * bin as f32 * RATE / 1024.0;
                total += power;
            }
        }
        weighted / total
    }

    #[test]
    fn sounds_have_the_asked_length_and_peak_and_do_not_click() {
        for (kind, seed) in Kind::ALL.iter().flat_map(|k| (0..3).map(move |s| (*k, s))) {
            let made = sound(kind, 1.7, seed);
            assert_eq!(made.len(), 81_600);
            assert!(made.iter().all(|x| x.is_finite()), "{kind:?} {seed}");
            let peak = made.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            assert!((peak - PEAK).abs() < 1e-4, "{kind:?} {seed}: {peak}");
            let power = made.iter().map(|x| x * x).sum::<f32>() / 81_600.0;
            assert!(power > 4e-4, "{kind:?} {seed} is faint");
            // A tone of 6 kHz at a peak of 0.5 steps by 0.39 at most; a click would step further.
            assert_eq!((made[0], made[81_599]), (0.0, 0.0));
            let steep = made.windows(2).any(|w| (w[1] - w[0]).abs() > 0.42);
            assert!(!steep, "{kind:?} {seed} jumps");
        }
    }

    #[test]
    fn a_seed_fixes_the_sound_and_odd_lengths_are_fine() {
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(sound(kind, 0.6, 5), sound(kind, 0.6, 5));
            assert_ne!(sound(kind, 0.6, 5), sound(kind, 0.6, 6));
            assert_ne!(sound(kind, 0.6, 5), sound(Kind::ALL[(i + 1) % 6], 0.6, 5));
            for seconds in [0.0, -1.0, f32::NAN, f32::INFINITY] {
                assert!(sound(kind, seconds, 1).is_empty());
            }
            assert_eq!(sound(kind, 1.0 / RATE, 1), [0.0]);
        }
    }

    #[test]
    fn sounds_lie_where_their_sources_do() {
        let [bell, drum, dog, bird, guitar, kettle] = Kind::ALL.map(|kind| centroid(&sound(kind, 2.0, 9)));
        assert!(drum < 400.0 && drum < dog && dog < 2000.0, "{drum} {dog}");
        assert!(drum < guitar && guitar < 1000.0, "{drum} {guitar}");
        assert!((2000.0..6000.0).contains(&bird), "{bird}");
        assert!((2000.0..4000.0).contains(&kettle), "{kettle}");
        assert!(drum < bell && bell < kettle, "{bell}");
    }
}
