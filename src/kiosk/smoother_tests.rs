use proptest::prelude::*;

use super::*;
use State::{Match, NoVisibleSource as Unseen, Silent};

/// Seconds between decisions.
const HOP: f64 = 0.08;

fn event(state: State) -> Event {
    Event { score: if state == Match { 0.9 } else { 0.2 }, ..Event::example(state) }
}

fn map(value: f32) -> Map {
    Map { rows: 2, columns: 3, values: vec![value; 6] }
}

/// What is said after each decision.
fn sentences(decisions: impl IntoIterator<Item = (State, Option<&'static str>)>) -> Vec<Sentence> {
    let mut smoother = Smoother::new();
    let timed = decisions.into_iter().enumerate();
    let say = |(i, (state, name)): (usize, (State, Option<&str>))| {
        // Events have names in a match only.
        let name = name.filter(|_| state == Match).map(String::from);
        smoother.update(i as f64 * HOP, &Event { name, ..event(state) }, &map(0.5));
        smoother.sentence().clone()
    };
    timed.map(say).collect()
}

/// Moments at which what is said changed, with what is said from then on.
fn changes(said: &[Sentence]) -> Vec<(f64, Sentence)> {
    let pairs = said.windows(2).enumerate().filter(|(_, pair)| pair[0] != pair[1]);
    pairs.map(|(i, pair)| ((i + 1) as f64 * HOP, pair[1].clone())).collect()
}

fn states() -> impl Strategy<Value = State> {
    prop_oneof![Just(Silent), Just(Match), Just(Unseen)]
}

fn names() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("bell")), Just(Some("drum"))]
}

proptest! {
    #[test]
    fn no_sentence_is_shorter_than_its_hold(decisions in prop::collection::vec((states(), names()), 0..400)) {
        let said = sentences(decisions);
        for pair in changes(&said).windows(2) {
            prop_assert!(pair[1].0 - pair[0].0 >= HOLD - 1e-9, "{pair:?}");
        }
    }

    #[test]
    fn what_lasts_is_said(
        before in prop::collection::vec((states(), names()), 0..100),
        state in states(),
        name in names(),
    ) {
        // The hold and the longest wait.
        let lasting = ((2.0 * HOLD) / HOP) as usize;
        let said = sentences(before.into_iter().chain(std::iter::repeat_n((state, name), lasting)));
        let name = name.filter(|_| state == Match).map(String::from);
        prop_assert_eq!(said.last(), Some(&Sentence { state, name }));
    }

    #[test]
    fn gliding_depends_on_time_and_not_on_pictures(
        cuts in prop::collection::vec(0.0..0.4f64, 1..20),
        from in 0.0..1.0f32,
        to in 0.0..1.0f32,
    ) {
        let start = || {
            let mut smoother = Smoother::new();
            smoother.update(0.0, &event(Match), &map(from));
            (0..10).for_each(|i| smoother.step(f64::from(i) * 0.1)); // Now it is warm.
            smoother.update(0.9, &event(Match), &map(to));
            smoother
        };
        let (mut often, mut once) = (start(), start());
        let end = cuts.iter().fold(0.9, |now, cut| {
            often.step(now + cut);
            now + cut
        });
        once.step(end);
        let same = |a: f32, b: f32| (a - b).abs() < 1e-4;
        prop_assert!(same(often.map().values[0], once.map().values[0]));
        prop_assert!(same(often.warmth(), once.warmth()) && same(often.score(), once.score()));
    }
}

#[test]
fn a_match_is_said_at_once_and_doubt_waits() {
    let heard = [(Silent, None); 20].into_iter();
    // As the pipeline decides when something in view begins to sound.
    let heard = heard.chain([(Unseen, None); 4]).chain([(Match, None); 20]);
    let said = changes(&sentences(heard));
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!((said[0].1.state, (said[0].0 / HOP).round()), (Match, 24.0));
}

