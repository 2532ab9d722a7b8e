//! Lanczos resampling of a grey plane in fixed point: the recipe of Pillow 7 to 12.
//!
//! Source of the recipe: `libImaging/Resample.c` of Pillow. The weights of each output pixel are computed
//! in double precision, normalised to a sum of one, and rounded to 22 fractional bits; the horizontal
//! pass comes first and is rounded to bytes before the vertical one. We keep this order for good: later
//! Pillows choose the order by the shape of the picture, which changes bits of hashes.

mod weights;

use crate::error::{Error, Result};
use crate::plane::{Plane, View};
use crate::simd::{self, Level};
use weights::{PRECISION, Weights};

const HALF: i32 = 1 << (PRECISION - 1);
/// Columns that one step of the vertical pass takes: their sums stay in registers and first-level cache.
const COLUMNS: usize = 512;

/// Resamples a grey picture to `width` x `height`.
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
    if width == 0 || height == 0 {
        return Err(Error::Argument(format!("expected sides of 1 or more, got {width} x {height}")));
    }
    let rows = if width == view.width() { view.to_vec() } else { horizontal(level, view, width) };
    let data = if height == view.height() { rows } else { vertical(level, &rows, width, view.height(), height) };
    Plane::new(data, width, height)
}

#[inline(always)]
fn to_byte(sum: i32) -> u8 {
    ((HALF + sum) >> PRECISION).clamp(0, 255) as u8
}

fn horizontal(level: Level, view: View<'_>, width: usize) -> Vec<u8> {
    let weights = Weights::for_rows(level, view.width(), width);
    let mut out = vec![0u8; width * view.height()];
    let mut sums = vec![0i32; width];
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        simd::weighted_sums(level, view.row(y), weights.start(), weights.taps(), weights.factors(), &mut sums);
        simd::run(
            level,
            #[inline(always)]
            || to_bytes(&sums, row),
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
