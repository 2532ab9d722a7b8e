//! Resampling of a reduced plane: what [`resize`](super::resize) would have made of the whole picture.
//!
//! Resampling is two passes of weighted sums, with a rounding to bytes after each.
//! - *Rows.* The weights of the whole picture's pixels are added up over each sample (that is: the sample's
//!   pixels are taken as equal), then sharpened: a sample is a mean over a box and the sum over it is a box
//!   again, and two boxes take away a little of every detail. To second order, what they take is the
//!   difference of second order times half the variance of the two, `(1 - 1 / step^2) / 24` each.
//! - *Columns.* The sums of the rows are drawn out to the height of the picture, straight from centre to
//!   centre (sharpened too: a box and a triangle take an eighth), and rounded to bytes, each pixel row for
//!   itself. Then the second pass is that of the whole picture. The rounding in between looks wasteful, but in
//!   smooth pictures it moves neighbours alike, and bits with it. Above two megapixels `dhash` differs from the
//!   whole picture's by 0.05 bits with it, by 0.11 without, and by 0.14 where the rows of samples are rounded instead.
//!
//! Floats are added in a fixed order, and none of the steps is fused: all processors give the same bits.

use std::sync::Arc;

use super::weights::{PRECISION, Weights};
use crate::kept::Kept;
use crate::reduction::{LANES, Lanes, Place, Reduction};
use crate::simd::{self, Level};

/// Taps that are added up side by side: a sum has to wait for the one before it.
const CHAINS: usize = 4;
/// Half the variance of a box and a triangle that are both one sample wide.
const DRAWN_OUT: f32 = 1.0 / 8.0;
/// Parts of a grey value that samples count.
const EIGHTHS: f32 = 8.0;
/// Parts of a grey value that are told apart when columns are drawn out: whole numbers are rounded and
/// narrowed to bytes many at a time.
const FIXED: i32 = 1 << 16;
/// The weights of this many passes are kept.
const MOST_KEPT: usize = 64;
static KEPT: Kept<Key, Folded> = Kept::new(MOST_KEPT);

/// Pixels a sample, pixels before the picture, pixels in a row, outputs.
type Key = (usize, usize, usize, usize);

/// Weights of samples: output `i` is the sum over `t` below `taps` of weight `(i, t)` times
/// `sample[start[i] + t]`.
struct Folded {
    start: Vec<usize>,
    taps: usize,
    weights: Vec<f32>,
}

/// The columns of the picture after the pass along its rows, `width` lines of as many bytes as the picture has
/// rows.
pub fn columns(level: Level, reduction: &Reduction, width: usize) -> Vec<u8> {
    let place = reduction.place();
    let folded = Folded::kept(level, place, width);
    let stride = reduction.rows().next_multiple_of(LANES);
    let mut sums = vec![0f32; width * stride];
    let mut fixed = vec![0i32; reduction.rows()];
    let mut drawn = vec![0u8; reduction.rows() * place.step];
    let mut out = Vec::with_capacity(width * place.height);
    simd::run(
        level,
        #[inline(always)]
        || {
            for (n, tile) in reduction.tiles().enumerate() {
                folded.weigh(tile, n * LANES, stride, &mut sums);
            }
            for line in sums.chunks_exact_mut(stride) {
                let line = &mut line[..reduction.rows()];
                sharpen(line, DRAWN_OUT);
                fixed.iter_mut().zip(line).for_each(|(fixed, &mut value)| *fixed = (value * FIXED as f32) as i32);
                match place.step {
                    2 => draw_out::<2>(&fixed, &mut drawn),
                    4 => draw_out::<4>(&fixed, &mut drawn),
                    _ => draw_out::<8>(&fixed, &mut drawn),
                }
                out.extend_from_slice(&drawn[place.upper..][..place.height]);
            }
        },
    );
    out
}

