//! Corners of a grey plane: where the smaller eigenvalue of the gradients' covariance is the greatest around.
//!
//! Shi and Tomasi 1994, with the gradients of Sobel and sums over 5 x 5 pixels: in the inside of a picture the values
//! are those of OpenCV's `cornerMinEigenVal`, at a fifth of its time. Sums are whole numbers, and the floats behind
//! them are added in a fixed order: all processors find the same corners.
//!
//! Pixels for whose sums the plane has not enough neighbours have no strength, and do not outdo others.

use crate::error::Result;
use crate::plane::View;
use crate::simd::{self, Level};

/// Pixels on each side of one that is summed up, and of one that has to be the greatest.
const SUM_REACH: usize = 2;
const MOST_REACH: usize = 3;
/// Pixels along each border that have no strength: one more, for the gradients.
const UNKNOWN: usize = SUM_REACH + 1;
/// Pixels along each border in which no corner is looked for.
const BORDER: usize = 4;
/// What Sobel's sums, over as many pixels, are divided by for gradients of grey values from 0 to 1: OpenCV's scale.
const SCALE: f32 = 4.0 * (2 * SUM_REACH + 1) as f32 * 255.0;
/// What eigenvalues of Sobel's sums are multiplied by.
const UNIT: f32 = 1.0 / (SCALE * SCALE);
/// Pixels that are looked at together for whether there is a corner.
const STRETCH: usize = 32;
/// Sums over rows for which there is room: five behind one another, a power of two.
const RING: usize = 8;

/// A corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corner {
    /// Column.
    pub x: u32,
    /// Row.
    pub y: u32,
    /// The smaller eigenvalue, of gradients of grey values from 0 to 1.
    pub strength: f32,
}

/// All corners stronger than `flat`, row by row. Neighbours that are equally strong are all corners.
///
/// # Errors
/// Never, for a view that exists.
pub fn corners(view: View<'_>, flat: f32) -> Result<Vec<Corner>> {
    Ok(corners_at(Level::best(), view, flat))
}

/// [`corners`] at a chosen instruction set; the answer is the same at each.
pub fn corners_at(level: Level, view: View<'_>, flat: f32) -> Vec<Corner> {
    let (width, height) = (view.width(), view.height());
    let mut found = Vec::new();
    if width.min(height) <= 2 * BORDER {
        return found;
    }
    let mut strength = vec![0f32; width * height];
    let mut greatest = vec![0f32; width * height];
    simd::run(
        level,
        #[inline(always)]
        || {
            strengths(view, &mut strength);
            maxima(&strength, width, &mut greatest);
        },
    );
    for y in BORDER..height - BORDER {
        let row = y * width + BORDER..(y + 1) * width - BORDER;
        let both = strength[row.clone()].chunks(STRETCH).zip(greatest[row].chunks(STRETCH));
        for ((own, most), x) in both.zip((BORDER..).step_by(STRETCH)) {
            pick(own, most, flat, (x, y), &mut found);
        }
    }
    found
}

/// The corners of a stretch that begins at this place.
#[inline(always)]
fn pick(own: &[f32], most: &[f32], flat: f32, (x, y): (usize, usize), found: &mut Vec<Corner>) {
    let is_corner = |own: f32, most: f32| own == most && own > flat;
    // First whether there is any: the compiler makes vector code of it, and there is none in most stretches.
    if own.iter().zip(most).fold(false, |any, (&own, &most)| any | is_corner(own, most)) {
        let here = own.iter().zip(most).enumerate().filter(|&(_, (&own, &most))| is_corner(own, most));
        found.extend(here.map(|(n, (&own, _))| Corner { x: (x + n) as u32, y: y as u32, strength: own }));
    }
}

/// The products of the gradients of a row, summed up along it: `xx`, `yy` and `xy`.
type Sums = [Vec<i32>; 3];

