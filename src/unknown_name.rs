//! Names that nothing has.

use thiserror::Error;

/// A name that nothing of its kind has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no {kind} is called {name}; there are {}", list(.known))]
pub struct UnknownName {
    /// What was looked for: `engine`, `format`, ...
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: Vec<&'static str>,
}

impl UnknownName {
    /// The one of `all` that is called so.
    pub(crate) fn find<T: Copy, const N: usize>(
        kind: &'static str,
        all: [T; N],
        name_of: fn(T) -> &'static str,
        name: &str,
    ) -> Result<T, Self> {
        let known = || all.iter().map(|one| name_of(*one)).collect();
        let found = all.into_iter().find(|one| name_of(*one) == name);
        found.ok_or_else(|| Self { kind, name: name.into(), known: known() })
    }
}

/// `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_as_in_a_sentence() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!((list(&["a"]), list(&[])), ("a".into(), String::new()));
    }
}