impl Folded {
    fn kept(level: Level, place: Place, width: usize) -> Arc<Folded> {
        let key = (place.step, place.left, place.width, width);
        KEPT.get(key, || Folded::new(level, place, width), |_| true)
    }

    fn new(level: Level, place: Place, width: usize) -> Folded {
        let full = Weights::for_columns(level, place.width, width);
        let columns = (place.left + place.width).div_ceil(place.step);
        let blur = 1.0 - 1.0 / (place.step * place.step) as f32;
        let rows: Vec<Vec<f32>> = (0..width)
            .map(|i| {
                let mut row = vec![0f32; columns];
                for (x, &weight) in full.row(i).iter().enumerate() {
                    row[(place.left + full.start()[i] + x) / place.step] += weight as f32;
                }
                row.iter_mut().for_each(|weight| *weight /= EIGHTHS * (1 << PRECISION) as f32);
                sharpen(&mut row, blur / 12.0);
                row
            })
            .collect();
        Folded::banded(&rows, columns)
    }

    /// Leaves out the zeros on both sides, as far as all rows keep the same length.
    fn banded(rows: &[Vec<f32>], columns: usize) -> Folded {
        let first = |row: &Vec<f32>| row.iter().position(|&w| w != 0.0).unwrap_or(0);
        let last = |row: &Vec<f32>| row.iter().rposition(|&w| w != 0.0).map_or(1, |x| x + 1);
        let taps = rows.iter().map(|row| last(row) - first(row)).max().unwrap_or(1);
        let start: Vec<usize> = rows.iter().map(|row| first(row).min(columns - taps)).collect();
        let weights = rows.iter().zip(&start).flat_map(|(row, &start)| row[start..start + taps].to_vec()).collect();
        Folded { start, taps, weights }
    }

    /// The weighted sums of a tile, each output's at `first` of its own line of `sums`.
    #[inline(always)]
    fn weigh(&self, tile: &[Lanes], first: usize, stride: usize, sums: &mut [f32]) {
        let lines = sums.chunks_exact_mut(stride);
        for ((line, weights), &start) in lines.zip(self.weights.chunks_exact(self.taps)).zip(&self.start) {
            let samples = &tile[start..start + self.taps];
            let [mut first_sum, mut second, mut third, mut fourth] = [[0f32; LANES]; CHAINS];
            let (fours, rest) = samples.as_chunks::<CHAINS>();
            let (weights, last) = weights.as_chunks::<CHAINS>();
            for (samples, weights) in fours.iter().zip(weights) {
                // Written out: of a loop over the four the compiler made one number at a time.
                add_scaled(&mut first_sum, &samples[0], weights[0]);
                add_scaled(&mut second, &samples[1], weights[1]);
                add_scaled(&mut third, &samples[2], weights[2]);
                add_scaled(&mut fourth, &samples[3], weights[3]);
            }
            for (samples, &weight) in rest.iter().zip(last) {
                add_scaled(&mut first_sum, samples, weight);
            }
            for (lane, sum) in line[first..first + LANES].iter_mut().enumerate() {
                *sum = (first_sum[lane] + second[lane]) + (third[lane] + fourth[lane]);
            }
        }
    }
}

#[inline(always)]
fn add_scaled(sums: &mut [f32; LANES], samples: &Lanes, weight: f32) {
    for (sum, &sample) in sums.iter_mut().zip(samples) {
        *sum += f32::from(sample) * weight;
    }
}

/// Takes from each number `share` of the difference of second order; beyond the ends they repeat.
#[inline(always)]
fn sharpen(line: &mut [f32], share: f32) {
    let mut before = line[0];
    for i in 0..line.len() {
        let here = line[i];
        let after = line[(i + 1).min(line.len() - 1)];
        line[i] = here - share * ((before - here) + (after - here));
        before = here;
    }
}

