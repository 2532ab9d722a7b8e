//! Codes of a thumb and of parts of it, for pictures of which a side has been cut off.
//!
//! A code is that of `phash`: 8 x 8 low frequencies of 32 x 32 pixels, those above their median. A part is the thumb
//! without 8 % at one side, drawn to 32 x 32 again by the weights of Lanczos, without a rounding. Both steps are
//! sums with fixed weights along the rows and along the columns, so that they are taken in one: 8 sums of 32 pixels.

use std::sync::OnceLock;

use super::thumb::{PIXELS, SIDE};
use crate::hashes::phash;

/// Bytes of one code.
pub const CODE: usize = 8;
/// The whole and the parts with a side cut off.
pub const PARTS: usize = 5;
/// Frequencies along a side.
const LOW: usize = 8;
/// Share of the picture that is cut off.
const CUT: f64 = 0.08;
/// The reach of the Lanczos filter, in pixels.
const REACH: f64 = 3.0;

/// Weights of the pixels of a line for each frequency.
type Waves = [[f64; SIDE]; LOW];

/// Along one side: of the whole, without its first pixels, without its last ones.
struct Sides {
    whole: Waves,
    late: Waves,
    early: Waves,
}

/// The low frequencies of a thumb and of its parts: all codes are made of them.
pub struct Spectra([Low; PARTS]);

/// Rows are frequencies along the columns.
type Low = [f64; LOW * LOW];

/// Which part is where: the whole, without its left, its right, its upper, its lower edge.
const WHOLE: usize = 0;
const LEFT: usize = 1;
const RIGHT: usize = 2;
const UPPER: usize = 3;
const LOWER: usize = 4;

impl Spectra {
    /// Those of a thumb.
    pub fn new(thumb: &[u8; PIXELS]) -> Spectra {
        let sides = sides();
        let across = lines(thumb, &sides.whole);
        Spectra([
            low(&across, &sides.whole),
            low(&lines(thumb, &sides.late), &sides.whole),
            low(&lines(thumb, &sides.early), &sides.whole),
            low(&across, &sides.late),
            low(&across, &sides.early),
        ])
    }

    /// The code of the thumb and those of the parts without its left, its right, its upper and its lower edge, all of
    /// the picture turned by an EXIF orientation.
    ///
    /// To mirror a picture is to change the sign of its odd frequencies, and to swap rows and columns is to swap
    /// their frequencies; the part without the left edge comes from what becomes the left edge.
    pub fn codes(&self, orientation: u8) -> [[u8; CODE]; PARTS] {
        let across = (5..=8).contains(&orientation);
        let (mirrored, flipped) = (matches!(orientation, 2 | 3 | 6 | 7), matches!(orientation, 3 | 4 | 7 | 8));
        let mut from = [WHOLE, LEFT, RIGHT, UPPER, LOWER];
        if across {
            from = [WHOLE, UPPER, LOWER, LEFT, RIGHT];
        }
        if mirrored {
            from.swap(LEFT, RIGHT);
        }
        if flipped {
            from.swap(UPPER, LOWER);
        }
        from.map(|part| {
            let low = &self.0[part];
            code(&std::array::from_fn(|n| {
                let (row, column) = (n / LOW, n % LOW);
                let value = if across { low[column * LOW + row] } else { low[n] };
                let negative = (mirrored && column % 2 == 1) != (flipped && row % 2 == 1);
                if negative { -value } else { value }
            }))
        })
    }
}

fn sides() -> &'static Sides {
    static SIDES: OnceLock<Sides> = OnceLock::new();
    SIDES.get_or_init(|| {
        let cut = CUT * SIDE as f64;
        let of = |from: f64, to: f64| combined(&resampling(from, to));
        Sides { whole: of(0.0, SIDE as f64), late: of(cut, SIDE as f64), early: of(0.0, SIDE as f64 - cut) }
    })
}

/// The weights by which each of 32 pixels is made of those of a line between two places: the definition of
/// Pillow's `resize` with a box, where the box is no larger than what is made of it.
fn resampling(from: f64, to: f64) -> [[f64; SIDE]; SIDE] {
    let scale = (to - from) / SIDE as f64;
    std::array::from_fn(|i| {
        let center = from + (i as f64 + 0.5) * scale;
        let first = (center - REACH + 0.5).max(0.0) as usize;
        let last = ((center + REACH + 0.5) as usize).min(SIDE);
        let mut weights = [0.0; SIDE];
        (first..last).for_each(|x| weights[x] = lanczos(x as f64 + 0.5 - center));
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    })
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| {
        let angle = std::f64::consts::PI * x;
        if x == 0.0 { 1.0 } else { libm::sin(angle) / angle }
    };
    if x.abs() < REACH { sinc(x) * sinc(x / REACH) } else { 0.0 }
}

/// The cosine transform of resampled lines, as weights of the lines' own pixels.
fn combined(resampling: &[[f64; SIDE]; SIDE]) -> Waves {
    let basis = phash::cosines(SIDE, LOW);
    std::array::from_fn(|k| {
        std::array::from_fn(|x| (0..SIDE).map(|i| basis[i * LOW + k] * resampling[i][x]).sum::<f64>())
    })
}

