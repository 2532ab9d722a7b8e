//! Looks, as the bytes in which they are stored.

use lookalike_core::look::Look;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::to_python;

/// Checks that bytes are a look, and of this release.
#[pyfunction]
pub fn check_look(look: &[u8]) -> PyResult<()> {
    lookalike_core::look::check(look).map_err(to_python)
}

/// The look of the picture turned by an EXIF orientation.
#[pyfunction]
pub fn turn_look<'py>(py: Python<'py>, look: &[u8], orientation: u8) -> PyResult<Bound<'py, PyBytes>> {
    let turned = Look::from_bytes(look).map_err(to_python)?.turned(orientation);
    Ok(PyBytes::new(py, &turned.to_bytes()))
}

/// Codes of the thumb and of parts of it, at each turn.
#[pyfunction]
pub fn look_codes<'py>(py: Python<'py>, look: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let codes = Look::from_bytes(look).map_err(to_python)?.codes();
    Ok(PyBytes::new(py, codes.as_flattened().as_flattened()))
}
