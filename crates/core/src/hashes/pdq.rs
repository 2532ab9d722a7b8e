//! PDQ: which of 16 x 16 low frequencies of a blurred picture of 64 x 64 pixels are strong?
//!
//! Source: Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019). The hash is
//! 256 bits, the last frequency first, as Meta's tools write it; with it comes a quality from 0 to 100, low
//! where the picture has too little detail to tell it from others.
//!
//! The description blurs all pixels in place, twice along the rows and twice along the columns, then takes 64 x 64
//! of them. All that is linear, so that each of those is one weighted sum along the columns and one along the rows,
//! over [`tents`](super::tents); nothing is computed of the pixels in between. The description counts in floats of
//! 32 bits and we in floats of 64: what is equal in exact arithmetic is equal here but for noise far below
//! [`NOISE`], and a coefficient that is equal to the median gives 0. In a picture of stripes all are.

use std::ops::Range;
use std::sync::LazyLock;

use super::phash::cosines;
use super::tents::Tents;
use crate::error::Result;
use crate::plane::View;
use crate::reduction::Place;
use crate::simd::{self, Level};

/// Side of the small picture.
pub const SMALL: usize = 64;
/// Frequencies along a side, and rows of bits.
pub const LOW: usize = 16;
/// A picture with a shorter side has no hash: all bits are 0.
const LEAST_SIDE: usize = 5;
/// Steps between neighbours, in hundredths of white, that make a hundredth of the best quality.
const STEPS: u32 = 90;
/// Coefficients that are nearer to each other are equal: sums of 2 x 64 products of at most 4 x 255 in floats of
/// 64 bits are right to a hundredth of that.
const NOISE: f64 = 1e-6;
/// Columns whose sums are made together: they stay in the first-level cache.
const COLUMNS: usize = 512;
/// Rows that are summed up side by side: a sum has to wait for the one before it.
const CHAINS: usize = 8;
/// Frequencies 1 to 16: a row of them for each of 64 pixels.
static WAVES: LazyLock<Vec<f64>> =
    LazyLock::new(|| cosines(SMALL, LOW + 1).chunks_exact(LOW + 1).flat_map(|row| row[1..].to_vec()).collect());

/// A hash and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdq {
    /// 256 bits, the last frequency first.
    pub bits: Vec<bool>,
    /// 0 to 100.
    pub quality: u8,
}

/// The PDQ hash of a picture; of a reduced plane, that of the picture that it stands for.
///
/// # Errors
/// Never, for a view that exists.
pub fn pdq(view: View<'_>) -> Result<Pdq> {
    Ok(pdq_at(Level::best(), view))
}

fn pdq_at(level: Level, view: View<'_>) -> Pdq {
    let place = place_of(view);
    if place.width.min(place.height) < LEAST_SIDE {
        return Pdq { bits: vec![false; LOW * LOW], quality: 0 };
    }
    let small = small_picture(level, view);
    Pdq { bits: bits(level, &small), quality: quality(&small) }
}

fn place_of(view: View<'_>) -> Place {
    let whole = Place { step: 1, left: 0, upper: 0, width: view.width(), height: view.height() };
    view.reduction().map_or(whole, |reduction| reduction.place())
}

/// 64 x 64 grey values, each a weighted mean of the pixels around it.
fn small_picture(level: Level, view: View<'_>) -> Vec<f64> {
    let place = place_of(view);
    let down = Tents::kept(place.step, place.upper, place.height);
    let across = Tents::kept(place.step, place.left, place.width);
    let lines = match (view.reduction(), view.rest(0)) {
        (Some(reduction), _) => {
            let eighths = reduction.eighths();
            let row = |y: usize| &eighths[y * reduction.columns()..][..reduction.columns()];
            sum_down(level, &down, view.width(), |y, columns, weight, sums| {
                add(sums, &row(y)[columns], weight / 8.0, f64::from);
            })
        }
        (None, None) => sum_down(level, &down, view.width(), |y, columns, weight, sums| {
            add(sums, &view.row(y)[columns], weight, f64::from);
        }),
        (None, Some(_)) => sum_down(level, &down, view.width(), |y, columns, weight, sums| {
            let rest = view.rest(y).unwrap_or_default();
            add_fine(sums, &view.row(y)[columns.clone()], &rest[columns], weight / 256.0);
        }),
    };
    sum_across(level, &across, &lines, view.width())
}

