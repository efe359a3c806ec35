//! Where a live stream goes.

use std::str::FromStr;

use thiserror::Error;

/// An address that ffmpeg sends to, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Push {
    url: String,
    /// The server, as it may be shown: without path, user and password.
    server: String,
    arguments: &'static [&'static str],
}

/// An address is none that a stream can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "give rtsp://, rtmp:// or rtmps:// with a host, or srt://, udp:// or tcp:// with a host and a port, e.g. rtsp://localhost:8554/lookhear"
)]
pub struct PushError;

impl Push {
    /// Picture and sound for people who look on now: no frame waits for a later one, and a new viewer has a whole
    /// picture within two seconds.
    pub(super) const ENCODING: [&'static str; 14] = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-g",
        "50",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-b:a",
        "96k",
    ];

    /// What ffmpeg is told: the format, and the address.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().copied().chain([self.url.as_str()])
    }

    /// The server, for people.
    pub fn server(&self) -> &str {
        &self.server
    }
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_tuple("Push").field(&self.server).finish()
    }
}

impl FromStr for Push {
    type Err = PushError;

    fn from_str(url: &str) -> Result<Self, PushError> {
        let (scheme, rest) = url.split_once("://").ok_or(PushError)?;
        let arguments: &[&str] = match scheme {
            "rtsp" => &["-rtsp_transport", "tcp", "-f", "rtsp"],
            "rtmp" | "rtmps" => &["-f", "flv"],
            "srt" | "udp" | "tcp" => &["-flush_packets", "1", "-f", "mpegts"],
            _ => return Err(PushError),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let port = host.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let needs_port = matches!(scheme, "srt" | "udp" | "tcp");
        if host.is_empty()
            || needs_port && port.is_none()
            || url.chars().any(|c| c.is_control() || c.is_whitespace())
        {
            return Err(PushError);
        }
        Ok(Self { url: url.into(), server: format!("{scheme}://{host}"), arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let push: Push = "rtsp://camera:sesame@example.org:8554/barn?key=sesame".parse().unwrap();
        assert_eq!(push.server(), "rtsp://example.org:8554");
        assert!(!format!("{push:?}").contains("sesame"));
        assert!(push.arguments().any(|argument| argument.ends_with("/barn?key=sesame")));
    }

    #[test]
    fn files_and_unknown_protocols_are_refused() {
        for url in [
            "",
            "video.mp4",
            "file:///tmp/a",
            "http://example.org/",
            "udp://",
            "udp://127.0.0.1",
            "udp://a b:1",
            "concat://x",
        ] {
            assert_eq!(url.parse::<Push>(), Err(PushError), "{url}");
        }
    }
}
