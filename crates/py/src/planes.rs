//! One picture for hashing.

use std::sync::{Arc, OnceLock};

use lookalike_core::color::{self, Counts};
use lookalike_core::hashes::{ahash, colorhash, dhash, pdq, phash, segments, whash};
use lookalike_core::look::colour::{Collector, Tint};
use lookalike_core::look::{Look, border, thumb};
use lookalike_core::plane::{Plane, View};
use lookalike_core::simd::Level;
use lookalike_core::{Error, Result, resample};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{packed, to_python};

type Packed<'py> = PyResult<Bound<'py, PyBytes>>;

/// One picture for hashing: its grey plane and, if asked for, counts of its colours.
#[pyclass(module = "lookalike._core")]
pub struct Planes {
    #[pyo3(get)]
    width: usize,
    #[pyo3(get)]
    height: usize,
    grey: Filling,
    rest: Option<Vec<u8>>,
    counts: Option<Counts>,
    colours: Colours,
    /// See [`Planes::small`].
    small: OnceLock<Vec<f64>>,
}

/// The grey plane while it is pushed; then a box (left, upper, right, lower) of a whole one. Parts share the
/// plane: a picture can have many segments, each nearly as large as itself.
enum Filling {
    Partial(Vec<u8>),
    Whole(Arc<Plane>, [usize; 4]),
}

/// The coarse colours, if they were asked for.
enum Colours {
    Unasked,
    Growing(Collector),
    Known(Option<Tint>),
}

impl Colours {
    fn push(&mut self, rgbx: &[u8]) {
        if let Colours::Growing(collector) = self {
            collector.push(Level::best(), rgbx.as_chunks::<4>().0);
        }
    }

    /// Nothing comes after this.
    fn finish(&mut self) {
        *self = match std::mem::replace(self, Colours::Unasked) {
            Colours::Growing(collector) => Colours::Known(collector.finish()),
            other => other,
        };
    }

    fn tint(&self) -> Result<Option<&Tint>> {
        match self {
            Colours::Known(tint) => Ok(tint.as_ref()),
            _ => Err(Error::Argument("expected a picture made with look=True, got one without".into())),
        }
    }
}

impl Planes {
    fn view(&self) -> Result<View<'_>> {
        let (plane, [left, upper, right, lower]) = self.whole()?;
        plane.view().crop(left, upper, right, lower)
    }

    fn whole(&self) -> Result<(&Arc<Plane>, [usize; 4])> {
        match &self.grey {
            Filling::Whole(plane, part) => Ok((plane, *part)),
            Filling::Partial(rows) => Err(Error::Argument(format!(
                "expected a complete picture of {} rows, got {} so far",
                self.height,
                rows.len() / self.width
            ))),
        }
    }

    /// The brightness in 32 x 32 pixels, made once: `phash` and the look are made of it.
    fn small(&self) -> Result<&[f64]> {
        if self.small.get().is_none() {
            let _ = self.small.set(thumb::values(self.view()?)?);
        }
        Ok(self.small.get().map_or(&[], Vec::as_slice))
    }

    fn of(plane: Arc<Plane>, part: [usize; 4], counts: Option<Counts>, colours: Colours) -> Planes {
        let [left, upper, right, lower] = part;
        let (width, height) = (right - left, lower - upper);
        Planes { width, height, grey: Filling::Whole(plane, part), rest: None, counts, colours, small: OnceLock::new() }
    }

    fn counts(&self) -> Result<&Counts> {
        self.view()?;
        self.counts
            .as_ref()
            .ok_or_else(|| Error::Argument("expected a picture made with color=True, got one without".into()))
    }

    /// Appends whole rows of `pixel` bytes a pixel by `fill`.
    fn push(
        &mut self,
        rows: &[u8],
        pixel: usize,
        fill: impl FnOnce(&[u8], &mut Vec<u8>, Option<&mut Counts>, Option<&mut Vec<u8>>),
    ) -> Result<()> {
        let row = self.width * pixel;
        let Filling::Partial(grey) = &mut self.grey else {
            return Err(Error::Argument(format!("expected no more than {} rows, got more", self.height)));
        };
        let left = self.height - grey.len() / self.width;
        if rows.is_empty() || !rows.len().is_multiple_of(row) || rows.len() / row > left {
            return Err(Error::Argument(format!(
                "expected 1 to {left} whole rows of {row} bytes, got {} bytes",
                rows.len()
            )));
        }
        fill(rows, grey, self.counts.as_mut(), self.rest.as_mut());
        let pushed = grey.len();
        if let Some(rest) = &mut self.rest {
            // What is not pushed by its colours lacks nothing.
            rest.resize(pushed, color::NO_REST);
        }
        if pushed == self.width * self.height {
            let whole = Plane::new(std::mem::take(grey), self.width, self.height)?;
            let whole = if let Some(rest) = self.rest.take() { whole.with_rest(rest)? } else { whole };
            self.grey = Filling::Whole(Arc::new(whole), [0, 0, self.width, self.height]);
            self.colours.finish();
        }
        Ok(())
    }

    /// Runs a kernel on the whole picture without the GIL.
    fn run<R: Send>(&self, py: Python<'_>, kernel: impl FnOnce(View<'_>) -> Result<R> + Send) -> PyResult<R> {
        py.detach(|| kernel(self.view()?)).map_err(to_python)
    }
}

