//! The chunks of a WebP file: where its (first) picture is, and what libwebp's demuxer would refuse.

use super::fields::{array, le16, le24, le32, slice};
use super::other;
use crate::error::Result;

const ANIMATION: u8 = 0x02;
const XMP: u8 = 0x04;
const EXIF: u8 = 0x08;
const ALPHA: u8 = 0x10;
const PROFILE: u8 = 0x20;

/// How the pixels are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Lossy,
    Lossless,
}

/// What counts of a WebP file.
#[derive(Debug)]
pub struct Layout<'a> {
    pub width: usize,
    pub height: usize,
    /// Whether Pillow sees an alpha channel.
    pub alpha: bool,
    pub coding: Coding,
    pub pixels: &'a [u8],
    /// The alpha of a lossy picture, if it has any.
    pub packed_alpha: Option<&'a [u8]>,
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
}

/// A picture's chunks, and what they say of it.
struct Bitstream<'a> {
    coding: Coding,
    pixels: &'a [u8],
    packed_alpha: Option<&'a [u8]>,
    width: usize,
    height: usize,
    alpha: bool,
}

impl<'a> Layout<'a> {
    /// Walks through the whole file.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error) if it is damaged or put together in a rare way.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let chunks = chunks_of(slice(bytes, 12, le32(bytes, 4)?.saturating_sub(4))?)?;
        match chunks.as_slice() {
            [(b"VP8X", header), rest @ ..] => extended(header, rest),
            [_] => Ok(still(bitstream(&chunks)?)),
            _ => Err(odd("order of chunks")),
        }
    }

    /// Bytes of a pixel as the crate gives it.
    pub fn bytes_per_pixel(&self) -> usize {
        if self.coding == Coding::Lossy && self.packed_alpha.is_none() { 3 } else { 4 }
    }

    /// Bytes of memory that the crate's pixels take, with the planes they are made of, and the grey plane, which may
    /// have to be turned.
    pub fn memory(&self) -> u64 {
        let planes = if self.coding == Coding::Lossy { 2 } else { 0 };
        self.width as u64 * self.height as u64 * (self.bytes_per_pixel() + planes + 2) as u64
    }
}

type Chunk<'a> = (&'a [u8; 4], &'a [u8]);

fn odd(what: &str) -> crate::Error {
    other(format_args!("a WebP file with an odd {what}"))
}

fn still(stream: Bitstream<'_>) -> Layout<'_> {
    Layout {
        width: stream.width,
        height: stream.height,
        alpha: stream.alpha,
        coding: stream.coding,
        pixels: stream.pixels,
        packed_alpha: stream.packed_alpha,
        exif: None,
        xmp: None,
    }
}

fn extended<'a>(header: &'a [u8], chunks: &[Chunk<'a>]) -> Result<Layout<'a>> {
    let [flags, _, _, _] = array(header, 0)?;
    let (width, height) = (le24(header, 4)? + 1, le24(header, 7)? + 1);
    if flags & !(ANIMATION | XMP | EXIF | ALPHA | PROFILE) != 0 {
        return Err(odd("flag"));
    }
    let mut layout = if flags & ANIMATION == 0 {
        let parts = of_names(chunks, |name| matches!(name, b"ALPH" | b"VP8 " | b"VP8L"));
        let stream = bitstream(&parts)?;
        if flags & ALPHA == 0 && stream.alpha || chunks.iter().any(|(name, _)| name.starts_with(b"AN")) {
            return Err(odd("set of chunks"));
        }
        still(stream)
    } else {
        let frames = of_names(chunks, |name| matches!(name, b"ANIM" | b"ANMF" | b"ALPH" | b"VP8 " | b"VP8L"));
        match frames.as_slice() {
            [(b"ANIM", header), frames @ ..] if header.len() == 6 => {
                first_frame(frames, width, height, flags & ALPHA != 0)?
            }
            _ => return Err(odd("animation")),
        }
    };
    if (layout.width, layout.height) != (width, height) {
        return Err(odd("frame smaller than the whole"));
    }
    layout.exif = if flags & EXIF != 0 { only(chunks, b"EXIF")? } else { None };
    layout.xmp = if flags & XMP != 0 { only(chunks, b"XMP ")? } else { None };
    Ok(layout)
}

/// The first frame; all must be sound, or libwebp refuses the file.
fn first_frame<'a>(frames: &[Chunk<'a>], width: usize, height: usize, alpha: bool) -> Result<Layout<'a>> {
    let mut first = None;
    for (name, data) in frames {
        if *name != b"ANMF" {
            return Err(odd("picture beside frames"));
        }
        let (left, upper) = (2 * le24(data, 0)?, 2 * le24(data, 3)?);
        let size = (le24(data, 6)? + 1, le24(data, 9)? + 1);
        let parts = chunks_of(data.get(16..).ok_or_else(|| odd("frame"))?)?;
        let stream = bitstream(&parts)?;
        if (stream.width, stream.height) != size || left + size.0 > width || upper + size.1 > height {
            return Err(odd("frame"));
        }
        first.get_or_insert(Layout { alpha, ..still(stream) });
    }
    first.ok_or_else(|| odd("animation without frames"))
}

