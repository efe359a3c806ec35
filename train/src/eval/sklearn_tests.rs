//! Measures and classifiers against scikit-learn. Installs it from PyPI, so the test is run by `.ci/sklearn` alone.

use std::path::Path;
use std::process::Command;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::linear::{Linear, Objective};
use super::metrics::{auc, curve, ndcg, nmi};

/// Reads what Rust computed from, prints what scikit-learn makes of it.
const SCRIPT: &str = r#"
import json, sys
import numpy as np
from sklearn.metrics import auc, ndcg_score, normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
given = json.load(open(sys.argv[1]))
rows, labels = np.array(given["rows"]), np.array(given["labels"])
scaler = StandardScaler().fit(rows)
svm = LinearSVC(C=given["cost"], dual=False, tol=1e-8, max_iter=100000, intercept_scaling=1.0)
svm.fit(scaler.transform(rows), labels)
gains = np.array([given["gains"]])
order = -np.arange(gains.shape[1], dtype=float)[None]
t, share = np.array(given["curve"]).T
print(json.dumps({
    "nmi": normalized_mutual_info_score(given["labels"], given["clusters"]),
    "ndcg": ndcg_score(gains, order, k=30),
    "auc": auc(t, share),
    "scores": svm.decision_function(scaler.transform(np.array(given["tests"]))).tolist(),
}))
"#;

fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "installs scikit-learn"]
fn scikit_learn_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let venv = folder.path().join("venv");
    run(Path::new("python3"), &["-m", "venv", venv.to_str().unwrap()]);
    let python = venv.join("bin/python");
    run(&python, &["-m", "pip", "install", "-q", "scikit-learn==1.9.1"]);

    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let labels: Vec<usize> = (0..120).map(|i| i % 4).collect();
    let mut row = |label: usize| -> Vec<f32> {
        (0..6).map(|d| rng.random_range(-2.0..2.0) + if d == label { 1.5 } else { 0.0 }).collect()
    };
    let rows: Vec<Vec<f32>> = labels.iter().map(|label| row(*label)).collect();
    let tests: Vec<Vec<f32>> = (0..20).map(|i| row(i % 4)).collect();
    let clusters: Vec<usize> = labels
        .iter()
        .map(|label| if rng.random_bool(0.6) { *label } else { rng.random_range(0..6) })
        .collect();
    let gains: Vec<f64> = (0..90).map(|_| f64::from(u8::from(rng.random_bool(0.2)))).collect();
    let cious: Vec<f64> = (0..50).map(|_| rng.random_range(0.0..1.0)).collect();
    let cost = 0.01;
    let given = json!({
        "rows": rows, "labels": labels, "clusters": clusters, "gains": gains, "curve": curve(&cious),
        "tests": tests, "cost": cost,
    });
    let file = folder.path().join("given.json");
    std::fs::write(&file, given.to_string()).unwrap();
    let answer: Value = serde_json::from_str(&run(&python, &["-c", SCRIPT, file.to_str().unwrap()])).unwrap();

    let near = |name: &str, ours: f64, tolerance: f64| {
        let theirs = answer[name].as_f64().unwrap();
        assert!((ours - theirs).abs() < tolerance, "{name}: {ours} is not {theirs}");
    };
    near("nmi", nmi(&clusters, &labels), 1e-9);
    near("ndcg", ndcg(&gains, 30), 1e-9);
    near("auc", auc(&cious), 1e-9);
    let borrowed: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let linear = Linear::fit(&borrowed, &labels, cost, Objective::Svm).unwrap();
    for (test, theirs) in tests.iter().zip(answer["scores"].as_array().unwrap()) {
        for (ours, theirs) in linear.scores(test).iter().zip(theirs.as_array().unwrap()) {
            // Both stop when they are close enough.
            assert!((ours - theirs.as_f64().unwrap()).abs() < 0.02, "{ours} is not {theirs}");
        }
    }
}
