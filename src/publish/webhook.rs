//! Requests to a web server, tried again when they fail.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use ureq::Agent;

use super::message::Numbering;
use super::output::Output;
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::secret::Secret;
use super::settings::{self, Events};
use super::{About, PublishError};
use crate::backoff::Backoff;
use crate::history::Notice;
use crate::pipeline::{DecisionContext, SinkError};

/// Number of events that may wait.
const CAPACITY: usize = 32;
/// Number of attempts before an event is given up.
const TRIES: usize = 5;
/// Waits between tries: the first, and the longest.
pub(super) const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(8)];

/// What bodies are, unless a rule's settings say otherwise.
pub(super) const JSON: &str = "application/json";

/// The pipeline's side of the webhook.
#[derive(Debug)]
pub(super) struct Webhook {
    queue: Queue<Vec<u8>>,
    numbering: Numbering,
    events: Events,
    /// While it is there, the thread may wait before another try.
    patience: Option<Sender<()>>,
}

/// The thread's side.
pub(super) struct Caller {
    agent: Agent,
    url: Secret,
    /// The server, as it may be shown.
    server: String,
    authorization: Option<String>,
    output_status: OutputStatus,
    patience: Receiver<()>,
    waits: [Duration; 2],
}

/// Begins to send what it gets. Whether the server is there is seen at the first event.
///
/// # Errors
/// The token's file cannot be read, or there is no thread.
pub(super) fn start(
    settings: &settings::Webhook,
    about: &About,
    output_status: OutputStatus,
) -> Result<Webhook, PublishError> {
    start_with(settings, about, output_status, WAITS)
}

fn start_with(
    settings: &settings::Webhook,
    about: &About,
    output_status: OutputStatus,
    waits: [Duration; 2],
) -> Result<Webhook, PublishError> {
    let (caller, patience) = Caller::new(settings, about, output_status.clone(), waits)?;
    let queue = Queue::start(CAPACITY, output_status, move |bodies: Receiver<Vec<u8>>| {
        bodies.iter().for_each(|body| caller.send(&body, JSON));
    })?;
    Ok(Webhook { queue, numbering: Numbering::new(), events: settings.events, patience: Some(patience) })
}

impl Output for Webhook {
    fn take(&mut self, context: &DecisionContext, changed: bool) -> Result<(), SinkError> {
        if self.events.decision(changed) {
            self.queue.offer(self.numbering.next(context.event));
        }
        Ok(())
    }

    fn episode(&mut self, notice: &Notice, _: Option<&DecisionContext>) {
        if self.events.episodes() {
            self.queue.offer(self.numbering.next(notice));
        }
    }

    /// Those that wait are tried once.
    fn close(&mut self) {
        self.patience = None;
        self.queue.close();
    }

    fn finish(&mut self, end: Instant) -> bool {
        self.queue.wait(end)
    }
}

/// Why a request failed.
struct Failed {
    reason: String,
    /// Whether a later attempt may succeed.
    passing: bool,
}

impl Caller {
    /// What is wrong with the server.
    pub(super) fn fault(&self) -> Option<String> {
        self.output_status.fault()
    }

