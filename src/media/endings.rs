//! How the names of media files end, by what is usually in them: what a folder is searched for.

use std::io;
use std::path::{Path, PathBuf};

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

/// Appends the files of a folder and its sub-folders that end like this, by name; not through links, and nothing hidden.
///
/// # Errors
/// A folder cannot be read.
pub fn search(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // `file_type` does not follow links, since a link to a folder could lead in circles.
        if entry.file_type()?.is_dir() {
            search(&path, endings, files)?;
        } else if has_ending(&path, endings) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
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
