//! `ffmpeg` and `ffprobe` as child processes: they end with this process, their messages are read while they run, and
//! their exit status is checked.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::{Damage, Loss, MediaError};

/// Of a line that a process says, bytes that are kept.
const LINE: usize = 500;
/// Words by which a message about damage is told from other messages.
const DAMAGE: [&str; 8] =
    ["Invalid data", "corrupt", "partial file", "prematurely", "moov atom", "Error", "error", "Truncat"];
/// Messages caused by ourselves: the reader stopped early, or the Matroska muxer complains that its output is a pipe.
const HARMLESS: [&str; 2] = ["Broken pipe", "[matroska @"];

/// `ffmpeg`, quiet but for errors, never asking anything.
pub(crate) fn ffmpeg() -> Command {
    let mut command = own("ffmpeg");
    command.args(["-hide_banner", "-nostats", "-nostdin", "-loglevel", "error"]);
    command
}

/// `ffprobe`, quiet but for errors.
pub(super) fn ffprobe() -> Command {
    let mut command = own("ffprobe");
    command.args(["-hide_banner", "-loglevel", "error"]);
    command
}

/// A command in a process group of its own, so that Ctrl-C reaches only us, and killed whenever and however our process
/// ends.
pub(crate) fn own(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stderr(Stdio::piped()).process_group(0);
    end_with_us(&mut command);
    command
}

#[cfg(target_os = "linux")]
fn end_with_us(command: &mut Command) {
    let us = std::process::id().cast_signed();
    let ask = move || {
        // SAFETY: both are system calls that touch no memory of ours, as must be between fork and exec.
        let (asked, parent) =
            unsafe { (libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL), libc::getppid()) };
        match (asked, parent == us) {
            (0, true) => Ok(()),
            // Our process has ended meanwhile.
            (0, false) => Err(io::Error::from_raw_os_error(libc::ESRCH)),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: the closure makes two system calls and allocates nothing.
    unsafe { command.pre_exec(ask) };
}

/// On other systems a child ends when its output loses its reader.
#[cfg(not(target_os = "linux"))]
fn end_with_us(_command: &mut Command) {}

/// Starts a process from a long-lived thread: on Linux, the parent-death signal is sent when the starting thread ends.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, Sender<io::Result<Child>>);
    static NURSERY: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in orders {
                // The command is dropped here: it holds its ends of the pipes, which would otherwise stay open.
                let child = command.spawn();
                drop(command);
                let _ = reply.send(child);
            }
        });
        Mutex::new(sender)
    });
    let (reply, child) = channel();
    let gone = || io::Error::other("no thread starts processes any more");
    nursery.lock().send((command, reply)).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

/// A running `ffmpeg`. Dropped, it is killed.
pub(crate) struct Process {
    input: String,
    canceller: Canceller,
    said: Arc<Mutex<Said>>,
    /// Reads the messages all the time: a full pipe would block the process.
    ear: Option<JoinHandle<()>>,
}

/// Ends a process from another thread.
#[derive(Clone)]
pub struct Canceller {
    child: Arc<Mutex<Child>>,
    cancelled: Arc<AtomicBool>,
}

