//! Components of fewer samples than the picture has: how large they are decoded, and how they are enlarged.
//!
//! The choices and the arithmetic are libjpeg-turbo's (`jdmaster.c`, `jdsample.c`; `jdmainct.c` for what lies
//! above the first row and below the last). What it calls fancy is linear interpolation between the centres
//! of samples: three quarters of the near one and a quarter of the far one. At the edges the outermost sample
//! stands in for what is missing. Samples that the file pads a component with are never looked at: those
//! right of its own width or below its own height.

use super::Scale;
use crate::error::{Error, Result};

/// How a component is decoded, and what is left to do by [`upsample`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComponentScale {
    /// Samples along a side of a block: 1, 2, 4 or 8, never less than the scale of the picture asks for.
    pub block: usize,
    /// Samples across and down for each `max` samples of the picture.
    pub from: (usize, usize),
}

/// The transform for a component with the sampling factors `own`, in a picture whose largest are `max`.
///
/// A component of fewer samples is decoded larger, where that makes up for it by a power of two in both
/// directions: a transform that gives more samples is better than enlarging afterwards, and cheaper.
pub fn component_scale(scale: Scale, own: (usize, usize), max: (usize, usize)) -> ComponentScale {
    let least = scale.samples();
    let mut block = least;
    while block < 8
        && (max.0 * least).is_multiple_of(own.0 * block * 2)
        && (max.1 * least).is_multiple_of(own.1 * block * 2)
    {
        block *= 2;
    }
    ComponentScale { block, from: (own.0 * block / least, own.1 * block / least) }
}

/// Samples that a component has along a side, from that of the picture in pixels, its own and the largest
/// sampling factor in that direction, and its samples along a side of a block.
pub fn component_side(pixels: usize, own: usize, max: usize, block: usize) -> usize {
    (pixels * own * block).div_ceil(max * 8)
}

/// A decoded component, which may be followed by padding on the right and below.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// Rows from the top.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Samples in a row without the padding, as by [`component_side`].
    pub width: usize,
    /// Rows without the padding.
    pub height: usize,
}

impl<'a> Samples<'a> {
    fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.stride..][..self.width]
    }

    fn check(&self, factors: (usize, usize), size: (usize, usize)) -> Result<()> {
        let needed = (size.0.div_ceil(factors.0), size.1.div_ceil(factors.1));
        let fits = self.width <= self.stride
            && self.height.saturating_mul(self.stride) <= self.data.len() + self.stride - self.width;
        if fits && needed == (self.width, self.height) && self.width > 0 && self.height > 0 {
            return Ok(());
        }
        Err(Error::Argument(format!(
            "expected {} x {} samples, got {} x {} at a stride of {} in {} bytes",
            needed.0,
            needed.1,
            self.width,
            self.height,
            self.stride,
            self.data.len()
        )))
    }
}

/// Enlarges a component to `size` (width and height), from `from` samples to `to` across and down.
///
/// `fancy` is for pictures of more than one sample a block; libjpeg-turbo never interpolates the smallest.
///
/// # Errors
/// [`Error::Unsupported`] if the factors are not whole numbers; [`Error::Argument`] if the sizes do not fit.
pub fn upsample(
    samples: Samples,
    from: (usize, usize),
    to: (usize, usize),
    fancy: bool,
    size: (usize, usize),
) -> Result<Vec<u8>> {
    if from.0 == 0 || from.1 == 0 || !to.0.is_multiple_of(from.0) || !to.1.is_multiple_of(from.1) {
        return Err(Error::Unsupported(format!(
            "expected sampling factors that divide the largest of {} x {}, got {} x {}",
            to.0, to.1, from.0, from.1
        )));
    }
    let factors = (to.0 / from.0, to.1 / from.1);
    samples.check(factors, size)?;
    let wide_enough = fancy && samples.width > 2;
    Ok(match factors {
        (2, 1) if wide_enough => each_row(samples, size, across),
        (2, 2) if wide_enough => between_rows(samples, size, both_ways),
        (1, 2) if fancy => between_rows(samples, size, down),
        _ => repeated(samples, factors, size),
    })
}

