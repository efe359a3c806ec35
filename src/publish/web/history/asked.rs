//! What a request asks of the history, and what it gets.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::State;
use crate::history::{Episode, Filter, HistoryError, when};
use crate::publish::message::json;

/// Episodes of an answer, if the request does not say how many, and at most.
pub(super) const LIMIT: u32 = 100;
const MOST: u32 = 1000;

/// What a request may ask for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) name: Option<String>,
    pub(super) source: Option<String>,
    pub(super) state: Option<State>,
    pub(super) score: Option<f32>,
    pub(super) limit: Option<u32>,
}

impl Asked {
    /// The filter; a browser's form sends what was left empty, too.
    pub(super) fn filter(&self, limit: u32) -> Result<Filter, Refused> {
        let now = Timestamp::now();
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let time = |text: &Option<String>| {
            given(text)
                .map(|text| when(&text, now).map_err(|error| Refused::Wrong(error.to_string())))
                .transpose()
        };
        Ok(Filter {
            since: time(&self.since)?,
            until: time(&self.until)?,
            name: given(&self.name),
            source: given(&self.source),
            state: self.state,
            score: self.score,
            limit: Some(self.limit.unwrap_or(limit).clamp(1, MOST)),
        })
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refused {
    /// The request is not right.
    Wrong(String),
    /// There is no such thing.
    Nothing,
    /// The history cannot be read.
    Failed(String),
}

impl From<HistoryError> for Refused {
    fn from(error: HistoryError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: String,
        }
        let (status, error) = match self {
            Self::Wrong(error) => (StatusCode::BAD_REQUEST, error),
            Self::Nothing => (StatusCode::NOT_FOUND, "there is nothing of that id".into()),
            // Paths are nobody's business; the log has them.
            Self::Failed(error) => {
                log::debug!("history: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "the history cannot be read at present".into())
            }
        };
        (status, [(header::CONTENT_TYPE, "application/json")], json(&Body { error })).into_response()
    }
}

/// Episodes that were asked for.
#[derive(Serialize)]
pub(super) struct Found {
    /// The latest first.
    pub(super) events: Vec<Episode>,
    /// How many there are, whatever the limit.
    pub(super) count: u64,
}
