//! Network cameras and files as live devices, read by ffmpeg at their own pace.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::device::{Camera, CameraFrame, Chunk, DeviceError, ErrorKind, Microphone, PATIENCE};
use crate::media::{self, MediaError, Process, Stream};
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
    /// Ends with its last reader. Its messages are always read, since a full pipe would block it.
    process: Arc<Process>,
    items: Receiver<(Instant, T)>,
}

impl<T: Send + 'static> Reader<T> {
    fn start(
        name: &str,
        process: Arc<Process>,
        pipe: impl Read + Send + 'static,
        mut next: impl FnMut(&mut dyn Read) -> Option<T> + Send + 'static,
    ) -> Self {
        let (sender, items) = sync_channel(WAITING);
        thread::spawn(move || {
            let mut pipe = BufReader::with_capacity(1 << 20, pipe);
            while let Some(item) = next(&mut pipe) {
                // A slow reader blocks ffmpeg, which then drops data from the network.
                if sender.send((Instant::now(), item)).is_err() {
                    break;
                }
            }
        });
        Self { name: name.into(), process, items }
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

pub(super) fn failed(name: &str, error: &MediaError) -> DeviceError {
    DeviceError::new(ErrorKind::Failed, name, &error.to_string())
}

/// The picture of a stream.
pub struct StreamCamera(Reader<image::RgbImage>);

impl StreamCamera {
    pub(super) fn open(name: &str) -> Result<Self, DeviceError> {
        let (process, pipe) = media::live(name, Stream::Picture).map_err(|error| failed(name, &error))?;
        Ok(Self::new(name, Arc::new(process), pipe))
    }

    /// Reads pictures that a process writes.
    pub(super) fn new(name: &str, process: Arc<Process>, pipe: impl Read + Send + 'static) -> Self {
        Self(Reader::start(name, process, pipe, |pipe| media::read_ppm(pipe).ok().flatten()))
    }
}

impl Camera for StreamCamera {
    fn frame(&mut self) -> Result<CameraFrame, DeviceError> {
        // The stream's time stamps are not on our clock, so the time of arrival is taken.
        let (captured, picture) = self.0.next()?;
        Ok(CameraFrame { captured, picture, lost: 0 })
    }

    fn format(&self) -> String {
        format!("{}, {} fps", self.0.name, media::FRAME_RATE)
    }
}

/// The sound of a stream.
pub struct StreamMicrophone(Reader<Sound>);

/// A chunk of mono, and how many of its values were no numbers.
type Sound = (Vec<f32>, u64);

impl StreamMicrophone {
    pub(super) fn open(name: &str) -> Result<Self, DeviceError> {
        let (process, pipe) = media::live(name, Stream::Sound).map_err(|error| failed(name, &error))?;
        Ok(Self::new(name, Arc::new(process), pipe))
    }

    /// Reads samples that a process writes.
    pub(super) fn new(name: &str, process: Arc<Process>, pipe: impl Read + Send + 'static) -> Self {
        let mut channels = Channels::new(SAMPLE_RATE, 2, Loudness::Power);
        let chunk = move |pipe: &mut dyn Read| {
            let mut bytes = [0; CHUNK * 8];
            pipe.read_exact(&mut bytes).ok()?;
            let stereo: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            let mut mono = Vec::with_capacity(CHUNK);
            let before = channels.damaged();
            channels.push(&stereo, &mut mono);
            Some((mono, channels.damaged() - before))
        };
        Self(Reader::start(name, process, pipe, chunk))
    }
}

impl Microphone for StreamMicrophone {
    fn chunk(&mut self) -> Result<Chunk, DeviceError> {
        let (arrived, (interleaved, invalid)) = self.0.next()?;
        let length = Duration::from_millis(20);
        let captured = arrived.checked_sub(length).unwrap_or(arrived);
        Ok(Chunk { captured, interleaved, lost: 0, xruns: 0, invalid })
    }

    fn rate(&self) -> u32 {
        SAMPLE_RATE as u32
    }

    fn channels(&self) -> usize {
        1
    }
}
