//! Galleries as files, and the names of what plays in the virtual studio.

use super::*;

const MODEL: &str = "b7f0ae0ae950aaaa";

/// A recording of `count` moments around a direction, and two of quiet.
fn recording(direction: f32, count: usize) -> Recording {
    let signature = |n: usize| {
        let angle = direction + n as f32 * 0.01;
        Signature::from_values(vec![angle.cos(), angle.sin(), angle.sin(), angle.cos()])
    };
    let examples = (0..count).map(|n| Example { t: n as f64 * 0.25, signature: signature(n) });
    Recording { examples: examples.collect(), quiet: vec![signature(200), signature(201)] }
}

fn gallery() -> Gallery {
    let mut gallery = Gallery::new(MODEL);
    gallery.enroll("bell", recording(0.0, 12), false).unwrap();
    gallery.enroll("Grandma's clock", recording(0.8, 9), false).unwrap();
    gallery
}

fn similar_to(direction: f32) -> Signature {
    recording(direction, 1).examples.remove(0).signature
}

#[test]
fn a_moment_gets_the_name_that_it_is_most_like() {
    let gallery = gallery();
    let name = |direction| gallery.name(&similar_to(direction)).map(|named| named.name);
    assert_eq!(name(0.05), Some("bell"));
    assert_eq!(name(0.85), Some("Grandma's clock"));
    assert_eq!(name(0.45), None, "about as near to both");
    assert_eq!(name(2.5), None);
    assert_eq!(gallery.recalled("bell"), [12, 12]);
    assert_eq!(gallery.recalled("drum"), [0, 0]);
    assert!(Gallery::new(MODEL).name(&similar_to(0.0)).is_none());
}

#[test]
fn names_are_replaced_added_to_and_removed() {
    let mut gallery = gallery();
    let examples = |gallery: &Gallery| gallery.entry("bell").unwrap().examples().len();
    gallery.enroll("bell", recording(1.6, 10), true).unwrap();
    assert_eq!(examples(&gallery), 22);
    let name =
        |gallery: &Gallery, direction| gallery.name(&similar_to(direction)).map(|n| n.name.to_string());
    assert_eq!(name(&gallery, 0.05).as_deref(), Some("bell"));
    assert_eq!(name(&gallery, 1.65).as_deref(), Some("bell"));
    gallery.enroll("bell", recording(1.6, 10), false).unwrap();
    assert_eq!(examples(&gallery), 10);
    assert_eq!(name(&gallery, 0.05), None);
    gallery.remove("bell").unwrap();
    let error = gallery.remove("bell").unwrap_err().to_string();
    assert!(error.contains("bell") && error.contains("Grandma's clock"), "{error}");
    assert_eq!(gallery.entries().map(|(name, _)| name).collect::<Vec<_>>(), ["Grandma's clock"]);
}

#[cfg(feature = "enroll")]
#[test]
fn a_file_comes_back_as_it_was_and_only_for_its_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/gallery.safetensors");
    for gallery in [gallery(), Gallery::new(MODEL)] {
        gallery.save(&path).unwrap();
        assert_eq!(Gallery::load(&path, MODEL).unwrap(), gallery);
    }
    let entries = std::fs::read_dir(path.parent().unwrap()).unwrap();
    assert_eq!(entries.count(), 1, "nothing is left beside it");

    let error = Gallery::load(&path, "0123456789abcdef").unwrap_err();
    assert!(matches!(error, GalleryError::OtherModel { .. }));
    let error = error.to_string();
    for told in ["gallery.safetensors", "b7f0ae0ae950", "0123456789ab", "enroll"] {
        assert!(error.contains(told), "{told} is missing in: {error}");
    }
    let missing = Gallery::load(&folder.path().join("none"), MODEL).unwrap_err().to_string();
    assert!(missing.contains("none") && missing.contains("lookhear enroll"), "{missing}");
    let unwritable = gallery().save(&path.join("below/a-file")).unwrap_err().to_string();
    assert!(unwritable.contains("a-file") && unwritable.contains("--gallery"), "{unwritable}");
}

#[cfg(feature = "enroll")]
/// The bytes of a small gallery.
fn bytes() -> &'static [u8] {
    static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gallery");
        gallery().save(&path).unwrap();
        std::fs::read(&path).unwrap()
    })
}

#[cfg(feature = "enroll")]
#[test]
fn a_file_that_was_changed_or_cut_off_is_refused() {
    let refused = |bytes: &[u8], how: &str| match file::decode(bytes, "the/file") {
        Err(error) => assert!(error.to_string().contains("the/file"), "{how}: {error}"),
        Ok(_) => panic!("{how} went unnoticed"),
    };
    assert_eq!(file::decode(bytes(), "the/file").unwrap(), gallery());
    for at in 0..bytes().len() {
        refused(&bytes()[..at], &format!("an end at {at}"));
        let mut changed = bytes().to_vec();
        changed[at] ^= 1;
        refused(&changed, &format!("a changed byte at {at}"));
    }
    refused(&[bytes(), b"x"].concat(), "a byte more");
    refused(b"not a gallery", "text");
}

#[test]
fn names_that_nobody_could_read_are_refused() {
    for good in ["a", "Grandma's clock", "Cello 2", "ツリー", "Käuzchen (jung)", &"n".repeat(LONGEST_NAME)]
    {
        assert!(check_name(good).is_ok(), "{good}");
    }
    let long = "n".repeat(LONGEST_NAME + 1);
    for bad in ["", " a", "a ", "a\nb", "a\tb", "a\u{202e}b", "a\u{200b}b", "\u{7}", "a\u{a0}b", &long] {
        let error = Gallery::new(MODEL).enroll(bad, recording(0.0, 1), false).unwrap_err().to_string();
        assert!(error.contains("cannot be used") && !error.contains('\n'), "{error}");
    }
}
