//! Lanczos resampling of a grey plane in fixed point: the recipe of Pillow 7 to 12.1.
//!
//! Source of the recipe: `libImaging/Resample.c` of Pillow. The weights of each output pixel are computed
//! in double precision, normalised to a sum of one, and rounded to 22 fractional bits; the horizontal
//! pass comes first and is rounded to bytes before the vertical one. We keep this order for good: later
//! Pillows choose the order by the shape of the picture, which changes bits of hashes.

mod reduced;
mod weights;

use crate::error::{Error, Result};
use crate::plane::{Plane, View};
use crate::reduction::Reduction;
use crate::simd::{self, Level, ROWS};
use weights::{PRECISION, Weights};

const HALF: i32 = 1 << (PRECISION - 1);
/// Columns that one step of the vertical pass takes: their sums stay in registers and first-level cache.
const COLUMNS: usize = 512;

/// Resamples a grey picture to `width` x `height`; of a reduced plane, the picture that it stands for.
///
/// # Errors
/// [`Error::Argument`] if a side is zero.
pub fn resize(view: View<'_>, width: usize, height: usize) -> Result<Plane> {
    resize_at(Level::best(), view, width, height)
}

/// [`resize`] at a chosen instruction set; the answer is the same at each.
///
/// # Errors
/// [`Error::Argument`] if a side is zero.
pub fn resize_at(level: Level, view: View<'_>, width: usize, height: usize) -> Result<Plane> {
    check_sides(width, height)?;
    if let Some(reduction) = view.reduction() {
        let mut small = vec![0; width * height];
        reduced_sums(level, reduction, width, height, |x, y, sum| small[y * width + x] = to_byte(sum));
        return Plane::new(small, width, height);
    }
    let rows = if width == view.width() { view.to_vec() } else { horizontal(level, view, width) };
    let data = if height == view.height() { rows } else { vertical(level, &rows, width, view.height(), height) };
    Plane::new(data, width, height)
}

/// The picture behind a view, of `size` pixels, resampled so that its longer side is at most `side`; never enlarged.
///
/// # Errors
/// [`Error::Argument`] if the side is zero.
pub fn within(view: View<'_>, size: (usize, usize), side: usize) -> Result<Plane> {
    check_sides(side, side)?;
    let longer = size.0.max(size.1);
    if longer <= side && view.reduction().is_none() {
        return Plane::new(view.to_vec(), view.width(), view.height());
    }
    let side = side.min(longer);
    let fitted = |length: usize| ((2 * length * side + longer) / (2 * longer)).max(1);
    resize(view, fitted(size.0), fitted(size.1))
}

/// [`resize`], but without the last rounding where the plane is a reduced one. Its grey values are right to
/// about as much as a byte is, and of two sources of error one can be spared.
///
/// # Errors
/// [`Error::Argument`] if a side is zero.
pub fn brightness(view: View<'_>, width: usize, height: usize) -> Result<Vec<f64>> {
    let Some(reduction) = view.reduction() else {
        return Ok(resize(view, width, height)?.pixels().iter().map(|&pixel| f64::from(pixel)).collect());
    };
    reduced_brightness(reduction, width, height)
}

/// [`brightness`] of the picture that samples stand for.
///
/// # Errors
/// [`Error::Argument`] if a side is zero.
pub fn reduced_brightness(reduction: &Reduction, width: usize, height: usize) -> Result<Vec<f64>> {
    check_sides(width, height)?;
    let mut small = vec![0.0; width * height];
    let value = |sum: i32| (f64::from(sum) / f64::from(1 << PRECISION)).clamp(0.0, 255.0);
    reduced_sums(Level::best(), reduction, width, height, |x, y, sum| small[y * width + x] = value(sum));
    Ok(small)
}

fn check_sides(width: usize, height: usize) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Error::Argument(format!("expected sides of 1 or more, got {width} x {height}")));
    }
    Ok(())
}

/// Hands each pixel's sum to `put`, with its column and row. The picture's columns come as lines, so that the
/// second pass is a first one.
fn reduced_sums(
    level: Level,
    reduction: &Reduction,
    width: usize,
    height: usize,
    mut put: impl FnMut(usize, usize, i32),
) {
    let lines = reduced::columns(level, reduction, width);
    let input = reduction.place().height;
    let weights = Weights::for_rows(level, input, height);
    let mut sums = vec![0i32; height * ROWS];
    for x in (0..width).step_by(ROWS) {
        let rows = std::array::from_fn(|r| &lines[(x + r).min(width - 1) * input..][..input]);
        simd::weighted_sums(level, rows, weights.start(), weights.taps(), weights.factors(), &mut sums);
        for (r, column) in sums.chunks_exact(height).take(width - x).enumerate() {
            column.iter().enumerate().for_each(|(y, &sum)| put(x + r, y, sum));
        }
    }
}

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    ((HALF + sum) >> PRECISION).clamp(0, 255) as u8
}

fn horizontal(level: Level, view: View<'_>, width: usize) -> Vec<u8> {
    let weights = Weights::for_rows(level, view.width(), width);
    let mut out = vec![0u8; width * view.height()];
    let mut sums = vec![0i32; width * ROWS];
    for (n, part) in out.chunks_mut(width * ROWS).enumerate() {
        // Where less than four rows are left, the last stands in for those that are missing.
        let rows = std::array::from_fn(|r| view.row((n * ROWS + r).min(view.height() - 1)));
        simd::weighted_sums(level, rows, weights.start(), weights.taps(), weights.factors(), &mut sums);
        simd::run(
            level,
            #[inline(always)]
            || to_bytes(&sums, part),
        );
    }
    out
}

