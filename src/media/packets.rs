//! Frames and samples as ffmpeg hands them over: Matroska with one track of raw data, for its timestamps.

use std::io::{self, Read};

/// A piece of raw data.
#[derive(Debug, PartialEq)]
pub(super) struct Packet {
    /// Seconds.
    pub(super) t: f64,
    pub(super) bytes: Vec<u8>,
}

/// Reads packet after packet. Of Matroska it knows what ffmpeg makes of one raw track: a file is a row of elements
/// (RFC 8794: an ID, a size, contents), and the few that hold others can be read as if they were not there.
pub(super) struct Packets<R> {
    stream: R,
    /// Milliseconds that the blocks of this cluster count from.
    cluster: u64,
    size: (u32, u32),
    channels: usize,
}

/// Longer elements are no frames that ffmpeg was asked for.
const LARGEST: u64 = 1 << 29;

mod id {
    pub(super) const SEGMENT: u64 = 0x1853_8067;
    pub(super) const TRACKS: u64 = 0x1654_AE6B;
    pub(super) const TRACK: u64 = 0xAE;
    pub(super) const AUDIO: u64 = 0xE1;
    pub(super) const CHANNELS: u64 = 0x9F;
    pub(super) const VIDEO: u64 = 0xE0;
    pub(super) const WIDTH: u64 = 0xB0;
    pub(super) const HEIGHT: u64 = 0xBA;
    pub(super) const CLUSTER: u64 = 0x1F43_B675;
    pub(super) const TIMESTAMP: u64 = 0xE7;
    pub(super) const GROUP: u64 = 0xA0;
    pub(super) const BLOCK: u64 = 0xA1;
    pub(super) const SIMPLE_BLOCK: u64 = 0xA3;
}

impl<R: Read> Packets<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, cluster: 0, size: (0, 0), channels: 1 }
    }

    /// Width and height of pictures, known with the first packet.
    pub(super) fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Channels of sound, known with the first packet.
    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// The next packet; `None` at the end.
    ///
    /// # Errors
    /// The stream breaks off, or is not what it should be.
    pub(super) fn next_packet(&mut self) -> io::Result<Option<Packet>> {
        loop {
            let Some(id) = self.number(true)? else { return Ok(None) };
            let size = self.number(false)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match id {
                id::SEGMENT | id::TRACKS | id::TRACK | id::VIDEO | id::AUDIO | id::CLUSTER | id::GROUP => {}
                id::WIDTH => self.size.0 = self.unsigned(size)? as u32,
                id::CHANNELS => self.channels = self.unsigned(size)? as usize,
                id::HEIGHT => self.size.1 = self.unsigned(size)? as u32,
                id::TIMESTAMP => self.cluster = self.unsigned(size)?,
                id::BLOCK | id::SIMPLE_BLOCK if (4..=LARGEST).contains(&size) => {
                    // Track, time after the cluster's, flags.
                    let mut head = [0; 4];
                    self.stream.read_exact(&mut head)?;
                    let mut bytes = vec![0; size as usize - 4];
                    self.stream.read_exact(&mut bytes)?;
                    let after = i16::from_be_bytes([head[1], head[2]]);
                    let t = (self.cluster as f64 + f64::from(after)) / 1e3;
                    return Ok(Some(Packet { t, bytes }));
                }
                _ if size <= LARGEST => {
                    let skipped = io::copy(&mut self.stream.by_ref().take(size), &mut io::sink())?;
                    if skipped < size {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "no frames of ffmpeg")),
            }
        }
    }

    /// A number as long as the zeros before its first one bit say; `None` at the end of the stream. IDs keep that bit.
    fn number(&mut self, whole: bool) -> io::Result<Option<u64>> {
        let mut first = [0];
        if self.stream.read(&mut first)? == 0 {
            return Ok(None);
        }
        let more = first[0].leading_zeros() as usize;
        if more > 7 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no frames of ffmpeg"));
        }
        let mark = 0x80 >> more;
        let first = if whole { first[0] } else { first[0] & !mark };
        Ok(Some((u64::from(first) << (8 * more)) | self.unsigned(more as u64)?))
    }

    fn unsigned(&mut self, size: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        let bytes = bytes.get_mut(..size as usize).ok_or(io::ErrorKind::InvalidData)?;
        self.stream.read_exact(bytes)?;
        Ok(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_their_times_and_a_torn_one_is_an_error() {
        let segment = [0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        let void = [0xEC, 0x83, 1, 2, 3];
        let video = [0x16, 0x54, 0xAE, 0x6B, 0x8A, 0xAE, 0x88, 0xE0, 0x86, 0xB0, 0x81, 2, 0xBA, 0x81, 1];
        let cluster = [0x1F, 0x43, 0xB6, 0x75, 0x94, 0xE7, 0x82, 0x03, 0xE8];
        let blocks = [0xA3, 0x85, 0x81, 0, 40, 0x80, 7, 0xA0, 0x87, 0xA1, 0x85, 0x81, 0xFF, 0xFF, 0, 8];
        let whole = [&segment[..], &void, &video, &cluster, &blocks].concat();
        let mut packets = Packets::new(&whole[..]);
        assert_eq!(packets.next_packet().unwrap(), Some(Packet { t: 1.04, bytes: vec![7] }));
        assert_eq!(packets.size(), (2, 1));
        assert_eq!(packets.next_packet().unwrap(), Some(Packet { t: 0.999, bytes: vec![8] }));
        assert_eq!(packets.next_packet().unwrap(), None);
        let mut torn = Packets::new(&whole[..whole.len() - 1]);
        assert!(torn.next_packet().unwrap().is_some());
        assert!(torn.next_packet().is_err());
        assert!(Packets::new(&b"no Matroska at all"[..]).next_packet().is_err());
    }
}
