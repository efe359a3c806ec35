//! Tells somebody when a rule fires: by a command, a request, or a message to the broker. Each rule has a thread of its
//! own, so that one whose server is away holds up no other.

mod command;
mod template;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use parking_lot::Mutex;
use serde::Serialize;

use super::message::json;
use super::mqtt::Alerts;
use super::output::Output;
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::scene::Scene;
use super::webhook::{Caller, JSON, WAITS};
use super::{About, PublishError, settings};
use crate::history::Episode;
use crate::pipeline::DecisionContext;
use crate::rules::Watch;
use template::Values;

/// Alerts of one rule that may wait.
const CAPACITY: usize = 8;
/// How long a command may run.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pipeline's side.
pub(super) struct Rules {
    watch: Watch,
    queues: Vec<Queue<Alert>>,
    /// While they are there, callers may wait before another try.
    patience: Vec<Sender<()>>,
}

/// Something that a rule wants told.
struct Alert {
    episode: Episode,
    scene: Scene,
}

/// The thread's side: one rule.
struct Teller {
    name: String,
    command: Vec<String>,
    caller: Option<Caller>,
    body: Option<String>,
    content_type: String,
    /// The broker's, while there is one; `None`: not asked for.
    alerts: Option<Arc<Mutex<Option<Alerts>>>>,
    output_status: OutputStatus,
    /// What is wrong with each rule, of all rules.
    faults: Arc<Mutex<BTreeMap<String, String>>>,
}

/// Starts the threads.
///
/// # Errors
/// A token's file cannot be read, or there is no thread.
pub(super) fn start<'a>(
    rules: impl IntoIterator<Item = (&'a String, &'a settings::Rule)>,
    about: &About,
    alerts: &Arc<Mutex<Option<Alerts>>>,
    output_status: &OutputStatus,
) -> Result<Rules, PublishError> {
    let faults = Arc::default();
    let (mut conditions, mut queues, mut patience) = (Vec::new(), Vec::new(), Vec::new());
    for (name, rule) in rules {
        let caller = rule.webhook.as_ref();
        let caller = caller.map(|hook| Caller::new(hook, about, output_status.apart(), WAITS)).transpose()?;
        let (caller, waits) = caller.unzip();
        patience.extend(waits);
        let teller = Teller {
            name: name.clone(),
            command: rule.command.clone(),
            caller,
            body: rule.body.clone(),
            content_type: rule.content_type.clone(),
            alerts: rule.mqtt.then(|| alerts.clone()),
            output_status: output_status.clone(),
            faults: Arc::clone(&faults),
        };
        let serve = move |alerts: Receiver<Alert>| alerts.iter().for_each(|alert| teller.tell(&alert));
        queues.push(Queue::start(CAPACITY, output_status.clone(), serve)?);
        conditions.push((rule.when.clone(), rule.cool_down));
    }
    Ok(Rules { watch: Watch::new(conditions, TimeZone::system()), queues, patience })
}

impl Output for Rules {
    fn lasting(&mut self, episode: &Episode, context: &DecisionContext) {
        for fired in self.watch.take(episode) {
            self.queues[fired].offer(Alert { episode: episode.clone(), scene: Scene::of(context) });
        }
    }

    /// What waits is told, and tried once.
    fn close(&mut self) {
        self.patience.clear();
        self.queues.iter_mut().for_each(Queue::close);
    }

    fn finish(&mut self, end: Instant) -> bool {
        self.queues.iter().all(|queue| queue.wait(end))
    }
}

/// What is sent where no text of one's own is given.
#[derive(Serialize)]
struct Message<'a> {
    rule: &'a str,
    episode: &'a Episode,
}

impl Teller {
    fn tell(&self, Alert { episode, scene }: &Alert) {
        let message = || json(&Message { rule: &self.name, episode });
        let alerts = self.alerts.as_ref().and_then(|alerts| alerts.lock().clone());
        if let Some(alerts) = alerts {
            alerts.put(message(), scene.jpeg());
        }
        let mut fault = None;
        if let Some(caller) = &self.caller {
            let values = Values::new(&self.name, episode, None);
            match &self.body {
                Some(body) if self.content_type == JSON => {
                    caller.send(values.fill_json(body).as_bytes(), JSON);
                }
                Some(body) => caller.send(values.fill(body).as_bytes(), &self.content_type),
                None => caller.send(&message(), JSON),
            }
            fault = caller.fault();
        }
        if let Some((program, arguments)) = self.command.split_first() {
            let ran = self.run(program, arguments, episode, scene);
            if ran.is_err() {
                self.output_status.lose(1);
            }
            fault = ran.err().or(fault);
        }
        self.report(fault);
    }

