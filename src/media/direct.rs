//! Sound files without `ffmpeg`: WAV, FLAC, Ogg Vorbis and MP3 in this process, as starting another one takes longer
//! than decoding a second or two.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::Loss;
use super::guard::guarded;
use super::passed::Passed;
use crate::preprocess::{Loudness, Resampler};

/// Takes the next samples, and says whether it wants more.
pub(super) type Take<'a> = &'a mut dyn FnMut(&[f32]) -> ControlFlow<()>;

/// Hands over the sound of a file, 48 kHz mono, in parts; tells what of it is missing. Of a damaged file, what can be
/// decoded is used, and silence takes the time of the rest.
///
/// `None`, with nothing handed over, if the file does not begin as one of the formats above with one or two channels:
/// `ffmpeg` then reads it, or reports the error.
pub(super) fn sound(path: &Path, take: Take) -> Option<Loss> {
    let mut reading = guarded(|| Reading::open(path))??;
    let mut begun = false;
    loop {
        match guarded(|| reading.next_part()).flatten() {
            Some(true) if reading.mono.is_empty() => {}
            Some(true) => {
                begun = true;
                if take(&reading.mono).is_break() {
                    break;
                }
            }
            Some(false) => break,
            None if begun => {
                reading.loss.places += 1;
                break;
            }
            None => return None,
        }
    }
    begun.then_some(reading.loss)
}

/// A file that is being decoded.
struct Reading {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// For MP3, where the demuxer does not report damage between frames.
    passed: Option<Passed>,
    /// Rate and number of channels, and what is made for them.
    stream: Option<((usize, usize), Resampler)>,
    /// Audio frames that could not be decoded before the first that could.
    lost_before: usize,
    interleaved: Vec<f32>,
    /// The latest part, mono.
    mono: Vec<f32>,
    loss: Loss,
    over: bool,
}

impl Reading {
    fn open(path: &Path) -> Option<Self> {
        // A pipe can be read once, and looking at it would use that up.
        let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|file| file.is_file()))?;
        let stream = MediaSourceStream::new(Box::new(file), Default::default());
        let mut hint = Hint::new();
        if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
            hint.with_extension(ending);
        }
        let probe = symphonia::default::get_probe();
        let format = probe.probe(&hint, stream, FormatOptions::default(), MetadataOptions::default()).ok()?;
        let (track, decoder) = decoder(&*format)?;
        let passed = if format.format_info().short_name == "mp3" { Passed::over(path) } else { None };
        Some(Self {
            format,
            decoder,
            track,
            passed,
            stream: None,
            lost_before: 0,
            interleaved: Vec::new(),
            mono: Vec::new(),
            loss: Loss::default(),
            over: false,
        })
    }

    /// Decodes the next part, which may be empty; false at the end. `None`: nothing was decoded yet, and `ffmpeg` has
    /// to read the file.
    fn next_part(&mut self) -> Option<bool> {
        self.mono.clear();
        if self.over {
            return Some(false);
        }
        match self.format.next_packet() {
            Ok(Some(packet)) if packet.track_id == self.track => self.decode(&packet)?,
            Ok(Some(_)) => {}
            Ok(None) => self.end(),
            // Several recordings follow each other in one file.
            Err(Error::ResetRequired) => match decoder(&*self.format) {
                Some((track, decoder)) => (self.track, self.decoder) = (track, decoder),
                None => self.give_up()?,
            },
            // The file was cut off.
            Err(Error::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => self.end(),
            Err(_) => self.give_up()?,
        }
        Some(true)
    }

    /// Gives up on the rest of the file.
    fn give_up(&mut self) -> Option<()> {
        self.stream.as_ref()?;
        self.loss.places += 1;
        self.end();
        Some(())
    }

    fn decode(&mut self, packet: &Packet) -> Option<()> {
        let frames = usize::try_from(packet.dur.get()).unwrap_or(0);
        match self.passed.as_mut().map(|passed| passed.before(&packet.data)) {
            Some(Some(0)) | None => {}
            Some(Some(bytes)) => {
                self.loss.places += 1;
                // As many frames as the damaged bytes would have held.
                self.silence((bytes + packet.data.len() / 2) / packet.data.len() * frames)?;
            }
            Some(None) => self.passed = None,
        }
        let failed = match self.decoder.decode(packet) {
            Ok(_) => false,
            Err(Error::DecodeError(_) | Error::IoError(_)) => true,
            Err(_) => return self.give_up(),
        };
        if failed && !self.begins_anew(packet) {
            self.loss.places += 1;
            return self.silence(frames);
        }
        let decoded = self.decoder.last_decoded();
        let layout = (decoded.spec().rate() as usize, decoded.spec().channels().count());
        self.interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut self.interleaved);
        if self.stream.as_ref().is_none_or(|(before, _)| *before != layout) {
            let begun = self.stream.is_some();
            // Mixing more than two channels needs their positions, which only ffmpeg knows.
            if layout.1 > 2 && !begun {
                return None;
            }
            self.flush();
            let Ok(resampler) = Resampler::new(layout.0, layout.1, Loudness::Power) else {
                return if begun { self.give_up() } else { None };
            };
            self.stream = Some((layout, resampler));
            let lost = std::mem::take(&mut self.lost_before);
            self.silence(lost)?;
        }
        let (_, resampler) = self.stream.as_mut()?;
        resampler.push(&self.interleaved, &mut self.mono).ok()?;
        Some(())
    }

    /// Whether this packet is of another rate, or of other channels, than those before: a decoder takes one kind only (MP3s
    /// that were put behind one another).
    fn begins_anew(&mut self, packet: &Packet) -> bool {
        let Some((_, mut decoder)) = decoder(&*self.format) else { return false };
        let layout = decoder
            .decode(packet)
            .ok()
            .map(|decoded| (decoded.spec().rate() as usize, decoded.spec().channels().count()));
        let before = self.stream.as_ref().map(|(layout, _)| *layout);
        let anew = layout.is_some() && before.is_some() && layout != before;
        if anew {
            self.decoder = decoder;
        }
        anew
    }

    /// Silence for so many audio frames.
    fn silence(&mut self, frames: usize) -> Option<()> {
        /// A damaged packet may claim any length.
        const LONGEST: usize = 1 << 16;
        let frames = frames.min(LONGEST);
        match &mut self.stream {
            Some(((_, channels), resampler)) => {
                resampler.push(&vec![0.0; frames * *channels], &mut self.mono).ok()?;
            }
            None => self.lost_before += frames,
        }
        Some(())
    }

    fn end(&mut self) {
        self.flush();
        self.over = true;
    }

    /// Takes what the resampler still holds.
    fn flush(&mut self) {
        if let Some((_, mut resampler)) = self.stream.take() {
            self.loss.values += resampler.damaged();
            if resampler.finish(&mut self.mono).is_err() {
                self.loss.places += 1;
            }
        }
    }
}

