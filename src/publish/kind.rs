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
        let status = || parts.metrics.output_status(self.name());
        let running = |output: Box<dyn Output>, status| Running { kind: self, output, status, told: None };
        Ok(match self {
            Self::Rules if settings.rules.is_empty() => None,
            Self::Rules => {
                let status = status();
                let rules = rules::start(&settings.rules, &parts.about, &parts.alerts, &status)?;
                Some(running(Box::new(rules), status))
            }
            Self::Mqtt => match &settings.mqtt {
                Some(mqtt) => {
                    let (status, connected) = (status(), parts.metrics.mqtt_connected());
                    let mqtt = mqtt::start(mqtt, &parts.about, status.clone(), connected)?;
                    *parts.alerts.lock() = Some(mqtt.alerts());
                    Some(running(Box::new(mqtt), status))
                }
                None => {
                    *parts.alerts.lock() = None;
                    None
                }
            },
            Self::Web => match &settings.web {
                Some(web) => {
                    let status = status();
                    let history = settings.history.as_ref();
                    let content = web::Content {
                        board: parts.board.clone(),
                        metrics: parts.metrics.clone(),
                        sources: parts.about.sources.clone(),
                        zones: settings.zones(),
                    };
                    let web = web::start(web, history, content, status.clone())?;
                    *parts.address.lock() = Some(web.address);
                    Some(running(Box::new(web), status))
                }
                None => None,
            },
            Self::File => match &settings.file {
                Some(file) => {
                    let status = status();
                    let queue = file::start(file, status.clone())?;
                    Some(running(Box::new(Lines::new(queue, file.events)), status))
                }
                None => None,
            },
            Self::Socket => match &settings.socket {
                Some(socket) => {
                    let status = status();
                    let queue = socket::start(socket, status.clone())?;
                    Some(running(Box::new(Lines::new(queue, socket.events)), status))
                }
                None => None,
            },
            Self::Webhook => match &settings.webhook {
                Some(webhook) => {
                    let status = status();
                    let webhook = webhook::start(webhook, &parts.about, status.clone())?;
                    Some(running(Box::new(webhook), status))
                }
                None => None,
            },
            Self::History => match &settings.history {
                Some(history) => {
                    let status = status();
                    let history = history::start(history, &parts.about.sources, status.clone())?;
                    Some(running(Box::new(history), status))
                }
                None => None,
            },
        })
    }
}
