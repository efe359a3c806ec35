//! The page of what happened: made here, without a script of its own.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::response::Response;

use super::asked::{Asked, Found};
use crate::event::State;
use crate::history::Episode;
use crate::publish::metrics::word;
use crate::publish::web::frame::{self, Frame, Place, colored};
use crate::publish::web::html::escaped;

const STYLE: &str = include_str!("page.css");

/// What is shown.
pub(super) struct Page<'a> {
    pub(super) asked: &'a Asked,
    pub(super) frame: &'a Frame<'a>,
    pub(super) found: &'a Found,
    /// What is wrong with what was asked.
    pub(super) wrong: Option<String>,
}

impl Page<'_> {
    /// The page in its frame.
    pub(super) fn answer(&self) -> Response {
        let mut body = String::new();
        // A string takes whatever is written to it.
        let _ = self.body(&mut body);
        self.frame.answer(&frame::Page {
            place: Place::History,
            title: &format!("LookHear: {}", self.frame.words.get("happened")),
            style: &colored(STYLE),
            body: &body,
            script: "",
            loads: "img-src 'self'; media-src 'self'; form-action 'self'",
        })
    }

    /// A word, as it stands in HTML.
    fn word(&self, key: &str) -> String {
        escaped(self.frame.words.get(key))
    }

    fn body(&self, html: &mut String) -> std::fmt::Result {
        let Found { events, count } = self.found;
        writeln!(html, "<main>\n<h1>{}</h1>", self.word("happened"))?;
        self.form(html)?;
        if let Some(wrong) = &self.wrong {
            writeln!(html, "<p role=\"alert\" lang=\"en\">{}</p>", escaped(wrong))?;
        }
        let (shown, all) = (events.len().to_string(), count.to_string());
        let told = self.frame.words.with("count", &[("shown", &shown), ("count", &all)]);
        writeln!(html, "<p id=\"count\">{}</p>", escaped(&told))?;
        self.hours(html)?;
        writeln!(html, "<div id=\"events\">")?;
        for episode in events {
            self.episode(html, episode)?;
        }
        writeln!(html, "</div>")?;
        if let (Some(last), true) = (events.last(), (events.len() as u64) < *count) {
            let older = self.frame.asked.again("history", &[("until", &last.start)]);
            writeln!(html, "<p><a rel=\"next\" href=\"{older}\">{}</a></p>", self.word("older"))?;
        }
        writeln!(html, "</main>")
    }

    /// The filters; what is asked for stays in them.
    fn form(&self, html: &mut String) -> std::fmt::Result {
        let text = |value: &Option<String>| escaped(value.as_deref().unwrap_or_default());
        writeln!(html, "<form method=\"get\" action=\"history\">\n{}", self.frame.asked.fields())?;
        for (name, value, hint) in [
            ("since", text(&self.asked.since), "12h, 7d, 2026-11-30"),
            ("until", text(&self.asked.until), "2026-11-30T12:00:00Z"),
            ("name", text(&self.asked.name), ""),
            ("source", text(&self.asked.source), ""),
        ] {
            let label = self.word(name);
            writeln!(
                html,
                "<label>{label} <input name=\"{name}\" value=\"{value}\" placeholder=\"{hint}\"></label>"
            )?;
        }
        writeln!(html, "<button>{}</button></form>", self.word("show"))
    }

    /// How many there were by the hour of the day (UTC) and by name, of those that are shown.
    fn hours(&self, html: &mut String) -> std::fmt::Result {
        let (mut hours, mut names) = ([0u32; 24], BTreeMap::<&str, u32>::new());
        let words = self.frame.words;
        for episode in &self.found.events {
            let hour = episode.start.get(11..13).and_then(|hour| hour.parse::<usize>().ok());
            if let Some(hour) = hour.filter(|hour| *hour < 24) {
                hours[hour] += 1;
            }
            *names.entry(episode.name.as_deref().unwrap_or(words.get("nameless"))).or_default() += 1;
        }
        let most = hours.into_iter().max().unwrap_or(0);
        if most == 0 {
            return Ok(());
        }
        let told = |(hour, count): (usize, &u32)| {
            words.with("hour", &[("hour", &hour.to_string()), ("count", &count.to_string())])
        };
        let all: Vec<String> = hours.iter().enumerate().filter(|(_, count)| **count > 0).map(told).collect();
        writeln!(
            html,
            "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 240 50\" role=\"img\" aria-label=\"{}\">",
            self.word("by_hour"),
            escaped(&all.join(", "))
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
            (None, State::Match) => self.word("in_view"),
            (None, _) => self.word("out_of_view"),
        };
        let of = |part: &str| self.frame.asked.link(&format!("api/v1/events/{id}/{part}"));
        writeln!(html, "<article data-state=\"{}\">", word(state))?;
        match (&episode.clip, &episode.snapshot) {
            (Some(_), Some(_)) => writeln!(
                html,
                "<video controls aria-label=\"{what}\" preload=\"none\" poster=\"{}\" src=\"{}\"></video>",
                of("snapshot"),
                of("clip")
            )?,
            (Some(_), None) => writeln!(
                html,
                "<video controls aria-label=\"{what}\" preload=\"metadata\" src=\"{}\"></video>",
                of("clip")
            )?,
            (None, Some(_)) => {
                writeln!(html, "<img loading=\"lazy\" alt=\"{what}\" src=\"{}\">", of("snapshot"))?
            }
            (None, None) => {}
        }
        let goes_on = if *over { String::new() } else { format!(", {}", self.word("goes_on")) };
        writeln!(
            html,
            "<h2>{what}</h2><p><time datetime=\"{start}\">{}</time> · {} · {:.1} s{goes_on} · {best_score:.2}</p></article>",
            escaped(&start.replace('T', " ").replace('Z', " UTC")),
            escaped(source),
            t_end - t_start
        )
    }
}
