//! What the pages say, in the languages of the kiosk: its sentences, those of the program, and a file of further words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::event::{DeviceState, State};
use crate::language::Language;

/// Codes of the languages, and the words that only the pages have.
const FILES: [(&str, &str); 3] = [
    ("en", include_str!("words/en.toml")),
    ("de", include_str!("words/de.toml")),
    ("zh", include_str!("words/zh.toml")),
];

/// Where one file is wrong all are: a test reads them.
static ALL: LazyLock<[Words; 3]> = LazyLock::new(|| FILES.map(|(code, text)| Words::read(code, text)));

/// The devices that are spoken of.
const DEVICES: [&str; 2] = ["camera", "microphone"];

/// All that the pages say in one language.
#[derive(Debug)]
pub(super) struct Words {
    /// Its code, as the attribute `lang` has it.
    pub(super) code: String,
    /// Its own name.
    pub(super) language: String,
    /// Further words by their names.
    texts: BTreeMap<String, String>,
    /// What is said in each state.
    pub(super) sentences: BTreeMap<&'static str, String>,
    /// What is said instead of "It is quiet." in each state of the microphone.
    pub(super) deaf: BTreeMap<String, String>,
    /// What is said of a device in each of its states.
    pub(super) devices: BTreeMap<String, BTreeMap<String, String>>,
}

/// A file. English has no words of devices: the program's own are English.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pages: BTreeMap<String, String>,
    deaf: Option<BTreeMap<String, String>>,
    devices: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

impl Words {
    /// Every language, English first.
    pub(super) fn all() -> &'static [Self] {
        &*ALL
    }

    /// The language that an address asks for by `lang`, or else the one that the browser would like best, or else English.
    pub(super) fn wanted(asked: Option<&str>, accepted: Option<&str>) -> &'static Self {
        let known = |code: &str| Self::all().iter().find(|words| words.code == code);
        let asked = asked.and_then(|code| known(&primary(code)));
        asked.or_else(|| liked(accepted?)).unwrap_or(&Self::all()[0])
    }

    fn read(code: &str, text: &str) -> Self {
        let File { mut pages, deaf, devices } = toml::from_str(text).expect("a test reads all words");
        let kiosk = Language::built_in(code).expect("the kiosk has the language");
        let state_words = |words: &dyn Fn(DeviceState) -> Option<String>| -> BTreeMap<String, String> {
            let both = |state: &DeviceState| Some((word(state), words(*state)?));
            DeviceState::ALL.iter().filter_map(both).collect()
        };
        let deaf = deaf.unwrap_or_else(|| state_words(&|state| state.deaf().map(str::to_string)));
        let devices = devices.unwrap_or_else(|| {
            let of = |what: &str| (what.to_string(), state_words(&|state| Some(state.words(what))));
            DEVICES.map(of).into()
        });
        let shared = [
            ("here_named", kiosk.here_named),
            ("sound", kiosk.ribbon_title),
            ("now", kiosk.ribbon_now),
            ("ago", kiosk.ribbon_ago),
            ("pitch", kiosk.ribbon_pitch),
        ];
        pages.extend(shared.map(|(key, text)| (key.to_string(), text)));
        let sentences = [
            (State::Silent, kiosk.quiet),
            (State::Match, kiosk.here),
            (State::NoVisibleSource, kiosk.unseen),
        ];
        Self {
            code: kiosk.code,
            language: kiosk.language,
            texts: pages,
            sentences: sentences.map(|(state, text)| (state.word(), text)).into(),
            deaf,
            devices,
        }
    }

    /// A word by its name; empty if there is none, which tests do not let pass.
    pub(super) fn get(&self, key: &str) -> &str {
        debug_assert!(self.texts.contains_key(key), "{key}");
        self.texts.get(key).map_or("", String::as_str)
    }

    /// A word with what is filled in.
    pub(super) fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let filled = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
        values.iter().fold(self.get(key).to_string(), filled)
    }

    /// How a device is doing.
    pub(super) fn device(&self, what: &str, state: DeviceState) -> &str {
        self.devices.get(what).and_then(|words| words.get(&word(&state))).map_or("", String::as_str)
    }

    /// What is said in a state.
    pub(super) fn sentence(&self, state: State) -> &str {
        self.sentences.get(state.word()).map_or("", String::as_str)
    }

    /// A text with each `{{name}}` replaced by that word, as it stands in HTML.
    pub(super) fn fill(&self, source: &str) -> String {
        let replace = |html: String, (key, text): (&String, &String)| {
            html.replace(&format!("{{{{{key}}}}}"), &super::html::escaped(text))
        };
        self.texts.iter().fold(source.to_string(), replace)
    }
}