#[inline(always)]
fn to_bytes(sums: &[i32], out: &mut [u8]) {
    for (byte, &sum) in out.iter_mut().zip(sums) {
        *byte = to_byte(sum);
    }
}

fn vertical(level: Level, rows: &[u8], width: usize, input: usize, height: usize) -> Vec<u8> {
    let weights = Weights::for_columns(level, input, height);
    let mut out = vec![0u8; width * height];
    simd::run(
        level,
        #[inline(always)]
        || {
            for (i, line) in out.chunks_exact_mut(width).enumerate() {
                let first = weights.start()[i] * width;
                for (c, part) in line.chunks_mut(COLUMNS).enumerate() {
                    weigh_columns(&rows[first + c * COLUMNS..], width, weights.row(i), part);
                }
            }
        },
    );
    out
}

/// One stretch of an output row: the weighted sum of the rows above one another in `rows`.
#[inline(always)]
fn weigh_columns(rows: &[u8], width: usize, weights: &[i32], out: &mut [u8]) {
    let mut sums = [0i32; COLUMNS];
    let sums = &mut sums[..out.len()];
    for (t, &weight) in weights.iter().enumerate() {
        let row = &rows[t * width..][..sums.len()];
        for (sum, &pixel) in sums.iter_mut().zip(row) {
            *sum += weight * i32::from(pixel);
        }
    }
    to_bytes(sums, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(width: usize, height: usize) -> Plane {
        let byte = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 17) as u8;
        Plane::new((0..width * height).map(byte).collect(), width, height).unwrap()
    }

    /// One pass over one line, by the definition: full weights of two sines, 64-bit sums.
    fn slow_line(line: &[u8], output: usize) -> Vec<u8> {
        (0..output)
            .map(|i| {
                let (start, taps) = weights::by_two_sines(i, line.len(), output);
                let sum: i64 = taps.iter().zip(&line[start..]).map(|(&w, &p)| i64::from(w) * i64::from(p)).sum();
                ((sum + i64::from(HALF)) >> PRECISION).clamp(0, 255) as u8
            })
            .collect()
    }

    fn slow(view: View<'_>, width: usize, height: usize) -> Vec<u8> {
        let rows: Vec<Vec<u8>> = (0..view.height())
            .map(|y| if width == view.width() { view.row(y).to_vec() } else { slow_line(view.row(y), width) })
            .collect();
        let mut out = vec![0; width * height];
        for x in 0..width {
            let column: Vec<u8> = rows.iter().map(|row| row[x]).collect();
            let column = if height == column.len() { column } else { slow_line(&column, height) };
            for (y, pixel) in column.into_iter().enumerate() {
                out[y * width + x] = pixel;
            }
        }
        out
    }

    #[test]
    fn every_level_equals_the_definition() {
        let sides = [1, 2, 3, 7, 8, 15, 16, 17, 33, 64, 100, 257, 300];
        for width in sides {
            for height in [1, 5, 16, 40, 131] {
                let plane = noise(width, height);
                for (w, h) in [(1, 1), (8, 8), (9, 8), (32, 32), (50, 3), (width, 7), (7, height), (300, 300)] {
                    let expected = slow(plane.view(), w, h);
                    for level in Level::available() {
                        let got = resize_at(level, plane.view(), w, h).unwrap();
                        assert_eq!(got.pixels(), expected, "{level:?}: {width} x {height} to {w} x {h}");
                    }
                }
            }
        }
    }

    #[test]
    fn wide_reductions_equal_the_definition() {
        let plane = noise(5003, 3);
        for width in [1, 2, 8, 32, 37, 1024] {
            let expected = slow(plane.view(), width, 2);
            for level in Level::available() {
                assert_eq!(resize_at(level, plane.view(), width, 2).unwrap().pixels(), expected, "{level:?} {width}");
            }
        }
    }

    #[test]
    fn a_window_is_resampled_like_its_copy() {
        let plane = noise(90, 70);
        let window = plane.view().crop(13, 5, 71, 66).unwrap();
        let copy = Plane::new(window.to_vec(), 58, 61).unwrap();
        assert_eq!(resize(window, 9, 8).unwrap(), resize(copy.view(), 9, 8).unwrap());
    }

    #[test]
    fn blank_pictures_stay_blank() {
        for value in [0, 1, 128, 255] {
            let plane = Plane::new(vec![value; 1234 * 77], 1234, 77).unwrap();
            assert!(resize(plane.view(), 32, 32).unwrap().pixels().iter().all(|&p| p == value));
        }
    }

    #[test]
    fn within_a_side_nothing_is_enlarged_nor_lost() {
        let size = |width, height, side| {
            let small = within(noise(width, height).view(), (width, height), side).unwrap();
            (small.width(), small.height())
        };
        assert_eq!([size(600, 300, 100), size(300, 600, 100), size(600, 299, 100)], [(100, 50), (50, 100), (100, 50)]);
        assert_eq!([size(600, 1, 100), size(100, 60, 100), size(7, 9, 100)], [(100, 1), (100, 60), (7, 9)]);
        let plane = noise(30, 20);
        assert_eq!(within(plane.view(), (30, 20), 30).unwrap().pixels(), plane.pixels());
        assert!(within(plane.view(), (30, 20), 0).is_err());
    }

    #[test]
    fn no_side_can_be_zero() {
        let plane = noise(4, 4);
        assert!(resize(plane.view(), 0, 8).is_err() && resize(plane.view(), 8, 0).is_err());
    }
}
