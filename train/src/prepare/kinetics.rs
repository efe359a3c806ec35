//! Kinetics-Sounds, a selection of Kinetics.

/// The 34 classes of Kinetics-Sounds ("Look, Listen and Learn", appendix).
pub const KINETICS_SOUNDS: [&str; 34] = [
    "blowing nose",
    "bowling",
    "chopping wood",
    "ripping paper",
    "shuffling cards",
    "singing",
    "tapping pen",
    "typing",
    "blowing out",
    "dribbling ball",
    "laughing",
    "mowing the lawn by pushing lawnmower",
    "shoveling snow",
    "stomping",
    "tap dancing",
    "tapping guitar",
    "tickling",
    "fingerpicking",
    "patting",
    "playing accordion",
    "playing bagpipes",
    "playing bass guitar",
    "playing clarinet",
    "playing drums",
    "playing guitar",
    "playing harmonica",
    "playing keyboard",
    "playing organ",
    "playing piano",
    "playing saxophone",
    "playing trombone",
    "playing trumpet",
    "playing violin",
    "playing xylophone",
];

/// The paper was written before Kinetics was released, in which three of its classes have other names.
const RENAMED: [(&str, &str); 3] = [
    ("blowing out candles", "blowing out"),
    ("dribbling basketball", "dribbling ball"),
    ("mowing lawn", "mowing the lawn by pushing lawnmower"),
];

/// The paper's name of a class of Kinetics, if it is one of the 34.
pub(super) fn class_of(label: &str) -> Option<&'static str> {
    let renamed = RENAMED.iter().find(|(released, _)| *released == label).map(|(_, paper)| *paper);
    let label = renamed.unwrap_or(label);
    KINETICS_SOUNDS.into_iter().find(|class| *class == label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_names_become_the_papers() {
        assert!(RENAMED.iter().all(|(released, paper)| class_of(released) == Some(*paper)));
        assert_eq!(class_of("playing organ"), Some("playing organ"));
        assert_eq!(class_of("juggling balls"), None);
    }
}
