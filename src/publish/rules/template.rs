//! Texts with places for what is known of an episode.

use std::path::Path;

use crate::history::Episode;

/// What the places of a text stand for.
pub(super) struct Values(Vec<(&'static str, String)>);

impl Values {
    pub(super) fn new(rule: &str, episode: &Episode, picture: Option<&Path>) -> Self {
        let Episode { id, source, state, name, start, end, t_start, t_end, best_score, .. } = episode;
        Self(vec![
            ("rule", rule.into()),
            ("id", id.clone()),
            ("source", source.clone()),
            ("state", state.word().into()),
            ("name", name.clone().unwrap_or_default()),
            ("start", start.clone()),
            ("end", end.clone()),
            ("seconds", format!("{:.1}", t_end - t_start)),
            ("score", format!("{best_score:.2}")),
            ("picture", picture.map(|path| path.display().to_string()).unwrap_or_default()),
        ])
    }

    /// The text with every `{place}` filled in. Braces around anything else stay, as JSON has them.
    pub(super) fn fill(&self, text: &str) -> String {
        self.fill_with(text, str::to_string)
    }

    /// The same for a text that is JSON, within whose strings the places are.
    pub(super) fn fill_json(&self, text: &str) -> String {
        let within_quotes = |value: &str| {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_string()
        };
        self.fill_with(text, within_quotes)
    }

    fn fill_with(&self, text: &str, form: impl Fn(&str) -> String) -> String {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some(begin) = rest.find('{') {
            let (before, from) = rest.split_at(begin);
            filled.push_str(before);
            let place = from[1..].split_once('}').map_or("", |(place, _)| place);
            match self.0.iter().find(|(name, _)| *name == place) {
                Some((_, value)) => {
                    filled.push_str(&form(value));
                    rest = &from[place.len() + 2..];
                }
                None => {
                    filled.push('{');
                    rest = &from[1..];
                }
            }
        }
        filled + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::history::Tracker;
    use crate::publish::testing::event;

    fn values(name: &str) -> Values {
        let mut tracker = Tracker::new("barn", crate::history::Rules { least: 0.0, ..Default::default() });
        let mut event = event(1.0, State::Match);
        event.name = Some(name.into());
        Values::new("night", &tracker.take(&event)[0].episode, Some(Path::new("/tmp/a.jpg")))
    }

    #[test]
    fn known_places_are_filled_and_all_other_braces_stay() {
        let values = values("Rex {rule}");
        assert_eq!(values.fill("{rule}: {name} ({score}) {picture}"), "night: Rex {rule} (0.75) /tmp/a.jpg");
        assert_eq!(values.fill("{} {nothing} {{name}} {"), "{} {nothing} {Rex {rule}} {");
    }

    #[test]
    fn json_stays_json_whatever_a_thing_is_called() {
        let filled =
            values("the \"old\"\nbell").fill_json(r#"{"text": "{name}", "more": {"at": "{source}"}}"#);
        let json: serde_json::Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(json["text"], "the \"old\"\nbell");
        assert_eq!(json["more"]["at"], "barn");
    }
}
