//! Runs a program that a rule names.

use std::io::{Read, Seek, SeekFrom};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::media::{kill, own, spawn};

/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(20);
/// Of what it says on standard error, bytes that are read.
const SAID: u64 = 4096;

/// Runs a program, without a shell, in a process group that ends with us; waits until it has ended, at most `patience`.
///
/// # Errors
/// Why it failed, with the last line that it said.
pub(super) fn run(program: &str, arguments: &[String], patience: Duration) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{program} cannot be started: {error}");
    // A file, not a pipe: nobody has to read it for the program to go on, and what it leaves running may keep it.
    let mut said = tempfile::tempfile().map_err(failed)?;
    let mut command = own(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(said.try_clone().map_err(failed)?);
    let mut child = spawn(command).map_err(failed)?;
    let end = Instant::now() + patience;
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() >= end => {
                kill(&mut child);
                let _ = child.wait();
                return Err(format!("{program} did not end within {} s and was killed", patience.as_secs()));
            }
            None => thread::sleep(LOOK),
        }
    };
    if status.success() {
        return Ok(());
    }
    let mut text = Vec::new();
    let _ = said.seek(SeekFrom::Start(0)).and_then(|_| said.by_ref().take(SAID).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!("{program} failed ({status}): {}", last.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Result<(), String> {
        run("sh", &["-c".into(), script.into()], patience)
    }

    #[test]
    fn what_a_program_says_when_it_fails_is_told() {
        let long = Duration::from_secs(60);
        assert_eq!(shell("exit 0", long), Ok(()));
        let failed = shell("echo hello; echo one >&2; echo 'no bell' >&2; exit 3", long).unwrap_err();
        assert_eq!(failed, "sh failed (exit status: 3): no bell");
        let missing = run("/no/such/bell", &[], long).unwrap_err();
        assert!(missing.starts_with("/no/such/bell cannot be started: "), "{missing}");
    }

    #[test]
    fn a_program_that_never_ends_is_killed_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let failed = shell(&script, Duration::from_millis(500)).unwrap_err();
        assert!(failed.contains("was killed"), "{failed}");
        #[cfg(target_os = "linux")]
        {
            let pid = std::fs::read_to_string(pid).unwrap();
            let state = |pid: &str| std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
            let gone = |stat: String| stat.contains(") Z ");
            crate::publish::testing::eventually("its child ends", || {
                state(&pid).map_or(true, gone).then_some(())
            });
        }
    }
}
