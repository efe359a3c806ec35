//! Every invalid value is reported with its key, and valid settings pass.

use super::*;
use crate::publish::Secret;

/// The key and the message of the error in a TOML text.
fn invalid(text: &str) -> (String, String) {
    let settings: Settings = toml::from_str(text).unwrap();
    let error = settings.validate().unwrap_err();
    (error.key, error.message)
}

#[test]
fn nothing_is_published_unless_asked_for() {
    let settings: Settings = toml::from_str("").unwrap();
    assert!(settings.is_off());
    assert_eq!(settings, Settings::default());
    settings.validate().unwrap();
}

#[test]
fn everything_can_be_asked_for_and_is_the_same_when_written_and_read_again() {
    let text = r#"
        file = { path = "/var/log/lookhear.jsonl", events = "changes" }
        socket = { path = "/run/lookhear/events.sock" }
        webhook = { url = "https://example.org/hook?key=1", token_file = "/run/credentials/hook", timeout = 5.0 }
        [mqtt]
        host = "broker.local"
        prefix = "museum/hall-2"
        username = "lookhear"
        password = "open sesame"
        tls = true
        qos = 0
        events = "all"
        home_assistant = true
        [web]
        address = "0.0.0.0:9000"
        token = "0123456789abcdef"
        view = true
    "#;
    let settings: Settings = toml::from_str(text).unwrap();
    settings.validate().unwrap();
    let mqtt = settings.mqtt.as_ref().unwrap();
    assert_eq!((mqtt.port(), mqtt.events), (8883, Events::All));
    assert_eq!(toml::from_str::<Settings>(&toml::to_string(&settings).unwrap()).unwrap(), settings);
    let shown = format!("{settings:?}");
    assert!(
        !["sesame", "0123456789abcdef", "hook?key"].iter().any(|secret| shown.contains(secret)),
        "{shown}"
    );
}

#[test]
fn unknown_keys_are_refused() {
    for text in ["telegram = {}", "[mqtt]\nhots = \"x\"", "[web]\nadress = \"x\"", "[file]\nlevel = 1"] {
        assert!(toml::from_str::<Settings>(text).is_err(), "{text}");
    }
}

#[test]
fn mistakes_are_named_by_their_key() {
    for (text, key) in [
        ("[rules.a]", "rules.a.command"),
        ("[rules.a]\ncommand = [\"bell\", \"{nmae}\"]", "rules.a.command"),
        ("[rules.a]\nwebhook.url = \"http://x/\"\nbody = \"{picture}\"", "rules.a.body"),
        ("[rules.a]\ncommand = [\"bell\"]\nbody = \"{name}\"", "rules.a.body"),
        ("[rules.a]\nmqtt = true", "rules.a.mqtt"),
        ("[rules.a]\ncommand = [\"bell\"]\nwhen.states = [\"no_visible_source\"]", "rules.a.when.states"),
        ("[rules.a]\ncommand = [\"bell\"]\nwhen.zones = [[[0, 0], [1, 1]]]", "rules.a.when.zones"),
        ("[rules.\"a b\"]\ncommand = [\"bell\"]", "rules.a b.when"),
        ("[file]", "file.path"),
        ("[file]\npath = \"/\"", "file.path"),
        ("[socket]", "socket.path"),
        ("[mqtt]\nhost = \"\"", "mqtt.host"),
        ("[mqtt]\nhost = \"mqtt://broker\"", "mqtt.host"),
        ("[mqtt]\nport = 0", "mqtt.port"),
        ("[mqtt]\nprefix = \"a/#\"", "mqtt.prefix"),
        ("[mqtt]\nprefix = \"a//b\"", "mqtt.prefix"),
        ("[mqtt]\ndiscovery_prefix = \"\"", "mqtt.discovery_prefix"),
        ("[mqtt]\nclient_id = \"hall 2\"", "mqtt.client_id"),
        ("[mqtt]\npassword = \"x\"", "mqtt.username"),
        ("[mqtt]\nusername = \"u\"\npassword = \"\"", "mqtt.password"),
        ("[mqtt]\nusername = \"u\"\npassword = \"x\"\npassword_file = \"y\"", "mqtt.password"),
        ("[mqtt]\nca_file = \"/ca.pem\"", "mqtt.ca_file"),
        ("[mqtt]\nqos = 2", "mqtt.qos"),
        ("[webhook]", "webhook.url"),
        ("[webhook]\nurl = \"ftp://example.org/\"", "webhook.url"),
        ("[webhook]\nurl = \"https://user:word@example.org/\"", "webhook.url"),
        ("[webhook]\nurl = \"http://x/\"\ntimeout = 0.0", "webhook.timeout"),
        ("[webhook]\nurl = \"http://x/\"\ntimeout = nan", "webhook.timeout"),
        ("[web]", "web.view"),
        ("[web]\nview = true\naddress = \"8080\"", "web.address"),
        ("[web]\nview = true\naddress = \"0.0.0.0:8080\"", "web.token"),
        ("[web]\nview = true\naddress = \"[::]:8080\"", "web.token"),
        ("[web]\nview = true\ntoken = \"short\"", "web.token"),
        ("[web]\nview = true\ntoken = \"with spaces in between\"", "web.token"),
        ("[web]\nview = true\ntoken_file = \"\"", "web.token_file"),
    ] {
        assert_eq!(invalid(text).0, key, "{text}");
    }
    let long = format!("[socket]\npath = \"/{}\"", "x".repeat(200));
    assert_eq!(invalid(&long).0, "socket.path");
}