fn repeated(samples: Samples, factors: (usize, usize), size: (usize, usize)) -> Vec<u8> {
    let mut out = Vec::with_capacity(size.0 * size.1);
    for y in 0..size.1 {
        let row = samples.row(y / factors.1);
        match factors.0 {
            1 => out.extend_from_slice(row),
            _ if !y.is_multiple_of(factors.1) => out.extend_from_within(out.len() - size.0..),
            2 => out.extend(row.iter().flat_map(|&v| [v; 2]).take(size.0)),
            n => out.extend(row.iter().flat_map(|&v| std::iter::repeat_n(v, n)).take(size.0)),
        }
    }
    out
}

fn each_row(samples: Samples, size: (usize, usize), enlarge: impl Fn(&[u8], &mut [u8])) -> Vec<u8> {
    let mut out = vec![0; size.0 * size.1];
    for (y, row) in out.chunks_exact_mut(size.0).enumerate() {
        enlarge(samples.row(y), row);
    }
    out
}

/// Twice as many rows: each from the one that it is a part of and the neighbour that it is nearer to.
fn between_rows(
    samples: Samples,
    size: (usize, usize),
    enlarge: impl Fn([&[u8]; 2], bool, &mut [u16], &mut [u8]),
) -> Vec<u8> {
    let mut out = vec![0; size.0 * size.1];
    let mut sums = vec![0; samples.width + 2];
    for (y, row) in out.chunks_exact_mut(size.0).enumerate() {
        let (near, lower) = (y / 2, y % 2 == 1);
        let far = if lower { (near + 1).min(samples.height - 1) } else { near.saturating_sub(1) };
        enlarge([samples.row(near), samples.row(far)], lower, &mut sums, row);
    }
    out
}

fn across(row: &[u8], out: &mut [u8]) {
    let n = row.len();
    let (pairs, rest) = out.as_chunks_mut::<2>();
    let pair = |left: u8, middle: u8, right: u8| {
        let [left, middle, right] = [left, middle, right].map(u16::from);
        [(3 * middle + left + 1) >> 2, (3 * middle + right + 2) >> 2].map(|sum| sum as u8)
    };
    pairs[0] = pair(row[0], row[0], row[1]);
    for (out, ((&left, &middle), &right)) in pairs[1..].iter_mut().zip(row.iter().zip(&row[1..]).zip(&row[2..])) {
        *out = pair(left, middle, right);
    }
    let last = pair(row[n - 2], row[n - 1], row[n - 1]);
    match rest {
        [only] => *only = last[0],
        _ => pairs[n - 1] = last,
    }
}

/// The halves of a sum are rounded up and down in turn, so that brightness stays on average.
fn down([near, far]: [&[u8]; 2], lower: bool, _: &mut [u16], out: &mut [u8]) {
    let bias = if lower { 2 } else { 1 };
    for (out, (&near, &far)) in out.iter_mut().zip(near.iter().zip(far)) {
        *out = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
    }
}