#[inline(always)]
fn strengths(view: View<'_>, strength: &mut [f32]) {
    let (width, height) = (view.width(), view.height());
    let blank = || -> Sums { std::array::from_fn(|_| vec![0; width]) };
    let mut ring: [Sums; RING] = std::array::from_fn(|_| blank());
    let (mut products, mut totals) = (blank(), blank());
    for y in 1..height - 1 {
        multiply([view.row(y - 1), view.row(y), view.row(y + 1)], &mut products);
        for ((product, total), n) in products.iter().zip(&mut totals).zip(0..) {
            let old = (y > 2 * SUM_REACH + 1).then(|| &ring[(y - 2 * SUM_REACH - 1) % RING][n][..]);
            if let Some(old) = old {
                total.iter_mut().zip(old).for_each(|(total, old)| *total -= old);
            }
            let sums = &mut ring[y % RING][n];
            sum_along(product, sums);
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += *sum);
        }
        if y > 2 * SUM_REACH {
            let row = &mut strength[(y - SUM_REACH) * width..][UNKNOWN..width - UNKNOWN];
            eigenvalues(&totals, row);
        }
    }
}

/// The products of the gradients of the middle one of three rows, by Sobel. The first and the last have none.
#[inline(always)]
fn multiply(rows: [&[u8]; 3], [xx, yy, xy]: &mut Sums) {
    let inner = rows[1].len() - 2;
    let (xx, yy, xy) = (&mut xx[1..][..inner], &mut yy[1..][..inner], &mut xy[1..][..inner]);
    let [above, own, below] = rows.map(|row| [&row[..inner], &row[1..][..inner], &row[2..][..inner]]);
    for x in 0..inner {
        let value = |row: &[u8]| i16::from(row[x]);
        let (left, right) = (value(above[0]) - value(below[2]), value(above[2]) - value(below[0]));
        let across = i32::from(right - left + 2 * (value(own[2]) - value(own[0])));
        let down = i32::from(2 * (value(below[1]) - value(above[1])) - left - right);
        xx[x] = across * across;
        yy[x] = down * down;
        xy[x] = across * down;
    }
}

/// Sums of five, in the middle of each.
#[inline(always)]
fn sum_along(values: &[i32], sums: &mut [i32]) {
    let inner = values.len() - 2 * SUM_REACH;
    let sums = &mut sums[SUM_REACH..][..inner];
    let part = |n: usize| &values[n..][..inner];
    let parts = [part(0), part(1), part(2), part(3), part(4)];
    for x in 0..inner {
        sums[x] = parts[0][x] + parts[1][x] + parts[2][x] + parts[3][x] + parts[4][x];
    }
}

/// The smaller eigenvalue of each matrix.
#[inline(always)]
fn eigenvalues([xx, yy, xy]: &Sums, row: &mut [f32]) {
    let count = row.len();
    let (xx, yy, xy) = (&xx[UNKNOWN..][..count], &yy[UNKNOWN..][..count], &xy[UNKNOWN..][..count]);
    for x in 0..count {
        let (a, c, b) = (0.5 * xx[x] as f32, 0.5 * yy[x] as f32, xy[x] as f32);
        row[x] = (a + c - ((a - c) * (a - c) + b * b).sqrt()) * UNIT;
    }
}

/// The greatest of each pixel and its surroundings of 7 x 7, where these are inside.
#[inline(always)]
fn maxima(values: &[f32], width: usize, greatest: &mut [f32]) {
    let height = values.len() / width;
    let inner = width - 2 * MOST_REACH;
    let mut rows = vec![0f32; values.len()];
    let (mut two, mut four) = (vec![0f32; width], vec![0f32; width]);
    for (row, out) in values.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        greater(&mut two[..width - 1], &row[..width - 1], &row[1..]);
        greater(&mut four[..width - 3], &two[..width - 3], &two[2..width - 1]);
        greater(&mut out[MOST_REACH..][..inner], &four[..inner], &four[MOST_REACH..][..inner]);
    }
    for (y, out) in greatest.chunks_exact_mut(width).enumerate().take(height - MOST_REACH).skip(MOST_REACH) {
        let row = |n: usize| &rows[(y + n - MOST_REACH) * width..][..width];
        greater(&mut two, row(0), row(1));
        greater(&mut four, row(2), row(3));
        raise(&mut two, row(4));
        raise(&mut four, row(5));
        raise(&mut two, row(6));
        greater(out, &two, &four);
    }
}

