//! Messages of the parser and of serde, in plain words and without values, any of which might be a secret.

/// Message for a value of the wrong kind.
pub(super) fn value(message: &str) -> String {
    // The last one: a text that is repeated before it might contain the same words.
    let (what, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    if let Some(field) = what.strip_prefix("missing field ") {
        return format!("{field} is missing; this table needs it");
    }
    if let Some(name) = what.strip_prefix("unknown field ") {
        return match choices(expected) {
            Some(keys) => format!("there is no key {name} here; there are {keys}"),
            None => format!("there is no key {name} here, nor any other"),
        };
    }
    if let Some(name) = what.strip_prefix("unknown variant ") {
        return format!("{name} is not known; give one of {}", choices(expected).unwrap_or_default());
    }
    if let Some(found) = what.strip_prefix("invalid type: ") {
        return format!("{} where {} is expected", kind(found), wanted(expected));
    }
    if let Some(found) = what.strip_prefix("invalid value: ") {
        return match number(found) {
            Some(number) => format!("{number} is out of range; give {}", wanted(expected)),
            None => format!("{} that is not {}", kind(found), wanted(expected)),
        };
    }
    if let Some(count) = what.strip_prefix("invalid length ") {
        return format!("a list of {count}; give {}", wanted(expected));
    }
    match message {
        // What TOML says of a number or list where one of some names is wanted.
        "wanted string or table" => "not a name; give one of the known names in quotes".into(),
        "integer number overflowed" | "floating-point number overflowed" => {
            "a number beyond all bounds; give a smaller one".into()
        }
        other => other.into(),
    }
}

/// Whether that is said of a key that is none.
pub(super) fn is_unknown_key(message: &str) -> bool {
    message.starts_with("unknown field ")
}

/// Message for a text that is not TOML. What the parser says of it names signs, never the text.
pub(super) fn syntax(message: &str) -> String {
    match message {
        "duplicate key" => "given twice; keep one of them".into(),
        // Said of `name =`, `[640 480]` and `a = 1 b = 2`, too, where something else is missing.
        "string values must be quoted, expected literal string" => {
            "not TOML: expected texts in quotes, `,` between the values of a list, a new line for each key"
                .into()
        }
        other => format!("not TOML: {other}"),
    }
}

/// The names that serde lists: "one of `a`, `b`", "`a` or `b`", "`a`"; `None`: there are none.
fn choices(expected: &str) -> Option<&str> {
    let names = expected.strip_prefix("one of ").unwrap_or(expected);
    names.starts_with('`').then_some(names)
}

/// Of what kind a value is, by serde's words for it, which begin with that.
fn kind(found: &str) -> &'static str {
    match found.split([' ', '`', '"']).next().unwrap_or_default() {
        "string" => "a text",
        "integer" | "floating" => "a number",
        "boolean" => "true or false",
        "sequence" => "a list",
        "map" => "a table",
        _ => "something else",
    }
}

/// A number as it was given; `None` for anything else.
fn number(found: &str) -> Option<&str> {
    found.strip_prefix("integer `").or_else(|| found.strip_prefix("floating point `"))?.strip_suffix('`')
}

/// What is expected, for people.
fn wanted(expected: &str) -> String {
    let list = |count: &str| format!("a list of {count}, e.g. [640, 480]");
    match expected {
        "a string" | "path string" => "a text in quotes".into(),
        "a boolean" => "true or false".into(),
        "f32" | "f64" => "a number".into(),
        "u8" => format!("a whole number 0 to {}", u8::MAX),
        "u16" => format!("a whole number 0 to {}", u16::MAX),
        "u32" => format!("a whole number 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number from 0".into(),
        "a sequence" => "a list in brackets".into(),
        other => {
            if other.starts_with("struct ") {
                return "a table with keys of its own".into();
            }
            match other.strip_prefix("an array of length ") {
                Some(count) => list(count),
                None => other.into(),
            }
        }
    }
}
