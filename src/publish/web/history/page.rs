//! The page of what happened: made here, without a script of its own.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::asked::{Asked, Found};
use crate::event::State;
use crate::history::Episode;
use crate::overlay::state_color;
use crate::publish::metrics::word;

const STYLE: &str = include_str!("page.css");

/// What is shown.
pub(super) struct Page<'a> {
    pub(super) asked: &'a Asked,
    /// As it stood in the address: it has the token.
    pub(super) query: &'a str,
    pub(super) found: &'a Found,
    /// What is wrong with what was asked.
    pub(super) wrong: Option<String>,
}

impl Page<'_> {
    /// The page and its security policy.
    pub(super) fn render(&self) -> (String, String) {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let policy = format!(
            "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'nonce-{nonce}'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'"
        );
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>LookHear: what happened</title>\n\
             <style nonce=\"{nonce}\">{}</style>\n<body>\n",
            self.style()
        );
        // A string takes whatever is written to it.
        let _ = self.body(&mut html);
        (html, policy)
    }

    fn style(&self) -> String {
        let color = |state| {
            let [r, g, b] = state_color(state);
            format!("rgb({r} {g} {b})")
        };
        STYLE
            .replace("{{match}}", &color(State::Match))
            .replace("{{no_visible_source}}", &color(State::NoVisibleSource))
    }

    fn body(&self, html: &mut String) -> std::fmt::Result {
        let Found { events, count } = self.found;
        let token = self.token();
        let home = if token.is_empty() { ".".to_string() } else { format!("./?{token}") };
        writeln!(
            html,
            "<header><h1>What happened</h1> <nav><a href=\"{}\">Live</a></nav></header>",
            escaped(&home)
        )?;
        self.form(html)?;
        if let Some(wrong) = &self.wrong {
            writeln!(html, "<p role=\"alert\">{}</p>", escaped(wrong))?;
        }
        writeln!(html, "<p id=\"count\">{} of {count}</p>", events.len())?;
        self.hours(html)?;
        writeln!(html, "<main>")?;
        for episode in events {
            self.episode(html, episode)?;
        }
        writeln!(html, "</main>")?;
        if let (Some(last), true) = (events.last(), (events.len() as u64) < *count) {
            let older = self.link("history", &[("until", &last.start)]);
            writeln!(html, "<p><a rel=\"next\" href=\"{}\">Older</a></p>", escaped(&older))?;
        }
        Ok(())
    }

    /// The filters; what is asked for stays in them.
    fn form(&self, html: &mut String) -> std::fmt::Result {
        let text = |value: &Option<String>| escaped(value.as_deref().unwrap_or_default());
        writeln!(html, "<form method=\"get\" action=\"history\">")?;
        if let Some(token) = self.token().strip_prefix("token=") {
            // As it is in the address, it is encoded; a form encodes it again.
            writeln!(html, "<input type=\"hidden\" name=\"token\" value=\"{}\">", escaped(&decoded(token)))?;
        }
        for (label, name, value, hint) in [
            ("Since", "since", text(&self.asked.since), "12h, 7d, 2026-11-30"),
            ("Until", "until", text(&self.asked.until), "2026-11-30T12:00:00Z"),
            ("Name", "name", text(&self.asked.name), ""),
            ("Source", "source", text(&self.asked.source), ""),
        ] {
            writeln!(
                html,
                "<label>{label} <input name=\"{name}\" value=\"{value}\" placeholder=\"{hint}\"></label>"
            )?;
        }
        writeln!(html, "<button>Show</button></form>")
    }

    /// How many there were by the hour of the day (UTC) and by name, of those that are shown.
    fn hours(&self, html: &mut String) -> std::fmt::Result {
        let (mut hours, mut names) = ([0u32; 24], BTreeMap::<&str, u32>::new());
        for episode in &self.found.events {
            let hour = episode.start.get(11..13).and_then(|hour| hour.parse::<usize>().ok());
            if let Some(hour) = hour.filter(|hour| *hour < 24) {
                hours[hour] += 1;
            }
            *names.entry(episode.name.as_deref().unwrap_or("without a name")).or_default() += 1;
        }
        let most = hours.into_iter().max().unwrap_or(0);
        if most == 0 {
            return Ok(());
        }
        writeln!(
            html,
            "<figure><figcaption>By the hour of the day (UTC)</figcaption><svg viewBox=\"0 0 240 50\" role=\"img\" aria-label=\"{}\">",
            hours
                .iter()
                .enumerate()
                .filter(|(_, n)| **n > 0)
                .map(|(hour, n)| format!("{hour} h: {n}"))
                .collect::<Vec<_>>()
                .join(", ")
        )?;
        for (hour, count) in hours.into_iter().enumerate() {
            let height = 40.0 * f64::from(count) / f64::from(most);
            writeln!(
                html,
                "<rect x=\"{}\" y=\"{:.1}\" width=\"8\" height=\"{height:.1}\"/>",
                hour * 10 + 1,
                40.0 - height
            )?;
        }
        writeln!(
            html,
            "<text x=\"0\" y=\"49\">0</text><text x=\"118\" y=\"49\">12</text><text x=\"228\" y=\"49\">23</text></svg></figure>"
        )?;
        let names: Vec<String> = names.iter().map(|(name, n)| format!("{} {n}", escaped(name))).collect();
        writeln!(html, "<p id=\"names\">{}</p>", names.join(" · "))
    }

    fn episode(&self, html: &mut String, episode: &Episode) -> std::fmt::Result {
        let Episode { id, source, state, name, start, t_start, t_end, best_score, over, .. } = episode;
        let what = match (name, state) {
            (Some(name), _) => escaped(name),
            (None, State::Match) => "Something in view".into(),
            (None, _) => "Something out of view".into(),
        };
        let of = |part: &str| escaped(&self.link(&format!("api/v1/events/{id}/{part}"), &[]));
        writeln!(html, "<article data-state=\"{}\">", word(state))?;
        match (&episode.clip, &episode.snapshot) {
            (Some(_), Some(_)) => writeln!(
                html,
                "<video controls preload=\"none\" poster=\"{}\" src=\"{}\"></video>",
                of("snapshot"),
                of("clip")
            )?,
            (Some(_), None) => {
                writeln!(html, "<video controls preload=\"metadata\" src=\"{}\"></video>", of("clip"))?
            }
            (None, Some(_)) => {
                writeln!(html, "<img loading=\"lazy\" alt=\"{what}\" src=\"{}\">", of("snapshot"))?
            }
            (None, None) => {}
        }
        let goes_on = if *over { "" } else { ", goes on" };
        writeln!(
            html,
            "<h2>{what}</h2><p><time datetime=\"{start}\">{}</time> · {} · {:.1} s{goes_on} · {best_score:.2}</p></article>",
            escaped(&start.replace('T', " ").replace('Z', " UTC")),
            escaped(source),
            t_end - t_start
        )
    }

    /// The token of the address, encoded as it was; empty without one.
    fn token(&self) -> String {
        let mine = self.query.split('&').find(|part| part.starts_with("token="));
        mine.unwrap_or_default().to_string()
    }

    /// An address of ours, with the token, and of the filters those that stay.
    fn link(&self, path: &str, with: &[(&str, &str)]) -> String {
        let stays = |part: &&str| {
            let key = part.split('=').next().unwrap_or_default();
            key == "token"
                || (!with.is_empty() && !part.is_empty() && with.iter().all(|(name, _)| *name != key))
        };
        let kept = self.query.split('&').filter(stays).map(str::to_string);
        let new = with.iter().map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")));
        let query: Vec<String> = kept.chain(new).collect();
        if query.is_empty() { path.into() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// Text within HTML, and within its attributes.
fn escaped(text: &str) -> String {
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

/// A part of an address without its encoding.
fn decoded(part: &str) -> String {
    #[derive(serde::Deserialize)]
    struct One {
        token: String,
    }
    let uri = format!("/?token={part}").parse().unwrap_or_default();
    axum::extract::Query::<One>::try_from_uri(&uri).map_or_else(|_| part.into(), |one| one.0.token)
}
