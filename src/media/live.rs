//! Streams as they come: network cameras, and files that stand in for devices.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::process::{ChildStdout, Command, Stdio};

use command_fds::{CommandFdExt, FdMapping};

use super::filters;
use super::process::{Process, ffmpeg, missing};
use super::timeline::Stream;
use super::{FRAME_RATE, Input, MediaError};
use crate::preprocess::SAMPLE_RATE;

/// Starts reading one stream of an address as it comes, or of a file at its own pace, again and again: pictures as
/// binary PPM, as many as there are but at most [`FRAME_RATE`] a second, or stereo samples.
///
/// # Errors
/// `ffmpeg` cannot be started.
pub(crate) fn live(name: &str, stream: Stream) -> Result<(Process, ChildStdout), MediaError> {
    let input = Input::typed(name);
    let mut command = reader(&input);
    match stream {
        Stream::Picture => picture_output(&mut command, &input, "pipe:1")?,
        Stream::Sound => sound_output(&mut command, "pipe:1"),
    }
    Process::start(command, name)
}

/// As [`live`], but both streams, by one process: what belongs together comes together. Pictures come first.
///
/// # Errors
/// As [`live`].
pub(crate) fn live_both(name: &str) -> Result<(Process, ChildStdout, PipeReader), MediaError> {
    let input = Input::typed(name);
    let mut command = reader(&input);
    picture_output(&mut command, &input, "pipe:1")?;
    sound_output(&mut command, "pipe:3");
    let (sound, writer) = io::pipe().map_err(missing("ffmpeg"))?;
    command
        .fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(writer), child_fd: 3 }])
        .map_err(|e| missing("ffmpeg")(io::Error::other(e)))?;
    let (process, pictures) = Process::start(command, name)?;
    Ok((process, pictures, sound))
}

fn reader(input: &Input) -> Command {
    let mut command = ffmpeg();
    command.args(["-max_error_rate", "1"]);
    if matches!(input, Input::File(_)) {
        command.args(["-re", "-stream_loop", "-1"]);
    }
    // With frame threads, ffmpeg would delay the stream by one frame per thread.
    command.args(["-flags", "low_delay", "-threads", "1"]);
    input.add_to(&mut command).stdin(Stdio::null());
    command
}

fn picture_output(command: &mut Command, input: &Input, pipe: &str) -> Result<(), MediaError> {
    // An address is not probed first: some cameras serve only one reader.
    let coding = if input.is_regular() { super::probe::coding(input)? } else { filters::Coding::default() };
    let times = filters::picture_times(Some(f64::from(FRAME_RATE)));
    let filter = format!("{times},{}", filters::picture(coding));
    command.args(["-map", "0:v:0", "-vf", &filter, "-enc_time_base", "1:1000"]);
    // Frames are passed on as they come; at a constant rate, each would be repeated a thousand times a second.
    command.args(["-fps_mode", "passthrough", "-c:v", "ppm", "-f", "image2pipe", pipe]);
    Ok(())
}

fn sound_output(command: &mut Command, pipe: &str) {
    let rate = SAMPLE_RATE.to_string();
    command.args(["-map", "0:a:0", "-ar", &rate, "-ac", "2", "-f", "f32le", pipe]);
}
