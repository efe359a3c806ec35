//! HTML: text within it, and addresses of ours.

use axum::extract::Query;
use serde::{Deserialize, Serialize};

use crate::publish::message::json;

/// Parts of an address that go with every link: who may see it, and in which language.
const LASTING: [&str; 2] = ["token", "lang"];

/// Text within HTML, and within its attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            c => html.push(c),
        }
    }
    html
}

/// A value as JavaScript within HTML: nothing in it can end the script.
pub(super) fn literal(value: &impl Serialize) -> String {
    String::from_utf8_lossy(&json(value)).replace('<', "\\u003c")
}

/// What an address asks with, as it stood there: encoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a>(pub(super) &'a str);

impl<'a> Asked<'a> {
    fn parts(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let parts = self.0.split('&').filter(|part| !part.is_empty());
        parts.map(|part| part.split_once('=').unwrap_or((part, "")))
    }

    /// A value without its encoding.
    pub(super) fn get(self, key: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct One {
            value: String,
        }
        let (_, value) = self.parts().find(|(name, _)| *name == key)?;
        let uri = format!("/?value={value}").parse().ok()?;
        Query::<One>::try_from_uri(&uri).ok().map(|one| one.0.value)
    }

    /// The hidden fields of a form that keep what lasts.
    pub(super) fn fields(self) -> String {
        let field = |key: &str| {
            let value = self.get(key)?;
            Some(format!("<input type=\"hidden\" name=\"{key}\" value=\"{}\">\n", escaped(&value)))
        };
        LASTING.iter().filter_map(|key| field(key)).collect()
    }

    /// An address of ours with what lasts.
    pub(super) fn link(self, path: &str) -> String {
        self.join(path, |key| LASTING.contains(&key), &[])
    }

    /// The same page, asked with other values in the place of those of these names.
    pub(super) fn again(self, path: &str, with: &[(&str, &str)]) -> String {
        self.join(path, |key| with.iter().all(|(name, _)| *name != key), with)
    }

    /// As it stands in an attribute.
    fn join(self, path: &str, stays: impl Fn(&str) -> bool, with: &[(&str, &str)]) -> String {
        let kept = self.parts().filter(|(key, _)| stays(key)).map(|(key, value)| format!("{key}={value}"));
        let new = with.iter().map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")));
        let query: Vec<String> = kept.chain(new).collect();
        escaped(&if query.is_empty() { path.into() } else { format!("{path}?{}", query.join("&")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_script() {
        assert_eq!(literal(&"</script>"), "\"\\u003c/script>\"");
    }

    #[test]
    fn links_keep_token_and_language_and_forms_do() {
        let asked = Asked("source=a%20b&token=0%2B&&lang=de&x");
        assert_eq!(asked.link("history"), "history?token=0%2B&amp;lang=de");
        assert_eq!(
            asked.again("./", &[("lang", "zh"), ("x", "+")]),
            "./?source=a%20b&amp;token=0%2B&amp;lang=zh&amp;x=%2B"
        );
        assert_eq!((Asked("").link("./"), asked.get("source")), ("./".into(), Some("a b".into())));
        assert!(asked.fields().contains("name=\"token\" value=\"0+\"") && asked.get("nothing").is_none());
        assert_eq!(Asked("token=%ff\"><").get("token"), None);
    }
}