impl Canceller {
    /// Kills the process, so that its readers reach the end. Its messages are then ignored.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        kill(&mut self.child.lock());
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Ends a process, and whatever it started: it leads a group of its own.
pub(crate) fn kill(child: &mut Child) {
    #[cfg(target_os = "linux")]
    if let (Ok(None), Ok(group)) = (child.try_wait(), i32::try_from(child.id())) {
        // SAFETY: a system call that touches no memory of ours; the group's leader was not waited for yet, so its number
        // is nobody else's.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    let _ = child.kill();
}

/// The messages of a process that matter.
#[derive(Default)]
struct Said {
    last: String,
    damage: u64,
    last_damage: String,
    missing: Option<&'static str>,
}

impl Said {
    fn take(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() || HARMLESS.iter().any(|word| line.contains(word)) {
            return;
        }
        if line.contains("matches no streams") {
            self.missing = Some(if line.contains("0:a:0") { "sound" } else { "picture" });
        }
        // Messages after a refusal are consequences of it.
        if !self.last.contains("whitelist") {
            self.last = without_module(line).to_string();
        }
        if DAMAGE.iter().any(|word| line.contains(word)) {
            self.damage += 1;
            self.last_damage.clone_from(&self.last);
        }
    }
}

impl Process {
    /// Starts a command that writes to its standard output, and reads its messages.
    ///
    /// # Errors
    /// The command cannot be started.
    pub(crate) fn start(mut command: Command, input: &str) -> Result<(Self, ChildStdout), MediaError> {
        command.stdout(Stdio::piped());
        let mut child = spawn(command).map_err(missing("ffmpeg"))?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(missing("ffmpeg")(io::Error::other("its output is not connected")));
        };
        let said = Arc::<Mutex<Said>>::default();
        let heard = said.clone();
        let ear = thread::spawn(move || listen(stderr, |line| heard.lock().take(line)));
        let canceller = Canceller { child: Arc::new(Mutex::new(child)), cancelled: Arc::default() };
        Ok((Self { input: input.into(), canceller, said, ear: Some(ear) }, stdout))
    }

    pub(crate) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// The last message so far; may be empty.
    pub(crate) fn last_words(&self) -> String {
        self.said.lock().last.clone()
    }

    /// Waits for the end, when the output was read to its end.
    ///
    /// # Errors
    /// The system does not tell.
    pub(super) fn wait(&mut self) -> Result<ExitStatus, MediaError> {
        if let Some(ear) = self.ear.take() {
            let _ = ear.join();
        }
        self.canceller.child.lock().wait().map_err(missing("ffmpeg"))
    }

    /// Waits for the end and judges it. `read`: whether anything came.
    ///
    /// # Errors
    /// [`MediaError::NoStream`], [`MediaError::Unreadable`] if nothing came, [`MediaError::Died`] if something did and
    /// the rest is missing through no fault of the input.
    pub(super) fn finish(&mut self, read: bool) -> Result<Option<Damage>, MediaError> {
        let status = self.wait()?;
        if self.canceller.is_cancelled() {
            return Ok(None);
        }
        let (input, said) = (self.input.clone(), self.said.lock());
        if let Some(what) = said.missing {
            return Err(MediaError::NoStream { input, what });
        }
        killed(&input, status)?;
        if !read && (!status.success() || said.damage > 0) {
            return Err(MediaError::Unreadable { input, reason: reason(&said.last) });
        }
        // Out of memory: another run may give more, so the input is not to blame.
        if !status.success() && said.last.contains("Cannot allocate memory") {
            return Err(MediaError::Died { input, how: "ffmpeg had no memory left".into() });
        }
        let given_up = !status.success() && said.damage == 0;
        let last = if given_up { reason(&said.last) } else { said.last_damage.clone() };
        let loss = Loss { places: said.damage + u64::from(given_up), values: 0 };
        Ok(Damage::of(input, loss).map(|damage| Damage { last, ..damage }))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.canceller.cancel();
        let _ = self.wait();
    }
}

/// Refuses the end of a process that did not end by itself: what it had written is a part of what it would have written.
///
/// # Errors
/// [`MediaError::Died`]
pub(super) fn killed(input: &str, status: ExitStatus) -> Result<(), MediaError> {
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("ffmpeg was ended by signal {signal}"),
        // The exit code of ffmpeg after SIGTERM or SIGINT.
        (None, Some(255)) => "ffmpeg was told to end".into(),
        _ => return Ok(()),
    };
    Err(MediaError::Died { input: input.into(), how })
}

/// Names a failure to start.
pub(super) fn missing(command: &'static str) -> impl Fn(io::Error) -> MediaError {
    move |source| MediaError::Missing { command, source }
}

/// The last message of a process, prepared for people.
pub(super) fn last_words(stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    reason(line.map_or("", without_module))
}

