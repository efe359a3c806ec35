//! A tower that learns from a teacher: of a folder of pictures to a bundle that training begins with.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use common::{corpus, interrupted, program, said, write_wav};
use image::{Rgb, RgbImage};
use lookhear::model::Bundle;
use lookhear_train::config::{Config, Data};
use lookhear_train::distill::{Distillation, Lessons, RESULT, Recipe, Sense, Teacher};
use lookhear_train::learner::Learner;
use lookhear_train::loader::Source;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

/// Random weights are drawn from one generator of the whole process: the tests here take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A row of a teacher's table.
struct Row {
    file: String,
    time: Option<f64>,
    vector: Vec<f32>,
    map: Vec<f32>,
}

/// Writes a teacher's table as `pyarrow` does: everything may be missing. Without maps in the rows, it has no such column.
fn write_table(path: &Path, rows: &[Row], names: [&str; 2], metadata: &[(&str, &str)]) {
    let list = |name: &str| {
        format!("OPTIONAL GROUP {name} (LIST) {{ REPEATED GROUP list {{ OPTIONAL FLOAT element; }} }}")
    };
    let has_maps = !rows[0].map.is_empty();
    let map = if has_maps { list("map") } else { String::new() };
    let columns =
        format!("OPTIONAL BYTE_ARRAY {} (UTF8); OPTIONAL DOUBLE time; {} {map}", names[0], list(names[1]));
    let schema = Arc::new(parse_message_type(&format!("message vectors {{ {columns} }}")).unwrap());
    let entry = |(key, value): &(&str, &str)| KeyValue::new(key.to_string(), value.to_string());
    let entries = metadata.iter().map(entry).collect();
    let properties = Arc::new(WriterProperties::builder().set_key_value_metadata(Some(entries)).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    // In several groups of rows, as a writer may do.
    for rows in rows.chunks(50) {
        let mut group = writer.next_row_group().unwrap();
        let files: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(&*row.file)).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&files, Some(&vec![1; rows.len()]), None).unwrap();
        column.close().unwrap();
        let times: Vec<f64> = rows.iter().filter_map(|row| row.time).collect();
        let definitions: Vec<i16> = rows.iter().map(|row| i16::from(row.time.is_some())).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&times, Some(&definitions), None).unwrap();
        column.close().unwrap();
        let lists: [Vec<&[f32]>; 2] =
            [rows.iter().map(|row| &row.vector[..]).collect(), rows.iter().map(|row| &row.map[..]).collect()];
        for lists in &lists[..1 + usize::from(has_maps)] {
            let (values, definitions) = (lists.concat(), vec![3; lists.iter().map(|list| list.len()).sum()]);
            let begins = |list: &&[f32]| (0..list.len()).map(|n| i16::from(n > 0)).collect::<Vec<_>>();
            let repetitions: Vec<i16> = lists.iter().flat_map(begins).collect();
            let mut column = group.next_column().unwrap().unwrap();
            let column_of_lists = column.typed::<FloatType>();
            column_of_lists.write_batch(&values, Some(&definitions), Some(&repetitions)).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// Values of a made-up teacher: a fixed linear function of a mean colour.
fn taught([r, g, b]: [f32; 3]) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut weight = || rng.random_range(-1.0..1.0f32);
    (0..12).map(|_| weight() * r + weight() * g + weight() * b + weight()).collect()
}

/// Pictures of four random colours, what is taught of them all and of each quarter, and a recipe for it.
fn pictures() -> (TempDir, Recipe) {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let rows: Vec<Row> = (0..200)
        .map(|n| {
            let quarters: [[u8; 3]; 4] = std::array::from_fn(|_| std::array::from_fn(|_| rng.random()));
            let picture = RgbImage::from_fn(32, 32, |x, y| Rgb(quarters[(y / 16 * 2 + x / 16) as usize]));
            let file = format!("{}/{n}.png", n % 3);
            fs::create_dir_all(folder.path().join(&file).parent().unwrap()).unwrap();
            picture.save(folder.path().join(&file)).unwrap();
            let colours = quarters.map(|colour| colour.map(|value| f32::from(value) / 255.0));
            let mean = std::array::from_fn(|c| colours.iter().map(|colour| colour[c]).sum::<f32>() / 4.0);
            let map = colours.into_iter().flat_map(taught).collect();
            Row { file, time: None, vector: taught(mean), map }
        })
        .collect();
    let teacher = folder.path().join("vectors.parquet");
    write_table(&teacher, &rows, ["file", "vector"], &[("map_side", "2"), ("teacher", "Colours")]);
    let recipe = Recipe {
        data: Some(folder.path().into()),
        teacher: Some(teacher),
        steps: 60,
        batch: 8,
        warmup: 5,
        half_resolution: 1.0,
        average: 0.9,
        checkpoint: 1000,
        validate: 30,
        ..Recipe::default()
    };
    (folder, recipe)
}

