//! Many pictures, or one: files and bytes in, hashes out.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lookalike_core::batch::{self, Outcome};
use lookalike_core::fingerprint::Spec;
use lookalike_core::job::Print;
use lookalike_core::plane::Plane;
use lookalike_core::{Error, Result, gate, job};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::convert::to_python;

static NEVER: AtomicBool = AtomicBool::new(false);

/// Samples, width, height.
type Grey = (Buffer, usize, usize);
/// Hashes, width, height, format, warning, look, quality of `pdq`, grey plane.
type Found = (Vec<String>, usize, usize, &'static str, Option<String>, Option<Buffer>, Option<u8>, Option<Grey>);
/// The same with the hashes and the quality of `pdq` of each turn.
type Turned =
    (Vec<Vec<String>>, usize, usize, &'static str, Option<String>, Option<Buffer>, Vec<Option<u8>>, Option<Grey>);
/// Sort of error, the system's number, text.
type Failed = (&'static str, Option<i32>, String);
/// The digest of the file's bytes, if it was wanted and they could be read.
type Digest = Option<String>;
/// A ticket, and what became of its picture.
type Taken = (u64, Option<Found>, Option<Failed>, Digest);

/// Memory that several jobs share.
#[pyclass(module = "lookalike._core", frozen)]
pub struct Gate(Arc<gate::Gate>);

/// What is to be done with each picture.
#[pyclass(module = "lookalike._core", frozen)]
pub struct Job(Arc<job::Job>);

/// Threads that do a job.
#[pyclass(module = "lookalike._core", frozen)]
pub struct Pool(batch::Pool);

#[pymethods]
impl Gate {
    #[new]
    fn new(file_bytes: u64, pixel_bytes: u64) -> Self {
        Gate(Arc::new(gate::Gate::new(file_bytes, pixel_bytes)))
    }

    fn most_used(&self) -> (u64, u64) {
        (self.0.files.most_used(), self.0.pixels.most_used())
    }
}

#[pymethods]
impl Job {
    #[new]
    #[pyo3(signature = (kinds, pixels, bytes, gate, digest = false, look = false, plane = None, limits = None))]
    #[allow(clippy::too_many_arguments)] // plain scalars, as the border wants them
    fn new(
        kinds: Vec<(String, usize, String, bool)>,
        pixels: u64,
        bytes: u64,
        gate: &Gate,
        digest: bool,
        look: bool,
        plane: Option<usize>,
        limits: Option<(u64, f64, u32, u64)>,
    ) -> PyResult<Self> {
        let specs: Result<Vec<Spec>> =
            kinds.iter().map(|(name, size, variant, segments)| Spec::new(name, *size, variant, *segments)).collect();
        let specs = specs.map_err(to_python)?;
        let job = job::Job::new(specs, pixels, bytes, Arc::clone(&gate.0));
        let job = match limits {
            // What is longer than any time can tell is no limit.
            Some((memory, seconds, scans, side)) => {
                let time = Duration::try_from_secs_f64(seconds).ok();
                job.with_limits(job::Limits { memory, time, scans, side })
            }
            None => job,
        };
        Ok(Job(Arc::new(job.with_digest(digest).with_look(look).with_plane(plane))))
    }

    fn run(&self, py: Python<'_>, source: Source) -> (Option<Found>, Option<Failed>, Digest) {
        let input = source.into();
        parts(py.detach(|| self.0.run(&input, None, &NEVER, &mut Vec::new())), found)
    }

    fn run_turned(&self, py: Python<'_>, source: Source) -> (Option<Turned>, Option<Failed>, Digest) {
        let input = source.into();
        let job = job::Job::clone(&self.0).with_all_turns();
        parts(py.detach(|| job.run(&input, None, &NEVER, &mut Vec::new())), turned)
    }
}

#[pymethods]
impl Pool {
    #[new]
    fn new(job: &Job, threads: usize) -> PyResult<Self> {
        batch::Pool::new(Arc::clone(&job.0), threads).map(Pool).map_err(to_python)
    }

    fn submit(&self, py: Python<'_>, sources: Vec<(u64, Source)>) -> PyResult<()> {
        let inputs = sources.into_iter().map(|(ticket, source)| (ticket, source.into())).collect();
        py.detach(|| self.0.submit(inputs)).map_err(to_python)
    }

    fn take(&self, py: Python<'_>, wanted: usize, seconds: f64) -> PyResult<Vec<Taken>> {
        let timeout = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let taken = py.detach(|| self.0.take(wanted, timeout)).map_err(to_python)?;
        Ok(taken
            .into_iter()
            .map(|done| {
                let (found, failed, digest) = parts(done.outcome, found);
                (done.ticket, found, failed, digest)
            })
            .collect())
    }

    fn cancel(&self, py: Python<'_>) {
        // What comes back is dropped here, with the interpreter: bytes are among it.
        drop(py.detach(|| self.0.cancel()));
    }
}

/// A look or samples, as Python's bytes.
struct Buffer(Vec<u8>);

impl<'py> IntoPyObject<'py> for Buffer {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = Infallible;

    fn into_pyobject(self, py: Python<'py>) -> std::result::Result<Self::Output, Infallible> {
        Ok(PyBytes::new(py, &self.0))
    }
}

/// A path, or the bytes of a file.
enum Source {
    Path(PathBuf),
    Bytes(PyBackedBytes),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Source {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBytes>() {
            return Ok(Source::Bytes(object.extract()?));
        }
        Ok(Source::Path(object.extract()?))
    }
}

impl From<Source> for job::Input {
    fn from(source: Source) -> Self {
        match source {
            Source::Path(path) => job::Input::Path(path),
            Source::Bytes(bytes) => job::Input::Bytes(Arc::new(bytes)),
        }
    }
}

/// The one or the other, for a language without sums.
fn parts<T>(outcome: Outcome, form: impl FnOnce(Print) -> T) -> (Option<T>, Option<Failed>, Digest) {
    match outcome.print {
        Ok(print) => (Some(form(print)), None, outcome.digest),
        Err(error) => (None, Some(failed(error)), outcome.digest),
    }
}

fn found(print: Print) -> Found {
    let Print { hashes, width, height, format, warning, look, plane, pdq_quality } = print;
    let quality = pdq_quality.first().copied().flatten();
    (hashes, width, height, format, warning, look.map(Buffer), quality, plane.map(grey))
}

fn turned(print: Print) -> Turned {
    let Print { hashes, width, height, format, warning, look, plane, pdq_quality } = print;
    let kinds = hashes.len() / pdq_quality.len().max(1);
    let turns = hashes.chunks(kinds.max(1)).map(<[String]>::to_vec).collect();
    (turns, width, height, format, warning, look.map(Buffer), pdq_quality, plane.map(grey))
}

fn grey(plane: Plane) -> Grey {
    let (width, height) = (plane.width(), plane.height());
    (Buffer(plane.into_pixels()), width, height)
}

fn failed(error: Error) -> Failed {
    match error {
        Error::Argument(text) => ("argument", None, text),
        Error::Corrupt(text) => ("corrupt", None, text),
        Error::Unsupported(text) => ("unsupported", None, text),
        Error::Limit(text) => ("limit", None, text),
        Error::Io(number, text) => ("io", number, text),
        Error::Cancelled => ("cancelled", None, error.to_string()),
    }
}
