//! Files, addresses and standard input as pictures and sound on one timeline, through one `ffmpeg` process.

use std::io::{self, BufReader, Read};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use image::RgbImage;

use super::filters::{self, Coding};
use super::packets::{Packet, Packets};
use super::process::{Canceller, Process, ffmpeg, missing};
use super::samples::floats;
use super::timeline::{Grid, Piece, Stream, Timeline};
use super::{Damage, Input, Loss, MediaError, PATIENCE, probe};
use crate::preprocess::{Channels, Loudness, SAMPLE_RATE};

/// Video frames a second that every input is brought to.
pub const FRAME_RATE: u32 = 25;

/// A running `ffmpeg` that gives [`Piece`]s. Dropped before its end, it is ended.
pub struct Decoder {
    process: Process,
    items: Receiver<Item>,
    timeline: Timeline,
    patience: Duration,
    name: String,
    /// Whether anything was read.
    read: bool,
    /// A stream ended within a picture or sample.
    torn: bool,
    /// Samples that were no numbers.
    values: u64,
}

/// Messages of the threads that read ffmpeg's output.
enum Item {
    Picture(f64, RgbImage),
    Sound(f64, Vec<f32>),
    /// How it ended, and samples of it that were no numbers.
    End(Stream, io::Result<()>, u64),
}

impl Decoder {
    /// Starts reading. Both streams begin at the start of the input. `patience`: how long it may give nothing.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started, or a file cannot be read or lacks one of the two streams.
    pub fn start(input: &Input, patience: Duration) -> Result<Self, MediaError> {
        Self::open(input, patience, &[])
    }

    /// As [`Decoder::start`], but from a moment of a file on (seconds), for at most so many seconds. Both streams
    /// begin at that very moment, which is their 0.
    ///
    /// # Errors
    /// As [`Decoder::start`].
    pub fn span(input: &Input, from: f64, seconds: f64) -> Result<Self, MediaError> {
        Self::open(input, PATIENCE, &["-ss", &format!("{from:.6}"), "-t", &format!("{seconds:.6}")])
    }

    fn open(input: &Input, patience: Duration, before: &[&str]) -> Result<Self, MediaError> {
        // An input that can be read only once is not probed.
        let coding = if input.is_regular() { probe(input)?.coding } else { Coding::default() };
        let rate = f64::from(FRAME_RATE);
        let mut command = reader(input, before);
        picture_output(&mut command, Some(rate), coding, 1);
        sound_output(&mut command, 3);
        let (reader, writer) = io::pipe().map_err(missing("ffmpeg"))?;
        command
            .fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(writer), child_fd: 3 }])
            .map_err(|e| missing("ffmpeg")(io::Error::other(e)))?;
        let (process, stdout) = Process::start(command, &input.to_string())?;
        let (sender, items) = sync_channel(2);
        let sounds = sender.clone();
        thread::spawn(move || hand_over(stdout, Stream::Picture, &sender));
        thread::spawn(move || hand_over(reader, Stream::Sound, &sounds));
        Ok(Self::new(process, items, Timeline::new(Grid::Near(rate), true, true), patience, input))
    }

    /// The sound of an input alone, from its start.
    ///
    /// # Errors
    /// `ffmpeg` cannot be started. [`Decoder::finish`] reports what is wrong with the input.
    pub fn sound_of(input: &Input) -> Result<Self, MediaError> {
        let mut command = reader(input, &[]);
        sound_output(&mut command, 1);
        Self::one(command, input, Stream::Sound, Grid::Near(1.0))
    }

    /// The pictures that a video shows at 0, `interval`, 2 x `interval`, ... (in samples of 48 kHz).
    ///
    /// # Errors
    /// `ffmpeg` cannot be started, or a file cannot be read.
    pub fn pictures_of(input: &Input, interval: usize) -> Result<Self, MediaError> {
        let mut command = reader(input, &[]);
        picture_output(&mut command, None, super::probe::coding(input)?, 1);
        Self::one(command, input, Stream::Picture, Grid::Latest(SAMPLE_RATE as f64 / interval as f64))
    }

    fn one(command: Command, input: &Input, stream: Stream, grid: Grid) -> Result<Self, MediaError> {
        let (process, stdout) = Process::start(command, &input.to_string())?;
        let (sender, items) = sync_channel(2);
        thread::spawn(move || hand_over(stdout, stream, &sender));
        let timeline = Timeline::new(grid, stream == Stream::Picture, stream == Stream::Sound);
        Ok(Self::new(process, items, timeline, PATIENCE, input))
    }

    fn new(
        process: Process,
        items: Receiver<Item>,
        timeline: Timeline,
        patience: Duration,
        input: &Input,
    ) -> Self {
        Self {
            process,
            items,
            timeline,
            patience,
            name: input.to_string(),
            read: false,
            torn: false,
            values: 0,
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`MediaError::Stalled`]: nothing came for too long.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, MediaError> {
        loop {
            if let Some(piece) = self.timeline.next_piece() {
                return Ok(Some(piece));
            }
            if self.timeline.is_over() {
                return Ok(None);
            }
            let item = match self.items.recv_timeout(self.patience) {
                Ok(item) => item,
                Err(RecvTimeoutError::Timeout) => {
                    let (input, seconds) = (self.name.clone(), self.patience.as_secs_f64());
                    return Err(MediaError::Stalled { input, seconds });
                }
                // The threads report their end, so this one has panicked.
                Err(RecvTimeoutError::Disconnected) => return Err(self.broken_off()),
            };
            self.read |= !matches!(item, Item::End(..));
            match item {
                Item::Picture(t, picture) => self.timeline.picture(t, picture),
                Item::Sound(t, samples) => self.timeline.sound(t, samples),
                Item::End(stream, end, values) => {
                    self.torn |= end.is_err();
                    self.values += values;
                    self.timeline.close(stream);
                }
            }
        }
    }

    /// Tells how it ended, after the last piece.
    ///
    /// # Errors
    /// Nothing could be read, or something died on the way and the pieces are a part of what there is.
    pub fn finish(mut self) -> Result<Option<Damage>, MediaError> {
        let damage = self.process.finish(self.read)?;
        if self.torn && !self.process.canceller().is_cancelled() {
            return Err(self.broken_off());
        }
        let values = Loss { places: 0, values: self.values };
        Ok(match damage {
            Some(damage) => Some(Damage { loss: damage.loss.and(values), ..damage }),
            None => Damage::of(&self.name, values),
        })
    }

    /// Ends it from another thread.
    pub fn canceller(&self) -> Canceller {
        self.process.canceller()
    }

    fn broken_off(&self) -> MediaError {
        MediaError::Died { input: self.name.clone(), how: "what ffmpeg gave broke off".into() }
    }
}

