//! Which outputs there are, and how each is begun.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::lines::Lines;
use super::metrics::Metrics;
use super::mqtt::{self, Alerts};
use super::output::Output;
use super::output_status::OutputStatus;
use super::settings::Settings;
use super::station::Station;
use super::web::{self, Board};
use super::{About, PublishError, file, history, rules, socket, webhook};

/// Which output; in the order in which they are finished: what others still have to say comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Rules,
    Mqtt,
    Web,
    File,
    Socket,
    Webhook,
    History,
}

/// What the outputs have in common.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) about: About,
    pub(super) metrics: Arc<Metrics>,
    pub(super) board: Arc<Board>,
    pub(super) station: Station,
    /// Where rules put alerts for the broker, while there is one.
    pub(super) alerts: Arc<Mutex<Option<Alerts>>>,
    /// The address that the web is listened for on.
    pub(super) address: Arc<Mutex<Option<SocketAddr>>>,
}

impl Parts {
    pub(super) fn new(about: &About) -> Self {
        Self {
            about: about.clone(),
            metrics: Arc::new(Metrics::new(about)),
            board: Arc::new(Board::new(&about.sources)),
            station: Station::default(),
            alerts: Arc::default(),
            address: Arc::default(),
        }
    }
}

/// An output that runs.
pub(super) struct Running {
    pub(super) kind: Kind,
    pub(super) output: Box<dyn Output>,
    pub(super) status: OutputStatus,
    /// The fault that was reported last.
    pub(super) told: Option<String>,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Rules, Self::Mqtt, Self::Web, Self::File, Self::Socket, Self::Webhook, Self::History];

    /// The output, as metrics and faults call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Mqtt => "mqtt",
            Self::Web => "events",
            Self::File => "file",
            Self::Socket => "socket",
            Self::Webhook => "webhook",
            Self::History => "history",
        }
    }

    /// Whether two of it cannot be there at once: they want one socket, one address or one database.
    pub(super) fn is_exclusive(self) -> bool {
        matches!(self, Self::Mqtt | Self::Web | Self::Socket | Self::History)
    }

    /// Whether two settings say the same of it.
    pub(super) fn is_alike(self, a: &Settings, b: &Settings) -> bool {
        match self {
            Self::Rules => a.rules == b.rules,
            Self::Mqtt => a.mqtt == b.mqtt,
            // The page shows the history of that folder, and the rules' zones.
            Self::Web => a.web == b.web && a.history == b.history && a.zones() == b.zones(),
            Self::File => a.file == b.file,
            Self::Socket => a.socket == b.socket,
            Self::Webhook => a.webhook == b.webhook,
            Self::History => a.history == b.history,
        }
    }

    /// Begins the output, if the settings ask for it.
    ///
    /// # Errors
    /// A file, socket or address cannot be opened; the error names the key.
    pub(super) fn start(self, settings: &Settings, parts: &Parts) -> Result<Option<Running>, PublishError> {
        // Only of what is asked for: the metrics name every output that has one.
        let new_status = || parts.metrics.output_status(self.name());
        let (output, status): (Box<dyn Output>, OutputStatus) = match self {
            Self::Rules => {
                if settings.rules.is_empty() {
                    return Ok(None);
                }
                let status = new_status();
                (Box::new(rules::start(&settings.rules, &parts.about, &parts.alerts, &status)?), status)
            }
            Self::Mqtt => {
                let Some(mqtt) = &settings.mqtt else {
                    *parts.alerts.lock() = None;
                    return Ok(None);
                };
                let (status, connected) = (new_status(), parts.metrics.mqtt_connected());
                let mqtt = mqtt::start(mqtt, &parts.about, status.clone(), connected)?;
                *parts.alerts.lock() = Some(mqtt.alerts());
                (Box::new(mqtt), status)
            }
            Self::Web => {
                let Some(web) = &settings.web else { return Ok(None) };
                let content = web::Content {
                    board: parts.board.clone(),
                    metrics: parts.metrics.clone(),
                    about: parts.about.clone(),
                    station: parts.station.clone(),
                    zones: settings.zones(),
                };
                let status = new_status();
                let web = web::start(web, settings.history.as_ref(), content, status.clone())?;
                *parts.address.lock() = Some(web.address);
                (Box::new(web), status)
            }
            Self::File => {
                let Some(file) = &settings.file else { return Ok(None) };
                let status = new_status();
                (Box::new(Lines::new(file::start(file, status.clone())?, file.events)), status)
            }
            Self::Socket => {
                let Some(socket) = &settings.socket else { return Ok(None) };
                let status = new_status();
                (Box::new(Lines::new(socket::start(socket, status.clone())?, socket.events)), status)
            }
            Self::Webhook => {
                let Some(webhook) = &settings.webhook else { return Ok(None) };
                let status = new_status();
                (Box::new(webhook::start(webhook, &parts.about, status.clone())?), status)
            }
            Self::History => {
                let Some(history) = &settings.history else { return Ok(None) };
                let status = new_status();
                (Box::new(history::start(history, &parts.about.sources, status.clone())?), status)
            }
        };
        Ok(Some(Running { kind: self, output, status, told: None }))
    }
}
