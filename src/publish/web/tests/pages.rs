//! The pages in their languages, and the station itself.

use std::time::SystemTime;

use super::*;
use crate::pipeline::DecisionContext;
use crate::preprocess::spectrogram::{BINS, HOP};
use crate::publish::testing::with_context;
use crate::publish::{Origin, Setting};

fn log() -> Vec<(SystemTime, String)> {
    vec![(SystemTime::UNIX_EPOCH, "microphone is on (USB)".into())]
}

#[test]
fn pages_speak_the_language_of_the_browser_or_of_the_address() {
    let (_publisher, address) = publisher(everything());
    for path in ["/", "/station"] {
        for (query, accepted, code, word) in [
            ("", "", "en", "Connecting ..."),
            ("", "Accept-Language: de-DE,de;q=0.9\r\n", "de", "Es ist still."),
            ("?lang=zh", "Accept-Language: de\r\n", "zh", "现在很安静。"),
        ] {
            let (status, head, body) = get(address, &format!("{path}{query}"), accepted);
            assert_eq!(status, 200, "{path}");
            assert!(body.contains(&format!("<html lang=\"{code}\">")), "{path}: {body}");
            assert!(path == "/station" || body.contains(word), "{body}");
            assert!(head.contains("script-src 'nonce-") && !body.contains("{{"), "{path}: {body}");
        }
    }
}

#[test]
fn the_station_tells_settings_log_devices_and_what_outputs_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(settings::File { path: folder.path().join("events.jsonl"), ..settings::File::default() });
    let mut publisher = start(&Settings { web: Some(everything()), file, ..Settings::default() });
    let (address, station) = (publisher.address().unwrap(), publisher.station());
    let page = || get(address, "/station", "").2;
    assert!(page().contains("There is no settings file.") && page().contains("Nothing was told so far."));
    station.tail(log);
    let show = |value: &str| {
        let (key, value) = ("camera.name".into(), value.into());
        station.show(vec![Setting { key, value, origin: Origin::Line(7) }]);
    };
    show("\"Webcam\"");
    let mut latest = event(0.08, State::Match);
    latest.devices = Some(Devices { camera: DeviceState::Gone, microphone: DeviceState::Live });
    publish(&mut publisher, &latest);
    let html = page();
    for told in [
        "camera.name",
        "Webcam",
        "line 7",
        "microphone is on (USB)",
        "camera is unplugged",
        ">file</th><td>0</td><td>none</td>",
        ">events</th><td>0</td><td>none</td>",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    show("\"USB\"");
    assert!(page().contains("USB") && !page().contains("Webcam"), "settings that are read again");
    let json: serde_json::Value = serde_json::from_str(&get(address, "/api/v1/state", "").2).unwrap();
    assert_eq!((&json["decisions"], &json["sources"][0]["camera"]), (&1.into(), &"gone".into()), "{json}");
    assert_eq!(json["outputs"].as_array().unwrap().len(), 2, "{json}");
    // An output that is left out is not there any more.
    publisher.reload().ask(Settings { web: Some(everything()), ..Settings::default() }).unwrap();
    eventually("one output", || {
        publish(&mut publisher, &latest);
        (!page().contains(">file</th>")).then_some(())
    });
}

#[test]
fn the_station_is_only_for_those_who_may_see_the_page() {
    let (_publisher, address) = publisher(settings::Web { token: Some(Secret::new(TOKEN)), ..everything() });
    for path in ["/station", "/api/v1/state", "/api/v1/openapi.json", "/station?lang=de", "/events?sound=1"] {
        assert_eq!(get(address, path, "").0, 401, "{path}");
    }
    let (status, _, body) = get(address, &format!("/station?token={TOKEN}"), "");
    assert!(status == 200 && body.contains(&format!("href=\"./?token={TOKEN}\"")), "{body}");
    let (_publisher, address) = publisher(settings::Web { view: false, ..everything() });
    assert_eq!(get(address, "/station", "").0, 404, "it is a part of the view");
    assert_eq!(get(address, "/api/v1/state", "").0, 404);
}

#[test]
fn the_sound_comes_with_the_events_to_those_who_ask_for_it() {
    let (mut publisher, address) = publisher(everything());
    let mut answer = ask(address, "/events?sound=1", "");
    assert_eq!(head(&mut answer).0, 200);
    let (columns, samples) = (vec![vec![1.3; BINS]; 16], vec![0.0; 16 * HOP]);
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut seen = Vec::new();
        for line in answer.lines() {
            let line = line.unwrap();
            if line.starts_with("data: ") {
                seen.push(line);
            }
            if seen.iter().any(|line| line.starts_with("data: {"))
                && seen.iter().any(|line| !line.starts_with("data: {"))
            {
                break;
            }
        }
        tell.send(seen).unwrap();
    });
    let seen = eventually("sound and a decision", || {
        with_context(&event(0.08, State::Match), |context| {
            let context = DecisionContext { columns: &columns, sound: &samples, ..*context };
            publisher.take(&context).unwrap();
        });
        told.try_recv().ok()
    });
    reader.join().unwrap();
    let sound = seen.iter().find(|line| !line.starts_with("data: {")).unwrap();
    assert_eq!(*sound, format!("data: {}", "7f".repeat(4 * 64)), "four columns of 64 bands");
}
