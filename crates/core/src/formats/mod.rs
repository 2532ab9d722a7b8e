//! Formats other than JPEG, decoded straight to a grey plane and colour counts.
//!
//! The result is that of Pillow under recipe `standard`, in every pixel: the first frame, turned as its EXIF
//! orientation says, alpha laid on white, 16 bits cut to the upper 8. The readers are strict: they walk
//! through the container themselves, and whatever they do not know exactly, be it a rare layout or the least
//! damage, is [`Error::Unsupported`]. Then the caller asks Pillow, and a broken file keeps Pillow's answer.

mod bmp;
mod canvas;
mod fields;
mod gif;
mod paint;
mod png;
mod png_chunks;
#[cfg(test)]
mod tests;
mod tiff;
mod tiff_layout;
mod tiff_source;
mod webp;
mod webp_layout;

use crate::color::{Counts, Wanted};
use crate::error::{Error, Result};
use crate::look::colour::Tint;
use crate::plane::Plane;
use crate::watch::Watch;

/// A picture as the hashes need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The grey plane, already turned, with what it lacks if that was asked for.
    pub grey: Plane,
    /// The colour counts, if they were asked for.
    pub counts: Option<Counts>,
    /// The coarse colours, already turned, if they were asked for and there are any.
    pub tint: Option<Tint>,
    /// Pixels in a row, after turning.
    pub width: usize,
    /// Number of rows, after turning.
    pub height: usize,
    /// Pillow's name of the file format.
    pub format: &'static str,
}

/// Decodes a PNG, WebP, GIF, TIFF or BMP file, whichever it is.
///
/// # Errors
/// [`Error::Limit`] or [`Error::Cancelled`] from `watch`; [`Error::Unsupported`] for all that is left to
/// another decoder, broken files included.
pub fn decode(bytes: &[u8], watch: &Watch<'_>, wanted: Wanted) -> Result<Decoded> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png::decode(bytes, watch, wanted),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp::decode(bytes, watch, wanted),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::decode(bytes, watch, wanted),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => tiff::decode(bytes, watch, wanted),
        [b'B', b'M', ..] => bmp::decode(bytes, watch, wanted),
        _ => Err(other("a format without a reader")),
    }
}

/// Whether another decoder, where there is one, is the better choice: for lossy WebP, which libwebp with its vector
/// code decodes two to four times as fast as the crate does.
pub fn is_slow(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && webp::is_lossy(bytes)
}

/// The error that sends the caller to another decoder.
fn other(what: impl std::fmt::Display) -> Error {
    Error::Unsupported(format!("expected a picture of a common layout, got {what}"))
}
