//! How the names of media files end, by what is usually in them: what a folder is searched for.

use std::path::Path;

/// Picture and sound.
pub const VIDEOS: [&str; 25] = [
    "mp4", "mkv", "webm", "mov", "avi", "m4v", "mpg", "mpeg", "m2v", "vob", "ts", "mts", "m2ts", "ogv",
    "ogm", "3gp", "3g2", "flv", "f4v", "wmv", "asf", "divx", "dv", "mxf", "qt",
];

/// Sound alone.
pub const SOUNDS: [&str; 10] = ["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "aiff", "wma"];

/// One picture.
pub const PICTURES: [&str; 7] = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"];

/// Whether a name ends so, in small or capital letters.
pub fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.contains(&ending.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capital_letters_do_not_matter_and_the_last_ending_counts() {
        assert!(has_ending(Path::new("a/CLIP.MP4"), &VIDEOS));
        assert!(!has_ending(Path::new("a/clip.mp4.txt"), &VIDEOS));
        assert!(!has_ending(Path::new("mp4"), &VIDEOS));
    }
}
