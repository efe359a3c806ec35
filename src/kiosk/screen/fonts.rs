//! Finding a font that has the letters of a language.

use std::path::PathBuf;

use cosmic_text::FontSystem;
use cosmic_text::fontdb::{Database, FaceInfo, Style, Weight};

use super::error::ScreenError;
use crate::language::Language;

/// Fonts, and the family among them to write with.
pub(super) struct Found {
    pub(super) fonts: FontSystem,
    pub(super) family: String,
    /// The weights of the family that are nearest to normal and to bold.
    pub(super) weights: [Weight; 2],
}

/// Loads the fonts - files and folders, or those of the system if none are named - and chooses the first
/// preferred family that can write the language, or else any that can.
pub(super) fn find(
    preferred: &[String],
    language: &Language,
    files: &[PathBuf],
) -> Result<Found, ScreenError> {
    let database = database(files)?;
    let letters = language.letters();
    let package = package(&letters);
    if database.is_empty() {
        return Err(ScreenError::NoFont { package });
    }
    let mut fonts = FontSystem::new_with_locale_and_db(language.code.clone(), database);
    let mut others: Vec<String> =
        fonts.db().faces().filter_map(|face| Some(face.families.first()?.0.clone())).collect();
    others.sort();
    others.dedup();
    let mut fewest: Option<Vec<char>> = None;
    for family in preferred.iter().chain(&others) {
        let Some((weights, missing)) = examine(&mut fonts, family, &letters) else { continue };
        if missing.is_empty() {
            return Ok(Found { fonts, family: family.clone(), weights });
        }
        if fewest.as_ref().is_none_or(|fewest| missing.len() < fewest.len()) {
            fewest = Some(missing);
        }
    }
    let missing = fewest.unwrap_or(letters).into_iter().take(8).collect();
    Err(ScreenError::Letters { language: language.language.clone(), missing, package })
}

/// The fonts of files and folders, or of the system if none are named.
fn database(files: &[PathBuf]) -> Result<Database, ScreenError> {
    let mut database = Database::new();
    if files.is_empty() {
        database.load_system_fonts();
    }
    for path in files {
        let before = database.len();
        if path.is_dir() {
            database.load_fonts_dir(path);
        } else {
            // A file that is no font adds nothing, which is told below.
            let _ = database.load_font_file(path);
        }
        if database.len() == before {
            return Err(ScreenError::FontFile { path: path.clone() });
        }
    }
    Ok(database)
}

/// The weights of an upright family that are nearest to normal and bold, and the letters that it lacks;
/// `None` if there is no such family.
fn examine(fonts: &mut FontSystem, family: &str, letters: &[char]) -> Option<([Weight; 2], Vec<char>)> {
    let upright = |face: &&FaceInfo| {
        face.style == Style::Normal && face.families.iter().any(|(name, _)| name == family)
    };
    let faces: Vec<_> = fonts.db().faces().filter(upright).map(|face| (face.weight, face.id)).collect();
    let nearest =
        |wanted: Weight| faces.iter().min_by_key(|(weight, _)| weight.0.abs_diff(wanted.0)).copied();
    let (normal, bold) = (nearest(Weight::NORMAL)?, nearest(Weight::BOLD)?);
    let mut missing = Vec::new();
    for (weight, id) in [normal, bold] {
        let font = fonts.get_font(id, weight)?;
        let known = font.as_swash().charmap();
        missing.extend(letters.iter().filter(|letter| known.map(**letter) == 0));
    }
    missing.sort_unstable();
    missing.dedup();
    Some(([normal.0, bold.0], missing))
}

/// The package of Debian whose fonts have these letters.
fn package(letters: &[char]) -> &'static str {
    // Han, Kana and Hangul begin here; what lies below has alphabets.
    match letters.last() {
        Some('\u{2e80}'..) => "fonts-noto-cjk",
        Some('\u{0530}'..) => "fonts-noto-core",
        _ => "fonts-dejavu-core",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The file of the font that the tests without other fonts use.
    pub(in crate::kiosk::screen) fn latin_font() -> PathBuf {
        let mut database = Database::new();
        database.load_system_fonts();
        let face = database.faces().find(|face| face.families.iter().any(|(name, _)| name == "DejaVu Sans"));
        match face.expect("the package fonts-dejavu-core is installed").source.clone() {
            cosmic_text::fontdb::Source::File(path) | cosmic_text::fontdb::Source::SharedFile(path, _) => {
                path
            }
            cosmic_text::fontdb::Source::Binary(_) => unreachable!("fonts of the system are files"),
        }
    }

    #[test]
    fn a_language_without_letters_names_what_to_install() {
        let chinese = Language::built_in("zh").expect("Chinese");
        let error = find(&["DejaVu Sans".into()], &chinese, &[latin_font()]).err();
        let message = error.expect("it has no Chinese letters").to_string();
        assert!(message.contains("fonts-noto-cjk") && message.contains("中文"), "{message}");
        assert_eq!(package(&['a', 'ä']), "fonts-dejavu-core");
        assert_eq!(package(&['a', 'ह']), "fonts-noto-core");
    }

    #[test]
    fn a_file_that_is_no_font_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let english = Language::built_in("en").expect("English");
        for path in [folder.path().to_path_buf(), folder.path().join("none.ttf")] {
            let error = find(&[], &english, std::slice::from_ref(&path)).err().expect("no font");
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        }
    }
}
