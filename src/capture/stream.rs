//! Network cameras and files as live devices, read by ffmpeg at their own pace.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::device::{Camera, CameraFrame, Chunk, DeviceError, ErrorKind, Microphone, PATIENCE};
use crate::media::{self, Process, Stream};
use crate::preprocess::{Channels, Loudness, SAMPLE_RATE};

/// Frames and chunks that wait; more are not kept, so that what is shown is new.
const WAITING: usize = 4;
/// Samples of a chunk: 20 ms.
const CHUNK: usize = SAMPLE_RATE / 50;

/// Whether a name is that of a stream: a URL, or a file that is no device.
pub(super) fn is_stream(name: &str) -> bool {
    name.contains("://") || (!name.starts_with("/dev/") && Path::new(name).is_file())
}

/// What a thread reads from an ffmpeg process, until that ends or nobody wants it any more.
struct Reader<T> {
    name: String,
    /// Ends with this; what it says is always heard, or it would wait for that.
    process: Process,
    items: Receiver<(Instant, T)>,
}

impl<T: Send + 'static> Reader<T> {
    fn start(
        name: &str,
        stream: Stream,
        mut next: impl FnMut(&mut dyn Read) -> Option<T> + Send + 'static,
    ) -> Result<Self, DeviceError> {
        let failed = |error: &dyn ToString| DeviceError::new(ErrorKind::Failed, name, &error.to_string());
        let (process, stdout) = media::live(name, stream).map_err(|error| failed(&error))?;
        let (sender, items) = sync_channel(WAITING);
        thread::spawn(move || {
            let mut pipe = BufReader::with_capacity(1 << 20, stdout);
            while let Some(item) = next(&mut pipe) {
                // A reader that is late blocks ffmpeg, which then drops what the network brings.
                if sender.send((Instant::now(), item)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { name: name.into(), process, items })
    }

    fn next(&mut self) -> Result<(Instant, T), DeviceError> {
        self.items.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => DeviceError::new(ErrorKind::Stalled, &self.name, ""),
            RecvTimeoutError::Disconnected => {
                DeviceError::new(ErrorKind::Gone, &self.name, &self.process.last_words())
            }
        })
    }
}

/// The picture of a stream.
pub(super) struct StreamCamera(Reader<image::RgbImage>);

impl StreamCamera {
    pub(super) fn open(name: &str) -> Result<Self, DeviceError> {
        Ok(Self(Reader::start(name, Stream::Picture, |pipe| media::read_ppm(pipe).ok().flatten())?))
    }
}

impl Camera for StreamCamera {
    fn frame(&mut self) -> Result<CameraFrame, DeviceError> {
        // When it was taken, the stream does not tell in a clock of ours.
        let (captured, picture) = self.0.next()?;
        Ok(CameraFrame { captured, picture, lost: 0 })
    }

    fn format(&self) -> String {
        format!("{}, {} fps", self.0.name, media::FRAME_RATE)
    }
}

/// The sound of a stream.
pub(super) struct StreamMicrophone(Reader<Vec<f32>>);

impl StreamMicrophone {
    pub(super) fn open(name: &str) -> Result<Self, DeviceError> {
        let mut channels = Channels::new(SAMPLE_RATE, 2, Loudness::Power);
        let chunk = move |pipe: &mut dyn Read| {
            let mut bytes = [0; CHUNK * 8];
            pipe.read_exact(&mut bytes).ok()?;
            let stereo: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let mut mono = Vec::with_capacity(CHUNK);
            channels.push(&stereo, &mut mono);
            Some(mono)
        };
        Ok(Self(Reader::start(name, Stream::Sound, chunk)?))
    }
}

impl Microphone for StreamMicrophone {
    fn chunk(&mut self) -> Result<Chunk, DeviceError> {
        let (arrived, interleaved) = self.0.next()?;
        let length = Duration::from_millis(20);
        let captured = arrived.checked_sub(length).unwrap_or(arrived);
        Ok(Chunk { captured, interleaved, lost: 0, xruns: 0 })
    }

    fn rate(&self) -> u32 {
        SAMPLE_RATE as u32
    }

    fn channels(&self) -> usize {
        1
    }
}
