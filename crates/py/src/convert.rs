//! Errors and values on their way to Python.

use lookalike_core::Error;
use lookalike_core::hashes::pack;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The core's error as the built-in exception that Python has for it.
pub fn to_python(error: Error) -> PyErr {
    match error {
        Error::Io(number, text) => PyOSError::new_err((number, text)),
        Error::Cancelled => PyRuntimeError::new_err(error.to_string()),
        Error::Argument(text) | Error::Corrupt(text) | Error::Unsupported(text) | Error::Limit(text) => {
            PyValueError::new_err(text)
        }
    }
}

/// Bits as packed bytes, first bit highest.
pub fn packed<'py>(py: Python<'py>, bits: &[bool]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &pack(bits))
}