/// All chunks, whole ones only.
fn chunks_of(mut bytes: &[u8]) -> Result<Vec<Chunk<'_>>> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let name = bytes.first_chunk().ok_or_else(|| odd("end"))?;
        let length = le32(bytes, 4)?;
        chunks.push((name, slice(bytes, 8, length)?));
        bytes = bytes.get(8 + length.next_multiple_of(2)..).ok_or_else(|| odd("end"))?;
    }
    Ok(chunks)
}

fn of_names<'a>(chunks: &[Chunk<'a>], wanted: impl Fn(&[u8; 4]) -> bool) -> Vec<Chunk<'a>> {
    chunks.iter().filter(|(name, _)| wanted(name)).copied().collect()
}

fn only<'a>(chunks: &[Chunk<'a>], name: &[u8; 4]) -> Result<Option<&'a [u8]>> {
    match of_names(chunks, |other| other == name).as_slice() {
        [] => Ok(None),
        [(_, data)] => Ok(Some(data)),
        _ => Err(odd("second chunk of metadata")),
    }
}

/// One picture's chunks: lossless, lossy, or alpha and lossy.
fn bitstream<'a>(parts: &[Chunk<'a>]) -> Result<Bitstream<'a>> {
    match *parts {
        [(b"VP8L", data)] => lossless(data),
        [(b"VP8 ", data)] => lossy(data, None),
        [(b"ALPH", alpha), (b"VP8 ", data)] => lossy(data, Some(alpha)),
        _ => Err(odd("set of chunks")),
    }
}

fn lossless(pixels: &[u8]) -> Result<Bitstream<'_>> {
    let bits = le32(pixels, 1)?;
    if pixels[0] != 0x2f || bits >> 29 != 0 {
        return Err(odd("lossless header"));
    }
    let (width, height) = ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    Ok(Bitstream { coding: Coding::Lossless, pixels, packed_alpha: None, width, height, alpha: bits >> 28 & 1 == 1 })
}

/// A key frame that is shown, of a known version, with its first part in the file.
fn lossy<'a>(pixels: &'a [u8], packed_alpha: Option<&'a [u8]>) -> Result<Bitstream<'a>> {
    if packed_alpha.is_some_and(|alpha| alpha.first().is_none_or(|bits| bits >> 6 != 0)) {
        return Err(odd("alpha header"));
    }
    let tag = le24(pixels, 0)?;
    let (inner, shown, version, first_part) = (tag & 1, tag >> 4 & 1, tag >> 1 & 7, tag >> 5);
    if inner != 0 || shown != 1 || version > 3 || first_part + 10 > pixels.len() || pixels[3..6] != [0x9d, 0x01, 0x2a] {
        return Err(odd("lossy header"));
    }
    let (width, height) = (le16(pixels, 6)? & 0x3fff, le16(pixels, 8)? & 0x3fff);
    Ok(Bitstream { coding: Coding::Lossy, pixels, packed_alpha, width, height, alpha: packed_alpha.is_some() })
}
