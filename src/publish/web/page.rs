//! The live page, with the words and colours that the program has elsewhere, and what stands in its place without it.

use std::collections::BTreeMap;

use super::frame::{Frame, Page, Place, colored};
use super::html::literal;
use super::sound::{BANDS, COLUMNS_A_SECOND};
use super::words::Words;
use crate::overlay::heat_color;
use crate::publish::settings::{self, Zones};

const BODY: &str = include_str!("live/page.html");
const STYLE: &str = include_str!("live/page.css");
/// In the order in which they use each other; the last one begins.
const SCRIPTS: [&str; 3] =
    [include_str!("live/page.js"), include_str!("live/past.js"), include_str!("live/zones.js")];
/// What the script has to say.
const SPOKEN: [&str; 5] = ["here_named", "connecting", "no_connection", "ago", "zones_hint"];

/// The page, but for its frame.
#[derive(Debug)]
pub(super) struct Live {
    style: String,
    /// Body and script of each language.
    parts: BTreeMap<&'static str, [String; 2]>,
}

impl Live {
    /// Puts words, colours, the names of several sources and the zones of rules into the page's source.
    pub(super) fn new(sources: &[String], zones: &Zones) -> Self {
        let of = |words: &'static Words| {
            let script = script(words, sources, zones);
            (words.code.as_str(), [words.fill(BODY), script])
        };
        Self { style: colored(STYLE), parts: Words::all().iter().map(of).collect() }
    }

    /// The page in its frame.
    pub(super) fn page(&self, frame: &Frame) -> Page<'_> {
        let [body, script] = &self.parts[frame.words.code.as_str()];
        Page {
            place: Place::Live,
            title: "LookHear",
            style: &self.style,
            body,
            script,
            loads: "img-src 'self'; connect-src 'self'; form-action 'none'",
        }
    }
}

fn script(words: &Words, sources: &[String], zones: &Zones) -> String {
    let spoken: BTreeMap<&str, &str> = SPOKEN.map(|key| (key, words.get(key))).into();
    let heat: Vec<[u8; 3]> = (0..=u8::MAX).map(|value| heat_color(f32::from(value) / 255.0)).collect();
    let values = [
        ("words", literal(&spoken)),
        ("sentences", literal(&words.sentences)),
        ("deaf", literal(&words.deaf)),
        ("devices", literal(&words.devices)),
        ("sources", literal(&sources)),
        ("rules", literal(zones)),
        ("heat", literal(&heat)),
        ("bands", literal(&BANDS)),
        ("rate", literal(&COLUMNS_A_SECOND)),
    ];
    let source = colored(&SCRIPTS.concat());
    values.iter().fold(source, |script, (name, value)| script.replace(&format!("{{{{{name}}}}}"), value))
}

/// What stands in the page's place while the live view is switched off: what there is instead.
pub(super) fn contents(settings: &settings::Web) -> String {
    let mut contents = String::from("LookHear is running. Here you find:\n\n");
    if settings.health {
        contents += "  /health    whether decisions are made and the devices are on\n";
    }
    if settings.metrics {
        contents += "  /metrics   numbers for Prometheus\n";
    }
    if settings.history {
        contents +=
            "  /history   what happened; for programs /api/v1/events, described by /api/v1/openapi.json\n";
    }
    contents + "\nThe live picture is switched off. To see it here, set view = true in [publish.web].\n"
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::super::frame::Places;
    use super::*;
    use crate::event::State;

    fn render(query: &str) -> (String, String) {
        let places = Places { view: true, history: true };
        let frame = Frame::new(Some(query), &HeaderMap::new(), places);
        frame.render(&Live::new(&[], &Zones::default()).page(&frame))
    }

    #[test]
    fn the_page_is_complete_and_needs_nothing_else() {
        let (html, policy) = render("");
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(html.matches(&format!("nonce=\"{nonce}\"")).count(), 2, "one style, one script");
        assert!(html.contains("rgb(61 224 172)") && html.contains(State::Match.sentence()));
        assert!(html.contains("camera is unplugged"));
        assert!(html.contains("\"missing\":\"I hear nothing: no microphone.\""));
        for left in ["{{", "http://", "https://", "<link", "<script src"] {
            assert!(!html.contains(left), "{left}");
        }
        assert_ne!(render("").1, policy, "a new number each time");
    }

    #[test]
    fn it_speaks_the_language_that_is_asked_for_and_leads_to_the_others() {
        for (code, quiet) in [("de", "Es ist still."), ("zh", "现在很安静。"), ("en", "It is quiet.")] {
            let (html, _) = render(&format!("lang={code}&token=abc"));
            assert!(html.contains(&format!("<html lang=\"{code}\">")) && html.contains(quiet), "{code}");
            assert!(html.contains(&format!("href=\"station?lang={code}&amp;token=abc\"")), "{html}");
            assert!(html.contains("href=\"./?token=abc&amp;lang=zh\" lang=\"zh\"") && !html.contains("{{"));
        }
    }
}
