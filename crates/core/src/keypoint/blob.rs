//! The bytes of a picture's keypoints.
//!
//! All numbers are little-endian; `n` keypoints take 16 + 38 n bytes.
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | zero |
//! | 2 | 2 | n |
//! | 4 | 4 | width and height of the plane in which they were found |
//! | 8 | 8 | width and height of the whole picture as shown |
//! | 16 | 32 n | codes |
//! | then | 2 n | x, in 65535ths of the plane's width |
//! | then | 2 n | y, in 65535ths of the plane's height |
//! | then | n | sizes: 32 log2(diameter / 31 pixels of the plane) + 32 |
//! | then | n | angles, clockwise as shown, in 256ths of a turn |

use crate::error::{Error, Result};

/// The version that is read.
pub const VERSION: u8 = 1;
/// Bytes before the codes.
const HEADER: usize = 16;
/// Bytes a keypoint.
const EACH: usize = 38;
/// The plane's longer side in the units in which keypoints are compared, whatever it was in pixels.
pub const UNITS: f64 = 512.0;

/// Keypoints as they are stored: a view of the bytes.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    bytes: &'a [u8],
    count: usize,
}

/// Where a keypoint is, how large and which way up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Position in units: the plane's longer side has [`UNITS`].
    pub at: [f64; 2],
    /// 32 times the logarithm to base 2 of its size in units, over that of the smallest.
    pub size: f64,
    /// In 256ths of a turn.
    pub angle: u8,
}

impl<'a> Blob<'a> {
    /// Checks the bytes' version and length, and that both pictures have sides.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another version, [`Error::Corrupt`] for what is none.
    pub fn read(bytes: &'a [u8]) -> Result<Blob<'a>> {
        let short = || Error::Corrupt(format!("expected keypoints of {HEADER} bytes or more, got {}", bytes.len()));
        let header = bytes.first_chunk::<HEADER>().ok_or_else(short)?;
        if header[0] != VERSION {
            let text = format!("expected keypoints of version {VERSION}, got version {}: make them again", header[0]);
            return Err(Error::Unsupported(text));
        }
        let count = usize::from(u16::from_le_bytes([header[2], header[3]]));
        let blob = Blob { bytes, count };
        if bytes.len() != HEADER + EACH * count {
            let text = format!("expected {} bytes for {count} keypoints, got {}", HEADER + EACH * count, bytes.len());
            return Err(Error::Corrupt(text));
        }
        let has_sides = header[4..8].chunks(2).chain(header[8..].chunks(4)).all(|side| side.iter().any(|&b| b != 0));
        if header[1] != 0 || !has_sides {
            return Err(Error::Corrupt("expected keypoints, got damaged ones: make them again".into()));
        }
        Ok(blob)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Width and height of the plane, in pixels.
    pub fn plane(&self) -> [u16; 2] {
        [4, 6].map(|at| u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]))
    }

    /// Width and height of the plane, in units.
    pub fn frame(&self) -> [f64; 2] {
        let [width, height] = self.plane().map(f64::from);
        let unit = UNITS / width.max(height).max(1.0);
        [width * unit, height * unit]
    }

    /// The codes.
    pub fn codes(&self) -> &'a [[u8; 32]] {
        self.bytes[HEADER..HEADER + 32 * self.count].as_chunks::<32>().0
    }

    /// Where the keypoints are.
    pub fn places(&self) -> Vec<Place> {
        let ([width, height], plane) = (self.frame(), self.plane());
        let unit = UNITS / f64::from(plane[0].max(plane[1]).max(1));
        let shift = 32.0 * libm::log2(unit) - 32.0;
        let fields = &self.bytes[HEADER + 32 * self.count..];
        let (x, fields) = fields.split_at(2 * self.count);
        let (y, fields) = fields.split_at(2 * self.count);
        let (sizes, angles) = fields.split_at(self.count);
        let share = |pair: &[u8; 2]| f64::from(u16::from_le_bytes(*pair)) / 65535.0;
        let positions = x.as_chunks().0.iter().zip(y.as_chunks().0);
        positions
            .zip(sizes.iter().zip(angles))
            .map(|((x, y), (&size, &angle))| Place {
                at: [share(x) * width, share(y) * height],
                size: f64::from(size) + shift,
                angle,
            })
            .collect()
    }
}

#[cfg(test)]
pub mod tests {
    //! And what other tests make keypoints with.

    use super::*;

    /// A keypoint's code, x, y, size, angle.
    pub type Point = ([u8; 32], u16, u16, u8, u8);

    /// Numbers that look random, always the same.
    pub fn noise(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        }
    }

    /// A blob from its fields.
    pub fn blob(plane: [u16; 2], points: &[Point]) -> Vec<u8> {
        let mut bytes = vec![VERSION, 0];
        bytes.extend((points.len() as u16).to_le_bytes());
        bytes.extend(plane.iter().flat_map(|side| side.to_le_bytes()));
        bytes.extend(plane.iter().flat_map(|&side| u32::from(side).to_le_bytes()));
        bytes.extend(points.iter().flat_map(|point| point.0));
        bytes.extend(points.iter().flat_map(|point| point.1.to_le_bytes()));
        bytes.extend(points.iter().flat_map(|point| point.2.to_le_bytes()));
        bytes.extend(points.iter().map(|point| point.3));
        bytes.extend(points.iter().map(|point| point.4));
        bytes
    }

    #[test]
    fn fields_are_read() {
        let bytes = blob([400, 300], &[([7; 32], 0, 65535, 32, 64), ([9; 32], 65535, 0, 64, 3)]);
        let blob = Blob::read(&bytes).unwrap();
        assert_eq!((blob.len(), blob.plane(), blob.codes()), (2, [400, 300], &[[7; 32], [9; 32]][..]));
        let places = blob.places();
        assert_eq!(blob.frame(), [512.0, 384.0]);
        assert_eq!((places[0].at, places[0].angle), ([0.0, 384.0], 64));
        assert!((places[0].size - 32.0 * 1.28f64.log2()).abs() < 1e-9);
        assert_eq!(places[1].size - places[0].size, 32.0);
    }

    #[test]
    fn other_bytes_are_refused() {
        let good = blob([400, 300], &[([7; 32], 1, 2, 3, 4)]);
        assert!(Blob::read(&blob([0, 0], &[])).is_err());
        assert!(Blob::read(&blob([512, 400], &[])).is_ok_and(|blob| blob.is_empty() && blob.places().is_empty()));
        assert!(matches!(Blob::read(&blob([0, 9], &[([7; 32], 1, 2, 3, 4)])), Err(Error::Corrupt(_))));
        for length in 0..good.len() {
            assert!(matches!(Blob::read(&good[..length]), Err(Error::Corrupt(_))));
        }
        let mut other = good.clone();
        other[0] = 2;
        assert!(matches!(Blob::read(&other), Err(Error::Unsupported(_))));
        other = good;
        other.push(0);
        assert!(matches!(Blob::read(&other), Err(Error::Corrupt(_))));
    }
}
