//! Keypoints: pictures compared with geometry, and indexes of them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use lookalike_core::Error;
use lookalike_core::keypoint::index::{Builder, Index, Request, merge, search};
use lookalike_core::keypoint::pair::{Pair, Tuning, match_pairs};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{interruptible, little_endian, to_python};

/// Tentative pairs, inliers, the map, its sort, scale and rotation, figures.
type Matched<'py> = (usize, Bound<'py, PyBytes>, Option<[f64; 9]>, &'static str, f64, f64, [f64; 11]);
/// Rows as 64-bit numbers, scores as 32-bit floats, numbers of blobs as 32-bit numbers.
type Hits<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// Checks that bytes are keypoints, and tells how many.
#[pyfunction]
pub fn check_keypoints(keypoints: &[u8]) -> PyResult<usize> {
    Ok(lookalike_core::keypoint::Blob::read(keypoints).map_err(to_python)?.len())
}

/// Compares a picture's keypoints with others'; see `_core.pyi`.
#[pyfunction]
#[pyo3(signature = (query, others, limit=None, quality=None, most=None, fewest=None, tolerance=None, turn=None,
    growth=None))]
#[allow(clippy::too_many_arguments)]
pub fn match_keypoints<'py>(
    py: Python<'py>,
    query: &[u8],
    others: Vec<Bound<'py, PyBytes>>,
    limit: Option<u16>,
    quality: Option<f64>,
    most: Option<usize>,
    fewest: Option<usize>,
    tolerance: Option<f64>,
    turn: Option<f64>,
    growth: Option<f64>,
) -> PyResult<Vec<Matched<'py>>> {
    let usual = Tuning::default();
    let tuning = Tuning {
        limit: limit.unwrap_or(usual.limit),
        quality: quality.unwrap_or(usual.quality),
        most: most.unwrap_or(usual.most),
        fewest: fewest.unwrap_or(usual.fewest),
        tolerance: tolerance.unwrap_or(usual.tolerance),
        turn: turn.unwrap_or(usual.turn),
        growth: growth.unwrap_or(usual.growth),
    };
    let others: Vec<&[u8]> = others.iter().map(|other| other.as_bytes()).collect();
    let pairs = interruptible(py, |stop| match_pairs(query, others.iter().copied(), &tuning, stop))?;
    Ok(pairs.iter().map(|pair| matched(py, pair)).collect())
}

fn matched<'py>(py: Python<'py>, pair: &Pair) -> Matched<'py> {
    let bytes: Vec<u8> = pair.inliers.as_flattened().iter().flat_map(|number| number.to_le_bytes()).collect();
    let inliers = PyBytes::new(py, &bytes);
    match &pair.found {
        None => (pair.tentative, inliers, None, "none", 0.0, 0.0, [0.0; 11]),
        Some(found) => {
            let (model, figures) = (found.model.name(), found.figures.numbers());
            (pair.tentative, inliers, Some(found.map.0), model, found.scale, found.rotation, figures)
        }
    }
}

/// Keypoints on their way to an index.
#[pyclass(module = "lookalike._core", frozen)]
pub struct KeypointBuilder(Mutex<Option<Builder>>);

/// An index of keypoints, in memory or in a mapped file.
#[pyclass(module = "lookalike._core", frozen)]
pub struct Keypoints(Index);

#[pymethods]
impl KeypointBuilder {
    #[new]
    #[pyo3(signature = (path=None, most=None))]
    fn new(path: Option<PathBuf>, most: Option<usize>) -> Self {
        let builder = match most {
            None => Builder::new(path.as_deref()),
            Some(most) => Builder::with_memory(path.as_deref(), most),
        };
        KeypointBuilder(Mutex::new(Some(builder)))
    }

    fn push(&self, py: Python<'_>, rows: &[u8], blobs: Vec<Bound<'_, PyBytes>>) -> PyResult<()> {
        let blobs: Vec<&[u8]> = blobs.iter().map(|blob| blob.as_bytes()).collect();
        interruptible(py, |stop| {
            let mut builder = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            builder.as_mut().ok_or_else(finished)?.push(&numbers(rows), &blobs, stop)
        })
    }

    fn finish(&self, py: Python<'_>, about: Vec<(String, String)>) -> PyResult<Keypoints> {
        let builder = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let builder = builder.ok_or_else(finished).map_err(to_python)?;
        interruptible(py, |stop| builder.finish(about, stop)).map(Keypoints)
    }
}

#[pymethods]
impl Keypoints {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Keypoints> {
        py.detach(|| Index::open(&path)).map(Keypoints).map_err(to_python)
    }

    #[staticmethod]
    #[pyo3(signature = (parts, about, path=None))]
    fn merge(
        py: Python<'_>,
        parts: Vec<(PyRef<'_, Keypoints>, Vec<u8>)>,
        about: Vec<(String, String)>,
        path: Option<PathBuf>,
    ) -> PyResult<Keypoints> {
        let parts = indexes(&parts);
        interruptible(py, |stop| merge(&parts, about, path.as_deref(), stop)).map(Keypoints)
    }

    #[getter]
    fn images(&self) -> u64 {
        self.0.header().images
    }

    #[getter]
    fn entries(&self) -> u64 {
        self.0.header().entries
    }

    #[getter]
    fn about(&self) -> Vec<(String, String)> {
        self.0.header().about.clone()
    }

    #[getter]
    fn checksum(&self) -> u64 {
        self.0.checksum()
    }

    #[getter]
    fn nbytes(&self) -> u64 {
        self.0.header().length
    }

    fn rows<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.view().rows.as_flattened())
    }

    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        interruptible(py, |stop| self.0.verify(stop))
    }

    #[staticmethod]
    fn search<'py>(
        py: Python<'py>,
        parts: Vec<(PyRef<'py, Keypoints>, Vec<u8>)>,
        blobs: Vec<Bound<'py, PyBytes>>,
        count: usize,
        probes: usize,
    ) -> PyResult<Hits<'py>> {
        let blobs: Vec<&[u8]> = blobs.iter().map(|blob| blob.as_bytes()).collect();
        let parts = indexes(&parts);
        let hits = interruptible(py, |stop| search(&parts, &blobs, &Request { count, probes }, stop))?;
        let rows: Vec<i64> = hits.iter().map(|hit| hit.row).collect();
        let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
        let blobs: Vec<u32> = hits.iter().map(|hit| hit.blob).collect();
        Ok((
            little_endian(py, &rows, i64::to_le_bytes)?,
            little_endian(py, &scores, f32::to_le_bytes)?,
            little_endian(py, &blobs, u32::to_le_bytes)?,
        ))
    }
}

/// Indexes with their rows that do not count.
fn indexes<'a>(parts: &'a [(PyRef<'_, Keypoints>, Vec<u8>)]) -> Vec<(&'a Index, HashSet<i64>)> {
    parts.iter().map(|(part, removed)| (&part.0, numbers(removed).into_iter().collect())).collect()
}

/// Signed 64-bit numbers.
fn numbers(bytes: &[u8]) -> Vec<i64> {
    bytes.as_chunks::<8>().0.iter().map(|number| i64::from_le_bytes(*number)).collect()
}

fn finished() -> Error {
    Error::Argument("expected a builder in use, got one that has finished".into())
}
