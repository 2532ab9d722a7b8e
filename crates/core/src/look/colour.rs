//! The coarse colours of a look: means of Cb and Cr in 8 x 8 cells.
//!
//! Cb and Cr are those of JPEG (full range, 128 is no colour), which are sums of red, green and blue, so that the
//! mean of the one is made of the means of the others. A JPEG file gives one sample for each of its own blocks; of
//! all else, red, green and blue are added up in samples of a power of two of pixels, 64 to 127 along a side.
//! Which cells they fall into is known only when the border is.
//!
//! In JPEG files of less than 300 pixels a side, a cell is made of one or two samples, and the colours are only near those of the
//! pixels. Straight lines through the samples' centres in place of steps were tried: no nearer, for they blur what is blurred.

use super::border::Inner;
use crate::orient;
use crate::simd::{self, Level};

/// Cells along a side.
pub const SIDE: usize = 8;
/// Cells of one of the two.
pub const CELLS: usize = SIDE * SIDE;
/// Cb or Cr of what has no colour.
pub const NONE: u8 = 128;
/// At least so many samples along a side, where there are so many pixels.
const SAMPLES: usize = 64;

/// The two colour differences of a picture, in coarse samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Tint {
    /// Cb, Cr.
    pub channels: [Channel; 2],
}

/// One of them. All distances are in samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    values: Vec<u8>,
    columns: usize,
    across: Span,
    down: Span,
}

/// Where the picture lies along one side: samples may reach over its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    before: f32,
    length: f32,
}

impl Channel {
    /// Samples in rows of `columns`, of which the picture takes `width` and `height` from the first on.
    pub fn new(values: Vec<u8>, columns: usize, width: f32, height: f32) -> Channel {
        let from_first = |length| Span { before: 0.0, length };
        Channel { values, columns, across: from_first(width), down: from_first(height) }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn turned(&self, orientation: u8) -> Channel {
        let values = orient::turned(&self.values, self.columns, orientation);
        let back = |span: Span, samples: usize| Span { before: samples as f32 - span.before - span.length, ..span };
        let (across, down) = (self.across, self.down);
        let (left, upper) = (back(across, self.columns), back(down, self.rows()));
        let (across, down) = match orientation {
            2 => (left, down),
            3 => (left, upper),
            4 => (across, upper),
            5 => (down, across),
            6 => (upper, across),
            7 => (upper, left),
            8 => (down, left),
            _ => (across, down),
        };
        let columns = if (5..=8).contains(&orientation) { self.rows() } else { self.columns };
        Channel { values, columns, across, down }
    }

    /// The means of the cells of a part of the picture.
    fn cells(&self, part: &Inner) -> [u8; CELLS] {
        let columns = self.across.cells(part.left, part.right, self.columns);
        let rows = self.down.cells(part.upper, part.lower, self.rows());
        let mut sums = [0f32; CELLS];
        for (y, row) in self.values.chunks_exact(self.columns).enumerate() {
            if !rows.iter().any(|cell| (cell.first..cell.last).contains(&y)) {
                continue;
            }
            let means: [f32; SIDE] = std::array::from_fn(|cell| columns[cell].mean(row));
            for (cell, sums) in rows.iter().zip(sums.as_chunks_mut::<SIDE>().0) {
                let share = cell.share(y);
                sums.iter_mut().zip(&means).for_each(|(sum, mean)| *sum += share * mean);
            }
        }
        sums.map(|mean| (mean + 0.5) as u8)
    }
}

/// The samples of one row or column of cells: the first ones' and the last ones' shares are less than one.
struct Cell {
    from: f32,
    to: f32,
    first: usize,
    last: usize,
}

impl Span {
    fn cells(self, from: f32, to: f32, samples: usize) -> [Cell; SIDE] {
        let edge = |cell: usize| self.before + (from + (to - from) * cell as f32 / SIDE as f32) * self.length;
        std::array::from_fn(|cell| {
            let most = samples as f32;
            let (from, to) = (edge(cell).clamp(0.0, most), edge(cell + 1).clamp(0.0, most));
            Cell { from, to, first: (from as usize).min(samples - 1), last: (to.ceil() as usize).clamp(1, samples) }
        })
    }
}

impl Cell {
    /// How much of the cell a sample is.
    #[inline(always)]
    fn share(&self, sample: usize) -> f32 {
        let overlap = self.to.min((sample + 1) as f32) - self.from.max(sample as f32);
        overlap.max(0.0) / (self.to - self.from).max(f32::MIN_POSITIVE)
    }

    fn mean(&self, row: &[u8]) -> f32 {
        (self.first..self.last).map(|x| self.share(x) * f32::from(row[x])).sum()
    }
}

impl Tint {
    /// The means of Cb, and those of Cr, in the cells of a part of the picture, row by row.
    pub fn cells(&self, part: &Inner) -> [[u8; CELLS]; 2] {
        self.channels.each_ref().map(|channel| channel.cells(part))
    }