/// The frequencies of each row of the thumb: a line of rows for each frequency.
fn lines(thumb: &[u8; PIXELS], waves: &Waves) -> [[f64; SIDE]; LOW] {
    let mut out = [[0.0; SIDE]; LOW];
    for (y, row) in thumb.as_chunks::<SIDE>().0.iter().enumerate() {
        let row = row.map(f64::from);
        for (line, wave) in out.iter_mut().zip(waves) {
            line[y] = dot(&row, wave);
        }
    }
    out
}

/// The frequencies of the lines.
fn low(lines: &[[f64; SIDE]; LOW], waves: &Waves) -> Low {
    std::array::from_fn(|n| dot(&lines[n % LOW], &waves[n / LOW]))
}

/// Those above their median, as bits.
fn code(low: &Low) -> [u8; CODE] {
    let bits = phash::above_median(low, SIDE);
    std::array::from_fn(|byte| (0..8).fold(0, |sum, bit| sum << 1 | u8::from(bits[8 * byte + bit])))
}

/// In eight sums side by side: the compiler keeps the order of additions.
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
    use crate::orient;
    use crate::plane::Plane;

    fn thumb(seed: usize) -> [u8; PIXELS] {
        std::array::from_fn(|n| {
            let (x, y) = ((n % SIDE) as f64, (n / SIDE) as f64);
            let wave = (x / (3.0 + seed as f64)).sin() * (y / 4.0).cos() * 60.0 + x * 2.0;
            (100.0 + wave + ((n * 7919 + seed) % 23) as f64) as u8
        })
    }

    fn phash_of(grey: &[f64]) -> Vec<bool> {
        phash::phash_of(grey, SIDE, LOW).bits
    }

    fn bits(code: [u8; CODE]) -> Vec<bool> {
        code.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1 == 1)).collect()
    }

    /// A line drawn from a part of itself, one output at a time.
    fn slow(line: &[f64], from: f64, to: f64) -> Vec<f64> {
        let scale = (to - from) / SIDE as f64;
        let value = |i: usize| {
            let center = from + (i as f64 + 0.5) * scale;
            let weight = |x: usize| lanczos(x as f64 + 0.5 - center);
            let (mut sum, mut weights) = (0.0, 0.0);
            for (x, value) in line.iter().enumerate() {
                sum += weight(x) * value;
                weights += weight(x);
            }
            sum / weights
        };
        (0..SIDE).map(value).collect()
    }

    fn swapped(values: &[f64]) -> Vec<f64> {
        orient::turned(values, SIDE, 5)
    }

    #[test]
    fn the_first_code_is_phash() {
        for seed in 0..20 {
            let grey = thumb(seed);
            let plane = Plane::new(grey.to_vec(), SIDE, SIDE).unwrap();
            let expected = phash::phash(plane.view(), LOW, SIDE / LOW).unwrap().bits;
            assert_eq!(bits(Spectra::new(&grey).codes(1)[WHOLE]), expected);
        }
    }

    #[test]
    fn the_others_are_phash_of_what_is_left() {
        let (cut, end) = (CUT * SIDE as f64, SIDE as f64);
        for seed in 0..20 {
            let grey: Vec<f64> = thumb(seed).iter().map(|&value| f64::from(value)).collect();
            let rows = |values: &[f64], from, to| -> Vec<f64> {
                values.chunks(SIDE).flat_map(|row| slow(row, from, to)).collect()
            };
            let columns = |from, to| swapped(&rows(&swapped(&grey), from, to));
            let codes = Spectra::new(&thumb(seed)).codes(1);
            assert_eq!(bits(codes[LEFT]), phash_of(&rows(&grey, cut, end)));
            assert_eq!(bits(codes[RIGHT]), phash_of(&rows(&grey, 0.0, end - cut)));
            assert_eq!(bits(codes[UPPER]), phash_of(&columns(cut, end)));
            assert_eq!(bits(codes[LOWER]), phash_of(&columns(0.0, end - cut)));
        }
    }

    #[test]
    fn codes_of_a_turn_are_those_of_the_turned_thumb() {
        for seed in 0..20 {
            let grey = thumb(seed);
            let spectra = Spectra::new(&grey);
            for turn in 1..=8 {
                let turned = orient::turned(&grey, SIDE, turn);
                let expected = Spectra::new(&std::array::from_fn(|n| turned[n])).codes(1);
                assert_eq!(spectra.codes(turn), expected, "{turn}");
            }
        }
    }

    #[test]
    fn a_blank_thumb_has_its_constant_term_and_no_noise() {
        for value in [1, 77, 255] {
            let blank = Spectra::new(&[value; PIXELS]);
            assert!((1..=8).all(|turn| blank.codes(turn).iter().all(|code| code[0] == 0x80 && code[1..] == [0; 7])));
        }
    }
}
