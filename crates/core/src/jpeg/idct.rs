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
    const BITS: u32 = FACTOR_BITS - EXTRA_BITS + 2;
    let mut rows = [[0i32; 8]; 2];
    #[allow(clippy::needless_range_loop)]
    #[allow(clippy::needless_range_loop)]
    for c in 0..8 {
        let [first, second] = halves(i32::from(at(coefs, quant, 0, c)), ODD_ROWS.map(|r| at(coefs, quant, r, c)));
        rows[0][c] = rounded(first, BITS);
        rows[1][c] = rounded(second, BITS);
    }
    for (r, row) in rows.iter().enumerate() {
        // The first number of a row is not saturated: vector code has it in 32 bits all along.
        let pair = halves(row[0], ODD_ROWS.map(|c| saturated(row[c])));
        put(out, r * stride, pair.map(|value| sample(rounded(value, FACTOR_BITS + EXTRA_BITS + GAIN_BITS + 2))));
    }
}

/// Four rows of four samples. Coefficients in row and column 4 count only for whether all rows but the first
/// are empty, which shows in absurd blocks alone.
#[inline(always)]
pub fn idct_4x4(coefs: &[i16; 64], quant: &[u16; 64], out: &mut [u8], stride: usize) {
    let mut rows = [[0i16; 8]; 4];
    if coefs[8..32].iter().chain(&coefs[40..]).all(|&coef| coef == 0) {
        rows = [shifted_row(coefs, quant); 4];
    } else {
        for c in 0..8 {
            let column = quarters(from_fn(|r| at(coefs, quant, r, c)));
            for (row, value) in rows.iter_mut().zip(column) {
                row[c] = saturated(rounded(value, FACTOR_BITS - EXTRA_BITS + 1));
            }
        }
    }
    for (r, &row) in rows.iter().enumerate() {
        let four = quarters(row);
        put(out, r * stride, four.map(|value| sample(rounded(value, FACTOR_BITS + EXTRA_BITS + GAIN_BITS + 1))));
    }
}

/// Eight rows of eight samples.
#[inline(always)]
pub fn idct_8x8(coefs: &[i16; 64], quant: &[u16; 64], out: &mut [u8], stride: usize) {
    let mut rows = [[0i16; 8]; 8];
    if coefs[8..].iter().all(|&coef| coef == 0) {
        rows = [shifted_row(coefs, quant); 8];
    } else {
        for c in 0..8 {
            let column = eighths(from_fn(|r| at(coefs, quant, r, c)));
            for (row, value) in rows.iter_mut().zip(column) {
                row[c] = saturated(rounded(value, FACTOR_BITS - EXTRA_BITS));
            }
        }
    }
    let columns = transposed(rows);
    let mut samples = [[0i16; 8]; 8];
    for r in 0..8 {
        let row = eighths(from_fn(|c| columns[c][r]));
        for (column, value) in samples.iter_mut().zip(row) {
            column[r] = saturated(rounded(value, FACTOR_BITS + EXTRA_BITS + GAIN_BITS));
        }
    }
    for (r, row) in transposed(samples).into_iter().enumerate() {
        put(out, r * stride, row.map(|value| sample(i32::from(value))));
    }
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

#[inline(always)]
fn at(coefs: &[i16; 64], quant: &[u16; 64], row: usize, column: usize) -> i16 {
    dequantised(coefs[8 * row + column], quant[8 * row + column])
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
fn put<const N: usize>(out: &mut [u8], start: usize, samples: [u8; N]) {
    out[start..start + N].copy_from_slice(&samples);
}

#[inline(always)]
fn transposed(m: [[i16; 8]; 8]) -> [[i16; 8]; 8] {
    from_fn(|r| from_fn(|c| m[c][r]))
}
