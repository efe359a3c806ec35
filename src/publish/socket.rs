//! JSON lines to every program that connects to a Unix socket. None of them is waited for.

use std::fs::Permissions;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::PublishError;
use super::message::Line;
use super::output_status::OutputStatus;
use super::queue::Queue;
use super::settings;

/// Lines that may wait for the thread, which never waits long itself.
const CAPACITY: usize = 64;
/// Programs that may be connected at once; more are turned away.
const CLIENTS: usize = 32;
/// How often new connections are accepted while no lines come.
const KNOCKS: Duration = Duration::from_millis(100);

/// Makes the socket, and begins to serve.
///
/// # Errors
/// The path cannot be a socket: something else is there, or a program that answers.
pub(super) fn start(
    settings: &settings::Socket,
    output_status: OutputStatus,
) -> Result<Queue<Line>, PublishError> {
    let path = settings.path.clone();
    let listener = bind(&path).map_err(|reason| PublishError::Socket { path: path.clone(), reason })?;
    let told = output_status.clone();
    Ok(Queue::start(CAPACITY, output_status, move |lines| {
        let room = Room { listener, path, clients: Vec::new(), output_status: told };
        room.serve(&lines);
    })?)
}

/// Binds a socket that the owner and the group may use, in place of one that was left behind.
fn bind(path: &Path) -> Result<UnixListener, String> {
    let refused = |error: io::Error| error.to_string();
    if let Ok(there) = std::fs::symlink_metadata(path) {
        if !there.file_type().is_socket() {
            return Err("a file that is no socket is there; choose another path".into());
        }
        if UnixStream::connect(path).is_ok() {
            return Err("another program answers there; end it, or choose another path".into());
        }
        std::fs::remove_file(path).map_err(refused)?;
    }
    let listener = UnixListener::bind(path).map_err(refused)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    Ok(listener)
}

/// The socket and who is connected.
struct Room {
    listener: UnixListener,
    path: PathBuf,
    clients: Vec<Client>,
    output_status: OutputStatus,
}

impl Room {
    /// Gives lines to all clients until there are no more; then the socket goes.
    fn serve(mut self, lines: &Receiver<Line>) {
        loop {
            self.let_in();
            match lines.recv_timeout(KNOCKS) {
                Ok(line) => {
                    // Connections are accepted first, so that every client that is connected gets the line.
                    self.let_in();
                    let output_status = &self.output_status;
                    self.clients.retain_mut(|client| client.give(&line, output_status).is_ok());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let _ = std::fs::remove_file(&self.path);
    }

    fn let_in(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            // A client that is turned away sees the connection close.
            if self.clients.len() < CLIENTS && stream.set_nonblocking(true).is_ok() {
                self.clients.push(Client { stream, rest: Vec::new() });
            }
        }
    }
}

/// One program that is connected.
struct Client {
    stream: UnixStream,
    /// What is left of a line that was begun: it is completed before another.
    rest: Vec<u8>,
}

impl Client {
    /// Writes as much as there is room for; a line that cannot be begun is lost. An error: the program is gone.
    fn give(&mut self, line: &Line, output_status: &OutputStatus) -> io::Result<()> {
        if !self.rest.is_empty() {
            let written = push(&mut self.stream, &self.rest)?;
            self.rest.drain(..written);
        }
        if self.rest.is_empty() {
            let written = push(&mut self.stream, line.as_bytes())?;
            match written {
                0 => output_status.lose(1),
                _ => self.rest.extend_from_slice(&line.as_bytes()[written..]),
            }
        } else {
            output_status.lose(1);
        }
        Ok(())
    }
}

/// How many bytes were taken, 0 if there is no room.
fn push(stream: &mut UnixStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::time::Instant;

    use super::*;
    use crate::publish::testing::{PATIENCE, output_status};

    fn settings(folder: &tempfile::TempDir) -> settings::Socket {
        settings::Socket { path: folder.path().join("events.sock"), ..settings::Socket::default() }
    }

    #[test]
    fn one_who_never_reads_loses_whole_lines_and_the_other_none() {
        let folder = tempfile::tempdir().unwrap();
        let (settings, output_status) = (settings(&folder), output_status("socket"));
        let mut queue = start(&settings, output_status.clone()).unwrap();
        assert_eq!(std::fs::metadata(&settings.path).unwrap().permissions().mode() & 0o777, 0o660);
        let idle = UnixStream::connect(&settings.path).unwrap();
        let mut reader = BufReader::new(UnixStream::connect(&settings.path).unwrap());
        let line = |n: usize| Line::from(format!("{n} {}\n", "x".repeat(2000)));
        let mut sent = 0;
        // Far more than the system keeps for one who does not read.
        while output_status.lost() < 20 {
            queue.offer(line(sent));
            let mut got = String::new();
            reader.read_line(&mut got).unwrap();
            assert_eq!(*got, *line(sent), "the other gets every line, in order");
            sent += 1;
            assert!(sent < 10_000, "nothing was ever lost");
        }
        queue.close();
        assert!(queue.wait(Instant::now() + PATIENCE));
        assert!(!settings.path.exists(), "the socket goes with the program");
        // What the idle one finds when it looks at last: whole lines up to where its room ended, perhaps a part of one.
        let kept: Vec<String> = BufReader::new(idle).lines().map_while(Result::ok).collect();
        assert!(!kept.is_empty() && kept.len() < sent);
        for (n, found) in kept[..kept.len() - 1].iter().enumerate() {
            assert_eq!(format!("{found}\n"), *line(n));
        }
    }

    #[test]
    fn one_who_leaves_is_forgotten_without_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let (settings, output_status) = (settings(&folder), output_status("socket"));
        let mut queue = start(&settings, output_status.clone()).unwrap();
        drop(UnixStream::connect(&settings.path).unwrap());
        let mut stays = BufReader::new(UnixStream::connect(&settings.path).unwrap());
        for n in 0..3 {
            queue.offer(format!("{n}\n").into());
            let mut got = String::new();
            stays.read_line(&mut got).unwrap();
            assert_eq!(got, format!("{n}\n"));
        }
        queue.close();
        assert!(queue.wait(Instant::now() + PATIENCE));
        assert_eq!((output_status.lost(), output_status.fault()), (0, None));
    }

    #[test]
    fn a_socket_that_was_left_behind_is_replaced_but_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder);
        drop(UnixListener::bind(&settings.path).unwrap());
        assert!(settings.path.exists(), "left behind");
        let _first = start(&settings, output_status("socket")).unwrap();
        let second = start(&settings, output_status("socket")).unwrap_err().to_string();
        assert!(second.contains("another program answers"), "{second}");
        let file = settings::Socket { path: folder.path().join("file"), ..settings::Socket::default() };
        std::fs::write(&file.path, "precious").unwrap();
        let error = start(&file, output_status("socket")).unwrap_err().to_string();
        assert!(error.contains("no socket"), "{error}");
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "precious");
    }
}
