//! Files of formats other than JPEG, decoded in the core.

use lookalike_core::Error;
use lookalike_core::color::Wanted;
use lookalike_core::formats::{self, Decoded};
use lookalike_core::watch::Watch;
use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::to_python;

type Parts<'py> = (Bound<'py, PyBytes>, usize, usize, Option<Vec<u64>>, &'static str);

/// The grey plane, width, height, counts (the 14 classes, if asked for) and format of a picture file.
#[pyfunction]
#[pyo3(signature = (data, pixels_limit, color = false))]
pub fn decode_other<'py>(py: Python<'py>, data: &[u8], pixels_limit: u64, color: bool) -> PyResult<Parts<'py>> {
    let decoded = py
        .detach(|| formats::decode(data, &Watch::with_pixels(pixels_limit), Wanted::counts(color)))
        .map_err(refusal)?;
    let Decoded { grey, counts, width, height, format, .. } = decoded;
    let classes = counts.map(|counts| counts.classes.to_vec());
    Ok((PyBytes::new(py, grey.pixels()), width, height, classes, format))
}

/// As [`to_python`], but what another decoder may read is an exception of its own.
fn refusal(error: Error) -> PyErr {
    match error {
        Error::Unsupported(text) => PyNotImplementedError::new_err(text),
        error => to_python(error),
    }
}
