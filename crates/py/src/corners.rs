//! Corners of a grey plane, as columns.

use lookalike_core::corners as core;
use lookalike_core::plane::Plane;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::to_python;

/// Places, row by row, and strengths.
#[pyfunction]
pub fn corners<'py>(
    py: Python<'py>,
    grey: &[u8],
    width: usize,
    height: usize,
    flat: f32,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let find = || core::corners(Plane::new(grey.to_vec(), width, height)?.view(), flat);
    let found = py.detach(find).map_err(to_python)?;
    let places: Vec<u8> = found.iter().flat_map(|one| (one.y * width as u32 + one.x).to_le_bytes()).collect();
    let strengths: Vec<u8> = found.iter().flat_map(|one| one.strength.to_le_bytes()).collect();
    Ok((PyBytes::new(py, &places), PyBytes::new(py, &strengths)))
}