fn begun(recipe: &Recipe, scratch: &Path) -> Distillation {
    let lessons = Arc::new(Lessons::open(recipe, scratch).unwrap());
    Distillation::new(recipe.clone(), lessons, Device::flex()).unwrap()
}

fn weights(bundle: &Bundle, tower: &str) -> Vec<f32> {
    bundle.weights().unwrap().get(&format!("{tower}.convs.0.conv.weight")).unwrap().values.clone()
}

#[test]
fn a_tower_learns_what_its_teacher_sees_and_training_begins_with_it() {
    let _alone = alone();
    let (folder, recipe) = pictures();
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    let mut learner = begun(&recipe, &run);
    let before = learner.validate().unwrap();
    learner.learn(&run, &AtomicBool::new(false)).unwrap();
    let after = learner.validate().unwrap();
    assert!(before.abs() < 0.4 && after > before + 0.4, "{before}, then {after}");
    assert_eq!(learner.progress().best.map(|best| best >= after), Some(true));

    let metrics = fs::read_to_string(run.join("metrics.csv")).unwrap();
    assert!(metrics.starts_with("step,loss,vector,similarity,places,validation,learning_rate,seconds\n"));
    let looks = metrics.lines().skip(1).filter(|line| line.split(',').nth(5).is_some_and(|v| !v.is_empty()));
    assert_eq!(looks.count(), 2, "{metrics}");

    assert!(learner.is_done());
    learner.finish(&run, None).unwrap();
    let bundle = Bundle::load(&run.join(RESULT)).unwrap();
    let training = &bundle.manifest.training;
    let told = "vision tower: vectors of Colours for 1";
    assert!(training.data.starts_with(told) && training.data.contains("vectors.parquet"), "{training:?}");
    assert_eq!((training.steps, training.pairs), (60, 480));

    // It begins a run of `fit`, which has the tower that was taught.
    let corpus = corpus();
    let config = Config { corpus: Some(corpus.path().into()), batch: 4, ..Config::default() };
    let source = Source::open(&config).unwrap();
    let fit = Learner::new(config, Device::flex()).unwrap().begin_with(&bundle, &source).unwrap();
    assert_eq!(fit.progress().before.steps, 60);

    // The same command once more finds that all is done; whatever else lies there stays.
    let again = begun(&recipe, &run).resume(&run).unwrap();
    again.finish(&run, None).unwrap();
    fs::write(run.join(RESULT), "my notes").unwrap();
    let refused = again.finish(&run, None).unwrap_err().to_string();
    assert!(refused.contains("tower.safetensors: it is there already, and not of this run"), "{refused}");
    assert_eq!(fs::read_to_string(run.join(RESULT)).unwrap(), "my notes");
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join(RESULT), "my notes").unwrap();
    let refused = begun(&recipe, &other).resume(&other).err().unwrap().to_string();
    assert!(refused.contains("give --out another folder"), "{refused}");
}

#[test]
fn stopping_and_going_on_is_the_same_as_never_stopping() {
    let _alone = alone();
    let (folder, recipe) = pictures();
    let recipe = Recipe { steps: 4, half_resolution: 0.5, validate: 3, ..recipe };
    let run = |name: &str| {
        let run = folder.path().join(name);
        fs::create_dir_all(&run).unwrap();
        run
    };
    let losses = |learner: &mut Distillation, steps: std::ops::Range<u64>| -> Vec<f32> {
        let lessons = Lessons::open(&recipe, folder.path()).unwrap();
        steps.map(|step| learner.step(lessons.batch(step).unwrap()).loss).collect()
    };
    let (whole, parts) = (run("whole"), run("parts"));
    let mut undisturbed = begun(&recipe, &whole);
    let expected = losses(&mut undisturbed, 0..4);
    let mut first = begun(&recipe, &parts);
    let mut found = losses(&mut first, 0..2);
    first.save(&parts).unwrap();
    drop(first);
    let mut second = begun(&recipe, &parts).resume(&parts).unwrap();
    assert_eq!(second.progress().steps, 2);
    found.extend(losses(&mut second, 2..4));
    assert_eq!(found, expected, "bit for bit");
    let (a, b) = (undisturbed.bundle(None).unwrap(), second.bundle(None).unwrap());
    // What was learned is the same; the rest of the result is random.
    let (ours, theirs) = (a.weights().unwrap(), b.weights().unwrap());
    let mut tower = ours.iter().filter(|(name, _)| name.starts_with("vision.")).peekable();
    assert!(tower.peek().is_some());
    assert!(tower.all(|(name, tensor)| theirs.get(name) == Some(tensor)), "and the tower, too");

    let complaint = |recipe: &Recipe| begun(recipe, &parts).resume(&parts).err().unwrap().to_string();
    let other = Recipe { seed: 7, ..recipe.clone() };
    assert!(complaint(&other).contains("another config: seed is 1 there, 7 here. "), "{}", complaint(&other));
    // The table was written anew meanwhile, with other values.
    let vector = |shift: f32| Row { file: "0/0.png".into(), time: None, vector: vec![shift], map: vec![] };
    let rows = [vector(0.0), vector(1.0)];
    write_table(recipe.teacher().unwrap(), &rows, ["file", "vector"], &[]);
    let other = Recipe { validate: 0, ..recipe.clone() };
    assert!(complaint(&other).contains("vectors is "), "{}", complaint(&other));
}

