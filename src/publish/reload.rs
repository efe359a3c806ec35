//! Other settings while the run goes on.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::kind::{Kind, Parts, Running};
use super::settings::Settings;
use crate::validation::ValidationError;

/// How long an output that is replaced has for what it still has to write or send.
const PATIENCE: Duration = Duration::from_secs(10);

/// A publisher's ear for other settings.
#[derive(Clone, Debug, Default)]
pub struct Reload(Arc<Mutex<Option<Settings>>>);

impl Reload {
    /// Asks for other settings. From the next decisions on, outputs whose settings changed are begun anew, in a thread
    /// of their own; the others go on without a gap.
    ///
    /// # Errors
    /// The first invalid value; nothing changes then.
    pub fn ask(&self, settings: Settings) -> Result<(), ValidationError> {
        settings.validate()?;
        *self.0.lock() = Some(settings);
        Ok(())
    }

    pub(super) fn take(&self) -> Option<Settings> {
        self.0.lock().take()
    }
}

/// What became of an output that was begun anew: the output, if it runs now, and what went wrong.
type Begun = (Option<Running>, Option<String>);

/// An output that is being begun anew.
pub(super) struct Coming {
    pub(super) kind: Kind,
    begun: Receiver<Begun>,
}

impl Coming {
    /// Ends the old one and begins the new one in a thread. If the new one cannot be begun, the old settings count again.
    /// `None`: the system gives no thread.
    pub(super) fn begin(
        kind: Kind,
        old: Option<Running>,
        before: &Settings,
        settings: &Settings,
        parts: &Parts,
    ) -> Option<Self> {
        let (tell, begun) = channel();
        let (before, settings, parts) = (before.clone(), settings.clone(), parts.clone());
        let work = move || {
            let was_there = old.is_some();
            old.into_iter().for_each(finish);
            let begun = match kind.start(&settings, &parts) {
                Ok(running) => (running, None),
                Err(error) => {
                    let kept = was_there.then(|| kind.start(&before, &parts).ok().flatten()).flatten();
                    (kept, Some(format!("{error}; what was set before counts; mend it and ask again")))
                }
            };
            let _ = tell.send(begun);
        };
        thread::Builder::new().name("publish reload".into()).spawn(work).ok()?;
        Some(Self { kind, begun })
    }

    /// What became of it; `None`: not ready yet.
    pub(super) fn poll(&self) -> Option<Begun> {
        match self.begun.try_recv() {
            Ok(begun) => Some(begun),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some((None, None)),
        }
    }
}

/// Ends an output, and waits until what it still has is told. Whether all of it was makes no difference: it is gone.
fn finish(Running { mut output, .. }: Running) {
    output.close();
    let _ = output.finish(Instant::now() + PATIENCE);
}

/// The same in the background.
pub(super) fn end(running: Running) {
    // Without a thread it ends as it is dropped.
    let _ = thread::Builder::new().name("publish end".into()).spawn(move || finish(running));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::pipeline::{Controls, Sink};
    use crate::publish::Publisher;
    use crate::publish::testing::{event, eventually, publish, start};

    /// Publishes until something is true.
    fn until(
        publisher: &mut Publisher,
        t: &mut f64,
        what: &str,
        mut done: impl FnMut(&mut Publisher) -> bool,
    ) {
        eventually(what, || {
            *t += 0.08;
            publish(publisher, &event(*t, State::Match));
            done(publisher).then_some(())
        });
    }

    fn lines(path: &std::path::Path) -> Vec<f64> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let t = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["t"].as_f64().unwrap();
        text.lines().map(t).collect()
    }

    #[test]
    fn what_changes_is_begun_anew_and_all_else_goes_on_without_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let settings = |socket: &str, more: &str| -> Settings {
            let file = format!("[file]\npath = {:?}\n", path("all.jsonl"));
            toml::from_str(&format!("{file}[socket]\npath = {:?}\n{more}", path(socket))).unwrap()
        };
        let mut publisher = start(&settings("a", ""));
        let (reload, mut t) = (publisher.reload(), 0.0);
        until(&mut publisher, &mut t, "the first", |_| path("a").exists());
        reload.ask(settings("b", "[rules.touch]\ncommand = [\"true\"]\n")).unwrap();
        until(&mut publisher, &mut t, "the new socket", |_| path("b").exists() && !path("a").exists());
        let mut invalid = settings("c", "");
        invalid.web = Some(crate::publish::settings::Web::default());
        assert_eq!(reload.ask(invalid).unwrap_err().key, "web.view");
        reload.ask(settings("b", "")).unwrap();
        (0..10).for_each(|_| until(&mut publisher, &mut t, "more", |_| true));
        publisher.finish().unwrap();
        let seen = lines(&path("all.jsonl"));
        assert!(seen.windows(2).all(|pair| (pair[1] - pair[0] - 0.08).abs() < 1e-6), "{seen:?}");
        assert!((seen.last().unwrap() - t).abs() < 1e-6, "the last decision is there");
    }

    #[test]
    fn another_file_takes_over_without_losing_a_decision() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        let settings = |path: &std::path::Path| -> Settings {
            toml::from_str(&format!("[file]\npath = {path:?}\n")).unwrap()
        };
        let mut publisher = start(&settings(&paths[0]));
        let mut t = 0.0;
        until(&mut publisher, &mut t, "the first", |_| !lines(&paths[0]).is_empty());
        publisher.reload().ask(settings(&paths[1])).unwrap();
        until(&mut publisher, &mut t, "the other", |_| !lines(&paths[1]).is_empty());
        publisher.reload().ask(Settings::default()).unwrap();
        until(&mut publisher, &mut t, "nothing more", |publisher| publisher.fault("file").is_none());
        publisher.finish().unwrap();
        eventually("what the first still had", || {
            let all = [lines(&paths[0]), lines(&paths[1])].concat();
            let whole = all.windows(2).all(|pair| (pair[1] - pair[0] - 0.08).abs() < 1e-6);
            (whole && !all.is_empty()).then_some(())
        });
    }

    #[test]
    fn what_cannot_be_begun_is_told_and_the_old_one_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.jsonl");
        let file = |path: &std::path::Path| -> Settings {
            toml::from_str(&format!("[file]\npath = {path:?}\n")).unwrap()
        };
        let controls = Arc::new(Controls::default());
        let mut publisher = start(&file(&path)).tell(controls.clone());
        let mut t = 0.0;
        publisher.reload().ask(file(&folder.path().join("no/such/folder.jsonl"))).unwrap();
        until(&mut publisher, &mut t, "told", |_| controls.faults.get().is_some());
        let told = controls.faults.get().unwrap();
        assert!(told.contains("no/such/folder.jsonl cannot be written"), "{told}");
        let before = lines(&path).len();
        until(&mut publisher, &mut t, "written on", |_| lines(&path).len() > before);
        publisher.finish().unwrap();
        let seen = lines(&path);
        assert!(seen.windows(2).all(|pair| (pair[1] - pair[0] - 0.08).abs() < 1e-6), "no gap: {seen:?}");
    }
}
