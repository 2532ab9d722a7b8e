//! The first frame of a GIF file, by the `weezl` crate's LZW.
//!
//! The walk to the frame follows Pillow's `GifImagePlugin.py`, 12.3: the picture grows to where its first frame
//! reaches, what the frame leaves free has the transparent colour or else colour 0, and a palette that is a ramp of
//! grey is dropped.

use weezl::LzwStatus;
use weezl::decode::Configuration;

use super::canvas::{Canvas, check_size};
use super::fields::{le16, slice};
use super::paint::Palette;
use super::{Decoded, other};
use crate::color::Wanted;
use crate::error::Result;
use crate::watch::Watch;

/// Pixels between two looks at the watch.
const STRIP: usize = 1 << 16;

/// Decodes the first frame of a GIF file.
///
/// # Errors
/// See [`super::decode`].
pub fn decode(bytes: &[u8], watch: &Watch<'_>, wanted: Wanted) -> Result<Decoded> {
    let frame = Frame::find(bytes)?;
    let [left, upper, right, lower] = frame.area;
    let (width, height) = (right.max(le16(bytes, 6)?), lower.max(le16(bytes, 8)?));
    check_size(width, height, watch)?;
    if right == left || lower == upper {
        return Err(odd("frame"));
    }
    watch.check_memory(((right - left) * (lower - upper) + 2 * width * height) as u64)?;
    let pixels = frame.pixels(bytes, watch)?;
    let source = source_rows(lower - upper, frame.interlaced);
    let mut colors = Colors::new(&frame);
    let mut canvas = Canvas::new(width, height, watch, wanted)?;
    let background = frame.transparent.unwrap_or(0);
    let mut row = vec![background; width];
    for y in 0..height {
        watch.check()?;
        match y.checked_sub(upper).and_then(|y| source.get(y)) {
            Some(n) => row[left..right].copy_from_slice(&pixels[n * (right - left)..][..right - left]),
            None => row.fill(background),
        }
        colors.push(&mut canvas, &row);
    }
    if let Colors::Indexed(palette) = &colors {
        palette.count(&mut canvas);
    }
    canvas.finish(1, "GIF")
}

fn odd(what: &str) -> crate::Error {
    other(format_args!("a GIF file with an odd {what}"))
}

/// Which row of the data each row of the frame is.
fn source_rows(height: usize, interlaced: bool) -> Vec<usize> {
    if !interlaced {
        return (0..height).collect();
    }
    let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
    let mut rows = vec![0; height];
    for (n, y) in passes.into_iter().flat_map(|(first, step)| (first..height).step_by(step)).enumerate() {
        rows[y] = n;
    }
    rows
}

struct Frame<'a> {
    /// Left, upper, right, lower.
    area: [usize; 4],
    interlaced: bool,
    /// `None` if the colours are grey: their own numbers.
    palette: Option<&'a [u8]>,
    transparent: Option<u8>,
    /// Where the packed pixels begin: with the size of their codes.
    data: usize,
}

impl<'a> Frame<'a> {
    fn find(bytes: &'a [u8]) -> Result<Self> {
        let mut at = 13;
        let global = take_palette(bytes, *bytes.get(10).ok_or_else(|| odd("header"))?, &mut at)?;
        let mut transparent = None;
        loop {
            match bytes.get(at) {
                Some(b'!') => at = extension(bytes, at + 1, &mut transparent)?,
                Some(b',') => break,
                Some(b';') | None => return Err(odd("end before the first frame")),
                Some(_) => at += 1, // Pillow passes over what it does not know
            }
        }
        let [left, upper, width, height] = [1, 3, 5, 7].map(|n| le16(bytes, at + n));
        let (left, upper) = (left?, upper?);
        let flags = *bytes.get(at + 9).ok_or_else(|| odd("frame"))?;
        at += 10;
        let local = take_palette(bytes, flags, &mut at)?;
        let palette = local.or(global).filter(|palette| !is_ramp(palette));
        let area = [left, upper, left + width?, upper + height?];
        Ok(Frame { area, interlaced: flags & 64 != 0, palette, transparent, data: at })
    }

