use image::codecs::jpeg::JpegEncoder;
use image::{Rgba, RgbaImage};

use super::*;
use crate::media::process::ffmpeg;

/// Four corners of different colours, wider than high.
fn corners() -> RgbImage {
    RgbImage::from_fn(64, 48, |x, y| match (x < 32, y < 24) {
        (true, true) => Rgb([220, 30, 30]),
        (false, true) => Rgb([30, 220, 30]),
        (true, false) => Rgb([30, 30, 220]),
        (false, false) => Rgb([200, 200, 60]),
    })
}

fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 100).encode_image(picture).unwrap();
    bytes
}

/// A JPEG whose EXIF says how the camera was held, 1 to 8.
fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff =
        [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0];
    let segment = [&[0xff, 0xe1, 0, 2 + 6 + tiff.len() as u8][..], b"Exif\0\0", &tiff].concat();
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The colours of the corners: top left, top right, bottom left, bottom right.
fn colours(picture: &RgbImage) -> [[u8; 3]; 4] {
    let (w, h) = picture.dimensions();
    [(5, 5), (w - 6, 5), (5, h - 6), (w - 6, h - 6)].map(|(x, y)| picture.get_pixel(x, y).0)
}

fn alike(found: [[u8; 3]; 4], expected: [[u8; 3]; 4]) -> bool {
    found.iter().flatten().zip(expected.iter().flatten()).all(|(a, b)| a.abs_diff(*b) <= 6)
}

#[test]
fn pictures_are_turned_as_the_camera_was_held() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c, d] = colours(&corners());
    let expected = [
        [a, b, c, d],
        [b, a, d, c],
        [d, c, b, a],
        [c, d, a, b],
        [a, c, b, d],
        [c, a, d, b],
        [d, b, c, a],
        [b, d, a, c],
    ];
    for (orientation, expected) in (1..).zip(expected) {
        let path = write(folder.path(), "a.jpg", &turned(&jpeg(&corners()), orientation));
        let found = picture(&path).unwrap();
        assert!(alike(colours(&found), expected), "{orientation}: {:?}", colours(&found));
        assert_eq!(found.width() > found.height(), orientation < 5);
    }
    let odd = write(folder.path(), "odd.jpg", &turned(&jpeg(&corners()), 77));
    assert!(alike(colours(&picture(&odd).unwrap()), [a, b, c, d]), "of no meaning");
}

#[test]
fn the_content_counts_and_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.png");
    corners().save(&plain).unwrap();
    let formats = [
        ("png", "image2"),
        ("libwebp", "webp"),
        ("gif", "gif"),
        ("tiff", "image2"),
        ("bmp", "image2"),
        ("ppm", "image2"),
        ("mjpeg", "image2"),
    ];
    for (codec, container) in formats {
        for name in ["p.jpg", "p.png", "p"] {
            let path = folder.path().join(name);
            // Of its own, GIF's palette has no pure colours.
            let palette = "split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse";
            let filter = if codec == "gif" { palette } else { "null" };
            let made = ffmpeg()
                .args([
                    "-i",
                    &plain.to_string_lossy(),
                    "-c:v",
                    codec,
                    "-lossless",
                    "1",
                    "-q:v",
                    "1",
                    "-update",
                    "1",
                    "-vf",
                    filter,
                ])
                .args(["-f", container, "-y"])
                .arg(&path)
                .status();
            assert!(made.unwrap().success(), "{codec}");
            let found = picture(&path).unwrap();
            assert!(alike(colours(&found), colours(&corners())), "{codec} as {name}: {:?}", colours(&found));
            assert!(is_still(&path), "{codec} as {name}");
        }
    }
}

#[test]
fn what_looks_the_same_is_the_same_through_transparent_parts() {
    let folder = tempfile::tempdir().unwrap();
    let shape = |hidden: [u8; 3]| {
        RgbaImage::from_fn(8, 8, |x, _| match x {
            0..3 => Rgba([10, 20, 30, 255]),
            3..5 => Rgba([100, 0, 0, 128]),
            _ => Rgba([hidden[0], hidden[1], hidden[2], 0]),
        })
    };
    let read = |hidden| {
        let path = folder.path().join("a.png");
        shape(hidden).save(&path).unwrap();
        picture(&path).unwrap()
    };
    let found = read([0; 3]);
    assert_eq!(found, read([255, 0, 77]));
    assert_eq!([0, 4, 7].map(|x| found.get_pixel(x, 0).0), [[10, 20, 30], [177, 127, 127], [255; 3]]);
}

#[test]
fn sixteen_bits_and_grey_are_brought_to_eight_bits_of_three_colours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    image::ImageBuffer::from_pixel(4, 4, image::Rgb([0xffffu16, 0x8000, 0x0100])).save(&path).unwrap();
    assert_eq!(picture(&path).unwrap().get_pixel(0, 0).0, [255, 128, 1]);
    image::ImageBuffer::from_pixel(4, 4, image::LumaA([90u8, 255])).save(&path).unwrap();
    assert_eq!(picture(&path).unwrap().get_pixel(0, 0).0, [90; 3]);
}