fn both_ways([near, far]: [&[u8]; 2], _: bool, sums: &mut [u16], out: &mut [u8]) {
    let n = near.len();
    for (sum, (&near, &far)) in sums[1..].iter_mut().zip(near.iter().zip(far)) {
        *sum = 3 * u16::from(near) + u16::from(far);
    }
    (sums[0], sums[n + 1]) = (sums[1], sums[n]);
    let neighbours = sums[..n].iter().zip(&sums[1..=n]).zip(&sums[2..]);
    let (pairs, rest) = out.as_chunks_mut::<2>();
    for (out, ((&left, &middle), &right)) in pairs.iter_mut().zip(neighbours) {
        *out = [(3 * middle + left + 8) >> 4, (3 * middle + right + 7) >> 4].map(|sum| sum as u8);
    }
    if let [only] = rest {
        *only = ((3 * sums[n] + sums[n - 1] + 8) >> 4) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::testing::Noise;

    /// One sample of the enlarged component, by its definition.
    fn naive(samples: Samples, factors: (usize, usize), fancy: bool, x: usize, y: usize) -> u8 {
        let (cx, cy) = ((x / factors.0) as isize, (y / factors.1) as isize);
        let at = |x: isize, y: isize| {
            let x = x.clamp(0, samples.width as isize - 1) as usize;
            u32::from(samples.data[y.clamp(0, samples.height as isize - 1) as usize * samples.stride + x])
        };
        let nearer = |i: usize| if i.is_multiple_of(2) { -1 } else { 1 };
        let (dx, dy) = (nearer(x), nearer(y));
        let sum = match factors {
            (2, 1) if fancy && samples.width > 2 => (3 * at(cx, cy) + at(cx + dx, cy) + 1 + (x % 2) as u32) / 4,
            (1, 2) if fancy => (3 * at(cx, cy) + at(cx, cy + dy) + 1 + (y % 2) as u32) / 4,
            (2, 2) if fancy && samples.width > 2 => {
                let (near, far) = (3 * at(cx, cy) + at(cx + dx, cy), 3 * at(cx, cy + dy) + at(cx + dx, cy + dy));
                (3 * near + far + 8 - (x % 2) as u32) / 16
            }
            _ => at(cx, cy),
        };
        sum as u8
    }

    #[test]
    fn every_sample_is_what_its_definition_gives() {
        let mut noise = Noise(5);
        for factors in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (3, 1), (3, 2), (2, 4), (4, 4)] {
            for size in [(1, 1), (2, 3), (3, 2), (4, 4), (5, 5), (6, 1), (7, 9), (33, 18), (64, 7), (129, 5)] {
                let (width, height) = (usize::div_ceil(size.0, factors.0), usize::div_ceil(size.1, factors.1));
                let stride = width + 3;
                let data: Vec<u8> = (0..stride * (height + 2)).map(|_| noise.below(256) as u8).collect();
                let samples = Samples { data: &data, stride, width, height };
                for fancy in [false, true] {
                    let out = upsample(samples, (1, 1), factors, fancy, size).unwrap();
                    assert_eq!(out.len(), size.0 * size.1);
                    for (i, &sample) in out.iter().enumerate() {
                        let expected = naive(samples, factors, fancy, i % size.0, i / size.0);
                        assert_eq!(sample, expected, "{factors:?} {size:?} {fancy} at {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn halves_are_rounded_up_and_down_in_turn() {
        let samples = Samples { data: &[0, 2, 4], stride: 3, width: 3, height: 1 };
        assert_eq!(upsample(samples, (1, 1), (2, 1), true, (6, 1)).unwrap(), [0, 1, 1, 3, 3, 4]);
    }

    #[test]
    fn a_component_of_fewer_samples_is_decoded_larger() {
        let scale = |scale, own, max| {
            let found = component_scale(scale, own, max);
            (found.block, found.from)
        };
        assert_eq!(scale(Scale::Eighth, (1, 1), (2, 2)), (2, (2, 2)));
        assert_eq!(scale(Scale::Eighth, (2, 2), (2, 2)), (1, (2, 2)));
        assert_eq!(scale(Scale::Eighth, (1, 1), (4, 4)), (4, (4, 4)));
        assert_eq!(scale(Scale::Eighth, (1, 1), (4, 2)), (2, (2, 2)));
        assert_eq!(scale(Scale::Quarter, (1, 1), (2, 1)), (2, (1, 1)));
        assert_eq!(scale(Scale::Half, (1, 1), (4, 4)), (8, (2, 2)));
        assert_eq!(scale(Scale::Full, (1, 1), (2, 2)), (8, (1, 1)));
        assert_eq!(scale(Scale::Eighth, (1, 1), (3, 3)), (1, (1, 1)));
        assert_eq!([component_side(500, 1, 2, 2), component_side(500, 2, 2, 1)], [63, 63]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let samples = Samples { data: &[0; 12], stride: 4, width: 3, height: 3 };
        assert!(matches!(upsample(samples, (2, 1), (3, 1), true, (5, 3)), Err(Error::Unsupported(_))));
        assert!(matches!(upsample(samples, (0, 1), (2, 1), true, (6, 3)), Err(Error::Unsupported(_))));
        assert!(matches!(upsample(samples, (1, 1), (2, 1), true, (7, 3)), Err(Error::Argument(_))));
        assert!(matches!(upsample(samples, (1, 1), (1, 1), true, (3, 4)), Err(Error::Argument(_))));
        let short = Samples { data: &[0; 10], ..samples };
        assert!(matches!(upsample(short, (1, 1), (1, 1), true, (3, 3)), Err(Error::Argument(_))));
        let last_row_unpadded = Samples { data: &[0; 11], ..samples };
        assert!(upsample(last_row_unpadded, (1, 1), (1, 1), true, (3, 3)).is_ok());
    }
}
