//! The chunks of a PNG file, and whether Pillow sees them as another decoder does.
//!
//! Pillow keeps text chunks among its own settings, by their keywords, and reads chunks behind the pixels too.
//! A file that could change its mind that way is left to it. Source: its `PngImagePlugin.py`, 12.3.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::fields::{array, be16, be32, slice};
use super::other;
use crate::error::Result;

/// Pillow refuses compressed texts and profiles that are larger than this.
const MOST_TEXT: u64 = 1 << 20;
/// A compressed chunk of this length inflates to no more than [`MOST_TEXT`]: deflate gains a factor of 1032.
const SURELY_SMALL: usize = 1000;
/// Together such texts may have 64 MiB in Pillow; with so few chunks they cannot.
const MOST_TEXTS: usize = 60;
/// Keywords that mean something to Pillow.
const SPECIAL: [&[u8]; 10] = [
    b"transparency",
    b"interlace",
    b"exif",
    b"xmp",
    XMP,
    b"Raw profile type exif",
    b"bbox",
    b"default_image",
    b"disposal",
    b"blend",
];
const XMP: &[u8] = b"XML:com.adobe.xmp";

/// What the file says about its pixels.
#[derive(Debug, Default)]
pub struct Chunks<'a> {
    pub width: usize,
    pub height: usize,
    /// Bits in a sample.
    pub depth: u8,
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    pub color: u8,
    pub interlaced: bool,
    pub palette: Option<&'a [u8]>,
    pub transparency: Option<&'a [u8]>,
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
    /// More than one frame: what follows the first is not looked at.
    pub animated: bool,
    texts: usize,
    frames: Option<usize>,
    frame_seen: bool,
    pixels_seen: bool,
    pixels_done: bool,
}

