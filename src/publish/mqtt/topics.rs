//! Where messages go, and what is said there of ourselves.

/// Where messages go.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    pub(super) status: String,
    pub(super) state: String,
    pub(super) event: String,
    pub(super) episode: String,
    pub(super) alert: String,
    pub(super) picture: String,
}

impl Topics {
    pub(super) fn new(prefix: &str) -> Self {
        let under = |name: &str| format!("{prefix}/{name}");
        Self {
            status: under("status"),
            state: under("state"),
            event: under("event"),
            episode: under("episode"),
            alert: under("alert"),
            picture: under("picture"),
        }
    }
}

/// Payloads of the status topic: sent by us, and by the broker as the last will when the connection is lost.
pub(super) const ONLINE: &str = "online";
pub(super) const OFFLINE: &str = "offline";
