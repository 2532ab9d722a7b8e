//! WebP by the `image-webp` crate: lossy, lossless, with alpha, and the first frame of an animation.
//!
//! The crate blends an animation's first frame with an empty canvas, which rounds; Pillow (by libwebp) copies
//! it. So the crate is always given a file of one still picture, which for all but the simplest files is put
//! together here from the parts that count.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::canvas::{Canvas, check_size};
use super::paint::rgba_on_white;
use super::webp_layout::{Coding, Layout};
use super::{Decoded, other};
use crate::color::Wanted;
use crate::error::Result;
use crate::exif;
use crate::watch::Watch;

/// Pixels between two looks at the watch.
const STRIP: usize = 1 << 16;
/// Pixels above which a lossy picture is decoded here: Pillow takes 17 bytes a pixel for it, this reader 7.
const MOST_ELSEWHERE: usize = 24_000_000;

/// Decodes a WebP file.
///
/// # Errors
/// See [`super::decode`].
pub fn decode(bytes: &[u8], watch: &Watch<'_>, wanted: Wanted) -> Result<Decoded> {
    let layout = Layout::read(bytes)?;
    check_size(layout.width, layout.height, watch)?;
    watch.check_memory(layout.memory())?;
    watch.check()?;
    let pixels = decode_still(&still_file(&layout), &layout)?;
    let mut canvas = Canvas::new(layout.width, layout.height, watch, wanted)?;
    for strip in pixels.chunks(STRIP * layout.bytes_per_pixel()) {
        watch.check()?;
        match (layout.bytes_per_pixel(), layout.alpha) {
            (3, _) => canvas.push_as_rgb(
                strip,
                #[inline(always)]
                |pixel: [u8; 3]| pixel,
            ),
            (_, false) => canvas.push_rgbx(strip),
            _ => canvas.push_as_rgb(strip, rgba_on_white),
        }
    }
    canvas.finish(exif::orientation(layout.exif, layout.xmp), "WEBP")
}

/// Whether it is a WebP file with a lossy (first) picture that is not very large.
pub fn is_lossy(bytes: &[u8]) -> bool {
    Layout::read(bytes)
        .is_ok_and(|layout| layout.coding == Coding::Lossy && layout.width * layout.height <= MOST_ELSEWHERE)
}

fn broken(error: DecodingError) -> crate::Error {
    other(format_args!("a WebP file that the decoder refuses ({error})"))
}

fn decode_still(file: &[u8], layout: &Layout<'_>) -> Result<Vec<u8>> {
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(broken)?;
    let length = layout.width * layout.height * layout.bytes_per_pixel();
    if decoder.output_buffer_size() != Some(length) {
        return Err(other("a WebP file whose parts differ in size"));
    }
    decoder.set_memory_limit(length);
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels).map_err(broken)?;
    Ok(pixels)
}

/// A file with nothing but the picture in it.
fn still_file(layout: &Layout<'_>) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    if let Some(alpha) = layout.packed_alpha {
        let mut header = vec![0x10, 0, 0, 0];
        header.extend_from_slice(&(layout.width as u32 - 1).to_le_bytes()[..3]);
        header.extend_from_slice(&(layout.height as u32 - 1).to_le_bytes()[..3]);
        push_chunk(&mut file, b"VP8X", &header);
        push_chunk(&mut file, b"ALPH", alpha);
    }
    match layout.coding {
        Coding::Lossy => push_chunk(&mut file, b"VP8 ", layout.pixels),
        Coding::Lossless => {
            push_chunk(&mut file, b"VP8L", layout.pixels);
            // The bit that says "has alpha": with it the crate decodes without a second copy of all pixels.
            file[12 + 8 + 4] |= 0x10;
        }
    }
    let length = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}

fn push_chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend_from_slice(name);
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(data);
    file.resize(file.len().next_multiple_of(2), 0);
}
