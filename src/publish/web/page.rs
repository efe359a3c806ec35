//! The page: one file with everything in it, with the words and colours that the program has elsewhere.

use std::collections::BTreeMap;

use crate::event::{DeviceState, State};
use crate::overlay::state_color;
use crate::publish::message::json;
use crate::publish::metrics::word;
use crate::publish::settings::{self, Zones};

const SOURCE: &str = include_str!("page.html");
const STATES: [State; 3] = [State::Silent, State::Match, State::NoVisibleSource];

/// The page, but for what is new in every answer.
#[derive(Debug)]
pub(super) struct Page(String);

impl Page {
    /// Puts words, colours, the names of several sources and the zones of rules into the page's source.
    pub(super) fn new(sources: &[String], zones: &Zones) -> Self {
        let mut html = SOURCE.to_string();
        for state in STATES {
            let [r, g, b] = state_color(state);
            html = html.replace(&format!("{{{{{}}}}}", word(&state)), &format!("rgb({r} {g} {b})"));
        }
        let sentences: BTreeMap<String, &str> =
            STATES.iter().map(|state| (word(state), state.sentence())).collect();
        let devices: BTreeMap<&str, BTreeMap<String, String>> = ["camera", "microphone"]
            .map(|what| {
                (what, DeviceState::ALL.iter().map(|state| (word(state), state.words(what))).collect())
            })
            .into();
        html = html.replace("{{sentences}}", &serde_json::json!(sentences).to_string());
        let deaf: BTreeMap<String, &str> =
            DeviceState::ALL.iter().filter_map(|state| Some((word(state), state.deaf()?))).collect();
        html = html.replace("{{deaf}}", &serde_json::json!(deaf).to_string());
        // Nothing in it can end the script: names of sources and rules are letters and digits, all else numbers.
        html = html.replace("{{sources}}", &String::from_utf8_lossy(&json(&sources)));
        html = html.replace("{{zones}}", &String::from_utf8_lossy(&json(zones)));
        Self(html.replace("{{devices}}", &serde_json::json!(devices).to_string()))
    }

    /// The page and its security policy: only this page's own style and script are run, named by a number
    /// that nobody can know before.
    pub(super) fn render(&self) -> (String, String) {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let policy = format!(
            "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'nonce-{nonce}'; \
             script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        (self.0.replace("{{nonce}}", &nonce), policy)
    }
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
    use super::*;

    #[test]
    fn the_page_is_complete_and_needs_nothing_else() {
        let (html, policy) = Page::new(&[], &Zones::default()).render();
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(html.matches(&format!("nonce=\"{nonce}\"")).count(), 2, "one style, one script");
        assert!(html.contains("rgb(61 224 172)") && html.contains(State::Match.sentence()));
        assert!(html.contains("camera is unplugged"));
        assert!(html.contains("\"missing\":\"I hear nothing: no microphone.\""));
        for left in ["{{", "http://", "https://", "<link", "<script src"] {
            assert!(!html.contains(left), "{left}");
        }
        assert_ne!(Page::new(&[], &Zones::default()).render().1, policy, "a new number each time");
    }
}
