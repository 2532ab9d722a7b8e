//! What a reduced plane stands for: the size of the whole picture, and where in its samples it lies.
//!
//! A JPEG file decoded at an eighth gives one sample for each block of 8 x 8 pixels, the last blocks reaching
//! over the picture's edge: 500 x 375 pixels cover 62.5 x 46.9 of 63 x 47 samples. Taking the samples for the
//! picture costs a whole bit a hash.
//!
//! Bytes are too coarse for the samples. libjpeg rounds a half up, and the means of blocks are whole multiples
//! of an eighth or a quarter grey value, so that their bytes are too bright by a sixteenth or an eighth on
//! average; where neighbours are equal but for that, bits of `dhash` hang on it. So samples come in eighths.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::orient;

/// Rows that are resampled side by side.
pub const LANES: usize = 16;

/// Eighths of a grey value in 255.
const WHITE: i16 = 2040;

/// One column of [`LANES`] rows, in eighths of a grey value.
pub type Lanes = [i16; LANES];

/// The samples of a reduced plane, and the picture behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduction {
    tiles: Vec<Lanes>,
    columns: usize,
    rows: usize,
    place: Place,
}

/// Where the picture lies, in its own pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Pixels along a side of a sample: 2, 4 or 8.
    pub step: usize,
    /// Pixels of the first column of samples that are not in the picture: 0 unless the picture was turned.
    pub left: usize,
    /// Pixels of the first row of samples that are not in the picture.
    pub upper: usize,
    /// Pixels in a row of the picture.
    pub width: usize,
    /// Rows of the picture.
    pub height: usize,
}

impl Reduction {
    /// Takes samples in eighths of a grey value, row by row, as many as cover the picture. Those beyond black and
    /// white (0 and 2040) are taken for these.
    ///
    /// # Errors
    /// [`Error::Argument`] if the samples are not as many as the place asks for.
    pub fn new(eighths: &[i16], place: Place) -> Result<Self> {
        let Place { step, left, upper, width, height } = place;
        if !matches!(step, 2 | 4 | 8) || left >= step || upper >= step || width == 0 || height == 0 {
            return Err(Error::Argument(format!("expected a step of 2, 4 or 8 and a picture inside, got {place:?}")));
        }
        let (columns, rows) = ((left + width).div_ceil(step), (upper + height).div_ceil(step));
        if columns * rows != eighths.len() {
            return Err(Error::Argument(format!(
                "expected {columns} x {rows} samples for {place:?}, got {}",
                eighths.len()
            )));
        }
        let mut tiles = vec![[0; LANES]; columns * rows.div_ceil(LANES)];
        for (band, tile) in eighths.chunks(LANES * columns).zip(tiles.chunks_exact_mut(columns)) {
            fill(tile, band);
        }
        Ok(Reduction { tiles, columns, rows, place })
    }

    /// Takes samples of whole grey values, where there are no finer ones: at a quarter and a half, where the sums
    /// behind a sample are of many parts, bytes are fine enough.
    ///
    /// # Errors
    /// As [`Reduction::new`].
    pub fn from_bytes(bytes: &[u8], place: Place) -> Result<Self> {
        let eighths: Vec<i16> = bytes.iter().map(|&byte| 8 * i16::from(byte)).collect();
        Reduction::new(&eighths, place)
    }

    /// Samples in a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows of samples.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Where the picture lies.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its samples, row by row.
    pub fn eighths(&self) -> Vec<i16> {
        let mut rows = vec![0; self.columns * self.rows];
        for (tile, band) in self.tiles().zip(rows.chunks_mut(LANES * self.columns)) {
            for (lane, row) in band.chunks_exact_mut(self.columns).enumerate() {
                row.iter_mut().zip(tile).for_each(|(to, column)| *to = column[lane]);
            }
        }
        rows
    }

    /// The reduction of the picture turned by an EXIF orientation: 2 to 8, any other number leaves it as it is.
    ///
    /// # Errors
    /// Never, for a reduction that exists.
    pub fn turned(&self, orientation: u8) -> Result<Reduction> {
        Reduction::new(&orient::turned(&self.eighths(), self.columns, orientation), self.place.turned(orientation))
    }

    /// The reduction of a part of the picture, from `(left, upper)` up to but not including `(right, lower)`, in the
    /// picture's pixels. Samples at its edges may reach over them.
    ///
    /// # Errors
    /// [`Error::Argument`] if the part is empty or leaves the picture.
    pub fn crop(&self, left: usize, upper: usize, right: usize, lower: usize) -> Result<Reduction> {
        let Place { step, width, height, .. } = self.place;
        if left >= right || upper >= lower || right > width || lower > height {
            return Err(Error::Argument(format!(
                "expected a box inside {width} x {height} with left < right and upper < lower, got ({left}, {upper}, {right}, {lower})"
            )));
        }
        let (x, y) = (self.place.left + left, self.place.upper + upper);
        let (width, height) = (right - left, lower - upper);
        let samples = self.part(x / step..(x + width).div_ceil(step), y / step..(y + height).div_ceil(step));
        Reduction::new(&samples, Place { step, left: x % step, upper: y % step, width, height })
    }

    fn part(&self, columns: Range<usize>, rows: Range<usize>) -> Vec<i16> {
        let sample = |x: usize, y: usize| self.tiles[y / LANES * self.columns + x][y % LANES];
        rows.flat_map(|y| columns.clone().map(move |x| sample(x, y))).collect()
    }

