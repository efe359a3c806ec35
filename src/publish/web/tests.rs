//! The web as a browser and as an attacker see it: over a real connection.

mod pages;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use proptest::{collection, option};

use super::STREAMS;
use crate::event::{DeviceState, Devices, Event, State};
use crate::pipeline::Sink;
use crate::publish::testing::{PATIENCE, about, event, eventually, publish, start};
use crate::publish::{Publisher, Secret, Settings, settings};

const TOKEN: &str = "0123456789abcdef";

/// Everything switched on, at a port that the system chooses.
fn everything() -> settings::Web {
    let address = "127.0.0.1:0".into();
    settings::Web { address, metrics: true, health: true, view: true, ..settings::Web::default() }
}

fn publisher(web: settings::Web) -> (Publisher, SocketAddr) {
    let publisher = start(&Settings { web: Some(web), ..Settings::default() });
    let address = publisher.address().unwrap();
    (publisher, address)
}

/// Sends a request of HTTP/1.0, whose answers come in one piece; returns the connection after it.
fn ask(address: SocketAddr, path: &str, headers: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n").unwrap();
    BufReader::new(stream)
}

/// Reads status and headers, in small letters.
fn head(answer: &mut impl BufRead) -> (u16, String) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(answer.read_line(&mut head).unwrap() > 0, "cut off: {head}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase())
}

fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    let mut answer = ask(address, path, headers);
    let ((status, head), mut body) = (head(&mut answer), String::new());
    answer.read_to_string(&mut body).unwrap();
    (status, head, body)
}

/// Publishes events until `found` finds what it looks for in an answer that never ends.
fn watch<T: Send + 'static>(
    publisher: &mut Publisher,
    mut answer: BufReader<TcpStream>,
    found: impl FnOnce(&mut BufReader<TcpStream>) -> T + Send + 'static,
) -> T {
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || tell.send(found(&mut answer)).unwrap());
    let mut t = 0.0;
    let found = eventually("what is looked for", || {
        t += 0.08;
        publish(publisher, &event(t, State::Match));
        told.try_recv().ok()
    });
    reader.join().unwrap();
    found
}

#[test]
fn only_what_is_switched_on_is_there() {
    let (_publisher, address) = publisher(settings::Web { metrics: false, view: false, ..everything() });
    for (path, status) in
        [("/health", 503), ("/metrics", 404), ("/", 200), ("/events", 404), ("/view.mjpeg", 404)]
    {
        assert_eq!(get(address, path, "").0, status, "{path}");
    }
    let (_, head, body) = get(address, "/", "");
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(body.contains("/health") && body.contains("view = true in [publish.web]"), "{body}");
    assert!(!body.contains("/metrics"), "that is switched off: {body}");
}

#[test]
fn with_a_token_nothing_but_health_is_told_to_those_who_do_not_know_it() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, format!("{TOKEN}\n")).unwrap();
    for web in [
        settings::Web { token: Some(Secret::new(TOKEN)), ..everything() },
        settings::Web { token_file: Some(token_file), ..everything() },
    ] {
        let (_publisher, address) = publisher(web);
        for path in ["/", "/metrics", "/events", "/view.mjpeg", "/nothing", "/?token=0123456789abcdeF"] {
            let (status, head, _) = get(address, path, "");
            assert_eq!((status, head.contains("www-authenticate: bearer")), (401, true), "{path}");
        }
        assert_eq!(get(address, "/health", "").0, 503, "nothing was decided yet, but that may be known");
        let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
        assert_eq!(get(address, "/metrics", &bearer).0, 200);
        assert_eq!(get(address, &format!("/?token={TOKEN}"), "").0, 200);
    }
}

#[test]
fn a_short_token_in_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "sesame").unwrap();
    let web = Some(settings::Web { token_file: Some(token_file), ..everything() });
    let error =
        Publisher::start(&Settings { web, ..Settings::default() }, &about()).err().unwrap().to_string();
    assert!(error.starts_with("web.token: ") && !error.contains("sesame"), "{error}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let web = Some(settings::Web { address: address.clone(), ..everything() });
    let error =
        Publisher::start(&Settings { web, ..Settings::default() }, &about()).err().unwrap().to_string();
    assert!(error.starts_with("web.address: ") && error.contains(&address), "{error}");
}

