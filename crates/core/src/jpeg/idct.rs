//! From the coefficients of a block to its samples: 8, 4, 2 or 1 a side.
//!
//! The transforms are those of libjpeg-turbo 3.1 (`jidctint.c`, `jidctred.c`) as its x86-64 vector code
//! carries them out (`jidctint-avx2.asm`, `jidctred-sse2.asm`), for sound coefficients and for absurd ones:
//!
//! - Dequantised coefficients are 16-bit numbers and wrap. So do their sums before the first multiplication.
//! - Products and their sums are 32-bit numbers and wrap. Any order of adding them up is as good as another.
//! - After the first pass, numbers are brought into 16 bits by saturation; except that where a block has its
//!   coefficients in the first row only, the pass is a shift to the left, which wraps.
//! - The one by one transform is plain C: nothing wraps but the last step, which keeps 10 bits.
//!
//! A loop over columns or rows has the arithmetic of a single one in it: the compiler turns it into vector
//! code. Callers get the widest vectors if they run whole rows of blocks in `simd::run`.

use std::array::from_fn;

/// Fractional bits of the factors below.
const FACTOR_BITS: u32 = 13;
/// Extra bits that numbers carry from the first pass to the second.
const EXTRA_BITS: u32 = 2;
/// What samples gain by two passes of a transform of 8 points, in bits.
const GAIN_BITS: u32 = 3;

/// The sample that a block of one sample a side consists of.
#[inline(always)]
pub fn idct_1x1(dc: i16, quant: u16) -> u8 {
    let value = rounded(i32::from(dc) * i32::from(quant as i16), GAIN_BITS);
    sample((value << 22) >> 22)
}

/// The mean of a block in eighths of a grey value, 0 to 2040, not rounded to bytes.
#[inline(always)]
pub fn mean_in_eighths(dc: i16, quant: u16) -> i16 {
    (i32::from(dc) * i32::from(quant) + 1024).clamp(0, 2040) as i16
}

/// The sample that all of a block of 2 x 2 consists of if none but its first coefficient differs from zero.
#[inline(always)]
pub fn flat_2x2(dc: i16, quant: u16) -> u8 {
    let value = i32::from(dequantised(dc, quant));
    sample(rounded(value.wrapping_mul(1 << 17), 20))
}

/// As [`flat_2x2`] for blocks of 4 x 4 and of 8 x 8, which agree.
#[inline(always)]
pub fn flat_8x8(dc: i16, quant: u16) -> u8 {
    let value = dequantised(dc, quant).wrapping_mul(1 << EXTRA_BITS);
    sample(rounded(i32::from(value), EXTRA_BITS + GAIN_BITS))
}

/// Two rows of two samples, the second `stride` bytes after the first. Coefficients in rows and columns 2, 4
/// and 6 play no part.
///
/// # Panics
/// If `out` is too short, as in all transforms here.
#[inline(always)]
pub fn idct_2x2(coefs: &[i16; 64], quant: &[u16; 64], out: &mut [u8], stride: usize) {
    const FIRST_BITS: u32 = FACTOR_BITS - EXTRA_BITS + 2;
    const LAST_BITS: u32 = FACTOR_BITS + EXTRA_BITS + GAIN_BITS + 2;
    let [mut upper, mut lower] = [[0; 8]; 2];
    for (c, (upper, lower)) in upper.iter_mut().zip(&mut lower).enumerate() {
        let odd = ODD_ROWS.map(|r| at(coefs, quant, r, c));
        let column = halves(i32::from(at(coefs, quant, 0, c)), odd);
        [*upper, *lower] = column.map(|value| rounded(value, FIRST_BITS));
    }
    for (r, row) in [upper, lower].iter().enumerate() {
        // The first number of a row is not saturated: vector code has it in 32 bits all along.
        let pair = halves(row[0], ODD_ROWS.map(|c| saturated(row[c])));
        out[r * stride..][..2].copy_from_slice(&pair.map(|value| sample(rounded(value, LAST_BITS))));
    }
}