    /// Tells what is wrong with this rule, or nothing any more, beside the others.
    fn report(&self, fault: Option<String>) {
        let mut faults = self.faults.lock();
        match fault {
            Some(fault) => drop(faults.insert(self.name.clone(), format!("rule {}: {fault}", self.name))),
            None => drop(faults.remove(&self.name)),
        }
        let all: Vec<&str> = faults.values().map(String::as_str).collect();
        self.output_status.tell((!all.is_empty()).then(|| all.join("; ")));
    }

    fn run(
        &self,
        program: &str,
        arguments: &[String],
        episode: &Episode,
        scene: &Scene,
    ) -> Result<(), String> {
        let wanted = arguments.iter().any(|argument| argument.contains("{picture}"));
        let picture = scene.jpeg().filter(|_| wanted).map(|jpeg| {
            let mut file = tempfile::Builder::new().prefix("lookhear-").suffix(".jpg").tempfile()?;
            file.write_all(&jpeg).map(|()| file)
        });
        let picture =
            picture.transpose().map_err(|error| format!("the picture cannot be written: {error}"))?;
        let values = Values::new(&self.name, episode, picture.as_ref().map(|file| file.path()));
        let arguments: Vec<String> = arguments.iter().map(|argument| values.fill(argument)).collect();
        command::run(program, &arguments, PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::net::TcpListener;

    use super::*;
    use crate::event::State;
    use crate::pipeline::Sink;
    use crate::publish::settings::Settings;
    use crate::publish::testing::{event, publish, start as publisher};

    /// Publishes two seconds of a match by settings in TOML, and ends.
    fn two_seconds(text: &str) -> crate::publish::Publisher {
        let settings: Settings = toml::from_str(text).unwrap();
        let mut publisher = publisher(&settings);
        for hop in 1..=25 {
            publish(&mut publisher, &event(f64::from(hop) * 0.08, State::Match));
        }
        publisher.finish().unwrap();
        publisher
    }

    #[test]
    fn a_command_gets_what_is_known_and_a_picture_and_runs_once() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("told");
        let script = "cat \"$2\" > \"$0.jpg\"; echo \"$1 $2\" >> \"$0\"";
        two_seconds(&format!(
            "[rules.bell]\nwhen = {{ seconds = 1 }}\ncommand = [\"sh\", \"-c\", '{script}', '{}', '{{rule}}; $(date) {{score}} {{seconds}}', '{{picture}}']",
            out.display()
        ));
        let told = std::fs::read_to_string(&out).unwrap();
        let (said, picture) = told.trim_end().rsplit_once(' ').unwrap();
        assert_eq!(said, "bell; $(date) 0.75 1.0", "no shell reads it, and it comes once");
        assert!(!std::path::Path::new(picture).exists(), "the picture goes with the command");
        image::load_from_memory(&std::fs::read(out.with_extension("jpg")).unwrap()).unwrap();
    }

    #[test]
    fn a_command_that_fails_is_told() {
        let publisher = two_seconds(
            "[rules.bell]\ncommand = [\"sh\", \"-c\", \"echo 'no bell' >&2; exit 1\"]\n\
             [rules.touch]\nwhen.seconds = 1\ncommand = [\"true\"]",
        );
        let fault = publisher.fault("rules").unwrap();
        assert_eq!(fault, "rule bell: sh failed (exit status: 1): no bell", "the other does well");
    }

    #[test]
    fn a_request_has_the_text_of_the_settings() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                stream.read_line(&mut head).unwrap();
                let line = head.lines().last().unwrap_or_default().to_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").unwrap();
            (head.to_lowercase(), String::from_utf8(body).unwrap())
        });
        two_seconds(&format!(
            "[rules.bell]\nwebhook = {{ url = \"{url}\" }}\nbody = \"{{state}} for {{seconds}} s\"\ncontent_type = \"text/plain\""
        ));
        let (head, body) = server.join().unwrap();
        assert!(head.contains("content-type: text/plain"), "{head}");
        assert_eq!(body, "match for 0.6 s");
    }
}
