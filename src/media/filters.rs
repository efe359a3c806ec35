//! ffmpeg filters for pictures and sound.

use std::process::Stdio;
use std::sync::OnceLock;

use super::process::ffmpeg;

/// Square pixels, and at most 1280 of them in a row: more would cost time and change no decision.
const SIZE: &str = "scale=w=iw*sar:h=ih,scale=w='min(1280,iw)':h=-2,setsar=1";

/// The transfer function of a video of high dynamic range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Perceptual quantizer (SMPTE ST 2084).
    Pq,
    /// Hybrid log-gamma (ARIB STD-B67).
    Hlg,
}

impl Transfer {
    /// By the name that ffprobe gives it; `None`: standard dynamic range.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "smpte2084" => Some(Self::Pq),
            "arib-std-b67" => Some(Self::Hlg),
            _ => None,
        }
    }
}

/// How a video codes its pictures, as far as that asks for filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coding {
    /// `None`: standard dynamic range.
    pub(super) transfer: Option<Transfer>,
    /// Whether parts of it may be transparent.
    pub(super) alpha: bool,
}

impl Coding {
    /// By the names that ffprobe gives transfer function and pixel format.
    pub(super) fn named(transfer: Option<&str>, pixels: Option<&str>) -> Self {
        let alpha = |name: &str| {
            ["rgba", "bgra", "argb", "abgr", "gbrap", "yuva", "ayuv", "vuya", "ya8", "ya16", "pal8"]
                .iter()
                .any(|kind| name.starts_with(kind))
        };
        Self { transfer: transfer.and_then(Transfer::named), alpha: pixels.is_some_and(alpha) }
    }
}

/// What is transparent is shown over white, as in pictures that are read without ffmpeg.
const OVER_WHITE: &str = "format=rgba,split[front][back];[back]lutrgb=r=255:g=255:b=255:a=255[white];\
     [white][front]overlay=format=rgb,";

/// Pictures upright, of the right size, 8 bits of red, green and blue, what is transparent over white. High dynamic range
/// is brought to what a screen shows, where ffmpeg was built for that.
pub(super) fn picture(coding: Coding) -> String {
    let tones = match coding.transfer {
        Some(transfer) if can_map_tones() => tones(transfer),
        _ => String::new(),
    };
    let over = if coding.alpha { OVER_WHITE } else { "" };
    format!("{SIZE},{tones}{over}format=rgb24")
}

fn tones(transfer: Transfer) -> String {
    let transfer = match transfer {
        Transfer::Pq => "smpte2084",
        Transfer::Hlg => "arib-std-b67",
    };
    // Diffuse white has 203 cd/m2 (ITU-R BT.2408); this curve leaves all below it as it is.
    format!(
        "format=yuv444p10le,zscale=tin={transfer}:min=bt2020nc:pin=bt2020:t=linear:npl=203,format=gbrpf32le,\
         zscale=p=bt709,tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv444p,"
    )
}

/// Whether ffmpeg has the filters, which need a library that not every build has.
fn can_map_tones() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let output = ffmpeg().arg("-filters").stdin(Stdio::null()).output();
        let filters = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        filters.is_ok_and(|filters| filters.contains(" zscale ") && filters.contains(" tonemap "))
    })
}

/// Timestamps that never go back: where they do, the stream goes on `step` (in ticks of its own) after what came before.
fn forward(step: &str) -> String {
    format!("PTS+st(0,ld(0)+if(lt(PTS,PREV_INPTS-0.1/TB),PREV_INPTS-PTS+{step},0))")
}

/// Timestamps of pictures that never go back or before 0; `rate`: at most so many pictures a second.
pub(super) fn picture_times(rate: Option<f64>) -> String {
    let times = format!("setpts='{}',trim=start=0", forward("0.04/TB"));
    match rate {
        // The first of each moment of a grid.
        Some(rate) => format!(
            "{times},select='isnan(prev_selected_t)+gt(floor(t*{rate}+0.5),floor(prev_selected_t*{rate}+0.5))'"
        ),
        None => times,
    }
}

/// Timestamps of sound that never go back; ffmpeg mixes more than two channels to two.
pub(super) fn sound_times() -> String {
    let times = forward("NB_SAMPLES");
    format!("asetpts='{times}',atrim=start=0,aformat=channel_layouts=mono|stereo")
}
