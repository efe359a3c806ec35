//! The plan of the code (`ARCHITECTURE.md`): no file uses one that uses it, a folder knows only what comes before it, and no
//! file is long.
//!
//! Sources are read as words. What counts is `use` and every path in the code, followed through re-exports to the file that
//! defines what is used. Tests are left out; what macros write is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// Most lines of a file.
const LONGEST: usize = 420;

/// What uses what, by name.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// One source file.
#[derive(Default)]
struct Source {
    file: PathBuf,
    /// Place of the module above.
    parent: usize,
    children: BTreeMap<String, usize>,
    /// What is defined in it.
    names: BTreeSet<String>,
    /// What each imported name stands for.
    imports: BTreeMap<String, Vec<String>>,
    /// Imported names that others may import from here.
    exports: BTreeSet<String>,
    /// Paths in the code.
    paths: Vec<Vec<String>>,
}

/// The files of a crate; its root is the first.
struct Crate(Vec<Source>);

impl Crate {
    fn read(root: &Path) -> Self {
        let mut all = Self(Vec::new());
        all.add(root, root.parent().unwrap(), 0);
        all
    }

    /// Reads a file, and then the modules that it declares, which lie in `folder`. Returns its place.
    fn add(&mut self, file: &Path, folder: &Path, parent: usize) -> usize {
        const DEFINES: [&str; 9] =
            ["const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union"];
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let words = shipped(&words(&text));
        let word = |i: usize| words.get(i).copied().unwrap_or("");
        let place = self.0.len();
        self.0.push(Source { file: file.into(), parent, ..Source::default() });
        let (mut i, mut depth) = (0, 0);
        while i < words.len() {
            let before = if i == 0 { ";" } else { word(i - 1) };
            match word(i) {
                "mod" if word(i + 2) == ";" => {
                    let below = folder.join(word(i + 1));
                    let flat = below.with_extension("rs");
                    let file = if flat.exists() { flat } else { below.join("mod.rs") };
                    let child = self.add(&file, &below, place);
                    self.0[place].children.insert(word(i + 1).into(), child);
                    i += 3;
                }
                "use" if [";", "{", "}", "pub", ")"].contains(&before) => {
                    let mut imported = Vec::new();
                    i = read_imports(&words, i + 1, &[], &mut imported);
                    let source = &mut self.0[place];
                    for (name, path) in imported {
                        let ours = ["crate", "self", "super"].contains(&path[0].as_str());
                        assert!(name != "*" || !ours, "{}: say what is used, not *", file.display());
                        if ["pub", ")"].contains(&before) {
                            source.exports.insert(name.clone());
                        }
                        source.imports.insert(name, path);
                    }
                }
                "macro_rules" => {
                    self.0[place].names.insert(word(i + 2).into());
                    i = closing(&words, i + 3) + 1;
                }
                "{" => (i, depth) = (i + 1, depth + 1),
                "}" => (i, depth) = (i + 1, depth - 1),
                name if is_name(name) => {
                    if depth == 0 && DEFINES.contains(&before) {
                        self.0[place].names.insert(name.into());
                    }
                    let mut path = vec![name.to_string()];
                    i += 1;
                    while word(i) == "::" && is_name(word(i + 1)) {
                        path.push(word(i + 1).into());
                        i += 2;
                    }
                    // Fields and variables are called as modules and functions are.
                    let is_used = path.len() > 1 || word(i) == "(" || name.starts_with(char::is_uppercase);
                    if is_used && ![".", "::", "fn"].contains(&before) {
                        self.0[place].paths.push(path);
                    }
                }
                _ => i += 1,
            }
        }
        place
    }

    /// The file that defines what a path means in the file at `place`; `None`: another crate does, or it is local.
    fn file_of(&self, place: usize, path: &[String], hops: usize) -> Option<usize> {
        let Some((first, rest)) = path.split_first() else { return Some(place) };
        let source = &self.0[place];
        match first.as_str() {
            _ if hops > 20 => None,
            "crate" => self.file_of(0, rest, hops + 1),
            "self" => self.file_of(place, rest, hops + 1),
            "super" => self.file_of(source.parent, rest, hops + 1),
            first => match (source.children.get(first), source.imports.get(first)) {
                (Some(child), _) => self.file_of(*child, rest, hops + 1).or(Some(*child)),
                _ if source.names.contains(first) => Some(place),
                (None, Some(import)) => self.file_of(place, &[import, rest].concat(), hops + 1),
                (None, None) => None,
            },
        }
    }

