//! Errors and values on their way to Python.

use lookalike_core::Error;
use lookalike_core::hashes::pack;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The core's error as the built-in exception that Python has for it.
pub fn to_python(error: Error) -> PyErr {
    match error {
        Error::Argument(text) => PyValueError::new_err(text),
    }
}

/// Bits as packed bytes, first bit highest.
pub fn packed<'py>(py: Python<'py>, bits: &[bool]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &pack(bits))
}
