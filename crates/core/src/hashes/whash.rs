//! The wavelet hash: which parts of the picture are brighter than the median part.

use super::areas::part_sums;
use super::wavelet::{HaarPyramid, db4_low, haar_join_flat, haar_low, haar_low_flat};
use crate::error::{Error, Result};
use crate::plane::{Plane, View};
use crate::resample::resize;

/// Widest plane that is worked on; beyond it the doubles alone would take eight gigabytes.
const MAX_SCALE: usize = 1 << 15;

/// The wavelet that makes the low band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wavelet {
    /// Two taps: the low band is the sum of blocks.
    Haar,
    /// Daubechies' wavelet with four vanishing moments, eight taps.
    Db4,
}

/// What to make of the picture.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Side of the hash for Haar; a power of two.
    pub hash_size: usize,
    /// Side of the plane that the wavelet works on, a power of two; `None` takes the largest that
    /// fits into the picture, and at least `hash_size`.
    pub image_scale: Option<usize>,
    /// The wavelet of the hash itself.
    pub wavelet: Wavelet,
    /// Whether the mean brightness is taken out first, by a full Haar decomposition.
    pub remove_lowest: bool,
}

/// A square of bits, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    /// `side * side` bits, rows from the top.
    pub bits: Vec<bool>,
    /// Bits in a row. For [`Wavelet::Db4`] it is larger than the hash size asked for, because the
    /// filter reaches over the edge.
    pub side: usize,
}

/// The wavelet hash, bit for bit that of `imagehash.whash` (ImageHash 4.3.2 on PyWavelets 1.9).
///
/// Of a reduced plane, with Haar wavelets and the natural scale, it is that of the picture behind it, but for
/// bits that are near the median.
///
/// # Errors
/// [`Error::Argument`] if a size is not a power of two or `hash_size` exceeds the scale.
pub fn whash(view: View<'_>, options: &Options) -> Result<Bits> {
    let scale = checked_scale(view, options)?;
    if let (Some(reduction), Wavelet::Haar, None) = (view.reduction(), options.wavelet, options.image_scale) {
        let sums = part_sums(reduction, options.hash_size)?;
        return Ok(Bits { bits: above_median(&sums), side: options.hash_size });
    }
    let plane = resize(view, scale, scale)?;
    Ok(match options.wavelet {
        Wavelet::Haar => Haar::new(&plane, options).bits(),
        Wavelet::Db4 => db4_bits(&plane, options),
    })
}

/// The side of the plane, once all sizes are known to fit each other.
fn checked_scale(view: View<'_>, options: &Options) -> Result<usize> {
    let size = options.hash_size;
    if !size.is_power_of_two() {
        return Err(Error::Argument(format!("expected a power of two as hash_size, got {size}")));
    }
    let (width, height) =
        view.reduction().map_or((view.width(), view.height()), |r| (r.place().width, r.place().height));
    let natural = 1 << width.min(height).max(1).ilog2();
    let scale = options.image_scale.unwrap_or_else(|| size.max(natural));
    if !scale.is_power_of_two() || scale > MAX_SCALE {
        return Err(Error::Argument(format!("expected a power of two up to {MAX_SCALE} as image_scale, got {scale}")));
    }
    if size > scale {
        return Err(Error::Argument(format!("expected hash_size not above image_scale {scale}, got {size}")));
    }
    Ok(scale)
}

/// The hash from doubles throughout: with overlapping filters there is nothing to shorten.
fn db4_bits(plane: &Plane, options: &Options) -> Bits {
    let scale = plane.width();
    let mut pixels: Vec<f64> = plane.pixels().iter().map(|&value| brightness(value)).collect();
    if options.remove_lowest {
        pixels = without_lowest(pixels, scale);
    }
    let (low, side) = db4_low(pixels, scale, levels(scale / options.hash_size));
    let middle = median(&mut low.clone());
    Bits { bits: low.iter().map(|&value| value > middle).collect(), side }
}

