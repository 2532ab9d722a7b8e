//! The discrete wavelet transform in two dimensions, with the double arithmetic of PyWavelets.
//!
//! A hash bit can hang on the last bit of a double, so each sum adds the same products in the same
//! order as PyWavelets 1.9 does: `dwtn` filters the columns first and the rows second, `idwtn` the
//! rows first and the columns second. Rust neither contracts nor reorders floating-point
//! arithmetic, so writing the order down is enough.

use std::f64::consts::FRAC_1_SQRT_2;

/// Number of taps of the db4 filter.
const TAPS: usize = 8;

/// Low-pass decomposition filter of db4.
const DB4_LOW: [f64; TAPS] = [
    -0.010597401785069032,
    0.0328830116668852,
    0.030841381835560764,
    -0.18703481171909309,
    -0.027983769416859854,
    0.6308807679298589,
    0.7148465705529157,
    0.2303778133088965,
];

/// A square matrix split by Haar wavelets: the low band that is left, and all that was taken away.
pub(crate) struct HaarPyramid {
    /// The low band of the last level.
    pub(crate) low: Vec<f64>,
    /// The details of each level, finest first; see [`haar_split`] for the layout.
    details: Vec<Vec<f64>>,
}

impl HaarPyramid {
    /// Splits a matrix of `side` x `side` `levels` times; `side` must divide by `2^levels`.
    pub(crate) fn split(data: Vec<f64>, side: usize, levels: u32) -> Self {
        let mut low = data;
        let mut details = Vec::new();
        for level in 0..levels {
            let half = side >> (level + 1);
            let mut next = vec![0.0; half * half];
            let mut taken = vec![0.0; 3 * half * half];
            haar_split(&low, half, &mut next, &mut taken);
            details.push(taken);
            low = next;
        }
        Self { low, details }
    }

    /// Puts the details back onto `self.low`, up to the size that was split.
    pub(crate) fn join(mut self, side: usize) -> Vec<f64> {
        let mut low = self.low;
        while let Some(details) = self.details.pop() {
            let half = side >> (self.details.len() + 1);
            let mut joined = vec![0.0; 4 * half * half];
            haar_join(&low, &details, half, &mut joined);
            low = joined;
        }
        low
    }
}

/// The low Haar band of a `side` x `side` matrix after `levels` levels.
pub(crate) fn haar_low(data: Vec<f64>, side: usize, levels: u32) -> Vec<f64> {
    let mut low = data;
    if levels == 0 {
        return low;
    }
    let mut next = vec![0.0; side * side / 4];
    for level in 0..levels {
        let half = side >> (level + 1);
        haar_halve(&low, half, &mut next);
        std::mem::swap(&mut low, &mut next);
    }
    let last = side >> levels;
    low.truncate(last * last);
    low
}

/// [`haar_low`] of a matrix whose values are all `value`: one number stands for the whole.
pub(crate) fn haar_low_flat(value: f64, levels: u32) -> f64 {
    (0..levels).fold(value, |low, _| average(average(low, low), average(low, low)))
}

/// [`HaarPyramid::join`] onto the low value `low`, where all details are zero.
pub(crate) fn haar_join_flat(low: f64, levels: u32) -> f64 {
    (0..levels).fold(low, |low, _| FRAC_1_SQRT_2 * (FRAC_1_SQRT_2 * low))
}

/// The low band of one level; the input has `2 * half` rows and columns.
fn haar_halve(data: &[f64], half: usize, low: &mut [f64]) {
    for (rows, low) in data.chunks_exact(4 * half).zip(low.chunks_exact_mut(half)).take(half) {
        let (upper, lower) = rows.split_at(2 * half);
        let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        for ((p, q), low) in pairs.zip(low) {
            *low = average(average(p[0], q[0]), average(p[1], q[1]));
        }
    }
}

/// One level of decomposition; the input has `2 * half` rows and columns.
///
/// `details` gets, for each row of the low band, a row of horizontal, one of vertical and one of
/// diagonal details.
fn haar_split(data: &[f64], half: usize, low: &mut [f64], details: &mut [f64]) {
    let outputs = low.chunks_exact_mut(half).zip(details.chunks_exact_mut(3 * half));
    for (rows, (low, details)) in data.chunks_exact(4 * half).zip(outputs) {
        let (upper, lower) = rows.split_at(2 * half);
        let (across, rest) = details.split_at_mut(half);
        let (down, diagonal) = rest.split_at_mut(half);
        for x in 0..half {
            let (p, q) = (&upper[2 * x..2 * x + 2], &lower[2 * x..2 * x + 2]);
            let (left, right) = (average(p[0], q[0]), average(p[1], q[1]));
            let (left_d, right_d) = (difference(p[0], q[0]), difference(p[1], q[1]));
            low[x] = average(left, right);
            across[x] = difference(left, right);
            down[x] = average(left_d, right_d);
            diagonal[x] = difference(left_d, right_d);
        }
    }
}

