//! Every error has its line, its key and a remedy, and no text makes the parser panic.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::read::LONGEST;
use super::*;
use crate::capture::camera::Driver;
use crate::engine::Backend;
use crate::model::Thresholds;
use crate::publish::settings::{Mqtt, Web};

const EXAMPLES: [&str; 4] = ["laptop", "jetson-orin-nano", "raspberry-pi-5", "mini-pc-kiosk"];

fn example(name: &str) -> String {
    let path = format!("{}/firmware-config/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Every setting that is commented out, switched on: those have no space after their `#`.
fn switched_on(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => {
            setting.to_string()
        }
        _ => line.to_string(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

/// The only mistake of a text.
fn config_error(text: &str) -> ConfigError {
    let errors = Profile::parse(text, "kiosk.toml").expect_err(text);
    let [only] = &errors.iter().collect::<Vec<_>>()[..] else { panic!("{text}: not one, but {errors}") };
    (*only).clone()
}

#[test]
fn without_a_word_everything_is_as_without_a_file() {
    assert_eq!(Profile::parse("", "empty.toml"), Ok(Profile::default()));
    assert_eq!(Profile::parse("\u{feff}# nothing\r\n[camera]\r\n", "empty.toml"), Ok(Profile::default()));
    assert_eq!(Profile::default().validate(), Ok(()));
}

#[test]
fn everything_can_be_said() {
    let text = "
        model = { file = 'a model.safetensors', engine = 'flex', threads = 3 }
        camera.size = [1280, 720]
        camera.name = 'Webcam'
        camera.driver = 'nokhwa'
        camera.offset_ms = -40
        [microphone]
        name = 'USB'
        [decisions]
        hop = 0.2
        swap = 0
        on = 0.9
        off = 0.3
        hold = 0.5
        silence_db = -40
    ";
    let profile = Profile::parse(text, "all.toml").unwrap();
    let camera =
        Camera { name: "Webcam".into(), size: [1280, 720], driver: Driver::Nokhwa, offset_ms: Some(-40.0) };
    assert_eq!(profile.camera, camera);
    assert_eq!(profile.microphone.name, "USB");
    let file = Some(PathBuf::from("a model.safetensors"));
    assert_eq!(profile.model, Model { file, engine: Backend::Flex, threads: Some(3) });
    let own = Thresholds { on: 0.9, off: 0.3, hold: 0.5, silence: -40.0, ..Thresholds::default() };
    assert_eq!(profile.decisions.thresholds(Thresholds::default()), Ok(own));
    assert_eq!((profile.decisions.hop, profile.decisions.swap), (0.2, 0.0));
    let written = toml::to_string(&profile).unwrap();
    assert_eq!(Profile::parse(&written, "again.toml"), Ok(profile), "{written}");
}

#[test]
fn a_threshold_must_go_with_the_models_other_one() {
    let decisions = |on, off| Decisions { on, off, ..Decisions::default() };
    let model = Thresholds { on: 0.6, off: 0.4, ..Thresholds::default() };
    assert_eq!(Decisions::default().thresholds(model), Ok(model));
    assert_eq!(decisions(Some(0.4), None).thresholds(model).unwrap().on, 0.4);
    let error = decisions(None, Some(0.7)).thresholds(model).unwrap_err();
    assert!(error.key == "off" && error.message.contains("above `on` (0.600)"), "{error}");
    assert!(decisions(Some(0.3), None).thresholds(model).is_err());
}

#[test]
fn rules_that_wait_for_names_nobody_gives_are_told() {
    let rule = "[publish.rules.rex]\nwhen.names = ['Rex']\ncommand = ['true']\n";
    let names = "gallery.file = 'names'\n";
    let barn = "[sources.barn]\n[sources.yard]\ngallery = {}\n";
    let of = |source: &str| rule.replace("when.names", &format!("when.sources = ['{source}']\nwhen.names"));
    for (text, told) in [
        (rule.to_string(), true),
        (rule.replace("when.names = ['Rex']", "when.score = 0.5"), false),
        (format!("{names}{rule}"), false),
        (format!("{barn}{rule}"), true),
        (format!("{names}{barn}{rule}"), false),
        (format!("{names}{barn}{}", of("barn")), false),
        (format!("{names}{barn}{}", of("yard")), true),
    ] {
        let told: &[&str] = if told { &["rex"] } else { &[] };
        assert_eq!(Profile::parse(&text, "station.toml").unwrap().rules_without_gallery(), told, "{text}");
    }
}

/// Text, line, key, and a part of the message that tells the way out.
const INVALID: [(&str, usize, &str, &str); 51] = [
    // Texts that are not TOML.
    ("[camera", 1, "camera", "expected `]`"),
    ("[camera]\nname = ", 2, "camera.name", "expected"),
    ("[camera]\nname = Webcam", 2, "camera.name", "expected"),
    ("[camera]\nname = \"Webcam\nsize = [640, 480]", 2, "camera.name", "expected `\"`"),
    ("[camera]\nname \"Webcam\"", 2, "", "expected `=`"),
    ("[camera]\nsize = [640, 480", 2, "camera.size", "expected `]`"),
    ("[camera]\nsize = [640 480]", 2, "camera.size", "`,` between"),
    ("[model]\nthreads = 4 engine = \"int\"", 2, "model.threads", "a new line for each key"),
    ("[model]\nthreads = 04", 2, "model.threads", "leading zero"),
    ("[model]\nengine = \"int\"\n\nengine = \"flex\"", 4, "model.engine", "keep one"),
    ("[model]\n[camera]\n[model]", 3, "model", "keep one"),
    ("= 3", 1, "", "key"),
    ("{}", 1, "", "key"),
    // Keys that are not there.
    ("[camara]", 1, "camara", "there are `camera`, `microphone`, `sources`, `model`, `decisions`"),
    ("fps = 30", 1, "fps", "`camera`"),
    ("[camera]\n\nnam = 'x'", 3, "camera.nam", "`name`, `size`, `driver`, `offset_ms`"),
    ("camera = { name = 'x', hight = 480 }", 1, "camera.hight", "`size`"),
    ("[camera.name]\nfirst = 1", 1, "camera.name", "a text in quotes"),
    ("[microphone]\nsize = 3", 2, "microphone.size", "there are `name`"),
    ("[model]\nfile = 'a'\nthread = 2", 3, "model.thread", "`threads`"),
    ("[decisions]\nsilence = -50", 2, "decisions.silence", "`silence_db`"),
    ("[decisions]\n# every\n# second\nHop = 1", 4, "decisions.Hop", "`hop`"),
    // Values of another kind.
    ("camera = 'Webcam'", 1, "camera", "a table with keys"),
    ("[[camera]]\nname = 'x'", 1, "camera", "a table with keys"),
    ("[camera]\nname = 0", 2, "camera.name", "a text in quotes"),
    ("[camera]\nname = ['a']", 2, "camera.name", "a text in quotes"),
    ("[camera]\nname = 2026-01-01", 2, "camera.name", "a text in quotes"),
    ("[camera]\nsize = '640x480'", 2, "camera.size", "a list in brackets"),
    ("[camera]\nsize = [640]", 2, "camera.size", "a list of 1; give width and height"),
    ("[camera]\nsize = [640, 480, 3]", 2, "camera.size", "give width and height, e.g. [640, 480]"),
    ("[camera]\nsize = [640, -480]", 2, "camera.size", "a whole number"),
    ("[camera]\nsize = [\n  640,\n  480.5,\n]", 4, "camera.size", "a whole number"),
    ("[camera]\noffset_ms = '-40'", 2, "camera.offset_ms", "a number"),
    ("[camera]\ndriver = 'v4l'", 2, "camera.driver", "`auto`"),
    ("[camera]\ndriver = true", 2, "camera.driver", "in quotes"),
    ("[model]\nengine = 'gpu'", 2, "model.engine", "`int`, `flex`, `wgpu`, `ndarray`"),
    ("[model]\nthreads = 70000", 2, "model.threads", "0 to 65535"),
    ("[model]\nthreads = 99999999999999999999999999999999999999999", 2, "model.threads", "smaller"),
    ("[decisions]\nhop = '80 ms'", 2, "decisions.hop", "a number"),
    ("[decisions]\nhop = true", 2, "decisions.hop", "a number"),
    // Invalid values.
    ("[camera]\nname = ''\nsize = [8, 480]", 3, "camera.size", "16 to 8192"),
    ("[camera]\noffset_ms = 1e6", 2, "camera.offset_ms", "-5000 to 5000 milliseconds"),
    ("[model]\nthreads = 0", 2, "model.threads", "1 to 64; left out"),
    ("[model]\nfile = ''", 2, "model.file", "leave the key out"),
    ("decisions.hop = 0.001", 1, "decisions.hop", "0.01 to 10 seconds"),
    ("[decisions]\nhop = nan", 2, "decisions.hop", "0.01 to 10 seconds"),
    ("[decisions]\nswap = -1", 2, "decisions.swap", "0 for none"),
    ("[decisions]\non = 80", 2, "decisions.on", "0 to 1"),
    ("[decisions]\nnoise_gate = 33", 2, "decisions.noise_gate", "0 to 32 of 255"),
    ("[decisions]\nsilence_db = 60", 2, "decisions.silence_db", "-120 to 0 decibels"),
    ("[decisions]\non = 0.4\n\noff = 0.6", 4, "decisions.off", "at most as large"),
];

#[test]
fn every_mistake_has_its_line_its_key_and_its_remedy() {
    for (text, line, key, remedy) in INVALID {
        let found = config_error(text);
        assert_eq!((found.line, found.key.as_str()), (line, key), "{text}: {found}");
        assert!(found.message.contains(remedy), "{text}: {found}");
        assert!(!found.to_string().contains('\n'), "{text}: one line, not {found}");
    }
}

/// Texts, and the lines and keys of all their mistakes.
const SEVERAL: [(&str, &[(usize, &str)]); 14] = [
    (
        "fps = 30\n[camera]\nsize = [8, 480]\nnmae = 'x'\noffset_ms = 'late'\n[model]\nthreads = 0\n[camara]\n[decisions]\n\
         on = 0.4\noff = 0.6",
        &[
            (1, "fps"),
            (3, "camera.size"),
            (4, "camera.nmae"),
            (5, "camera.offset_ms"),
            (7, "model.threads"),
            (8, "camara"),
            (11, "decisions.off"),
        ],
    ),
    // Several of one table, of each kind of table.
    (
        "[decisions]\nhop = 0\nswap = -1\non = 2\nhold = 99",
        &[(2, "decisions.hop"), (3, "decisions.swap"), (4, "decisions.on"), (5, "decisions.hold")],
    ),
    (
        "[kiosk]\nlanguage = 'fr'\nfps = 0\ntheme = { heat = 2 }",
        &[(2, "kiosk.language"), (3, "kiosk.fps"), (4, "kiosk.theme.heat")],
    ),
    (
        "[publish.mqtt]\nhost = ''\nport = 0\nqos = 2\n[publish.web]\naddress = '80'\ntoken = 'short'",
        &[
            (2, "publish.mqtt.host"),
            (3, "publish.mqtt.port"),
            (4, "publish.mqtt.qos"),
            (5, "publish.web.view"),
            (6, "publish.web.address"),
            (7, "publish.web.token"),
        ],
    ),
    (
        "[publish.rules.a]\ncool_down = -1\n[publish.rules.b]\ncommand = ['true']\nwhen = { score = 2, size = 2 }",
        &[
            (1, "publish.rules.a.command"),
            (2, "publish.rules.a.cool_down"),
            (5, "publish.rules.b.when.score"),
            (5, "publish.rules.b.when.size"),
        ],
    ),
    (
        "[sources.barn.camera]\nsize = [1, 1]\n[sources.yard]\nmodel = 'x'\ndecisions = { hop = 99 }",
        &[(2, "sources.barn.camera.size"), (4, "sources.yard.model"), (5, "sources.yard.decisions.hop")],
    ),
    // Given twice: all of them, and what else there is.
    (
        "[model]\nthreads = 1\nthreads = 2\n[camera]\nname = 'a'\nname = 'b'\nsize = 3",
        &[(3, "model.threads"), (6, "camera.name"), (7, "camera.size")],
    ),
    // After what is no TOML everything is guessed.
    ("[model]\nthreads = \nfile = 3\n[camara]", &[(2, "model.threads")]),
    // One mistake is one: what follows from it is none.
    ("[publish.history]\nfodler = 'kept'", &[(2, "publish.history.fodler")]),
    ("[publish.mqtt]\nca_file = 'ca.pem'\ntls = 'yes'", &[(3, "publish.mqtt.tls")]),
    ("[publish.web]\nview = true\naddress = '0.0.0.0:80'\ntoken_file = 7", &[(4, "publish.web.token_file")]),
    (
        "[publish]\nhistory = 'kept'\nmqtt = 'broker'\nweb = { history = true }\nrules.a.mqtt = true",
        &[(2, "publish.history"), (3, "publish.mqtt")],
    ),
    (
        "[publish.history]\nfolder = 'kept'\nstates = 'all'\n[publish.rules.a]\nwebhook = 'x'\nbody = '{name}'\n\
         when.states = ['no_visible_source']",
        &[(3, "publish.history.states"), (5, "publish.rules.a.webhook")],
    ),
    (
        "[sources]\nbarn = 'studio'\nyard = {}\n[publish.rules.a]\ncommand = ['true']\nwhen.sources = ['barn', 'attic']",
        &[(2, "sources.barn"), (6, "publish.rules.a.when.sources")],
    ),
];

#[test]
fn all_mistakes_are_told_at_once_and_nothing_that_follows_from_one() {
    for (text, mistakes) in SEVERAL {
        let errors = Profile::parse(text, "kiosk.toml").expect_err(text);
        let found: Vec<(usize, &str)> = errors.iter().map(|error| (error.line, error.key.as_str())).collect();
        assert_eq!(found, mistakes, "{text}\n{errors}");
        assert_eq!(errors.to_string().lines().count(), mistakes.len(), "{errors}");
    }
}

#[test]
fn what_is_told_is_bounded_and_has_a_short_form() {
    let text: String = (0..60).map(|n| format!("key{n} = 1\n")).collect();
    let told = Profile::parse(&text, "Cargo.toml").unwrap_err();
    assert_eq!(told.iter().count(), 50);
    assert!(told.to_string().ends_with("Cargo.toml: there may be more than these 50"), "{told}");
    assert!(told.short().starts_with("Cargo.toml:1:1: key0: ") && told.short().ends_with("check-config)"));
    let one = Profile::parse("fps = 1", "kiosk.toml").unwrap_err();
    assert_eq!(one.short(), one.to_string());
}

#[test]
fn a_mistake_is_shown_as_compilers_show_theirs() {
    let found = config_error("[camera]\nname = \"Kamera für Gäste\" # ä\n  size = [640, 9000]").to_string();
    assert!(found.starts_with("kiosk.toml:3:10: camera.size: 9000 is out of range; give 16 to"), "{found}");
    assert!(
        config_error("[camera]\n\"ä\" = 1")
            .to_string()
            .starts_with("kiosk.toml:2:1: camera.ä: there is no key")
    );
    assert!(config_error("x").to_string().starts_with("kiosk.toml:1:"));
}

#[test]
fn what_is_no_number_or_name_is_never_repeated() {
    for text in [
        "[camera]\nname = \"hunter2",
        "[camera]\nname = 'a' hunter2",
        "[camera]\nname = hunter2",
        "[camera]\nsize = \"hunter2, expected hunter2\"",
        "[camera]\noffset_ms = \"hunter2\"",
        "[microphone]\nname = { password = 'hunter2' }",
        "model = 'hunter2'",
        "decisions = ['hunter2']",
        "[microphone]\nname = '''\nhunter2 = 'x'''' = 3",
    ] {
        let found = config_error(text).to_string();
        assert!(!found.contains("hunter2"), "{found}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kiosk.toml");
    let told = |path: &Path| Profile::load(path).unwrap_err().to_string();
    assert!(told(&path).contains("kiosk.toml") && told(&path).contains("--config"));
    std::fs::write(&path, b"# caf\xe9").unwrap();
    assert!(told(&path).contains("line 1") && told(&path).contains("save the file as UTF-8"));
    std::fs::write(&path, vec![b'#'; LONGEST as usize + 1]).unwrap();
    assert!(told(&path).contains("longer than"));
    std::fs::write(&path, "\n[model]\nthreads = 0").unwrap();
    assert!(told(&path).contains("kiosk.toml:3:11: model.threads"), "{}", told(&path));
    std::fs::write(&path, "[model]\nthreads = 2").unwrap();
    assert_eq!(Profile::load(&path).unwrap().model.threads, Some(2));
}

#[test]
fn the_examples_are_right_also_with_everything_switched_on() {
    for name in EXAMPLES {
        let text = example(name);
        let profile = Profile::parse(&text, name).unwrap_or_else(|error| panic!("{error}"));
        assert!(profile.camera.name.is_empty() && profile.microphone.name.is_empty(), "{name}: any device");
        let all = switched_on(&text);
        let all = Profile::parse(&all, name).unwrap_or_else(|error| panic!("switched on: {error}"));
        assert!(all.camera.offset_ms.is_some() && all.model.file.is_some(), "{name}");
        assert!(all.decisions.thresholds(Thresholds::default()).is_ok(), "{name}");
        // What is shown as the default is the default.
        assert_eq!(Camera { offset_ms: None, ..all.camera }, Camera::default(), "{name}");
        assert_eq!(all.microphone, Microphone::default(), "{name}");
        assert_eq!(Model { file: None, threads: None, ..all.model }, Model::default(), "{name}");
        let Decisions { hop, swap, .. } = all.decisions;
        assert_eq!(Decisions { hop, swap, ..Decisions::default() }, Decisions::default(), "{name}");
        let (web, mqtt) = (all.publish.web.unwrap(), all.publish.mqtt.unwrap());
        assert_eq!(Web { token_file: None, view: false, ..web }, Web::default(), "{name}");
        let mqtt = Mqtt { port: None, username: None, password_file: None, ..mqtt };
        assert_eq!(mqtt, Mqtt::default(), "{name}");
        // What is none is called an example.
        assert!(text.contains("Example:\n#view = true"), "{name}");
    }
}

#[test]
fn the_containers_settings_are_right() {
    let profile = Profile::parse(&example("container/lookhear"), "container").unwrap();
    let web = profile.publish.web.unwrap();
    assert!(
        web.health && web.view && web.history && web.token_file.is_some(),
        "the image's check and page need them"
    );
}

#[test]
fn the_fuzzers_corpus_has_answers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/profile");
    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let right = file.file_name().is_some_and(|name| EXAMPLES.iter().any(|example| name == *example));
        assert_eq!(Profile::parse(&text, "case").is_ok(), right, "{}", file.display());
    }
}

/// Whether each mistake of a text has a place in it and words.
fn has_places(text: &str) -> bool {
    let lines = text.split('\n').count();
    let has_place = |found: &ConfigError| {
        (1..=lines).contains(&found.line) && found.column >= 1 && !found.message.is_empty()
    };
    let errors = Profile::parse(text, "case").err();
    errors.is_none_or(|errors| errors.iter().count() > 0 && errors.iter().all(has_place))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_the_text_there_is_an_answer(text in "(?s)([a-z_]{1,9}|[\\[\\]{}=,.'\"#\n -]|[0-9]{1,3}|\\PC){0,60}") {
        prop_assert!(has_places(&text));
    }

    #[test]
    fn a_damaged_example_has_an_answer(
        which in 0..EXAMPLES.len(),
        damage in prop::collection::vec((0usize..8000, 0u8..3, any::<char>()), 1..5),
    ) {
        let mut text: Vec<char> = switched_on(&example(EXAMPLES[which])).chars().collect();
        for (at, how, value) in damage {
            let at = at % text.len();
            match how {
                0 => text[at] = value,
                1 => _ = text.remove(at),
                _ => text.insert(at, value),
            }
        }
        let text: String = text.into_iter().collect();
        prop_assert!(has_places(&text));
    }
}
