//! Pixels as Pillow makes them: alpha on white, palettes, few bits as eight.

use super::canvas::Canvas;
use crate::color::{self, Counts};
use crate::simd::Level;

/// One channel with its alpha laid on white, by the rounding of Pillow's paste: `(255 (255 - a) + v a) / 255`,
/// where `x / 255` is `(x + 128 + ((x + 128) >> 8)) >> 8`.
#[inline(always)]
pub fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    let sum = 255 * (255 - alpha) + value * alpha + 128;
    ((sum + (sum >> 8)) >> 8) as u8
}

/// Red, green and blue with their alpha laid on white.
#[inline(always)]
pub fn rgba_on_white([r, g, b, a]: [u8; 4]) -> [u8; 3] {
    [on_white(r, a), on_white(g, a), on_white(b, a)]
}

/// 256 colours; those that a file does not give are black, as in Pillow.
pub struct Palette {
    colors: Vec<[u8; 3]>,
    grey: Vec<u8>,
    rest: Vec<u8>,
    seen: Vec<u64>,
}

impl Palette {
    /// Takes the colours that a file gives, and the alpha of the first ones.
    pub fn new(colors: impl Iterator<Item = [u8; 3]>, alpha: &[u8]) -> Self {
        let mut all = vec![[0; 3]; 256];
        for (place, color) in all.iter_mut().zip(colors) {
            *place = color;
        }
        for (color, &a) in all.iter_mut().zip(alpha) {
            *color = color.map(|value| on_white(value, a));
        }
        let rgbx: Vec<u8> = all.iter().flat_map(|&[r, g, b]| [r, g, b, 0]).collect();
        let (mut grey, mut rest) = (Vec::with_capacity(256), Vec::with_capacity(256));
        color::push_rgbx(Level::Portable, &rgbx, &mut grey, None);
        color::push_rest(Level::Portable, &rgbx, &mut rest);
        Palette { colors: all, grey, rest, seen: vec![0; 256] }
    }

    /// Appends pixels that are numbers of colours.
    pub fn push(&mut self, canvas: &mut Canvas, indices: &[u8]) {
        if canvas.counts_mut().is_some() {
            for &index in indices {
                self.seen[usize::from(index)] += 1;
            }
        }
        if canvas.wants_tint() {
            let pixel = |&index: &u8| {
                let [r, g, b] = self.colors[usize::from(index)];
                [r, g, b, 0]
            };
            canvas.push_tint(&indices.iter().map(pixel).collect::<Vec<_>>());
        }
        let of = |plane: &[u8], index: &u8| plane[usize::from(*index)];
        canvas.push_counted(
            indices.iter().map(|index| of(&self.grey, index)),
            indices.iter().map(|index| of(&self.rest, index)),
        );
    }

    /// Counts the colours of all pixels that have been pushed: each of the 256 is classed only once.
    pub fn count(&self, canvas: &mut Canvas) {
        let Some(counts) = canvas.counts_mut() else { return };
        for (&[r, g, b], &times) in self.colors.iter().zip(&self.seen) {
            let mut one = Counts::default();
            color::push_rgbx(Level::Portable, &[r, g, b, 0], &mut Vec::new(), Some(&mut one));
            for (sum, class) in counts.classes.iter_mut().zip(one.classes) {
                *sum += class * times;
            }
            counts.total += times;
        }
    }
}

/// Takes rows of 1, 2 or 4 bits a pixel apart, the first pixel in the highest bits.
pub fn unpack(row: &[u8], bits: usize, width: usize, out: &mut Vec<u8>) {
    out.clear();
    let mask = (1u16 << bits) as u8 - 1;
    let per_byte = 8 / bits;
    out.extend((0..width).map(|x| row[x / per_byte] >> (8 - bits * (x % per_byte + 1)) & mask));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_on_white_is_the_nearest_byte() {
        for value in 0..=255u8 {
            for alpha in 0..=255u8 {
                let exact = (255.0 * (255.0 - f64::from(alpha)) + f64::from(value) * f64::from(alpha)) / 255.0;
                assert_eq!(on_white(value, alpha), exact.round() as u8, "{value} {alpha}");
            }
        }
    }

    #[test]
    fn bits_come_apart_from_the_highest() {
        let mut out = Vec::new();
        unpack(&[0b0001_1011, 0b1100_0000], 2, 5, &mut out);
        assert_eq!(out, [0, 1, 2, 3, 3]);
        unpack(&[0b1010_0000], 1, 3, &mut out);
        assert_eq!(out, [1, 0, 1]);
        unpack(&[0x5a], 4, 2, &mut out);
        assert_eq!(out, [5, 10]);
    }
}