/// 64 lines of weighted sums of rows: `add` adds to some columns' sums those of a row times a weight.
#[inline(always)]
fn sum_down(level: Level, tents: &Tents, width: usize, add: impl Fn(usize, Range<usize>, f64, &mut [f64])) -> Vec<f64> {
    let mut lines = vec![0.0; SMALL * width];
    simd::run(
        level,
        #[inline(always)]
        || {
            for (i, line) in lines.chunks_exact_mut(width).enumerate() {
                let (start, weights) = tents.of(i);
                for (block, sums) in line.chunks_mut(COLUMNS).enumerate() {
                    let first = block * COLUMNS;
                    for (t, &weight) in weights.iter().enumerate() {
                        add(start + t, first..first + sums.len(), weight, sums);
                    }
                }
            }
        },
    );
    lines
}

#[inline(always)]
fn add<T: Copy>(sums: &mut [f64], samples: &[T], weight: f64, value: impl Fn(T) -> f64) {
    for (sum, &sample) in sums.iter_mut().zip(samples) {
        *sum += value(sample) * weight;
    }
}

/// The same with what is missing of the grey values (see [`View::rest`]), and half a grey value, which changes neither
/// a step nor a frequency.
#[inline(always)]
fn add_fine(sums: &mut [f64], grey: &[u8], rest: &[u8], weight: f64) {
    for ((sum, &grey), &rest) in sums.iter_mut().zip(grey).zip(rest) {
        *sum += f64::from(u16::from_be_bytes([grey, rest])) * weight;
    }
}

fn sum_across(level: Level, tents: &Tents, lines: &[f64], width: usize) -> Vec<f64> {
    let mut small = vec![0.0; SMALL * SMALL];
    simd::run(
        level,
        #[inline(always)]
        || {
            for (lines, rows) in lines.chunks_exact(CHAINS * width).zip(small.chunks_exact_mut(CHAINS * SMALL)) {
                for i in 0..SMALL {
                    let (start, weights) = tents.of(i);
                    let parts: [&[f64]; CHAINS] = std::array::from_fn(|r| &lines[r * width + start..][..weights.len()]);
                    let mut sums = [0.0; CHAINS];
                    for (t, &weight) in weights.iter().enumerate() {
                        for (sum, part) in sums.iter_mut().zip(parts) {
                            *sum += part[t] * weight;
                        }
                    }
                    sums.iter().enumerate().for_each(|(r, &sum)| rows[r * SMALL + i] = sum);
                }
            }
        },
    );
    small
}

/// How much neighbours differ, each difference in whole hundredths of white.
fn quality(small: &[f64]) -> u8 {
    let step = |one: f64, other: f64| ((one - other).abs() * 100.0 / 255.0) as u32;
    let down: u32 = small.iter().zip(&small[SMALL..]).map(|(&one, &other)| step(one, other)).sum();
    let across = small.chunks_exact(SMALL).flat_map(|row| row.windows(2)).map(|pair| step(pair[0], pair[1]));
    ((down + across.sum::<u32>()) / STEPS).min(100) as u8
}

/// Which coefficients are above the 128th smallest, the last first.
fn bits(level: Level, small: &[f64]) -> Vec<bool> {
    let low = simd::run(
        level,
        #[inline(always)]
        || coefficients(small, &WAVES),
    );
    let mut sorted = low;
    let (_, &mut median, _) = sorted.select_nth_unstable_by(LOW * LOW / 2 - 1, f64::total_cmp);
    low.iter().rev().map(|&value| value - median > NOISE).collect()
}

