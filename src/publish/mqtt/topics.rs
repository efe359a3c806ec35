//! Where messages go, and what is said there of ourselves.

/// Where messages about a source go.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    /// Of the program, whichever the source.
    pub(super) status: String,
    pub(super) alert: String,
    pub(super) state: String,
    pub(super) event: String,
    pub(super) episode: String,
    pub(super) picture: String,
}

impl Topics {
    /// Of one of several sources, or of the only one.
    pub(super) fn new(prefix: &str, source: Option<&str>) -> Self {
        let program = |name: &str| format!("{prefix}/{name}");
        let under = |name: &str| match source {
            Some(source) => format!("{prefix}/{source}/{name}"),
            None => program(name),
        };
        Self {
            status: program("status"),
            alert: program("alert"),
            state: under("state"),
            event: under("event"),
            episode: under("episode"),
            picture: under("picture"),
        }
    }
}

/// Payloads of the status topic: sent by us, and by the broker as the last will when the connection is lost.
pub(super) const ONLINE: &str = "online";
pub(super) const OFFLINE: &str = "offline";
