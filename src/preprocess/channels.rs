//! Several channels to one, by one rule for files, streams and microphones:
//!
//! - Values that are no numbers, or infinite, or a million times full scale, count as 0; how many there were is told.
//! - A channel that stays 40 dB below the loudest one for a tenth of a second is dead: it is left out, so that a cable
//!   that hangs loose takes nothing from the level.
//! - A channel that stays in opposite phase to the first living one for a tenth of a second is turned over, so that
//!   the two do not cancel each other.
//! - What remains is added up, by [`Loudness`].
//!
//! Ordinary sound is left as it is: in its channels nothing is dead, and their phases are not opposite. A stream of one
//! channel is not touched at all. What is dead or opposite is measured every 10 ms, without any constant offset; a
//! change is faded over 10 ms.

/// Blocks a second.
const BLOCKS: usize = 100;
/// Number of blocks for which a channel must be dead or opposite before it counts as such; the end of it counts at
/// once.
const LASTING: u32 = 10;
/// Decay of the running sums from block to block.
const MEMORY: f64 = 0.8;
/// Power below which a channel is dead, as a part of the loudest channel's, and above which it lives again.
const DEAD: [f64; 2] = [1e-4, 1e-2];
/// Power of the loudest channel, of a sample, below which all of them are silent, and nothing can be said of any.
const SILENT: f64 = 1e-12;
/// Correlation with the first living channel below which a channel is opposite, and above which it is not any more. At
/// the former, a third of the power of two equal channels would be left.
const OPPOSITE: [f64; 2] = [-1.0 / 3.0, 0.0];
/// Larger values are damage: 120 dB above full scale.
const LARGEST: f32 = 1e6;

/// How loud the sum is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loudness {
    /// The mean: of microphones, whose channels hear the same sound each, it is as loud as one of them hears it.
    #[default]
    Mean,
    /// The root of the channels' number times the mean: of recordings, it has the power of all channels together. This is
    /// how ffmpeg mixes left and right.
    Power,
}

/// Joins the channels of a stream.
pub struct Channels {
    loudness: Loudness,
    /// Audio frames of a block, and those that the present one has.
    block: usize,
    frames: usize,
    /// Samples of an audio frame that is not complete.
    partial: Vec<f32>,
    each: Vec<Channel>,
    /// Place of the first living channel, which the others are compared with.
    first: usize,
    damaged: u64,
}

#[derive(Clone, Copy, Default)]
struct Channel {
    /// Of the present block: sums of values, of squares, of products with the first living channel.
    sums: [f64; 3],
    /// Of the block before, its power.
    now: f64,
    /// Of the blocks so far, the latest counting most: power, and covariance with the first living channel.
    power: f64,
    covariance: f64,
    dead: Lasting,
    opposite: Lasting,
    /// At the end of the block before, and at the end of this one.
    weights: [f32; 2],
}

/// A condition that must last before it counts.
#[derive(Clone, Copy, Default)]
struct Lasting {
    is: bool,
    blocks: u32,
}

impl Lasting {
    fn update(&mut self, now: bool) {
        self.blocks = if now { self.blocks + 1 } else { 0 };
        self.is = now && (self.is || self.blocks >= LASTING);
    }
}

impl Channels {
    /// For `count` interleaved channels, at least one, at `rate` audio frames a second.
    pub fn new(rate: usize, count: usize, loudness: Loudness) -> Self {
        let mut channels = Self {
            loudness,
            block: (rate / BLOCKS).max(1),
            frames: 0,
            partial: Vec::new(),
            each: vec![Channel::default(); count.max(1)],
            first: 0,
            damaged: 0,
        };
        channels.weigh();
        channels.each.iter_mut().for_each(|channel| channel.weights[0] = channel.weights[1]);
        channels
    }

    /// How many channels are joined.
    pub fn count(&self) -> usize {
        self.each.len()
    }