/// The inverse of [`haar_split`]; `data` gets `2 * half` rows and columns.
fn haar_join(low: &[f64], details: &[f64], half: usize, data: &mut [f64]) {
    let inputs = low.chunks_exact(half).zip(details.chunks_exact(3 * half));
    for (rows, (low, details)) in data.chunks_exact_mut(4 * half).zip(inputs) {
        let (upper, lower) = rows.split_at_mut(2 * half);
        let (across, rest) = details.split_at(half);
        let (down, diagonal) = rest.split_at(half);
        for x in 0..half {
            let (left, right) = (average(low[x], across[x]), difference(low[x], across[x]));
            let (left_d, right_d) = (average(down[x], diagonal[x]), difference(down[x], diagonal[x]));
            upper[2 * x] = average(left, left_d);
            upper[2 * x + 1] = average(right, right_d);
            lower[2 * x] = difference(left, left_d);
            lower[2 * x + 1] = difference(right, right_d);
        }
    }
}

/// The low-pass Haar filter. Of two products the order of addition does not matter.
#[inline(always)]
fn average(a: f64, b: f64) -> f64 {
    FRAC_1_SQRT_2 * a + FRAC_1_SQRT_2 * b
}

/// The high-pass Haar filter, for both directions of the transform.
#[inline(always)]
fn difference(a: f64, b: f64) -> f64 {
    FRAC_1_SQRT_2 * a - FRAC_1_SQRT_2 * b
}

/// The low db4 band of a `side` x `side` matrix after `levels` levels, and its side.
///
/// The picture is mirrored at its edges (the mode `symmetric`), which makes each band a little
/// wider than half of the one before.
pub(crate) fn db4_low(data: Vec<f64>, side: usize, levels: u32) -> (Vec<f64>, usize) {
    let (mut low, mut side) = (data, side);
    for _ in 0..levels {
        low = db4_halve(&low, side);
        side = halved(side);
    }
    (low, side)
}

/// Length of the low band of `length` values.
fn halved(length: usize) -> usize {
    (length + TAPS - 1) / 2
}

/// The low band of one level: each output row is filtered down the columns, then along itself.
fn db4_halve(data: &[f64], side: usize) -> Vec<f64> {
    let half = halved(side);
    let mut low = vec![0.0; half * half];
    let mut row = vec![0.0; side];
    let (mut even, mut odd) = (vec![0.0; side.div_ceil(2)], vec![0.0; side / 2]);
    for (output, low) in low.chunks_exact_mut(half).enumerate() {
        filter_columns(data, output, &mut row);
        filter_row(&row, &mut even, &mut odd, low);
    }
    low
}

/// One tap: the factor and where its value stands.
type Tap = (f64, usize);

/// The taps of one output in the order in which PyWavelets adds them.
///
/// Beyond the far end it starts at the edge and walks away from it, so these come in reverse.
fn taps(output: usize, length: usize) -> [Tap; TAPS] {
    let last = 2 * output + 1;
    let beyond = (last + 1).saturating_sub(length);
    std::array::from_fn(|n| {
        let tap = if n < beyond { beyond - 1 - n } else { n };
        (DB4_LOW[tap], mirrored(last, tap, length))
    })
}

/// The position `last - tap` of a signal that is mirrored at both ends again and again.
fn mirrored(last: usize, tap: usize, length: usize) -> usize {
    let period = 2 * length;
    let position = (last + period * TAPS - tap) % period;
    position.min(period - 1 - position)
}

/// Row `output` of the low band down the columns; all columns at once.
fn filter_columns(data: &[f64], output: usize, row: &mut [f64]) {
    let side = row.len();
    let taps = taps(output, side);
    let factors = taps.map(|(factor, _)| factor);
    let rows = taps.map(|(_, y)| &data[y * side..][..side]);
    for (x, value) in row.iter_mut().enumerate() {
        *value = weigh(&factors, |tap| rows[tap][x]);
    }
}

