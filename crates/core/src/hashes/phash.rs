//! Perceptual hash: which low frequencies of the small picture are strong?
//!
//! Source: Krawetz, "Looks Like It" (2011), in the form of ImageHash's `phash` and `phash_simple`: a cosine
//! transform (type II, unscaled) of `hash_size * highfreq_factor` pixels a side, compared with the median
//! (or the mean) of its low corner, the constant term included.
//!
//! In blank and symmetric pictures many coefficients *equal* the median in exact arithmetic, and a float
//! comparison then gives the rounding noise of whichever transform was used. We call a coefficient equal
//! when it is nearer to the threshold than any noise can carry it, and the bit of an equal one is 0.

use super::check_size;
use crate::error::{Error, Result};
use crate::plane::View;
use crate::resample::brightness;
use crate::simd::{self, Level};

/// Bits along a side where nothing else is asked for: those of 32 pixels, which a look is made of too.
pub const USUAL: usize = 8;

/// Bits in rows.
pub struct Bits {
    /// Row by row.
    pub bits: Vec<bool>,
    /// Bits in a row.
    pub columns: usize,
}

/// `hash_size` squared bits (fewer if `highfreq_factor` is 0, which is refused): frequencies above the median.
///
/// # Errors
/// `Error::Argument` if a parameter is out of range.
pub fn phash(view: View<'_>, hash_size: usize, highfreq_factor: usize) -> Result<Bits> {
    check_size(hash_size, 2)?;
    let side = side(hash_size, highfreq_factor)?;
    Ok(phash_of(&brightness(view, side, side)?, side, hash_size))
}

/// [`phash`] of a picture that is resampled already, to `side` brightnesses along each side.
pub fn phash_of(small: &[f64], side: usize, hash_size: usize) -> Bits {
    let basis = cosines(side, hash_size);
    let columns = transform_columns(small, &basis, side, hash_size);
    let low: Vec<f64> = columns.chunks_exact(side).flat_map(|row| transform(row, &basis)).collect();
    Bits { bits: above_median(&low, side), columns: hash_size }
}

/// Which frequencies of a square of `side` pixels are above their median, further than by noise.
pub fn above_median(low: &[f64], side: usize) -> Vec<bool> {
    let noise = noise_bound(side) * side as f64;
    let threshold = median(low);
    low.iter().map(|&c| c - threshold > noise).collect()
}

/// Frequencies 1 to `hash_size` of the first `hash_size` rows, above their mean. With a
/// `highfreq_factor` of 1 the last frequency does not exist, and a row has one bit less.
///
/// # Errors
/// `Error::Argument` if a parameter is out of range.
pub fn phash_simple(view: View<'_>, hash_size: usize, highfreq_factor: usize) -> Result<Bits> {
    check_size(hash_size, 1)?;
    let side = side(hash_size, highfreq_factor)?;
    let small = brightness(view, side, side)?;
    let count = (hash_size + 1).min(side);
    let basis = cosines(side, count);
    let rows = small.chunks_exact(side).take(hash_size);
    let low: Vec<f64> = rows.flat_map(|row| transform(row, &basis).into_iter().skip(1)).collect();
    let mean = low.iter().sum::<f64>() / low.len() as f64;
    let noise = noise_bound(side);
    Ok(Bits { bits: low.iter().map(|&c| c - mean > noise).collect(), columns: count - 1 })
}

fn side(hash_size: usize, highfreq_factor: usize) -> Result<usize> {
    const MOST: usize = 16384;
    match hash_size.checked_mul(highfreq_factor) {
        Some(side @ 1..=MOST) => Ok(side),
        _ => Err(Error::Argument(format!(
            "expected hash_size times highfreq_factor from 1 to {MOST}, got {hash_size} times {highfreq_factor}"
        ))),
    }
}

/// More than the rounding error of one sum of `side` products, and far less than the distance of two
/// coefficients that differ: errors grow by 2^-53 a term (times 2 * 255), and the factor 64 leaves room
/// for the errors of the cosines and for the other implementation's.
fn noise_bound(side: usize) -> f64 {
    64.0 * 2.0 * 255.0 * side as f64 * f64::EPSILON
}

