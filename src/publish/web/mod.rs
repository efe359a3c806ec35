//! The web: pages with the live view, what happened and the station itself; events, metrics and health for programs.
//!
//! A request passes `connections` (how many, how long, one each), then `access` (who), and is answered here.

mod access;
mod connections;
mod frame;
mod health;
mod history;
mod html;
mod page;
mod sound;
mod state;
mod station;
#[cfg(test)]
mod tests;
mod view;
mod words;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::wrappers::{BroadcastStream, WatchStream};

use super::message::{Line, json, line};
use super::metrics::Metrics;
use super::network::{Ending, Network};
use super::output::Output;
use super::output_status::OutputStatus;
use super::secret::Secret;
use super::settings::{self, Zones, check_token};
use super::station::Station;
use super::{About, PublishError};
use crate::pipeline::{DecisionContext, SinkError};
use access::Access;
use connections::{Connection, Connections};
use frame::{Frame, Places};
pub(super) use health::Board;
use page::Live;
use sound::{Heard, Sound};
use state::Now;
use view::View;

/// Streams that may be watched at once, of pictures and of events together: a page takes two.
const STREAMS: usize = 16;
/// Events that may wait for a browser.
const CAPACITY: usize = 64;
/// The description of the interface for programs.
const OPENAPI: &str = include_str!("openapi.json");
/// Bytes that a request and its headers may have.
const REQUEST_BYTES: usize = 32 << 10;
/// How often something is sent to a browser when nothing happens: it shows either side whether the other is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The pipeline's side.
pub(super) struct Web {
    /// The address that is listened on.
    pub(super) address: SocketAddr,
    events: broadcast::Sender<Told>,
    /// Of each source, if there is a live view.
    views: BTreeMap<Option<String>, View>,
    sound: Option<Sound>,
    network: Network,
}

/// The line of a decision, and its source.
type Told = (Option<String>, Line);

/// What the pages and answers are about.
pub(super) struct Content {
    pub(super) board: Arc<Board>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) about: About,
    pub(super) station: Station,
    pub(super) zones: Zones,
}

/// What answers are made of.
struct Site {
    live: Live,
    places: Places,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    about: About,
    station: Station,
    output_status: OutputStatus,
    events: broadcast::Sender<Told>,
    heard: broadcast::Sender<Heard>,
    pictures: BTreeMap<Option<String>, watch::Sender<Bytes>>,
    streams: Arc<Semaphore>,
}

/// Takes the address; a thread answers.
///
/// # Errors
/// The address is taken, the token's file cannot be read, or there is no thread.
pub(super) fn start(
    settings: &settings::Web,
    history: Option<&settings::History>,
    content: Content,
    output_status: OutputStatus,
) -> Result<Web, PublishError> {
    let token = Secret::read("web.token_file", settings.token.as_ref(), settings.token_file.as_deref())?;
    if let Some(token) = &token {
        check_token("web.token", token)?;
    }
    let address = settings.socket_address().map_err(|error| error.inside("web"))?;
    let taken = |source| PublishError::Address { address, source };
    let listener = TcpListener::bind(address).map_err(taken)?;
    listener.set_nonblocking(true).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;

    let ((events, _), (heard, _)) = (broadcast::channel(CAPACITY), broadcast::channel(CAPACITY));
    let Content { board, metrics, about, station, zones } = content;
    let sources = &about.sources;
    let only = sources.is_empty().then_some(None);
    let all = sources.iter().cloned().map(Some).chain(only);
    let pictures: BTreeMap<Option<String>, watch::Sender<Bytes>> =
        all.map(|source| (source, watch::channel(Bytes::new()).0)).collect();
    let view = |(source, pictures): (&Option<String>, &watch::Sender<Bytes>)| {
        Ok((source.clone(), View::start(pictures.clone())?))
    };
    let views = pictures.iter().filter(|_| settings.view).map(view).collect::<io::Result<_>>()?;
    let sound = settings.view.then(|| Sound::start(heard.clone())).transpose()?;
    let places = Places { view: settings.view, history: settings.history };
    let site = Arc::new(Site {
        live: Live::new(sources, &zones),
        places,
        board,
        output_status,
        metrics,
        about,
        station,
        heard,
        events: events.clone(),
        pictures,
        streams: Arc::new(Semaphore::new(STREAMS)),
    });
    let history = history.filter(|_| settings.history).map(|history| history.folder.clone());
    let router = router(settings, history, site, Access::new(token.as_ref()));
    let network = Network::start("web", move |ending| Box::pin(serve(listener, router, ending)))?;
    Ok(Web { address, events, views, sound, network })
}

impl Output for Web {
    fn take(&mut self, context: &DecisionContext, _: bool) -> Result<(), SinkError> {
        if self.events.receiver_count() > 0 {
            // An error means that there are no receivers any more.
            let _ = self.events.send((context.event.source.clone(), line(context)?));
        }
        if let Some(view) = self.views.get(&context.event.source) {
            view.show(context);
        }
        if let Some(sound) = &self.sound {
            sound.show(context);
        }
        Ok(())
    }

    fn close(&mut self) {
        self.network.close();
    }

    fn finish(&mut self, end: Instant) -> bool {
        self.network.wait(end)
    }
}

/// Answers until the end; then connections are cut, as those that watch would never go by themselves.
async fn serve(listener: TcpListener, router: Router, mut ending: Ending) {
    let Ok(mut connections) = Connections::new(listener) else { return };
    // Dropping this ends all answers.
    let mut answers = JoinSet::new();
    loop {
        let connection = tokio::select! {
            connection = connections.accept() => connection,
            () = ending.over() => return,
        };
        while answers.try_join_next().is_some() {}
        answers.spawn(answer(connection, router.clone()));
    }
}

