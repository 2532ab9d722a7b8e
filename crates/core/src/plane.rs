//! A grey picture in memory, and a window on one.

use crate::error::{Error, Result};
use crate::orient;
use crate::reduction::Reduction;

/// An owned grey picture: one byte a pixel, rows from the top, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    data: Vec<u8>,
    width: usize,
    height: usize,
    rest: Option<Vec<u8>>,
    reduction: Option<Reduction>,
}

/// A rectangle of a grey picture that somebody else owns.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
    rest: Option<&'a [u8]>,
    reduction: Option<&'a Reduction>,
}

impl Plane {
    /// Takes `width * height` bytes, rows from the top.
    ///
    /// # Errors
    /// [`Error::Argument`] if the sides are zero or do not fit the length of `data`.
    pub fn new(data: Vec<u8>, width: usize, height: usize) -> Result<Self> {
        let expected = width.checked_mul(height);
        if expected != Some(data.len()) || data.is_empty() {
            return Err(Error::Argument(format!(
                "expected {width} x {height} grey bytes and at least one, got {}",
                data.len()
            )));
        }
        Ok(Plane { data, width, height, rest: None, reduction: None })
    }

    /// Adds what the grey values lack: see [`View::rest`].
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not a byte for each pixel.
    pub fn with_rest(self, rest: Vec<u8>) -> Result<Self> {
        if rest.len() != self.data.len() {
            let (expected, got) = (self.data.len(), rest.len());
            return Err(Error::Argument(format!("expected a byte for each of {expected} pixels, got {got}")));
        }
        Ok(Plane { rest: Some(rest), ..self })
    }

    /// What all grey values lack, if it is known: see [`View::rest`].
    pub fn rest(&self) -> Option<&[u8]> {
        self.rest.as_deref()
    }

    /// Says that the samples of this plane stand for those of a larger picture: `reduction` must be of as many
    /// columns and rows.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is of another size.
    pub fn reduced(self, reduction: Reduction) -> Result<Self> {
        if reduction.columns() != self.width || reduction.rows() != self.height {
            return Err(Error::Argument(format!(
                "expected a reduction to {} x {} samples, got one to {} x {}",
                self.width,
                self.height,
                reduction.columns(),
                reduction.rows()
            )));
        }
        Ok(Plane { reduction: Some(reduction), ..self })
    }

    /// The plane turned by an EXIF orientation, with the larger picture that it stands for: 2 to 8, any other number
    /// leaves it as it is.
    ///
    /// # Errors
    /// Never, for a plane that exists.
    pub fn turned(&self, orientation: u8) -> Result<Plane> {
        let reduction = self.reduction.as_ref().map(|reduction| reduction.turned(orientation)).transpose()?;
        let data = orient::turned(&self.data, self.width, orientation);
        let is_across = (5..=8).contains(&orientation);
        let (width, height) = if is_across { (self.height, self.width) } else { (self.width, self.height) };
        let rest = self.rest.as_ref().map(|rest| orient::turned(rest, self.width, orientation));
        Ok(Plane { data, width, height, rest, reduction })
    }

    /// What larger picture the samples stand for, if they do.
    pub fn reduction(&self) -> Option<&Reduction> {
        self.reduction.as_ref()
    }

    /// The whole picture as a view.
    pub fn view(&self) -> View<'_> {
        View {
            data: &self.data,
            stride: self.width,
            width: self.width,
            height: self.height,
            rest: self.rest.as_deref(),
            reduction: self.reduction.as_ref(),
        }
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.data
    }

    /// The same, given away.
    pub fn into_pixels(self) -> Vec<u8> {
        self.data
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }
}

