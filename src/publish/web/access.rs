//! Access control, and the headers of every answer.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::publish::secret::Secret;

/// The one path that is answered to everyone who can reach it.
pub(super) const HEALTH: &str = "/health";

/// Unless an answer says otherwise: nothing of it is run, framed, kept, guessed at, told to others, or used by other
/// sites.
const HEADERS: [(&str, &str); 5] = [
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// What a request must know.
#[derive(Debug)]
pub(super) struct Access {
    /// SHA-256 of the token: values of one length are compared in the same time whatever they are.
    token: Option<[u8; 32]>,
}

/// The token in an address, for browsers, which send no headers of ours.
#[derive(Deserialize)]
struct Asked {
    token: Option<String>,
}

/// Answers those who may ask, and adds the headers.
pub(super) async fn guard(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let mut response = match access.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    // The page brings a policy of its own.
    let policy = headers.remove(header::CONTENT_SECURITY_POLICY);
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The request lacks the token.
    Token,
    /// The request is for another host.
    Host,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Token => {
                let message = "This needs the token: ?token=... in the address, or Authorization: Bearer.\n";
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], message).into_response()
            }
            Self::Host => {
                let message = "Without a token, only this machine is answered: ask for localhost.\n";
                (StatusCode::MISDIRECTED_REQUEST, message).into_response()
            }
        }
    }
}

impl Access {
    /// For those who know the token; without one, for this machine.
    pub(super) fn new(token: Option<&Secret>) -> Self {
        Self { token: token.map(|token| digest(token.reveal())) }
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        if request.uri().path() == HEALTH {
            return Ok(());
        }
        match &self.token {
            Some(token) => {
                let given = [bearer(request), asked(request)];
                let knows = given.iter().flatten().any(|given| digest(given).ct_eq(token).into());
                knows.then_some(()).ok_or(Refusal::Token)
            }
            // A page of another site could get here by a name of its own that leads to this machine.
            None => is_local(request).then_some(()).ok_or(Refusal::Host),
        }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn bearer(request: &Request) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_string())
}

fn asked(request: &Request) -> Option<String> {
    Query::<Asked>::try_from_uri(request.uri()).ok()?.0.token
}

/// Whether a request is for this machine by one of its own names.
fn is_local(request: &Request) -> bool {
    // Browsers always say the host.
    let Some(host) = request.headers().get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const TOKEN: &str = "0123456789abc+/=";

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request {
        let request =
            headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn only_who_knows_the_token_is_answered() {
        let access = Access::new(Some(&Secret::new(TOKEN)));
        let bearer = |value: &str| access.check(&request("/events", &[("authorization", value)]));
        assert_eq!(bearer(&format!("Bearer {TOKEN}")), Ok(()));
        assert_eq!(bearer(&format!("bearer  {TOKEN}")), Ok(()));
        for value in
            [TOKEN, "Bearer", "Bearer ", "Basic 0123456789abc+/=", "Bearer 0123456789abc+/", "Bearer \u{e9}"]
        {
            assert_eq!(bearer(value), Err(Refusal::Token), "{value}");
        }
        let asked = |uri: &str| access.check(&request(uri, &[]));
        assert_eq!(asked("/view.mjpeg?token=0123456789abc%2B%2F%3D"), Ok(()));
        assert_eq!(asked("/view.mjpeg?n=3&token=0123456789abc%2B/="), Ok(()));
        for uri in
            ["/", "/?token", "/?token=", "/?token=0123456789abc", "/?token=%ff", "/metrics?n=1", "/health/"]
        {
            assert_eq!(asked(uri), Err(Refusal::Token), "{uri}");
        }
        assert_eq!(asked("/health"), Ok(()));
    }

    #[test]
    fn without_a_token_only_names_of_this_machine_are_answered() {
        let access = Access::new(None);
        let host = |host: &str| access.check(&request("/", &[("host", host)]));
        for name in ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"] {
            assert_eq!(host(name), Ok(()), "{name}");
        }
        for name in ["example.org", "localhost.example.org:8080", "192.168.1.2", "[::]:8080", "[", ""] {
            assert_eq!(host(name), Err(Refusal::Host), "{name}");
        }
        assert_eq!(access.check(&request("/health", &[("host", "example.org")])), Ok(()));
    }
}
