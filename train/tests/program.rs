//! The program `lookhear-train` itself: what it says, and what it goes on with.

mod common;

use std::path::PathBuf;
use std::process::Command;

use common::{corpus, corpus_of, ended, interrupted, program, said};

#[test]
fn the_built_in_model_is_measured_wherever_the_program_runs() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(&["eval", "avc"]).current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("eval avc needs --corpus FOLDER"), "{}", said(&output));
}

#[test]
fn a_run_that_is_interrupted_says_that_the_same_command_goes_on_and_it_does() {
    let (data, folder) = (corpus(), tempfile::tempdir().unwrap());
    let recipe = folder.path().join("tiny.toml");
    std::fs::write(&recipe, "batch = 2\nsteps = 5\nwarmup = 0\nhalf_resolution = 1.0\n").unwrap();
    let run = folder.path().join("run");
    let [recipe, corpus, out] = [&recipe, data.path(), &run].map(|path| path.to_str().unwrap());
    let fit = |steps: &'static str, out| ["fit", recipe, "--corpus", corpus, "--steps", steps, "--out", out];

    let stopped = |said: &str| -> u64 {
        assert!(said.contains("and the same command goes on"), "{said}");
        let step = said.split("stopped after step ").nth(1).and_then(|rest| rest.split(' ').next());
        assert!(said.contains(" of 100000; the checkpoint is in "), "{said}");
        step.unwrap().parse().unwrap()
    };
    let metrics = run.join("metrics.jsonl");
    let first = stopped(&interrupted(&fit("100000", out), &metrics));
    let second = stopped(&interrupted(&fit("100000", out), &metrics));
    assert!(second >= first, "{first}, then {second}: it goes on");

    let other = program(&fit("7", out)).output().unwrap();
    let key = "another config: steps is 100000 there, 7 here. ";
    assert!(!other.status.success() && said(&other).contains(key), "{}", said(&other));

    let fresh = folder.path().join("fresh");
    let done = program(&fit("2", fresh.to_str().unwrap())).output().unwrap();
    assert!(said(&done).contains("2 steps, 4 pairs; the checkpoint is in "), "{}", said(&done));
    let metrics = std::fs::read_to_string(fresh.join("metrics.jsonl")).unwrap();
    assert!(metrics.contains("\"step\":2"), "{metrics}");
}

/// A run of the tiny recipe that is ended and goes on, as TensorBoard has it.
#[test]
#[ignore = "needs an interpreter with tensorboard: .ci/tensorboard"]
fn tensorboard_reads_the_steps_and_values_of_the_table() {
    let python = std::env::var("LOOKHEAR_PYTHON").expect("LOOKHEAR_PYTHON, an interpreter with tensorboard");
    let (data, folder) = (corpus_of(80), tempfile::tempdir().unwrap());
    let recipe = folder.path().join("tiny.toml");
    std::fs::write(&recipe, "batch = 2\nwarmup = 0\nhalf_resolution = 1.0\nvalidate = 2\n").unwrap();
    let run = folder.path().join("run");
    let [recipe, corpus, out] = [&recipe, data.path(), &run].map(|path| path.to_str().unwrap());
    let fit = ["fit", recipe, "--corpus", corpus, "--steps", "100000", "--out", out];
    let table = run.join("metrics.csv");
    let rows = |table: &PathBuf| std::fs::read_to_string(table).unwrap_or_default().lines().count();
    // Ended between two means of twenty steps, whose last one is of fewer; then it goes on.
    let first = ended(&fit, || rows(&table) > 1);
    let before = rows(&table);
    let second = ended(&fit, || rows(&table) > before + 1);
    assert!(
        [&first, &second].iter().all(|said| said.contains("the same command goes on")),
        "{first}{second}"
    );

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/curves.py");
    let read = Command::new(python).arg(script).arg(&run).output().unwrap();
    assert!(read.status.success(), "{}", said(&read));
    print!("{}", said(&read));
}
