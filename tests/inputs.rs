//! Media as people have it: deep, changing, jumping, damaged, strangely named; and decoders that die.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lookhear::event::Event;
use lookhear::media::{Decoder, Input, PATIENCE, Piece};
use tempfile::TempDir;

const TONE: &str = "sine=frequency=600:sample_rate=48000";
const PICTURE: &str = "testsrc2=size=320x240:rate=25";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn lookhear(arguments: &[&OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

fn watch(path: &Path, more: &[&str]) -> Output {
    let mut arguments =
        vec![OsStr::new("watch"), OsStr::new("--json"), OsStr::new("--hop"), OsStr::new("0.2")];
    arguments.push(path.as_os_str());
    arguments.extend(more.iter().map(OsStr::new));
    lookhear(&arguments)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn events(output: &Output) -> Vec<Event> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes a file of these arguments.
fn ffmpeg(arguments: &[&str], target: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]).args(arguments).arg(target);
    assert!(command.status().unwrap().success(), "{}", target.display());
}

/// A clip of a test picture with a tone, and further options.
fn clip(target: &Path, seconds: &str, more: &[&str]) -> PathBuf {
    let streams = ["-f", "lavfi", "-t", seconds, "-i", PICTURE, "-f", "lavfi", "-t", seconds, "-i", TONE];
    ffmpeg(&[&streams[..], &["-preset", "ultrafast"], more].concat(), target);
    target.into()
}

/// The whole of an input: seconds of pictures, the samples, and how often ffmpeg complained.
fn decoded(input: &Path) -> (f64, Vec<f32>, u64) {
    let mut decoder = Decoder::start(&Input::from(input), PATIENCE).unwrap();
    let (mut pictures, mut samples) = (0, Vec::new());
    while let Some(piece) = decoder.next_piece().unwrap() {
        match piece {
            Piece::Picture(_) | Piece::Held(_) => pictures += 1,
            Piece::Sound(sound) => samples.extend(sound),
            Piece::Silence(count) => samples.resize(samples.len() + count, 0.0),
        }
    }
    (f64::from(pictures) / 25.0, samples, decoder.finish().unwrap().map_or(0, |damage| damage.loss.places))
}

/// Where sound begins and ends, in seconds.
fn heard(samples: &[f32]) -> [f64; 2] {
    let loud = |sample: &f32| sample.abs() > 0.02;
    let first = samples.iter().position(loud).unwrap();
    let last = samples.iter().rposition(loud).unwrap();
    [first as f64 / 48e3, last as f64 / 48e3]
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a}, not {b}");
}

#[test]
fn pictures_of_any_depth_and_coding_are_watched() {
    let folder = folder();
    let cases: [(&str, &[&str]); 8] = [
        ("high10.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p10le"]),
        ("main10.mp4", &["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le"]),
        ("prores.mov", &["-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"]),
        (
            "profile2.webm",
            &["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-pix_fmt", "yuv420p10le"],
        ),
        ("rgb48.mkv", &["-c:v", "ffv1", "-pix_fmt", "gbrp16le"]),
        ("gray.mkv", &["-c:v", "ffv1", "-pix_fmt", "gray16le"]),
        ("444.mkv", &["-c:v", "libx264", "-pix_fmt", "yuv444p"]),
        ("palette.avi", &["-c:v", "rawvideo", "-pix_fmt", "pal8", "-s", "64x48"]),
    ];
    for (name, more) in cases {
        let path = clip(&folder.path().join(name), "1", more);
        let output = watch(&path, &[]);
        assert!(output.status.success(), "{name}: {}", said(&output));
        near(events(&output).last().unwrap().t, 1.0, 0.21);
        assert!(lookhear::media::frame_at(&path, 0.5).is_ok(), "{name}");
    }
}

#[test]
fn a_high_dynamic_range_looks_as_it_was_meant() {
    let filters = Command::new("ffmpeg").args(["-v", "error", "-filters"]).output().unwrap();
    if !String::from_utf8_lossy(&filters.stdout).contains(" zscale ") {
        return;
    }
    let folder = folder();
    for transfer in ["arib-std-b67", "smpte2084"] {
        let path = folder.path().join(format!("{transfer}.mkv"));
        let filter = format!(
            "format=yuv444p,zscale=tin=bt709:pin=bt709:min=bt709:rin=tv:t={transfer}:p=bt2020:m=bt2020nc:r=tv:npl=203,\
             format=yuv420p10le"
        );
        let picture = "color=c=0x90a050:size=64x48:rate=25,scale=out_color_matrix=bt709:out_range=tv";
        let sources = ["-f", "lavfi", "-t", "1", "-i", picture, "-f", "lavfi", "-t", "1", "-i", TONE];
        let coded = ["-vf", &filter, "-c:v", "ffv1", "-color_trc", transfer];
        let marks = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020"];
        ffmpeg(&[&sources[..], &coded, &marks].concat(), &path);
        let mut decoder = Decoder::start(&Input::from(&path), PATIENCE).unwrap();
        let picture = loop {
            match decoder.next_piece().unwrap().unwrap() {
                Piece::Picture(frame) => break frame.picture,
                _ => continue,
            }
        };
        let still = lookhear::media::frame_at(&path, 0.5).unwrap();
        for pixel in [picture.get_pixel(30, 20), still.get_pixel(30, 20)] {
            for (value, wanted) in pixel.0.iter().zip([0x90, 0xa0, 0x50]) {
                assert!(value.abs_diff(wanted) < 24, "{transfer}: {pixel:?}");
            }
        }
    }
}

