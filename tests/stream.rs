//! `lookhear live --stream`: somebody elsewhere looks on, goes away, and comes back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// The virtual studio, streamed.
fn live(url: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["live", "--camera", "studio", "--microphone", "studio", "--headless", "--seconds", "90"])
        .args(["--stream", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// At least so many bytes of a stream.
fn take(mut viewer: TcpStream, least: usize) -> Vec<u8> {
    viewer.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut stream, mut part) = (Vec::new(), [0; 65536]);
    while stream.len() < least {
        let count = viewer.read(&mut part).unwrap();
        assert!(count > 0, "the stream ended after {} bytes", stream.len());
        stream.extend_from_slice(&part[..count]);
    }
    stream
}

/// The next one to connect, or a panic.
fn next(viewers: &mpsc::Receiver<TcpStream>) -> TcpStream {
    viewers.recv_timeout(PATIENCE).expect("nobody connects")
}

#[test]
fn a_stream_has_picture_and_sound_and_begins_anew_when_it_breaks_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let (tell, viewers) = mpsc::channel();
    std::thread::spawn(move || listener.incoming().flatten().try_for_each(|viewer| tell.send(viewer)));
    let mut child = live(&url);
    let first = take(next(&viewers), 300_000);
    // The first viewer is gone; the run goes on, and finds the next.
    let second = take(next(&viewers), 100_000);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!told.contains("panicked"), "{told}");
    assert!(!output.stdout.is_empty(), "decisions are said meanwhile");
    for stream in [first, second] {
        assert_eq!((stream[0], stream[188]), (0x47, 0x47), "packets of a transport stream");
        let kinds = streams(&stream);
        assert!(kinds.contains("h264") && kinds.contains("aac"), "{kinds}");
    }
}

/// The codecs of a transport stream.
fn streams(bytes: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"])
        .arg(file.path())
        .output()
        .unwrap();
    String::from_utf8(probe.stdout).unwrap()
}

#[test]
fn what_is_no_address_for_a_stream_is_refused_before_anything_begins() {
    for url in ["video.mp4", "http://example.org/a", "udp://"] {
        let output = live(url).wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{url}: {told}");
        assert!(told.contains("rtsp://"), "{url}: {told}");
    }
}
