//! The page of the station: how it is doing, its settings, and what it told last. Made here; its script only asks again.

use std::fmt::Write;
use std::time::SystemTime;

use jiff::Timestamp;

use super::frame::{Frame, Page, Place, colored};
use super::health::SourceNow;
use super::html::{escaped, literal};
use super::state::{Now, OutputNow};
use super::words::Words;
use crate::event::DeviceState;
use crate::publish::conceal;
use crate::publish::station::{Origin, Setting};

const STYLE: &str = include_str!("station/page.css");
const SCRIPT: &str = include_str!("station/page.js");

/// What is shown.
pub(super) struct Shown<'a> {
    pub(super) now: &'a Now,
    pub(super) settings: &'a [Setting],
    pub(super) log: &'a [(SystemTime, String)],
}

/// The page in its frame, as an answer.
pub(super) fn answer(frame: &Frame, shown: &Shown) -> axum::response::Response {
    frame.answer(&Page {
        place: Place::Station,
        title: &format!("LookHear: {}", frame.words.get("station")),
        style: &colored(STYLE),
        body: &Body { words: frame.words, shown }.render(),
        script: &SCRIPT.replace("{{no_connection}}", &literal(&frame.words.get("no_connection"))),
        loads: "connect-src 'self'; form-action 'none'",
    })
}

struct Body<'a> {
    words: &'static Words,
    shown: &'a Shown<'a>,
}

impl Body<'_> {
    fn render(&self) -> String {
        let mut html = String::new();
        // A string takes whatever is written to it.
        let _ = self.write(&mut html);
        html
    }

    /// A word, as it stands in HTML.
    fn word(&self, key: &str) -> String {
        escaped(self.words.get(key))
    }

    fn write(&self, html: &mut String) -> std::fmt::Result {
        writeln!(html, "<main>\n<h1>{}</h1>\n<p id=\"note\" role=\"status\"></p>", self.word("station"))?;
        writeln!(html, "<div id=\"now\">")?;
        self.facts(html)?;
        self.sources(html)?;
        self.outputs(html)?;
        writeln!(html, "</div>")?;
        self.settings(html)?;
        self.log(html)?;
        writeln!(html, "</main>")
    }

    fn facts(&self, html: &mut String) -> std::fmt::Result {
        let Now { version, preset, model, uptime, decisions, skipped, faults, .. } = self.shown.now;
        let faults = faults.as_ref().map_or_else(|| self.word("none"), |faults| wrong(faults));
        let short = model.get(..12).unwrap_or(model);
        writeln!(html, "<dl>")?;
        for (key, value) in [
            ("version", escaped(version)),
            (
                "model",
                format!("{} <code title=\"{}\">{}</code>", escaped(preset), escaped(model), escaped(short)),
            ),
            ("uptime", lasting(*uptime)),
            ("decisions", decisions.to_string()),
            ("skipped", skipped.to_string()),
            ("faults", faults),
        ] {
            writeln!(html, "<div><dt>{}</dt><dd>{value}</dd></div>", self.word(key))?;
        }
        writeln!(html, "</dl>")
    }

    fn sources(&self, html: &mut String) -> std::fmt::Result {
        let sources = &self.shown.now.sources;
        let row = |source: &SourceNow| {
            let SourceNow { source, state, score, decision_age, camera, microphone } = source;
            let device = |what: &str, state: &Option<DeviceState>| match state {
                None => "–".into(),
                Some(DeviceState::Live) => escaped(self.words.device(what, DeviceState::Live)),
                Some(state) => wrong_in(self.words, self.words.device(what, *state)),
            };
            let latest = decision_age.map_or_else(
                || self.word("never"),
                |age| escaped(&self.words.with("ago", &[("seconds", &format!("{age:.1}"))])),
            );
            let state = state.map_or_else(|| "–".into(), |state| escaped(self.words.sentence(state)));
            let name = source.as_ref().map(|name| escaped(name));
            let score = score.map_or_else(|| "–".into(), |score| format!("{score:.2}"));
            let rest = [state, score, device("camera", camera), device("microphone", microphone), latest];
            name.into_iter().chain(rest).collect::<Vec<String>>()
        };
        let named = sources.iter().any(|source| source.source.is_some());
        let heads = ["source", "state", "score", "camera", "microphone", "latest"];
        self.table(html, "sources", &heads[usize::from(!named)..], sources.iter().map(row))
    }

    fn outputs(&self, html: &mut String) -> std::fmt::Result {
        let row = |OutputNow { name, lost, fault }: &OutputNow| {
            let fault = fault.as_ref().map_or_else(|| self.word("none"), |fault| wrong(fault));
            vec![escaped(name), lost.to_string(), fault]
        };
        self.table(html, "outputs", &["output", "lost", "fault"], self.shown.now.outputs.iter().map(row))
    }

    fn settings(&self, html: &mut String) -> std::fmt::Result {
        if self.shown.settings.is_empty() {
            return writeln!(html, "<h2>{}</h2>\n<p>{}</p>", self.word("settings"), self.word("no_settings"));
        }
        let row = |Setting { key, value, origin }: &Setting| {
            let origin = match origin {
                Origin::Default => self.word("default"),
                Origin::Line(line) => escaped(&self.words.with("line", &[("line", &line.to_string())])),
                Origin::CommandLine => self.word("command_line"),
                Origin::Start => self.word("at_start"),
            };
            vec![code(key), code(value), origin]
        };
        self.table(html, "settings", &["setting", "value", "set_by"], self.shown.settings.iter().map(row))
    }

    fn log(&self, html: &mut String) -> std::fmt::Result {
        writeln!(html, "<h2 id=\"log-title\">{}</h2>\n<p>{}</p>", self.word("log"), self.word("log_hint"))?;
        // It can be scrolled by the keyboard.
        write!(html, "<pre id=\"log\" tabindex=\"0\" role=\"region\" aria-labelledby=\"log-title\"")?;
        if self.shown.log.is_empty() {
            return writeln!(html, ">{}</pre>", self.word("no_log"));
        }
        write!(html, " lang=\"en\" translate=\"no\">")?;
        for (at, line) in self.shown.log {
            let time = Timestamp::try_from(*at).unwrap_or_default();
            writeln!(html, "{}  {}", time.strftime("%F %T"), escaped(&conceal(line)))?;
        }
        writeln!(html, "</pre>")
    }

    /// A table with its heading; cells are HTML. One that is too wide can be scrolled, by the keyboard, too.
    fn table(
        &self,
        html: &mut String,
        name: &str,
        heads: &[&str],
        rows: impl Iterator<Item = Vec<String>>,
    ) -> std::fmt::Result {
        writeln!(html, "<h2 id=\"{name}-title\">{}</h2>", self.word(name))?;
        if name == "settings" {
            writeln!(html, "<p>{}</p>", self.word("settings_hint"))?;
        }
        write!(
            html,
            "<div id=\"{name}\" class=\"table\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{name}-title\">\n\
             <table>\n<thead><tr>"
        )?;
        heads.iter().try_for_each(|head| write!(html, "<th scope=\"col\">{}</th>", self.word(head)))?;
        writeln!(html, "</tr></thead>\n<tbody>")?;
        for row in rows {
            let mut cells = row.into_iter();
            let first = cells.next().unwrap_or_default();
            write!(html, "<tr><th scope=\"row\">{first}</th>")?;
            cells.try_for_each(|cell| write!(html, "<td>{cell}</td>"))?;
            writeln!(html, "</tr>")?;
        }
        writeln!(html, "</tbody>\n</table>\n</div>")
    }
}