#[test]
fn sound_that_changes_its_format_stays_where_it_is() {
    let folder = folder();
    let part = |name: &str, offset: &str, volume: &str, more: &[&str]| {
        let path = folder.path().join(name);
        let sound = format!("{TONE},volume='{volume}':eval=frame");
        let sources = ["-f", "lavfi", "-t", "3", "-i", PICTURE, "-f", "lavfi", "-t", "3", "-i", &sound];
        let end = [
            "-muxdelay",
            "0",
            "-output_ts_offset",
            offset,
            "-preset",
            "ultrafast",
            "-bf",
            "0",
            "-f",
            "mpegts",
        ];
        ffmpeg(&[&sources[..], more, &end].concat(), &path);
        fs::read(path).unwrap()
    };
    let first = part("a.ts", "0", "0", &["-c:a", "mp2", "-ac", "1"]);
    let cases: [&[&str]; 4] = [
        &["-c:a", "mp2", "-ac", "2"],
        &["-c:a", "mp2", "-ac", "1", "-ar", "44100"],
        &["-c:a", "mp2", "-ac", "2", "-ar", "32000"],
        &["-c:a", "mp2", "-ac", "1"],
    ];
    for more in cases {
        let second = part("b.ts", "3", "between(t,1,2)", more);
        let path = folder.path().join("both.ts");
        fs::write(&path, [first.as_slice(), second.as_slice()].concat()).unwrap();
        let (pictures, samples, _) = decoded(&path);
        near(pictures, 6.0, 0.13);
        near(samples.len() as f64 / 48e3, 6.0, 0.13);
        let [from, to] = heard(&samples);
        near(from, 4.0, 0.1);
        near(to, 5.0, 0.1);
    }
}

#[test]
fn timestamps_that_jump_add_nothing() {
    let folder = folder();
    let at = folder.path();
    for (name, seconds) in [("20h.mkv", 72_000), ("1h.mkv", 3_600), ("2min.mp4", 120), ("40h.mkv", 144_000)] {
        let jump = format!("if(gte(T,1.5),PTS+{seconds}/TB,PTS)");
        let (picture, sound) = (format!("setpts='{jump}'"), format!("asetpts='{jump}'"));
        let path = clip(&at.join(name), "3", &["-vf", &picture, "-af", &sound, "-fps_mode", "passthrough"]);
        let (pictures, samples, damage) = decoded(&path);
        near(pictures, 3.0, 0.13);
        near(samples.len() as f64 / 48e3, 3.0, 0.13);
        assert_eq!(damage, 0, "{name}");
    }
    let whole = fs::read(clip(&at.join("a.ts"), "2", &["-bf", "0"])).unwrap();
    let twice = at.join("twice.ts");
    fs::write(&twice, whole.repeat(2)).unwrap();
    let (pictures, samples, _) = decoded(&twice);
    near(pictures, 4.0, 0.2);
    near(samples.len() as f64 / 48e3, 4.0, 0.2);
    // In a container that has no word for it.
    let whole = fs::read(clip(&at.join("a.mkv"), "2", &["-bf", "0"])).unwrap();
    let twice = at.join("twice.mkv");
    fs::write(&twice, whole.repeat(2)).unwrap();
    let (pictures, samples, _) = decoded(&twice);
    near(pictures, 4.0, 0.2);
    near(samples.len() as f64 / 48e3, 4.0, 0.2);
}

#[test]
fn sound_that_ends_early_holds_nothing_up() {
    let folder = folder();
    let path = folder.path().join("a.mkv");
    let sources = ["-f", "lavfi", "-t", "40", "-i", PICTURE, "-f", "lavfi", "-t", "1", "-i", TONE];
    ffmpeg(&[&sources[..], &["-preset", "ultrafast"]].concat(), &path);
    let (pictures, samples, _) = decoded(&path);
    near(pictures, 40.0, 0.1);
    // What the decoder holds back comes only at the end of the file: a few packets.
    near(heard(&samples)[1], 1.0, 0.12);
    assert!(samples.len() < 41 * 48_000);
}

