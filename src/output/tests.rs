use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

fn names(folder: &Path) -> Vec<OsString> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    names
}

fn write(path: &Path, existing: Existing, text: &str) -> Result<(), OutputError> {
    let mut output = Output::new(path, existing)?;
    output.file().write_all(text.as_bytes()).unwrap();
    output.complete()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_appears_when_it_is_complete_and_stays_unless_it_may_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let output = Output::new(&path, Existing::Keep).unwrap();
    assert!(!path.exists() && output.partial().exists());
    drop(output);
    assert!(names(folder.path()).is_empty(), "dropped, it leaves nothing");
    write(&path, Existing::Keep, "first").unwrap();
    let refused = write(&path, Existing::Keep, "second").unwrap_err().to_string();
    assert!(refused.contains("a.txt is there already") && refused.contains("--force"), "{refused}");
    assert_eq!(read(&path), "first");
    write(&path, Existing::Replace, "second").unwrap();
    assert_eq!(read(&path), "second");
    assert_eq!(names(folder.path()), ["a.txt"]);
}

#[test]
fn one_that_came_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let output = Output::new(&path, Existing::Keep).unwrap();
    fs::write(&path, "another's").unwrap();
    assert!(matches!(output.complete(), Err(OutputError::Exists { .. })));
    assert_eq!(read(&path), "another's");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn two_runs_never_write_the_same_file_and_one_left_behind_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(folder.path().join(".a.lookhear-part"), "half of a file that was never completed").unwrap();
    let first = Output::new(&path, Existing::Keep).unwrap();
    for existing in [Existing::Keep, Existing::Replace] {
        let second = Output::new(&path, existing).unwrap_err();
        assert!(matches!(second, OutputError::Busy { .. }), "{second}");
    }
    let other = Output::free(folder.path(), "a", "b").unwrap();
    let beside = Output::free(folder.path(), "a", "b").unwrap();
    assert_eq!(beside.name(), folder.path().join("a-2.b"));
    drop((other, beside));
    first.complete().unwrap();
    assert_eq!(read(&path), "", "nothing is left of the old one");
}

#[test]
fn what_is_no_file_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    symlink(at("pipe"), at("link")).unwrap();
    let before = names(folder.path());
    let cases = [
        ("folder", "a folder"),
        ("pipe", "a named pipe"),
        ("socket", "a socket"),
        ("dangling", "a link that leads to nothing"),
        ("link", "a named pipe"),
        ("..", "no name of a file"),
    ];
    for (name, what) in cases {
        for existing in [Existing::Keep, Existing::Replace] {
            let error = Output::new(&at(name), existing).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(what), "{error}");
        }
    }
    assert_eq!(names(folder.path()), before);
    assert!(fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn through_a_link_the_file_is_replaced_and_not_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    symlink("file", &link).unwrap();
    assert!(is_same(&file, &link) && !is_same(&file, folder.path()));
    assert!(matches!(Output::new(&link, Existing::Keep), Err(OutputError::Exists { .. })));
    write(&link, Existing::Replace, "new").unwrap();
    assert_eq!(read(&file), "new");
    assert!(link.is_symlink());
}

#[test]
fn any_name_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let names: [&[u8]; 6] = [b"12:30:05.mp4", b"-y", b"%03d", b"a\nb", &[b'x'; 255], b"\xff\xfe"];
    for name in names {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        write(&path, Existing::Keep, "whole").unwrap();
        assert_eq!(read(&path), "whole");
    }
    let error = Output::new(Path::new("/nowhere/a"), Existing::Keep).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/a cannot be written: No such file"), "{error}");
}

#[test]
fn a_process_that_ends_at_once_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = Output::new(&folder.path().join("a"), Existing::Keep).unwrap();
    // Only this one's: other tests write at the same time.
    fs::remove_file(output.partial()).unwrap();
    assert!(UNDER_WAY.lock().contains(output.partial()));
    drop(output);
    assert!(!UNDER_WAY.lock().iter().any(|partial| partial.starts_with(folder.path())));
}