#[test]
fn a_stopped_run_goes_on_with_the_same_command() {
    let _alone = alone();
    let (folder, recipe) = pictures();
    let recipe = Recipe { steps: 2, batch: 4, validate: 0, ..recipe };
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    begun(&recipe, &run).learn(&run, &AtomicBool::new(true)).unwrap();
    let mut learner = begun(&recipe, &run).resume(&run).unwrap();
    assert!(!learner.is_done());
    learner.learn(&run, &AtomicBool::new(false)).unwrap();
    assert!(learner.is_done());
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert!(metrics.contains("\"step\":2"), "{metrics}");
    // A checkpoint of `fit` is none of these.
    let error = lookhear_train::export::bundle(&run, "").err().unwrap().to_string();
    assert!(error.contains("this is no checkpoint of such a run"), "{error}");
}

#[test]
fn a_bundle_gives_the_tower_to_begin_with_and_the_rest() {
    let _alone = alone();
    let (folder, recipe) = pictures();
    let from = lookhear_train::export::random("edge", 3, None).unwrap();
    let learner = begun(&recipe, folder.path()).begin_with(&from).unwrap();
    let bundle = learner.bundle(Some(&from)).unwrap();
    assert_eq!(weights(&bundle, "audio"), weights(&from, "audio"), "the other tower is as it was");
    let worst =
        weights(&bundle, "vision").into_iter().zip(weights(&from, "vision")).map(|(a, b)| (a - b).abs());
    assert!(worst.fold(0.0, f32::max) < 1e-4, "so is this one, to begin with");
    assert!(bundle.manifest.training.data.ends_with("the rest: none: random weights"));

    let l3 = lookhear_train::export::random("l3", 3, None).unwrap();
    let error = begun(&recipe, folder.path()).begin_with(&l3).err().unwrap().to_string();
    assert!(error.contains("the bundle has the layers of l3; the recipe wants edge"), "{error}");
}

#[test]
fn the_tower_that_hears_learns_from_seconds_of_sounds() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    for n in 0..30u8 {
        let file = format!("{n}.wav");
        let tone = |i: u32| 0.3 * (i as f32 * 0.02 * f32::from(1 + n % 5)).sin();
        write_wav(&folder.path().join(&file), (0..100_000).map(tone));
        for time in [0.0, 0.75] {
            rows.push(Row {
                file: file.clone(),
                time: Some(time),
                vector: vec![f32::from(n % 5), 1.0],
                map: vec![],
            });
        }
    }
    let teacher = folder.path().join("vectors.parquet");
    write_table(&teacher, &rows, ["file", "vector"], &[]);
    let recipe = Recipe {
        tower: Sense::Audio,
        data: Some(folder.path().into()),
        teacher: Some(teacher.clone()),
        batch: 4,
        steps: 2,
        warmup: 0,
        ..Recipe::default()
    };
    let lessons = Lessons::open(&recipe, folder.path()).unwrap();
    let validation = lessons.validation(0).unwrap().unwrap();
    assert_eq!(validation.inputs.len(), validation.size * 257 * 199);
    assert!(validation.maps.is_empty());
    let mut learner = begun(&recipe, folder.path());
    for step in 0..2 {
        assert!(learner.step(lessons.batch(step).unwrap()).loss.is_finite());
    }
    let data = learner.bundle(None).unwrap().manifest.training.data;
    assert!(data.starts_with("audio tower: vectors for ") && data.contains(" seconds ("), "{data}");

    for row in &mut rows {
        row.time = None;
    }
    write_table(&teacher, &rows, ["file", "vector"], &[]);
    let error = Lessons::open(&recipe, folder.path()).err().unwrap().to_string();
    assert!(error.contains("vectors.parquet: it lacks `time`"), "{error}");
}