#[test]
fn any_name_of_a_file_is_the_name_of_a_file() {
    let folder = folder();
    let at = folder.path().join("names");
    fs::create_dir(&at).unwrap();
    let good = clip(&folder.path().join("good.mp4"), "0.6", &[]);
    let long = format!("{}.mp4", "x".repeat(246));
    let names: [&[u8]; 8] = [
        b"12:30:05.mp4",
        b"Stra\xdfe.mp4",
        b"-o.mp4",
        b"%03d.mp4",
        b"a\nb.mp4",
        b"pipe:0.mp4",
        b"a'b;c,d[e].mp4",
        long.as_bytes(),
    ];
    for name in names {
        fs::copy(&good, at.join(OsStr::from_bytes(name))).unwrap();
        // As a name alone, from within the folder.
        let run = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
            let (first, more) = arguments.split_first().unwrap();
            command.current_dir(&at).arg(first).args(more).arg("--").arg(OsStr::from_bytes(name));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}: {}", String::from_utf8_lossy(name), said(&output));
        };
        run(&["watch", "--json"]);
        run(&["embed", "--out", "../embedded"]);
    }
}

#[test]
fn of_damaged_files_is_used_what_can_be() {
    let folder = folder();
    let at = folder.path();
    let whole = clip(&at.join("whole.mp4"), "4", &["-g", "10"]);
    let mut bytes = fs::read(&whole).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xA5);
    let damaged = at.join("damaged.mp4");
    fs::write(&damaged, bytes).unwrap();
    let saved = at.join("saved.mp4");
    let output = watch(&damaged, &["--save", saved.to_str().unwrap()]);
    assert!(!output.status.success(), "the exit code tells");
    assert!(
        said(&output).contains("damaged.mp4 is damaged:") && said(&output).contains("the rest was used"),
        "{}",
        said(&output)
    );
    assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
    assert_eq!(events(&output).len(), 20);
    near(lookhear::media::probe(&saved).unwrap().seconds, 4.0, 0.1);

    let tone = at.join("tone.mp3");
    ffmpeg(&["-f", "lavfi", "-t", "3", "-i", TONE], &tone);
    let bytes = fs::read(&tone).unwrap();
    let text = b"This text was put behind the last frame of sound. ".repeat(20);
    let mut torn = bytes.clone();
    torn[bytes.len() / 2..bytes.len() / 2 + 200].fill(0);
    for (name, bytes) in [("behind.mp3", [bytes.as_slice(), text.as_slice()].concat()), ("torn.mp3", torn)] {
        let (path, out) = (at.join(name), at.join("embedded"));
        fs::write(&path, bytes).unwrap();
        let embed = || lookhear(&["embed".as_ref(), path.as_os_str(), "--out".as_ref(), out.as_os_str()]);
        let output = embed();
        let told = said(&output).contains("the rest was used");
        assert_eq!(told, !output.status.success(), "{name}: {}", said(&output));
        let npz = out.join(name.replace(".mp3", "_audio.npz"));
        assert!(npz.exists(), "{name}: {}", said(&output));
        assert!(said(&embed()).contains("1 up to date"), "the same file gives no more the next time");
    }
}

#[test]
fn a_file_that_names_others_opens_nothing() {
    let folder = folder();
    let at = folder.path();
    let segment = clip(&at.join("segment.ts"), "1", &[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/a.ts", listener.local_addr().unwrap());
    let list = |to: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{to}\n#EXT-X-ENDLIST\n");
    let inside = at.join("inside");
    fs::create_dir(&inside).unwrap();
    let files = [
        ("list.m3u8", list(segment.to_str().unwrap())),
        ("clip.ts", list(segment.to_str().unwrap())),
        ("net.m3u8", list(&address)),
        ("clip.mp4", format!("ffconcat version 1.0\nfile '{}'\n", segment.display())),
    ];
    for (name, text) in &files {
        let path = inside.join(name);
        fs::write(&path, text).unwrap();
        let output = watch(&path, &[]);
        assert!(!output.status.success() && output.stdout.is_empty(), "{name}");
        assert!(said(&output).contains(name), "{}", said(&output));
        let embedded = lookhear(&["embed".as_ref(), path.as_os_str(), "--out".as_ref(), at.as_os_str()]);
        assert!(!embedded.status.success(), "{name}");
    }
    assert!(said(&watch(&inside.join("list.m3u8"), &[])).contains("add --allow-network"));
    let pairs = at.join("pairs.tsv");
    fs::write(&pairs, format!("{address}@0.5\t{address}@0.5\n")).unwrap();
    let output = lookhear(&["judge".as_ref(), "--pairs".as_ref(), pairs.as_os_str()]);
    assert!(!output.status.success());
    assert!(listener.accept().is_err(), "nobody came");
    let trusted = watch(&inside.join("list.m3u8"), &["--allow-network"]);
    assert!(trusted.status.success(), "{}", said(&trusted));
}
