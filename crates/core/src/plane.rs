//! A grey picture in memory, and a window on one.

use crate::error::{Error, Result};
use crate::reduction::Reduction;

/// An owned grey picture: one byte a pixel, rows from the top, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    data: Vec<u8>,
    width: usize,
    height: usize,
    reduction: Option<Reduction>,
}

/// A rectangle of a grey picture that somebody else owns.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
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
        Ok(Plane { data, width, height, reduction: None })
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
            reduction: self.reduction.as_ref(),
        }
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.data
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
            reduction: self.reduction.filter(|_| (right - left, lower - upper) == (self.width, self.height)),
        })
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
    fn a_part_of_a_reduced_plane_stands_for_itself() {
        let plane = reduced(20).unwrap();
        let part = plane.view().crop(0, 0, 2, 2).unwrap();
        assert!(part.reduction().is_none() && part.width() == 2);
        let whole = plane.view().crop(0, 0, 3, 2).unwrap();
        assert_eq!(whole.reduction(), plane.reduction());
    }
}
