//! Plans of made-up files.

use std::collections::HashSet;

use super::*;

fn settings() -> Settings {
    Settings {
        videos: "v".into(),
        tables: None,
        out: "o".into(),
        clip_seconds: 10.0,
        fps: 5.0,
        side: 256,
        quality: 90,
        shard_clips: 3,
        held_out: 0.3,
        validation: 0.2,
        jobs: 2,
    }
}

fn wanted(source: usize, video: &str, side: Option<Side>) -> Wanted {
    Wanted { source, video: video.into(), span: None, begins: Some(0.0), labels: vec![], side }
}

fn good(sha256: &str, seconds: f64) -> Outcome {
    Outcome::Good { sha256: sha256.into(), seconds, print: None }
}

fn plan(wanted: Vec<Wanted>, inspected: &[Outcome]) -> Plan {
    let sources = (0..inspected.len()).map(|n| PathBuf::from(format!("v/{n}.mp4"))).collect();
    make(Listed { sources, wanted, skipped: vec![] }, inspected, &settings()).unwrap()
}

#[test]
fn a_video_becomes_clips_and_a_rest_below_a_second_is_none() {
    let made = plan(vec![wanted(0, "a", None)], &[good("x", 20.9)]);
    let spans: Vec<_> = made.clips.iter().map(|clip| (clip.from, clip.seconds)).collect();
    assert_eq!(spans.len(), 2);
    assert!(spans.contains(&(0.0, 10.0)) && spans.contains(&(10.0, 10.0)));
    assert!(
        plan(vec![wanted(0, "a", None)], &[good("x", 21.5)]).clips.iter().any(|clip| clip.seconds == 1.5)
    );
}

#[test]
fn a_span_is_looked_for_where_the_file_has_it() {
    let span = |seconds, begins| {
        let wanted = Wanted { span: Some((30.0, 40.0)), begins, ..wanted(0, "a", None) };
        let Span { from, to, begins, .. } = Span::new(&wanted, "x", seconds);
        (from, to, begins)
    };
    assert_eq!(span(10.02, None), (0.0, 10.0, 30.0), "cut already");
    assert_eq!(span(200.0, None), (30.0, 40.0, 0.0), "the whole video");
    assert_eq!(span(33.0, None), (30.0, 33.0, 0.0), "the video ends early");
    assert_eq!(span(9.0, Some(30.0)), (0.0, 9.0, 30.0), "the file's name says it");
    assert_eq!(span(200.0, Some(30.0)), (0.0, 10.0, 30.0));
}

#[test]
fn what_belongs_together_lies_on_one_side() {
    let names: Vec<String> = (0..40).map(|n| format!("video{n}")).collect();
    // Every file has the content of the one twenty before it, cut elsewhere.
    let inspected: Vec<_> = (0..40).map(|n| good(&format!("{}", n % 20), 10.0 + f64::from(n / 20))).collect();
    let all = names.iter().enumerate().map(|(n, name)| wanted(n, name, None)).collect();
    let made = plan(all, &inspected);
    let side = |n: usize| made.clips.iter().find(|clip| clip.video == names[n]).unwrap().side;
    assert!((0..20).all(|n| side(n) == side(n + 20)));
    let sides: HashSet<Side> = made.clips.iter().map(|clip| clip.side).collect();
    assert_eq!(sides.len(), 3, "all three sides get some");
    let shards: HashSet<&str> = made.clips.iter().map(|clip| clip.shard.as_str()).collect();
    assert!(shards.iter().all(|shard| made.clips.iter().filter(|clip| clip.shard == *shard).count() <= 3));
}

#[test]
fn official_splits_stay_and_lose_the_copy_on_the_training_side() {
    let all = vec![
        wanted(0, "a", Some(Side::Train)),
        wanted(1, "b", Some(Side::Test)),
        wanted(2, "c", Some(Side::Train)),
        wanted(3, "c", Some(Side::Val)),
        wanted(4, "d", Some(Side::Train)),
        wanted(5, "d", Some(Side::Test)),
    ];
    let broken = Outcome::Bad { reason: Reason::Unreadable, detail: "damaged".into() };
    let inspected =
        [good("x", 10.0), good("x", 12.0), good("y", 10.0), good("z", 10.0), good("w", 10.0), broken];
    let made = plan(all, &inspected);
    let left: HashSet<_> = made.clips.iter().map(|clip| (clip.video.as_str(), clip.side)).collect();
    assert_eq!(left, HashSet::from([("b", Side::Test), ("c", Side::Val), ("d", Side::Train)]));
    let reasons: Vec<_> = made.skipped.iter().map(|s| (s.file.as_str(), s.reason)).collect();
    let duplicate = |file| (file, Reason::Duplicate);
    assert_eq!(reasons, [duplicate("v/0.mp4"), duplicate("v/2.mp4"), ("v/5.mp4", Reason::Unreadable)]);
}

#[test]
fn the_same_content_is_taken_once_and_keys_are_unique() {
    let made = plan(
        vec![wanted(0, "a/b", None), wanted(1, "a.b", None), wanted(2, "a.b", None), wanted(3, "c", None)],
        &[good("x", 5.0), good("y", 5.0), good("z", 5.0), good("x", 5.0)],
    );
    let keys: HashSet<&str> = made.clips.iter().map(|clip| clip.key.as_str()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| !key.contains(['.', '/'])), "{keys:?}");
    assert_eq!((made.skipped.len(), made.skipped[0].reason), (1, Reason::Duplicate));
    assert!(made.skipped[0].detail.contains("v/0.mp4"));
}