/// Four rows of four samples. Coefficients in row and column 4 count only for whether all rows but the first
/// are empty, which shows in absurd blocks alone.
#[inline(always)]
pub fn idct_4x4(coefs: &[i16; 64], quant: &[u16; 64], out: &mut [u8], stride: usize) {
    const LAST_BITS: u32 = FACTOR_BITS + EXTRA_BITS + GAIN_BITS + 1;
    if is_empty(&coefs[8..32]) && is_empty(&coefs[40..]) {
        let row = quarters(shifted_row(coefs, quant));
        return put_all(out, stride, [row.map(|value| sample(rounded(value, LAST_BITS))); 4]);
    }
    let values = all_dequantised(coefs, quant);
    let mut rows = [[0; 8]; 4];
    for c in 0..8 {
        let column = quarters(from_fn(|r| values[r][c]));
        for (row, value) in rows.iter_mut().zip(column) {
            row[c] = i32::from(saturated(rounded(value, FACTOR_BITS - EXTRA_BITS + 1)));
        }
    }
    let columns = transposed(&rows);
    let mut samples = [0; 4];
    for r in 0..4 {
        let row = quarters(from_fn(|c| columns[c][r]));
        samples[r] = joined(row.map(|value| sample(rounded(value, LAST_BITS))));
    }
    put_all(out, stride, samples.map(u32::to_le_bytes));
}

/// Eight rows of eight samples.
#[inline(always)]
pub fn idct_8x8(coefs: &[i16; 64], quant: &[u16; 64], out: &mut [u8], stride: usize) {
    const LAST_BITS: u32 = FACTOR_BITS + EXTRA_BITS + GAIN_BITS;
    if is_empty(&coefs[8..]) {
        let row = eighths(shifted_row(coefs, quant));
        return put_all(out, stride, [row.map(|value| sample(rounded(value, LAST_BITS))); 8]);
    }
    let values = all_dequantised(coefs, quant);
    let mut rows = [[0; 8]; 8];
    for c in 0..8 {
        let column = eighths(from_fn(|r| values[r][c]));
        for (row, value) in rows.iter_mut().zip(column) {
            row[c] = i32::from(saturated(rounded(value, FACTOR_BITS - EXTRA_BITS)));
        }
    }
    let (rows, _) = rows.as_chunks::<4>();
    let (upper, lower) = (transposed(&rows[0]), transposed(&rows[1]));
    let mut samples = [[0; 8]; 2];
    for r in 0..8 {
        let row = eighths(from_fn(|c| if r < 4 { upper[c][r] } else { lower[c][r - 4] }));
        let row = row.map(|value| sample(rounded(value, LAST_BITS)));
        samples[0][r] = joined([row[0], row[1], row[2], row[3]]);
        samples[1][r] = joined([row[4], row[5], row[6], row[7]]);
    }
    let rows: [u64; 8] = from_fn(|r| u64::from(samples[0][r]) | u64::from(samples[1][r]) << 32);
    put_all(out, stride, rows.map(u64::to_le_bytes));
}

/// The odd-numbered rows (and columns) of coefficients.
const ODD_ROWS: [usize; 4] = [1, 3, 5, 7];

/// Two points of a transform of 8: `even` is coefficient 0, `odd` are 1, 3, 5 and 7.
#[inline(always)]
fn halves(even: i32, odd: [i16; 4]) -> [i32; 2] {
    let even = even.wrapping_mul(1 << (FACTOR_BITS + 2));
    let odd = weighted(odd, [29692, -10426, 6967, -5906]);
    [even.wrapping_add(odd), even.wrapping_sub(odd)]
}

