use super::*;
use Wanted::{Picture, Second};

#[test]
fn what_lies_close_together_is_read_together() {
    let wanted = [Picture(30.0), Second(3.0), Picture(1.0), Second(1.0), Picture(7.4), Picture(200.0)];
    assert_eq!(neighbours(&wanted), [vec![3, 2, 1, 4], vec![0], vec![5]]);
    let many: Vec<Wanted> = (0..1000).map(|n| Picture(f64::from(n))).collect();
    let runs = neighbours(&many);
    assert!(runs.iter().all(|run| run.len() <= MOST.min(LONGEST as usize)), "{runs:?}");
    assert_eq!(runs.concat(), (0..1000).collect::<Vec<_>>());
}

/// Ten seconds whose picture tells the time by its brightness, and whose sound by its value.
fn clip(folder: &Path, name: &str, more: &[&str]) -> std::path::PathBuf {
    let path = folder.join(name);
    let picture = "color=black:s=64x48:r=20,geq=lum='16+N':cb=128:cr=128";
    let made = ffmpeg()
        .args(["-f", "lavfi", "-t", "10", "-i", picture])
        .args(["-f", "lavfi", "-t", "10", "-i", "aevalsrc='t/10':s=48000"])
        .args(["-c:v", "libx264", "-g", "100", "-crf", "5", "-c:a", "pcm_s16le"])
        .args(more)
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    path
}

fn all(path: &Path, wanted: &[Wanted]) -> Vec<Result<Found, MediaError>> {
    let mut found: Vec<Option<Result<Found, MediaError>>> = wanted.iter().map(|_| None).collect();
    moments(path, wanted, &mut |index, one| {
        assert!(found[index].replace(one).is_none(), "{index} came twice");
    });
    found.into_iter().map(Option::unwrap).collect()
}

/// Seconds that a frame or the first and last samples of a second tell.
fn told(found: &Result<Found, MediaError>) -> Vec<f64> {
    match found.as_ref().unwrap() {
        Found::Picture(picture) => {
            let grey = f64::from(picture.get_pixel(30, 20).0[1]);
            vec![grey * 219.0 / 255.0 / 20.0]
        }
        Found::Second(samples) => [0, 24_000, 47_999].map(|n| f64::from(samples[n]) * 10.0).into(),
    }
}

#[test]
fn frames_are_those_that_are_shown_and_seconds_lie_around_their_moments() {
    let folder = tempfile::tempdir().unwrap();
    let clip_of = |name, more: &[&str]| clip(folder.path(), name, more);
    let clips = [clip_of("a.mkv", &[]), clip_of("b.mov", &[]), clip_of("c.ts", &["-c:a", "aac"])];
    for (n, path) in clips.iter().enumerate() {
        let wanted = [Picture(3.33), Second(3.33), Picture(3.33), Picture(7.02), Second(6.1)];
        let found = all(path, &wanted);
        for (found, wanted) in found.iter().zip(&wanted) {
            let (told, t) = (told(found), wanted.t());
            // The newest frame that is not later; brightness is rounded down. A transport stream begins with what the
            // sound's encoder puts before it, so its pictures come a little later.
            let shown = (t * 20.0).floor() / 20.0;
            let behind = if n == 2 { 0.095 } else { 0.045 };
            assert!(
                (-0.01..=behind).contains(&(shown - told[0])) || told.len() == 3,
                "{told:?} at {t} of {n}"
            );
            let off = |at: usize, seconds: f64| (told[at] - t - seconds).abs();
            let sound = told.len() == 1 || (off(0, -0.5) < 2e-3 && off(1, 0.0) < 2e-3 && off(2, 0.5) < 2e-3);
            assert!(sound || n == 2, "{told:?} at {t} of {n}");
        }
    }
}

#[test]
fn outside_of_the_sound_is_silence_and_the_last_frame_stays() {
    let folder = tempfile::tempdir().unwrap();
    let late = clip(folder.path(), "late.mkv", &["-af", "adelay=0,volume=1:enable='gte(t,0)',atrim=2:5"]);
    let found = all(&late, &[Second(1.0), Second(2.25), Second(8.0)]);
    assert_eq!(told(&found[0]), [0.0; 3]);
    let second = told(&found[1]);
    assert!(second[0] == 0.0 && (second[1] - 2.25).abs() < 0.01, "{second:?}");
    assert_eq!(told(&found[2]), [0.0; 3], "the sound is over, the picture is not");

    let short = clip(folder.path(), "short.mkv", &["-vf", "trim=end=4"]);
    let found = all(&short, &[Picture(9.0), Second(9.0)]);
    assert!((told(&found[0])[0] - 3.95).abs() < 0.1, "{:?}", told(&found[0]));

    let slow = clip(folder.path(), "slow.mkv", &["-r", "0.25"]);
    assert!(told(&all(&slow, &[Picture(7.5)])[0])[0] < 7.5);
}

