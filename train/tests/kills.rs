//! `prepare` that is killed at any moment: no shard is partial, no child is left, and the same command completes.

#[path = "../../tests/killing/mod.rs"]
mod killing;

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use common::plain;
use killing::{complete, files, struck, times};

fn prepare(folder: &Path) -> Command {
    let arguments = ["prepare", "videos", "--out", "out", "--clip-seconds", "1", "--shard-clips", "2"];
    killing::command(env!("CARGO_BIN_EXE_lookhear-train"), folder, &arguments)
}

fn contents(folder: &Path) -> HashMap<String, Vec<u8>> {
    let shards =
        files(folder).into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "tar"));
    shards.map(|file| (file.display().to_string(), fs::read(file).unwrap())).collect()
}

#[test]
fn what_is_prepared_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let (at, out) = (folder.path(), folder.path().join("out"));
    fs::create_dir(at.join("videos")).unwrap();
    for (number, colour) in ["red", "green", "blue", "yellow"].into_iter().enumerate() {
        plain(&at.join(format!("videos/{number}.mp4")), colour, 300 + 100 * number as u32, "4");
    }
    let begun = Instant::now();
    complete(prepare(at));
    let (takes, whole) = (begun.elapsed(), contents(&out));
    assert!(whole.len() > 2, "{} shards", whole.len());
    for number in 0..times() {
        fs::remove_dir_all(&out).unwrap();
        let (blow, _) = struck(prepare(at), at, takes, number);
        for (name, bytes) in contents(&out) {
            assert!(whole.get(&name) == Some(&bytes), "{number} {blow:?}: {name} is not as it is to be");
        }
        complete(prepare(at));
        assert!(contents(&out) == whole, "{number} {blow:?}: the same as undisturbed");
    }
}
