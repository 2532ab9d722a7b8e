//! What the first directory of a TIFF file says, if it is one of the layouts that we take.

use super::other;
use crate::error::Result;

/// How strips or tiles are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    None,
    Lzw,
    Deflate,
    PackBits,
}

/// What the samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// 0 is white.
    Inverted,
    Grey,
    GreyAlpha,
    Rgb,
    /// RGB and a sample that means nothing.
    Rgbx,
    Rgba,
    Indexed,
}

/// The picture's layout.
#[derive(Debug)]
pub struct Layout {
    pub width: usize,
    pub height: usize,
    pub meaning: Meaning,
    /// Bits of a sample.
    pub bits: usize,
    /// Samples of a pixel.
    pub samples: usize,
    pub packing: Packing,
    /// Each sample is the difference to the one of the pixel before.
    pub differences: bool,
    pub highest_first: bool,
    /// Width and height of a tile; strips are as wide as the picture.
    pub tile: (usize, usize),
    /// Begin and length of each strip or tile, in the file.
    pub places: Vec<(usize, usize)>,
    /// Three times as many numbers as there are colours: all reds, greens, blues.
    pub colors: Vec<u8>,
    pub orientation: u8,
}

/// Pixels of a tile that we take, if the picture itself is smaller.
const MOST_TILE: usize = 1 << 22;
/// Entries of the directory that we take.
const MOST_ENTRIES: usize = 1 << 12;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_LENGTHS: u16 = 279;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_LENGTHS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const XMP: u16 = 700;
const WINDOWS_MEDIA: u16 = 0xbc01;

fn odd(what: impl std::fmt::Display) -> crate::Error {
    other(format_args!("a TIFF file with an odd {what}"))
}

struct Directory<'a> {
    bytes: &'a [u8],
    highest_first: bool,
    /// Tag, type, count, and where the values are.
    entries: Vec<(u16, u16, usize, usize)>,
}

impl<'a> Directory<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut directory = Directory { bytes, highest_first: bytes[0] == b'M', entries: Vec::new() };
        let start = directory.number(4, 4)?;
        let count = directory.number(start, 2)?;
        if count > MOST_ENTRIES {
            return Err(odd("number of tags"));
        }
        for n in 0..count {
            let at = start + 2 + 12 * n;
            let [tag, kind] = [directory.number(at, 2)? as u16, directory.number(at + 2, 2)? as u16];
            let count = directory.number(at + 4, 4)?;
            let size = count * size_of(kind)?;
            let place = if size > 4 { directory.number(at + 8, 4)? } else { at + 8 };
            if place + size > bytes.len() || count == 0 || directory.has(tag) {
                return Err(odd(format_args!("tag {tag}")));
            }
            directory.entries.push((tag, kind, count, place));
        }
        directory.number(start + 2 + 12 * count, 4)?;
        Ok(directory)
    }

    fn number(&self, at: usize, size: usize) -> Result<usize> {
        let bytes = super::fields::slice(self.bytes, at, size)?;
        let join = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Ok(if self.highest_first { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    }

    fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.0 == tag)
    }

    /// The values of a tag, `None` if it is not there.
    fn all(&self, tag: u16) -> Result<Option<Vec<usize>>> {
        let Some(&(_, kind, count, place)) = self.entries.iter().find(|entry| entry.0 == tag) else { return Ok(None) };
        let size = match kind {
            3 => 2,
            4 => 4,
            _ => return Err(odd(format_args!("type of tag {tag}"))),
        };
        (0..count).map(|n| self.number(place + n * size, size)).collect::<Result<_>>().map(Some)
    }

    fn required(&self, tag: u16) -> Result<Vec<usize>> {
        self.all(tag)?.ok_or_else(|| odd(format_args!("lack of tag {tag}")))
    }

    /// The only value of a tag.
    fn one(&self, tag: u16, default: usize) -> Result<usize> {
        match self.all(tag)?.as_deref() {
            None => Ok(default),
            Some(&[value]) => Ok(value),
            Some(_) => Err(odd(format_args!("number of values of tag {tag}"))),
        }
    }

    /// XMP data with an orientation would count where the tag is missing.
    fn orientation(&self) -> Result<u8> {
        let xmp = self.entries.iter().find(|entry| entry.0 == XMP);
        let text = xmp.map_or(&[][..], |&(_, _, count, place)| &self.bytes[place..self.bytes.len().min(place + count)]);
        match self.one(ORIENTATION, 0)? {
            0 if self.has(ORIENTATION) => Err(odd("orientation")),
            0 if text.windows(11).any(|part| part == b"Orientation") => Err(odd("orientation in XMP")),
            0 => Ok(1),
            value @ 1..=8 => Ok(value as u8),
            _ => Err(odd("orientation")),
        }
    }
}

fn size_of(kind: u16) -> Result<usize> {
    match kind {
        1 | 2 | 6 | 7 => Ok(1),
        3 | 8 => Ok(2),
        4 | 9 | 11 | 13 => Ok(4),
        5 | 10 | 12 | 16 => Ok(8),
        _ => Err(odd(format_args!("type {kind}"))),
    }
}

