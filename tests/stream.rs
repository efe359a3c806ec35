//! `lookhear live --stream`: somebody elsewhere looks on, goes away, and comes back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

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

/// A port that nobody has now.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a program elsewhere makes of the first second, having waited for somebody to send it something.
fn received(scheme: &str, listen: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("received.ts");
    // Somebody else may take the port meanwhile.
    for _ in 0..5 {
        let url =
            format!("{scheme}://127.0.0.1:{}{}", port(), if scheme == "srt" { "" } else { "/live/room" });
        let listened = if scheme == "srt" { format!("{url}?mode=listener") } else { url.clone() };
        let mut receiver = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y"])
            .args(listen)
            .args(["-i", &listened, "-t", "1", "-c", "copy", "-f", "mpegts"])
            .arg(&file)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut sender = live(&url);
        let began = Instant::now();
        while receiver.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = receiver.kill();
        sender.kill().unwrap();
        sender.wait().unwrap();
        let output = receiver.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        if !told.contains("Address already in use") {
            assert!(output.status.success(), "{scheme}: {told}");
            return streams(&std::fs::read(&file).unwrap());
        }
    }
    panic!("no port is free");
}

#[test]
fn receivers_of_every_protocol_get_picture_and_sound() {
    for (scheme, listen) in
        [("rtsp", ["-rtsp_flags", "listen"]), ("rtmp", ["-listen", "1"]), ("srt", ["-f", "mpegts"])]
    {
        let kinds = received(scheme, &listen);
        assert!(kinds.contains("h264") && kinds.contains("aac"), "{scheme}: {kinds}");
    }
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
