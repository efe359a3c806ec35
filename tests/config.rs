//! Settings files on the command line.

use std::path::Path;
use std::process::{Command, Output};

use lookhear::event::{Event, State};

fn lookhear(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookhear")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn example(name: &str) -> String {
    format!("{}/firmware-config/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// What the studio's devices and these settings make of a second, with more arguments.
fn live(config: &Path, more: &[&str]) -> Vec<Event> {
    let config = config.to_str().unwrap();
    let out = lookhear(&[&["live", "--config", config, "--json", "--seconds", "1"], more].concat());
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn check_config_tells_what_would_run() {
    let out = lookhear(&["check-config", &example("laptop"), &example("raspberry-pi-5")]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let told = text(&out.stdout);
    for words in
        ["laptop.toml: ok", "raspberry-pi-5.toml: ok", "640x480", "engine int, threads: 3", "every 80 ms"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn check_config_tells_what_sources_and_rules_say_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("station.toml");
    let settings = "
        [sources.barn.decisions]
        hop = 0.2
        [sources.yard.gallery]
        file = 'names.gallery'
        [publish.rules.night]
        when = { sources = ['barn'], names = ['Rex'], seconds = 2, days = ['sat', 'sun'], between = '22:00-06:00' }
        command = ['notify', '--token=hunter2']
        webhook.url = 'https://example.org/hunter2'
    ";
    std::fs::write(&config, settings).unwrap();
    let out = lookhear(&["check-config", config.to_str().unwrap()]);
    let told = text(&out.stdout);
    assert!(out.status.success(), "{}", text(&out.stderr));
    for words in [
        "barn: camera the first one, 640x480",
        "every 200 ms",
        "names of names.gallery",
        "by rules only",
        "night: source barn, name Rex, lasts 2 s, on sat or sun, at 22:00-06:00 -> runs notify, a webhook; rests 60 s",
        "note: the rule night waits for a name",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn who_reads_the_answer_may_stop_in_the_middle() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookhear"));
    let out = command.args(["check-config", &example("laptop")]).stdout(writer).output().unwrap();
    assert!(out.status.success() && out.stderr.is_empty(), "{}", text(&out.stderr));
}

#[test]
fn check_config_tells_the_line_that_is_wrong_and_looks_at_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, "[camera]\nnmae = \"Webcam\"").unwrap();
    let wrong = wrong.to_str().unwrap();
    let out = lookhear(&["check-config", wrong, "/no/such.toml", &example("laptop")]);
    assert_eq!(out.status.code(), Some(1));
    let told = text(&out.stderr);
    assert!(told.contains(&format!("{wrong}:2:1: camera.nmae: there is no key `nmae` here")), "{told}");
    assert!(told.contains("/no/such.toml") && told.contains("2 of 3 settings files"), "{told}");
    assert!(text(&out.stdout).contains("laptop.toml: ok"));
    let out = lookhear(&["live", "--config", wrong]);
    assert!(
        !out.status.success() && text(&out.stderr).contains(":2:1: camera.nmae"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_also_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wrong.toml");
    std::fs::write(&config, "[camera]\nnmae = \"Webcam\"\nsize = \"big\"\n[decisions]\nhop = 99\n").unwrap();
    let config = config.to_str().unwrap();
    for command in [&["check-config", config][..], &["live", "--headless", "--config", config]] {
        let out = lookhear(command);
        let told = text(&out.stderr);
        assert!(!out.status.success(), "{told}");
        for mistake in
            [":2:1: camera.nmae: there is", ":3:8: camera.size: a text", ":5:7: decisions.hop: 99 is"]
        {
            assert!(told.contains(&format!("{config}{mistake}")), "{mistake}: {told}");
        }
    }
}

#[test]
fn the_file_counts_where_no_flag_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("studio.toml");
    let settings = "camera.name = 'studio'\nmicrophone.name = 'studio'\n[decisions]\nhop = 0.2\non = 0\noff = 0\n\
                    hold = 0\nsilence_db = -120";
    std::fs::write(&config, settings).unwrap();
    let every =
        |events: &[Event], hop: f64| events.iter().all(|e| ((e.t / hop).round() - e.t / hop).abs() < 1e-6);
    let events = live(&config, &[]);
    assert!(!events.is_empty() && every(&events, 0.2) && !every(&events, 0.5), "{events:?}");
    // No score is under these thresholds, and no level.
    assert!(events.iter().all(|event| event.state == State::Match), "{events:?}");
    let events = live(&config, &["--hop", "0.5"]);
    assert!(!events.is_empty() && every(&events, 0.5), "{events:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_service_manager_that_does_not_listen_ends_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["live", "--camera", "studio", "--microphone", "studio", "--headless", "--seconds", "2"])
        .env("NOTIFY_SOCKET", folder.path().join("nobody"))
        .env("WATCHDOG_USEC", "1500000")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(text(&out.stderr).matches("systemd does not take notice").count(), 1, "{}", text(&out.stderr));
}

/// A service of `Type=notify`: this is what `lookhear-live.service` relies on.
#[cfg(target_os = "linux")]
#[test]
fn systemd_is_told_that_decisions_are_made() {
    use std::os::unix::net::UnixDatagram;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["live", "--camera", "studio", "--microphone", "studio", "--headless", "--seconds", "2"])
        .env("NOTIFY_SOCKET", &path)
        // A sign every half second: few enough for the socket, which nobody reads before the end.
        .env("WATCHDOG_USEC", "1500000")
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let mut told = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(length) = socket.recv(&mut buffer) {
        told.push(text(&buffer[..length]).trim_end().to_string());
    }
    assert_eq!(told.first().map(String::as_str), Some("READY=1"), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("STOPPING=1"), "{told:?}");
    let alive = &told[1..told.len() - 1];
    assert!(!alive.is_empty() && alive.iter().all(|sign| sign == "WATCHDOG=1"), "{told:?}");
}

/// Lines of a file of events.
fn events(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until something is there.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "never: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[cfg(unix)]
#[test]
fn settings_are_read_again_while_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let config = path("station.toml");
    let write = |more: &str| {
        let devices = "camera.name = 'studio'\nmicrophone.name = 'studio'\n";
        let all = format!("[publish.file]\npath = {:?}\n", path("all.jsonl"));
        std::fs::write(&config, format!("{devices}{all}{more}")).unwrap();
    };
    write("");
    let child = Command::new(env!("CARGO_BIN_EXE_lookhear"))
        .args(["live", "--headless", "--seconds", "300", "--config"])
        .arg(&config)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    };
    let all = || events(&path("all.jsonl"));
    until("a first decision", || !all().is_empty());
    // A second output, and thresholds that no score reaches.
    let more = format!(
        "[publish.socket]\npath = {:?}\n[decisions]\non = 1.0\noff = 1.0\nhold = 0\n",
        path("socket")
    );
    write(&more);
    signal("-HUP");
    until("the socket", || path("socket").exists());
    // A mistake changes nothing.
    write("[decisions]\nhop = 'often'\n");
    signal("-HUP");
    let now = all().len();
    until("more decisions", || all().len() > now + 20);
    assert!(path("socket").exists());
    assert!(all()[now..].iter().all(|event| event["state"] != "match"), "no score reaches 1");
    signal("-TERM");
    let output = child.wait_with_output().unwrap();
    let told = text(&output.stderr);
    assert!(told.contains("read again") && told.contains("decisions.hop"), "{told}");
    let sequence: Vec<u64> = all().iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequence, (1..=sequence.len() as u64).collect::<Vec<_>>(), "the file went on without a gap");
}
