//! The pages in a real browser. Needs Debian's packages `chromium` and `fonts-noto-cjk`; run by `.ci/web`, which keeps the
//! pictures that it takes if `SCREENSHOTS` names a folder.

mod kept;
mod published;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use image::RgbImage;
use lookhear::event::State;
use lookhear::history::Episode;
use lookhear::overlay::heat_color;
use lookhear::pipeline::Sink;
use lookhear::publish::settings::{Settings, Web};
use lookhear::publish::{About, Origin, Publisher, Secret, Setting, Station};
use published::{event, publish};
use tempfile::TempDir;

const TOKEN: &str = "0123456789abcdef";
/// Width and height of a desktop's window, and of a phone's.
const DESKTOP: (u32, u32) = (1280, 800);
const PHONE: (u32, u32) = (360, 780);

/// A publisher that decides on and on, and a browser.
struct Stage {
    folder: TempDir,
    address: SocketAddr,
    station: Station,
    stop: Arc<AtomicBool>,
    run: Option<JoinHandle<()>>,
}

impl Stage {
    fn new(settings: &Settings) -> Self {
        let about = About {
            version: "1.2.3".into(),
            preset: "edge".into(),
            model: "0123456789abcdef".into(),
            sources: Vec::new(),
        };
        let mut publisher = Publisher::start(settings, &about).unwrap();
        let (address, station) = (publisher.address().unwrap(), publisher.station());
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let run = thread::spawn(move || {
            for n in (0..).step_by(2) {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                publish(&mut publisher, &event(n + 1));
                thread::sleep(Duration::from_millis(80));
            }
            publisher.finish().unwrap();
        });
        Self { folder: tempfile::tempdir().unwrap(), address, station, stop, run: Some(run) }
    }

