//! `lookhear embed` as its users call it, on media made by ffmpeg.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::model::Bundle;
use lookhear::preprocess::spectrogram;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::Field;
use tempfile::TempDir;
use zip::ZipArchive;

/// A sound that changes, so that no two windows are alike.
const CHIRP: &str = "aevalsrc='0.5*sin(2*PI*(300+400*t)*t)':s=48000";

/// Of conv4_2 in the built-in model.
const CHANNELS: usize = 192;

/// Makes a media file from lavfi sources.
fn media(path: &Path, sources: &[&str], seconds: &str, more: &[&str]) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    for source in sources {
        command.args(["-f", "lavfi", "-t", seconds, "-i", source]);
    }
    assert!(command.args(more).arg(path).status().unwrap().success(), "{}", path.display());
    path.into()
}

fn embed(inputs: &[&Path], out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    command.arg("embed").args(inputs).arg("--out").arg(out).args(more).output().unwrap()
}

/// Runs without an error; what was said on standard error.
fn embedded(inputs: &[&Path], out: &Path, more: &[&str]) -> String {
    let output = embed(inputs, out, more);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    said
}

fn refused(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success() && !said.is_empty());
    said
}

/// Rows and timestamps of an NPZ file.
fn npz(path: &Path) -> (Vec<Vec<f32>>, Vec<f64>) {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let file = npyz::NpyFile::new(archive.by_name("embedding.npy").unwrap()).unwrap();
    let [rows, dims] = file.shape().try_into().unwrap();
    let values = file.into_vec::<f32>().unwrap();
    let timestamps = npyz::NpyFile::new(archive.by_name("timestamps.npy").unwrap()).unwrap();
    let timestamps = timestamps.into_vec::<f64>().unwrap();
    let table: Vec<_> = values.chunks_exact(dims as usize).map(<[f32]>::to_vec).collect();
    assert_eq!((table.len(), timestamps.len()), (rows as usize, rows as usize));
    (table, timestamps)
}

fn shape(path: &Path) -> [usize; 2] {
    let (rows, _) = npz(path);
    [rows.len(), rows[0].len()]
}

fn judge() -> Judge {
    let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors")).unwrap();
    Judge::new(&bundle, Backend::Int).unwrap()
}