#[test]
fn the_dial_waits_with_the_sentence() {
    let mut smoother = Smoother::new();
    let heard = [Silent; 30].into_iter().chain([Unseen; 20]).chain([Match; 30]).chain([Unseen; 30]);
    let mut waited = [0; 2];
    for (i, state) in heard.enumerate() {
        let now = i as f64 * HOP;
        smoother.update(now, &event(state), &map(0.5));
        smoother.step(now);
        // The scores are those of `event`.
        match (smoother.sentence().state, state) {
            (Unseen, Match) => {
                assert!(smoother.score() < 0.21, "{i}: {}", smoother.score());
                waited[0] += 1;
            }
            (Match, Unseen) => {
                assert!(smoother.score() > 0.85, "{i}: {}", smoother.score());
                waited[1] += 1;
            }
            _ => {}
        }
    }
    assert!(waited.iter().all(|decisions| *decisions > 2), "{waited:?}: sentences wait");
    assert!(smoother.score() < 0.25, "in the end it goes with the sentence");
}

#[test]
fn quick_beats_are_one_sound() {
    let beat = [[(Match, None); 4], [(Silent, None); 4]].concat();
    let said =
        changes(&sentences([(Silent, None)].into_iter().chain(std::iter::repeat_n(beat, 20).flatten())));
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn a_name_comes_and_goes_with_its_match() {
    let bell = Some("bell");
    let quiet = [(Silent, None); 40];
    let heard = quiet.into_iter().chain([(Match, bell); 40]).chain(quiet).chain([(Match, None); 40]);
    let said: Vec<_> =
        changes(&sentences(heard)).into_iter().map(|(_, said)| (said.state, said.name)).collect();
    assert_eq!(said, [(Match, bell.map(String::from)), (Silent, None), (Match, None)]);
}

#[test]
fn marks_light_up_in_place_and_fade_where_they_are() {
    let mut smoother = Smoother::new();
    smoother.step(0.0);
    assert_eq!((smoother.warmth(), smoother.outline()), (0.0, None));
    smoother.update(0.0, &event(Match), &map(0.8));
    smoother.step(0.03);
    assert_eq!(smoother.map(), &map(0.8), "nothing glides that nobody has seen");
    assert_eq!(smoother.outline(), Some([0.25, 0.25, 0.75, 0.75]));
    assert!((0.02..0.5).contains(&smoother.warmth()));
    smoother.step(5.0);
    assert!(smoother.warmth() > 0.99);

    let moved = Event { bounds: Some([0.5, 0.25, 1.0, 0.75]), ..event(Match) };
    smoother.update(5.0, &moved, &map(0.2));
    smoother.step(5.1);
    let [left, top, ..] = smoother.outline().unwrap();
    assert!((0.3..0.45).contains(&left) && top == 0.25, "on its way: {left}");
    assert!((0.3..0.7).contains(&smoother.map().values[0]));

    for i in 0..10 {
        let now = 5.1 + f64::from(i) * HOP;
        smoother.update(now, &event(Silent), &map(0.0));
        smoother.step(now);
    }
    let fading = smoother.warmth();
    smoother.step(5.9);
    assert!(smoother.warmth() < fading && smoother.outline().is_some(), "it fades");
    smoother.step(20.0);
    assert_eq!(smoother.outline(), None);
    assert!(smoother.score() < 0.01, "nothing to compare in silence");
}

#[test]
fn what_is_not_a_number_and_other_sizes_do_no_harm() {
    let mut smoother = Smoother::new();
    smoother.update(0.0, &event(Match), &map(0.5));
    (0..20).for_each(|i| smoother.step(f64::from(i)));
    let broken = Event { score: f32::NAN, bounds: Some([f32::NAN; 4]), ..event(Match) };
    smoother.update(20.0, &broken, &Map { rows: 1, columns: 2, values: vec![f32::NAN, 1.0] });
    smoother.step(19.0); // A clock that goes back stands still.
    smoother.step(21.0);
    assert_eq!(smoother.map(), &Map { rows: 1, columns: 2, values: vec![0.0, 1.0] });
    assert!(
        smoother.score().is_finite() && smoother.outline().unwrap().iter().all(|corner| corner.is_finite())
    );
}
