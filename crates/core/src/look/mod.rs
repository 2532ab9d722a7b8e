//! The look: what is kept of a picture for a second look at it, in 1170 bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 0 | version, 1 |
//! | 1 | quality, 0 to 100 |
//! | 2..10 | the box of the inner picture: left, upper, right, lower, each as u16 in 65535ths of the whole |
//! | 10..18 | width and height of the whole as shown, in pixels, u32 |
//! | 18..82, 82..146 | Cb, then Cr, of the inner picture in 8 x 8 cells, row by row; 128 is no colour |
//! | 146..1170 | grey of the inner picture, 32 x 32 pixels, row by row |
//!
//! Numbers are little-endian. Where no border was found the inner picture is the whole.

pub mod align;
pub mod border;
pub mod colour;
pub mod grids;
pub mod parts;
pub mod quality;
pub mod score;
pub mod second;
pub mod sides;
pub mod thumb;

use self::border::Inner;
use self::colour::{CELLS, NONE, Tint};
use self::thumb::PIXELS;
use crate::error::{Error, Result};
use crate::orient;
use crate::plane::View;

/// Bytes of a look.
pub const BYTES: usize = 1170;
/// What this release writes and reads.
pub const VERSION: u8 = 1;

const ABOUT: usize = 18;
const GREY: usize = ABOUT + 2 * CELLS;

/// What is kept of a picture for a second look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// How much there is to tell it from others, 0 to 100.
    pub quality: u8,
    /// Left, upper, right, lower edge of the inner picture, in 65535ths of the whole.
    pub inner: [u16; 4],
    /// Pixels in a row of the whole picture as shown.
    pub width: u32,
    /// Rows of the whole picture as shown.
    pub height: u32,
    /// Cb and Cr in cells.
    pub colour: [[u8; CELLS]; 2],
    /// The thumb.
    pub grey: [u8; PIXELS],
}

impl Look {
    /// The look of a picture, from its grey plane (reduced or whole), what [`thumb::values`] makes of it, and its
    /// colours, if it has any. `size` is that of the picture as shown.
    ///
    /// # Errors
    /// Never, for a view that exists.
    pub fn new(view: View<'_>, values: &[f64], tint: Option<&Tint>, size: (usize, usize)) -> Result<Look> {
        let found = border::inner_box(view);
        let grey = match &found {
            Some(inner) => thumb::bytes(&thumb::inner_values(view, inner)?),
            None => thumb::bytes(values),
        };
        let inner = found.unwrap_or(Inner { left: 0.0, upper: 0.0, right: 1.0, lower: 1.0 });
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        Ok(Look {
            quality: quality::quality(&grey),
            inner: [inner.left, inner.upper, inner.right, inner.lower].map(fixed),
            width: side(size.0),
            height: side(size.1),
            colour: tint.map_or([[NONE; CELLS]; 2], |tint| tint.cells(&inner)),
            grey,
        })
    }

    /// Reads what [`Look::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Argument`] for another length, version or box than there can be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Look> {
        check(bytes)?;
        let number = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let side = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let cells = |n: usize| std::array::from_fn(|cell| bytes[ABOUT + n * CELLS + cell]);
        Ok(Look {
            quality: bytes[1],
            inner: [number(2), number(4), number(6), number(8)],
            width: side(10),
            height: side(14),
            colour: [cells(0), cells(1)],
            grey: std::array::from_fn(|n| bytes[GREY + n]),
        })
    }

    /// The look as it is stored.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut out = [0; BYTES];
        (out[0], out[1]) = (VERSION, self.quality);
        for (n, edge) in self.inner.iter().enumerate() {
            out[2 + 2 * n..][..2].copy_from_slice(&edge.to_le_bytes());
        }
        out[10..14].copy_from_slice(&self.width.to_le_bytes());
        out[14..18].copy_from_slice(&self.height.to_le_bytes());
        out[ABOUT..GREY].copy_from_slice(self.colour.as_flattened());
        out[GREY..].copy_from_slice(&self.grey);
        out
    }

    /// The look of the picture turned by an EXIF orientation: 2 to 8, any other number leaves it as it is.
    #[must_use]
    pub fn turned(&self, orientation: u8) -> Look {
        let [left, upper, right, lower] = self.inner;
        let back = |edge: u16| u16::MAX - edge;
        let ((from, to), (top, bottom)) = ((left, right), (upper, lower));
        let (across, down) = ((back(to), back(from)), (back(bottom), back(top)));
        let ((left, right), (upper, lower)) = match orientation {
            2 => (across, (top, bottom)),
            3 => (across, down),
            4 => ((from, to), down),
            5 => ((top, bottom), (from, to)),
            6 => (down, (from, to)),
            7 => (down, across),
            8 => ((top, bottom), across),
            _ => ((from, to), (top, bottom)),
        };
        let is_across = (5..=8).contains(&orientation);
        let (width, height) = if is_across { (self.height, self.width) } else { (self.width, self.height) };
        Look {
            quality: self.quality,
            inner: [left, upper, right, lower],
            width,
            height,
            colour: self.colour.map(|cells| turned(&cells, colour::SIDE, orientation)),
            grey: turned(&self.grey, thumb::SIDE, orientation),
        }
    }

    /// Codes of 8 bytes of the picture turned by each orientation from 1 to 8: of the thumb, and of it without its
    /// left, its right, its upper and its lower edge.
    pub fn codes(&self) -> [[[u8; parts::CODE]; parts::PARTS]; 8] {
        let spectra = parts::Spectra::new(&self.grey);
        std::array::from_fn(|n| spectra.codes(n as u8 + 1))
    }
}