fn above_median(sums: &[i128]) -> Vec<bool> {
    let mut sorted = sums.to_vec();
    sorted.sort_unstable();
    let (lower, upper) = middle_ranks(sums.len());
    let twice = sorted[lower] + sorted[upper];
    sums.iter().map(|&sum| 2 * sum > twice).collect()
}

/// The matrix less its mean, by way of a full Haar decomposition.
fn without_lowest(data: Vec<f64>, side: usize) -> Vec<f64> {
    let mut pyramid = HaarPyramid::split(data, side, levels(side));
    pyramid.low.fill(0.0);
    pyramid.join(side)
}

/// How often `side`, a power of two, can be halved.
fn levels(side: usize) -> u32 {
    side.trailing_zeros()
}

/// A pixel as ImageHash hands it to the wavelet.
fn brightness(value: u8) -> f64 {
    f64::from(value) / 255.0
}

/// The median as NumPy has it: of an even count the mean of the two in the middle.
fn median(values: &mut [f64]) -> f64 {
    let (lower, upper) = middle_ranks(values.len());
    let high = nth(values, upper);
    if lower == upper { high } else { (nth(values, lower) + high) / 2.0 }
}

/// Ranks of the one or two values in the middle of a sorted list.
fn middle_ranks(count: usize) -> (usize, usize) {
    (count.saturating_sub(1) / 2, count / 2)
}

/// The value of rank `rank`.
fn nth(values: &mut [f64], rank: usize) -> f64 {
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// A plane cut into `size` x `size` blocks: with Haar wavelets each bit belongs to one block.
struct Haar<'a> {
    plane: &'a Plane,
    size: usize,
    block: usize,
    remove_lowest: bool,
}

impl<'a> Haar<'a> {
    fn new(plane: &'a Plane, options: &Options) -> Self {
        let (size, remove_lowest) = (options.hash_size, options.remove_lowest);
        Self { plane, size, block: plane.width() / size, remove_lowest }
    }

    /// Compares the whole-number block sums, and looks at doubles only where these tie.
    ///
    /// The coefficient of a block is its sum S over 255 * `block`, less the mean if that was
    /// removed, plus rounding noise. Let M and N be the sums in the middle. No sum lies between
    /// them, so S differs from (M + N) / 2 by at least half of N - M. If M < N that is half a unit
    /// or, on the scale of the coefficients, 1 / (510 * `block`): 6e-8 for the largest block that
    /// is let in, whereas the noise stays below 1e-10 (coefficients up to `block`, a few dozen
    /// roundings of 1e-16 each). So the sums decide as the doubles do. If M = N, all blocks with
    /// another sum are as far away and decided too; those with that very sum hang on the noise.
    fn bits(&self) -> Bits {
        let sums = self.block_sums();
        let mut sorted = sums.clone();
        sorted.sort_unstable();
        let (lower, upper) = middle_ranks(sums.len());
        let (low, high) = (sorted[lower], sorted[upper]);
        let mut bits: Vec<bool> = sums.iter().map(|&sum| 2 * sum > low + high).collect();
        if low == high && sums.len() > 1 {
            let below = sorted.partition_point(|&sum| sum < low);
            self.break_ties(&sums, low, below, &mut bits);
        }
        Bits { bits, side: self.size }
    }

    /// Sets the bits of all blocks with the sum `tied` from their doubles; `below` blocks have a
    /// smaller sum.
    fn break_ties(&self, sums: &[u64], tied: u64, below: usize, bits: &mut [bool]) {
        let indices: Vec<usize> = (0..sums.len()).filter(|&index| sums[index] == tied).collect();
        let values = self.coefficients(&indices);
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (lower, upper) = middle_ranks(sums.len());
        let middle = (sorted[lower - below] + sorted[upper - below]) / 2.0;
        for (index, value) in indices.into_iter().zip(values) {
            bits[index] = value > middle;
        }
    }

