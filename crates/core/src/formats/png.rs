//! PNG by the `png` crate, row by row: of a picture without interlacing, only the grey plane is in memory.

use std::io::Cursor;

use png::{DecodeOptions, Decoder, DecodingError, Limits, Reader, Transformations};

use super::canvas::{Canvas, check_size};
use super::paint::{Palette, on_white, rgba_on_white, unpack};
use super::png_chunks::{Chunks, numbers};
use super::{Decoded, other};
use crate::color::Wanted;
use crate::error::Result;
use crate::exif;
use crate::watch::Watch;

/// What the crate may ask for beside the rows that we hold: a few rows and its window.
const MOST_MEMORY: usize = 64 << 20;

/// Decodes a PNG file.
///
/// # Errors
/// See [`super::decode`].
pub fn decode(bytes: &[u8], watch: &Watch<'_>, wanted: Wanted) -> Result<Decoded> {
    let chunks = Chunks::read(bytes)?;
    check_size(chunks.width, chunks.height, watch)?;
    let mut painter = Painter::new(&chunks)?;
    let mut reader = open(bytes)?;
    let mut canvas = Canvas::new(chunks.width, chunks.height, watch, wanted)?;
    if chunks.interlaced {
        for row in interlaced(&mut reader, watch)?.chunks_exact(row_bytes(&reader, chunks.width)?) {
            watch.check()?;
            painter.push(&mut canvas, row)?;
        }
    } else {
        let mut row = vec![0; row_bytes(&reader, chunks.width)?];
        while reader.read_row(&mut row).map_err(broken)?.is_some() {
            watch.check()?;
            painter.push(&mut canvas, &row)?;
        }
    }
    if let Some(palette) = &painter.palette {
        palette.count(&mut canvas);
    }
    if !chunks.animated {
        reader.finish().map_err(broken)?;
    }
    canvas.finish(exif::orientation(chunks.exif, chunks.xmp), "PNG")
}

fn broken(error: DecodingError) -> crate::Error {
    other(format_args!("a PNG file that the decoder refuses ({error})"))
}

fn open(bytes: &[u8]) -> Result<Reader<Cursor<&[u8]>>> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_adler32(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits { bytes: MOST_MEMORY });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.read_info().map_err(broken)
}

fn row_bytes(reader: &Reader<Cursor<&[u8]>>, width: usize) -> Result<usize> {
    let length = u32::try_from(width).ok().and_then(|width| reader.output_line_size(width));
    length.ok_or_else(|| other(format_args!("a PNG file of {width} columns")))
}

/// What the grey plane takes beside it.
fn planes_of(info: &png::Info<'_>) -> u64 {
    2 * u64::from(info.width) * u64::from(info.height)
}

/// All rows of an interlaced picture.
fn interlaced(reader: &mut Reader<Cursor<&[u8]>>, watch: &Watch<'_>) -> Result<Vec<u8>> {
    let info = reader.info();
    let bits = info.bits_per_pixel() as u8;
    let stride = row_bytes(reader, info.width as usize)?;
    watch.check_memory(stride as u64 * u64::from(info.height) + planes_of(info))?;
    let mut rows = vec![0; stride * info.height as usize];
    while let Some(row) = reader.next_interlaced_row().map_err(broken)? {
        watch.check()?;
        if let png::InterlaceInfo::Adam7(info) = row.interlace() {
            png::expand_interlaced_row(&mut rows, stride, row.data(), info, bits);
        }
    }
    Ok(rows)
}

/// Turns rows of the file's layout into Pillow's pixels.
struct Painter {
    color: u8,
    depth: u8,
    width: usize,
    /// The colour that is transparent, in the numbers that Pillow compares.
    key: Option<[usize; 3]>,
    palette: Option<Palette>,
    /// The grey of each sample of up to eight bits.
    greys: [u8; 256],
    unpacked: Vec<u8>,
}

