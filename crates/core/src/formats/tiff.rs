//! TIFF: strips or tiles, plain or packed by LZW, Deflate or PackBits, of up to 16 bits a sample.
//!
//! The container is a list of numbers that we read ourselves (the orientation of a JPEG stands in the same); the
//! packing is left to the `weezl` and `flate2` crates. Only one row of strips or tiles is in memory.

use super::canvas::{Canvas, check_size};
use super::paint::{Palette, on_white, rgba_on_white, unpack};
use super::tiff_layout::{Layout, Meaning, Packing};
use super::tiff_source::Source;
use super::{Decoded, other};
use crate::color::Wanted;
use crate::error::Result;
use crate::watch::Watch;

/// Decodes the first picture of a TIFF file.
///
/// # Errors
/// See [`super::decode`].
pub fn decode(bytes: &[u8], watch: &Watch<'_>, wanted: Wanted) -> Result<Decoded> {
    let layout = Layout::read(bytes)?;
    check_size(layout.width, layout.height, watch)?;
    let mut painter = Painter::new(&layout);
    let mut canvas = Canvas::new(layout.width, layout.height, watch, wanted)?;
    let across = layout.width.div_ceil(layout.tile.0);
    for (n, places) in layout.places.chunks(across).enumerate() {
        let rows = layout.tile.1.min(layout.height - n * layout.tile.1);
        if across == 1 && layout.tile.0 == layout.width {
            painter.push_strip(&mut canvas, bytes, places[0], rows, watch)?;
        } else {
            painter.push_tiles(&mut canvas, bytes, places, rows, watch)?;
        }
    }
    if let Some(palette) = &painter.palette {
        palette.count(&mut canvas);
    }
    canvas.finish(layout.orientation, "TIFF")
}

/// Turns rows of the file's layout into Pillow's pixels.
struct Painter<'a> {
    layout: &'a Layout,
    palette: Option<Palette>,
    unpacked: Vec<u8>,
}

impl<'a> Painter<'a> {
    fn new(layout: &'a Layout) -> Self {
        let colors = layout.colors.len() / 3;
        let color = |n: usize| [0, 1, 2].map(|channel| layout.colors[channel * colors + n]);
        let palette = (layout.meaning == Meaning::Indexed).then(|| Palette::new((0..colors).map(color), &[]));
        Painter { layout, palette, unpacked: Vec::new() }
    }

    fn row_bytes(&self, width: usize) -> usize {
        (width * self.layout.bits * self.layout.samples).div_ceil(8)
    }

    fn push_strip(
        &mut self,
        canvas: &mut Canvas,
        bytes: &[u8],
        (at, length): (usize, usize),
        rows: usize,
        watch: &Watch<'_>,
    ) -> Result<()> {
        let mut source = Source::new(bytes, at, length, self.layout.packing)?;
        let mut row = vec![0; self.row_bytes(self.layout.width)];
        for _ in 0..rows {
            watch.check()?;
            source.fill(&mut row)?;
            self.add_up(&mut row);
            self.push(canvas, &row)?;
        }
        source.end()
    }

    /// Tiles beside one another; the last may reach beyond the picture, to the right and below.
    fn push_tiles(
        &mut self,
        canvas: &mut Canvas,
        bytes: &[u8],
        places: &[(usize, usize)],
        rows: usize,
        watch: &Watch<'_>,
    ) -> Result<()> {
        let (tile_width, tile_height) = self.layout.tile;
        if !(tile_width * self.layout.bits * self.layout.samples).is_multiple_of(8) {
            return Err(other("a TIFF file whose tiles end within a byte"));
        }
        let mut line = vec![0; self.row_bytes(tile_width)];
        let stride = self.row_bytes(self.layout.width);
        watch.check_memory((stride * rows + 2 * self.layout.width * self.layout.height) as u64)?;
        let mut band = vec![0; stride * rows];
        for (n, &(at, length)) in places.iter().enumerate() {
            let mut source = Source::new(bytes, at, length, self.layout.packing)?;
            let all = if self.layout.packing == Packing::None { rows } else { tile_height };
            for y in 0..all {
                watch.check()?;
                source.fill(&mut line)?;
                self.add_up(&mut line);
                if y < rows {
                    let part = &mut band[y * stride..][..stride][n * line.len()..];
                    let used = part.len().min(line.len());
                    part[..used].copy_from_slice(&line[..used]);
                }
            }
            source.end()?;
        }
        band.chunks_exact(stride).try_for_each(|row| self.push(canvas, row))
    }