    /// Which files use which. A file that only hands on what another defines does not use it.
    fn uses(&self) -> Uses {
        let name = |place: usize| {
            let file = &self.0[place].file;
            file.strip_prefix(HERE).unwrap_or(file).display().to_string()
        };
        let of = |(place, source): (usize, &Source)| {
            let imported = source.imports.iter().filter(|(name, _)| !source.exports.contains(*name));
            let said = source.paths.iter().filter(|path| path.len() > 1 || source.exports.contains(&path[0]));
            let paths = imported.map(|(_, path)| path).chain(said);
            let used = paths.filter_map(|path| self.file_of(place, path, 0)).filter(|used| *used != place);
            (name(place), used.map(name).collect())
        };
        self.0.iter().enumerate().map(of).collect()
    }
}

/// Reads what comes after `use` and `prefix`: names, and the paths that they stand for. Returns the place after it.
fn read_imports(
    words: &[&str],
    mut i: usize,
    prefix: &[String],
    found: &mut Vec<(String, Vec<String>)>,
) -> usize {
    let mut path = prefix.to_vec();
    while is_name(words[i]) && words[i + 1] == "::" {
        path.push(words[i].into());
        i += 2;
    }
    if words[i] == "{" {
        i += 1;
        while words[i] != "}" {
            i = read_imports(words, i, &path, found);
            i += usize::from(words[i] == ",");
        }
        return i + 1;
    }
    if words[i] != "self" {
        path.push(words[i].into());
    }
    let renamed = words[i + 1] == "as";
    let name = if renamed { words[i + 2].into() } else { path.last().expect("a name").clone() };
    found.push((name, path));
    if renamed { i + 3 } else { i + 1 }
}

/// Words and signs of a source, without comments and literals.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let name = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let raw = ["r", "br", "cr"].contains(&&rest[..name]);
        let hashes = &rest[name..][..rest[name..].len() - rest[name..].trim_start_matches('#').len()];
        let (length, is_word) = match first {
            _ if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            _ if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |end| end + 2), false),
            _ if raw && rest[name + hashes.len()..].starts_with('"') => {
                let (begin, end) = (name + hashes.len() + 1, format!("\"{hashes}"));
                (begin + rest[begin..].find(&end).unwrap() + end.len(), false)
            }
            _ if name > 0 => (name, true),
            '"' => (quoted(rest, '"'), false),
            '\'' if rest[1..].starts_with('\\') => (quoted(rest, '\''), false),
            '\'' => {
                let second = rest[1..].chars().next().map_or(0, char::len_utf8);
                let is_letter = rest[1 + second..].starts_with('\'');
                let lifetime = 1 + rest[1..].find(|c| !is_part(c)).unwrap_or(rest.len() - 1);
                (if is_letter { second + 2 } else { lifetime }, false)
            }
            _ if rest.starts_with("::") => (2, true),
            other => (other.len_utf8(), !other.is_whitespace()),
        };
        words.extend(is_word.then_some(&rest[..length]));
        rest = &rest[length..];
    }
    words
}

/// Length of a literal between such marks.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    let ends = |(_, c): &(usize, char)| {
        let ends = *c == mark && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    };
    text.char_indices().skip(1).find(ends).map_or(text.len(), |(end, _)| end + 1)
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Without attributes, and without what only tests have.
fn shipped<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let (mut kept, mut i, mut test) = (Vec::new(), 0, false);
    while i < words.len() {
        let open = i + 1 + usize::from(words.get(i + 1) == Some(&"!"));
        if words[i] == "#" && words.get(open) == Some(&"[") {
            let close = closing(words, open);
            test |= words[open + 1] == "cfg" && words[open..close].contains(&"test");
            i = close + 1;
        } else if test {
            // To the end of the item.
            while ![";", "{"].contains(&words[i]) {
                i = if ["(", "["].contains(&words[i]) { closing(words, i) + 1 } else { i + 1 };
            }
            i = if words[i] == "{" { closing(words, i) + 1 } else { i + 1 };
            test = false;
        } else {
            kept.push(words[i]);
            i += 1;
        }
    }
    kept
}

/// Where the bracket at `open` closes.
fn closing(words: &[&str], open: usize) -> usize {
    let mut depth = 0;
    let closes = |word: &&str| {
        match *word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        depth == 0
    };
    open + words[open..].iter().position(closes).expect("brackets that close")
}