#[test]
fn beyond_the_end_is_one_clear_error_and_a_missing_stream_costs_only_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(folder.path(), "a.mkv", &[]);
    for wanted in [Picture(350.0), Second(350.0)] {
        let error = all(&path, &[wanted])[0].as_ref().unwrap_err().to_string();
        assert!(error.contains("350 s") && error.contains("10.0 s long"), "{error}");
    }
    let mute = clip(folder.path(), "mute.mkv", &["-an"]);
    let found = all(&mute, &[Picture(2.0), Second(2.0)]);
    assert!(found[0].is_ok());
    assert!(found[1].as_ref().unwrap_err().to_string().contains("has no sound"), "{:?}", found[1]);
    let absent = all(Path::new("/nonexistent/clip.mp4"), &[Picture(2.0), Second(2.0)]);
    assert!(absent.iter().all(Result::is_err));
}

#[test]
fn damage_is_told_of_what_was_read_and_of_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.mp4");
    let picture = ["-f", "lavfi", "-t", "10", "-i", "testsrc2=s=160x120:r=20"];
    let made = ffmpeg().args(picture).args(["-c:v", "libx264", "-g", "20"]).arg(&path).status();
    assert!(made.unwrap().success());
    let read = |wanted: &[Wanted]| moments(&path, wanted, &mut |_, found| assert!(found.is_ok()));
    let through = [1.0, 3.0, 5.0, 7.0].map(Picture);
    assert!(read(&through).is_nothing(), "it is whole");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 3;
    bytes[at..at + 64].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    assert!(read(&through).places > 0);
    assert!(read(&[Picture(9.5)]).is_nothing(), "nobody looked at the bad place");
}

#[test]
fn where_a_stream_without_an_index_is_cut_is_no_damage_and_values_that_are_no_numbers_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = clip(
        folder.path(),
        "long.mpg",
        &["-c:v", "mpeg2video", "-r", "25", "-c:a", "mp2", "-af", "apad=pad_dur=15"],
    );
    let mut found = Vec::new();
    assert!(moments(&path, &[Second(19.0)], &mut |_, one| found.push(one)).is_nothing());
    assert!(found[0].is_ok(), "{found:?}");

    let path = folder.path().join("none.wav");
    let tone = ["-f", "lavfi", "-t", "3", "-i", "aevalsrc='if(between(t,1,1.0001),0/0,0.1)':s=48000"];
    assert!(ffmpeg().args(tone).args(["-c:a", "pcm_f32le"]).arg(&path).status().unwrap().success());
    let loss = moments(&path, &[Second(1.0)], &mut |_, one| assert!(one.is_ok()));
    // Five, and as many of the second channel that ffmpeg makes.
    assert!(loss.places == 0 && (1..=10).contains(&loss.values), "{loss:?}");
}

/// A file that was streamed does not say how long it is.
#[test]
fn beyond_the_end_is_beyond_it_also_where_no_length_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let whole = clip(folder.path(), "whole.mov", &["-t", "2"]);
    let path = folder.path().join("streamed.mkv");
    let mut command = ffmpeg();
    command.arg("-i").arg(&whole).args(["-c", "copy", "-f", "matroska", "pipe:1"]);
    assert!(command.stdout(std::fs::File::create(&path).unwrap()).status().unwrap().success());
    assert_eq!(probe::seconds(&Input::from(&path)).unwrap(), None);
    assert!(all(&path, &[Picture(1.0)])[0].is_ok());
    for far in [100.0, 1e9, 1e300] {
        let found = all(&path, &[Picture(far), Second(far)]);
        let beyond = |one: &Result<Found, MediaError>| matches!(one, Err(MediaError::Beyond { .. }));
        assert!(found.iter().all(beyond), "{far}: {found:?}");
    }
}

#[test]
fn raw_streams_are_read_from_their_beginning() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec) in [("raw.h264", "libx264"), ("raw.m2v", "mpeg2video")] {
        let path = folder.path().join(name);
        let picture = "testsrc=s=64x48:r=25:d=2";
        let made = ffmpeg().args(["-f", "lavfi", "-i", picture, "-c:v", codec]).arg(&path).status();
        assert!(made.unwrap().success());
        let found = all(&path, &[Picture(0.0), Picture(0.5)]);
        assert!(found.iter().all(Result::is_ok), "{name}: {found:?}");
    }
}