impl Layout {
    /// Reads the first directory.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error) for layouts that are rare or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let tags = Directory::read(bytes)?;
        let usual = tags.one(FILL_ORDER, 1)? == 1 && tags.one(PLANAR, 1)? == 1 && !tags.has(WINDOWS_MEDIA);
        if !usual || tags.all(SAMPLE_FORMAT)?.is_some_and(|formats| formats.iter().any(|&format| format != 1)) {
            return Err(odd("layout"));
        }
        let packing = packing(tags.one(COMPRESSION, 1)?)?;
        let (meaning, bits, samples) = meaning(&tags)?;
        let (width, height) = (tags.one(WIDTH, 0)?, tags.one(HEIGHT, 0)?);
        let (tile, places) = places(&tags, packing, width, height)?;
        Ok(Layout {
            width,
            height,
            meaning,
            bits,
            samples,
            packing,
            differences: differences(&tags, packing, bits)?,
            highest_first: tags.highest_first,
            tile,
            places,
            colors: if meaning == Meaning::Indexed { colors(&tags, bits)? } else { Vec::new() },
            orientation: tags.orientation()?,
        })
    }
}

fn packing(compression: usize) -> Result<Packing> {
    match compression {
        1 => Ok(Packing::None),
        5 => Ok(Packing::Lzw),
        8 | 32946 => Ok(Packing::Deflate),
        32773 => Ok(Packing::PackBits),
        _ => Err(odd("compression")),
    }
}

fn meaning(tags: &Directory<'_>) -> Result<(Meaning, usize, usize)> {
    let all_bits = tags.all(BITS)?.unwrap_or(vec![1]);
    let samples = tags.one(SAMPLES, 1)?;
    let extra = tags.all(EXTRA_SAMPLES)?.unwrap_or_default();
    let bits = all_bits[0];
    if all_bits.iter().any(|&other| other != bits) || (all_bits.len() != samples && all_bits.len() != 1) {
        return Err(odd("number of bits"));
    }
    let photometric = tags.required(PHOTOMETRIC)?;
    let meaning = match (photometric.as_slice(), bits, samples, extra.as_slice()) {
        ([0], 1 | 2 | 4 | 8, 1, []) => Meaning::Inverted,
        ([1], 1 | 2 | 4 | 8 | 16, 1, []) => Meaning::Grey,
        ([1], 8, 2, [2]) => Meaning::GreyAlpha,
        ([2], 8 | 16, 3, []) => Meaning::Rgb,
        ([2], 8 | 16, 4, [0]) => Meaning::Rgbx,
        ([2], 8 | 16, 4, [] | [2]) => Meaning::Rgba,
        ([3], 1 | 2 | 4 | 8, 1, []) => Meaning::Indexed,
        _ => return Err(odd("meaning of its samples")),
    };
    Ok((meaning, bits, samples))
}

/// Pillow hands packed files to libtiff, which knows a predictor only for two packings.
fn differences(tags: &Directory<'_>, packing: Packing, bits: usize) -> Result<bool> {
    match (tags.one(PREDICTOR, 1)?, packing, bits) {
        (1, ..) => Ok(false),
        (2, Packing::Lzw | Packing::Deflate, 8 | 16) => Ok(true),
        _ => Err(odd("predictor")),
    }
}

type Places = ((usize, usize), Vec<(usize, usize)>);

fn places(tags: &Directory<'_>, packing: Packing, width: usize, height: usize) -> Result<Places> {
    let tiled = tags.has(TILE_OFFSETS);
    if tiled == tags.has(STRIP_OFFSETS) || width == 0 || height == 0 {
        return Err(odd("set of strips"));
    }
    let (offsets, lengths, tile) = if tiled {
        let tile = (tags.one(TILE_WIDTH, 0)?, tags.one(TILE_HEIGHT, 0)?);
        if tile.0.saturating_mul(tile.1) > MOST_TILE.max(width.saturating_mul(height).saturating_mul(2)) {
            return Err(odd("size of tiles"));
        }
        (TILE_OFFSETS, TILE_LENGTHS, tile)
    } else {
        (STRIP_OFFSETS, STRIP_LENGTHS, (width, tags.one(ROWS_PER_STRIP, height)?.min(height)))
    };
    if tile.0 == 0 || tile.1 == 0 {
        return Err(odd("size of strips"));
    }
    let offsets = tags.required(offsets)?;
    // Without packing, Pillow never looks at the lengths.
    let lengths = if packing == Packing::None { vec![usize::MAX; offsets.len()] } else { tags.required(lengths)? };
    let count = width.div_ceil(tile.0).checked_mul(height.div_ceil(tile.1));
    if count != Some(offsets.len()) || lengths.len() != offsets.len() {
        return Err(odd("number of strips"));
    }
    Ok((tile, offsets.into_iter().zip(lengths).collect()))
}

/// The upper bytes of the palette's numbers.
fn colors(tags: &Directory<'_>, bits: usize) -> Result<Vec<u8>> {
    let numbers = tags.required(COLOR_MAP)?;
    if numbers.len() != 3 << bits || numbers.iter().any(|&number| number > 0xffff) {
        return Err(odd("palette"));
    }
    Ok(numbers.into_iter().map(|number| (number >> 8) as u8).collect())
}
