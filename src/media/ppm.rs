//! Single pictures as `ffmpeg` hands them over.

use std::io::{self, Read};

use image::RgbImage;

/// Reads one binary PPM (P6, 8 bits) from a stream of them; `None` at the end of the stream.
pub(crate) fn read_ppm(stream: &mut (impl Read + ?Sized)) -> io::Result<Option<RgbImage>> {
    let mut magic = [0u8; 2];
    if stream.read(&mut magic[..1])? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut magic[1..])?;
    let mut byte = [0u8];
    stream.read_exact(&mut byte)?;
    let mut numbers = [0u32; 3];
    for number in &mut numbers {
        loop {
            stream.read_exact(&mut byte)?;
            let digit @ b'0'..=b'9' = byte[0] else { break };
            *number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
        }
    }
    let [width, height, depth] = numbers;
    let sides = 1..=16_384;
    if &magic != b"P6" || depth != 255 || !sides.contains(&width) || !sides.contains(&height) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no PPM picture"));
    }
    let mut pixels = vec![0; width as usize * height as usize * 3];
    stream.read_exact(&mut pixels)?;
    Ok(RgbImage::from_raw(width, height, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_read_one_after_the_other() {
        let mut stream: &[u8] = b"P6\n2 1\n255\nabcdefP6\n1 1\n255\nxyz";
        assert_eq!(read_ppm(&mut stream).unwrap().unwrap().dimensions(), (2, 1));
        assert_eq!(read_ppm(&mut stream).unwrap().unwrap().into_raw(), b"xyz");
        assert!(read_ppm(&mut stream).unwrap().is_none());
        assert!(read_ppm(&mut &b"P5\n1 1\n255\nx"[..]).is_err());
        assert!(read_ppm(&mut &b"P6\n9 9\n255\nx"[..]).is_err());
    }
}
