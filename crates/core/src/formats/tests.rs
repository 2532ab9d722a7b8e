//! Tiny files of each format. That all layouts equal Pillow's is for `tests/test_formats.py` to say.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::*;

/// 2 x 2 pixels, all of (254, 0, 0): written by Pillow, losslessly.
const WEBP: &[u8] =
    b"RIFF\x1c\x00\x00\x00WEBPVP8L\x0f\x00\x00\x00/\x01@\x00\x00\x07\x10\xf5\x8f\xfe\x07\x22\xa2\xff\x01\x00";

fn png(color: ::png::ColorType, data: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    file
}

fn bmp() -> Vec<u8> {
    let mut file = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x18\0".to_vec();
    file.resize(54, 0);
    file.extend([0, 0, 0, 9, 9, 9, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0]);
    file
}

/// Two colours and no more, the second one transparent.
fn gif() -> Vec<u8> {
    let mut file = b"GIF89a\x02\0\x02\0\x80\0\0\x40\x40\x40\0\0\0".to_vec();
    file.extend(b"!\xf9\x04\x01\0\0\x01\0,\0\0\0\0\x02\0\x02\0\0\x02");
    let codes = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2).encode(&[0, 1, 1, 0]).unwrap();
    file.push(codes.len() as u8);
    file.extend(codes);
    file.extend(b"\0;");
    file
}

fn tiff(orientation: u8) -> Vec<u8> {
    let mut file = b"II*\0\x0c\0\0\0\x01\x02\x03\x04\x07\0".to_vec();
    let tags = [(256, 2), (257, 2), (258, 8), (262, 1), (273, 8), (274, orientation), (277, 1)];
    for (tag, value) in tags {
        file.extend(u16::to_le_bytes(tag));
        file.extend([3, 0, 1, 0, 0, 0, value, 0, 0, 0]);
    }
    file.extend([0; 4]);
    file
}

fn grey(file: &[u8]) -> Vec<u8> {
    decode(file, &Watch::with_pixels(100), Wanted::counts(false)).unwrap().grey.pixels().to_vec()
}

fn files() -> [Vec<u8>; 5] {
    [png(::png::ColorType::Grayscale, &[1, 2, 3, 4], 2, 2), WEBP.to_vec(), gif(), tiff(1), bmp()]
}

#[test]
fn each_format_is_known_by_its_first_bytes() {
    let formats = files().map(|file| decode(&file, &Watch::with_pixels(4), Wanted::counts(true)).unwrap().format);
    assert_eq!(formats, ["PNG", "WEBP", "GIF", "TIFF", "BMP"]);
    assert!(matches!(
        decode(b"\xff\xd8\xff", &Watch::with_pixels(4), Wanted::counts(false)),
        Err(Error::Unsupported(_))
    ));
}

#[test]
fn pixels_are_those_of_the_file() {
    let [png, webp, gif, tiff, bmp] = files();
    assert_eq!(grey(&png), [1, 2, 3, 4]);
    assert_eq!(grey(&webp), [76; 4]);
    assert_eq!(grey(&gif), [64, 255, 255, 64]);
    assert_eq!(grey(&tiff), [1, 2, 3, 4]);
    assert_eq!(grey(&bmp), [76, 255, 0, 9]);
}

#[test]
fn only_lossy_webp_is_slow() {
    assert!(files().iter().all(|file| !is_slow(file)));
    let mut lossy = b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x10\0\0\x9d\x01\x2a\x02\0\x02\0".to_vec();
    assert!(is_slow(&lossy));
    lossy.pop();
    assert!(!is_slow(&lossy));
}

#[test]
fn colors_are_counted() {
    let file = png(::png::ColorType::Rgba, &[255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 255], 3, 1);
    let counts = decode(&file, &Watch::with_pixels(4), Wanted::counts(true)).unwrap().counts.unwrap();
    assert_eq!((counts.classes[0], counts.classes[1], counts.classes[8], counts.total), (1, 1, 1, 3));
    let counts = decode(&gif(), &Watch::with_pixels(4), Wanted::counts(true)).unwrap().counts.unwrap();
    assert_eq!((counts.classes[1], counts.total), (4, 4));
}

#[test]
fn a_tiff_is_turned() {
    assert_eq!(grey(&tiff(3)), [4, 3, 2, 1]);
    assert_eq!(grey(&tiff(6)), [3, 1, 4, 2]);
}

#[test]
fn the_watch_is_asked() {
    let flag = AtomicBool::new(true);
    let cancelled = Watch { cancel: Some(&flag), ..Watch::with_pixels(100) };
    let late = Watch { deadline: Some(Instant::now()), ..Watch::with_pixels(100) };
    for file in files() {
        assert!(matches!(decode(&file, &Watch::with_pixels(3), Wanted::counts(false)), Err(Error::Limit(_))));
        assert!(matches!(decode(&file, &late, Wanted::counts(false)), Err(Error::Limit(_))));
        assert_eq!(decode(&file, &cancelled, Wanted::counts(false)), Err(Error::Cancelled));
    }
}

#[test]
fn cut_files_are_left_to_another_decoder() {
    for file in files() {
        for length in 0..file.len() {
            match decode(&file[..length], &Watch::with_pixels(100), Wanted::counts(true)) {
                Err(Error::Unsupported(_)) => {}
                // The trailer of a GIF, and what follows the pixels of a TIFF, may be missing.
                result => assert!(result.is_ok() && length + 8 > file.len(), "{length} of {file:?}: {result:?}"),
            }
        }
    }
}

#[test]
fn changed_bytes_never_panic() {
    for file in files() {
        for at in 0..file.len() {
            for value in [0, 1, 127, 128, 255] {
                let mut changed = file.clone();
                changed[at] = value;
                let _ = decode(&changed, &Watch::with_pixels(1 << 16), Wanted::counts(true));
            }
        }
    }
}