impl Painter {
    fn new(chunks: &Chunks<'_>) -> Result<Self> {
        let (color, depth) = (chunks.color, chunks.depth);
        let key = chunks.transparency.map(|data| key_of(color, depth, data)).transpose()?.flatten();
        let palette = if color == 3 { Some(palette_of(chunks)?) } else { None };
        let mut greys = [0; 256];
        if color == 0 && depth <= 8 {
            // Few bits are spread over all eight; the key is compared after that.
            let scale = 255 / ((1 << depth) - 1);
            for (sample, grey) in greys.iter_mut().enumerate() {
                let value = (sample * scale) as u8;
                *grey = if key == Some([usize::from(value); 3]) { 255 } else { value };
            }
        }
        Ok(Painter { color, depth, width: chunks.width, key, palette, greys, unpacked: Vec::new() })
    }

    fn push(&mut self, canvas: &mut Canvas, row: &[u8]) -> Result<()> {
        match (self.color, self.depth) {
            (0, 8) if self.key.is_none() => canvas.push_grey(row),
            (0 | 3, 1 | 2 | 4) => {
                unpack(row, usize::from(self.depth), self.width, &mut self.unpacked);
                let samples = std::mem::take(&mut self.unpacked);
                self.push_samples(canvas, &samples);
                self.unpacked = samples;
            }
            (0 | 3, 8) => self.push_samples(canvas, row),
            (2, _) => self.push_rgb(canvas, row),
            (0, 16) => canvas.push_as_grey(row, |[high, low]| {
                let value = usize::from(u16::from_be_bytes([high, low]));
                if self.key == Some([value; 3]) { 255 } else { high }
            }),
            (4, 8) => canvas.push_as_grey(row, |[v, a]| on_white(v, a)),
            (4, 16) => canvas.push_as_grey(row, |[v, _, a, _]| on_white(v, a)),
            (6, 8) => canvas.push_as_rgb(row, rgba_on_white),
            (6, 16) => canvas.push_as_rgb(row, |[r, _, g, _, b, _, a, _]| rgba_on_white([r, g, b, a])),
            layout => return Err(other(format_args!("a PNG file of layout {layout:?}"))),
        }
        Ok(())
    }

    fn push_samples(&mut self, canvas: &mut Canvas, samples: &[u8]) {
        match &mut self.palette {
            Some(palette) => palette.push(canvas, samples),
            None => canvas.push_as_grey(samples, |[sample]| self.greys[usize::from(sample)]),
        }
    }

    fn push_rgb(&self, canvas: &mut Canvas, row: &[u8]) {
        let keyed = |pixel: [u8; 3]| if self.key == Some(pixel.map(usize::from)) { [255; 3] } else { pixel };
        match (self.depth, self.key) {
            (8, None) => canvas.push_as_rgb(
                row,
                #[inline(always)]
                |pixel: [u8; 3]| pixel,
            ),
            (8, _) => canvas.push_as_rgb(row, keyed),
            _ => canvas.push_as_rgb(row, |[r, _, g, _, b, _]| keyed([r, g, b])),
        }
    }
}

/// The transparent colour: Pillow compares grey values of up to eight bits with the key's lower byte, and
/// colours, of which it has eight bits, with the upper bytes of a key that has any.
fn key_of(color: u8, depth: u8, data: &[u8]) -> Result<Option<[usize; 3]>> {
    Ok(match (color, depth) {
        (0, 1) => Some(numbers::<1>(data)?.map(|n| if n > 0 { 255 } else { 0 })).map(|[n]| [n; 3]),
        (0, 16) => Some(numbers(data)?).map(|[n]| [n; 3]),
        (0, _) => Some(numbers(data)?).map(|[n]| [n & 255; 3]),
        (2, _) => {
            let key: [usize; 3] = numbers(data)?;
            Some(if key.iter().any(|&n| n > 255) { key.map(|n| n >> 8) } else { key })
        }
        (3, _) => None,
        _ => return Err(other("a PNG file with alpha and a transparent colour")),
    })
}

fn palette_of(chunks: &Chunks<'_>) -> Result<Palette> {
    let colors = chunks.palette.unwrap_or_default();
    let alpha = chunks.transparency.unwrap_or_default();
    // Pillow takes a last alpha of 10 for the end of a line.
    if !colors.len().is_multiple_of(3) || alpha.len() > colors.len() / 3 || alpha.last() == Some(&b'\n') {
        return Err(other("a PNG file with an odd palette"));
    }
    Ok(Palette::new(colors.as_chunks::<3>().0.iter().copied(), alpha))
}
