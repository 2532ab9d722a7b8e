//! Joins of codes by Hamming distance.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lookalike_core::hamming::Codes;
use lookalike_core::hamming::join::{self, Distinct, Options, Pair, Plan};
use lookalike_core::{Error, Result};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;

use crate::convert::to_python;

/// How often Python is asked whether it wants to stop.
const PATIENCE: Duration = Duration::from_millis(20);

/// Pairs of codes, in columns.
#[pyclass(module = "lookalike._core", frozen)]
pub struct Joined {
    groups: Option<Distinct>,
    found: Vec<Pair>,
}

#[pymethods]
impl Joined {
    #[getter]
    fn distinct(&self) -> usize {
        self.groups.as_ref().map_or(0, Distinct::len)
    }

    #[getter]
    fn pairs(&self) -> usize {
        self.found.len()
    }

    /// Writes a column from `start` on into 64-bit numbers.
    fn read_into(&self, py: Python<'_>, column: &str, start: usize, into: PyBuffer<i64>) -> PyResult<()> {
        let count = into.item_count();
        let numbers = match (column, &self.groups) {
            ("starts", Some(groups)) => some(groups.starts(), start, count, |value| i64::from(*value)),
            ("members", Some(groups)) => some(groups.members(), start, count, |value| i64::from(*value)),
            ("left", _) => some(&self.found, start, count, |pair| i64::from(pair.left)),
            ("right", _) => some(&self.found, start, count, |pair| i64::from(pair.right)),
            _ => Err(Error::Argument(format!("expected a column of this join, got {column:?}"))),
        };
        into.copy_from_slice(py, &numbers.map_err(to_python)?)
    }

    /// Writes distances from the pair at `start` on.
    fn read_distances(&self, py: Python<'_>, start: usize, into: PyBuffer<i32>) -> PyResult<()> {
        let numbers = some(&self.found, start, into.item_count(), |pair| i32::from(pair.distance));
        into.copy_from_slice(py, &numbers.map_err(to_python)?)
    }
}

/// Pairs within one set; see `_core.pyi`.
#[pyfunction]
pub fn join_codes(
    py: Python<'_>,
    codes: Vec<PyBuffer<u8>>,
    bits: u32,
    radius: u32,
    limit: u64,
    threads: usize,
    plan: &str,
) -> PyResult<Joined> {
    let plan = Plan::named(plan).map_err(to_python)?;
    let codes = codes_of(py, codes, bits)?;
    watched(py, |cancel| {
        let options = Options { radius, limit, threads, plan, cancel };
        let joined = join::self_join(&codes, &options)?;
        Ok(Joined { groups: Some(joined.distinct), found: joined.pairs })
    })
}

/// Pairs of two sets; see `_core.pyi`.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // plain scalars, as the border wants them
pub fn cross_join_codes(
    py: Python<'_>,
    left: Vec<PyBuffer<u8>>,
    right: Vec<PyBuffer<u8>>,
    bits: u32,
    radius: u32,
    limit: u64,
    threads: usize,
    plan: &str,
) -> PyResult<Joined> {
    let plan = Plan::named(plan).map_err(to_python)?;
    let left = codes_of(py, left, bits)?;
    let right = codes_of(py, right, bits)?;
    watched(py, |cancel| {
        let options = Options { radius, limit, threads, plan, cancel };
        let found = join::cross_join(&left, &right, &options)?;
        Ok(Joined { groups: None, found })
    })
}

fn some<T, N>(column: &[T], start: usize, count: usize, number: impl Fn(&T) -> N) -> Result<Vec<N>> {
    let part = column.get(start..).and_then(|rest| rest.get(..count)).ok_or_else(|| {
        let (total, end) = (column.len(), start.saturating_add(count));
        Error::Argument(format!("expected a range within 0 to {total}, got {start} to {end}"))
    })?;
    Ok(part.iter().map(number).collect())
}

/// Codes from pieces of a caller's array: to copy all of it first would take fresh memory, which is slow.
fn codes_of(py: Python<'_>, pieces: Vec<PyBuffer<u8>>, bits: u32) -> PyResult<Codes> {
    let bytes: usize = pieces.iter().map(|piece| piece.item_count()).sum();
    let mut codes = Codes::with_capacity(bits, bytes / bits.div_ceil(8).max(1) as usize).map_err(to_python)?;
    let mut copy = Vec::new();
    for piece in pieces {
        copy.resize(piece.item_count(), 0);
        piece.copy_to_slice(py, &mut copy)?;
        codes.push_packed(&copy).map_err(to_python)?;
    }
    Ok(codes)
}

/// Works on another thread, without the GIL, while this one looks out for signals.
fn watched<T: Send>(py: Python<'_>, work: impl FnOnce(&AtomicBool) -> Result<T> + Send) -> PyResult<T> {
    let (cancel, done) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let waiting = thread::current();
        let (cancel, done) = (&cancel, &done);
        let job = move || {
            let result = work(cancel);
            done.store(true, Ordering::Release);
            waiting.unpark();
            result
        };
        let worker = thread::Builder::new().name("lookalike".into()).spawn_scoped(scope, job)?;
        let mut signal = Ok(());
        while signal.is_ok() && !done.load(Ordering::Acquire) && !worker.is_finished() {
            py.detach(|| thread::park_timeout(PATIENCE));
            signal = py.check_signals();
        }
        cancel.store(true, Ordering::Relaxed);
        let result = py.detach(|| worker.join());
        signal?;
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(to_python)
    })
}
