//! What all pages have in common: head, colours, and the way from one to the others, in one language.

use std::fmt::Write;

use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};

use super::html::{Asked, escaped};
use super::words::Words;
use crate::event::State;
use crate::overlay::state_color;

const STYLE: &str = include_str!("frame.css");

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Live,
    History,
    Station,
}

impl Place {
    /// The word for it, and where it is, as seen from its neighbours.
    fn of(self) -> (&'static str, &'static str) {
        match self {
            Self::Live => ("live", "./"),
            Self::History => ("history", "history"),
            Self::Station => ("station", "station"),
        }
    }
}

/// Which pages there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) view: bool,
    pub(super) history: bool,
}

/// What a page is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) words: &'static Words,
    pub(super) asked: Asked<'a>,
    pub(super) places: Places,
}

/// A page without its frame.
pub(super) struct Page<'a> {
    pub(super) place: Place,
    pub(super) title: &'a str,
    pub(super) style: &'a str,
    /// What is within `<body>` after the navigation.
    pub(super) body: &'a str,
    /// Empty: none.
    pub(super) script: &'a str,
    /// What it may load from here, as its security policy says it.
    pub(super) loads: &'a str,
}

impl<'a> Frame<'a> {
    /// For whoever asks: the language is the one of the address, or the browser's.
    pub(super) fn new(query: Option<&'a str>, headers: &HeaderMap, places: Places) -> Self {
        let asked = Asked(query.unwrap_or_default());
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self { words: Words::wanted(asked.get("lang").as_deref(), accepted), asked, places }
    }

    /// The page and its security policy: only this page's own style and script are run, named by a number that nobody
    /// can know before.
    pub(super) fn render(&self, page: &Page) -> (String, String) {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let Page { place, title, style, body, script, loads } = page;
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
             <style nonce=\"{nonce}\">\n{}{style}</style>\n</head>\n<body>\n",
            self.words.code,
            escaped(title),
            colored(STYLE),
        );
        // A string takes whatever is written to it.
        let _ = self.navigation(&mut html, *place);
        html.push_str(body);
        let mut policy = format!(
            "default-src 'none'; {loads}; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
        );
        if !script.is_empty() {
            let _ = writeln!(html, "<script nonce=\"{nonce}\">\n\"use strict\";\n{script}</script>");
            let _ = write!(policy, "; script-src 'nonce-{nonce}'");
        }
        (html + "</body>\n</html>\n", policy)
    }

    /// The same as an answer.
    pub(super) fn answer(&self, page: &Page) -> Response {
        let (html, policy) = self.render(page);
        ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
    }

    fn navigation(&self, html: &mut String, here: Place) -> std::fmt::Result {
        let Self { words, asked, places: Places { view, history } } = self;
        write!(html, "<header>\n<nav aria-label=\"{}\">", escaped(words.get("pages")))?;
        for (place, is_there) in [(Place::Live, *view), (Place::History, *history), (Place::Station, *view)] {
            let (word, path) = place.of();
            let current = if place == here { " aria-current=\"page\"" } else { "" };
            if is_there {
                write!(html, " <a href=\"{}\"{current}>{}</a>", asked.link(path), escaped(words.get(word)))?;
            }
        }
        write!(html, "</nav>\n<nav aria-label=\"{}\">", escaped(words.get("languages")))?;
        for Words { code, language, .. } in Words::all() {
            let current = if *code == words.code { " aria-current=\"true\"" } else { "" };
            let link = asked.again(here.of().1, &[("lang", code)]);
            write!(html, " <a href=\"{link}\" lang=\"{code}\" hreflang=\"{code}\"{current}>{language}</a>")?;
        }
        html.write_str("</nav>\n</header>\n")
    }
}

/// A style with the colours of the states.
pub(super) fn colored(style: &str) -> String {
    [State::Silent, State::Match, State::NoVisibleSource].iter().fold(style.to_string(), |style, state| {
        let [r, g, b] = state_color(*state);
        style.replace(&format!("{{{{{}}}}}", state.word()), &format!("rgb({r} {g} {b})"))
    })
}