    fn browser(&self, path: &str, (width, height): (u32, u32), arguments: &[&str]) -> String {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--force-prefers-reduced-motion"])
            .args([&format!("--window-size={width},{height}"), &profile])
            .args(arguments)
            .arg(format!("http://{}{path}", self.address))
            .output()
            .expect("chromium is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The page as its script has made it. The browser looks when the page has loaded; a slow one may not have the first
    /// event by then, and is asked to look again.
    fn html(&self, path: &str, arguments: &[&str], found: impl Fn(&str) -> bool) -> String {
        let arguments = [arguments, &["--dump-dom"]].concat();
        let looks = (0..5).map(|_| self.browser(path, DESKTOP, &arguments));
        let mut last = String::new();
        for html in looks {
            if found(&html) {
                return html;
            }
            last = html;
        }
        panic!("{path} never shows what it should: {last}");
    }

    /// A picture of the page, kept under a name; tried again as long as it does not show what it should.
    fn picture(
        &self,
        name: &str,
        path: &str,
        size: (u32, u32),
        shows: impl Fn(&RgbImage) -> bool,
    ) -> RgbImage {
        let file = self.folder.path().join(format!("{name}.png"));
        let screenshot = format!("--screenshot={}", file.display());
        for _ in 0..5 {
            self.browser(path, size, &[&screenshot, "--hide-scrollbars"]);
            let picture = image::open(&file).unwrap().to_rgb8();
            if shows(&picture) {
                if let Some(kept) = std::env::var_os("SCREENSHOTS") {
                    std::fs::copy(&file, Path::new(&kept).join(format!("{name}.png"))).unwrap();
                }
                return picture;
            }
        }
        panic!("{name} never shows what it should: {}", file.display());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.run.take().map(JoinHandle::join);
    }
}

fn web() -> Web {
    Web { address: "127.0.0.1:0".into(), token: Some(Secret::new(TOKEN)), view: true, ..Web::default() }
}

/// Pixels that have nearly this colour.
fn count(picture: &RgbImage, color: [u8; 3]) -> usize {
    let near = |(value, wanted): (&u8, u8)| value.abs_diff(wanted) < 12;
    picture.pixels().filter(|pixel| pixel.0.iter().zip(color).all(near)).count()
}

#[test]
#[ignore = "needs chromium: run .ci/web"]
fn a_browser_shows_the_decision_the_picture_and_the_sound() {
    let rules =
        "[rules.gate]\ncommand = [\"true\"]\nwhen = { zones = [[[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]]] }";
    let stage = Stage::new(&Settings { web: Some(web()), ..toml::from_str(rules).unwrap() });
    let page = format!("/?token={TOKEN}#zones");
    let html = stage.html(&page, &[], |html| html.contains("data-state=\"match\""));
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

    // The right half of the camera's picture has this colour, and nothing else on the page.
    let purple = [200, 40, 160];
    let path = format!("/?token={TOKEN}");
    // The chord is loud: the hottest colour, which the picture does not have on the right, nor anything else.
    let is_heard = |picture: &RgbImage| {
        let (width, height) = (picture.width() / 4, picture.height());
        let right = image::imageops::crop_imm(picture, 3 * width, 0, width, height).to_image();
        count(&right, heat_color(1.0)) > 100
    };
    let picture = stage.picture("live-desktop", &path, DESKTOP, is_heard);
    assert!(count(&picture, purple) > 100_000);
    let picture = stage.picture("live-phone", &path, PHONE, |picture| count(picture, heat_color(1.0)) > 30);
    assert!(count(&picture, purple) > 10_000);
}

#[test]
#[ignore = "needs chromium: run .ci/web"]
fn the_pages_speak_three_languages() {
    let stage = Stage::new(&Settings { web: Some(web()), ..Settings::default() });
    for (code, sentence, station) in [
        ("en", "I hear it. It is here.", "Settings"),
        ("de", "Ich höre es. Hier ist es.", "Einstellungen"),
        ("zh", "我听到了，它就在这里。", "设置"),
    ] {
        // By what the browser accepts, and by the address.
        let accepted = format!("--accept-lang={code}");
        let path = format!("/?token={TOKEN}");
        let html = stage.html(&path, &[&accepted], |html| html.contains(&format!(">{sentence}</h1>")));
        assert!(html.contains(&format!("<html lang=\"{code}\">")), "{html}");
        let path = format!("/station?token={TOKEN}&lang={code}");
        let html = stage.html(&path, &[], |html| html.contains(station));
        assert!(html.contains(&format!("<html lang=\"{code}\">")), "{html}");
    }
    let path = format!("/?token={TOKEN}&lang=zh");
    stage.picture("live-chinese", &path, DESKTOP, |picture| count(picture, heat_color(1.0)) > 100);
}

fn log() -> Vec<(SystemTime, String)> {
    let line = |n| format!("{n:8.2} s  microphone is on (rtsp://user:sesame@192.168.0.20/stream)");
    (0..30).map(|n| (SystemTime::now(), line(f64::from(n)))).collect()
}

#[test]
#[ignore = "needs chromium: run .ci/web"]
fn the_station_and_the_history_fit_a_phone_and_a_desk() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..7 {
        let times = [0, 2].map(|second| format!("2026-11-30T1{n}:00:0{second}.000Z"));
        let state = if n % 3 == 0 { State::NoVisibleSource } else { State::Match };
        let name = (n % 2 == 0).then(|| "Rex".into());
        let episode = kept::episode(format!("20261130120{n}0000-0"), times);
        kept::keep(folder.path(), Episode { state, name, ..episode });
    }
    let table = format!("[history]\nfolder = {:?}\ndays = 0\nfree_megabytes = 0\n", folder.path());
    let web = Web { history: true, ..web() };
    let stage = Stage::new(&Settings { web: Some(web), ..toml::from_str(&table).unwrap() });
    stage.station.tail(log);
    let setting =
        |(key, value, origin): (&str, &str, Origin)| Setting { key: key.into(), value: value.into(), origin };
    let settings = [
        (
            "camera.name",
            "\"rtsp://192.168.0.20/a-stream-with-a-name-that-takes-more-than-a-line\"",
            Origin::Line(2),
        ),
        ("camera.size", "[640, 480]", Origin::Default),
        ("decisions.on", "0.8", Origin::Line(14)),
        ("microphone.name", "\"USB\"", Origin::CommandLine),
        ("publish.web.token", "\"(secret)\"", Origin::Line(31)),
    ];
    stage.station.show(settings.into_iter().map(setting).collect());
    let path = format!("/station?token={TOKEN}");
    let html = stage.html(&path, &[], |html| html.contains("camera is on"));
    for told in ["camera.name", "line 14", "1.2.3", "0123456789ab", "microphone is on", "(secret)"] {
        assert!(html.contains(told), "{told}: {html}");
    }
    assert!(!html.contains("sesame"), "{html}");
    let any = |picture: &RgbImage| picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0));
    for (name, size) in [("desktop", DESKTOP), ("phone", PHONE)] {
        stage.picture(&format!("station-{name}"), &path, size, any);
        stage.picture(&format!("history-{name}"), &format!("/history?token={TOKEN}&lang=de"), size, any);
    }
}