#[test]
fn of_an_animation_the_first_frame_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    for (name, more) in
        [("a.gif", &[][..]), ("a.webp", &["-lossless", "1", "-loop", "0"]), ("a.png", &["-f", "apng"])]
    {
        let path = folder.path().join(name);
        let source = "color=red:s=64x48:d=1:r=5,drawbox=enable='gte(n,1)':color=blue:t=fill";
        let made = ffmpeg().args(["-f", "lavfi", "-i", source]).args(more).arg("-y").arg(&path).status();
        assert!(made.unwrap().success());
        let [red, _, blue] = picture(&path).unwrap().get_pixel(30, 20).0;
        assert!(red > 240 && blue < 15, "{name}");
    }
}

#[test]
fn printers_colours_are_shown_as_screens_colours() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.jpg", &cmyk([200, 60, 30, 255]));
    let found = picture(&path).unwrap().get_pixel(4, 4).0;
    assert!(found.iter().zip([200u8, 60, 30]).all(|(a, b)| a.abs_diff(b) <= 4), "{found:?}");
}

/// A JPEG of 8 x 8 pixels in one colour of four channels, inverted as Adobe writes them.
fn cmyk(values: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        bytes.extend([0xff, marker, 0, content.len() as u8 + 2]);
        bytes.extend(content);
    };
    segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    segment(0xdb, &[&[0][..], &[1; 64]].concat());
    segment(0xc0, &[8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0]);
    // Twelve codes of four bits, one for each length of a constant; and one of a bit: nothing but the constant.
    let lengths =
        |at: usize, count: u8| std::array::from_fn::<u8, 16, _>(|n| if n == at { count } else { 0 });
    segment(0xc4, &[&[0x00][..], &lengths(3, 12), &(0..12).collect::<Vec<u8>>()].concat());
    segment(0xc4, &[&[0x10][..], &lengths(0, 1), &[0]].concat());
    segment(0xda, &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]);
    let mut bits = String::new();
    for value in values {
        let constant = (i32::from(value) - 128) * 8;
        let length = (32 - constant.unsigned_abs().leading_zeros()) as usize;
        let coded = if constant < 0 { constant + (1 << length) - 1 } else { constant };
        bits += &format!("{length:04b}");
        if length > 0 {
            bits += &format!("{coded:0length$b}");
        }
        bits.push('0');
    }
    while !bits.len().is_multiple_of(8) {
        bits.push('1');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

#[test]
fn what_is_no_picture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.jpg", b"no picture at all");
    let error = picture(&path).unwrap_err().to_string();
    assert!(error.contains("a.jpg cannot be read"), "{error}");
    assert!(!is_still(&path) && !is_still(folder.path()) && !is_still(Path::new("/nonexistent")));
    let cut = &jpeg(&corners())[..200];
    assert!(picture(&write(folder.path(), "b.jpg", cut)).is_err());
}

/// ffmpeg takes such names for those of a series, and would read its first picture.
#[test]
fn a_percent_sign_is_part_of_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, color: &str| {
        let path = folder.path().join(name);
        let source = format!("color={color}:s=64x48:d=1");
        let made = ffmpeg()
            .args(["-f", "lavfi", "-i", &source, "-frames:v", "1", "-c:v", "jpeg2000"])
            .args(["-f", "image2pipe"])
            .arg(format!("file:{}", path.display()))
            .status();
        assert!(made.unwrap().success());
        path
    };
    make("1.jp2", "red");
    for name in ["%d.jp2", "%01d.jp2", "50%.jp2", "%*.jp2"] {
        let [r, _, b] = picture(&make(name, "blue")).unwrap().get_pixel(20, 20).0;
        assert!(b > 200 && r < 60, "{name}: red {r}, blue {b}");
    }
}

#[test]
fn what_is_transparent_is_white_whoever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    // The right half is red, and cannot be seen.
    let hidden =
        RgbaImage::from_fn(
            64,
            48,
            |x, _| if x < 32 { Rgba([30, 30, 220, 255]) } else { Rgba([255, 0, 0, 0]) },
        );
    let path = folder.path().join("a.png");
    hidden.save(&path).unwrap();
    let expected = colours(&picture(&path).unwrap());
    assert_eq!(expected[1], BEHIND);
    for name in ["a.qoi", "a.mov"] {
        let other = folder.path().join(name);
        let codec: &[&str] = if name == "a.mov" { &["-c:v", "qtrle", "-pix_fmt", "argb"] } else { &[] };
        assert!(ffmpeg().arg("-i").arg(&path).args(codec).arg(&other).status().unwrap().success());
        let found = colours(&picture(&other).unwrap());
        assert!(alike(found, expected), "{name}: {found:?}");
    }
}