fn code(text: &str) -> String {
    format!("<code translate=\"no\">{}</code>", escaped(text))
}

/// What the program says of a fault; it says so in English.
fn wrong(text: &str) -> String {
    format!("<span class=\"wrong\" lang=\"en\">{}</span>", escaped(text))
}

fn wrong_in(words: &Words, text: &str) -> String {
    format!("<span class=\"wrong\" lang=\"{}\">{}</span>", words.code, escaped(text))
}

/// Days, hours, minutes and seconds, e.g. `1 d 02:03:04`.
fn lasting(seconds: f64) -> String {
    let seconds = seconds as u64;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let days = if days > 0 { format!("{days} d ") } else { String::new() };
    format!("{days}{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::super::frame::Places;
    use super::*;
    use crate::event::State;

    fn now() -> Now {
        let source = SourceNow {
            source: Some("barn".into()),
            state: Some(State::Match),
            score: Some(0.875),
            decision_age: Some(0.04),
            camera: Some(DeviceState::Gone),
            microphone: Some(DeviceState::Live),
        };
        let fault = Some("broker.local is <away>".to_string());
        Now {
            version: "1.2.3".into(),
            preset: "edge".into(),
            model: "0123456789abcdef".into(),
            uptime: 93_784.0,
            decisions: 7,
            skipped: 1,
            faults: None,
            sources: vec![source],
            outputs: vec![OutputNow { name: "mqtt", lost: 3, fault }],
        }
    }

    fn page(lang: &str, settings: &[Setting], log: &[(SystemTime, String)]) -> String {
        let places = Places { view: true, history: false };
        let query = format!("lang={lang}");
        let frame = Frame::new(Some(&query), &HeaderMap::new(), places);
        Body { words: frame.words, shown: &Shown { now: &now(), settings, log } }.render()
    }

    #[test]
    fn it_tells_how_everything_is_doing() {
        let setting = |key: &str, origin| Setting { key: key.into(), value: "\"<&>\"".into(), origin };
        let settings = [
            setting("camera.name", Origin::Line(12)),
            setting("camera.size", Origin::Default),
            setting("microphone.name", Origin::CommandLine),
            setting("decisions.hop", Origin::Start),
        ];
        let log = [(SystemTime::UNIX_EPOCH, "camera is on (rtsp://user:sesame@host/a) <b>".to_string())];
        let html = page("en", &settings, &log);
        for told in [
            "1.2.3",
            "edge <code title=\"0123456789abcdef\">0123456789ab</code>",
            "1 d 02:03:04",
            ">barn</th><td>I hear it. It is here.</td><td>0.88</td>",
            "lang=\"en\">camera is unplugged</span>",
            "<td>0.0 s ago</td>",
            ">mqtt</th><td>3</td><td><span class=\"wrong\" lang=\"en\">broker.local is &lt;away&gt;</span>",
            "camera.name</code></th><td><code translate=\"no\">&quot;&lt;&amp;&gt;&quot;</code></td><td>line 12</td>",
            "<td>default</td>",
            "<td>command line</td>",
            "<td>the file as it was at the start</td>",
            "1970-01-01 00:00:00  camera is on (rtsp://host/a) &lt;b&gt;",
        ] {
            assert!(html.contains(told), "{told}: {html}");
        }
        assert!(!html.contains("sesame"));
    }

    #[test]
    fn it_speaks_three_languages_but_the_program_english() {
        let html = page("de", &[], &[]);
        for told in
            ["<h1>Station</h1>", "Die Kamera ist abgesteckt", "Es gibt keine Einstellungsdatei.", "vor 0.0 s"]
        {
            assert!(html.contains(told), "{told}: {html}");
        }
        assert!(html.contains("lang=\"en\">broker.local"), "{html}");
        assert!(page("zh", &[], &[]).contains("摄像头已拔出"));
    }
}
