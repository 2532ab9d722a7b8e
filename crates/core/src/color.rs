//! Colours of a picture as 14 counts, and its grey plane, from strips of pixels.
//!
//! The classes are those of ImageHash's `colorhash` on Pillow's `convert("L")` and `convert("HSV")`: black
//! (grey below 32), grey (saturation below 85), and six hues each of faint (below 170) and of bright (above
//! 170) pixels. A saturation of exactly 170 falls in no class.
//!
//! Pillow's HSV is float arithmetic with two divisions a pixel. The classes need only comparisons of such
//! quotients with a few constants, so we multiply out and compare whole numbers: with `max` and `min` the
//! largest and smallest channel and `range = max - min`, saturation is below 85 where `3 range < max`. The
//! hue's bins end at 43, 85, 128, 170 and 213 of 255, a little (1/85 of a sixth) past the pure colours. A
//! test holds this against the float arithmetic for all 16.7 million colours.
//!
//! Tried and dropped: leaving out the hues of stretches that are black and grey throughout. The check costs
//! more than it saves, in runs of 64 pixels as in blocks of 2048.

use crate::jpeg::Scale;
use crate::simd::{self, Level};

/// Number of classes: black, grey, 6 faint hues, 6 bright hues.
pub const CLASSES: usize = 14;
const NO_CLASS: u8 = CLASSES as u8;
/// Pixels that are loaded at a time: their channels stay in the first-level cache.
const BLOCK: usize = 2048;
/// Classes that are counted at a time: as many as the widest register has bytes.
const RUN: usize = 64;

/// What is wanted of a picture beside its grey plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// How many pixels are in each class of colour.
    pub counts: bool,
    /// The coarse colours of a look.
    pub tint: bool,
    /// What the grey values lack: see [`View::rest`](crate::plane::View::rest).
    pub rest: bool,
    /// The grey plane of a JPEG file at another scale too, from the same decoding.
    pub other: Option<Scale>,
}

impl Wanted {
    /// The grey plane alone, or with the counts.
    pub const fn counts(counts: bool) -> Wanted {
        Wanted { counts, tint: false, rest: false, other: None }
    }

    /// Whether colours are wanted, in any form.
    pub fn colors(self) -> bool {
        self.counts || self.tint
    }
}

/// How many pixels are in each class. The pixels in no class are those missing from the total.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Black, grey, faint hues 0 to 5, bright hues 0 to 5.
    pub classes: [u64; CLASSES],
    /// All pixels counted, those in no class included.
    pub total: u64,
}

/// Grey values of strips of four bytes a pixel (red, green, blue, ignored), appended to `grey`; counted if
/// `counts` is there.
pub fn push_rgbx(level: Level, rows: &[u8], grey: &mut Vec<u8>, mut counts: Option<&mut Counts>) {
    let (pixels, _) = rows.as_chunks::<4>();
    for block in pixels.chunks(BLOCK) {
        simd::run(
            level,
            #[inline(always)]
            || push_block(block, grey, counts.as_deref_mut()),
        );
    }
}

/// What the grey values of [`push_rgbx`] lack, appended to `rest`: 256ths of a grey value, and 128 for none.
pub fn push_rest(level: Level, rows: &[u8], rest: &mut Vec<u8>) {
    let (pixels, _) = rows.as_chunks::<4>();
    simd::run(
        level,
        #[inline(always)]
        || {
            rest.extend(pixels.iter().map(
                #[inline(always)]
                |&[r, g, b, _]| (fixed_luma(r, g, b) >> 8) as u8,
            ));
        },
    );
}

/// What grey pixels lack.
pub const NO_REST: u8 = 128;

/// Counts pixels whose grey, hue and saturation are known.
pub fn count_grey_hs(grey: &[u8], hue: &[u8], saturation: &[u8], counts: &mut Counts) {
    for ((&l, &h), &s) in grey.iter().zip(hue).zip(saturation) {
        if let Some(count) = counts.classes.get_mut(usize::from(class_of_hs(l, h, s))) {
            *count += 1;
        }
        counts.total += 1;
    }
}

