//! A line whenever the state changes, for people who watch files; and a summary of the run.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use super::lines::{io_error, line};
use crate::event::{Event, State};
use crate::pipeline::{DecisionContext, Sink, SinkError};

/// Summary of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Digest {
    /// The time of the last decision.
    pub seconds: f64,
    /// Decisions in all.
    pub decisions: usize,
    /// Decisions that said that what sounds is in view.
    pub matched: usize,
    /// Decisions that said that something sounds, but is not in view.
    pub unseen: usize,
    /// How many times a match began.
    pub matches: usize,
    /// Begin and end of the longest match, in seconds.
    pub longest: Option<[f64; 2]>,
}

impl Digest {
    fn count(&mut self, event: &Event) {
        self.seconds = event.t;
        self.decisions += 1;
        self.matched += usize::from(event.state == State::Match);
        self.unseen += usize::from(event.state == State::NoVisibleSource);
    }

    fn matched(&mut self, span: [f64; 2]) {
        let length = |[begin, end]: [f64; 2]| end - begin;
        if self.longest.is_none_or(|longest| length(span) > length(longest)) {
            self.longest = Some(span);
        }
    }
}

/// Lines in plain words: the first decision, those that differ from the one before, and the end of a match.
pub struct Changes<W: Write> {
    out: W,
    /// Begins every line: the name of the input.
    prefix: String,
    digest: Rc<RefCell<Digest>>,
    said: Option<(State, Option<String>)>,
    /// Start of the current match.
    begun: Option<f64>,
}

impl<W: Write> Changes<W> {
    /// Writes lines that begin with `prefix`, and counts in `digest`.
    pub fn new(out: W, prefix: String, digest: Rc<RefCell<Digest>>) -> Self {
        Self { out, prefix, digest, said: None, begun: None }
    }

    /// Ends the current match, if there is one.
    fn end(&mut self, t: f64) -> Option<[f64; 2]> {
        let span = [self.begun.take()?, t];
        self.digest.borrow_mut().matched(span);
        Some(span)
    }

    fn say(&mut self, words: &str, over: Option<[f64; 2]>) -> Result<(), SinkError> {
        let over = over.map_or(String::new(), |[begin, end]| {
            format!("  The match lasted {:.2} s, from {begin:.2} s on.", end - begin)
        });
        writeln!(self.out, "{}{words}{over}", self.prefix).and_then(|()| self.out.flush()).map_err(io_error)
    }
}

impl<W: Write> Sink for Changes<W> {
    fn take(&mut self, context: &DecisionContext) -> Result<(), SinkError> {
        let event = context.event;
        self.digest.borrow_mut().count(event);
        let over = match event.state {
            State::Match if self.begun.is_none() => {
                self.begun = Some(event.t);
                self.digest.borrow_mut().matches += 1;
                None
            }
            State::Match => None,
            _ => self.end(event.t),
        };
        let now = Some((event.state, event.name.clone()));
        if self.said == now {
            return Ok(());
        }
        self.said = now;
        self.say(&line(event), over)
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        let end = self.digest.borrow().seconds;
        match self.end(end) {
            Some(span) => self.say(&format!("{end:8.2} s  The end."), Some(span)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::testing::with_context;

    #[test]
    fn a_line_is_written_for_each_change_and_matches_have_begin_and_end() {
        let (mut text, digest) = (Vec::new(), Rc::new(RefCell::new(Digest::default())));
        let mut changes = Changes::new(&mut text, "dog.mp4  ".into(), digest.clone());
        use State::{Match, NoVisibleSource, Silent};
        for (n, state) in (1..).zip([Silent, Silent, Match, Match, Match, NoVisibleSource, Match]) {
            let event = Event { t: f64::from(n), peak: [0.25, 0.5], ..Event::example(state) };
            with_context(&event, |context| changes.take(context).unwrap());
        }
        changes.finish().unwrap();
        drop(changes);
        let expected = "\
dog.mp4      1.00 s  score 0.50  It is quiet.
dog.mp4      3.00 s  score 0.50  I hear it. It is here. at 25 % from the left, 50 % from the top
dog.mp4      6.00 s  score 0.50  I hear something, but I do not see it.  The match lasted 3.00 s, from 3.00 s on.
dog.mp4      7.00 s  score 0.50  I hear it. It is here. at 25 % from the left, 50 % from the top
dog.mp4      7.00 s  The end.  The match lasted 0.00 s, from 7.00 s on.
";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let expected = Digest {
            seconds: 7.0,
            decisions: 7,
            matched: 4,
            unseen: 1,
            matches: 2,
            longest: Some([3.0, 6.0]),
        };
        assert_eq!(*digest.borrow(), expected);
    }

    #[test]
    fn another_name_is_a_change_but_no_end_of_the_match() {
        let (mut text, digest) = (Vec::new(), Rc::new(RefCell::new(Digest::default())));
        let mut changes = Changes::new(&mut text, String::new(), digest.clone());
        for name in [None, Some("Rex"), Some("Rex")] {
            let event = Event { name: name.map(String::from), ..Event::example(State::Match) };
            with_context(&event, |context| changes.take(context).unwrap());
        }
        drop(changes);
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().count() == 2 && text.contains("I hear Rex."), "{text}");
        assert_eq!(digest.borrow().matches, 1);
    }
}