    /// All columns of the first [`LANES`] rows, then of the next. Below the picture the last row is repeated.
    pub fn tiles(&self) -> std::slice::ChunksExact<'_, Lanes> {
        self.tiles.chunks_exact(self.columns)
    }
}

impl Place {
    /// Where the picture lies when the samples are turned by an EXIF orientation: 2 to 8, any other number leaves
    /// them as they are.
    pub fn turned(self, orientation: u8) -> Place {
        let after = |before: usize, length: usize| (before + length).next_multiple_of(self.step) - before - length;
        let (right, lower) = (after(self.left, self.width), after(self.upper, self.height));
        let (left, upper) = match orientation {
            2 => (right, self.upper),
            3 => (right, lower),
            4 => (self.left, lower),
            5 => (self.upper, self.left),
            6 => (lower, self.left),
            7 => (lower, right),
            8 => (self.upper, right),
            _ => (self.left, self.upper),
        };
        let (width, height) =
            if (5..=8).contains(&orientation) { (self.height, self.width) } else { (self.width, self.height) };
        Place { left, upper, width, height, ..self }
    }
}

/// Turns up to [`LANES`] rows into columns.
fn fill(tile: &mut [Lanes], band: &[i16]) {
    let last = band.len() / tile.len() - 1;
    let row = |lane: usize| &band[lane.min(last) * tile.len()..][..tile.len()];
    let rows: [&[i16]; LANES] = std::array::from_fn(row);
    for (x, column) in tile.iter_mut().enumerate() {
        *column = rows.map(|row| row[x].clamp(0, WHITE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { step: 8, left: 0, upper: 3, width: 20, height: 150 };

    #[test]
    fn tiles_hold_every_sample_and_repeat_the_last_row() {
        let samples: Vec<i16> = (0..3 * 20).collect();
        let reduction = Reduction::new(&samples, PLACE).unwrap();
        assert_eq!((reduction.columns(), reduction.rows()), (3, 20));
        assert_eq!(reduction.eighths(), samples);
        let tiles: Vec<&[Lanes]> = reduction.tiles().collect();
        assert_eq!(tiles.len(), 2);
        for y in 0..32 {
            for x in 0..3 {
                assert_eq!(tiles[y / LANES][x][y % LANES], samples[y.min(19) * 3 + x], "{x} {y}");
            }
        }
    }

    #[test]
    fn what_is_outside_turns_along() {
        // Three columns of eight pixels with four too many on the right, twenty rows with three too many above
        // and seven below.
        let turned = |orientation| {
            let place = PLACE.turned(orientation);
            (place.left, place.upper, place.width, place.height)
        };
        let expected = [
            (0, 3, 20, 150),
            (4, 3, 20, 150),
            (4, 7, 20, 150),
            (0, 7, 20, 150),
            (3, 0, 150, 20),
            (7, 0, 150, 20),
            (7, 4, 150, 20),
            (3, 4, 150, 20),
        ];
        for (orientation, expected) in (1..=8).zip(expected) {
            assert_eq!(turned(orientation), expected, "{orientation}");
        }
    }

    #[test]
    fn a_turned_reduction_is_made_of_turned_samples() {
        let samples: Vec<i16> = (0..3 * 20).collect();
        let reduction = Reduction::new(&samples, PLACE).unwrap();
        assert_eq!(reduction.eighths(), samples);
        for orientation in 1..=8 {
            let turned = orient::turned(&samples, 3, orientation);
            let expected = Reduction::new(&turned, PLACE.turned(orientation)).unwrap();
            assert_eq!(reduction.turned(orientation).unwrap(), expected, "{orientation}");
        }
    }

    #[test]
    fn a_part_keeps_the_samples_that_it_touches() {
        let samples: Vec<i16> = (0..3 * 20).collect();
        let reduction = Reduction::new(&samples, PLACE).unwrap();
        assert_eq!(reduction.crop(0, 0, 20, 150).unwrap(), reduction);
        // Rows begin three pixels before the picture: its row 10 is pixel 13, in the second row of samples.
        let part = reduction.crop(9, 10, 16, 22).unwrap();
        assert_eq!(part.place(), Place { step: 8, left: 1, upper: 5, width: 7, height: 12 });
        assert_eq!(part.eighths(), [4, 7, 10]);
        for (left, upper, right, lower) in [(5, 0, 5, 9), (0, 9, 5, 9), (0, 0, 21, 9), (0, 0, 9, 151)] {
            assert!(reduction.crop(left, upper, right, lower).is_err());
        }
    }

    #[test]
    fn nothing_is_blacker_than_black() {
        let place = Place { step: 2, left: 0, upper: 0, width: 6, height: 1 };
        let reduction = Reduction::new(&[-5, 2041, 7], place).unwrap();
        assert_eq!(reduction.tiles().next().unwrap().iter().map(|column| column[0]).collect::<Vec<_>>(), [0, WHITE, 7]);
        let bytes = Reduction::from_bytes(&[0, 255, 7], place).unwrap();
        assert_eq!(bytes, Reduction::new(&[0, WHITE, 56], place).unwrap());
    }

    #[test]
    fn samples_that_do_not_cover_the_picture_are_refused() {
        for (count, place) in [
            (59, PLACE),
            (60, Place { step: 3, ..PLACE }),
            (60, Place { upper: 8, ..PLACE }),
            (0, Place { width: 0, ..PLACE }),
        ] {
            let text = Reduction::new(&vec![0; count], place).unwrap_err().to_string();
            assert!(text.contains("expected") && text.contains("got"), "{text}");
        }
    }
}
