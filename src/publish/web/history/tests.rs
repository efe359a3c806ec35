use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use crate::history::{Episode, Files, Store};
use crate::publish::testing::{PATIENCE, start};
use crate::publish::web::OPENAPI;
use crate::publish::{Publisher, Secret, Settings, settings};

const TOKEN: &str = "0123456789abc+/=";

/// An episode with a picture and a clip that are no such things.
fn keep(folder: &Path, second: u32, name: Option<&str>) -> Episode {
    let store = Store::create(folder).unwrap();
    let files = Files::new(folder);
    let mut episode = Episode {
        id: format!("2026113012{second:02}00000-0"),
        name: name.map(Into::into),
        start: format!("2026-11-30T12:{second:02}:00.000Z"),
        end: format!("2026-11-30T12:{second:02}:02.000Z"),
        ..Episode::example()
    };
    let (picture, snapshot) = files.place("snapshots", &episode, "jpg").unwrap();
    let (video, clip) = files.place("clips", &episode, "mp4").unwrap();
    fs::write(picture, b"a picture").unwrap();
    fs::write(video, b"0123456789").unwrap();
    (episode.snapshot, episode.clip) = (Some(snapshot), Some(clip));
    store.put(&episode).unwrap();
    episode
}

fn serve(folder: &Path, token: bool) -> (Publisher, SocketAddr) {
    let web = settings::Web {
        address: "127.0.0.1:0".into(),
        history: true,
        token: token.then(|| Secret::new(TOKEN)),
        ..settings::Web::default()
    };
    let history = settings::History {
        folder: folder.into(),
        days: 0,
        free_megabytes: 0,
        ..settings::History::default()
    };
    let publisher = start(&Settings { web: Some(web), history: Some(history), ..Settings::default() });
    let address = publisher.address().unwrap();
    (publisher, address)
}

/// Status, headers in small letters, body.
fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.into())
}

fn json(address: SocketAddr, path: &str) -> serde_json::Value {
    let (status, _, body) = get(address, path, "");
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn the_interface_gives_what_is_in_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<Episode> = (0..3).map(|n| keep(folder.path(), n, (n == 1).then_some("Rex"))).collect();
    let (_publisher, address) = serve(folder.path(), false);
    let found = json(address, "/api/v1/events?limit=2");
    assert_eq!((&found["count"], found["events"].as_array().unwrap().len()), (&3.into(), 2));
    assert_eq!(serde_json::from_value::<Episode>(found["events"][0].clone()).unwrap(), all[2]);
    let rex = json(address, "/api/v1/events?name=Rex&since=&until=2026-12-01");
    assert_eq!(rex["events"][0]["id"], all[1].id);
    assert_eq!(json(address, &format!("/api/v1/events/{}", all[0].id))["name"], serde_json::Value::Null);
    let (status, head, body) = get(address, &format!("/api/v1/events/{}/snapshot", all[0].id), "");
    assert!(status == 200 && head.contains("content-type: image/jpeg") && body == "a picture", "{head}");
    let clip = format!("/api/v1/events/{}/clip", all[0].id);
    let (status, head, body) = get(address, &clip, "Range: bytes=2-4\r\n");
    assert!(status == 206 && head.contains("content-range: bytes 2-4/10") && body == "234", "{head}");
    for path in ["/api/v1/events/nobody", "/api/v1/events/nobody/clip", "/api/v1/events/..%2f..%2fsecret"] {
        assert_eq!(get(address, path, "").0, 404, "{path}");
    }
    let (status, _, body) = get(address, "/api/v1/events?since=yesterday", "");
    assert!(status == 400 && body.contains("is no time"), "{body}");
}

#[test]
fn the_page_shows_it_and_hides_nothing_behind_what_people_typed() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), 1, Some("<script>alert(1)</script> & \"Rex\""));
    let (_publisher, address) = serve(folder.path(), true);
    assert_eq!(get(address, "/history", "").0, 401);
    let token = "token=0123456789abc%2B%2F%3D";
    let (status, head, body) = get(address, &format!("/history?{token}&name=&source=barn"), "");
    assert!(status == 200 && head.contains("media-src 'self'"), "{head}");
    assert!(
        !body.contains("<script")
            && body.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Rex&quot;")
    );
    assert!(
        body.contains(&format!("/clip?{token}\"")) && body.contains("value=\"0123456789abc+/=\""),
        "{body}"
    );
    assert!(body.contains("1 of 1") && body.contains("12 h: 1") && !body.contains("{{"), "{body}");
    let (status, _, body) = get(address, &format!("/history?{token}&since=%3Cb%3E"), "");
    assert!(status == 200 && body.contains("role=\"alert\"") && !body.contains("<b>"), "{body}");
}

#[test]
fn the_page_speaks_the_language_that_is_asked_for_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), 1, None);
    let (_publisher, address) = serve(folder.path(), false);
    let (_, _, body) = get(address, "/history", "Accept-Language: de\r\n");
    for told in
        ["<html lang=\"de\">", "<h1>Was geschah</h1>", "1 von 1", "12 Uhr: 1", "Etwas im Bild", "Zeigen"]
    {
        assert!(body.contains(told), "{told}: {body}");
    }
    let (_, _, body) = get(address, "/history?lang=zh&since=7d", "Accept-Language: de\r\n");
    assert!(body.contains("name=\"lang\" value=\"zh\"") && body.contains("发生过什么"), "{body}");
    assert!(!body.contains("href=\"station"), "the live view is switched off, and so is the station");
}

#[test]
fn a_history_that_goes_away_is_said_to_be_away() {
    let folder = tempfile::tempdir().unwrap();
    let (_publisher, address) = serve(folder.path(), false);
    assert_eq!(json(address, "/api/v1/events")["count"], 0);
    fs::rename(folder.path().join("history.db"), folder.path().join("elsewhere")).unwrap();
    let (status, _, body) = get(address, "/api/v1/events", "");
    assert!(status == 503 && !body.contains(folder.path().to_str().unwrap()), "{body}");
}

/// The description names every path, and the fields of an event.
#[test]
fn the_description_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let episode = keep(folder.path(), 1, None);
    let (_publisher, address) = serve(folder.path(), false);
    let described: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
    assert_eq!(json(address, "/api/v1/openapi.json"), described);
    for path in described["paths"].as_object().unwrap().keys() {
        assert_eq!(get(address, &path.replace("{id}", &episode.id), "").0, 200, "{path}");
    }
    let event = json(address, &format!("/api/v1/events/{}", episode.id));
    let schema = &described["components"]["schemas"]["Event"];
    let given: Vec<&String> = event.as_object().unwrap().keys().collect();
    let mut wanted: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    wanted.sort();
    assert_eq!(
        {
            let mut given = given;
            given.sort();
            given
        },
        wanted
    );
    assert_eq!(schema["required"].as_array().unwrap().len(), wanted.len());
}