    /// Those of the picture turned by an EXIF orientation.
    #[must_use]
    pub fn turned(&self, orientation: u8) -> Tint {
        Tint { channels: self.channels.each_ref().map(|channel| channel.turned(orientation)) }
    }
}

/// Adds up red, green and blue while pixels come in from the top.
#[derive(Debug, Clone)]
pub struct Collector {
    width: usize,
    height: usize,
    /// Pixels of a sample along its sides.
    across: usize,
    down: usize,
    columns: usize,
    sums: Vec<[u64; 3]>,
    pixels: usize,
}

impl Collector {
    /// For a picture of `width` x `height` pixels.
    pub fn new(width: usize, height: usize) -> Collector {
        let step = |side: usize| 1 << (side / SAMPLES).max(1).ilog2();
        let (across, down) = (step(width), step(height));
        let columns = width.div_ceil(across);
        let sums = vec![[0; 3]; columns * height.div_ceil(down)];
        Collector { width, height, across, down, columns, sums, pixels: 0 }
    }

    /// Takes pixels of red, green, blue, and a byte that is ignored; those beyond the last row are left out.
    pub fn push(&mut self, level: Level, pixels: &[[u8; 4]]) {
        let mut rest = &pixels[..pixels.len().min(self.width * self.height - self.pixels)];
        while !rest.is_empty() {
            let (x, y) = (self.pixels % self.width, self.pixels / self.width);
            let (row, after) = rest.split_at(rest.len().min(self.width - x));
            let line = &mut self.sums[y / self.down * self.columns..][..self.columns];
            let across = self.across;
            simd::run(
                level,
                #[inline(always)]
                || add_row(row, x, across, line),
            );
            self.pixels += row.len();
            rest = after;
        }
    }

    /// The colours; `None` if there were no pixels, for a picture whose pixels are grey.
    pub fn finish(self) -> Option<Tint> {
        let (width, height) = (self.width as f32 / self.across as f32, self.height as f32 / self.down as f32);
        self.finish_as(width, height)
    }

    /// The same where the picture takes `width` and `height` of the samples.
    fn finish_as(self, width: f32, height: f32) -> Option<Tint> {
        if self.pixels < self.width * self.height {
            return None;
        }
        let size = |n: usize, step: usize, side: usize| step.min(side - n * step);
        let mut values = [Vec::with_capacity(self.sums.len()), Vec::with_capacity(self.sums.len())];
        for (n, sums) in self.sums.iter().enumerate() {
            let (x, y) = (n % self.columns, n / self.columns);
            let count = size(x, self.across, self.width) * size(y, self.down, self.height);
            let [cb, cr] = differences(sums.map(|sum| sum as f32 / count as f32));
            values[0].push(cb);
            values[1].push(cr);
        }
        Some(Tint { channels: values.map(|values| Channel::new(values, self.columns, width, height)) })
    }

    /// The same of pixels that are samples of a picture, which takes `width` and `height` of them.
    pub fn finish_reduced(self, width: f32, height: f32) -> Option<Tint> {
        let (across, down) = (self.across as f32, self.down as f32);
        self.finish_as(width / across, height / down)
    }
}

/// Adds pixels from column `x` on to the samples of their row.
#[inline(always)]
fn add_row(row: &[[u8; 4]], x: usize, across: usize, line: &mut [[u64; 3]]) {
    let (first, rest) = row.split_at((across - x % across).min(row.len()));
    add(first, &mut line[x / across]);
    for (pixels, sums) in rest.chunks(across).zip(line.iter_mut().skip(x / across + 1)) {
        add(pixels, sums);
    }
}

#[inline(always)]
fn add(pixels: &[[u8; 4]], sums: &mut [u64; 3]) {
    let mut all = [0u32; 4];
    for pixel in pixels {
        all.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u32::from(value));
    }
    sums.iter_mut().zip(all).for_each(|(sum, part)| *sum += u64::from(part));
}

