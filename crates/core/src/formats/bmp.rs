//! BMP without compression: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits without.
//!
//! The layout is a header and rows, so no crate is asked. Source of the odd rules: Pillow's `BmpImagePlugin.py`,
//! 12.3: a palette that is a ramp of grey is dropped, and 32 bits have alpha only if a mask says so.

use super::canvas::{Canvas, check_size};
use super::fields::{le16, le32, slice};
use super::paint::{Palette, rgba_on_white, unpack};
use super::{Decoded, other};
use crate::color::Wanted;
use crate::error::Result;
use crate::watch::Watch;

/// Bytes before the second header, which begins with its own length.
const FILE_HEADER: usize = 14;
const BITFIELDS: usize = 3;

/// Decodes a BMP file.
///
/// # Errors
/// See [`super::decode`].
pub fn decode(bytes: &[u8], watch: &Watch<'_>, wanted: Wanted) -> Result<Decoded> {
    let header = Header::read(bytes)?;
    check_size(header.width, header.height, watch)?;
    let stride = (header.width * header.bits).div_ceil(32) * 4;
    let mut colors = header.colors(bytes)?;
    let offset = header.offset(bytes)?;
    let length = stride.checked_mul(header.height).ok_or_else(|| odd("size"))?;
    let rows = slice(bytes, offset, length)?;
    let mut canvas = Canvas::new(header.width, header.height, watch, wanted)?;
    let mut samples = Vec::new();
    for y in 0..header.height {
        watch.check()?;
        let line = if header.top_down { y } else { header.height - 1 - y };
        let row = &rows[line * stride..][..(header.width * header.bits).div_ceil(8)];
        if header.bits < 8 {
            unpack(row, header.bits, header.width, &mut samples);
        }
        colors.push(&mut canvas, if header.bits < 8 { &samples } else { row });
    }
    if let Colors::Indexed(palette) = &colors {
        palette.count(&mut canvas);
    }
    canvas.finish(1, "BMP")
}

fn odd(what: &str) -> crate::Error {
    other(format_args!("a BMP file with an odd {what}"))
}

struct Header {
    length: usize,
    width: usize,
    height: usize,
    top_down: bool,
    bits: usize,
    /// Colours in the palette.
    count: usize,
    bitfields: bool,
}

/// What the samples mean.
enum Colors {
    Indexed(Palette),
    Grey,
    BlackWhite,
    /// Two bytes with five bits a colour.
    Five,
    /// Two bytes with five, six and five bits.
    FiveSixFive,
    Bgr,
    Bgrx,
    Bgra,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self> {
        let length = le32(bytes, FILE_HEADER)?;
        slice(bytes, FILE_HEADER, length)?;
        let field = |at| le32(bytes, FILE_HEADER + at);
        let mut header = match length {
            12 => Header {
                length,
                width: le16(bytes, FILE_HEADER + 4)?,
                height: le16(bytes, FILE_HEADER + 6)?,
                top_down: false,
                bits: le16(bytes, FILE_HEADER + 10)?,
                count: 0,
                bitfields: false,
            },
            40 | 52 | 56 | 108 | 124 => Header {
                length,
                width: field(4)?,
                height: field(8)?,
                top_down: bytes[FILE_HEADER + 11] == 0xff,
                bits: le16(bytes, FILE_HEADER + 14)?,
                count: field(32)?,
                bitfields: field(16)? == BITFIELDS,
            },
            _ => return Err(odd("header")),
        };
        if length != 12 && !matches!(field(16)?, 0 | BITFIELDS) {
            return Err(odd("compression"));
        }
        if header.top_down {
            header.height = (1 << 32) - header.height;
        }
        if header.count == 0 && header.bits <= 8 {
            header.count = 1 << header.bits;
        }
        Ok(header)
    }

    /// Bytes of a colour in the palette.
    fn padding(&self) -> usize {
        if self.length == 12 { 3 } else { 4 }
    }

