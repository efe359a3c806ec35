//! Inputs: a file, an address that the user gave, or standard input; and what an input may open in turn.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::endings::has_ending;

/// Where media comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, whatever its name looks like; also a FIFO or a descriptor, which are read once.
    File(PathBuf),
    /// An address that the user gave. It may name other addresses, but no file of this machine.
    Address(String),
    /// Standard input.
    Standard,
}

/// How long a source may deliver nothing before it is given up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Protocols of addresses: none of them opens a file of this machine.
const NETWORK: &str = "http,https,httpproxy,tls,tcp,udp,udplite,rtp,srtp,srt,rist,sctp,prompeg,icecast,\
     rtmp,rtmpe,rtmps,rtmpt,rtmpte,rtmpts,ffrtmpcrypt,ffrtmphttp,mmsh,mmst,ftp,sftp,crypto,data";

/// Formats that hold what they show. Not among them: playlists and all else that names further files or addresses
/// (hls, dash, concat, sdp, imf, scripts).
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,flv,live_flv,kux,asf,asf_o,\
     ogg,wtv,mxf,gxf,lxf,nut,nuv,rm,ivr,dv,ivf,obu,av1,h261,h263,h264,hevc,vvc,evc,m4v,mjpeg,mjpeg_2000,mpjpeg,vc1,vc1test,dirac,\
     cavsvideo,avs2,avs3,dnxhd,yuv4mpegpipe,swf,amv,dhav,ty,pva,moflex,xmv,bink,smk,roq,flic,ea,film_cpk,thp,4xm,wc3movie,\
     wav,w64,mp3,aac,loas,flac,aiff,au,caf,ac3,eac3,ac4,dts,dtshd,truehd,mlp,amr,amrnb,amrwb,ape,tta,tak,wv,mpc,mpc8,oma,aa,aax,\
     aea,act,voc,qcp,gsm,g722,g723_1,g726,g726le,g729,ircam,nistsphere,sox,avr,dsf,iff,shn,spdif,xwma,mmf,paf,pvf,rso,svs,sds,hca,\
     rf64,codec2,adx,vag,vqf,xa,tty,apng,gif,image2,image2pipe,ico,fits,webp_pipe,png_pipe,jpeg_pipe,jpegls_pipe,jpegxl_pipe,\
     jpegxl_anim,j2k_pipe,tiff_pipe,bmp_pipe,dpx_pipe,exr_pipe,gem_pipe,gif_pipe,hdr_pipe,pam_pipe,pbm_pipe,pcx_pipe,pfm_pipe,pgm_pipe,\
     pgmyuv_pipe,phm_pipe,photocd_pipe,pictor_pipe,ppm_pipe,psd_pipe,qdraw_pipe,qoi_pipe,sgi_pipe,sunrast_pipe,vbn_pipe,\
     xbm_pipe,xpm_pipe,xwd_pipe,dds_pipe,cri_pipe,alias_pix,brender_pix";

static TRUSTED: AtomicBool = AtomicBool::new(false);

/// From now on playlists are followed, wherever they lead: the user trusts every input (`--allow-network`).
pub fn allow_network() {
    TRUSTED.store(true, Ordering::Relaxed);
}

/// Whether [`allow_network`] was called.
pub fn is_network_allowed() -> bool {
    TRUSTED.load(Ordering::Relaxed)
}

impl Input {
    /// What the user typed: `-` for standard input, an address with `://`, or else a file. A file that has the very
    /// name is a file.
    pub fn typed(name: impl AsRef<OsStr>) -> Self {
        let name = name.as_ref();
        let path = Path::new(name);
        match name.to_str() {
            Some("-" | "/dev/stdin" | "/dev/fd/0") => Self::Standard,
            Some(text) if text.contains("://") && !path.exists() => match text.strip_prefix("file://") {
                Some(file) => Self::File(file.into()),
                None => Self::Address(text.into()),
            },
            _ => Self::File(path.into()),
        }
    }

    /// A name from a list: a file, unless the network is allowed.
    pub fn listed(name: impl AsRef<OsStr>) -> Self {
        if is_network_allowed() { Self::typed(name) } else { Self::File(name.as_ref().into()) }
    }

