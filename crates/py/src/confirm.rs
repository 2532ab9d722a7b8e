//! The second look at candidates.

use lookalike_core::look::second;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{little_endian, to_python};

/// Verdicts on tries; see `_core.pyi`.
#[pyfunction]
pub fn confirm<'py>(py: Python<'py>, query: &[u8], looks: &[u8], tries: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let numbers = py.detach(|| {
        let verdicts = second::confirm(query, looks, tries)?;
        Ok(verdicts.iter().flat_map(second::Verdict::numbers).collect::<Vec<f32>>())
    });
    little_endian(py, &numbers.map_err(to_python)?, f32::to_le_bytes)
}

/// The figures behind the verdicts; see `_core.pyi`.
#[pyfunction]
pub fn confirm_features<'py>(
    py: Python<'py>,
    query: &[u8],
    looks: &[u8],
    tries: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let numbers = py.detach(|| {
        let verdicts = second::confirm(query, looks, tries)?;
        Ok(verdicts.iter().flat_map(second::Verdict::features).collect::<Vec<f32>>())
    });
    little_endian(py, &numbers.map_err(to_python)?, f32::to_le_bytes)
}