/// The last message, prepared for people.
pub(super) fn reason(last: &str) -> String {
    match last {
        "" => "no reason was given".into(),
        last if last.contains("whitelist") => {
            "it is a playlist or the like and names other files or addresses, \
             which is not followed; if you trust it, add --allow-network"
                .into()
        }
        last => last.into(),
    }
}

/// A line without ffmpeg's `[module @ 0x...]` prefixes.
fn without_module(line: &str) -> &str {
    line.rsplit("] ").next().unwrap_or(line).trim()
}

/// Hands over line after line until the end, none longer than [`LINE`].
fn listen(mut stderr: ChildStderr, mut take: impl FnMut(&str)) {
    let (mut buffer, mut line) = ([0; 4096], Vec::with_capacity(LINE));
    while let Some(read) = stderr.read(&mut buffer).ok().filter(|n| *n > 0) {
        for byte in &buffer[..read] {
            match byte {
                b'\n' => {
                    take(&String::from_utf8_lossy(&line));
                    line.clear();
                }
                byte if line.len() < LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    take(&String::from_utf8_lossy(&line));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = own("sh");
        command.args(["-c", script]);
        command
    }

    /// Reads to the end, then asks how it was.
    fn ended(script: &str) -> Result<Option<Damage>, MediaError> {
        let (mut process, mut stdout) = Process::start(shell(script), "a.mp4").unwrap();
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        process.finish(!bytes.is_empty())
    }

    #[test]
    fn an_end_is_told_by_what_was_said_and_how_it_came() {
        assert_eq!(ended("echo x").unwrap(), None);
        assert_eq!(ended("echo x; echo '[h264 @ 0x1] number of slices' >&2").unwrap(), None, "advice");
        let damage =
            ended("echo x; for n in 1 2 3; do echo \"[a @ 0x1] Invalid data $n\" >&2; done").unwrap();
        let damage = damage.unwrap();
        assert_eq!((damage.loss.places, damage.last.as_str()), (3, "Invalid data 3"));
        assert_eq!(ended("echo x; echo 'gave up' >&2; exit 1").unwrap().unwrap().last, "gave up");
        let words = |script: &str| ended(script).unwrap_err().to_string();
        assert_eq!(
            words("echo x; kill -9 $$"),
            "a.mp4 was not read to its end: ffmpeg was ended by signal 9"
        );
        assert_eq!(words("kill -9 $$"), "a.mp4 was not read to its end: ffmpeg was ended by signal 9");
        assert!(words("echo x; exit 255").contains("told to end"));
        assert!(words("echo x; echo 'Cannot allocate memory' >&2; exit 1").contains("no memory"));
        assert_eq!(
            words("echo 'moov atom not found' >&2; exit 1"),
            "a.mp4 cannot be read: moov atom not found"
        );
        assert_eq!(words("exit 1"), "a.mp4 cannot be read: no reason was given");
        assert!(words("echo \"Stream map '0:a:0' matches no streams.\" >&2; exit 1").contains("no sound"));
        assert!(
            words("echo 'Format not on whitelist' >&2; echo 'Invalid argument' >&2; exit 1")
                .contains("--allow-network")
        );
    }

    #[test]
    fn much_that_is_said_stops_nothing_and_takes_no_memory() {
        let noise = "i=0; while [ $i -lt 20000 ]; do echo 'an error, again and again' >&2; i=$((i+1)); done";
        let damage = ended(&format!("{noise}; head -c 1000000 /dev/zero | tr '\\0' x >&2; echo x"));
        let damage = damage.unwrap().unwrap();
        assert!(damage.loss.places >= 20_000, "{damage}");
        assert!(damage.last.len() <= LINE);
    }

    #[test]
    fn one_that_is_not_read_to_its_end_is_ended_and_not_blamed() {
        let (mut process, stdout) = Process::start(shell("echo x; sleep 1000"), "a.mp4").unwrap();
        process.canceller().cancel();
        drop(stdout);
        assert_eq!(process.finish(true).unwrap(), None);
        // Dropping waits for the end, so this would take long if it were not killed.
        drop(Process::start(shell("sleep 1000"), "a.mp4").unwrap());
    }
}
