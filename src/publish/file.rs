//! JSON lines appended to a file, which may be missing for a while: a full disk, a share that is away.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::PublishError;
use super::message::Line;
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::settings;
use crate::backoff::Backoff;

/// Lines that may wait: 20 seconds of a slow disk.
const CAPACITY: usize = 256;
/// Waits before another try: the first, and the longest.
const WAITS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];

/// Opens the file, and begins to write what the queue gets.
///
/// # Errors
/// The file cannot be opened.
pub(super) fn start(
    settings: &settings::File,
    output_status: OutputStatus,
) -> Result<Queue<Line>, PublishError> {
    let path = settings.path.clone();
    let file = open(&path).map_err(|source| PublishError::File { path: path.clone(), source })?;
    let told = output_status.clone();
    Ok(Queue::start(CAPACITY, output_status, move |lines| write(lines, &path, file, &told, WAITS))?)
}

/// Writes lines until there are no more. After a failure the file is opened anew, and what comes meanwhile is lost.
fn write(lines: Receiver<Line>, path: &Path, file: File, output_status: &OutputStatus, waits: [Duration; 2]) {
    let mut file = Ok(file);
    let (mut backoff, mut next) = (Backoff::new(waits[0], waits[1]), Instant::now());
    for line in lines {
        if file.is_err() && Instant::now() >= next {
            file = open(path);
        } else if file.is_err() {
            output_status.lose(1);
            continue;
        }
        match file.and_then(|mut file| file.write_all(line.as_bytes()).map(|()| file)) {
            Ok(written) => {
                if output_status.fault().is_some() {
                    output_status.tell(None);
                    backoff.reset();
                }
                file = Ok(written);
            }
            Err(error) => {
                output_status.lose(1);
                let wait = backoff.wait();
                next = Instant::now() + wait;
                output_status.tell(Some(format!(
                    "events are not saved: {} cannot be written: {error}; tried again in {} s",
                    path.display(),
                    wait.as_secs()
                )));
                file = Err(error);
            }
        }
    }
}

/// Opens a file for lines to come. An incomplete last line, left by a full disk or a power cut, is terminated.
fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::publish::testing::{PATIENCE, eventually, output_status};

    #[test]
    fn lines_are_appended_and_a_cut_off_one_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        std::fs::write(&path, "{\"t\":1}\n{\"t\":").unwrap();
        let settings = settings::File { path: path.clone(), ..settings::File::default() };
        let output_status = output_status("file");
        let mut queue = start(&settings, output_status.clone()).unwrap();
        queue.offer("{\"t\":2}\n".into());
        queue.offer("{\"t\":3}\n".into());
        queue.close();
        assert!(queue.wait(Instant::now() + PATIENCE));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"t\":1}\n{\"t\":\n{\"t\":2}\n{\"t\":3}\n");
        assert_eq!((output_status.lost(), output_status.fault()), (0, None));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_at_once() {
        let settings = settings::File { path: "/nowhere/events.jsonl".into(), ..settings::File::default() };
        let error = start(&settings, output_status("file")).unwrap_err().to_string();
        assert!(error.starts_with("file.path: /nowhere/events.jsonl cannot be written"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_and_the_file_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        // A device that has never room stands in for a full disk; the path is where there is room again.
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (output_status, (lines, taken)) = (output_status("file"), mpsc::channel());
        let (told, target) = (output_status.clone(), path.clone());
        let writer = std::thread::spawn(move || write(taken, &target, full, &told, [Duration::ZERO; 2]));
        lines.send(Line::from("lost\n")).unwrap();
        let told = eventually("fault", || output_status.fault());
        assert!(told.contains("events.jsonl cannot be written"), "{told}");
        lines.send(Line::from("kept\n")).unwrap();
        drop(lines);
        writer.join().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept\n");
        assert_eq!((output_status.lost(), output_status.fault()), (1, None));
    }
}