/// `STEP` bytes for each number, on straight lines from centre to centre.
#[inline(always)]
fn draw_out<const STEP: usize>(line: &[i32], out: &mut [u8]) {
    let half = STEP / 2;
    let end = out.len() - half;
    let between = |one: i32, other: i32, j: usize| {
        let sum = one * (2 * STEP - 2 * j - 1) as i32 + other * (2 * j + 1) as i32;
        let unit = FIXED * 2 * STEP as i32;
        ((sum + unit / 2) >> unit.ilog2()).clamp(0, 255) as u8
    };
    out[..half].fill(between(line[0], line[0], 0));
    out[end..].fill(between(line[line.len() - 1], line[line.len() - 1], 0));
    for (pair, out) in line.windows(2).zip(out[half..end].as_chunks_mut::<STEP>().0) {
        *out = std::array::from_fn(
            #[inline(always)]
            |j| between(pair[0], pair[1], j),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{brightness, resize, resize_at, weights};
    use super::*;
    use crate::plane::Plane;

    fn reduced(eighths: &[i16], place: Place) -> Plane {
        let reduction = Reduction::new(eighths, place).unwrap();
        let bytes = eighths.iter().map(|&eighths| ((eighths + 4) >> 3).min(255) as u8).collect();
        Plane::new(bytes, reduction.columns(), reduction.rows()).unwrap().reduced(reduction).unwrap()
    }

    /// A picture of waves and some noise, as samples of `place`.
    fn waves(place: Place) -> Vec<i16> {
        let (columns, rows) =
            ((place.left + place.width).div_ceil(place.step), (place.upper + place.height).div_ceil(place.step));
        let value = |x: usize, y: usize| {
            let noise = ((x * 7919 + y * 104_729) % 61) as f64;
            1000.0 + 700.0 * (x as f64 / 3.0).sin() * (y as f64 / 5.0 + 1.0).cos() + noise
        };
        (0..rows).flat_map(|y| (0..columns).map(move |x| value(x, y) as i16)).collect()
    }

    /// The numbers sharpened, by the definition.
    fn sharp(line: &[f64], share: f64) -> Vec<f64> {
        let at = |x: usize| line[x.min(line.len() - 1)];
        (0..line.len()).map(|x| at(x) - share * (at(x.saturating_sub(1)) + at(x + 1) - 2.0 * at(x))).collect()
    }

    /// The weighted sums of one pass over the pixels of a whole line.
    fn pass(line: &[f64], output: usize) -> Vec<f64> {
        let sum = |i| {
            let (start, taps) = weights::by_two_sines(i, line.len(), output);
            taps.iter().zip(&line[start..]).map(|(&w, &p)| f64::from(w) * p).sum::<f64>() / f64::from(1 << PRECISION)
        };
        (0..output).map(sum).collect()
    }

    /// Pixel by pixel, as the head of this file has it. It sharpens the samples in place of the weights, which is
    /// the same.
    fn slow(eighths: &[i16], place: Place, width: usize, height: usize) -> Vec<f64> {
        let columns = (place.left + place.width).div_ceil(place.step);
        let blur = 1.0 - 1.0 / (place.step * place.step) as f64;
        let rows = eighths.chunks_exact(columns).map(|row| {
            let row: Vec<f64> = row.iter().map(|&eighths| f64::from(eighths) / 8.0).collect();
            let row = sharp(&row, blur / 12.0);
            let pixels: Vec<f64> = (place.left..place.left + place.width).map(|x| row[x / place.step]).collect();
            pass(&pixels, width)
        });
        let rows: Vec<Vec<f64>> = rows.collect();
        let mut out = vec![0.0; width * height];
        for x in 0..width {
            let column = sharp(&rows.iter().map(|row| row[x]).collect::<Vec<_>>(), 0.125);
            let pixel = |y: usize| {
                let at = ((y as f64 + 0.5) / place.step as f64 - 0.5).clamp(0.0, column.len() as f64 - 1.0);
                let (upper, part) = (column[at as usize], at.fract());
                let value = upper + (column[(at as usize + 1).min(column.len() - 1)] - upper) * part;
                (value + 0.5).floor().clamp(0.0, 255.0)
            };
            let pixels: Vec<f64> = (place.upper..place.upper + place.height).map(pixel).collect();
            pass(&pixels, height).into_iter().enumerate().for_each(|(y, value)| out[y * width + x] = value);
        }
        out
    }

    fn places() -> Vec<Place> {
        let sizes = [(8, 0, 0, 500, 375), (8, 5, 3, 200, 331), (4, 0, 0, 301, 222), (2, 1, 0, 99, 40), (8, 0, 0, 7, 9)];
        sizes.map(|(step, left, upper, width, height)| Place { step, left, upper, width, height }).into()
    }

    #[test]
    fn the_fast_road_is_the_slow_one() {
        for place in places() {
            let eighths = waves(place);
            for (width, height) in [(8, 8), (9, 8), (32, 32), (5, 40)] {
                let expected = slow(&eighths, place, width, height);
                let got = brightness(reduced(&eighths, place).view(), width, height).unwrap();
                let wrong = expected.iter().zip(&got).map(|(value, got)| (value.clamp(0.0, 255.0) - got).abs());
                let wrong: Vec<f64> = wrong.collect();
                // A pixel in between may be rounded the other way where floats of 32 bits are no longer exact.
                let worst = wrong.iter().copied().fold(0.0, f64::max);
                let mean = wrong.iter().sum::<f64>() / wrong.len() as f64;
                assert!(worst < 1.01 && mean < 0.002, "{place:?} {width} x {height}: {worst}, {mean}");
            }
        }
    }

    #[test]
    fn every_level_gives_the_same() {
        for place in places() {
            let plane = reduced(&waves(place), place);
            for (width, height) in [(8, 8), (9, 8), (32, 32), (3, 70)] {
                let expected = resize_at(Level::Portable, plane.view(), width, height).unwrap();
                for level in Level::available() {
                    assert_eq!(resize_at(level, plane.view(), width, height).unwrap(), expected, "{level:?} {place:?}");
                }
            }
        }
    }

    #[test]
    fn a_smooth_picture_is_as_if_it_were_whole() {
        let (width, height) = (403, 302);
        let light = |x: f64, y: f64| 128.0 + 60.0 * (x / 90.0).sin() + 50.0 * (y / 70.0).cos();
        let whole = (0..width * height).map(|i| light((i % width) as f64, (i / width) as f64).round() as u8).collect();
        let whole = Plane::new(whole, width, height).unwrap();
        for step in [2, 4, 8] {
            let place = Place { step, left: 0, upper: 0, width, height };
            let columns = width.div_ceil(step);
            let middle = (step as f64 - 1.0) / 2.0;
            let value =
                |i: usize| 8.0 * light((i % columns * step) as f64 + middle, (i / columns * step) as f64 + middle);
            let eighths: Vec<i16> = (0..columns * height.div_ceil(step)).map(|i| value(i).round() as i16).collect();
            for (width, height) in [(8, 8), (9, 8), (32, 32)] {
                let got = resize(reduced(&eighths, place).view(), width, height).unwrap();
                let expected = resize(whole.view(), width, height).unwrap();
                assert!(got.pixels().iter().zip(expected.pixels()).all(|(&a, &b)| a.abs_diff(b) <= 1), "{step}");
            }
        }
    }

    #[test]
    fn a_blank_picture_stays_blank() {
        for place in places() {
            for value in [0, 1, 77, 255] {
                let plane = reduced(&vec![8 * value; waves(place).len()], place);
                let got = resize(plane.view(), 9, 8).unwrap();
                assert!(got.pixels().iter().all(|&pixel| i16::from(pixel) == value), "{place:?} {value}");
            }
        }
    }

    #[test]
    fn no_side_can_be_zero() {
        let plane = reduced(&waves(places()[0]), places()[0]);
        assert!(resize(plane.view(), 0, 8).is_err() && brightness(plane.view(), 8, 0).is_err());
    }
}
