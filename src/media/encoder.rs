//! A file or a live stream from pictures and sound, through one `ffmpeg` process.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use image::RgbImage;

use super::process::{ffmpeg, last_words, missing, spawn};
use super::push::Push;
use super::{FRAME_RATE, MediaError};
use crate::output::Output;
use crate::preprocess::SAMPLE_RATE;

/// How long ffmpeg may take nothing before it is given up: on a disk that hangs, say.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait before it is offered the same again.
const PAUSE: Duration = Duration::from_millis(2);

/// The purpose of a file, which decides its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// To be watched: MP4.
    Shown,
    /// To be judged again, with the same answers: Matroska, every pixel and sample as it was.
    Exact,
}

impl Quality {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Shown => &[
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-crf",
                "20",
                "-pix_fmt",
                "yuv420p",
                "-c:a",
                "aac",
                "-b:a",
                "128k",
                "-movflags",
                "+faststart",
                "-f",
                "mp4",
            ],
            Self::Exact => &[
                "-c:v",
                "libx264rgb",
                "-preset",
                "ultrafast",
                "-qp",
                "0",
                "-c:a",
                "pcm_f32le",
                "-f",
                "matroska",
            ],
        }
    }
}

/// Where what is encoded goes.
enum Target {
    File(Output, Quality),
    Stream(Push),
}

/// Fills an [`Output`], or sends a stream; dropped before it is finished, it leaves nothing.
pub struct Encoder {
    /// The file's name, for people to read.
    name: String,
    /// `None` once it is in its place.
    target: Option<Target>,
    size: (u32, u32),
    child: Child,
    /// `None` once the input has ended.
    pictures: Option<SyncSender<Vec<u8>>>,
    /// Sound is small and never waits: ffmpeg wants some of it before it takes more pictures.
    sound: Option<Sender<Vec<u8>>>,
    writers: Vec<JoinHandle<()>>,
    stderr: Option<JoinHandle<String>>,
}

impl Target {
    /// For people to read.
    fn name(&self) -> String {
        match self {
            Self::File(output, _) => output.name().display().to_string(),
            Self::Stream(push) => push.server().into(),
        }
    }

    /// How ffmpeg encodes, and where it writes.
    fn arguments(&self) -> Vec<OsString> {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        match self {
            Self::File(output, quality) => {
                // The prefix keeps ffmpeg from taking the text before a colon in the name for a protocol.
                let mut file = OsString::from("file:");
                file.push(output.partial());
                [words(quality.arguments()), vec!["-y".into(), file]].concat()
            }
            Self::Stream(push) => {
                words(&Push::ENCODING).into_iter().chain(push.arguments().map(OsString::from)).collect()
            }
        }
    }
}

impl Encoder {
    /// Starts a file of pictures of `size` (to be watched: even width and height) at [`FRAME_RATE`] and 48 kHz mono.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started.
    pub fn start(output: Output, size: (u32, u32), quality: Quality) -> Result<Self, MediaError> {
        Self::titled(output, size, quality, None)
    }

    /// As [`Encoder::start`], with a title in the file that [`title`](super::title) reads.
    ///
    /// # Errors
    /// As [`Encoder::start`].
    pub fn titled(
        output: Output,
        size: (u32, u32),
        quality: Quality,
        title: Option<&str>,
    ) -> Result<Self, MediaError> {
        Self::open(Target::File(output, quality), size, title)
    }

    /// Begins to send a stream of pictures of `size` (even width and height) at [`FRAME_RATE`] and 48 kHz mono, as they
    /// come. It never waits for a slow receiver: what does not fit into two seconds ends it.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started. Whether there is a receiver is seen later.
    pub fn stream(push: Push, size: (u32, u32)) -> Result<Self, MediaError> {
        Self::open(Target::Stream(push), size, None)
    }