/// The cosine transform, but for a factor.
#[inline(always)]
fn coefficients(small: &[f64], waves: &[f64]) -> [f64; LOW * LOW] {
    let mut low = [0.0; LOW * LOW];
    for (row, down) in small.chunks_exact(SMALL).zip(waves.as_chunks::<LOW>().0) {
        let mut line = [0.0; LOW];
        for (&value, across) in row.iter().zip(waves.as_chunks::<LOW>().0) {
            line.iter_mut().zip(across).for_each(|(sum, wave)| *sum += value * wave);
        }
        for (sums, wave) in low.chunks_exact_mut(LOW).zip(down) {
            sums.iter_mut().zip(&line).for_each(|(sum, value)| *sum += value * wave);
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;
    use crate::reduction::Reduction;

    fn noise(width: usize, height: usize) -> Plane {
        let byte = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 17) as u8;
        Plane::new((0..width * height).map(byte).collect(), width, height).unwrap()
    }

    fn fine(plane: Plane) -> Plane {
        let rest = plane.pixels().iter().map(|&pixel| pixel.wrapping_mul(77)).collect();
        plane.with_rest(rest).unwrap()
    }

    fn reduced(step: usize, width: usize, height: usize) -> Plane {
        let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
        let place = Place { step, left: 0, upper: 0, width, height };
        let small = noise(columns, rows);
        let reduction = Reduction::from_bytes(small.pixels(), place).unwrap();
        small.reduced(reduction).unwrap()
    }

    #[test]
    fn every_level_gives_the_same() {
        for plane in [noise(301, 97), fine(noise(530, 400)), reduced(8, 1999, 777), noise(5, 900)] {
            let expected = pdq_at(Level::Portable, plane.view());
            for level in Level::available() {
                assert_eq!(pdq_at(level, plane.view()), expected, "{level:?}");
            }
        }
    }

    #[test]
    fn a_picture_of_64_pixels_is_its_own_small_one() {
        let plane = noise(SMALL, SMALL);
        let small = small_picture(Level::best(), plane.view());
        assert!(small.iter().zip(plane.pixels()).all(|(&value, &pixel)| value == f64::from(pixel)));
    }

    #[test]
    fn blank_and_striped_pictures_have_no_bits() {
        for (width, height) in [(64, 64), (333, 77), (1000, 700)] {
            for pixel in [|_, _| 77, |x, _| (x * 37 % 256) as u8, |_, y| (y * y % 251) as u8] {
                let pixels = (0..width * height).map(|i| pixel(i % width, i / width)).collect();
                let plane = Plane::new(pixels, width, height).unwrap();
                assert!(pdq(plane.view()).unwrap().bits.iter().all(|bit| !bit), "{width} x {height}");
            }
        }
    }

    #[test]
    fn half_of_the_bits_are_set() {
        let found = pdq(noise(200, 300).view()).unwrap();
        assert_eq!(found.bits.iter().filter(|&&bit| bit).count(), LOW * LOW / 2);
        assert_eq!(found.quality, 100);
    }

    #[test]
    fn pictures_of_four_rows_have_no_hash() {
        for plane in [noise(400, 4), noise(4, 400)] {
            assert_eq!(pdq(plane.view()).unwrap(), Pdq { bits: vec![false; LOW * LOW], quality: 0 });
        }
        assert!(pdq(noise(5, 5).view()).unwrap().bits.contains(&true));
    }

    #[test]
    fn what_is_rounded_off_counts() {
        let coarse = pdq(Plane::new(vec![100; 90 * 90], 90, 90).unwrap().view()).unwrap();
        let rest = noise(90, 90).pixels().to_vec();
        let fine = Plane::new(vec![100; 90 * 90], 90, 90).unwrap().with_rest(rest).unwrap();
        assert!(!coarse.bits.contains(&true) && pdq(fine.view()).unwrap().bits.contains(&true));
    }

    #[test]
    fn a_smooth_picture_is_as_if_it_were_whole() {
        let (width, height) = (1403, 1102);
        let light = |x: f64, y: f64| {
            128.0 + 50.0 * (x / 90.0 + y / 200.0).sin() + 40.0 * (y / 70.0 - x * x / 9e4).cos() + x / 60.0
        };
        let whole = (0..width * height).map(|i| light((i % width) as f64, (i / width) as f64).round() as u8).collect();
        let whole = Plane::new(whole, width, height).unwrap();
        let expected = small_picture(Level::best(), whole.view());
        for step in [2, 4, 8] {
            let place = Place { step, left: 0, upper: 0, width, height };
            let columns = width.div_ceil(step);
            let middle = (step as f64 - 1.0) / 2.0;
            let value =
                |i: usize| 8.0 * light((i % columns * step) as f64 + middle, (i / columns * step) as f64 + middle);
            let eighths: Vec<i16> = (0..columns * height.div_ceil(step)).map(|i| value(i).round() as i16).collect();
            let bytes = eighths.iter().map(|&eighths| (eighths / 8) as u8).collect();
            let reduction = Reduction::new(&eighths, place).unwrap();
            let plane = Plane::new(bytes, columns, height.div_ceil(step)).unwrap().reduced(reduction).unwrap();
            let small = small_picture(Level::best(), plane.view());
            let worst = small.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 0.5, "{step}: {worst}");
        }
    }
}