/// The low band of one row. `even` and `odd` are room for its values at those positions, which
/// lets the taps of neighbouring outputs stand side by side.
fn filter_row(row: &[f64], even: &mut [f64], odd: &mut [f64], low: &mut [f64]) {
    for (value, target) in row.iter().step_by(2).zip(even.iter_mut()) {
        *target = *value;
    }
    for (value, target) in row.iter().skip(1).step_by(2).zip(odd.iter_mut()) {
        *target = *value;
    }
    let inside = odd.len().saturating_sub(TAPS / 2 - 1);
    let first = (TAPS / 2 - 1).min(low.len());
    let windows: [&[f64]; TAPS] = std::array::from_fn(|tap| {
        let parity = if tap % 2 == 0 { &odd[..] } else { &even[..] };
        parity.get(TAPS / 2 - 1 - tap / 2..).map_or(&[][..], |from| &from[..inside])
    });
    for (x, value) in low[first..].iter_mut().take(inside).enumerate() {
        *value = weigh(&DB4_LOW, |tap| windows[tap][x]);
    }
    for output in (0..first).chain(first + inside..low.len()) {
        let taps = taps(output, row.len());
        low[output] = weigh(&taps.map(|(factor, _)| factor), |tap| row[taps[tap].1]);
    }
}

/// The weighted sum of eight values, added from the first to the last.
#[inline(always)]
fn weigh(factors: &[f64; TAPS], value: impl Fn(usize) -> f64) -> f64 {
    (1..TAPS).fold(factors[0] * value(0), |sum, tap| sum + factors[tap] * value(tap))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<f64> {
        let mut state = 7_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 24) / 255.0
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    /// One-dimensional convolution as the definition has it, on a signal extended by hand.
    fn plain_low(signal: &[f64]) -> Vec<f64> {
        let n = signal.len() as isize;
        let at = |i: isize| {
            let m = i.rem_euclid(2 * n);
            signal[if m < n { m } else { 2 * n - 1 - m } as usize]
        };
        let sum = |o| (0..8).map(|j| DB4_LOW[j] * at(2 * o as isize + 1 - j as isize)).sum();
        (0..halved(signal.len())).map(sum).collect()
    }

    #[test]
    fn db4_is_the_convolution_of_the_mirrored_signal() {
        for length in (1..24).chain([64, 65]) {
            let signal = noise(length);
            let (mut even, mut odd) = (vec![0.0; length.div_ceil(2)], vec![0.0; length / 2]);
            let mut low = vec![0.0; halved(length)];
            filter_row(&signal, &mut even, &mut odd, &mut low);
            for (got, expected) in low.iter().zip(plain_low(&signal)) {
                assert!((got - expected).abs() < 1e-14, "{length}: {got} {expected}");
            }
        }
    }

    #[test]
    fn columns_and_rows_agree_to_the_bit() {
        for side in [1, 2, 5, 8, 13, 32] {
            let signal = noise(side);
            let data: Vec<f64> = (0..side * side).map(|i| signal[i / side]).collect();
            let (mut even, mut odd) = (vec![0.0; side.div_ceil(2)], vec![0.0; side / 2]);
            let (mut low, mut row) = (vec![0.0; halved(side)], vec![0.0; side]);
            filter_row(&signal, &mut even, &mut odd, &mut low);
            for (output, expected) in low.iter().enumerate() {
                filter_columns(&data, output, &mut row);
                assert!(row.iter().all(|got| got == expected), "{side} {output}");
            }
        }
    }

    #[test]
    fn beyond_the_end_the_taps_run_backwards() {
        let order = |output, length| taps(output, length).map(|(_, position)| position);
        assert_eq!(order(5, 16), [11, 10, 9, 8, 7, 6, 5, 4]);
        assert_eq!(order(0, 16), [1, 0, 0, 1, 2, 3, 4, 5]);
        assert_eq!(order(9, 16), [15, 14, 13, 12, 15, 14, 13, 12]);
    }

    #[test]
    fn haar_comes_back_after_split_and_join() {
        let data = noise(256);
        let pyramid = HaarPyramid::split(data.clone(), 16, 3);
        assert_eq!(pyramid.low, haar_low(data.clone(), 16, 3));
        for (got, expected) in pyramid.join(16).iter().zip(data) {
            assert!((got - expected).abs() < 1e-13);
        }
    }

    #[test]
    fn a_flat_matrix_needs_one_number() {
        for value in [1.0, 0.0, 77.0 / 255.0] {
            let pyramid = HaarPyramid::split(vec![value; 64], 8, 3);
            assert_eq!(pyramid.low, [haar_low_flat(value, 3)]);
            let joined = haar_join_flat(pyramid.low[0], 3);
            assert!(pyramid.join(8).iter().all(|&got| got == joined));
        }
    }
}