    /// The sum of the pixels of each block.
    fn block_sums(&self) -> Vec<u64> {
        let mut sums = vec![0; self.size * self.size];
        let bands = self.plane.pixels().chunks_exact(self.block * self.plane.width());
        for (band, sums) in bands.zip(sums.chunks_exact_mut(self.size)) {
            for row in band.chunks_exact(self.plane.width()) {
                for (part, sum) in row.chunks_exact(self.block).zip(sums.iter_mut()) {
                    *sum += u64::from(part.iter().map(|&value| u32::from(value)).sum::<u32>());
                }
            }
        }
        sums
    }

    /// The low coefficients of some blocks, in doubles.
    ///
    /// A coefficient without removal depends on its own block only. Removing the lowest band
    /// changes a block through the coarser levels alone, and these see just one value for each
    /// block: so that is done on the grid of these values, and block by block from there.
    fn coefficients(&self, indices: &[usize]) -> Vec<f64> {
        if !self.remove_lowest {
            return indices.iter().map(|&index| self.low(index)).collect();
        }
        let grid = (0..self.size * self.size).map(|index| self.low(index)).collect();
        let grid = without_lowest(grid, self.size);
        indices.iter().map(|&index| self.low_again(index, grid[index])).collect()
    }

    /// The low coefficient of a block.
    fn low(&self, index: usize) -> f64 {
        match self.flat(index) {
            Some(value) => haar_low_flat(value, levels(self.block)),
            None => haar_low(self.pixels(index), self.block, levels(self.block))[0],
        }
    }

    /// The low coefficient of a block that was put together again with another low value.
    fn low_again(&self, index: usize, low: f64) -> f64 {
        let levels = levels(self.block);
        if self.flat(index).is_some() {
            return haar_low_flat(haar_join_flat(low, levels), levels);
        }
        let mut pyramid = HaarPyramid::split(self.pixels(index), self.block, levels);
        pyramid.low.fill(low);
        haar_low(pyramid.join(self.block), self.block, levels)[0]
    }

    /// The value of all pixels of a block if they are the same. Then all its details are zero, and
    /// blank parts are what most ties come from.
    fn flat(&self, index: usize) -> Option<f64> {
        let first = self.rows(index).next()?[0];
        // All of a row at once: stopping inside it would cost more than it saves.
        let differs = |row: &[u8]| row.iter().fold(0, |bits, &value| bits | (value ^ first)) != 0;
        let same = !self.rows(index).any(differs);
        same.then(|| brightness(first))
    }

    /// The pixels of a block as doubles.
    fn pixels(&self, index: usize) -> Vec<f64> {
        self.rows(index).flatten().map(|&value| brightness(value)).collect()
    }

    /// The rows of a block.
    fn rows(&self, index: usize) -> impl Iterator<Item = &'a [u8]> {
        let (block, width) = (self.block, self.plane.width());
        let left = index % self.size * block;
        let upper = index / self.size * block;
        let rows = &self.plane.pixels()[upper * width..][..block * width];
        rows.chunks_exact(width).map(move |row| &row[left..][..block])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduction::{Place, Reduction};