/// Checks that bytes are a look of this release.
///
/// # Errors
/// [`Error::Argument`] if not.
pub fn check(bytes: &[u8]) -> Result<()> {
    let refuse = |text: String| Err(Error::Argument(text));
    if bytes.len() != BYTES {
        return refuse(format!("expected a look of {BYTES} bytes, got {}", bytes.len()));
    }
    if bytes[0] != VERSION {
        return refuse(format!("expected a look of version {VERSION}, got version {}: make it again", bytes[0]));
    }
    let edge = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    if bytes[1] > 100 || edge(2) >= edge(6) || edge(4) >= edge(8) {
        return refuse(
            "expected a look with a quality up to 100 and a box with something inside, got a damaged one".into(),
        );
    }
    Ok(())
}

fn fixed(share: f32) -> u16 {
    (share.clamp(0.0, 1.0) * f32::from(u16::MAX)).round() as u16
}

fn turned<const N: usize>(values: &[u8; N], side: usize, orientation: u8) -> [u8; N] {
    let turned = orient::turned(values, side, orientation);
    std::array::from_fn(|n| turned[n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;
    use crate::simd::Level;

    fn pixels(width: usize, height: usize) -> (Plane, Tint) {
        let mut collector = colour::Collector::new(width, height);
        let rgbx: Vec<[u8; 4]> =
            (0..width * height).map(|n| [(n % width) as u8, (n / width * 2) as u8, (n * n % 251) as u8, 0]).collect();
        collector.push(Level::best(), &rgbx);
        let grey = rgbx.iter().map(|pixel| pixel[0] / 2 + pixel[2] / 4).collect();
        (Plane::new(grey, width, height).unwrap(), collector.finish().unwrap())
    }

    fn look(width: usize, height: usize) -> Look {
        let (plane, tint) = pixels(width, height);
        let values = thumb::values(plane.view()).unwrap();
        Look::new(plane.view(), &values, Some(&tint), (width, height)).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for look in [look(120, 90), Look { inner: [1, 2, 300, 65535], ..look(33, 500) }] {
            let bytes = look.to_bytes();
            assert_eq!(Look::from_bytes(&bytes).unwrap(), look);
        }
        let bytes = Look { inner: [1, 2, 300, 65535], ..look(33, 500) }.to_bytes();
        assert_eq!(bytes[..2], [1, look(33, 500).quality]);
        assert_eq!(bytes[2..18], [1, 0, 2, 0, 44, 1, 255, 255, 33, 0, 0, 0, 244, 1, 0, 0]);
    }

    #[test]
    fn what_is_no_look_is_refused() {
        let good = look(40, 30).to_bytes();
        for (at, value, word) in [(0, 2, "version 2"), (1, 101, "quality"), (6, 0, "box")] {
            let mut bad = good;
            (bad[at], bad[7]) = (value, if at == 6 { 0 } else { bad[7] });
            let text = Look::from_bytes(&bad).unwrap_err().to_string();
            assert!(text.contains(word) && text.contains("expected"), "{text}");
        }
        for length in [0, 1, BYTES - 1, BYTES + 1] {
            let text = check(&vec![1; length]).unwrap_err().to_string();
            assert!(text.contains(&format!("got {length}")), "{text}");
        }
    }

    #[test]
    fn a_picture_without_colours_has_none() {
        let (plane, _) = pixels(50, 40);
        let look = Look::new(plane.view(), &thumb::values(plane.view()).unwrap(), None, (50, 40)).unwrap();
        assert!(look.colour.as_flattened().iter().all(|&value| value == NONE));
        assert_eq!(look.inner, [0, 0, u16::MAX, u16::MAX]);
    }

    #[test]
    fn a_turned_look_is_that_of_the_turned_picture() {
        let (plane, tint) = pixels(120, 90);
        let upright = Look { inner: [100, 200, 60_000, 50_000], ..look(120, 90) };
        let margins = |[left, upper, right, lower]: [u16; 4]| [left, upper, u16::MAX - right, u16::MAX - lower];
        let [left, upper, right, lower] = margins(upright.inner);
        for turn in 1..=8 {
            let turned_plane = orient::turn(plane.clone(), turn).unwrap();
            let size = (turned_plane.width(), turned_plane.height());
            let values = thumb::values(turned_plane.view()).unwrap();
            let expected = Look::new(turned_plane.view(), &values, Some(&tint.turned(turn)), size).unwrap();
            let found = upright.turned(turn);
            assert_eq!((found.width, found.height), (expected.width, expected.height));
            assert_eq!(found.colour, expected.colour);
            assert!(found.grey.iter().zip(&expected.grey).all(|(a, b)| a.abs_diff(*b) <= 2), "{turn}");
            let edges = match turn {
                2 => [right, upper, left, lower],
                3 => [right, lower, left, upper],
                4 => [left, lower, right, upper],
                5 => [upper, left, lower, right],
                6 => [lower, left, upper, right],
                7 => [lower, right, upper, left],
                8 => [upper, right, lower, left],
                _ => [left, upper, right, lower],
            };
            assert_eq!(margins(found.inner), edges, "{turn}");
        }
    }
}