fn tenths(count: usize) -> Vec<f64> {
    (0..count).map(|n| n as f64 / 10.0).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn windows_of_sound_are_those_from_scratch() {
    let folder = folder();
    let at = folder.path();
    let sound = media(&at.join("a.wav"), &[CHIRP], "1.3", &[]);
    let samples = lookhear::media::sound(&sound).unwrap();
    let before = [vec![0.0; 24_000], samples.clone()].concat();
    let mut judge = judge();

    embedded(&[&sound], at, &[]);
    let (rows, timestamps) = npz(&at.join("a_audio.npz"));
    assert_eq!(timestamps, tenths(9), "1.8 s with the zeros before: 0.8 s more than a window");
    for (n, row) in rows.iter().enumerate() {
        assert_eq!(row.len(), 12 * CHANNELS);
        let map = judge.audio_activation_map(&spectrogram::second(&before[n * 4_800..]));
        assert_eq!(*row, map.pool(4, 3), "window {n}");
    }

    // At 80 ms the engine could keep what it computed for the window before: another row would come of it.
    embedded(&[&sound], at, &["--pool", "global", "--hop", "0.08", "--uncentred"]);
    let (rows, timestamps) = npz(&at.join("a_audio_global_hop0.08_uncentred.npz"));
    assert_eq!(timestamps, [0.0, 0.08, 0.16, 0.24, 0.32]);
    for (n, row) in rows.iter().enumerate() {
        let heard = judge.encode_audio(&spectrogram::second(&samples[n * 3_840..]));
        assert_eq!(*row, heard.embedding, "window {n}");
        assert_eq!(row.len(), CHANNELS);
    }

    let short = media(&at.join("short.flac"), &[CHIRP], "0.25", &["-ar", "16000", "-ac", "2"]);
    embedded(&[&short], at, &[]);
    assert_eq!(npz(&at.join("short_audio.npz")).1, [0.0]);
}

#[test]
fn pictures_give_one_row_and_videos_one_a_hop() {
    let folder = folder();
    let at = folder.path();
    let (still, out) = (at.join("in/still.png"), at.join("out"));
    media(&still, &["testsrc=size=96x64:rate=1"], "1", &["-frames:v", "1"]);
    let clip = media(&at.join("in/deeper/clip.mp4"), &["testsrc=size=96x64:rate=25"], "1", &[]);
    let said = embedded(&[&at.join("in")], &out, &["--what", "vision"]);
    assert!(
        said.contains("2 of 2 files embedded") && said.contains(&format!("{} dimensions", 16 * CHANNELS)),
        "{said}"
    );
    let (rows, timestamps) = npz(&out.join("still_image.npz"));
    assert_eq!(timestamps, [0.0]);
    let picture = lookhear::media::picture(&still).unwrap();
    assert_eq!(rows[0], judge().image_activation_map(&picture).pool(4, 4));
    let (rows, timestamps) = npz(&out.join("deeper/clip_image.npz"));
    assert_eq!((rows[0].len(), timestamps), (16 * CHANNELS, tenths(10)));
    assert!(rows.windows(2).all(|pair| pair[0] != pair[1]), "the test picture moves");

    embedded(&[&clip], &out, &["--what", "vision", "--pool", "global", "--hop", "0.5"]);
    assert_eq!(shape(&out.join("clip_image_global_hop0.5.npz")), [2, CHANNELS]);
}

#[test]
fn sounds_and_pictures_share_a_space() {
    let folder = folder();
    let at = folder.path();
    let still = media(&at.join("still.png"), &["testsrc=size=96x64:rate=1"], "1", &["-frames:v", "1"]);
    let clip = media(&at.join("clip.mkv"), &["testsrc=size=96x64:rate=25", CHIRP], "1", &[]);
    embedded(&[&still, &clip], at, &["--what", "ave"]);
    let ((positions, zeros), (sounds, timestamps)) =
        (npz(&at.join("still_ave.npz")), npz(&at.join("clip_ave.npz")));
    assert_eq!((positions.len(), zeros), (14 * 14, vec![0.0; 14 * 14]));
    assert_eq!((timestamps[0], timestamps[1]), (0.0, 0.1));
    for row in positions.iter().chain(&sounds) {
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!(row.len() == 128 && (length - 1.0).abs() < 1e-3, "{length}");
    }

    // The best row is where the head's map has its peak.
    let dot = |row: &[f32]| row.iter().zip(&sounds[3]).map(|(a, b)| a * b).sum::<f32>();
    let best = |values: &[f32]| (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap();
    let products: Vec<f32> = positions.iter().map(|row| dot(row)).collect();
    let mut judge = judge();
    let seen = judge.encode_image(&lookhear::media::picture(&still).unwrap());
    let heard =
        lookhear::engine::AudioEncoding { projection: sounds[3].clone(), embedding: vec![0.0; CHANNELS] };
    assert_eq!(best(&products), best(&judge.judge(&seen, &heard).map.values));

    let error = refused(&embed(&[&clip], at, &["--what", "ave", "--pool", "global"]));
    assert!(error.contains("--pool"), "{error}");
}

#[test]
fn parquet_says_the_same_as_npz() {
    let folder = folder();
    let at = folder.path();
    let sound = media(&at.join("take.1.wav"), &[CHIRP], "0.7", &[]);
    embedded(&[&sound], at, &["--format", "npz,parquet", "--pool", "global"]);
    let (rows, timestamps) = npz(&at.join("take.1_audio_global.npz"));
    let reader =
        SerializedFileReader::new(File::open(at.join("take.1_audio_global.parquet")).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let entry = |key: &str| {
        let found = metadata.key_value_metadata().unwrap().iter().find(|entry| entry.key == key);
        found.and_then(|entry| entry.value.clone()).unwrap()
    };
    assert_eq!((entry("lookhear.what"), entry("lookhear.pool")), ("audio".into(), "global".into()));
    assert_eq!((entry("lookhear.hop").as_str(), entry("lookhear.model").len()), ("0.1", 64));
    assert_eq!(metadata.num_rows(), rows.len() as i64);
    for ((found, row), t) in reader.get_row_iter(None).unwrap().zip(&rows).zip(timestamps) {
        let found = found.unwrap();
        let fields: Vec<_> = found.get_column_iter().map(|(_, field)| field).collect();
        assert_eq!(*fields[0], Field::Double(t));
        let Field::ListInternal(list) = fields[1] else { panic!("{:?}", fields[1]) };
        let values: Vec<_> = row.iter().map(|value| Field::Float(*value)).collect();
        assert_eq!(list.elements(), values);
    }
}

#[test]
fn a_run_goes_on_where_it_stopped_and_survives_bad_files() {
    let folder = folder();
    let at = folder.path();
    let (inputs, out) = (at.join("in"), at.join("out"));
    media(&inputs.join("a/one.wav"), &[CHIRP], "0.5", &[]);
    media(&inputs.join("b/one.wav"), &[CHIRP], "0.5", &[]);
    media(&inputs.join("mute.mp4"), &["testsrc=size=96x64:rate=25"], "0.4", &[]);
    std::fs::write(inputs.join("broken.wav"), "this is no sound").unwrap();
    let written = |name: &str| out.join(name).metadata().unwrap().modified().unwrap();

    let error = refused(&embed(&[&inputs], &out, &[]));
    assert!(
        error.contains("broken.wav cannot be read") && error.contains("mute.mp4 has no sound"),
        "{error}"
    );
    let counts = format!("2 of 4 files embedded, 0 up to date; {} dimensions", 12 * CHANNELS);
    assert!(error.contains(&counts), "{error}");
    assert!(error.ends_with("2 of 4 files could not be embedded\n"), "{error}");
    let left = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(
        (left(&out), left(&out.join("a"))),
        (vec!["a".into(), "b".into()], vec!["one_audio.npz".into()])
    );

    std::fs::remove_file(out.join("b/one_audio.npz")).unwrap();
    std::fs::remove_file(inputs.join("broken.wav")).unwrap();
    std::fs::remove_file(inputs.join("mute.mp4")).unwrap();
    let first = written("a/one_audio.npz");
    assert!(embedded(&[&inputs], &out, &[]).contains("1 of 2 files embedded, 1 up to date"));
    assert!(embedded(&[&inputs], &out, &[]).contains("0 of 2 files embedded, 2 up to date"));
    assert_eq!(written("a/one_audio.npz"), first);
    assert!(embedded(&[&inputs], &out, &["--force"]).contains("2 of 2 files embedded"));
    assert!(written("a/one_audio.npz") > first);
    assert!(embedded(&[&inputs], &out, &["--pool", "global"]).contains("2 of 2 files embedded"));
    assert_eq!(shape(&out.join("a/one_audio_global.npz")), [1, CHANNELS]);
    assert_eq!(shape(&out.join("a/one_audio.npz")), [1, 12 * CHANNELS], "other settings are other outputs");

    std::fs::write(out.join("a/one_audio_global.npz"), "somebody's own").unwrap();
    let error = refused(&embed(&[&inputs], &out, &["--pool", "global"]));
    assert!(
        error.contains("a/one_audio_global.npz is there already") && error.contains("--force"),
        "{error}"
    );
    assert_eq!(std::fs::read(out.join("a/one_audio_global.npz")).unwrap(), b"somebody's own");
}

#[test]
fn what_was_made_otherwise_is_not_replaced_unasked() {
    let folder = folder();
    let at = folder.path();
    let clip = media(&at.join("clip.mkv"), &["testsrc=size=96x64:rate=25", CHIRP], "0.5", &[]);
    embedded(&[&clip], at, &[]);
    embedded(&[&clip], at, &["--what", "vision"]);
    assert_eq!(shape(&at.join("clip_audio.npz"))[1], 12 * CHANNELS);
    assert_eq!(shape(&at.join("clip_image.npz"))[1], 16 * CHANNELS);
    let before = std::fs::read(at.join("clip_audio.npz")).unwrap();
    let error = refused(&embed(&[&clip], at, &["--engine", "flex"]));
    assert!(error.contains("was made by another model, engine") && error.contains("--force"), "{error}");
    assert_eq!(std::fs::read(at.join("clip_audio.npz")).unwrap(), before);
    embedded(&[&clip], at, &["--engine", "flex", "--force"]);
    assert_ne!(std::fs::read(at.join("clip_audio.npz")).unwrap(), before);
}

#[test]
fn of_damaged_files_the_rest_is_embedded_and_the_loss_is_told() {
    let folder = folder();
    let at = folder.path();
    let good = media(&at.join("good.mp3"), &[CHIRP], "3", &["-b:a", "128k"]);
    let bytes = std::fs::read(&good).unwrap();
    let tagged = at.join("tagged.mp3");
    std::fs::write(&tagged, [&bytes[..], &b"And that was all of it. ".repeat(40)].concat()).unwrap();
    embedded(&[&good, &tagged], at, &["--pool", "global"]);
    let (expected, tagged) =
        (npz(&at.join("good_audio_global.npz")).0, npz(&at.join("tagged_audio_global.npz")).0);
    assert_eq!(tagged[..20], expected[..20]);

    let damaged = at.join("damaged.mp3");
    let middle = bytes.len() / 2;
    let frame = middle + bytes[middle..].windows(2).position(|b| b == [0xff, 0xfb]).unwrap();
    let mut broken = bytes.clone();
    broken[frame + 4..frame + 300].fill(0xff);
    std::fs::write(&damaged, &broken).unwrap();
    let output = embed(&[&damaged, &good], at, &["--pool", "global"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("damaged.mp3: ") && said.contains("the rest was used"), "{said}");
    assert!(said.ends_with("1 of 2 files were damaged\n"), "{said}");
    let found = npz(&at.join("damaged_audio_global.npz")).0;
    assert_eq!((found.len().abs_diff(expected.len()) <= 1, &found[..5]), (true, &expected[..5]));
}

#[test]
fn what_cannot_be_done_gets_one_error_before_anything_is_made() {
    let folder = folder();
    let at = folder.path();
    let wav = media(&at.join("in/a.wav"), &[CHIRP], "0.3", &[]);
    let flac = media(&at.join("in/a.flac"), &[CHIRP], "0.3", &[]);
    let out = at.join("out");
    let (inputs, absent) = (at.join("in"), at.join("absent.wav"));
    let cases: [(&[&Path], &[&str], &str); 6] = [
        (&[&inputs], &[], "would both become"),
        (&[&wav, &flac], &[], "would both become"),
        (&[&absent], &[], "absent.wav cannot be read"),
        (&[&inputs], &["--what", "vision"], "holds nothing for --what vision"),
        (&[&wav], &["--hop", "0"], "--hop 0: give 0.005 to 60 seconds"),
        (&[&wav], &["--model", "/nonexistent/model"], "/nonexistent/model"),
    ];
    for (inputs, more, expected) in cases {
        let error = refused(&embed(inputs, &out, more));
        assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
        assert!(!out.exists());
    }
    let error = refused(&embed(&[&wav], &wav, &[]));
    assert!(error.contains("a.wav cannot be written") && error.lines().count() == 1, "{error}");
}