#[test]
fn messages_name_the_value_and_the_way_out_but_no_secret() {
    let (_, message) = invalid("[web]\nview = true\naddress = \"0.0.0.0:8080\"");
    assert!(message.contains("0.0.0.0:8080") && message.contains("token_file"), "{message}");
    let (_, message) = invalid("[web]\nview = true\ntoken = \"sesame\"");
    assert!(!message.contains("sesame"), "{message}");
    let url = |url: &str| Webhook { url: Secret::new(url), ..Webhook::default() };
    assert_eq!(url("https://example.org:8443/key").server().as_deref(), Some("https://example.org:8443"));
}

#[test]
fn what_is_shown_has_no_secret() {
    let text = r#"
        webhook = { url = "https://example.org/sesame?key=sesame", token = "sesame" }
        mqtt = { username = "lookhear", password = "sesame" }
        web = { token = "sesame-0123456789", view = true }
        [rules.a]
        command = ["/usr/local/bin/ring", "sesame", "{name}"]
        webhook = { url = "https://example.org/sesame", token = "sesame" }
        body = "{name} sesame"
    "#;
    let settings: Settings = toml::from_str(text).unwrap();
    settings.validate().unwrap();
    let shown = toml::to_string(&settings.without_secrets()).unwrap();
    assert!(!shown.contains("sesame"), "{shown}");
    for left in ["url = \"https://example.org\"", "password = \"(secret)\"", "\"/usr/local/bin/ring\""] {
        assert!(shown.contains(left), "{left}: {shown}");
    }
}

/// Whoever adds a secret adds it above, too.
#[test]
fn all_secrets_of_the_settings_are_known() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let files = ["publish/settings", "kiosk", "profile", "rules"].map(|name| format!("{folder}/{name}"));
    let text = files.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(Result::unwrap);
    let rust = text.filter(|entry| entry.path().extension().is_some_and(|end| end == "rs"));
    let fields = rust.map(|entry| {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let field = |line: &&str| {
            line.trim().starts_with("pub ") && line.ends_with("Secret,")
                || line.trim().starts_with("pub ") && line.ends_with("Secret>,")
        };
        text.lines().filter(field).count()
    });
    assert_eq!(fields.sum::<usize>(), 4, "web.token, mqtt.password, webhook.url and webhook.token");
}