#[test]
fn a_table_that_is_none_is_refused_with_what_it_lacks() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors.parquet");
    let complaint = |write: &dyn Fn(&Path)| {
        write(&path);
        let error = Teacher::open(&path, true, folder.path()).err().unwrap().to_string();
        assert!(error.contains("vectors.parquet: "), "{error}");
        error
    };
    let row = |vector: &[f32], map: &[f32]| Row {
        file: "a.png".into(),
        time: None,
        vector: vector.into(),
        map: map.into(),
    };
    let found = complaint(&|path| write_table(path, &[row(&[1.0], &[])], ["name", "embedding"], &[]));
    let expected = "it has no column `file` (text) and no column `vector` (lists of numbers); its columns are name, time, embedding";
    assert!(found.ends_with(expected), "{found}");
    let found = complaint(&|path| {
        write_table(path, &[row(&[1.0, 2.0], &[]), row(&[1.0], &[])], ["file", "vector"], &[]);
    });
    assert!(found.ends_with("column `vector`: its lists are not all of one length"), "{found}");
    let found = complaint(&|path| write_table(path, &[row(&[f32::NAN], &[])], ["file", "vector"], &[]));
    assert!(found.ends_with("a value of a.png is no number"), "{found}");
    let found = complaint(&|path| write_table(path, &[row(&[1.0], &[1.0; 8])], ["file", "vector"], &[]));
    assert!(found.ends_with("it has maps, and no number `map_side` in its metadata"), "{found}");
    let side = [("map_side", "3")];
    let found = complaint(&|path| write_table(path, &[row(&[1.0], &[1.0; 8])], ["file", "vector"], &side));
    assert!(found.ends_with("its maps have 8 values, which are not 3 x 3 places"), "{found}");
    complaint(&|path| fs::write(path, "not Parquet at all").unwrap());

    let recipe = Recipe {
        data: Some(folder.path().into()),
        teacher: Some(path.clone()),
        validate: 0,
        ..Recipe::default()
    };
    write_table(&path, &[row(&[1.0], &[]), row(&[2.0], &[])], ["file", "vector"], &[]);
    let error = Lessons::open(&recipe, folder.path()).err().unwrap().to_string();
    assert!(error.contains("of its 1 files, 1 are not in") && error.ends_with("a.png for one"), "{error}");
    RgbImage::new(4, 4).save(folder.path().join("a.png")).unwrap();
    assert_eq!(Lessons::open(&recipe, folder.path()).unwrap().count(), 2);
    write_table(&path, &[row(&[1.0], &[]), row(&[1.0], &[])], ["file", "vector"], &[]);
    let error = Lessons::open(&recipe, folder.path()).err().unwrap().to_string();
    assert!(error.ends_with("all its vectors are the same"), "{error}");
}

#[test]
fn the_program_goes_on_where_it_was_interrupted_and_says_what_comes_next() {
    let (folder, _) = pictures();
    let recipe = folder.path().join("tiny.toml");
    fs::write(&recipe, "data = '.'\nteacher = 'none.parquet'\nbatch = 2\nhalf_resolution = 1.0\n").unwrap();
    let (teacher, run) = (folder.path().join("vectors.parquet"), folder.path().join("run"));
    let [recipe, teacher, out] = [&recipe, &teacher, &run].map(|path| path.to_str().unwrap());
    let distill = |steps| ["distill", recipe, "--teacher", teacher, "--steps", steps, "--out", out];
    for _ in 0..2 {
        let said = interrupted(&distill("100000"), &run.join("metrics.jsonl"));
        assert!(said.contains("and the same command goes on") && !run.join(RESULT).exists(), "{said}");
    }
    let other = program(&distill("2")).output().unwrap();
    let key = "another config: steps is 100000 there, 2 here. ";
    assert!(!other.status.success() && said(&other).contains(key), "{}", said(&other));
    fs::remove_dir_all(&run).unwrap();
    let done = program(&distill("2")).output().unwrap();
    assert!(done.status.success() && run.join(RESULT).exists(), "{}", said(&done));
    assert!(said(&done).contains("2 steps, 4 pictures; fit --from "), "{}", said(&done));
}

#[test]
fn a_recipe_for_corpora_is_none_for_teachers() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fit.toml");
    fs::write(&file, "preset = 'edge'\nnegatives = 'batch'").unwrap();
    Config::load(&file, Some(Data { corpus: Some("corpus".into()), ..Data::default() })).unwrap();
    let error = Recipe::load(&file, Default::default()).unwrap_err().to_string();
    assert!(error.contains("fit.toml") && error.contains("negatives"), "{error}");
}