    /// Whether it can be read twice: a regular file, no pipe and no stream.
    pub fn is_regular(&self) -> bool {
        // A missing file is passed on, so that opening it gives the system's error.
        matches!(self, Self::File(path) if std::fs::metadata(path).map_or(true, |file| file.is_file()))
    }

    /// Adds this input to a command, with what may be opened on its behalf.
    pub(super) fn add_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let (protocols, formats) = match self {
            _ if is_network_allowed() => (format!("file,pipe,fd,{NETWORK}"), None),
            Self::File(_) => ("file".into(), Some(FORMATS)),
            Self::Standard => ("pipe,fd".into(), Some(FORMATS)),
            Self::Address(_) => (NETWORK.into(), None),
        };
        command.args(["-protocol_whitelist", &protocols]);
        if let Some(formats) = formats {
            command.args(["-format_whitelist", formats]);
        }
        if matches!(self, Self::File(path) if is_pattern(path)) {
            command.args(["-f", "image2", "-pattern_type", "none"]);
        }
        command.arg("-i").arg(self.argument())
    }

    /// As ffmpeg takes it: no name of a file is ever read as a protocol or an option.
    fn argument(&self) -> OsString {
        match self {
            Self::File(path) => {
                let mut argument = OsString::from("file:");
                argument.push(path);
                argument
            }
            Self::Address(address) => address.into(),
            Self::Standard => "pipe:0".into(),
        }
    }
}

/// Endings of pictures that ffmpeg takes for a numbered series if a `%` is in the name.
const SERIES: [&str; 44] = [
    "bmp", "dds", "dpx", "exr", "gem", "hdr", "im1", "im24", "im32", "im8", "j2c", "j2k", "jls", "jp2",
    "jpc", "jpeg", "jpg", "jxl", "ljpg", "pam", "pbm", "pcd", "pcx", "pfm", "pgm", "pgmyuv", "phm", "pic",
    "pix", "png", "pnm", "ppm", "psd", "qoi", "ras", "sgi", "sun", "tga", "tif", "tiff", "webp", "xbm",
    "xpm", "xwd",
];

/// Whether ffmpeg would read other files in place of this one.
fn is_pattern(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().contains(&b'%') && has_ending(path, &SERIES)
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Address(address) => write!(f, "{address}"),
            Self::Standard => write!(f, "standard input"),
        }
    }
}

impl From<&Self> for Input {
    fn from(input: &Self) -> Self {
        input.clone()
    }
}

/// As the user typed it.
impl From<&str> for Input {
    fn from(name: &str) -> Self {
        Self::typed(name)
    }
}

/// A file.
impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Self::File(path.into())
    }
}

/// A file.
impl From<&PathBuf> for Input {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn names_of_files_are_files_whatever_they_look_like() {
        for name in ["12:30:05.mp4", "-o.mp4", "%03d.mp4", "pipe:0", "concat:a|b", "a\nb.mp4"] {
            assert_eq!(Input::typed(name), Input::File(name.into()));
            assert_eq!(Input::typed(name).argument(), *format!("file:{name}"));
        }
        let bytes = OsStr::from_bytes(b"Stra\xdfe.wav");
        assert_eq!(Input::typed(bytes).argument().as_bytes(), b"file:Stra\xdfe.wav");
        assert_eq!(Input::typed("file:///a/b.mp4"), Input::File("/a/b.mp4".into()));
        assert_eq!(Input::typed("rtsp://camera/1"), Input::Address("rtsp://camera/1".into()));
        assert_eq!(Input::from(Path::new("rtsp://camera/1")), Input::File("rtsp://camera/1".into()));
        assert_eq!(Input::typed("-"), Input::Standard);
    }

    #[test]
    fn what_reads_further_files_is_on_no_list() {
        let formats: Vec<&str> = FORMATS.split(',').collect();
        assert!(formats.iter().all(|name| !name.is_empty() && !name.contains(' ')), "{FORMATS}");
        for name in ["hls", "dash", "concat", "sdp", "imf", "rtsp", "lavfi", "webm_dash_manifest", "vobsub"] {
            assert!(!formats.contains(&name), "{name}");
        }
        let protocols: Vec<&str> = NETWORK.split(',').collect();
        for name in ["file", "concat", "subfile", "pipe", "fd", "unix", "cache", "async"] {
            assert!(!protocols.contains(&name), "{name}");
        }
    }
}