impl<'a> Chunks<'a> {
    /// Walks through the whole file, which begins with PNG's signature.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error) if Pillow may see something else in it.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut chunks = Chunks::default();
        let mut at = 8;
        loop {
            let length = be32(bytes, at)?;
            let name: [u8; 4] = array(bytes, at + 4)?;
            let data = slice(bytes, at + 8, length)?;
            if name == *b"IEND" || !chunks.take(name, data)? {
                break;
            }
            at += length + 12;
        }
        if !chunks.pixels_seen || (chunks.color == 3 && chunks.palette.is_none()) {
            return Err(other("a PNG file without pixels or palette"));
        }
        Ok(chunks)
    }

    /// Takes one chunk; `false` if the first frame ends before it.
    fn take(&mut self, name: [u8; 4], data: &'a [u8]) -> Result<bool> {
        self.pixels_done |= self.pixels_seen && name != *b"IDAT";
        if (self.width == 0) != (name == *b"IHDR") {
            return Err(other("a PNG file whose header is not its first chunk"));
        }
        match &name {
            b"IHDR" => self.take_header(data)?,
            b"IDAT" if !self.pixels_done => self.take_pixels(),
            b"PLTE" | b"tRNS" | b"acTL" if self.pixels_seen => return Err(odd(name)),
            b"PLTE" => once(&mut self.palette, data, name)?,
            b"tRNS" => once(&mut self.transparency, data, name)?,
            b"eXIf" => once(&mut self.exif, data, name)?,
            b"tEXt" => self.take_text(name, data)?,
            b"zTXt" | b"iCCP" => self.take_compressed(name, data)?,
            b"iTXt" => self.take_international(name, data)?,
            b"acTL" => self.take_animation(name, data)?,
            b"fcTL" if self.pixels_seen && self.animated => return Ok(false),
            b"fcTL" => self.take_frame(name, data)?,
            b"gAMA" if data.len() == 4 => {}
            b"cHRM" if data.len() == 32 => {}
            b"sRGB" if data.len() == 1 => {}
            b"pHYs" if data.len() == 9 => {}
            b"IDAT" | b"fdAT" | b"gAMA" | b"cHRM" | b"sRGB" | b"pHYs" | b"DDAT" => return Err(odd(name)),
            _ if name.iter().all(u8::is_ascii_alphabetic) => {}
            _ => return Err(odd(name)),
        }
        Ok(true)
    }

    fn take_header(&mut self, data: &[u8]) -> Result<()> {
        let [.., depth, color, compression, filter, interlace] = array::<13>(data, 0)?;
        (self.width, self.height) = (be32(data, 0)?, be32(data, 4)?);
        let known = match color {
            0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
            3 => matches!(depth, 1 | 2 | 4 | 8),
            2 | 4 | 6 => matches!(depth, 8 | 16),
            _ => false,
        };
        if data.len() != 13 || !known || compression != 0 || filter != 0 || interlace > 1 || self.width == 0 {
            return Err(odd(*b"IHDR"));
        }
        (self.depth, self.color, self.interlaced) = (depth, color, interlace == 1);
        Ok(())
    }

    fn take_pixels(&mut self) {
        // With an animation that begins only later, the pixels are a frame of their own.
        if let Some(frames) = self.frames {
            self.animated = frames > 1 || !self.frame_seen;
        }
        self.pixels_seen = true;
    }

    fn take_animation(&mut self, name: [u8; 4], data: &[u8]) -> Result<()> {
        let frames = be32(data, 0)?;
        if self.frames.is_some() || data.len() != 8 || frames == 0 || frames > 1 << 30 {
            return Err(odd(name));
        }
        self.frames = Some(frames);
        Ok(())
    }

    /// The only frame before the pixels must be the whole picture.
    fn take_frame(&mut self, name: [u8; 4], data: &[u8]) -> Result<()> {
        let whole = be32(data, 4)? == self.width && be32(data, 8)? == self.height;
        let at_origin = array::<8>(data, 12)? == [0; 8];
        let first = be32(data, 0)? == 0 && !self.frame_seen && self.frames.is_some() && !self.pixels_seen;
        if data.len() != 26 || !whole || !at_origin || !first {
            return Err(odd(name));
        }
        self.frame_seen = true;
        Ok(())
    }

    fn take_text(&mut self, name: [u8; 4], data: &[u8]) -> Result<()> {
        let keyword = data.split(|&byte| byte == 0).next().unwrap_or_default();
        self.texts += 1;
        if SPECIAL.contains(&keyword) || self.texts > MOST_TEXTS || data.len() as u64 > MOST_TEXT {
            return Err(odd(name));
        }
        Ok(())
    }

    fn take_compressed(&mut self, name: [u8; 4], data: &[u8]) -> Result<()> {
        self.take_text(name, data)?;
        let end = data.iter().position(|&byte| byte == 0).ok_or_else(|| odd(name))?;
        match data.get(end + 1..) {
            Some([0, packed @ ..]) if is_small(packed) => Ok(()),
            _ => Err(odd(name)),
        }
    }

    /// Keyword, two flags, language, translated keyword, text. XMP data are one of them.
    fn take_international(&mut self, name: [u8; 4], data: &'a [u8]) -> Result<()> {
        let end = data.iter().position(|&byte| byte == 0).ok_or_else(|| odd(name))?;
        let (keyword, rest) = (&data[..end], &data[end + 1..]);
        let [compressed, _method, ..] = *rest else { return Err(odd(name)) };
        let mut parts = rest[2..].splitn(3, |&byte| byte == 0).skip(2);
        let text = parts.next().ok_or_else(|| odd(name))?;
        if keyword == XMP && compressed == 0 && data.len() as u64 <= MOST_TEXT {
            return once(&mut self.xmp, text, name);
        }
        if compressed != 0 && !is_small(text) {
            return Err(odd(name));
        }
        self.take_text(name, data)
    }
}

fn odd(name: [u8; 4]) -> crate::Error {
    other(format_args!("a PNG file with an odd chunk {}", name.escape_ascii()))
}

fn once<'a>(place: &mut Option<&'a [u8]>, data: &'a [u8], name: [u8; 4]) -> Result<()> {
    match place.replace(data) {
        None => Ok(()),
        Some(_) => Err(odd(name)),
    }
}

/// Whether compressed data are short enough for Pillow. Broken ones are: it passes over them.
fn is_small(packed: &[u8]) -> bool {
    if packed.len() <= SURELY_SMALL {
        return true;
    }
    let mut reader = ZlibDecoder::new(packed).take(MOST_TEXT);
    let mut buffer = [0; 4096];
    let mut total = 0;
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        total += count as u64;
    }
    total < MOST_TEXT
}

/// The 16-bit numbers of a chunk.
///
/// # Errors
/// [`Error::Unsupported`](crate::Error) if it is too short.
pub fn numbers<const N: usize>(data: &[u8]) -> Result<[usize; N]> {
    let mut all = [0; N];
    for (n, number) in all.iter_mut().enumerate() {
        *number = be16(data, 2 * n)?;
    }
    Ok(all)
}