/// The word that JSON has for a device's state.
fn word(state: &DeviceState) -> String {
    crate::publish::metrics::word(state)
}

/// The language of a tag, without region and script, in small letters.
fn primary(tag: &str) -> String {
    tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Of the languages that a browser accepts (RFC 9110, section 12.5.4) the one that it likes best and we have.
fn liked(accepted: &str) -> Option<&'static Words> {
    let mut best: Option<(f32, &Words)> = None;
    for entry in accepted.split(',') {
        let mut parts = entry.split(';');
        let code = primary(parts.next().unwrap_or_default());
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        let found = Words::all().iter().find(|words| words.code == code);
        if let (Some(words), Ok(weight)) = (found, weight)
            && weight > best.map_or(0.0, |(best, _)| best)
        {
            best = Some((weight, words));
        }
    }
    best.map(|(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything_in_its_own_words() {
        let english = &Words::all()[0];
        // Names, and words that are the same in both.
        let alike = ["pitch", "live", "station", "name", "version"];
        for words in Words::all() {
            let code = &words.code;
            assert_eq!(words.texts.keys().collect::<Vec<_>>(), english.texts.keys().collect::<Vec<_>>());
            for (key, text) in &words.texts {
                assert!(!text.trim().is_empty(), "{code}: {key}");
                let same = *code == "en" || alike.contains(&key.as_str());
                assert!(same || *text != english.texts[key], "{code}: {key} is translated");
                let places = |text: &str| {
                    let mut names: Vec<String> = text
                        .split('{')
                        .skip(1)
                        .map(|rest| rest.split('}').next().unwrap().to_string())
                        .collect();
                    names.sort();
                    names
                };
                assert_eq!(places(text), places(&english.texts[key]), "{code}: {key}");
            }
            for state in DeviceState::ALL {
                assert!(
                    DEVICES.iter().all(|what| !words.device(what, state).is_empty()),
                    "{code}: {state:?}"
                );
                assert_eq!(
                    words.deaf.contains_key(&word(&state)),
                    state.deaf().is_some(),
                    "{code}: {state:?}"
                );
            }
        }
        assert_eq!(english.sentence(State::Match), State::Match.sentence());
        assert_eq!(english.device("camera", DeviceState::Gone), "camera is unplugged");
    }

    #[test]
    fn the_address_counts_more_than_the_browser_and_english_is_for_all_others() {
        let code = |asked, accepted| Words::wanted(asked, accepted).code.as_str();
        assert_eq!(code(None, None), "en");
        assert_eq!(code(None, Some("de-AT,de;q=0.9,en;q=0.8")), "de");
        assert_eq!(code(None, Some("fr, en;q=0.2, zh-Hans-CN;q=0.7")), "zh");
        assert_eq!(code(None, Some("fr;q=1, *;q=0.5")), "en");
        assert_eq!(code(None, Some("de;q=0, zh;q=x, ;;,q=1")), "en");
        assert_eq!(code(Some("DE"), Some("zh")), "de");
        assert_eq!(code(Some("zh_TW"), None), "zh");
        assert_eq!(code(Some("<script>"), Some("de")), "de");
    }
}
