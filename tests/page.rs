//! The page in a real browser. Needs Debian's package `chromium`; run by `.ci/web`, which keeps the picture that it takes
//! if `SCREENSHOT` names a file.

mod published;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lookhear::event::State;
use lookhear::pipeline::Sink;
use lookhear::publish::settings::{Settings, Web};
use lookhear::publish::{About, Publisher, Secret};
use published::{event, publish};

const TOKEN: &str = "0123456789abcdef";

#[test]
#[ignore = "needs chromium: run .ci/web"]
fn a_browser_shows_the_decision_and_the_picture() {
    let rules =
        "[rules.gate]\ncommand = [\"true\"]\nwhen = { zones = [[[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]]] }";
    let web =
        Web { address: "127.0.0.1:0".into(), token: Some(Secret::new(TOKEN)), view: true, ..Web::default() };
    let about = About {
        version: "1.2.3".into(),
        preset: "edge".into(),
        model: "0123456789abcdef".into(),
        sources: Vec::new(),
    };
    let mut publisher =
        Publisher::start(&Settings { web: Some(web), ..toml::from_str(rules).unwrap() }, &about).unwrap();
    let page = format!("http://{}/?token={TOKEN}#zones", publisher.address().unwrap());
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let run = thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            publish(&mut publisher, &event(1));
            thread::sleep(Duration::from_millis(80));
        }
        publisher.finish().unwrap();
    });

    let folder = tempfile::tempdir().unwrap();
    let screenshot = folder.path().join("page.png");
    let browser = |arguments: &[&str]| {
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--force-prefers-reduced-motion"])
            .args(["--window-size=1280,800", &profile])
            .args(arguments)
            .arg(&page)
            .output()
            .expect("chromium is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // The browser looks when the page has loaded and shows its first picture; a slow one may not have the first event by
    // then, and is asked to look again.
    let html = (0..5).map(|_| browser(&["--dump-dom"])).find(|html| html.contains("data-state=\"match\""));
    browser(&[&format!("--screenshot={}", screenshot.display())]);
    stop.store(true, Ordering::Relaxed);
    run.join().unwrap();

    let html = html.expect("a page that shows the decision");
    assert!(
        html.contains(&format!(">{}</h1>", State::Match.sentence())) && html.contains(">0.88<"),
        "{html}"
    );
    assert!(html.contains(&format!("src=\"view.mjpeg?token={TOKEN}&amp;n=0\"")), "{html}");
    assert!(
        html.contains("points=\"0.1,0.2 0.9,0.2 0.5,0.8\"") && html.contains("data-rule=\"gate\""),
        "{html}"
    );
    assert!(html.contains("Click the corners of a zone"), "{html}");
    let picture = image::open(&screenshot).unwrap().to_rgb8();
    if let Some(target) = std::env::var_os("SCREENSHOT") {
        std::fs::copy(&screenshot, target).unwrap();
    }
    // The right half of the camera's picture has this colour, and nothing else on the page.
    let near = |value: u8, wanted: u8| value.abs_diff(wanted) < 12;
    let seen = picture
        .pixels()
        .filter(|pixel| near(pixel.0[0], 200) && near(pixel.0[1], 40) && near(pixel.0[2], 160));
    assert!(seen.count() > 100_000);
}