impl<'a> View<'a> {
    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Row `y`, counted from the top of the view.
    ///
    /// # Panics
    /// If `y` is not below `height`.
    pub fn row(&self, y: usize) -> &'a [u8] {
        assert!(y < self.height, "row {y} of a view with {} rows", self.height);
        &self.data[y * self.stride..][..self.width]
    }

    /// What was lost when colours were rounded to the grey values of row `y`, if it is known: the grey value was
    /// `(256 row(y)[x] + rest(y)[x] - 128) / 256`. In small and smooth pictures bits hang on it.
    ///
    /// # Panics
    /// If `y` is not below `height`.
    pub fn rest(&self, y: usize) -> Option<&'a [u8]> {
        assert!(y < self.height, "row {y} of a view with {} rows", self.height);
        self.rest.map(|rest| &rest[y * self.stride..][..self.width])
    }

    /// What larger picture the view stands for, if it does.
    pub fn reduction(&self) -> Option<&'a Reduction> {
        self.reduction
    }

    /// The rectangle from `(left, upper)` up to but not including `(right, lower)`.
    ///
    /// Part of a reduced plane is a picture of its own, as small as its samples are few; the whole of it stays
    /// what it is.
    ///
    /// # Errors
    /// [`Error::Argument`] if the rectangle is empty or leaves the view.
    pub fn crop(&self, left: usize, upper: usize, right: usize, lower: usize) -> Result<View<'a>> {
        if left >= right || upper >= lower || right > self.width || lower > self.height {
            return Err(Error::Argument(format!(
                "expected a box inside {} x {} with left < right and upper < lower, got ({left}, {upper}, {right}, {lower})",
                self.width, self.height
            )));
        }
        Ok(View {
            data: &self.data[upper * self.stride + left..],
            stride: self.stride,
            width: right - left,
            height: lower - upper,
            rest: self.rest.map(|rest| &rest[upper * self.stride + left..]),
            reduction: self.reduction.filter(|_| (right - left, lower - upper) == (self.width, self.height)),
        })
    }

    /// A plane of the view's own, with what its grey values lack, if that is known, and what it stands for.
    ///
    /// # Errors
    /// Never, for a view that exists.
    pub fn to_plane(&self) -> Result<Plane> {
        let plane = Plane::new(self.to_vec(), self.width, self.height)?;
        let rest =
            self.rest.map(|_| (0..self.height).flat_map(|y| self.rest(y).unwrap_or_default()).copied().collect());
        Ok(Plane { rest, reduction: self.reduction.cloned(), ..plane })
    }

    /// All pixels of the view, row by row.
    pub fn to_vec(&self) -> Vec<u8> {
        (0..self.height).flat_map(|y| self.row(y).iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduction::Place;

    fn reduced(width: usize) -> Result<Plane> {
        let place = Place { step: 8, left: 0, upper: 0, width, height: 10 };
        let reduction = Reduction::new(&vec![80; width.div_ceil(8) * 2], place)?;
        Plane::new(vec![10; 6], 3, 2)?.reduced(reduction)
    }

    #[test]
    fn a_reduction_has_as_many_samples_as_its_plane() {
        assert_eq!(reduced(20).unwrap().view().reduction().unwrap().place().width, 20);
        let text = reduced(25).unwrap_err().to_string();
        assert!(text.contains("expected a reduction to 3 x 2 samples, got one to 4 x 2"), "{text}");
    }

    #[test]
    fn what_is_known_of_grey_values_turns_along() {
        let plane = Plane::new(vec![0, 1, 2, 3, 4, 5], 3, 2).unwrap().with_rest(vec![10, 11, 12, 13, 14, 15]).unwrap();
        for orientation in 1..=8 {
            let turned = plane.turned(orientation).unwrap();
            let expected: Vec<u8> = turned.pixels().iter().map(|value| value + 10).collect();
            assert_eq!(turned.rest(), Some(&expected[..]), "{orientation}");
            assert_eq!(turned, orient::turn(plane.clone(), orientation).unwrap());
        }
        let part = plane.view().crop(1, 0, 3, 2).unwrap().to_plane().unwrap();
        assert_eq!((part.pixels(), part.rest()), (&[1, 2, 4, 5][..], Some(&[11, 12, 14, 15][..])));
        assert_eq!(reduced(20).unwrap().view().to_plane(), reduced(20));
        assert!(plane.with_rest(vec![0; 5]).is_err());
    }

    #[test]
    fn a_part_of_a_reduced_plane_stands_for_itself() {
        let plane = reduced(20).unwrap();
        let part = plane.view().crop(0, 0, 2, 2).unwrap();
        assert!(part.reduction().is_none() && part.width() == 2);
        let whole = plane.view().crop(0, 0, 3, 2).unwrap();
        assert_eq!(whole.reduction(), plane.reduction());
    }
}
