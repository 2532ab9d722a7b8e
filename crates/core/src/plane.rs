//! A grey picture in memory, and a window on one.

use crate::error::{Error, Result};

/// An owned grey picture: one byte a pixel, rows from the top, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    data: Vec<u8>,
    width: usize,
    height: usize,
}

/// A rectangle of a grey picture that somebody else owns.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
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
        Ok(Plane { data, width, height })
    }

    /// The whole picture as a view.
    pub fn view(&self) -> View<'_> {
        View { data: &self.data, stride: self.width, width: self.width, height: self.height }
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

    /// The rectangle from `(left, upper)` up to but not including `(right, lower)`.
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
        })
    }

    /// All pixels of the view, row by row.
    pub fn to_vec(&self) -> Vec<u8> {
        (0..self.height).flat_map(|y| self.row(y).iter().copied()).collect()
    }
}
