//! Maps keys to places in the text, and places to keys.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The line of a byte, from 1.
pub(super) fn line(text: &[u8], offset: usize) -> usize {
    1 + text[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// Line and column (in characters) of a byte, both from 1.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    (line(text.as_bytes(), offset), 1 + text[start..offset].chars().count())
}

/// One key of a document, with its tables.
struct Entry {
    key: String,
    name: Range<usize>,
    value: Range<usize>,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Table,
    /// A list that stands at the top, where there are only tables, or that has tables in it.
    TableList,
    Other,
}

/// Every key of a document, tables before what is in them.
fn entries(table: &DeTable) -> Vec<Entry> {
    let mut found = Vec::new();
    collect(table, "", &mut found);
    found
}

fn collect(table: &DeTable, prefix: &str, found: &mut Vec<Entry>) {
    for (name, value) in table {
        let dot = if prefix.is_empty() { "" } else { "." };
        let key = format!("{prefix}{dot}{}", name.get_ref());
        let kind = match value.get_ref() {
            DeValue::Table(_) => Kind::Table,
            DeValue::Array(values)
                if prefix.is_empty() || values.iter().any(|value| value.get_ref().is_table()) =>
            {
                Kind::TableList
            }
            _ => Kind::Other,
        };
        found.push(Entry { key: key.clone(), name: name.span(), value: value.span(), kind });
        if let DeValue::Table(inner) = value.get_ref() {
            collect(inner, &key, found);
        }
    }
}

/// Every key that has a value, and where it stands; of a table that is written within one line, also what is in it.
pub(super) fn values(table: &DeTable) -> Vec<(String, usize)> {
    let values = entries(table).into_iter().filter(|entry| entry.kind != Kind::Table);
    values.map(|entry| (entry.key, entry.name.start)).collect()
}

/// The key whose name or value is at `offset`, and where its name begins.
pub(super) fn key_at(table: &DeTable, offset: usize) -> Option<(usize, String)> {
    let at = |range: &Range<usize>| range.contains(&offset);
    // The last one is the deepest: tables precede their contents.
    let here = entries(table).into_iter().rfind(|entry| at(&entry.name) || at(&entry.value))?;
    Some((here.name.start, here.key))
}

/// Whether a key stands in the text.
pub(super) fn is_there(table: &DeTable, key: &str) -> bool {
    entries(table).iter().any(|entry| entry.key == key)
}

/// Takes the key away whose name begins at `start`, with all that is in it; returns whether there is one.
pub(super) fn remove(table: &mut DeTable, start: usize) -> bool {
    let here = table.keys().find(|name| name.span().start == start).cloned();
    if let Some(name) = here {
        return table.remove(&name).is_some();
    }
    table.iter_mut().any(|(_, value)| match value.get_mut() {
        DeValue::Table(inner) => remove(inner, start),
        _ => false,
    })
}

/// The key that a line begins with, as far as the text could be understood: for the errors after which there is
/// no value. The text itself is not cut apart, or a damaged secret could be taken for a key.
pub(super) fn key_on_line(text: &str, table: &DeTable, offset: usize) -> String {
    let wanted = line(text.as_bytes(), offset);
    let on_line = |entry: &Entry| line(text.as_bytes(), entry.name.start) == wanted;
    let here = entries(table).into_iter().filter(|entry| entry.name.start <= offset && on_line(entry));
    here.max_by_key(|entry| entry.name.start).map_or_else(String::new, |entry| entry.key)
}

/// The key whose last part is `name` before `offset`: the one that a duplicate repeats.
pub(super) fn key_before(table: &DeTable, name: &str, offset: usize) -> String {
    let name = name.trim_matches(['"', '\'']);
    let same = |key: &str| key.rsplit('.').next() == Some(name);
    let before = entries(table).into_iter().filter(|entry| entry.name.start < offset && same(&entry.key));
    before.max_by_key(|entry| entry.name.start).map_or_else(|| name.to_string(), |entry| entry.key)
}

/// A key that has a list where a table belongs, and where it is. serde would take the values of a list for those of
/// the table's keys, one after the other.
pub(super) fn list_for_table(table: &DeTable) -> Option<(usize, String)> {
    let list = entries(table).into_iter().find(|entry| entry.kind == Kind::TableList)?;
    Some((list.name.start, list.key))
}

/// Where to look for a key: its value, or its name if it is a table; if it is not there, the nearest table
/// around it that is, or the start.
pub(super) fn offset_of(table: &DeTable, key: &str) -> usize {
    let entries = entries(table);
    let mut wanted = key;
    loop {
        if let Some(Entry { name, value, kind, .. }) = entries.iter().find(|entry| entry.key == wanted) {
            return if *kind == Kind::Table { name.start } else { value.start };
        }
        match wanted.rsplit_once('.') {
            Some((around, _)) => wanted = around,
            None => return 0,
        }
    }
}
