//! Segments, built and searched: packed codes in, rows and distances out as bytes.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use lookalike_core::hamming::{Codes, Hits, Level, Plan, Request, search};
use lookalike_core::segment::{Builder, Segment};
use lookalike_core::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{interruptible, little_endian, to_python};

/// Starts and rows as 64-bit numbers, distances as 32-bit numbers.
type Found<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// Names of the vector levels that this processor can run, narrowest first.
#[pyfunction]
pub fn hamming_levels() -> Vec<&'static str> {
    Level::available().into_iter().map(Level::name).collect()
}

/// Codes on their way to an index.
#[pyclass(module = "lookalike._core", frozen)]
pub struct IndexBuilder(Mutex<Option<Builder>>);

/// An index, in memory or in a mapped file.
#[pyclass(module = "lookalike._core", frozen)]
pub struct Index(Segment);

#[pymethods]
impl IndexBuilder {
    #[new]
    fn new(bits: u32, count: usize) -> PyResult<Self> {
        Ok(IndexBuilder(Mutex::new(Some(Builder::new(bits, count).map_err(to_python)?))))
    }

    #[pyo3(signature = (codes, rows=None))]
    fn push(&self, py: Python<'_>, codes: &[u8], rows: Option<&[u8]>) -> PyResult<()> {
        let work = || -> Result<()> {
            let rows = rows.map(|rows| rows.as_chunks::<8>().0.iter().map(|row| i64::from_le_bytes(*row)));
            let mut builder = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let builder = builder.as_mut().ok_or_else(finished)?;
            builder.push(codes, rows.map(Iterator::collect::<Vec<i64>>).as_deref())
        };
        py.detach(work).map_err(to_python)
    }

    #[pyo3(signature = (about, path=None, tables=None))]
    fn finish(
        &self,
        py: Python<'_>,
        about: Vec<(String, String)>,
        path: Option<PathBuf>,
        tables: Option<u32>,
    ) -> PyResult<Index> {
        let builder = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let builder = builder.ok_or_else(finished).map_err(to_python)?;
        interruptible(py, |stop| builder.finish(about, path.as_deref(), tables, stop)).map(Index)
    }
}

#[pymethods]
impl Index {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Index> {
        py.detach(|| Segment::open(&path)).map(Index).map_err(to_python)
    }

    #[getter]
    fn bits(&self) -> u32 {
        self.0.header().bits
    }

    #[getter]
    fn rows(&self) -> u64 {
        self.0.header().rows
    }

    #[getter]
    fn distinct(&self) -> u64 {
        self.0.header().distinct
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

    #[getter]
    fn tables(&self) -> Vec<(u32, u32)> {
        self.0.header().tables.iter().map(|part| (part.start, part.len)).collect()
    }

    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        interruptible(py, |stop| self.0.verify(stop))
    }

    fn codes<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let (codes, rows) = interruptible(py, |stop| self.0.rows(stop))?;
        Ok((PyBytes::new(py, &codes), little_endian(py, &rows, i64::to_le_bytes)?))
    }

    #[pyo3(signature = (queries, radius, nearest=None, threads=1, plan="auto", level=None))]
    #[allow(clippy::too_many_arguments)]
    fn search<'py>(
        &self,
        py: Python<'py>,
        queries: &[u8],
        radius: u32,
        nearest: Option<usize>,
        threads: usize,
        plan: &str,
        level: Option<&str>,
    ) -> PyResult<Found<'py>> {
        let (plan, level) = choices(plan, level).map_err(to_python)?;
        let request = Request { radius, nearest, plan, threads, level };
        let hits = interruptible(py, |stop| {
            let queries = Codes::from_packed(queries, self.0.header().bits)?;
            search(&self.0.view(), &queries, &request, stop)
        })?;
        into_bytes(py, &hits)
    }
}

fn choices(plan: &str, level: Option<&str>) -> Result<(Plan, Level)> {
    let plan = match plan {
        "auto" => Plan::Auto,
        "scan" => Plan::Scan,
        "tables" => Plan::Tables,
        other => return Err(Error::Argument(format!("expected plan auto, scan or tables, got {other}"))),
    };
    let Some(name) = level else { return Ok((plan, Level::best())) };
    let unknown = || Error::Argument(format!("expected a level that this processor has, got {name}"));
    let level = Level::available().into_iter().find(|level| level.name() == name).ok_or_else(unknown)?;
    Ok((plan, level))
}

fn into_bytes<'py>(py: Python<'py>, hits: &Hits) -> PyResult<Found<'py>> {
    Ok((
        little_endian(py, &hits.starts, i64::to_le_bytes)?,
        little_endian(py, &hits.rows, i64::to_le_bytes)?,
        little_endian(py, &hits.distances, i32::to_le_bytes)?,
    ))
}

fn finished() -> Error {
    Error::Argument("expected a builder in use, got one that has finished".into())
}
