//! Turning a grey plane as its EXIF orientation says.

use crate::error::Result;
use crate::plane::Plane;

/// Rows and columns that are turned together, so that both sides stay in the first-level cache.
const BLOCK: usize = 64;

/// The plane upright: 2 to 8 are EXIF's orientations, any other number leaves it as it is.
///
/// # Errors
/// Never, for a plane that exists.
pub fn turn(plane: Plane, orientation: u8) -> Result<Plane> {
    if !(2..=8).contains(&orientation) {
        return Ok(plane);
    }
    let (width, height) = (plane.width(), plane.height());
    let (new_width, new_height) = if orientation < 5 { (width, height) } else { (height, width) };
    let upright = Plane::new(turned(plane.pixels(), width, orientation), new_width, new_height)?;
    match plane.rest() {
        Some(rest) => upright.with_rest(turned(rest, width, orientation)),
        None => Ok(upright),
    }
}

/// The same for values of any sort, in rows of `width`.
pub fn turned<T: Copy + Default>(values: &[T], width: usize, orientation: u8) -> Vec<T> {
    match orientation {
        2..=4 => flipped(values, width, orientation),
        5..=8 => across(values, width, values.len() / width, orientation),
        _ => values.to_vec(),
    }
}

/// Orientations 2 (mirrored), 3 (upside down) and 4 (both).
fn flipped<T: Copy>(pixels: &[T], width: usize, orientation: u8) -> Vec<T> {
    let mut out = Vec::with_capacity(pixels.len());
    match orientation {
        2 => pixels.chunks_exact(width).for_each(|row| out.extend(row.iter().rev())),
        3 => out.extend(pixels.iter().rev()),
        _ => pixels.chunks_exact(width).rev().for_each(|row| out.extend_from_slice(row)),
    }
    out
}

/// Orientations 5 to 8, whose rows become columns. Output row `x` is input column `x`, or the one as far from
/// the right (7 and 8), read from the top, or from the bottom (6 and 7).
fn across<T: Copy + Default>(pixels: &[T], width: usize, height: usize, orientation: u8) -> Vec<T> {
    let mut out = vec![T::default(); pixels.len()];
    let (from_right, from_bottom) = (orientation >= 7, matches!(orientation, 6 | 7));
    for top in (0..height).step_by(BLOCK) {
        let rows = top..height.min(top + BLOCK);
        for left in (0..width).step_by(BLOCK) {
            for x in left..width.min(left + BLOCK) {
                let line = if from_right { width - 1 - x } else { x } * height;
                for y in rows.clone() {
                    out[line + if from_bottom { height - 1 - y } else { y }] = pixels[y * width + x];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a pixel comes from, by EXIF's own words: which side of the scene row 0 and column 0 are.
    fn slow(plane: &Plane, orientation: u8) -> Vec<u8> {
        let (w, h) = (plane.width(), plane.height());
        let (out_w, out_h) = if (5..=8).contains(&orientation) { (h, w) } else { (w, h) };
        let mut out = Vec::new();
        for y in 0..out_h {
            for x in 0..out_w {
                let (right, bottom) = (out_w - 1 - x, out_h - 1 - y);
                let (row, column) = match orientation {
                    2 => (y, right),
                    3 => (bottom, right),
                    4 => (bottom, x),
                    5 => (x, y),
                    6 => (right, y),
                    7 => (right, bottom),
                    8 => (x, bottom),
                    _ => (y, x),
                };
                out.push(plane.pixels()[row * w + column]);
            }
        }
        out
    }

    #[test]
    fn every_orientation_equals_its_definition() {
        for (w, h) in [(1, 1), (3, 2), (64, 65), (130, 70), (1, 200)] {
            let pixels = (0..w * h).map(|i| (i * 7 + i / 251) as u8).collect();
            let plane = Plane::new(pixels, w, h).unwrap();
            for orientation in 0..=9 {
                let turned = turn(plane.clone(), orientation).unwrap();
                assert_eq!(turned.pixels(), slow(&plane, orientation), "{w} x {h}, {orientation}");
            }
        }
    }
}
