//! Errors and values on their way to Python.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use lookalike_core::hamming::Stop;
use lookalike_core::hashes::pack;
use lookalike_core::{Error, Result};
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

/// Runs long work without the GIL. It stops within a tenth of a second when a signal's handler raises, such as that of
/// Ctrl-C, and then what it raised is raised.
pub fn interruptible<T: Send>(py: Python<'_>, work: impl FnOnce(&Stop<'_>) -> Result<T> + Send) -> PyResult<T> {
    let flag = AtomicBool::new(false);
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let outcome = py.detach(|| {
        let ask = || {
            let signalled = Python::attach(|py| py.check_signals());
            let stop = signalled.is_err();
            *raised.lock().unwrap_or_else(PoisonError::into_inner) = signalled.err();
            stop
        };
        work(&Stop::asking(&flag, &ask))
    });
    let raised = raised.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.map_err(|error| raised.unwrap_or_else(|| to_python(error)))
}

/// Numbers as bytes, in the order of `numpy`'s little-endian types.
pub fn little_endian<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    numbers: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, N * numbers.len(), |out| {
        for (place, &number) in out.as_chunks_mut::<N>().0.iter_mut().zip(numbers) {
            *place = bytes(number);
        }
        Ok(())
    })
}