    fn open(target: Target, size: (u32, u32), title: Option<&str>) -> Result<Self, MediaError> {
        let name = target.name();
        let (reader, writer) = io::pipe().map_err(missing("ffmpeg"))?;
        let mut command = ffmpeg();
        command
            .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &format!("{}x{}", size.0, size.1)])
            .args(["-r", &FRAME_RATE.to_string(), "-i", "pipe:0"])
            .args(["-f", "f32le", "-ar", &SAMPLE_RATE.to_string(), "-ac", "1", "-i", "pipe:3"])
            .args(
                title.map(|title| ["-metadata".to_string(), format!("title={title}")]).into_iter().flatten(),
            )
            .args(target.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(reader), child_fd: 3 }])
            .map_err(|e| missing("ffmpeg")(io::Error::other(e)))?;
        let mut child = spawn(command).map_err(missing("ffmpeg"))?;
        let (picture_sender, picture_receiver) = sync_channel::<Vec<u8>>(50);
        let (sound_sender, sound_receiver) = channel::<Vec<u8>>();
        let stdin = child.stdin.take();
        let stderr = child.stderr.take();
        // When ffmpeg ends, writing fails, the receiver is dropped, and sending fails as well.
        let writers = vec![
            thread::spawn(move || {
                let Some(mut stdin) = stdin else { return };
                picture_receiver.iter().try_for_each(|bytes| stdin.write_all(&bytes)).unwrap_or(());
            }),
            thread::spawn(move || {
                let mut writer = writer;
                sound_receiver.iter().try_for_each(|bytes| writer.write_all(&bytes)).unwrap_or(());
            }),
        ];
        let stderr = stderr.map(|mut stderr| {
            thread::spawn(move || {
                let mut said = Vec::new();
                let _ = stderr.read_to_end(&mut said);
                String::from_utf8_lossy(&said).into_owned()
            })
        });
        Ok(Self {
            name,
            target: Some(target),
            size,
            child,
            pictures: Some(picture_sender),
            sound: Some(sound_sender),
            writers,
            stderr,
        })
    }

    /// Takes what comes next: samples (48 kHz mono), and pictures. A picture of another size is fitted to the size of the
    /// first.
    ///
    /// Sound goes first: ffmpeg takes few pictures while it waits for the sound that belongs to them, and whoever writes the
    /// pictures would wait for ever.
    ///
    /// # Errors
    /// ffmpeg has stopped, or takes nothing any more; the message has its reason.
    pub fn add<'a>(
        &mut self,
        pictures: impl IntoIterator<Item = &'a RgbImage>,
        samples: &[f32],
    ) -> Result<(), MediaError> {
        if !samples.is_empty() {
            self.sound(samples)?;
        }
        pictures.into_iter().try_for_each(|picture| self.picture(picture))
    }

    fn picture(&mut self, picture: &RgbImage) -> Result<(), MediaError> {
        let (w, h) = self.size;
        let bytes = match picture.dimensions() == self.size {
            true => picture.as_raw().clone(),
            false => {
                let area = [0.0, 0.0, f64::from(picture.width()), f64::from(picture.height())];
                crate::preprocess::picture::resize(picture, area, w, h).into_raw()
            }
        };
        let (mut bytes, begun) = (bytes, Instant::now());
        let patience = match self.target {
            Some(Target::Stream(_)) => Duration::ZERO,
            _ => PATIENCE,
        };
        loop {
            match self.pictures.as_ref().map(|sender| sender.try_send(bytes)) {
                Some(Ok(())) => return Ok(()),
                Some(Err(TrySendError::Full(waiting))) if begun.elapsed() < patience => bytes = waiting,
                _ => return Err(self.stopped()),
            }
            thread::sleep(PAUSE);
        }
    }

    fn sound(&mut self, samples: &[f32]) -> Result<(), MediaError> {
        let bytes = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        match self.sound.as_ref().map(|sender| sender.send(bytes)) {
            Some(Ok(())) => Ok(()),
            _ => Err(self.stopped()),
        }
    }

    /// Completes the file and puts it in its place, or ends the stream.
    ///
    /// # Errors
    /// ffmpeg could not complete it (a full disk, say); nothing is left then.
    pub fn finish(mut self) -> Result<(), MediaError> {
        if matches!(self.target, Some(Target::Stream(_))) {
            // What waits for a receiver is not waited for.
            let _ = self.child.kill();
            self.end_input();
            return Ok(());
        }
        self.end_input();
        let status = self.child.wait().map_err(missing("ffmpeg"))?;
        if !status.success() {
            return Err(self.stopped());
        }
        match self.target.take() {
            Some(Target::File(output, _)) => Ok(output.complete()?),
            _ => Ok(()),
        }
    }

    fn end_input(&mut self) {
        (self.pictures, self.sound) = (None, None);
        self.writers.drain(..).for_each(|writer| writer.join().unwrap_or(()));
    }

    fn stopped(&mut self) -> MediaError {
        let _ = self.child.kill();
        self.end_input();
        let said = self.stderr.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        let mut reason = last_words(&said);
        // A truncated Matroska file is readable; a truncated MP4 is not.
        if let Some(Target::File(mut output, Quality::Exact)) = self.target.take()
            && output.file().metadata().is_ok_and(|file| file.len() > 0)
            && output.complete().is_ok()
        {
            reason += " (what was recorded before is kept)";
        }
        MediaError::Unwritable { output: self.name.clone(), reason }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // After `finish` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