#[inline(always)]
fn greater(out: &mut [f32], some: &[f32], others: &[f32]) {
    for ((out, &one), &other) in out.iter_mut().zip(some).zip(others) {
        // Not `max`, which minds what is no number and takes longer.
        *out = if one > other { one } else { other };
    }
}

#[inline(always)]
fn raise(some: &mut [f32], others: &[f32]) {
    for (one, &other) in some.iter_mut().zip(others) {
        *one = if *one > other { *one } else { other };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;

    fn noise(width: usize, height: usize) -> Plane {
        let byte = |n: usize| ((n as u32).wrapping_mul(2_654_435_761) >> 17) as u8 / 3;
        Plane::new((0..width * height).map(byte).collect(), width, height).unwrap()
    }

    /// By the definition, in doubles, pixel for pixel.
    fn slow_strength(plane: &Plane, x: usize, y: usize) -> f64 {
        let (width, height) = (plane.width(), plane.height());
        if x < 3 || y < 3 || x >= width - 3 || y >= height - 3 {
            return 0.0;
        }
        let value = |x: usize, y: usize| f64::from(plane.pixels()[y * width + x]) / (255.0 * 4.0 * 5.0);
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for v in y - 2..=y + 2 {
            for u in x - 2..=x + 2 {
                let weigh = |at: &dyn Fn(usize, usize) -> f64| {
                    at(0, 1) + 2.0 * at(1, 1) + at(2, 1) - at(0, 0) - 2.0 * at(1, 0) - at(2, 0)
                };
                let across = weigh(&|n, side| value(u + 2 * side - 1, v + n - 1));
                let down = weigh(&|n, side| value(u + n - 1, v + 2 * side - 1));
                (xx, yy, xy) = (xx + across * across, yy + down * down, xy + across * down);
            }
        }
        (xx + yy) / 2.0 - (((xx - yy) / 2.0).powi(2) + xy * xy).sqrt()
    }

    #[test]
    fn every_level_finds_what_the_definition_says() {
        for (width, height) in [(9, 9), (40, 23), (97, 31), (9, 60), (130, 10)] {
            let plane = noise(width, height);
            let strength = |x: usize, y: usize| slow_strength(&plane, x, y);
            // Where another one is as strong but for rounding, both answers are right.
            let (mut sure, mut likely) = (Vec::new(), Vec::new());
            for y in 4..height - 4 {
                for x in 4..width - 4 {
                    let around = (y - 3..=y + 3).flat_map(|v| (x - 3..=x + 3).map(move |u| (u, v)));
                    let others = around.filter(|&place| place != (x, y)).map(|(u, v)| strength(u, v));
                    let share = others.fold(0.0, f64::max) / strength(x, y).max(1e-5);
                    sure.extend((share < 1.0 - 1e-4).then_some((x, y)));
                    likely.extend((share < 1.0 + 1e-4).then_some((x, y)));
                }
            }
            assert!(width < 30 || !sure.is_empty());
            for level in Level::available() {
                let found = corners_at(level, plane.view(), 1e-5);
                let places: Vec<_> = found.iter().map(|corner| (corner.x as usize, corner.y as usize)).collect();
                assert!(sure.iter().all(|place| places.contains(place)), "{level:?} {width} x {height}");
                assert!(places.iter().all(|place| likely.contains(place)), "{level:?} {width} x {height}");
                for (corner, (x, y)) in found.iter().zip(places) {
                    assert!((f64::from(corner.strength) / strength(x, y) - 1.0).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let plane = noise(301, 207);
        let portable = corners_at(Level::Portable, plane.view(), 0.0);
        assert!(portable.len() > 500);
        assert!(Level::available().into_iter().all(|level| corners_at(level, plane.view(), 0.0) == portable));
    }

    #[test]
    fn there_are_none_in_a_blank_or_tiny_picture() {
        let blank = Plane::new(vec![200; 64 * 48], 64, 48).unwrap();
        assert!(corners(blank.view(), 0.0).unwrap().is_empty());
        for (width, height) in [(1, 1), (8, 60), (60, 8), (2, 2)] {
            assert!(corners(noise(width, height).view(), 0.0).unwrap().is_empty());
        }
    }
}