/// Four points of a transform of 8; coefficient 4 plays no part.
#[inline(always)]
fn quarters(x: [i16; 8]) -> [i32; 4] {
    let even = i32::from(x[0]) << (FACTOR_BITS + 1);
    let slope = weighted([x[2], x[6]], [15137, -6270]);
    let odd = [x[1], x[3], x[5], x[7]];
    let outer = weighted(odd, [20995, 7373, -4926, -4176]);
    let inner = weighted(odd, [8697, -17799, 11893, -1730]);
    let (upper, lower) = (even.wrapping_add(slope), even.wrapping_sub(slope));
    [upper.wrapping_add(outer), lower.wrapping_add(inner), lower.wrapping_sub(inner), upper.wrapping_sub(outer)]
}

/// All points of a transform of 8, after Loeffler, Ligtenberg and Moschytz.
#[inline(always)]
fn eighths(x: [i16; 8]) -> [i32; 8] {
    let sum = i32::from(x[0].wrapping_add(x[4])) << FACTOR_BITS;
    let difference = i32::from(x[0].wrapping_sub(x[4])) << FACTOR_BITS;
    let steep = weighted([x[2], x[6]], [10703, 4433]);
    let gentle = weighted([x[2], x[6]], [4433, -10704]);
    let even = [
        sum.wrapping_add(steep),
        difference.wrapping_add(gentle),
        difference.wrapping_sub(gentle),
        sum.wrapping_sub(steep),
    ];
    let (z3, z4) = (x[7].wrapping_add(x[3]), x[5].wrapping_add(x[1]));
    let (with_z3, with_z4) = (weighted([z3, z4], [-6436, 9633]), weighted([z3, z4], [9633, 6437]));
    let odd = [
        weighted([x[7], x[1]], [-7373, 4926]).wrapping_add(with_z4),
        weighted([x[5], x[3]], [-20995, 4177]).wrapping_add(with_z3),
        weighted([x[5], x[3]], [-4176, -20995]).wrapping_add(with_z4),
        weighted([x[7], x[1]], [-4927, -7373]).wrapping_add(with_z3),
    ];
    from_fn(|i| if i < 4 { even[i].wrapping_add(odd[i]) } else { even[7 - i].wrapping_sub(odd[7 - i]) })
}

#[inline(always)]
fn weighted<const N: usize>(values: [i16; N], factors: [i32; N]) -> i32 {
    let products = values.into_iter().zip(factors).map(|(value, factor)| i32::from(value).wrapping_mul(factor));
    products.fold(0, i32::wrapping_add)
}

/// What the first pass makes of a block that is empty below its first row: the same in every row.
#[inline(always)]
fn shifted_row(coefs: &[i16; 64], quant: &[u16; 64]) -> [i16; 8] {
    from_fn(|c| at(coefs, quant, 0, c).wrapping_mul(1 << EXTRA_BITS))
}

/// Looks at all of them: a loop that may end at any place is slower.
#[inline(always)]
fn is_empty(coefs: &[i16]) -> bool {
    coefs.iter().fold(0, |all, &coef| all | coef) == 0
}

#[inline(always)]
fn at(coefs: &[i16; 64], quant: &[u16; 64], row: usize, column: usize) -> i16 {
    dequantised(coefs[8 * row + column], quant[8 * row + column])
}

/// Before the first pass rather than in it: reading from two places that somebody else owns, the compiler
/// leaves the pass as it stands, which took twice as long.
#[inline(always)]
fn all_dequantised(coefs: &[i16; 64], quant: &[u16; 64]) -> [[i16; 8]; 8] {
    let mut values = [[0; 8]; 8];
    for (value, (&coef, &quant)) in values.as_flattened_mut().iter_mut().zip(coefs.iter().zip(quant)) {
        *value = dequantised(coef, quant);
    }
    values
}

#[inline(always)]
fn dequantised(coef: i16, quant: u16) -> i16 {
    coef.wrapping_mul(quant as i16)
}

/// `value` without its last `bits` bits, to the nearest.
#[inline(always)]
fn rounded(value: i32, bits: u32) -> i32 {
    value.wrapping_add(1 << (bits - 1)) >> bits
}