/// A command that reads an input.
fn reader(input: &Input, before: &[&str]) -> Command {
    let mut command = ffmpeg();
    // Decoding goes on, however many frames are damaged.
    command.args(["-max_error_rate", "1"]).args(before);
    input.add_to(&mut command);
    command.stdin(if *input == Input::Standard { Stdio::inherit() } else { Stdio::null() });
    command
}

/// Raw pictures with their timestamps to a descriptor.
fn picture_output(command: &mut Command, rate: Option<f64>, coding: Coding, descriptor: u8) {
    let filter = format!("{},{}", filters::picture_times(rate), filters::picture(coding));
    command.args(["-map", "0:v:0", "-vf", &filter, "-c:v", "rawvideo", "-pix_fmt", "rgb24"]);
    // Without a time base of its own, every timestamp is rounded to the nominal frame rate.
    command.args(["-enc_time_base", "1:1000", "-allow_raw_vfw", "1"]);
    matroska(command, descriptor);
}

/// Samples with their timestamps to a descriptor.
fn sound_output(command: &mut Command, descriptor: u8) {
    let rate = SAMPLE_RATE.to_string();
    let filter = filters::sound_times();
    command.args(["-map", "0:a:0", "-af", &filter, "-ar", &rate, "-c:a", "pcm_f32le"]);
    matroska(command, descriptor);
}

fn matroska(command: &mut Command, descriptor: u8) {
    // Each packet a cluster of its own, and written at once, or a stream that ends early would keep its last ones in ffmpeg.
    command.args([
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
        "-cluster_size_limit",
        "1",
        "-flush_packets",
        "1",
        "-f",
        "matroska",
    ]);
    command.arg(format!("pipe:{descriptor}"));
}

/// Reads one of ffmpeg's outputs to its end, or until nobody wants it any more.
fn hand_over(pipe: impl Read, stream: Stream, sender: &SyncSender<Item>) {
    let mut packets = Packets::new(BufReader::with_capacity(1 << 16, pipe));
    let mut channels: Option<Channels> = None;
    let end = loop {
        let packet = match packets.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let Packet { t, bytes } = packet;
        let item = match stream {
            Stream::Picture => {
                let (width, height) = packets.size();
                match RgbImage::from_raw(width, height, bytes) {
                    Some(picture) => Item::Picture(t, picture),
                    None => break Err(io::Error::new(io::ErrorKind::InvalidData, "no picture")),
                }
            }
            Stream::Sound => {
                let mut mono = Vec::with_capacity(bytes.len() / 4);
                let count = packets.channels();
                let channels =
                    channels.get_or_insert_with(|| Channels::new(SAMPLE_RATE, count, Loudness::Power));
                channels.push(&floats(&bytes), &mut mono);
                Item::Sound(t, mono)
            }
        };
        if sender.send(item).is_err() {
            return;
        }
    };
    let _ = sender.send(Item::End(stream, end, channels.map_or(0, |channels| channels.damaged())));
}
