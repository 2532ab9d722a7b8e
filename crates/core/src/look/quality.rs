//! How much there is in a thumb to tell it from others: 0 for a blank picture, near 100 for most photos.
//!
//! It is the lesser of two figures.
//! - *Detail.* In each of 8 x 8 cells, what is left when its plane (its mean and slopes) is taken away. A cell counts by
//!   the logarithm of it, up to a point: a gradient has none of it, however steep, and an edge or a plain logo only in the few
//!   cells that it passes, however strong.
//! - *Variety.* The logarithm of the determinant of `I + A A'`, `A` being the thumb without its mean: how many patterns
//!   rows are made of, each counted by how strong it is. Stripes, checkerboards and the like are full of detail, but all
//!   their rows are one or two patterns over again.
//!
//! `LOW_QUALITY` in `looks.py` says which qualities are low, and DESIGN.md what was measured.

use super::thumb::{PIXELS, SIDE};

/// Pixels along a side of a cell.
const CELL: usize = 4;
/// Cells of a thumb.
const CELLS: usize = PIXELS / (CELL * CELL);
/// What noise leaves of a plane, in grey values.
const FLAT: f64 = 2.0;
/// Powers of two above that beyond which more contrast says no more.
const STRONG: f64 = 4.0;
/// What noise adds to a pattern of 32 pixels, in grey values.
const FAINT: f64 = 24.0;
/// The variety of as much as the detail of all cells.
const VARIED: f64 = 92.0;

/// The quality of a thumb, 0 to 100.
pub fn quality(thumb: &[u8; PIXELS]) -> u8 {
    let share = (detail(thumb) / CELLS as f64).min(variety(thumb) / VARIED);
    (100.0 * share).min(100.0) as u8
}

/// Cells with detail, those with less of it counted in part.
fn detail(thumb: &[u8; PIXELS]) -> f64 {
    let corners = (0..SIDE).step_by(CELL).flat_map(|y| (0..SIDE).step_by(CELL).map(move |x| y * SIDE + x));
    let strength = |corner| libm::log2(1.0 + roughness(thumb, corner) / (FLAT * FLAT)).min(STRONG) / STRONG;
    corners.map(strength).sum()
}

/// The variance of a cell about its plane.
fn roughness(thumb: &[u8; PIXELS], corner: usize) -> f64 {
    let [mut sum, mut squares, mut across, mut down] = [0i32; 4];
    for y in 0..CELL {
        for x in 0..CELL {
            let value = i32::from(thumb[corner + y * SIDE + x]);
            // Twice the distance from the middle, for whole numbers.
            let (right, lower) = (2 * x as i32 - 3, 2 * y as i32 - 3);
            sum += value;
            squares += value * value;
            across += right * value;
            down += lower * value;
        }
    }
    let square = |value: i32| f64::from(value) * f64::from(value);
    let left = f64::from(squares) - square(sum) / 16.0 - square(across) / 80.0 - square(down) / 80.0;
    left.max(0.0) / 13.0
}

/// The logarithm to the base of two.
fn variety(thumb: &[u8; PIXELS]) -> f64 {
    let mean = thumb.iter().map(|&value| f64::from(value)).sum::<f64>() / PIXELS as f64;
    let values: [f64; PIXELS] = thumb.map(|value| (f64::from(value) - mean) / FAINT);
    let (rows, _) = values.as_chunks::<SIDE>();
    let mut gram = [[0.0; SIDE]; SIDE];
    for (y, line) in gram.iter_mut().enumerate() {
        for (x, place) in line[..=y].iter_mut().enumerate() {
            *place = dot(&rows[y], &rows[x]) + f64::from(u8::from(x == y));
        }
    }
    // By Cholesky, in place: below the diagonal is the root.
    let mut log = 0.0;
    for y in 0..SIDE {
        for x in 0..=y {
            let known = gram[y][x] - dot(&until(&gram[y], x), &until(&gram[x], x));
            gram[y][x] = if x == y { libm::sqrt(known) } else { known / gram[x][x] };
        }
        log += 2.0 * libm::log2(gram[y][y]);
    }
    log
}

/// The first numbers, and zeros.
#[inline(always)]
fn until(line: &[f64; SIDE], end: usize) -> [f64; SIDE] {
    std::array::from_fn(|x| if x < end { line[x] } else { 0.0 })
}

/// In sums side by side, for the compiler keeps the order of additions.
#[inline(always)]
fn dot(one: &[f64; SIDE], other: &[f64; SIDE]) -> f64 {
    let mut sums = [0.0; 8];
    for (one, other) in one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0) {
        for n in 0..8 {
            sums[n] += one[n] * other[n];
        }
    }
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pixel: impl Fn(usize, usize) -> f64) -> u8 {
        quality(&std::array::from_fn(|n| pixel(n % SIDE, n / SIDE).round().clamp(0.0, 255.0) as u8))
    }

    fn noise(x: usize, y: usize) -> f64 {
        let mut state = ((y * SIDE + x + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state ^= state >> 29;
        (state.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as f64
    }

    #[test]
    fn what_has_no_detail_has_no_quality() {
        for value in [0.0, 77.0, 255.0] {
            assert_eq!(of(|_, _| value), 0);
        }
        assert!(of(|x, y| (4 * x + 3 * y) as f64) < 5, "a gradient");
        assert!(of(|x, y| 3.0 * (noise(x, y) / 255.0)) < 5, "a black frame with noise");
        assert!(of(|x, y| 200.0 - 0.2 * ((x * x) as f64) + 0.1 * (y * y) as f64) < 10, "a round gradient");
    }

    #[test]
    fn plain_shapes_and_patterns_have_little() {
        assert!(of(|x, y| if x + 2 * y > 40 { 240.0 } else { 10.0 }) < 30, "an edge");
        let far = |x: usize, y: usize| (x as f64 - 15.5).hypot(y as f64 - 15.5);
        assert!(of(|x, y| if far(x, y) < 9.0 { 0.0 } else { 255.0 }) < 30, "a disc");
        assert!(of(|x, y| if (x / 4 + y / 4) % 2 == 0 { 0.0 } else { 255.0 }) < 30, "a checkerboard");
        assert!(of(|x, y| 128.0 + 100.0 * ((x + 2 * y) as f64 / 2.0).sin()) < 30, "stripes");
    }

    #[test]
    fn what_is_full_of_things_has_much() {
        assert_eq!(of(noise), 100);
        assert!(of(|x, y| 60.0 + noise(x / 2, y / 2) / 2.0) > 60);
    }

    #[test]
    fn a_turn_changes_next_to_nothing() {
        let pixel = |x: usize, y: usize| noise(x / 5, y / 3) / 8.0 + (x * 3) as f64;
        let upright = of(pixel);
        assert!(upright.abs_diff(of(|x, y| pixel(y, x))) <= 1 && upright.abs_diff(of(|x, y| pixel(31 - x, y))) <= 1);
    }
}
