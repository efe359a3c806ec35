//! What happened, for browsers and programs: a page, and the events of `/api/v1`, described by
//! [`openapi.json`](../openapi.json).
//!
//! Answers are read from the history's folder by threads that may wait; the pipeline and the other answers never do.

mod asked;
mod page;
mod range;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::frame::{Frame, Places};
use crate::history::{Episode, Files, Filter, Store};
use crate::publish::message::json;
use asked::{Asked, Found, LIMIT, Refused};
use page::Page;

/// Where it is read from.
struct Archive {
    folder: PathBuf,
    places: Places,
}

/// The page and the interface, over a history's folder.
pub(super) fn router<S: Clone + Send + Sync + 'static>(folder: PathBuf, places: Places) -> Router<S> {
    Router::new()
        .route("/history", get(page))
        .route("/api/v1/events", get(events))
        .route("/api/v1/events/{id}", get(event))
        .route("/api/v1/events/{id}/snapshot", get(snapshot))
        .route("/api/v1/events/{id}/clip", get(clip))
        .with_state(Arc::new(Archive { folder, places }))
}

impl Archive {
    /// Reads in a thread that may wait.
    async fn read<T: Send + 'static>(
        self: Arc<Self>,
        read: impl FnOnce(&Store) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let reading = tokio::task::spawn_blocking(move || read(&Store::open(&self.folder)?));
        reading.await.unwrap_or_else(|error| Err(Refused::Failed(error.to_string())))
    }
}

async fn found(archive: Arc<Archive>, filter: Filter) -> Result<Found, Refused> {
    archive.read(move |store| Ok(Found { count: store.count(&filter)?, events: store.list(&filter)? })).await
}

async fn events(
    State(archive): State<Arc<Archive>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(asked) = asked.map_err(|wrong| Refused::Wrong(wrong.body_text()))?;
    let found = found(archive, asked.filter(LIMIT)?).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json(&found)).into_response())
}

async fn one(archive: Arc<Archive>, id: String) -> Result<Episode, Refused> {
    archive.read(move |store| store.get(&id)?.ok_or(Refused::Nothing)).await
}

async fn event(State(archive): State<Arc<Archive>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let episode = one(archive, id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json(&episode)).into_response())
}

async fn snapshot(
    State(archive): State<Arc<Archive>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let episode = one(archive.clone(), id).await?;
    file(&archive, episode.snapshot, "image/jpeg", &headers).await
}

async fn clip(
    State(archive): State<Arc<Archive>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let episode = one(archive.clone(), id).await?;
    file(&archive, episode.clip, "video/mp4", &headers).await
}

/// A file of the folder, or the part of it that is asked for: players jump.
async fn file(
    archive: &Archive,
    name: Option<String>,
    kind: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let path = name.and_then(|name| Files::new(&archive.folder).path(&name)).ok_or(Refused::Nothing)?;
    let wanted = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).map(str::to_string);
    let reading = tokio::task::spawn_blocking(move || range::read(&path, wanted.as_deref()));
    // Given up for want of room since it was looked up.
    let part =
        reading.await.map_err(|error| Refused::Failed(error.to_string()))?.map_err(|_| Refused::Nothing)?;
    let status = if part.is_whole() { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let mut response = (status, Body::from(part.bytes.clone())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let (false, Ok(range)) = (part.is_whole(), HeaderValue::from_str(&part.content_range())) {
        headers.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

async fn page(
    State(archive): State<Arc<Archive>>,
    Query(asked): Query<Asked>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let frame = Frame::new(query.as_deref(), &headers, archive.places);
    let filter = asked.filter(LIMIT);
    let (found, wrong) = match filter {
        Ok(filter) => (found(archive, filter).await?, None),
        Err(Refused::Wrong(error)) => (Found { events: Vec::new(), count: 0 }, Some(error)),
        Err(other) => return Err(other),
    };
    Ok(Page { asked: &asked, frame: &frame, found: &found, wrong }.answer())
}

#[cfg(test)]
mod tests;