/// Cb and Cr of JFIF.
fn differences([r, g, b]: [f32; 3]) -> [u8; 2] {
    let cb = 128.0 - 0.168_735_9 * r - 0.331_264_1 * g + 0.5 * b;
    let cr = 128.0 + 0.5 * r - 0.418_687_6 * g - 0.081_312_4 * b;
    [cb, cr].map(|value| (value + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Inner = Inner { left: 0.0, upper: 0.0, right: 1.0, lower: 1.0 };

    fn pixel(x: usize, y: usize) -> [u8; 4] {
        [(x * 2 % 256) as u8, (y * 3 % 256) as u8, ((x + y) % 256) as u8, 99]
    }

    fn picture(width: usize, height: usize) -> Vec<[u8; 4]> {
        (0..width * height).map(|n| pixel(n % width, n / width)).collect()
    }

    fn tint(pixels: &[[u8; 4]], width: usize, level: Level, part: usize) -> Tint {
        let mut all = Collector::new(width, pixels.len() / width);
        pixels.chunks(part).for_each(|part| all.push(level, part));
        all.finish().unwrap()
    }

    /// The means of the pixels of each cell, those at its edges by their shares.
    fn slow(pixels: &[[u8; 4]], width: usize, part: &Inner) -> [[u8; CELLS]; 2] {
        let height = pixels.len() / width;
        let share = |n: usize, from: f32, to: f32, cell: usize, side: usize| {
            let edge = |cell: usize| (from + (to - from) * cell as f32 / 8.0) * side as f32;
            (edge(cell + 1).min(n as f32 + 1.0) - edge(cell).max(n as f32)).max(0.0)
        };
        let mean = |cell: usize, channel: usize| {
            let (mut sums, mut weights) = ([0f32; 3], 0f32);
            for (n, rgb) in pixels.iter().enumerate() {
                let weight = share(n % width, part.left, part.right, cell % 8, width)
                    * share(n / width, part.upper, part.lower, cell / 8, height);
                weights += weight;
                sums.iter_mut().zip(rgb).for_each(|(sum, &value)| *sum += weight * f32::from(value));
            }
            differences(sums.map(|sum| sum / weights))[channel]
        };
        [0, 1].map(|channel| std::array::from_fn(|cell| mean(cell, channel)))
    }

    fn farthest(one: &[[u8; CELLS]; 2], other: &[[u8; CELLS]; 2]) -> u8 {
        let pairs = one.as_flattened().iter().zip(other.as_flattened());
        pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    #[test]
    fn cells_are_means_of_their_pixels() {
        let inner = Inner { left: 0.1, upper: 0.25, right: 0.9, lower: 0.95 };
        for (width, height) in [(64, 64), (100, 70), (300, 201), (9, 5), (3, 2), (1, 1)] {
            let pixels = picture(width, height);
            for part in [ALL, inner] {
                let found = tint(&pixels, width, Level::best(), usize::MAX).cells(&part);
                // A sample of several pixels that lies across an edge counts by its mean.
                let most = if width < 128 { 1 } else { 3 };
                assert!(farthest(&found, &slow(&pixels, width, &part)) <= most, "{width} x {height} {part:?}");
            }
        }
    }

    #[test]
    fn pixels_may_come_in_any_parts_and_at_any_level() {
        let pixels = picture(517, 130);
        let expected = tint(&pixels, 517, Level::Portable, usize::MAX);
        for level in Level::available() {
            for part in [1, 7, 516, 517, 518, 5000] {
                assert_eq!(tint(&pixels, 517, level, part), expected, "{level:?} {part}");
            }
        }
    }

    #[test]
    fn what_is_not_complete_has_no_colours() {
        let mut all = Collector::new(10, 10);
        assert!(all.clone().finish().is_none());
        all.push(Level::best(), &picture(10, 9));
        assert!(all.clone().finish().is_none());
        all.push(Level::best(), &picture(10, 9));
        assert!(all.finish().is_some(), "what is too much is left out");
    }

    #[test]
    fn turned_colours_are_those_of_turned_pixels() {
        let inner = Inner { left: 0.125, upper: 0.0, right: 1.0, lower: 0.75 };
        for (width, height) in [(200, 150), (70, 40)] {
            let pixels = picture(width, height);
            let upright = tint(&pixels, width, Level::best(), usize::MAX);
            for turn in 1..=8 {
                let across = if turn < 5 { width } else { height };
                let turned = tint(&orient::turned(&pixels, width, turn), across, Level::best(), usize::MAX);
                for part in [ALL, inner] {
                    let (found, expected) = (upright.turned(turn).cells(&part), turned.cells(&part));
                    assert!(farthest(&found, &expected) <= 1, "{width} x {height} {turn}");
                }
            }
        }
    }

    #[test]
    fn samples_may_reach_over_the_edges() {
        // 20 pixels in samples of 8: the last sample is half outside.
        let channel = Channel::new(vec![10, 20, 30], 3, 2.5, 1.0);
        let found = Tint { channels: [channel.clone(), channel] }.cells(&ALL)[0];
        assert_eq!(found[..8], [10, 10, 10, 18, 20, 20, 26, 30]);
        let mirrored = Tint { channels: [0, 1].map(|_| Channel::new(vec![10, 20, 30], 3, 2.5, 1.0)) }.turned(2);
        let mut back = found[..8].to_vec();
        back.reverse();
        assert_eq!(mirrored.cells(&ALL)[0][..8], back);
    }
}