#[test]
fn every_answer_has_strict_headers_and_the_page_its_own_policy() {
    let (_publisher, address) = publisher(everything());
    for path in ["/", "/metrics", "/health", "/nothing"] {
        let (_, head, _) = get(address, path, "");
        for header in
            ["x-content-type-options: nosniff", "referrer-policy: no-referrer", "cache-control: no-store"]
        {
            assert!(head.contains(header), "{path}: {header}");
        }
        assert_eq!(head.matches("content-security-policy: default-src 'none'").count(), 1, "{path}");
        assert_eq!(head.contains("script-src 'nonce-"), path == "/");
    }
    let stranger = "GET / HTTP/1.0\r\nHost: example.org\r\n\r\n";
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(stranger.as_bytes()).unwrap();
    assert_eq!(head(&mut BufReader::new(stream)).0, 421);
}

#[test]
fn health_follows_decisions_and_devices() {
    let (mut publisher, address) = publisher(everything());
    let health = || {
        let (status, _, body) = get(address, "/health", "");
        (status, serde_json::from_str::<serde_json::Value>(&body).unwrap())
    };
    assert_eq!(health().0, 503);
    let mut latest = event(0.08, State::Silent);
    publish(&mut publisher, &latest);
    let (status, json) = health();
    assert_eq!((status, &json["healthy"]), (200, &true.into()), "{json}");
    latest.devices = Some(Devices { camera: DeviceState::Live, microphone: DeviceState::Gone });
    publish(&mut publisher, &latest);
    let (status, json) = health();
    assert_eq!((status, &json["trouble"]), (503, &"microphone is unplugged".into()), "{json}");
}

#[test]
fn metrics_are_lines_of_names_and_numbers() {
    let (mut publisher, address) = publisher(everything());
    publish(&mut publisher, &event(0.08, State::Match));
    let (status, head, body) = get(address, "/metrics", "");
    assert_eq!((status, head.contains("content-type: text/plain; version=0.0.4")), (200, true));
    let samples: Vec<_> = body.lines().filter(|line| !line.starts_with('#')).collect();
    for sample in &samples {
        let (name, value) = sample.rsplit_once(' ').unwrap();
        assert!(name.starts_with("lookhear_") && value.parse::<f64>().is_ok(), "{sample}");
    }
    assert!(samples.contains(&"lookhear_decisions_total 1"), "{body}");
    assert!(samples.contains(&"lookhear_lost_total{subscriber=\"events\"} 0"), "{body}");
}

#[test]
fn events_come_as_they_are_decided() {
    let (mut publisher, address) = publisher(everything());
    let mut answer = ask(address, "/events", "");
    let (status, head) = head(&mut answer);
    assert_eq!((status, head.contains("content-type: text/event-stream")), (200, true));
    let line = watch(&mut publisher, answer, |answer| {
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        line
    });
    let got: Event = serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(got, event(got.t, State::Match));
}

#[test]
fn the_view_is_a_stream_of_marked_pictures() {
    let (mut publisher, address) = publisher(everything());
    let mut answer = ask(address, "/view.mjpeg", "");
    let (status, head) = head(&mut answer);
    let kind = "content-type: multipart/x-mixed-replace; boundary=picture";
    assert_eq!((status, head.contains(kind)), (200, true));
    let pictures = watch(&mut publisher, answer, |answer| {
        [(); 2].map(|()| {
            let (mut part, mut length) = (String::new(), 0);
            while !part.ends_with("\r\n\r\n") {
                assert!(answer.read_line(&mut part).unwrap() > 0, "cut off: {part}");
                if let Some(value) = part.lines().last().unwrap().strip_prefix("Content-Length: ") {
                    length = value.parse().unwrap();
                }
            }
            assert!(part.contains("--picture\r\nContent-Type: image/jpeg\r\n"), "{part}");
            let mut jpeg = vec![0; length];
            answer.read_exact(&mut jpeg).unwrap();
            image::load_from_memory(&jpeg).unwrap().to_rgb8()
        })
    });
    for picture in pictures {
        assert_eq!(picture.dimensions(), (64, 48));
        let bright = picture.pixels().filter(|pixel| pixel.0.iter().all(|value| *value > 180)).count();
        assert!(bright > 0, "the box is drawn over the red picture");
    }
}

