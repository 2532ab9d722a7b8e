//! Joins of codes by Hamming distance.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lookalike_core::hamming::Codes;
use lookalike_core::hamming::join::{self, Distinct, Options, Pair, Plan};
use lookalike_core::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

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

    fn read<'py>(&self, py: Python<'py>, column: &str, start: usize, stop: usize) -> PyResult<Bound<'py, PyBytes>> {
        let range = start..stop;
        let bytes = py.detach(|| match (column, &self.groups) {
            ("starts", Some(groups)) => packed(groups.starts(), range, |value| value.to_ne_bytes()),
            ("members", Some(groups)) => packed(groups.members(), range, |value| value.to_ne_bytes()),
            ("left", _) => packed(&self.found, range, |pair| pair.left.to_ne_bytes()),
            ("right", _) => packed(&self.found, range, |pair| pair.right.to_ne_bytes()),
            ("distances", _) => packed(&self.found, range, |pair| pair.distance.to_ne_bytes()),
            _ => Err(Error::Argument(format!("expected a column of this join, got {column:?}"))),
        });
        Ok(PyBytes::new(py, &bytes.map_err(to_python)?))
    }
}

/// Pairs within one set; see `_core.pyi`.
#[pyfunction]
pub fn join_codes(
    py: Python<'_>,
    codes: &[u8],
    bits: u32,
    radius: u32,
    limit: u64,
    threads: usize,
    plan: &str,
) -> PyResult<Joined> {
    let plan = Plan::named(plan).map_err(to_python)?;
    watched(py, |cancel| {
        let options = Options { radius, limit, threads, plan, cancel };
        let joined = join::self_join(&Codes::from_packed(codes, bits)?, &options)?;
        Ok(Joined { groups: Some(joined.distinct), found: joined.pairs })
    })
}

/// Pairs of two sets; see `_core.pyi`.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // plain scalars, as the border wants them
pub fn cross_join_codes(
    py: Python<'_>,
    left: &[u8],
    right: &[u8],
    bits: u32,
    radius: u32,
    limit: u64,
    threads: usize,
    plan: &str,
) -> PyResult<Joined> {
    let plan = Plan::named(plan).map_err(to_python)?;
    watched(py, |cancel| {
        let options = Options { radius, limit, threads, plan, cancel };
        let found = join::cross_join(&Codes::from_packed(left, bits)?, &Codes::from_packed(right, bits)?, &options)?;
        Ok(Joined { groups: None, found })
    })
}

fn packed<T, const N: usize>(column: &[T], range: Range<usize>, bytes: impl Fn(&T) -> [u8; N]) -> Result<Vec<u8>> {
    let part = column.get(range.clone()).ok_or_else(|| {
        Error::Argument(format!("expected a range within 0 to {}, got {} to {}", column.len(), range.start, range.end))
    })?;
    // Byte by byte it would take a tenth of a join's time.
    let mut packed = vec![0; part.len() * N];
    packed.as_chunks_mut().0.iter_mut().zip(part).for_each(|(place, value)| *place = bytes(value));
    Ok(packed)
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