/// Counts pixels without colour.
pub fn count_grey(grey: &[u8], counts: &mut Counts) {
    let black = grey.iter().filter(|&&l| l < 32).count() as u64;
    counts.classes[0] += black;
    counts.classes[1] += grey.len() as u64 - black;
    counts.total += grey.len() as u64;
}

fn class_of_hs(grey: u8, hue: u8, saturation: u8) -> u8 {
    let bin = [43, 85, 128, 170, 213].iter().filter(|&&edge| hue >= edge).count() as u8;
    match (grey, saturation) {
        (..32, _) => 0,
        (_, ..85) => 1,
        (_, ..170) => 2 + bin,
        (_, 170) => NO_CLASS,
        _ => 8 + bin,
    }
}

#[inline(always)]
fn push_block(pixels: &[[u8; 4]], grey: &mut Vec<u8>, counts: Option<&mut Counts>) {
    let start = grey.len();
    grey.extend(pixels.iter().map(
        #[inline(always)]
        |&[r, g, b, _]| luma(r, g, b),
    ));
    if let Some(counts) = counts {
        count_block(pixels, &grey[start..], counts);
    }
}

/// In loops over whole arrays, one step each: the form that the compiler makes vector code of.
#[inline(always)]
fn count_block(pixels: &[[u8; 4]], grey: &[u8], counts: &mut Counts) {
    let n = pixels.len();
    let [mut r, mut g, mut b, mut l] = [[0u8; BLOCK]; 4];
    l[..n].copy_from_slice(grey);
    for (i, p) in pixels.iter().enumerate() {
        (r[i], g[i], b[i]) = (p[0], p[1], p[2]);
    }
    let mut classes = [NO_CLASS; BLOCK];
    for i in 0..n {
        classes[i] = class_of(r[i], g[i], b[i], l[i]);
    }
    tally(&classes, counts);
    counts.total += n as u64;
}

/// Pillow's grey: ITU-R 601 weights in 16-bit fixed point, rounded. Green's 38470 is taken as twice 19235:
/// factors below 2^15 let the compiler use the cheap 16-bit multiplication.
#[inline(always)]
fn luma(r: u8, g: u8, b: u8) -> u8 {
    (fixed_luma(r, g, b) >> 16) as u8
}

/// The same and half a grey value, in 65536ths.
#[inline(always)]
fn fixed_luma(r: u8, g: u8, b: u8) -> i32 {
    let green = (i32::from(g) * 19235) << 1;
    i32::from(r) * 19595 + green + i32::from(b) * 7471 + 0x8000
}

/// The class of one pixel, without branches and in single bytes, so that one instruction takes many pixels.
///
/// Around each pure colour a hue is past it (the first numbers below), or before it, or so far before it that
/// it is `near` the bin that ends 1/85 of a sixth behind the colour before.
///
/// With `min` and `range` the inequalities of the float arithmetic become, for whole numbers: saturation
/// below 85 is `2 range < min`; from 170 on it is `range >= 2 min`; exactly 170 is `28 (range - 2 min) < min`.
#[inline(always)]
fn class_of(r: u8, g: u8, b: u8, grey: u8) -> u8 {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let range = max - min;
    let middle = r.max(g).min(b).max(r.min(g));
    let near = u8::from(times_85(max - middle) < range);
    let from_red = if g >= b { 0 } else { 5 - near };
    let from_green = if b >= r { 2 } else { 1 - near };
    let from_blue = if r >= g { 4 } else { 3 - near };
    let hue = if g == max { from_green } else { from_blue };
    let hue = if r == max { from_red } else { hue };
    let twice_min = min.saturating_add(min);
    let strong = range >= twice_min;
    let in_gap = strong & (times_28(range.saturating_sub(twice_min)) < min);
    let class = hue + if strong { 8 } else { 2 };
    let class = if in_gap { NO_CLASS } else { class };
    let class = if range.saturating_add(range) < min { 1 } else { class };
    if grey < 32 { 0 } else { class }
}

/// `85 n`, or 255 if it is more: bytes have no vector multiplication.
#[inline(always)]
fn times_85(n: u8) -> u8 {
    let n5 = times_4(n).saturating_add(n);
    times_4(times_4(n5)).saturating_add(n5)
}

