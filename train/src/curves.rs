//! Learning curves as event files, as TensorBoard reads them.
//!
//! An event file is a row of TFRecords (length, CRC of the length, bytes, CRC of the bytes; all little endian), each of
//! which is an `Event` of TensorFlow's `event.proto`. The crates for it need `protoc` to be built or stand on image and
//! protobuf libraries of years ago, so the few messages that scalars need are written down here.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::Error;

/// `tensorflow.Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

/// `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Scalar>,
}

/// `tensorflow.Summary.Value` with a number.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// `tensorflow.SessionLog`.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// The run begins, or goes on: what was written before of this event's step, and of later ones, does not count.
const START: i32 = 1;

/// The curves of a run: an event file of its own for each time that it begins or goes on.
pub(crate) struct Curves {
    path: PathBuf,
    file: File,
}

impl Curves {
    /// Begins a file in a run's folder, whose step is `done`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn start(folder: &Path, done: u64) -> Result<Self, Error> {
        let (path, file) = new_file(folder)?;
        let mut curves = Self { path, file };
        curves.write(0, What::FileVersion("brain.Event:2".into()))?;
        // The step that is done does count.
        curves.write(done + 1, What::SessionLog(SessionLog { status: START }))?;
        Ok(curves)
    }

    /// Writes what is known of a step; what is no number is left out.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn step(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        let known = values.iter().filter(|(_, value)| value.is_finite());
        let scalar = |(tag, value): &(&str, f64)| Scalar { tag: (*tag).into(), simple_value: *value as f32 };
        self.write(step, What::Summary(Summary { value: known.map(scalar).collect() }))
    }

    fn write(&mut self, step: u64, what: What) -> Result<(), Error> {
        let event = Event { wall_time: now(), step: step.cast_signed(), what: Some(what) };
        record(&mut self.file, &event.encode_to_vec()).map_err(|e| Error::file(&self.path, e))
    }
}

/// A file whose name is TensorBoard's and nobody else's.
fn new_file(folder: &Path) -> Result<(PathBuf, File), Error> {
    let (began, process) = (now() as u64, process::id());
    let mut n = 0;
    loop {
        let path = folder.join(format!("events.out.tfevents.{began:010}.lookhear.{process}.{n}"));
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => n += 1,
            made => return made.map_err(|e| Error::file(&path, e)).map(|file| (path, file)),
        }
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Writes a TFRecord, at once: whoever looks on sees no half of it.
fn record(mut out: impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = (bytes.len() as u64).to_le_bytes();
    let parts = [&length[..], &masked_crc(&length), bytes, &masked_crc(bytes)];
    out.write_all(&parts.concat())
}

/// CRC-32C, rotated and offset as TFRecords have it.
fn masked_crc(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a file, whose checks are looked at.
    fn events(mut bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_at(12);
            assert_eq!(masked_crc(&head[..8]), head[8..]);
            let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
            let (event, rest) = rest.split_at(length);
            assert_eq!(masked_crc(event), rest[..4]);
            events.push(Event::decode(event).unwrap());
            bytes = &rest[4..];
        }
        events
    }

    #[test]
    fn a_run_that_goes_on_keeps_the_last_step_and_takes_back_what_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut curves = Curves::start(folder.path(), 40).unwrap();
        curves.step(60, &[("loss/train", 0.5), ("loss/fusion", f64::NAN)]).unwrap();
        let events = events(&std::fs::read(&curves.path).unwrap());
        let what: Vec<(i64, Option<What>)> =
            events.into_iter().map(|event| (event.step, event.what)).collect();
        let scalar = Scalar { tag: "loss/train".into(), simple_value: 0.5 };
        assert_eq!(
            what,
            [
                (0, Some(What::FileVersion("brain.Event:2".into()))),
                (41, Some(What::SessionLog(SessionLog { status: START }))),
                (60, Some(What::Summary(Summary { value: vec![scalar] }))),
            ]
        );
    }

    #[test]
    fn the_check_is_that_of_tfrecords() {
        // CRC-32C of "123456789" is 0xe3069283 (RFC 3720's polynomial).
        let masked = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked_crc(b"123456789"), masked.to_le_bytes());
    }
}
