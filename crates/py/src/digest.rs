//! The digest of bytes that Python has.

use std::sync::{Mutex, PoisonError};

use lookalike_core::digest;
use pyo3::prelude::*;

/// A digest of bytes that come in parts.
#[pyclass(module = "lookalike._core", frozen)]
#[derive(Default)]
pub struct Digest(Mutex<digest::Digest>);

#[pymethods]
impl Digest {
    #[new]
    fn new() -> Self {
        Digest::default()
    }

    fn update(&self, py: Python<'_>, data: &[u8]) {
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).update(data));
    }

    fn hex(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).hex())
    }
}