    /// Makes samples of the differences to the pixel before.
    fn add_up(&self, row: &mut [u8]) {
        let samples = self.layout.samples;
        match (self.layout.differences, self.layout.bits) {
            (false, _) => {}
            (true, 8) => {
                for at in samples..row.len() {
                    row[at] = row[at].wrapping_add(row[at - samples]);
                }
            }
            _ => self.add_up_pairs(row.as_chunks_mut().0),
        }
    }

    fn add_up_pairs(&self, row: &mut [[u8; 2]]) {
        let samples = self.layout.samples;
        for at in samples..row.len() {
            let (now, before) = (row[at], row[at - samples]);
            row[at] = if self.layout.highest_first {
                u16::from_be_bytes(now).wrapping_add(u16::from_be_bytes(before)).to_be_bytes()
            } else {
                u16::from_le_bytes(now).wrapping_add(u16::from_le_bytes(before)).to_le_bytes()
            };
        }
    }

    fn push(&mut self, canvas: &mut Canvas, row: &[u8]) -> Result<()> {
        if self.layout.bits < 8 {
            let mut samples = std::mem::take(&mut self.unpacked);
            unpack(row, self.layout.bits, self.layout.width, &mut samples);
            let scale = 255 / ((1 << self.layout.bits) - 1);
            self.push_samples(canvas, &samples, scale);
            self.unpacked = samples;
        } else if self.layout.bits == 16 {
            self.push_pairs(canvas, row);
        } else {
            self.push_samples(canvas, row, 1);
        }
        Ok(())
    }

    fn push_samples(&mut self, canvas: &mut Canvas, row: &[u8], scale: u8) {
        match self.layout.meaning {
            Meaning::Inverted => canvas.push_as_grey(row, |[v]| 255 - v * scale),
            Meaning::Grey if scale == 1 => canvas.push_grey(row),
            Meaning::Grey => canvas.push_as_grey(row, |[v]| v * scale),
            Meaning::GreyAlpha => canvas.push_as_grey(row, |[v, a]| on_white(v, a)),
            Meaning::Rgb => canvas.push_as_rgb(
                row,
                #[inline(always)]
                |pixel: [u8; 3]| pixel,
            ),
            Meaning::Rgbx => canvas.push_rgbx(row),
            Meaning::Rgba => canvas.push_as_rgb(row, rgba_on_white),
            Meaning::Indexed => {
                if let Some(palette) = &mut self.palette {
                    palette.push(canvas, row);
                }
            }
        }
    }

    /// 16 bits: only the upper byte counts.
    fn push_pairs(&self, canvas: &mut Canvas, row: &[u8]) {
        let upper = usize::from(!self.layout.highest_first);
        match self.layout.meaning {
            Meaning::Rgb => canvas.push_as_rgb(row, |p: [u8; 6]| [p[upper], p[2 + upper], p[4 + upper]]),
            Meaning::Rgbx => canvas.push_as_rgb(row, |p: [u8; 8]| [p[upper], p[2 + upper], p[4 + upper]]),
            Meaning::Rgba => canvas
                .push_as_rgb(row, |p: [u8; 8]| rgba_on_white([p[upper], p[2 + upper], p[4 + upper], p[6 + upper]])),
            _ => canvas.push_as_grey(row, |p: [u8; 2]| p[upper]),
        }
    }
}