/// Answers the one request of a connection: a place that waits for another request would be a place less.
async fn answer(connection: Connection, router: Router) {
    let guest = connection.guest();
    let service = TowerToHyperService::new(router);
    let asked = guest.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        asked.has_asked();
        service.call(request)
    });
    let answered = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(connections::REQUEST)
        .keep_alive(false)
        .max_buf_size(REQUEST_BYTES)
        .serve_connection(TokioIo::new(connection), service);
    tokio::select! {
        // Errors of a connection are the client's matter.
        _ = answered => {}
        () = guest.turned_out() => {}
    }
}

/// What is switched on, and nothing else.
fn router(settings: &settings::Web, history: Option<PathBuf>, site: Arc<Site>, access: Access) -> Router {
    let mut router = Router::new();
    if settings.health {
        router = router.route(access::HEALTH, get(health));
    }
    if settings.metrics {
        router = router.route("/metrics", get(metrics));
    }
    if settings.view {
        router = router
            .route("/", get(page))
            .route("/view.mjpeg", get(pictures))
            .route("/events", get(events))
            .route("/station", get(station));
    } else {
        let contents = page::contents(settings);
        router = router.route("/", get(move || std::future::ready(contents)));
    }
    if settings.view || settings.history {
        router = router.route("/api/v1/state", get(state)).route("/api/v1/openapi.json", get(described));
    }
    if let Some(folder) = history {
        router = router.merge(history::router(folder, site.places));
    }
    router
        .fallback(|| async { (StatusCode::NOT_FOUND, "There is nothing here, or it is switched off.\n") })
        .layer(axum::middleware::from_fn_with_state(Arc::new(access), access::guard))
        .with_state(site)
}

async fn health(State(site): State<Arc<Site>>) -> Response {
    let health = site.board.health(site.metrics.uptime());
    let status = if health.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], json(&health)).into_response()
}

async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let kind = prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
    ([(header::CONTENT_TYPE, kind)], site.metrics.text()).into_response()
}

async fn page(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let frame = Frame::new(query.as_deref(), &headers, site.places);
    frame.answer(&site.live.page(&frame))
}

async fn station(State(site): State<Arc<Site>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let frame = Frame::new(query.as_deref(), &headers, site.places);
    let (settings, log) = (site.station.settings(), site.station.log());
    station::answer(&frame, &station::Shown { now: &site.now(), settings: &settings, log: &log })
}

async fn state(State(site): State<Arc<Site>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json(&site.now())).into_response()
}

async fn described() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

impl Site {
    fn now(&self) -> Now {
        Now::new(&self.about, &self.metrics, self.board.sources(), &self.station)
    }
}

/// What a stream is asked for.
#[derive(Deserialize)]
struct Wanted {
    /// One of several sources.
    source: Option<String>,
    /// Whether the events have the sound besides, as the page draws it.
    sound: Option<String>,
}

/// Each decision's picture, as soon as it is drawn, each taking the place of the one before: of the source that is
/// asked for, or of the first.
async fn pictures(State(site): State<Arc<Site>>, Query(wanted): Query<Wanted>) -> Response {
    let first = || site.pictures.values().next().filter(|_| wanted.source.is_none());
    let Some(pictures) = site.pictures.get(&wanted.source).or_else(first) else { return unknown() };
    let Some(place) = place(&site) else { return crowded() };
    let parts = WatchStream::from_changes(pictures.subscribe()).map(move |part| {
        let _taken_while_it_lasts = &place;
        part
    });
    let parts = tokio_stream::once(Bytes::from_static(view::OPENING)).chain(parts).map(Ok::<_, Infallible>);
    ([(header::CONTENT_TYPE, view::CONTENT_TYPE)], Body::from_stream(parts)).into_response()
}

/// Each decision's JSON, as server-sent events: of all sources, or of the one that is asked for. For the page, the sound
/// comes besides, as events of the type `sound`.
async fn events(State(site): State<Arc<Site>>, Query(wanted): Query<Wanted>) -> Response {
    if wanted.source.is_some() && !site.pictures.contains_key(&wanted.source) {
        return unknown();
    }
    let Some(place) = place(&site) else { return crowded() };
    let Wanted { source: wanted, sound } = wanted;
    let is_wanted = move |source: &Option<String>| wanted.is_none() || *source == wanted;
    let is_heard = is_wanted.clone();
    let output_status = site.output_status.clone();
    let messages = BroadcastStream::new(site.events.subscribe()).filter_map(move |line| {
        let _taken_while_it_lasts = &place;
        match line {
            Ok((source, line)) => {
                is_wanted(&source).then(|| Ok::<_, Infallible>(Message::default().data(line.trim_end())))
            }
            Err(BroadcastStreamRecvError::Lagged(events)) => {
                output_status.lose(events);
                None
            }
        }
    });
    let alive = KeepAlive::new().interval(KEEP_ALIVE);
    if sound.is_none() {
        return Sse::new(messages).keep_alive(alive).into_response();
    }
    // What a slow browser misses of the sound is no event that is lost.
    let heard = BroadcastStream::new(site.heard.subscribe()).filter_map(move |heard| {
        let (source, columns) = heard.ok()?;
        is_heard(&source).then(|| Ok(Message::default().event("sound").data(columns)))
    });
    Sse::new(messages.merge(heard)).keep_alive(alive).into_response()
}

/// A place among those who watch.
fn place(site: &Site) -> Option<OwnedSemaphorePermit> {
    site.streams.clone().try_acquire_owned().ok()
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "There is no source of this name.\n").into_response()
}

fn crowded() -> Response {
    let message = "Too many are watching. Please try again in a minute.\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], message).into_response()
}
