//! Every experiment on a small corpus, and the page of all of them.

mod common;

use std::path::Path;

use burn::tensor::Device;
use common::write_wav;
use image::RgbImage;
use lookhear::engine::Backend;
use lookhear_train::config::Config;
use lookhear_train::corpus::Split;
use lookhear_train::eval::{Bars, Cache, Content, Experiment, Inputs, Report, Run, page};
use lookhear_train::learner::Learner;
use lookhear_train::{Error, export};

/// Three classes, each of another color and tone, enough of them for every side.
fn corpus(folder: &Path) {
    for (class, color, step) in
        [("a", [200, 40, 40], 0.03f32), ("b", [40, 200, 40], 0.1), ("c", [40, 40, 200], 0.4)]
    {
        let [photos, sounds] = ["photos", "sounds"].map(|kind| folder.join(kind).join(class));
        std::fs::create_dir_all(&photos).unwrap();
        std::fs::create_dir_all(&sounds).unwrap();
        for i in 0..40u8 {
            let shade = image::Rgb([color[0] + i, color[1] + i / 2, color[2] + i / 3]);
            RgbImage::from_pixel(40, 30, shade).save(photos.join(format!("{i}.png"))).unwrap();
            let tone = |n: u32| 0.3 * (n as f32 * step * (1.0 + 0.01 * f32::from(i))).sin();
            write_wav(&sounds.join(format!("{i}.wav")), (0..150_000).map(tone));
        }
    }
}

/// The layout of ESC-50: three folds of two classes.
fn esc(folder: &Path) {
    for fold in 1..=3u32 {
        for recording in 0..4u32 {
            let (class, number) = (recording % 2, 10 * fold + recording);
            let step = if class == 0 { 0.05 } else { 0.3 };
            let tone = |n: u32| 0.3 * (n as f32 * step * (1.0 + 0.01 * number as f32)).sin();
            write_wav(&folder.join(format!("{fold}-{number}-A-{class}.wav")), (0..60_000).map(tone));
        }
    }
}

/// A run's folder, as `fit` leaves it.
fn run_of(corpus: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { corpus: Some(corpus.into()), ..Config::default() };
    Learner::new(config, Device::flex()).unwrap().save(folder.path()).unwrap();
    std::fs::write(folder.path().join("metrics.csv"), "step,loss,validation\n20,2.5,\n40,1.5,\n").unwrap();
    folder
}

#[test]
fn every_experiment_has_its_report_and_all_are_on_one_page() {
    let (data, sounds) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    corpus(data.path());
    esc(sounds.path());
    let trained = run_of(data.path());
    let run = Run {
        bundle: export::random("edge", 3, None).unwrap(),
        engine: Backend::Int,
        inputs: Inputs {
            corpus: Some(data.path().into()),
            esc: Some(sounds.path().into()),
            run: Some(trained.path().into()),
            ..Inputs::default()
        },
        side: Split::HeldOut,
        n: Some(12),
        seed: 1,
        control: Some(export::random("edge", 1, Some(data.path())).unwrap()),
        steps: 2,
        device: Device::flex(),
        cache: Cache::default(),
        bars: Bars::default(),
    };
    let mut reports: Vec<Report> = Vec::new();
    for &experiment in Experiment::all() {
        match run.measure(experiment) {
            Ok(found) => reports.extend(found),
            Err(Error::Missing(why)) => {
                assert!([Experiment::Clips, Experiment::Shards].contains(&experiment), "{why}");
                assert!(why.contains(&format!("--{experiment}")), "{why}");
            }
            // Twelve items are no 64 clusters.
            Err(error) => {
                assert!(experiment == Experiment::Nmi && error.to_string().contains("64 clusters"), "{error}")
            }
        }
    }
    assert_eq!(reports.len(), Experiment::all().len() - 3);
    for report in &reports {
        assert!(!report.figures.is_empty() || !report.pictures.is_empty(), "{}", report.experiment);
        for figure in &report.figures {
            assert!(
                figure.n > 0 && figure.interval[0] <= figure.percent && figure.percent <= figure.interval[1]
            );
            assert!((0.0..=100.0).contains(&figure.percent), "{}: {}", figure.name, figure.percent);
        }
        let controlled = !["baselines", "quantization"].contains(&&*report.experiment);
        assert_eq!(report.random_weights.len(), if controlled { report.figures.len() } else { 0 });
    }
    // Of two tones, an SVM on whatever tower makes two classes.
    let esc = reports.iter().find(|report| report.experiment == "esc").unwrap();
    assert_eq!((esc.figures[0].n, esc.figures[0].percent), (12, 100.0));
    let sheets = reports.iter().flat_map(|r| &r.pictures).filter(|p| matches!(p.content, Content::Sheet(_)));
    assert_eq!(sheets.count(), 2 * (2 + 1 + 1 + 1), "trained and random");
    let of = |experiment: &str| reports.iter().find(|report| report.experiment == experiment).unwrap();
    for (experiment, classes, pictures) in
        [("esc", 2, 1), ("dcase", 3, 1), ("imagenet", 3, 1), ("retrieval", 3, 2)]
    {
        let report = of(experiment);
        assert_eq!(report.pictures.len(), 2 * pictures, "{experiment}, trained and random");
        let Content::Matrix(matrix) = &report.pictures[0].content else { panic!("{experiment}: a matrix") };
        assert_eq!((matrix.rows.len(), matrix.columns.len()), (classes, classes));
        let all: usize = matrix.counts.iter().flatten().sum();
        let right: usize = (0..classes).map(|class| matrix.counts[class][class]).sum();
        assert!(all > 0, "{experiment}");
        if experiment != "retrieval" {
            let (figure, percent) = (&report.figures[0], 100.0 * right as f64 / all as f64);
            assert!(figure.n == all && (figure.percent - percent).abs() < 1e-9, "{experiment}: {percent}");
        }
    }
    for experiment in ["avc", "photo"] {
        let report = of(experiment);
        assert!(report.figures.last().unwrap().name.starts_with("ECE x 100"), "{experiment}");
        assert_eq!(report.pictures.len(), 2 * 2, "scores and reliability, trained and random");
    }
    let training = of("training");
    assert!(training.note.contains("Loss at step 40: 1.5000"), "{}", training.note);
    assert_eq!(training.pictures.len(), 1, "the loss, for that is all that the table has");
    let page = page(&reports, &[]);
    assert!(reports.iter().all(|report| page.contains(&report.title)));
}