    /// The numbers of the colours, row after row as they are in the file.
    fn pixels(&self, bytes: &[u8], watch: &Watch<'_>) -> Result<Vec<u8>> {
        let [left, upper, right, lower] = self.area;
        let Some(&size @ 2..=8) = bytes.get(self.data) else { return Err(odd("code size")) };
        let (packed, _) = sub_blocks(bytes, self.data + 1);
        let mut decoder = Configuration::new(weezl::BitOrder::Lsb, size).with_yield_on_full_buffer(true).build();
        let mut pixels = vec![0; (right - left) * (lower - upper)];
        let mut rest = packed.as_slice();
        for strip in pixels.chunks_mut(STRIP) {
            watch.check()?;
            let mut filled = 0;
            while filled < strip.len() {
                let step = decoder.decode_bytes(rest, &mut strip[filled..]);
                (rest, filled) = (&rest[step.consumed_in..], filled + step.consumed_out);
                let stuck = step.consumed_in + step.consumed_out == 0;
                if filled < strip.len() && (stuck || !matches!(step.status, Ok(LzwStatus::Ok))) {
                    return Err(odd("end of its pixels"));
                }
            }
        }
        Ok(pixels)
    }
}

/// The palette that `flags` announce, and its end.
fn take_palette<'a>(bytes: &'a [u8], flags: u8, at: &mut usize) -> Result<Option<&'a [u8]>> {
    if flags & 128 == 0 {
        return Ok(None);
    }
    let palette = slice(bytes, *at, 6 << (flags & 7))?;
    *at += palette.len();
    Ok(Some(palette))
}

fn is_ramp(palette: &[u8]) -> bool {
    palette.as_chunks::<3>().0.iter().enumerate().all(|(n, color)| *color == [n as u8; 3])
}

/// Passes over an extension, from its label on; one kind tells the transparent colour.
fn extension(bytes: &[u8], at: usize, transparent: &mut Option<u8>) -> Result<usize> {
    const COMMENT: u8 = 254;
    const CONTROL: u8 = 249;
    let label = *bytes.get(at).ok_or_else(|| odd("extension"))?;
    let (_, end) = sub_blocks(bytes, at + 1);
    let first = *bytes.get(at + 1).ok_or_else(|| odd("extension"))?;
    // After an empty first block, or an empty one behind this name, Pillow reads on as if it were none.
    let loops = bytes.get(at + 2..).is_some_and(|rest| rest.starts_with(b"NETSCAPE2.0"));
    let second = bytes.get(at + 2 + usize::from(first));
    let end = end.ok_or_else(|| odd("extension"))?;
    if label != COMMENT && (first == 0 || (loops && second == Some(&0))) {
        return Err(odd("extension"));
    }
    if label == CONTROL {
        let block = slice(bytes, at + 2, usize::from(first))?;
        let [flags, _, _, color, ..] = *block else { return Err(odd("extension")) };
        if flags & 1 != 0 {
            *transparent = Some(color);
        }
    }
    Ok(end)
}

/// The bytes in a chain of blocks, each with its length before it, and the place behind the empty block that ends it.
fn sub_blocks(bytes: &[u8], mut at: usize) -> (Vec<u8>, Option<usize>) {
    let mut all = Vec::new();
    loop {
        match bytes.get(at) {
            Some(0) => return (all, Some(at + 1)),
            Some(&length) => {
                let Some(block) = bytes.get(at + 1..at + 1 + usize::from(length)) else { return (all, None) };
                all.extend_from_slice(block);
                at += 1 + block.len();
            }
            None => return (all, None),
        }
    }
}

/// What the numbers mean.
enum Colors {
    Indexed(Palette),
    Grey(Option<u8>),
}

impl Colors {
    fn new(frame: &Frame<'_>) -> Self {
        let Some(colors) = frame.palette else { return Colors::Grey(frame.transparent) };
        let mut alpha = [255; 256];
        if let Some(n) = frame.transparent {
            alpha[usize::from(n)] = 0;
        }
        Colors::Indexed(Palette::new(colors.as_chunks::<3>().0.iter().copied(), &alpha))
    }

    fn push(&mut self, canvas: &mut Canvas, row: &[u8]) {
        match self {
            Colors::Indexed(palette) => palette.push(canvas, row),
            Colors::Grey(None) => canvas.push_grey(row),
            Colors::Grey(Some(key)) => canvas.push_as_grey(row, |[v]| if v == *key { 255 } else { v }),
        }
    }
}