/// The track to decode, and its decoder.
fn decoder(format: &dyn FormatReader) -> Option<(u32, Box<dyn AudioDecoder>)> {
    let track = format.default_track(TrackType::Audio)?;
    let parameters = track.codec_params.as_ref()?.audio()?;
    let options = AudioDecoderOptions::default();
    Some((track.id, symphonia::default::get_codecs().make_audio_decoder(parameters, &options).ok()?))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::media::process::ffmpeg;
    use crate::media::whole::through_ffmpeg;

    fn read(path: &Path) -> Option<(Vec<f32>, Loss)> {
        let mut all = Vec::new();
        let loss = sound(path, &mut |part| {
            all.extend_from_slice(part);
            ControlFlow::Continue(())
        })?;
        Some((all, loss))
    }

    /// Makes a sound file from a lavfi source.
    fn made(path: &Path, source: &str, more: &[&str]) {
        let status = ffmpeg().args(["-f", "lavfi", "-i", source]).args(more).arg("-y").arg(path).status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn sounds_are_those_that_ffmpeg_reads() {
        let folder = tempfile::tempdir().unwrap();
        // Left and right differ, so that what is mixed of them is neither.
        let stereo = "aevalsrc=0.4*sin(2*PI*440*t)|0.2*sin(2*PI*1500*t*t):d=1.3";
        let mono = "aevalsrc=0.4*sin(2*PI*440*t):d=1.3";
        for name in ["a.wav", "a.flac", "a.ogg", "a.mp3"] {
            for (rate, tones) in [("48000", stereo), ("44100", stereo), ("44100", mono), ("16000", mono)] {
                let path = folder.path().join(name);
                made(&path, tones, &["-ar", rate]);
                let (ours, loss) = read(&path).unwrap();
                assert!(loss.is_nothing(), "{loss}");
                let mut theirs = Vec::new();
                through_ffmpeg(&path, &mut |part| {
                    theirs.extend_from_slice(part);
                    ControlFlow::Continue(())
                })
                .unwrap();
                let (longer, shorter) = (ours.len().max(theirs.len()), ours.len().min(theirs.len()));
                assert!(longer - shorter <= 48, "{name} at {rate} Hz: {} and {}", ours.len(), theirs.len());
                let power = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>();
                let off = power(&mut ours.iter().zip(&theirs).map(|(a, b)| a - b));
                let all = power(&mut theirs.iter().copied());
                assert!(off < 1e-3 * all, "{name} at {rate} Hz: {off} of {all}");
            }
        }
    }

    #[test]
    fn what_is_no_sound_is_left_to_ffmpeg() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        assert!(read(&path).is_none());
        std::fs::write(&path, "no sound").unwrap();
        assert!(read(&path).is_none());
    }

    #[test]
    fn of_damage_the_rest_is_used_and_the_loss_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp3");
        made(&path, "sine=frequency=500:duration=2", &["-ar", "44100", "-b:a", "128k"]);
        let whole = std::fs::read(&path).unwrap();
        let (good, _) = read(&path).unwrap();

        // Text behind the sound is no sound, and nothing is lost by it.
        std::fs::write(&path, [&whole[..], &b"and so it ends. ".repeat(60)].concat()).unwrap();
        let (read_on, loss) = read(&path).unwrap();
        assert!(loss.is_nothing() && read_on.len().abs_diff(good.len()) <= 1200, "{loss}");

        // The side information of a frame, or a whole frame.
        let frame =
            whole.len() / 2 + whole[whole.len() / 2..].windows(2).position(|b| b == [0xff, 0xfb]).unwrap();
        let mut damaged = whole.clone();
        damaged[frame + 4..frame + 300].fill(0xff);
        std::fs::write(&path, &damaged).unwrap();
        let (found, loss) = read(&path).unwrap();
        assert!((1..=3).contains(&loss.places), "{loss}");
        assert!(
            found.len().abs_diff(good.len()) <= 2 * 1254,
            "time is kept: {} of {}",
            found.len(),
            good.len()
        );
        let late = good.len() - 24_000;
        assert!(good[late..late + 9600].iter().zip(&found[late..]).all(|(a, b)| (a - b).abs() < 0.01));

        // Without its header, no frame is seen there.
        damaged[frame..frame + 300].fill(b'x');
        std::fs::write(&path, &damaged).unwrap();
        let (found, loss) = read(&path).unwrap();
        assert!((1..=3).contains(&loss.places), "{loss}");
        assert!(found.len().abs_diff(good.len()) <= 2 * 1254, "{} of {}", found.len(), good.len());
    }

    #[test]
    fn an_mp3_behind_an_mp3_of_another_rate_is_heard_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str, source: &str, rate: &str| {
            let path = folder.path().join(name);
            let bare = ["-ar", rate, "-write_xing", "0", "-id3v2_version", "0"];
            made(&path, source, &bare);
            std::fs::read(path).unwrap()
        };
        let first = part("a.mp3", "sine=frequency=500:duration=2", "44100");
        let second = part("b.mp3", "aevalsrc=0.4*sin(2*PI*900*t)|0.4*sin(2*PI*900*t):d=2", "48000");
        let path = folder.path().join("both.mp3");
        std::fs::write(&path, [first, second].concat()).unwrap();
        let (samples, loss) = read(&path).unwrap();
        assert!(loss.places <= 1, "{loss}");
        assert!(samples.len().abs_diff(4 * 48_000) < 9600, "{}", samples.len());
        for half in [&samples[24_000..72_000], &samples[120_000..168_000]] {
            assert!(crate::preprocess::level(half) > -25.0, "{}", crate::preprocess::level(half));
        }
    }

    #[test]
    fn samples_of_any_width_are_the_same_sound() {
        let folder = tempfile::tempdir().unwrap();
        let tone = "aevalsrc=0.5*sin(2*PI*440*t):d=0.5:s=48000";
        let level = |name: &str, more: &[&str]| {
            let path = folder.path().join(name);
            made(&path, tone, more);
            let (samples, loss) = read(&path).unwrap();
            assert!(loss.is_nothing() && samples.len() == 24_000, "{name}: {loss}, {}", samples.len());
            crate::preprocess::level(&samples)
        };
        for format in ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"] {
            let found = level(&format!("{format}.wav"), &["-c:a", format]);
            assert!((found + 9.03).abs() < 0.1, "{format}: {found}");
        }
        // Overdriven: floating point has values beyond full scale, whole numbers are clipped.
        let loud = ["-af", "volume=12dB"];
        let over = level("over.wav", &[&loud[..], &["-c:a", "pcm_f32le"]].concat());
        assert!((over - 2.97).abs() < 0.1, "{over}");
        let clipped = level("clipped.wav", &[&loud[..], &["-c:a", "pcm_s16le"]].concat());
        assert!((-2.0..0.0).contains(&clipped), "{clipped}");
    }

    #[test]
    fn what_is_no_number_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        made(&path, "aevalsrc=0:d=0.5:s=48000", &["-c:a", "pcm_f32le"]);
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len();
        bytes[end - 4000..end - 3996].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes[end - 400..end - 396].copy_from_slice(&f32::INFINITY.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let (samples, loss) = read(&path).unwrap();
        assert_eq!((loss, samples.iter().all(|s| *s == 0.0)), (Loss { places: 0, values: 2 }, true));
    }

    /// More channels than its bytes can be counted for: the decoder's own arithmetic gives up.
    #[test]
    fn a_header_that_nobody_wrote_is_left_to_ffmpeg() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        (0..4800).for_each(|n| writer.write_sample(n as i16).unwrap());
        writer.finalize().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[22..24].copy_from_slice(&0x8001_u16.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
        let heard = sound(&path, &mut |_| panic!("something was handed over"));
        assert_eq!(heard, None);
    }
}