#[pymethods]
impl Planes {
    #[new]
    #[pyo3(signature = (width, height, color = false, look = false, fine = false))]
    fn new(width: usize, height: usize, color: bool, look: bool, fine: bool) -> PyResult<Self> {
        // Python has checked the size against the limits; the plane grows as rows come in.
        match width.checked_mul(height) {
            Some(size @ 1..) => {
                let mut grey = Vec::new();
                grey.try_reserve_exact(size)
                    .map_err(|_| PyMemoryError::new_err(format!("no memory for a picture of {size} pixels")))?;
                let (grey, rest, counts) = (Filling::Partial(grey), fine.then(Vec::new), color.then(Counts::default));
                let colours = if look { Colours::Growing(Collector::new(width, height)) } else { Colours::Unasked };
                Ok(Planes { width, height, grey, rest, counts, colours, small: OnceLock::new() })
            }
            _ => Err(to_python(Error::Argument(format!("expected sides of 1 or more, got {width} x {height}")))),
        }
    }

    fn push_grey(&mut self, py: Python<'_>, rows: &[u8]) -> PyResult<()> {
        py.detach(|| {
            self.push(rows, 1, |rows, grey, counts, _| {
                grey.extend_from_slice(rows);
                if let Some(counts) = counts {
                    color::count_grey(rows, counts);
                }
            })
        })
        .map_err(to_python)
    }

    fn push_rgbx(&mut self, py: Python<'_>, rows: &[u8]) -> PyResult<()> {
        py.detach(|| {
            // First the colours: with the last grey row the picture is complete.
            self.colours.push(rows);
            self.push(rows, 4, |rows, grey, counts, rest| {
                color::push_rgbx(Level::best(), rows, grey, counts);
                if let Some(rest) = rest {
                    color::push_rest(Level::best(), rows, rest);
                }
            })
        })
        .map_err(to_python)
    }

    fn push_colours(&mut self, py: Python<'_>, rows: &[u8]) {
        py.detach(|| self.colours.push(rows));
    }

    fn push_grey_hs(&mut self, py: Python<'_>, grey: &[u8], hue: &[u8], saturation: &[u8]) -> PyResult<()> {
        if grey.len() != hue.len() || grey.len() != saturation.len() {
            let lengths = (grey.len(), hue.len(), saturation.len());
            return Err(to_python(Error::Argument(format!("expected three planes of one length, got {lengths:?}"))));
        }
        py.detach(|| {
            self.push(grey, 1, |rows, plane, counts, _| {
                plane.extend_from_slice(rows);
                if let Some(counts) = counts {
                    color::count_grey_hs(rows, hue, saturation, counts);
                }
            })
        })
        .map_err(to_python)
    }