    /// Reads the token. While the sender lives, the caller may wait before another try.
    ///
    /// # Errors
    /// The token's file cannot be read.
    pub(super) fn new(
        settings: &settings::Webhook,
        about: &About,
        output_status: OutputStatus,
        waits: [Duration; 2],
    ) -> Result<(Self, Sender<()>), PublishError> {
        let token =
            Secret::read("webhook.token_file", settings.token.as_ref(), settings.token_file.as_deref())?;
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs_f64(settings.timeout)))
            .max_redirects(0)
            .user_agent(format!("lookhear/{}", about.version))
            .build()
            .new_agent();
        let (patience, taken) = mpsc::channel();
        let caller = Self {
            agent,
            url: settings.url.clone(),
            server: settings.server().unwrap_or_default(),
            authorization: token.map(|token| format!("Bearer {}", token.reveal())),
            output_status,
            patience: taken,
            waits,
        };
        Ok((caller, patience))
    }

    /// Sends an event, again and again if need be; at last it is lost.
    pub(super) fn send(&self, body: &[u8], content_type: &str) {
        let mut backoff = Backoff::new(self.waits[0], self.waits[1]);
        for tries in 1..=TRIES {
            let Err(Failed { reason, passing }) = self.request(body, content_type) else {
                return self.output_status.tell(None);
            };
            let last = tries == TRIES || !passing;
            let then = if last { "the event is lost" } else { "tried again" };
            self.output_status.tell(Some(format!("webhook: {} {reason}; {then}", self.server)));
            if last || self.patience.recv_timeout(backoff.wait()) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        self.output_status.lose(1);
    }

    fn request(&self, body: &[u8], content_type: &str) -> Result<(), Failed> {
        let mut request = self.agent.post(self.url.reveal()).header("content-type", content_type);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        request.send(body).map(drop).map_err(|error| match error {
            ureq::Error::StatusCode(status) => Failed {
                reason: format!("answers {status}"),
                passing: status >= 500 || status == 408 || status == 429,
            },
            error @ (ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed) => {
                Failed { reason: format!("sends elsewhere, which is not followed ({error})"), passing: false }
            }
            error => Failed { reason: format!("cannot be reached ({error})"), passing: true },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::event::{Event, State};
    use crate::publish::testing::{PATIENCE, about, event, eventually, output_status, with_context};

    /// A server that gives each request the answer that the test sends, and tells what it was sent.
    fn server() -> (Secret, Sender<u16>, Receiver<(String, serde_json::Value)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Secret::new(format!("http://{}/hook?key=hidden", listener.local_addr().unwrap()));
        let ((answers, statuses), (got, requests)) = (mpsc::channel::<u16>(), mpsc::channel());
        std::thread::spawn(move || {
            for status in statuses {
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                let (mut head, mut length) = (String::new(), 0);
                while !head.ends_with("\r\n\r\n") {
                    let mut line = String::new();
                    assert!(stream.read_line(&mut line).unwrap() > 0, "the head is complete");
                    line.make_ascii_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                got.send((head, serde_json::from_slice(&body).unwrap())).unwrap();
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        (url, answers, requests)
    }

    fn start(url: Secret, output_status: OutputStatus, wait: Duration) -> Webhook {
        let token = Some(Secret::new("sesame"));
        let settings = settings::Webhook { url, token, ..settings::Webhook::default() };
        start_with(&settings, &about(), output_status, [wait; 2]).unwrap()
    }

    fn offer(webhook: &mut Webhook, event: &Event) {
        with_context(event, |context| webhook.take(context, true).unwrap());
    }

    #[test]
    fn a_failure_is_told_and_tried_again_with_the_same_number() {
        let (url, answers, requests) = server();
        let output_status = output_status("webhook");
        let mut webhook = start(url, output_status.clone(), Duration::ZERO);
        answers.send(503).unwrap();
        offer(&mut webhook, &event(1.0, State::Match));
        let told = eventually("fault", || output_status.fault());
        assert!(told.contains("answers 503") && !told.contains("hidden"), "{told}");
        (0..2).for_each(|_| answers.send(200).unwrap());
        offer(&mut webhook, &event(2.0, State::Silent));
        let requests: Vec<_> = (0..3).map(|_| requests.recv_timeout(PATIENCE).unwrap()).collect();
        let numbers: Vec<_> = requests.iter().map(|(_, body)| body["sequence"].as_u64().unwrap()).collect();
        assert_eq!(numbers, [1, 1, 2]);
        let (head, body) = &requests[2];
        assert!(head.starts_with("post /hook?key=hidden "), "{head}");
        assert!(head.contains("authorization: bearer sesame") && head.contains("lookhear/1.2.3"), "{head}");
        assert_eq!((&body["t"], &body["state"]), (&2.0.into(), &"silent".into()));
        webhook.close();
        assert!(webhook.finish(Instant::now() + PATIENCE));
        assert_eq!((output_status.lost(), output_status.fault()), (0, None));
    }

    #[test]
    fn what_is_refused_is_lost_at_once() {
        let (url, answers, requests) = server();
        answers.send(404).unwrap();
        let output_status = output_status("webhook");
        let mut webhook = start(url, output_status.clone(), Duration::from_secs(3600));
        offer(&mut webhook, &event(1.0, State::Match));
        requests.recv_timeout(PATIENCE).unwrap();
        eventually("loss", || (output_status.lost() == 1).then_some(()));
        assert!(output_status.fault().unwrap().contains("answers 404"));
    }

    #[test]
    fn the_end_does_not_wait_for_another_try() {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let output_status = output_status("webhook");
        let mut webhook =
            start(Secret::new(format!("http://{nobody}/")), output_status.clone(), Duration::from_secs(3600));
        offer(&mut webhook, &event(1.0, State::Match));
        eventually("fault", || output_status.fault());
        webhook.close();
        assert!(webhook.finish(Instant::now() + PATIENCE));
        assert_eq!(output_status.lost(), 1);
    }
}