    /// Values so far that were no numbers, infinite, or far too large.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Takes interleaved samples (any number, audio frames may be cut) and appends a sample for each complete frame.
    pub fn push(&mut self, interleaved: &[f32], mono: &mut Vec<f32>) {
        let begin = self.partial.len();
        self.partial.extend_from_slice(interleaved);
        for sample in &mut self.partial[begin..] {
            if !sample.is_finite() || sample.abs() > LARGEST {
                *sample = 0.0;
                self.damaged += 1;
            }
        }
        let count = self.each.len();
        if count == 1 {
            mono.append(&mut self.partial);
            return;
        }
        let samples = std::mem::take(&mut self.partial);
        let mut rest = &samples[..samples.len() - samples.len() % count];
        self.partial.extend_from_slice(&samples[rest.len()..]);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min((self.block - self.frames) * count));
            mono.extend(now.chunks_exact(count).map(|frame| self.join(frame)));
            rest = later;
            if self.frames == self.block {
                self.measure();
                self.weigh();
            }
        }
    }

    /// One audio frame.
    fn join(&mut self, frame: &[f32]) -> f32 {
        self.frames += 1;
        let (part, first) = (self.frames as f32 / self.block as f32, frame[self.first]);
        let mut joined = 0.0;
        for (channel, sample) in self.each.iter_mut().zip(frame) {
            let [sum, squares, products] = &mut channel.sums;
            let wide = f64::from(*sample);
            *sum += wide;
            *squares += wide * wide;
            *products += wide * f64::from(first);
            let [from, to] = channel.weights;
            joined += sample * if from == to { to } else { from + (to - from) * part };
        }
        joined
    }

    /// At a block's end: what is dead, and what is opposite.
    fn measure(&mut self) {
        let frames = std::mem::take(&mut self.frames) as f64;
        let of_first = self.each[self.first].sums[0];
        let mut loudest = 0.0;
        for channel in &mut self.each {
            let [sum, squares, products] = std::mem::take(&mut channel.sums);
            channel.now = (squares - sum * sum / frames).max(0.0);
            channel.power = MEMORY * channel.power + channel.now;
            channel.covariance = MEMORY * channel.covariance + products - sum * of_first / frames;
            loudest = f64::max(loudest, channel.now);
        }
        if loudest < SILENT * frames {
            return;
        }
        let first = self.each[self.first].power;
        for channel in &mut self.each {
            channel.dead.update(channel.now < DEAD[usize::from(channel.dead.is)] * loudest);
            let correlation = 2.0 * channel.covariance / (channel.power + first).max(f64::MIN_POSITIVE);
            channel.opposite.update(correlation < OPPOSITE[usize::from(channel.opposite.is)]);
        }
        let first = self.each.iter().position(|channel| !channel.dead.is).unwrap_or(0);
        if first != self.first {
            self.first = first;
            self.each.iter_mut().for_each(|channel| channel.covariance = 0.0);
        }
    }

    /// Sets what the channels count in the next block.
    fn weigh(&mut self) {
        let living = self.each.iter().filter(|channel| !channel.dead.is).count().max(1) as f32;
        let weight = match self.loudness {
            Loudness::Mean => 1.0 / living,
            Loudness::Power => 1.0 / living.sqrt(),
        };
        for channel in &mut self.each {
            let to = match (channel.dead.is, channel.opposite.is) {
                (true, _) => 0.0,
                (false, true) => -weight,
                (false, false) => weight,
            };
            channel.weights = [channel.weights[1], to];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: usize = 48_000;

    /// A second of stereo.
    fn joined(loudness: Loudness, frame: impl Fn(usize) -> [f32; 2]) -> Vec<f32> {
        let mut mono = Vec::new();
        let samples: Vec<f32> = (0..RATE).flat_map(frame).collect();
        Channels::new(RATE, 2, loudness).push(&samples, &mut mono);
        mono
    }

    fn noise(n: usize) -> f32 {
        ((n as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5
    }

    fn tone(n: usize) -> f32 {
        0.5 * (n as f32 * 0.06).sin()
    }

    /// Root of the mean square, from a moment (seconds) on.
    fn loud(samples: &[f32], from: f32) -> f32 {
        let samples = &samples[(from * RATE as f32) as usize..];
        (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn ordinary_sound_stays_as_it_is() {
        let root = std::f32::consts::FRAC_1_SQRT_2;
        let cases: [&dyn Fn(usize) -> [f32; 2]; 4] = [
            &|n| [tone(n); 2],
            &|n| [noise(n), noise(n + 99_999)],
            // A source on the left with a weak echo on the right, and one that is quiet for a while.
            &|n| [noise(n), 0.05 * noise(n.saturating_sub(300))],
            &|n| if n % 20_000 < 9_000 { [0.0; 2] } else { [tone(n), 0.7 * tone(n + 9)] },
        ];
        for (which, frame) in cases.iter().enumerate() {
            for (loudness, scale) in [(Loudness::Mean, 0.5), (Loudness::Power, root)] {
                let found = joined(loudness, frame);
                let off = |n: usize| (found[n] - (frame(n)[0] + frame(n)[1]) * scale).abs();
                assert!((0..RATE).all(|n| off(n) < 1e-6), "{which}, {loudness:?}");
            }
        }
        let mut mono = Vec::new();
        Channels::new(RATE, 1, Loudness::Power).push(&[0.1, -0.2], &mut mono);
        assert_eq!(mono, [0.1, -0.2]);
    }

    #[test]
    fn opposite_phases_do_not_cancel() {
        let root = std::f32::consts::FRAC_1_SQRT_2;
        for (loudness, scale) in [(Loudness::Mean, 1.0), (Loudness::Power, 1.0 / root)] {
            let found = joined(loudness, |n| [noise(n), -noise(n)]);
            let expected: Vec<f32> = (0..RATE).map(|n| noise(n) * scale).collect();
            assert!((loud(&found, 0.2) / loud(&expected, 0.2) - 1.0).abs() < 1e-3);
        }
        // A constant offset in one of them hides nothing, and phases that are right again are added again.
        let found =
            joined(
                Loudness::Mean,
                |n| {
                    if n < 24_000 { [tone(n) + 0.3, -tone(n)] } else { [tone(n), tone(n)] }
                },
            );
        assert!(loud(&found[..24_000], 0.2) > 0.3, "{}", loud(&found[..24_000], 0.2));
        assert!((loud(&found, 0.6) - loud(&(0..RATE).map(tone).collect::<Vec<_>>(), 0.6)).abs() < 1e-3);
    }

    #[test]
    fn a_dead_channel_takes_nothing_from_the_level() {
        let alone: Vec<f32> = (0..RATE).map(noise).collect();
        for loudness in [Loudness::Mean, Loudness::Power] {
            let left = joined(loudness, |n| [noise(n), 0.0]);
            let right = joined(loudness, |n| [0.2 + 1e-4 * noise(n + 5), noise(n)]);
            for found in [left, right] {
                let mean = found[9_600..].iter().sum::<f32>() / (RATE - 9_600) as f32;
                assert!((loud(&found, 0.2) / loud(&alone, 0.2) - 1.0).abs() < 1e-2 && mean.abs() < 1e-2);
            }
        }
        // One that speaks after long silence is heard after two blocks, and alone once the other counts as dead.
        let found = joined(Loudness::Mean, |n| if n < 24_000 { [noise(n), 0.0] } else { [0.0, noise(n)] });
        assert!(loud(&found[25_000..28_000], 0.0) > 0.13 && loud(&found[30_000..], 0.0) > 0.28);
    }

    #[test]
    fn many_channels_are_joined_alike_and_chunks_do_not_matter() {
        // The tone in four channels, in two of them the other way round; a fifth one is dead.
        let samples: Vec<f32> = (0..RATE).flat_map(|n| [tone(n), -tone(n), 0.0, tone(n), -tone(n)]).collect();
        let run = |chunk: usize| {
            let (mut channels, mut mono) = (Channels::new(RATE, 5, Loudness::Mean), Vec::new());
            samples.chunks(chunk).for_each(|part| channels.push(part, &mut mono));
            mono
        };
        let whole = run(samples.len());
        assert_eq!(whole.len(), RATE);
        assert!((9_600..RATE).all(|n| (whole[n] - tone(n)).abs() < 1e-5));
        assert_eq!([1, 7, 1024, 9_999].map(run), [whole.clone(), whole.clone(), whole.clone(), whole]);
    }

    #[test]
    fn what_is_no_number_is_silence_and_counted() {
        let mut channels = Channels::new(RATE, 1, Loudness::Power);
        let mut mono = Vec::new();
        channels.push(&[0.5, f32::NAN, f32::INFINITY, -1e30, 1.5, f32::NEG_INFINITY], &mut mono);
        assert_eq!((mono, channels.damaged()), (vec![0.5, 0.0, 0.0, 0.0, 1.5, 0.0], 4));
        let mut channels = Channels::new(RATE, 2, Loudness::Mean);
        let mut mono = Vec::new();
        channels.push(&[0.5, f32::NAN, 0.5], &mut mono);
        channels.push(&[0.5], &mut mono);
        assert_eq!((mono, channels.damaged()), (vec![0.25, 0.5], 1));
    }
}