#[inline(always)]
fn saturated(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[inline(always)]
fn sample(value: i32) -> u8 {
    (value.clamp(-128, 127) + 128) as u8
}

#[inline(always)]
fn put_all<const W: usize, const H: usize>(out: &mut [u8], stride: usize, samples: [[u8; W]; H]) {
    for (r, row) in samples.iter().enumerate() {
        out[r * stride..][..W].copy_from_slice(row);
    }
}

/// Four rows of 16-bit numbers to columns of four. Neighbours are joined to larger numbers: that works on eight
/// columns at a time.
#[inline(always)]
fn transposed(rows: &[[i32; 8]; 4]) -> [[i16; 4]; 8] {
    let [mut first, mut second] = [[0u32; 8]; 2];
    for c in 0..8 {
        first[c] = (rows[0][c] as u32 & 0xffff) | (rows[1][c] as u32) << 16;
        second[c] = (rows[2][c] as u32 & 0xffff) | (rows[3][c] as u32) << 16;
    }
    let columns: [u64; 8] = from_fn(|c| u64::from(first[c]) | u64::from(second[c]) << 32);
    columns.map(|column| from_fn(|r| (column >> (16 * r)) as i16))
}

/// Four samples as one number, the first lowest.
#[inline(always)]
fn joined(samples: [u8; 4]) -> u32 {
    let [a, b, c, d] = samples.map(u32::from);
    a | b << 8 | c << 16 | d << 24
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::testing::{Noise, checksum};
    use crate::simd::{self, Level};
    use std::f64::consts::PI;

    type Block = [i16; 64];

    fn samples(side: usize, coefs: &Block, quant: &[u16; 64]) -> Vec<u8> {
        let mut out = vec![0; side * side];
        match side {
            1 => out[0] = idct_1x1(coefs[0], quant[0]),
            2 => idct_2x2(coefs, quant, &mut out, 2),
            4 => idct_4x4(coefs, quant, &mut out, 4),
            _ => idct_8x8(coefs, quant, &mut out, 8),
        }
        out
    }

    /// 256 blocks, every fourth with nothing below its first row; sound ones, or such as no encoder makes.
    fn blocks(absurd: bool) -> ([u16; 64], Vec<Block>) {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15 + u64::from(absurd));
        let quant = from_fn(|_| if absurd { noise.below(65536) as u16 } else { 1 + noise.below(40) as u16 });
        let block = |b: usize| {
            let mut coefs = [0; 64];
            coefs[0] = if absurd { noise.below(32000) - 16000 } else { noise.below(400) - 200 } as i16;
            for coef in &mut coefs[1..if b % 4 == 3 { 8 } else { 64 }] {
                if noise.below(3) == 0 {
                    *coef = if absurd { noise.below(65535) - 32767 } else { noise.below(41) - 20 } as i16;
                }
            }
            coefs
        };
        (quant, (0..256).map(block).collect())
    }

    /// The definition in real numbers, then means of boxes of `8 / side` pixels a side.
    fn mean_of_box(side: usize, coefs: &Block, quant: &[u16; 64], x: usize, y: usize) -> f64 {
        let wave = |k: usize, at: usize| {
            let norm = if k == 0 { 0.125f64.sqrt() } else { 0.5 };
            let step = 8 / side;
            let sum: f64 =
                (at * step..(at + 1) * step).map(|p| ((2 * p + 1) as f64 * k as f64 * PI / 16.0).cos()).sum();
            norm * sum / step as f64
        };
        let term = |i: usize| f64::from(coefs[i]) * f64::from(quant[i]) * wave(i % 8, x) * wave(i / 8, y);
        ((0..64).map(term).sum::<f64>() + 128.0).clamp(0.0, 255.0)
    }

    #[test]
    fn samples_are_means_of_the_pixels_that_the_definition_gives() {
        let (quant, blocks) = blocks(false);
        for side in [1, 2, 4, 8] {
            for coefs in &blocks {
                for (i, &sample) in samples(side, coefs, &quant).iter().enumerate() {
                    let exact = mean_of_box(side, coefs, &quant, i % side, i / side);
                    assert!((f64::from(sample) - exact).abs() < 1.01, "{side}: {sample} is not {exact}");
                }
            }
        }
    }

    /// The sums are of what libjpeg-turbo 3.1.4 in Pillow 12.3 makes, on x86-64, of a grey file with these
    /// blocks in one row, at scales 1/8, 1/4, 1/2 and 1.
    #[test]
    fn samples_are_those_of_libjpeg_turbo() {
        let sound = [0xff25_e3e1_9881_56d1, 0xfa97_617c_9647_64fe, 0xa5c3_bc84_078e_83b2, 0x808d_6059_02e2_3a0b];
        let absurd = [0x055b_56fc_10e4_ff9b, 0x431e_81dd_d196_d4a8, 0x5d87_750c_6701_e43c, 0xcb9e_1f6e_01c0_5de1];
        for (expected, (quant, blocks)) in [(sound, blocks(false)), (absurd, blocks(true))] {
            for (expected, side) in expected.into_iter().zip([1, 2, 4, 8]) {
                let all: Vec<_> = blocks.iter().map(|coefs| samples(side, coefs, &quant)).collect();
                let rows = (0..side).flat_map(|y| all.iter().flat_map(move |block| &block[y * side..][..side]));
                assert_eq!(checksum(rows.copied()), expected, "{side} samples a side");
            }
        }
    }

    #[test]
    fn flat_blocks_are_flat() {
        let mut noise = Noise(1);
        for i in 0..5000 {
            let mut coefs = [0; 64];
            coefs[0] = noise.below(if i % 2 == 0 { 65536 } else { 300 }) as u16 as i16;
            let quant = [noise.below(if i % 3 == 0 { 65536 } else { 60 }) as u16; 64];
            assert_eq!(samples(2, &coefs, &quant), [flat_2x2(coefs[0], quant[0]); 4]);
            assert_eq!(samples(4, &coefs, &quant), [flat_8x8(coefs[0], quant[0]); 16]);
            assert_eq!(samples(8, &coefs, &quant), [flat_8x8(coefs[0], quant[0]); 64]);
        }
    }

    #[test]
    fn a_fifth_row_plays_no_part_in_four_by_four() {
        let (quant, blocks) = blocks(true);
        for coefs in blocks.iter().skip(3).step_by(4) {
            let mut more = *coefs;
            more[32..40].copy_from_slice(&blocks[0][32..40]);
            assert_eq!(samples(4, &more, &quant), samples(4, coefs, &quant));
        }
    }

    #[test]
    fn every_level_gives_the_same_samples() {
        for (quant, blocks) in [blocks(false), blocks(true)] {
            for side in [2, 4, 8] {
                for coefs in &blocks {
                    let expected = samples(side, coefs, &quant);
                    for level in Level::available() {
                        let mut out = vec![0; side * side];
                        simd::run(
                            level,
                            #[inline(always)]
                            || match side {
                                2 => idct_2x2(coefs, &quant, &mut out, 2),
                                4 => idct_4x4(coefs, &quant, &mut out, 4),
                                _ => idct_8x8(coefs, &quant, &mut out, 8),
                            },
                        );
                        assert_eq!(out, expected, "{level:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_stride_leaves_the_bytes_between_alone() {
        let (quant, blocks) = blocks(false);
        let mut out = [7; 8 * 11];
        idct_8x8(&blocks[0], &quant, &mut out[1..], 11);
        let expected = samples(8, &blocks[0], &quant);
        for (i, &byte) in out.iter().enumerate() {
            let inside = (1..9).contains(&(i % 11));
            assert_eq!(byte, if inside { expected[i / 11 * 8 + i % 11 - 1] } else { 7 });
        }
    }
}