/// `2 cos(pi k (2 i + 1) / (2 n))` for `k` below `count`: a row for each `i`, a column for each frequency.
///
/// The angle is reduced in whole numbers to a half-turn's table, so that values that are equal or opposite in
/// exact arithmetic are so here to the last bit, and blank pictures cancel exactly.
pub fn cosines(n: usize, count: usize) -> Vec<f64> {
    let half: Vec<f64> = (0..=n).map(|i| 2.0 * libm::cos(std::f64::consts::PI * i as f64 / (2 * n) as f64)).collect();
    let value = |k: usize, i: usize| {
        let step = k * (2 * i + 1) % (4 * n);
        let step = if step > 2 * n { 4 * n - step } else { step };
        match step.cmp(&n) {
            std::cmp::Ordering::Less => half[step],
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => -half[2 * n - step],
        }
    };
    (0..n).flat_map(|i| (0..count).map(move |k| (k, i))).map(|(k, i)| value(k, i)).collect()
}

/// The first `count` frequencies of each column: `count` rows of `side` numbers. Few frequencies at a time, so
/// that their sums stay in the cache while all rows pass.
fn transform_columns(pixels: &[f64], basis: &[f64], side: usize, count: usize) -> Vec<f64> {
    const AT_A_TIME: usize = 4;
    let mut out = vec![0.0; count * side];
    simd::run(
        Level::best(),
        #[inline(always)]
        || {
            for (block, sums) in out.chunks_mut(AT_A_TIME * side).enumerate() {
                for (row, waves) in pixels.chunks_exact(side).zip(basis.chunks_exact(count)) {
                    for (sums, &wave) in sums.chunks_exact_mut(side).zip(&waves[block * AT_A_TIME..]) {
                        add_scaled(sums, row, wave);
                    }
                }
            }
        },
    );
    out
}

/// The first frequencies of one row, as many as the basis has columns.
fn transform(row: &[f64], basis: &[f64]) -> Vec<f64> {
    let count = basis.len() / row.len();
    let mut sums = vec![0.0; count];
    simd::run(
        Level::best(),
        #[inline(always)]
        || {
            for (&value, waves) in row.iter().zip(basis.chunks_exact(count)) {
                add_scaled(&mut sums, waves, value);
            }
        },
    );
    sums
}

/// Adds a multiple of one line to another: each sum grows by itself, so the order of its additions, and with
/// it its last bit, does not depend on the width of the processor's registers.
#[inline(always)]
fn add_scaled(sums: &mut [f64], line: &[f64], factor: f64) {
    for (sum, &value) in sums.iter_mut().zip(line) {
        *sum += factor * value;
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let half = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, &mut middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if is_odd { middle } else { (below.iter().copied().fold(f64::NEG_INFINITY, f64::max) + middle) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;

    fn bits_of(pixel: impl Fn(usize, usize) -> u8) -> Vec<bool> {
        let data = (0..32 * 32).map(|i| pixel(i % 32, i / 32)).collect();
        phash(Plane::new(data, 32, 32).unwrap().view(), 8, 4).unwrap().bits
    }

    #[test]
    fn a_blank_picture_has_its_constant_term_and_no_noise() {
        for value in [1, 77, 200, 255] {
            let bits = bits_of(|_, _| value);
            assert!(bits[0] && bits[1..].iter().all(|&bit| !bit), "{value}");
        }
        assert!(bits_of(|_, _| 0).iter().all(|&bit| !bit));
    }

    #[test]
    fn a_picture_equal_to_its_mirror_image_has_no_odd_frequencies() {
        let bits = bits_of(|x, y| (x.min(31 - x) * 9 + y * y / 7) as u8);
        for (i, bit) in bits.iter().enumerate() {
            assert!(i % 2 == 0 || !bit, "frequency {} of row {}", i % 8, i / 8);
        }
    }

    #[test]
    fn cosines_are_equal_or_opposite_to_the_last_bit() {
        for n in [8, 12, 28, 32, 64] {
            let basis = cosines(n, n);
            for k in 0..n {
                for i in 0..n {
                    let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
                    assert_eq!(basis[i * n + k], sign * basis[(n - 1 - i) * n + k]);
                    let exact = 2.0 * (std::f64::consts::PI * (k * (2 * i + 1)) as f64 / (2 * n) as f64).cos();
                    assert!((basis[i * n + k] - exact).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        let plane = Plane::new(vec![0; 4], 2, 2).unwrap();
        for (size, factor) in [(1, 4), (0, 4), (8, 0), (5000, 1), (4096, 4096)] {
            assert!(phash(plane.view(), size, factor).is_err(), "{size} {factor}");
        }
    }

    #[test]
    fn a_factor_of_one_leaves_phash_simple_a_column_short() {
        let plane = Plane::new((0..64).collect(), 8, 8).unwrap();
        let found = phash_simple(plane.view(), 8, 1).unwrap();
        assert_eq!((found.columns, found.bits.len()), (7, 56));
    }
}
