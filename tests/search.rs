//! `lookhear search` as its users call it, on photos and sounds that everybody has, and on media made of them.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lookhear::engine::Backend;
use lookhear::judge::Judge;
use lookhear::media;
use lookhear::model::Bundle;
use lookhear::preprocess::spectrogram;
use lookhear::similarity::best_first;
use lookhear::studio::STAMPS;
use serde_json::Value;
use tempfile::TempDir;

/// Photos with their sounds: see the Makefile.
const THINGS: [&str; 5] = [
    "animals/mammals/dogs/dog",
    "hobbies/music/string/violin",
    "animals/birds/hen",
    "hobbies/music/percussion/drumkit",
    "animals/mammals/elephant",
];

fn lookhear(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn embed(inputs: &[&str], out: &Path, more: &[&str]) {
    let output = lookhear(&[&["embed"][..], inputs, &["--out", text(out)], more].concat());
    assert!(output.status.success(), "{}", said(&output));
}

/// The results as JSON.
fn found(arguments: &[&str]) -> Vec<Value> {
    let output = lookhear(&[&["search", "--json"][..], arguments].concat());
    assert!(output.status.success(), "{}", said(&output));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn files(found: &[Value]) -> Vec<&str> {
    found.iter().map(|line| line["file"].as_str().unwrap()).collect()
}

/// The error of a search that cannot be made.
fn refused(arguments: &[&str]) -> String {
    let output = lookhear(&[&["search"][..], arguments].concat());
    let said = said(&output);
    assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

fn stamp(thing: &str, ending: &str) -> String {
    format!("{STAMPS}/{thing}.{ending}")
}

fn own(thing: &str, ending: &str) -> String {
    format!("{}.{ending}", thing.rsplit('/').next().unwrap())
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn ffmpeg(arguments: &[&str], path: &Path) {
    let mut command = Command::new("ffmpeg");
    assert!(command.args(["-v", "error", "-y"]).args(arguments).arg(path).status().unwrap().success());
}

/// Writes what the photos and sounds are in the space that they share.
fn shared(at: &Path) -> PathBuf {
    let archive = at.join("shared");
    let all = |ending| THINGS.map(|thing| stamp(thing, ending));
    let (pictures, sounds) = (all("png"), all("ogg"));
    let space = ["--space", "shared", "--format", "parquet", "--hop", "0.5"];
    embed(&pictures.each_ref().map(String::as_str), &archive, &[&space[..], &["--what", "vision"]].concat());
    embed(&sounds.each_ref().map(String::as_str), &archive, &space);
    archive
}

#[test]
fn a_bark_finds_the_dog_and_the_dog_its_bark() {
    let folder = folder();
    let at = folder.path();
    let archive = shared(at);
    let [dog, violin, ..] = THINGS;
    for thing in [dog, violin] {
        let seen = found(&[&stamp(thing, "ogg"), text(&archive), "--in", "picture"]);
        assert_eq!((files(&seen)[0], seen.len()), (&*own(thing, "png"), 5), "{seen:?}");
        assert_eq!((seen[0]["rank"].as_u64(), &seen[0]["t"]), (Some(1), &Value::Null));
        assert_eq!((seen[0]["sense"].as_str(), seen[0]["space"].as_str()), (Some("picture"), Some("shared")));
        assert!(seen[0]["archive"].as_str().unwrap().ends_with("_image_shared_hop0.5.parquet"));
        let heard = found(&[&stamp(thing, "png"), text(&archive), "--in", "sound", "--top", "2"]);
        assert_eq!((files(&heard)[0], heard.len()), (&*own(thing, "ogg"), 2), "{heard:?}");
    }
    // Both senses, each by its own scores; within a sense, what asks is most like itself.
    let both = found(&[&stamp(dog, "png"), text(&archive)]);
    assert_eq!(both.len(), 10);
    let picture = both.iter().find(|line| line["sense"] == "picture").unwrap();
    assert_eq!((picture["file"].as_str(), picture["rank"].as_u64()), (Some("dog.png"), Some(1)), "{both:?}");
    assert!((picture["score"].as_f64().unwrap() - 1.0).abs() < 1e-3);

    let words = lookhear(&["search", &stamp(dog, "ogg"), text(&archive)]);
    let (shown, besides) = (String::from_utf8(words.stdout.clone()).unwrap(), said(&words));
    assert!(shown.contains("pictures (shared space):\n  1  "), "{shown}");
    assert!(shown.contains("sounds (shared space):\n  1  ") && shown.contains(" s  dog.ogg\n"), "{shown}");
    assert!(besides.starts_with("by the sound of ") && besides.contains("10 archives"), "{besides}");
}

#[test]
fn the_order_is_that_of_the_network_itself() {
    let folder = folder();
    let archive = shared(folder.path());
    let bundle = Bundle::load(Path::new("models/lookhear-edge.safetensors")).unwrap();
    let mut judge = Judge::new(&bundle, Backend::Int).unwrap();
    let seen =
        THINGS.map(|thing| judge.encode_image(&media::picture(Path::new(&stamp(thing, "png"))).unwrap()));
    let heard = THINGS.map(|thing| {
        let (second, _) = media::loudest_second(Path::new(&stamp(thing, "ogg"))).unwrap();
        judge.encode_audio(&spectrogram::second(&second))
    });
    for (n, thing) in THINGS.iter().enumerate() {
        // By the head that has the common space, as `eval retrieval` ranks.
        let scores = seen.each_ref().map(|seen| judge.judge(seen, &heard[n]).localization.unwrap());
        let mut order: Vec<usize> = (0..THINGS.len()).collect();
        order.sort_by(|a, b| best_first(scores[*a], scores[*b]));
        let expected: Vec<String> = order.iter().map(|picture| own(THINGS[*picture], "png")).collect();
        assert_eq!(files(&found(&[&stamp(thing, "ogg"), text(&archive), "--in", "picture"])), expected);
    }
}

#[test]
fn moments_of_videos_are_found_and_silence_is_not_ranked() {
    let folder = folder();
    let at = folder.path();
    let [dog, violin, hen, ..] = THINGS;
    // Three seconds of a black picture without a sound, then three of the dog with its bark; the other way round for a violin.
    let turn = |name: &str, thing: &str, after: bool| {
        let photo = at.join("photo.png");
        media::picture(Path::new(&stamp(thing, "png"))).unwrap().save(&photo).unwrap();
        let order = if after { "[b][m][p][s]" } else { "[p][s][b][m]" };
        let graph = format!(
            "[0:v]scale=256:256,setsar=1,format=yuv420p[p];color=black:s=256x256:r=10:d=3,setsar=1,format=yuv420p[b];\
             [1:a]aresample=48000,aformat=channel_layouts=mono,apad,atrim=duration=3[s];\
             anullsrc=r=48000:cl=mono:d=3[m];{order}concat=n=2:v=1:a=1"
        );
        let (sound, filter) = (stamp(thing, "ogg"), ["-filter_complex", &graph]);
        let inputs = ["-loop", "1", "-framerate", "10", "-t", "3", "-i", text(&photo), "-i", &sound];
        ffmpeg(&[&inputs[..], &filter, &["-c:a", "flac"]].concat(), &at.join(name));
    };
    turn("a.mkv", dog, true);
    turn("b.mkv", violin, false);
    let (archive, clips) = (at.join("archive"), [at.join("a.mkv"), at.join("b.mkv")]);
    let clips = clips.each_ref().map(|clip| text(clip));
    for what in ["audio", "vision"] {
        embed(&clips, &archive, &["--what", what, "--space", "shared", "--hop", "0.5"]);
    }
    let bark = stamp(dog, "ogg");
    let seen = found(&[&bark, text(&archive), "--in", "picture"]);
    assert_eq!(files(&seen), ["a.mkv", "b.mkv"], "{seen:?}");
    assert!((3.0..=6.0).contains(&seen[0]["t"].as_f64().unwrap()), "{seen:?}");
    let heard = found(&[&bark, text(&archive), "--in", "sound", "--every-moment", "--top", "100"]);
    assert!(heard.iter().all(|line| {
        let t = line["t"].as_f64().unwrap();
        if line["file"] == "a.mkv" { t > 2.4 } else { t < 3.6 }
    }));
    assert!(heard.windows(2).all(|pair| pair[0]["score"].as_f64() >= pair[1]["score"].as_f64()));
    let told = said(&lookhear(&["search", &bark, text(&archive)]));
    assert!(told.contains("silent or black ones were not ranked"), "{told}");

    // A video asks by its sound or by its picture, at a moment or where it is loudest.
    let a = text(&at.join("a.mkv")).to_string();
    let later = format!("{a}@3.5");
    for query in [&[&*a][..], &[&*later], &[&*later, "--by", "picture"]] {
        let answer = found(&[query, &[text(&archive), "--in", "picture", "--top", "1"]].concat());
        assert_eq!(files(&answer), ["a.mkv"], "{query:?}");
    }
    let quiet = refused(&[&format!("{a}@1"), text(&archive)]);
    assert!(quiet.contains("a.mkv@1 is quiet there (-120 dB") && quiet.contains("@SECONDS"), "{quiet}");
    let black = refused(&[&a, text(&archive), "--by", "picture"]);
    assert!(black.contains("a.mkv is black there"), "{black}");
    let no_picture = refused(&[&stamp(hen, "ogg"), text(&archive), "--by", "picture"]);
    assert!(no_picture.contains("hen.ogg"), "{no_picture}");
}

#[test]
fn within_a_sense_the_towers_will_do_and_between_them_the_way_out_is_told() {
    let folder = folder();
    let at = folder.path();
    let [dog, violin, hen, ..] = THINGS;
    let sounds = [dog, violin, hen].map(|thing| stamp(thing, "ogg"));
    let archive = at.join("tower");
    // In both formats: each sound is one result all the same.
    let both = ["--format", "npz,parquet", "--pool", "global"];
    embed(&sounds.each_ref().map(String::as_str), &archive, &both);
    let answer = found(&[&sounds[2], text(&archive)]);
    assert_eq!((files(&answer)[0], answer.len()), ("hen", 3), "{answer:?}");
    let npz = found(&[&sounds[2], text(&archive.join("hen_audio_global.npz"))]);
    assert_eq!((&npz[0]["score"], &npz[0]["t"]), (&answer[0]["score"], &answer[0]["t"]));

    let space = refused(&[&stamp(dog, "png"), text(&archive)]);
    assert!(
        space.contains("--what audio --space shared") && space.contains("a picture has no place"),
        "{space}"
    );
    let model = refused(&[&sounds[0], text(&archive), "--model", "models/lookhear-scenes.safetensors"]);
    assert!(model.contains("was made by another model") && model.contains("--force"), "{model}");
    assert!(model.contains("(and 2 more"), "{model}");
    let absent = refused(&[&sounds[0], text(&at.join("absent"))]);
    assert!(absent.contains("absent cannot be read"), "{absent}");
    let foreign = refused(&[&sounds[0], &sounds[1]]);
    assert!(foreign.contains("is nothing that `lookhear embed` wrote"), "{foreign}");
    let swapped = refused(&[text(&archive.join("dog_audio_global.parquet")), text(&archive)]);
    assert!(swapped.contains("dog_audio_global.parquet"), "{swapped}");
    let none = refused(&[&sounds[0], text(&archive), "--in", "picture"]);
    assert!(none.contains("no pictures") && none.contains("--in"), "{none}");

    // One damaged archive among good ones is told, and the rest is ranked.
    let damaged = archive.join("dog_audio_global.parquet");
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[40..600].fill(0xff);
    std::fs::write(&damaged, bytes).unwrap();
    let output = lookhear(&["search", &sounds[2], text(&archive)]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("dog_audio_global.parquet cannot be read"), "{told}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("  hen\n"));

    // Nobody reads the answer.
    let mut child = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    child.args(["search", &sounds[1], text(&archive.join("hen_audio_global.npz"))]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(child.wait().unwrap().success(), "{told}");
}