/// A circle of those that use each other, the first again at the end.
fn circle(uses: &Uses) -> Option<Vec<&str>> {
    fn walk<'a>(
        name: &'a str,
        uses: &'a Uses,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(first) = way.iter().position(|before| *before == name) {
            return Some(way[first..].iter().copied().chain([name]).collect());
        }
        if !done.insert(name) {
            return None;
        }
        way.push(name);
        let found = uses.get(name).into_iter().flatten().find_map(|used| walk(used, uses, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|name| walk(name, uses, &mut Vec::new(), &mut done))
}

/// The same of the folders and files that lie beside a crate's root; the root is left out, it declares them.
fn of_folders(files: &Uses) -> Uses {
    let folder = |file: &str| {
        let inside = file.rsplit_once("src/").map_or(file, |(_, inside)| inside);
        inside.split('/').next().unwrap().trim_end_matches(".rs").to_string()
    };
    let mut folders = Uses::new();
    for (file, used) in files {
        let of = folder(file);
        let others = used.iter().map(|used| folder(used)).filter(|used| *used != of);
        folders.entry(of.clone()).or_default().extend(others);
    }
    folders.retain(|name, _| !["lib", "main"].contains(&name.as_str()));
    folders
}

fn crates() -> [Uses; 5] {
    ["src/lib.rs", "src/main.rs", "train/src/lib.rs", "train/src/main.rs", "python/src/lib.rs"]
        .map(|root| Crate::read(&Path::new(HERE).join(root)).uses())
}

#[test]
fn no_file_uses_one_that_uses_it() {
    let crates = crates();
    // Whoever reads nothing finds nothing.
    assert!(crates.iter().map(|files| files.len()).sum::<usize>() > 300);
    assert!(crates[0]["src/pipeline.rs"].contains("src/session.rs"));
    for files in &crates {
        assert_eq!(circle(files).map(|circle| circle.join(" -> ")), None);
        assert_eq!(circle(&of_folders(files)).map(|circle| circle.join(" -> ")), None, "folders");
    }
}

#[test]
fn a_folder_knows_only_what_comes_before_it() {
    let plan = fs::read_to_string(Path::new(HERE).join("ARCHITECTURE.md")).unwrap();
    let lines = plan.split("```text\n").nth(2).and_then(|block| block.split("```").next());
    let lines: Vec<Vec<&str>> =
        lines.unwrap().lines().map(|line| line.split_whitespace().collect()).collect();
    let line_of = |name: &str| {
        let line = lines.iter().position(|line| line.contains(&name));
        line.unwrap_or_else(|| panic!("{name} has no place in the order of ARCHITECTURE.md"))
    };
    for (name, used) in of_folders(&crates()[0]) {
        for used in used {
            assert!(line_of(&used) < line_of(&name), "{name} uses {used}, which does not come before it");
        }
    }
}

#[test]
fn no_file_is_long() {
    fn walk(folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
            }
        }
    }
    for folder in ["src", "train/src", "train/tests", "tests", "examples", "benches", "python/src"] {
        walk(&Path::new(HERE).join(folder));
    }
}

#[test]
fn a_circle_is_found_through_braces_and_re_exports() {
    let folder = std::env::temp_dir().join(format!("lookhear-plan-{}", std::process::id()));
    fs::create_dir_all(folder.join("b")).unwrap();
    let found = |a: &str| {
        let sources = [
            ("lib.rs", "mod a;\npub mod b;\npub use a::A;"),
            ("b/mod.rs", "mod c;\npub use c::C; // use crate::a::A;"),
            ("b/c.rs", "use std::{fmt, io::{self, Read}};\npub struct C(crate::A);"),
            ("a.rs", a),
        ];
        for (file, text) in sources {
            fs::write(folder.join(file), text).unwrap();
        }
        let uses = Crate::read(&folder.join("lib.rs")).uses();
        let short = |file: &str| file.rsplit('/').next().unwrap().to_string();
        circle(&uses).map(|circle| circle.into_iter().map(short).collect::<Vec<_>>().join(" "))
    };
    let there = Some("a.rs c.rs a.rs".to_string());
    assert_eq!(found("use crate::{b::{C as D}};\npub struct A;"), there);
    assert_eq!(found("pub struct A;\nfn f(c: &'static str) { super::b::C::new('\"', c) }"), there);
    assert_eq!(found("pub struct A;\n#[cfg(test)]\nmod tests {\n    use crate::b::C;\n}"), None);
    assert_eq!(found("pub struct A;\nconst B: &str = r#\"\"crate::b::C\"#;"), None);
    fs::remove_dir_all(&folder).unwrap();
}