#[test]
fn there_are_places_for_so_many_and_one_who_leaves_makes_room() {
    let (mut publisher, address) = publisher(everything());
    let mut watching: Vec<_> = (0..STREAMS)
        .map(|_| {
            let mut answer = ask(address, "/events", "");
            assert_eq!(head(&mut answer).0, 200);
            answer
        })
        .collect();
    let (status, told, _) = get(address, "/view.mjpeg", "");
    assert_eq!((status, told.contains("retry-after: 60")), (503, true));
    assert_eq!(get(address, "/metrics", "").0, 200, "other answers need no place");
    watching.pop();
    eventually("room", || {
        publish(&mut publisher, &event(0.08, State::Match));
        (head(&mut ask(address, "/events", "")).0 == 200).then_some(())
    });
}

#[test]
fn the_end_does_not_wait_for_those_who_watch() {
    let (mut publisher, address) = publisher(everything());
    let mut answer = ask(address, "/events", "");
    assert_eq!(head(&mut answer).0, 200);
    publisher.finish().unwrap();
    let mut rest = Vec::new();
    // Cut off, one way or the other; it must not hang.
    let _ = answer.read_to_end(&mut rest);
    assert!(TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_err());
}

/// Drips headers over a connection, a line again and again, until the other side has enough of it or `done` is dropped.
fn drip(mut stream: TcpStream, done: &mpsc::Receiver<()>) {
    let _ = stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n");
    while done.recv_timeout(Duration::from_millis(200)) == Err(mpsc::RecvTimeoutError::Timeout) {
        if stream.write_all(b"X-a: b\r\n").is_err() {
            return;
        }
    }
}

#[test]
fn many_that_drip_headers_do_not_keep_others_from_being_answered() {
    let (_publisher, address) = publisher(everything());
    let drips: Vec<_> = (0..70)
        .map(|_| {
            let (stop, done) = mpsc::channel();
            let stream = TcpStream::connect(address).unwrap();
            (stop, thread::spawn(move || drip(stream, &done)))
        })
        .collect();
    for _ in 0..5 {
        assert_eq!(get(address, "/health", "").0, 503, "nothing was decided yet");
    }
    for (stop, drip) in drips {
        drop(stop);
        drip.join().unwrap();
    }
}

#[test]
fn a_request_that_never_ends_is_given_up() {
    let (_publisher, address) = publisher(everything());
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = stream.try_clone().unwrap();
    let (_stop, done) = mpsc::channel();
    // Ends by itself: nobody stops it.
    let dripping = thread::spawn(move || drip(stream, &done));
    let mut rest = Vec::new();
    match answer.read_to_end(&mut rest) {
        Ok(_) => assert!(!rest.starts_with(b"HTTP/1.1 200"), "it was not complete"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    dripping.join().unwrap();
}

/// Pieces of requests and bytes of any kind.
fn junk() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "GET ",
        "POST ",
        "/",
        "/events",
        "/view.mjpeg",
        "?token=",
        "%",
        " HTTP/1.1",
        "\r\n",
        "Host: localhost",
    ];
    let more = [
        "Content-Length: 99999999",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Upgrade: h2c",
        ": ",
    ];
    let piece =
        prop::sample::select([&pieces[..], &more[..]].concat()).prop_map(|piece| piece.as_bytes().to_vec());
    let bytes = collection::vec(any::<u8>(), 0..64);
    let whole =
        collection::vec(prop_oneof![3 => piece, 1 => bytes], 0..24).prop_map(|pieces| pieces.concat());
    (option::of(Just(b"GET /health HTTP/1.1\r\n".to_vec())), whole)
        .prop_map(|(start, rest)| [start.unwrap_or_default(), rest].concat())
}

#[test]
fn whatever_is_thrown_at_it_it_goes_on() {
    let (mut publisher, address) = publisher(everything());
    publish(&mut publisher, &event(0.08, State::Match));
    proptest!(ProptestConfig::with_cases(200), |(bytes in junk())| {
        let mut stream = TcpStream::connect(address).unwrap();
        // It may be turned away in the middle.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        drop(stream);
        let (status, _, body) = get(address, "/metrics", "");
        prop_assert_eq!(status, 200, "{}", body);
    });
}
