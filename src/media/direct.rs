//! Sound files without `ffmpeg`: WAV, FLAC, Ogg Vorbis and MP3 in this process, as starting another one takes longer
//! than decoding a second or two.

use std::fs::File;
use std::path::Path;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::preprocess::Resampler;

/// The whole sound of a file, 48 kHz mono. `None` for all that is not plainly one of the formats above from its
/// beginning to its end: that is for `ffmpeg` to read, or to complain of.
pub(super) fn sound(path: &Path) -> Option<Vec<f32>> {
    let stream = MediaSourceStream::new(Box::new(File::open(path).ok()?), Default::default());
    let mut hint = Hint::new();
    if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
        hint.with_extension(ending);
    }
    let probe = symphonia::default::get_probe();
    let mut format = probe.probe(&hint, stream, FormatOptions::default(), MetadataOptions::default()).ok()?;
    let track = format.default_track(TrackType::Audio)?;
    let (id, parameters) = (track.id, track.codec_params.as_ref()?.audio()?.clone());
    let options = AudioDecoderOptions::default();
    let mut decoder = symphonia::default::get_codecs().make_audio_decoder(&parameters, &options).ok()?;

    let (mut stream, mut interleaved, mut mono) = (None, Vec::<f32>::new(), Vec::new());
    while let Some(packet) = format.next_packet().ok()? {
        if packet.track_id != id {
            continue;
        }
        let decoded = decoder.decode(&packet).ok()?;
        let layout = (decoded.spec().rate() as usize, decoded.spec().channels().count());
        if layout.1 > 2 {
            return None; // Mixing more than two channels is a matter of where each of them stands.
        }
        interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut interleaved);
        let (first, resampler) = match &mut stream {
            Some(stream) => stream,
            None => stream.insert((layout, Resampler::new(layout.0, layout.1).ok()?)),
        };
        if *first != layout {
            return None;
        }
        resampler.push(&interleaved, &mut mono).ok()?;
    }
    let ((_, channels), mut resampler) = stream?;
    resampler.finish(&mut mono).ok()?;
    if channels == 2 {
        // Half of the sum becomes 0.7 of it: the power of left and right together, as ffmpeg mixes them.
        mono.iter_mut().for_each(|sample| *sample *= std::f32::consts::SQRT_2);
    }
    Some(mono)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::process::ffmpeg;
    use crate::media::still::decode_sound;

    #[test]
    fn sounds_are_those_that_ffmpeg_reads() {
        let folder = tempfile::tempdir().unwrap();
        // Left and right differ, so that what is mixed of them is neither.
        let stereo = "aevalsrc=0.4*sin(2*PI*440*t)|0.2*sin(2*PI*1500*t*t):d=1.3";
        let mono = "aevalsrc=0.4*sin(2*PI*440*t):d=1.3";
        for name in ["a.wav", "a.flac", "a.ogg", "a.mp3"] {
            for (rate, tones) in [("48000", stereo), ("44100", stereo), ("44100", mono), ("16000", mono)] {
                let path = folder.path().join(name);
                let made = ffmpeg()
                    .args(["-f", "lavfi", "-i", tones, "-ar", rate, "-y"])
                    .arg(&path)
                    .status()
                    .unwrap();
                assert!(made.success());
                let (ours, theirs) =
                    (sound(&path).unwrap(), decode_sound(&path.as_path().into(), &[]).unwrap());
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
        assert!(sound(&path).is_none());
        std::fs::write(&path, "no sound").unwrap();
        assert!(sound(&path).is_none());
    }
}