    fn colors(&self, bytes: &[u8]) -> Result<Colors> {
        match (self.bits, self.bitfields) {
            (1 | 4 | 8, false) => self.indexed(bytes),
            (16, false) => Ok(Colors::Five),
            (24, false) => Ok(Colors::Bgr),
            (32, false) => Ok(Colors::Bgrx),
            (16 | 32, true) => self.masked(bytes),
            _ => Err(odd("depth")),
        }
    }

    /// 16 or 32 bits whose order a mask tells, of which we know those in use.
    fn masked(&self, bytes: &[u8]) -> Result<Colors> {
        let mask = |n: usize| le32(bytes, FILE_HEADER + 40 + 4 * n);
        let alpha = if self.length >= 56 { mask(3)? } else { 0 };
        match (self.bits, [mask(0)?, mask(1)?, mask(2)?], alpha) {
            (32, [0xff_0000, 0xff00, 0xff], 0) => Ok(Colors::Bgrx),
            (32, [0xff_0000, 0xff00, 0xff], 0xff00_0000) => Ok(Colors::Bgra),
            (16, [0x7c00, 0x3e0, 0x1f], _) => Ok(Colors::Five),
            (16, [0xf800, 0x7e0, 0x1f], _) => Ok(Colors::FiveSixFive),
            _ => Err(odd("mask")),
        }
    }

    fn indexed(&self, bytes: &[u8]) -> Result<Colors> {
        if self.count > 256 {
            return Err(odd("number of colours"));
        }
        let data = slice(bytes, FILE_HEADER + self.length, self.count * self.padding())?;
        let colors: Vec<[u8; 3]> = data.chunks_exact(self.padding()).map(|c| [c[2], c[1], c[0]]).collect();
        if self.count == 2 && colors == [[0; 3], [255; 3]] {
            return if self.bits == 1 { Ok(Colors::BlackWhite) } else { Err(odd("palette")) };
        }
        let is_ramp = colors.iter().enumerate().all(|(n, color)| *color == [n as u8; 3]);
        match (is_ramp && self.count != 2, self.bits) {
            (true, 8) => Ok(Colors::Grey),
            (true, _) => Err(odd("palette")),
            _ => Ok(Colors::Indexed(Palette::new(colors.into_iter(), &[]))),
        }
    }

    /// Where the pixels are; some files count the palette out.
    fn offset(&self, bytes: &[u8]) -> Result<usize> {
        let offset = le32(bytes, 10)?;
        match offset {
            0 => Err(odd("place of pixels")),
            _ if offset == FILE_HEADER + self.length && self.bits <= 8 => Ok(offset + self.padding() * self.count),
            _ => Ok(offset),
        }
    }
}

impl Colors {
    fn push(&mut self, canvas: &mut Canvas, row: &[u8]) {
        match self {
            Colors::Indexed(palette) => palette.push(canvas, row),
            Colors::Grey => canvas.push_grey(row),
            Colors::BlackWhite => canvas.push_as_grey(row, |[bit]| if bit == 0 { 0 } else { 255 }),
            Colors::Five => canvas.push_as_rgb(row, |pixel| spread(pixel, [10, 5, 0], [31, 31, 31])),
            Colors::FiveSixFive => canvas.push_as_rgb(row, |pixel| spread(pixel, [11, 5, 0], [31, 63, 31])),
            Colors::Bgr => canvas.push_as_rgb(
                row,
                #[inline(always)]
                |[b, g, r]| [r, g, b],
            ),
            Colors::Bgrx => canvas.push_as_rgb(
                row,
                #[inline(always)]
                |[b, g, r, _]| [r, g, b],
            ),
            Colors::Bgra => canvas.push_as_rgb(row, |[b, g, r, a]| rgba_on_white([r, g, b, a])),
        }
    }
}

/// Few bits as eight, rounded down as in Pillow.
fn spread(pixel: [u8; 2], shifts: [u16; 3], most: [u16; 3]) -> [u8; 3] {
    let bits = u16::from_le_bytes(pixel);
    [0, 1, 2].map(|n| ((bits >> shifts[n] & most[n]) * 255 / most[n]) as u8)
}