    fn grey<'py>(&self, py: Python<'py>) -> Packed<'py> {
        let pixels = self.run(py, |view| Ok(view.to_vec()))?;
        Ok(PyBytes::new(py, &pixels))
    }

    fn crop(&self, left: usize, upper: usize, right: usize, lower: usize) -> PyResult<Planes> {
        let part = self.view().and_then(|view| view.crop(left, upper, right, lower)).map_err(to_python)?;
        let (width, height) = (part.width(), part.height());
        let (plane, [x, y, ..]) = self.whole().map_err(to_python)?;
        let (left, upper) = (x + left, y + upper);
        let part = [left, upper, left + width, upper + height];
        Ok(Planes::of(Arc::clone(plane), part, None, Colours::Unasked))
    }

    fn turned(&self, py: Python<'_>, orientation: u8) -> PyResult<Planes> {
        let plane = self.run(py, |view| view.to_plane()?.turned(orientation))?;
        let part = [0, 0, plane.width(), plane.height()];
        let colours = match &self.colours {
            Colours::Known(tint) => Colours::Known(tint.as_ref().map(|tint| tint.turned(orientation))),
            _ => Colours::Unasked,
        };
        Ok(Planes::of(Arc::new(plane), part, self.counts.clone(), colours))
    }

    fn look<'py>(&self, py: Python<'py>) -> Packed<'py> {
        let tint = self.view().and_then(|_| self.colours.tint()).map_err(to_python)?;
        let size = (self.width, self.height);
        let look = self.run(py, |view| Look::new(view, self.small()?, tint, size))?;
        Ok(PyBytes::new(py, &look.to_bytes()))
    }

    fn resize<'py>(&self, py: Python<'py>, width: usize, height: usize) -> Packed<'py> {
        let small = self.run(py, |view| resample::resize(view, width, height))?;
        Ok(PyBytes::new(py, small.pixels()))
    }

    fn within<'py>(&self, py: Python<'py>, side: usize) -> PyResult<(Bound<'py, PyBytes>, usize, usize)> {
        let small = self.run(py, |view| resample::within(view, (self.width, self.height), side))?;
        Ok((PyBytes::new(py, small.pixels()), small.width(), small.height()))
    }

    fn ahash<'py>(&self, py: Python<'py>, hash_size: usize, median: bool) -> Packed<'py> {
        let bits = self.run(py, |view| ahash::ahash(view, hash_size, median))?;
        Ok(packed(py, &bits))
    }

    fn dhash<'py>(&self, py: Python<'py>, hash_size: usize) -> Packed<'py> {
        let bits = self.run(py, |view| dhash::dhash(view, hash_size))?;
        Ok(packed(py, &bits))
    }

    fn dhash_vertical<'py>(&self, py: Python<'py>, hash_size: usize) -> Packed<'py> {
        let bits = self.run(py, |view| dhash::dhash_vertical(view, hash_size))?;
        Ok(packed(py, &bits))
    }

    fn phash<'py>(&self, py: Python<'py>, hash_size: usize, highfreq_factor: usize) -> Packed<'py> {
        let is_usual = (hash_size, highfreq_factor) == (phash::USUAL, thumb::SIDE / phash::USUAL);
        let found = self.run(py, |view| match is_usual {
            true => Ok(phash::phash_of(self.small()?, thumb::SIDE, phash::USUAL)),
            false => phash::phash(view, hash_size, highfreq_factor),
        })?;
        Ok(packed(py, &found.bits))
    }

    fn phash_simple<'py>(
        &self,
        py: Python<'py>,
        hash_size: usize,
        highfreq_factor: usize,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        let found = self.run(py, |view| phash::phash_simple(view, hash_size, highfreq_factor))?;
        Ok((packed(py, &found.bits), found.columns))
    }

    #[pyo3(signature = (hash_size, image_scale, db4, remove_ll))]
    fn whash<'py>(
        &self,
        py: Python<'py>,
        hash_size: usize,
        image_scale: Option<usize>,
        db4: bool,
        remove_ll: bool,
    ) -> PyResult<(Bound<'py, PyBytes>, usize)> {
        let wavelet = if db4 { whash::Wavelet::Db4 } else { whash::Wavelet::Haar };
        let options = whash::Options { hash_size, image_scale, wavelet, remove_lowest: remove_ll };
        let found = self.run(py, |view| whash::whash(view, &options))?;
        Ok((packed(py, &found.bits), found.side))
    }

    fn colorhash<'py>(&self, py: Python<'py>, binbits: usize) -> Packed<'py> {
        let bits = self.counts().and_then(|counts| colorhash::colorhash(counts, binbits)).map_err(to_python)?;
        Ok(packed(py, &bits))
    }

    fn pdq<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, u8)> {
        let found = self.run(py, pdq::pdq)?;
        Ok((packed(py, &found.bits), found.quality))
    }

    fn color_counts(&self) -> PyResult<Vec<u64>> {
        Ok(self.counts().map_err(to_python)?.classes.to_vec())
    }

    fn inner_box(&self, py: Python<'_>) -> PyResult<Option<(f32, f32, f32, f32)>> {
        let found = self.run(py, |view| Ok(border::inner_box(view)))?;
        Ok(found.map(|inner| (inner.left, inner.upper, inner.right, inner.lower)))
    }

    #[pyo3(signature = (limit, threshold, min_size, image_size))]
    fn segments(
        &self,
        py: Python<'_>,
        limit: Option<usize>,
        threshold: f32,
        min_size: f64,
        image_size: usize,
    ) -> PyResult<Vec<(usize, usize, usize, usize)>> {
        let options = segments::Options { limit, threshold, min_size, image_size };
        let boxes = self.run(py, |view| segments::segment_boxes(view, &options))?;
        Ok(boxes.iter().map(|b| (b.left, b.upper, b.right, b.lower)).collect())
    }
}