/// `28 n`, or 255 if it is more.
#[inline(always)]
fn times_28(n: u8) -> u8 {
    let n4 = times_4(n);
    let n8 = n4.saturating_add(n4);
    n4.saturating_add(n8).saturating_add(n8.saturating_add(n8))
}

#[inline(always)]
fn times_4(n: u8) -> u8 {
    let n2 = n.saturating_add(n);
    n2.saturating_add(n2)
}

/// Counts the classes in lanes of bytes. A block is too short for a byte to overflow.
#[inline(always)]
fn tally(found: &[u8; BLOCK], counts: &mut Counts) {
    const { assert!(BLOCK / RUN <= 255) };
    for (class, count) in counts.classes.iter_mut().enumerate() {
        let mut lanes = [0u8; RUN];
        for run in found.as_chunks::<RUN>().0 {
            for (lane, &c) in lanes.iter_mut().zip(run) {
                *lane += u8::from(c == class as u8);
            }
        }
        *count += lanes.iter().map(|&n| u64::from(n)).sum::<u64>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pillow's float arithmetic for hue and saturation, as in its `rgb2hsv`, then ImageHash's classes.
    fn float_class(r: u8, g: u8, b: u8, grey: u8) -> u8 {
        let (max, min) = (r.max(g).max(b), r.min(g).min(b));
        if max == min {
            return class_of_hs(grey, 0, 0);
        }
        let range = f32::from(max - min);
        let far = |c: u8| f64::from(f32::from(max - c) / range);
        let sixths = match max {
            _ if r == max => (f32::from(max - b) / range - f32::from(max - g) / range) as f64,
            _ if g == max => 2.0 + far(r) - far(b),
            _ => 4.0 + far(g) - far(r),
        } as f32;
        let hue = ((f64::from(sixths) / 6.0 + 1.0) % 1.0) as f32;
        let saturation = f64::from(range / f32::from(max)) * 255.0;
        class_of_hs(grey, (f64::from(hue) * 255.0) as u8, saturation as u8)
    }

    #[test]
    fn every_color_has_the_class_of_the_float_arithmetic() {
        for r in 0..=255 {
            for g in 0..=255 {
                for b in 0..=255 {
                    let grey = luma(r, g, b);
                    assert_eq!(class_of(r, g, b, grey), float_class(r, g, b, grey), "{r} {g} {b}");
                }
            }
        }
    }

    #[test]
    fn every_color_has_the_grey_of_its_definition() {
        for rgb in 0u32..1 << 24 {
            let [r, g, b, _] = rgb.to_le_bytes();
            let expected = (u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16;
            assert_eq!(u32::from(luma(r, g, b)), expected);
        }
    }

    #[test]
    fn every_level_counts_alike_and_at_every_length() {
        let pixels: Vec<u8> = (0..4 * 5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for length in [1, 2, 63, 64, 65, 2047, 2048, 2049, 5000] {
            let rows = &pixels[..4 * length];
            let mut expected = Counts { total: length as u64, ..Counts::default() };
            let mut expected_grey = Vec::new();
            for p in rows.chunks(4) {
                let grey = luma(p[0], p[1], p[2]);
                expected_grey.push(grey);
                if let Some(count) = expected.classes.get_mut(usize::from(class_of(p[0], p[1], p[2], grey))) {
                    *count += 1;
                }
            }
            for level in Level::available() {
                let (mut grey, mut counts) = (Vec::new(), Counts::default());
                push_rgbx(level, rows, &mut grey, Some(&mut counts));
                assert_eq!((&grey, &counts), (&expected_grey, &expected), "{level:?}, {length} pixels");
            }
        }
    }

    #[test]
    fn a_saturation_of_exactly_170_is_in_no_class() {
        let mut counts = Counts::default();
        count_grey_hs(&[100; 4], &[0; 4], &[84, 169, 170, 171], &mut counts);
        assert_eq!((counts.classes[1], counts.classes[2], counts.classes[8], counts.total), (1, 1, 1, 4));
    }

    #[test]
    fn grey_rows_are_black_or_grey() {
        let mut counts = Counts::default();
        count_grey(&[0, 31, 32, 255], &mut counts);
        assert_eq!((counts.classes[0], counts.classes[1], counts.total), (2, 2, 4));
    }
}