    fn plane(side: usize, seed: u32, kinds: u32) -> Plane {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) % kinds * (255 / (kinds - 1))) as u8
        };
        Plane::new(std::iter::repeat_with(next).take(side * side).collect(), side, side).unwrap()
    }

    fn options(hash_size: usize, remove_lowest: bool) -> Options {
        Options { hash_size, image_scale: None, wavelet: Wavelet::Haar, remove_lowest }
    }

    /// All in doubles over the whole plane, as ImageHash goes about it.
    fn slow(plane: &Plane, options: &Options) -> Vec<bool> {
        let side = plane.width();
        let mut pixels: Vec<f64> = plane.pixels().iter().map(|&value| brightness(value)).collect();
        if options.remove_lowest {
            pixels = without_lowest(pixels, side);
        }
        let low = haar_low(pixels, side, levels(side / options.hash_size));
        let middle = median(&mut low.clone());
        low.iter().map(|&value| value > middle).collect()
    }

    #[test]
    fn blocks_decide_as_doubles_do() {
        for seed in 0..40 {
            for (side, size) in [(1, 1), (2, 2), (8, 8), (16, 4), (32, 8), (64, 2), (64, 1)] {
                for kinds in [2, 3, 256] {
                    for remove in [false, true] {
                        let (plane, options) = (plane(side, seed, kinds), options(size, remove));
                        let fast = Haar::new(&plane, &options).bits().bits;
                        assert_eq!(fast, slow(&plane, &options), "{side} {size} {kinds} {remove}");
                    }
                }
            }
        }
    }

    #[test]
    fn blank_parts_decide_as_doubles_do() {
        for step in [1, 3, 16] {
            let pixels = (0..64 * 64).map(|i| if i / 64 < 20 { (i % 64 / step) as u8 } else { 255 });
            let plane = Plane::new(pixels.collect(), 64, 64).unwrap();
            for remove in [false, true] {
                let options = options(8, remove);
                assert_eq!(Haar::new(&plane, &options).bits().bits, slow(&plane, &options));
            }
        }
    }

    #[test]
    fn the_median_is_that_of_numpy() {
        assert_eq!(median(&mut [3.0]), 3.0);
        assert_eq!(median(&mut [4.0, 1.0, 9.0]), 4.0);
        assert_eq!(median(&mut [4.0, 1.0, 9.0, 2.0]), 3.0);
    }

    #[test]
    fn db4_reaches_over_the_edge() {
        let plane = plane(64, 1, 256);
        let options = Options { wavelet: Wavelet::Db4, ..options(8, true) };
        assert_eq!(db4_bits(&plane, &options).side, 14);
    }

    #[test]
    fn a_reduced_plane_has_the_bits_of_the_whole_picture() {
        let (width, height) = (419, 334);
        let wave = |x: f64, y: f64| 128.0 + 55.0 * (x / 31.0 + y / 97.0).sin() + 60.0 * (y / 43.0 - x / 201.0).cos();
        let pixels = (0..width * height).map(|i| wave((i % width) as f64, (i / width) as f64).round() as u8).collect();
        let whole = Plane::new(pixels, width, height).unwrap();
        for step in [2, 4, 8] {
            let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
            let middle = |at: usize| (at * step) as f64 + (step as f64 - 1.0) / 2.0;
            let eighths: Vec<i16> =
                (0..columns * rows).map(|i| (8.0 * wave(middle(i % columns), middle(i / columns))) as i16).collect();
            let reduction = Reduction::new(&eighths, Place { step, left: 0, upper: 0, width, height }).unwrap();
            let plane = Plane::new(vec![0; columns * rows], columns, rows).unwrap().reduced(reduction).unwrap();
            let options = options(8, true);
            assert_eq!(whash(plane.view(), &options), whash(whole.view(), &options), "{step}");
        }
    }

    #[test]
    fn the_scale_is_natural_or_as_asked() {
        let plane = Plane::new(vec![0; 100 * 70], 100, 70).unwrap();
        let scale = |size, image_scale| checked_scale(plane.view(), &Options { image_scale, ..options(size, true) });
        assert_eq!(scale(8, None), Ok(64));
        assert_eq!(scale(128, None), Ok(128));
        assert_eq!(scale(8, Some(32)), Ok(32));
        for (size, image_scale) in [(0, None), (6, None), (8, Some(0)), (8, Some(48)), (8, Some(4)), (8, Some(1 << 20))]
        {
            let text = scale(size, image_scale).unwrap_err().to_string();
            assert!(text.contains("expected") && text.contains("got"), "{text}");
        }
    }
}
