//! The settings as they count, one by one, with what set each.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Profile;
use super::lines::Lines;
use crate::publish::{Origin, Setting, conceal};

impl Profile {
    /// The settings that count, where the file said `start` at the start of the run, and says `now` at these lines. Keys that
    /// are left out and have no value by themselves are not there. Nothing of it is secret.
    pub fn listing(counts: &Self, start: &Self, now: &Self, lines: &Lines) -> Vec<Setting> {
        let [counts, start, now] = [counts, start, now].map(Self::values);
        let setting = |(key, value): (String, Value)| {
            let says_so = |file: &BTreeMap<String, Value>| file.get(&key) == Some(&value);
            let origin = match (says_so(&now), says_so(&start)) {
                (true, _) => lines.get(&key).map_or(Origin::Default, Origin::Line),
                (false, true) => Origin::Start,
                (false, false) => Origin::CommandLine,
            };
            Setting { key, value: concealed(value).to_string(), origin }
        };
        counts.into_iter().map(setting).collect()
    }

    /// Every value by its key with its tables.
    fn values(&self) -> BTreeMap<String, Value> {
        let shown = Self { publish: self.publish.without_secrets(), ..self.clone() };
        let mut values = BTreeMap::new();
        // Whatever was read from a file can be written.
        flatten("", Value::try_from(&shown).unwrap_or_else(|_| Table::new().into()), &mut values);
        values
    }
}

fn flatten(key: &str, value: Value, values: &mut BTreeMap<String, Value>) {
    match value {
        Value::Table(table) => {
            let dot = if key.is_empty() { "" } else { "." };
            table.into_iter().for_each(|(name, value)| flatten(&format!("{key}{dot}{name}"), value, values));
        }
        value => drop(values.insert(key.into(), value)),
    }
}

/// As it is shown: a camera's address may have a password in it, and a number more digits than it was given.
fn concealed(value: Value) -> Value {
    match value {
        Value::Float(number) => Value::Float((number * 1e6).round() / 1e6),
        Value::String(text) => Value::String(conceal(&text)),
        Value::Array(values) => Value::Array(values.into_iter().map(concealed).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "camera.name = 'rtsp://user:sesame@camera/a'
[decisions]
hop = 0.2
# A comment.
on = 0.9
[publish.web]
view = true
token = 'sesame-0123456789'
[publish.rules.a]
when = { names = ['Rex'] }
command = ['ring', 'sesame']
";

    fn origins(counts: &Profile, start: &Profile, now: &str) -> BTreeMap<String, (String, Origin)> {
        let (now, lines) = (Profile::parse(now, "x.toml").unwrap(), Lines::of(now));
        let listing = Profile::listing(counts, start, &now, &lines);
        listing.into_iter().map(|setting| (setting.key, (setting.value, setting.origin))).collect()
    }

    #[test]
    fn every_setting_has_the_line_that_set_it_and_no_secret() {
        let profile = Profile::parse(TEXT, "x.toml").unwrap();
        let told = origins(&profile, &profile, TEXT);
        let is = |key: &str| (told[key].0.as_str(), told[key].1);
        assert_eq!(is("camera.name"), ("\"rtsp://camera/a\"", Origin::Line(1)));
        assert_eq!(is("camera.size"), ("[640, 480]", Origin::Default));
        assert_eq!(is("decisions.on"), ("0.9", Origin::Line(5)));
        assert_eq!(is("publish.web.token"), ("\"(secret)\"", Origin::Line(8)));
        assert_eq!(is("publish.web.address"), ("\"127.0.0.1:8080\"", Origin::Default));
        assert_eq!(is("publish.rules.a.when.names"), ("[\"Rex\"]", Origin::Line(10)));
        assert!(!told.contains_key("decisions.off") && !format!("{told:?}").contains("sesame"), "{told:?}");
    }

    #[test]
    fn what_the_command_line_says_and_what_waits_for_the_next_start_is_told() {
        let start = Profile::parse(TEXT, "x.toml").unwrap();
        let mut counts = start.clone();
        counts.microphone.name = "USB".into();
        let now = TEXT.replace("hop = 0.2", "hop = 0.1").replace("on = 0.9", "on = 0.8");
        counts.decisions.on = Some(0.8);
        let told = origins(&counts, &start, &now);
        assert_eq!(told["microphone.name"].1, Origin::CommandLine);
        assert_eq!((told["decisions.hop"].0.as_str(), told["decisions.hop"].1), ("0.2", Origin::Start));
        assert_eq!((told["decisions.on"].0.as_str(), told["decisions.on"].1), ("0.8", Origin::Line(5)));
    }
}
