//! Colours of a picture as 14 counts, and its grey plane, from strips of pixels.
//!
//! The classes are those of ImageHash's `colorhash` on Pillow's `convert("L")` and `convert("HSV")`: black
//! (grey below 32), grey (saturation below 85), and six hues each of faint (below 170) and of bright (above
//! 170) pixels. A saturation of exactly 170 falls in no class.
//!
//! Pillow's HSV is float arithmetic with two divisions a pixel. The classes need only comparisons of such
//! quotients with a few constants, so we multiply out and compare whole numbers: with `max` and `min` the
//! largest and smallest channel and `range = max - min`, saturation is below 85 where `3 range < max`. The hue's bins end at 43, 85, 128, 170 and 213 of 255, a little (1/85 of a sixth) past the pure
//! colours. A test holds this against Pillow for all 16.7 million colours.

use crate::simd::{self, Level};

/// Number of classes: black, grey, 6 faint hues, 6 bright hues.
pub const CLASSES: usize = 14;
const NO_CLASS: u8 = CLASSES as u8;
const BLOCK: usize = 2048;

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
    let mut r = [0u8; BLOCK];
    let mut g = [0u8; BLOCK];
    let mut b = [0u8; BLOCK];
    let mut l = [0u8; BLOCK];
    let n = pixels.len();
    for (i, p) in pixels.iter().enumerate() {
        (r[i], g[i], b[i]) = (p[0], p[1], p[2]);
    }
    for i in 0..n {
        l[i] = luma(r[i], g[i], b[i]);
    }
    grey.extend_from_slice(&l[..n]);
    if let Some(counts) = counts {
        let mut classes = [0u8; BLOCK];
        for i in 0..n {
            classes[i] = class_of(r[i], g[i], b[i], l[i]);
        }
        tally(&classes[..n], counts);
    }
}

/// Pillow's grey: ITU-R 601 weights in 16-bit fixed point, rounded. Green's 38470 is taken as twice 19235:
/// factors below 2^15 let the compiler use the cheap 16-bit multiplication.
#[inline(always)]
fn luma(r: u8, g: u8, b: u8) -> u8 {
    let green = (i32::from(g) * 19235) << 1;
    ((i32::from(r) * 19595 + green + i32::from(b) * 7471 + 0x8000) >> 16) as u8
}

/// The class of one pixel, without branches and in single bytes, so that one instruction takes 32 pixels.
///
/// With `min` and `range` the inequalities of the float arithmetic become, for whole numbers: saturation
/// below 85 is `2 range < min`; from 170 on it is `range >= 2 min`; exactly 170 is `28 (range - 2 min) < min`.
#[inline(always)]
fn class_of(r: u8, g: u8, b: u8, grey: u8) -> u8 {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let range = max - min;
    let middle = if r == max { g.max(b) } else { b.max(r.min(g)) };
    let middle = if b == max { r.max(g) } else { middle };
    let near = max - middle < steps_of_85(range);
    let from_red = turn(g >= b, near, 5, 0);
    let from_green = turn(b >= r, near, 1, 2);
    let from_blue = turn(r >= g, near, 3, 4);
    let hue = if g == max { from_green } else { from_blue };
    let hue = if r == max { from_red } else { hue };
    let strong = range >= min.saturating_add(min);
    let in_gap = strong & (range.wrapping_sub(min.wrapping_add(min)) < steps_of_28(min));
    let class = if strong { hue + 8 } else { hue + 2 };
    let class = if in_gap { NO_CLASS } else { class };
    let class = if range.saturating_add(range) < min { 1 } else { class };
    if grey < 32 { 0 } else { class }
}

/// `range / 85`, rounded up.
#[inline(always)]
fn steps_of_85(range: u8) -> u8 {
    u8::from(range > 0) + u8::from(range > 85) + u8::from(range > 170)
}

/// `min / 28`, rounded up, for a `min` of at most 85.
#[inline(always)]
fn steps_of_28(min: u8) -> u8 {
    u8::from(min > 0) + u8::from(min > 28) + u8::from(min > 56) + u8::from(min > 84)
}

/// The hue's bin around one pure colour: `after` if the hue is past it. If it is not, then `before`, or the
/// bin before that where the next pure colour is within 1/85 of a sixth.
#[inline(always)]
fn turn(is_past: bool, near: bool, before: u8, after: u8) -> u8 {
    let earlier = if near { before - 1 } else { before };
    if is_past { after } else { earlier }
}

/// Counts classes in lanes of bytes: as many lanes as the widest register has, and at most 255 rounds, after
/// which a byte could overflow.
#[inline(always)]
fn tally(classes: &[u8], counts: &mut Counts) {
    const LANES: usize = 64;
    counts.total += classes.len() as u64;
    for part in classes.chunks(LANES * 255) {
        let (rounds, rest) = part.as_chunks::<LANES>();
        for (class, count) in counts.classes.iter_mut().enumerate() {
            let mut lanes = [0u8; LANES];
            for round in rounds {
                for (lane, &c) in lanes.iter_mut().zip(round) {
                    *lane += u8::from(c == class as u8);
                }
            }
            *count += lanes.iter().map(|&n| u64::from(n)).sum::<u64>();
            *count += rest.iter().filter(|&&c| c == class as u8).count() as u64;
        }
    }
}
