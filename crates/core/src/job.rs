//! One picture file in, its hashes out: read, decode, hash, within limits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::color::Wanted;
use crate::decode::{COMMON, Decoded, Source};
use crate::digest;
use crate::error::{Error, Result};
use crate::files::{self, Opened};
use crate::fingerprint::Spec;
use crate::gate::Gate;
use crate::jpeg::Scale;
use crate::plane::Plane;
use crate::watch::Watch;

const SCALES: [Scale; 4] = [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Full];
/// A larger buffer is given back to the system when its file is done.
const KEPT_BUFFER: usize = 8 << 20;
/// A picture of more pixels may take more time. The same number stands in `sources/watched.py`.
const PIXELS_A_TIME: u64 = 25_000_000;

/// Where the bytes of a picture are.
pub enum Input {
    /// In a file.
    Path(PathBuf),
    /// In memory that somebody else keeps.
    Bytes(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

/// What a picture may cost, beside its pixels and its file's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Time for each [`PIXELS_A_TIME`] pixels, or part of these; `None` for any.
    pub time: Option<Duration>,
    /// Scans of a JPEG file.
    pub scans: u32,
    /// Pixels in a row, and rows.
    pub side: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: u64::MAX, time: None, scans: u32::MAX, side: u64::MAX }
    }
}

impl Limits {
    fn time_for(&self, pixels: u64) -> Option<Duration> {
        let times = u32::try_from(pixels.div_ceil(PIXELS_A_TIME).max(1)).unwrap_or(u32::MAX);
        self.time.and_then(|time| time.checked_mul(times))
    }
}

/// What is to be done with each picture.
#[derive(Debug, Clone)]
pub struct Job {
    specs: Vec<Spec>,
    most_pixels: u64,
    most_bytes: u64,
    limits: Limits,
    digest: bool,
    look: bool,
    side: Option<usize>,
    turns: &'static [u8],
    gate: Arc<Gate>,
}

/// The hashes of one picture, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Print {
    /// Hex digits for each kind, those of segments joined by commas; of a job with all turns, those of
    /// the picture as it is, then those of the picture turned by 2, and so on.
    pub hashes: Vec<String>,
    /// Pixels in a row, as shown.
    pub width: usize,
    /// Rows, as shown.
    pub height: usize,
    /// The file format, as Pillow names it.
    pub format: &'static str,
    /// What a user should know of the file, if anything.
    pub warning: Option<String>,
    /// What is kept for a second look, if it is wanted.
    pub look: Option<Vec<u8>>,
    /// The whole in grey, as shown, if it is wanted.
    pub plane: Option<Plane>,
    /// The quality of `pdq`, 0 to 100, at each turn, if that is among the kinds.
    pub pdq_quality: Vec<Option<u8>>,
}

/// What became of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its hashes, or what is wrong with it.
    pub print: Result<Print>,
    /// The digest of the bytes that were looked at, if it is wanted and they could be read: also of what is no
    /// picture.
    pub digest: Option<String>,
}

/// A grey plane that is wanted beside the hashes.
#[derive(Debug, Clone, Copy)]
struct Side {
    /// Its longer side, at the most.
    side: usize,
    /// The scale that has enough samples for it.
    scale: Scale,
    /// The scale of the decoding from which it is taken: this one, or else the first, which then makes both.
    at: Scale,
}

impl Side {
    fn new(side: usize, scale: Scale, visits: &[Scale]) -> Side {
        let first = visits.first().copied().unwrap_or(scale);
        Side { side, scale, at: if visits.contains(&scale) { scale } else { first } }
    }
}

impl Job {
    /// These hashes, of pictures with at most so many pixels in files of at most so many bytes.
    pub fn new(specs: Vec<Spec>, most_pixels: u64, most_bytes: u64, gate: Arc<Gate>) -> Job {
        Job {
            specs,
            most_pixels,
            most_bytes,
            limits: Limits::default(),
            digest: false,
            look: false,
            side: None,
            turns: &[1],
            gate,
        }
    }

    /// The same with further limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Job {
        Job { limits, ..self }
    }

    /// The same with the digest of each file's bytes, or without.
    #[must_use]
    pub fn with_digest(self, digest: bool) -> Job {
        Job { digest, ..self }
    }

    /// The same with the look of each picture, or without.
    #[must_use]
    pub fn with_look(self, look: bool) -> Job {
        Job { look, ..self }
    }

    /// The same with a grey plane of each picture, whose longer side is at most this, or without. It comes from the
    /// same decoding, and changes no hash.
    #[must_use]
    pub fn with_plane(self, side: Option<usize>) -> Job {
        Job { side, ..self }
    }

    /// The same with the hashes of each picture turned by all eight orientations, from one decoding.
    #[must_use]
    pub fn with_all_turns(self) -> Job {
        Job { turns: &[1, 2, 3, 4, 5, 6, 7, 8], ..self }
    }

    /// The longest file that is read.
    pub fn most_bytes(&self) -> u64 {
        self.most_bytes
    }

    /// The hashes of one picture. A decoder that panics has met a picture that it cannot decode.
    ///
    /// Its error is whatever is wrong with the picture or its file; [`Error::Cancelled`] soon after `cancel` is set.
    pub fn run(&self, input: &Input, opened: Option<Opened>, cancel: &AtomicBool, buffer: &mut Vec<u8>) -> Outcome {
        let mut digest = None;
        // Nothing is used after a panic but the buffer, which is overwritten, and the digest, which was done before.
        let read = AssertUnwindSafe(|| self.read(input, opened, cancel, buffer, &mut digest));
        let print = catch_unwind(read).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(Error::Corrupt(format!("expected an image, got one on which the decoder itself fails: {text}")))
        });
        Outcome { print, digest }
    }

    fn read(
        &self,
        input: &Input,
        opened: Option<Opened>,
        cancel: &AtomicBool,
        buffer: &mut Vec<u8>,
        digest: &mut Option<String>,
    ) -> Result<Print> {
        let path = match input {
            Input::Bytes(bytes) => return self.digest_and_print((**bytes).as_ref(), cancel, digest),
            Input::Path(path) => path,
        };
        let opened = opened.map_or_else(|| files::open(path, self.most_bytes), Ok)?;
        let _room = self.gate.files.enter(opened.length, cancel)?;
        files::read(&opened, self.most_bytes, buffer)?;
        drop(opened);
        let print = self.digest_and_print(buffer, cancel, digest);
        if buffer.capacity() > KEPT_BUFFER {
            *buffer = Vec::new();
        }
        print
    }

    /// The digest comes first: the decoder may panic.
    fn digest_and_print(&self, bytes: &[u8], cancel: &AtomicBool, digest: &mut Option<String>) -> Result<Print> {
        if self.digest {
            *digest = Some(digest::hex(bytes, cancel)?);
        }
        self.print(bytes, cancel)
    }

    fn print(&self, bytes: &[u8], cancel: &AtomicBool) -> Result<Print> {
        let mut watch = Watch {
            pixels: self.most_pixels,
            cancel: Some(cancel),
            deadline: None,
            memory: self.limits.memory,
            scans: self.limits.scans,
            side: self.limits.side,
        };
        let source = Source::open(bytes, &watch)?;
        let scales: Vec<Scale> = self.specs.iter().map(|spec| source.scale(spec.need())).collect();
        // The look is made at the scale of the common kinds, whichever others are asked for.
        let look_scale = self.look.then(|| source.scale(COMMON));
        let visits: Vec<Scale> =
            SCALES.into_iter().filter(|scale| scales.contains(scale) || look_scale == Some(*scale)).collect();
        let side = self.side.map(|side| Side::new(side, source.scale_for_side(side), &visits));
        let mut hashes = vec![String::new(); self.turns.len() * self.specs.len()];
        let mut pdq_quality = vec![None; self.turns.len()];
        let (mut last, mut warning, mut look, mut plane) = (None, None, None, None);
        for scale in visits {
            let side = side.filter(|side| side.at == scale);
            let other = side.map(|side| side.scale);
            let cost = source.cost(scale) + other.map_or(0, |other| source.cost(other));
            watch.check_memory(source.memory(scale) + other.map_or(0, |other| source.memory(other)))?;
            let _room = self.gate.pixels.enter(cost, cancel)?;
            // The time that it waited for others is not its own.
            watch.deadline =
                watch.deadline.or_else(|| Instant::now().checked_add(self.limits.time_for(source.pixels())?));
            let at_scale: Vec<usize> = (0..self.specs.len()).filter(|&n| scales[n] == scale).collect();
            let wanted = Wanted { tint: look_scale == Some(scale), other, ..self.wanted(&at_scale) };
            let picture = source.decode(scale, wanted, &watch)?;
            if wanted.tint {
                look = Some(picture.look()?.to_bytes().to_vec());
            }
            if let Some(side) = side {
                plane = Some(picture.plane(side.side)?);
            }
            self.hash(&picture, &at_scale, &mut hashes, &mut pdq_quality)?;
            // A scale that only the look needs has nothing to say of the hashes.
            warning = picture.warning().filter(|_| !at_scale.is_empty()).or(warning);
            last = Some((picture.width, picture.height, picture.format));
        }
        let (width, height, format) = last.ok_or_else(|| Error::Argument("expected a hash kind, got none".into()))?;
        Ok(Print { hashes, width, height, format, warning, look, plane, pdq_quality })
    }

    /// What the hashes with these numbers need of a picture beside its grey plane.
    fn wanted(&self, numbers: &[usize]) -> Wanted {
        let each = || numbers.iter().map(|&n| self.specs[n].wanted());
        Wanted { rest: each().any(|one| one.rest), ..Wanted::counts(each().any(|one| one.counts)) }
    }

    /// The hashes with these numbers, at each turn, and the quality that goes with one of them.
    fn hash(
        &self,
        picture: &Decoded,
        numbers: &[usize],
        hashes: &mut [String],
        pdq_quality: &mut [Option<u8>],
    ) -> Result<()> {
        let turns = self.turns.iter().zip(hashes.chunks_exact_mut(self.specs.len()));
        for ((&turn, hashes), quality) in turns.zip(pdq_quality) {
            let turned = if turn == 1 { None } else { Some(picture.turned(turn)?) };
            for &n in numbers {
                let (text, worth) = self.specs[n].text(turned.as_ref().unwrap_or(picture))?;
                hashes[n] = text;
                *quality = worth.or(*quality);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

    fn job(digest: bool) -> Job {
        let gate = Arc::new(Gate::new(1 << 20, 1 << 20));
        Job::new(vec![Spec::new("phash", 8, "", false).unwrap()], 1 << 20, 1000, gate).with_digest(digest)
    }

    fn run(job: &Job, input: &Input) -> Outcome {
        job.run(input, None, &AtomicBool::new(false), &mut Vec::new())
    }

    #[test]
    fn what_is_no_picture_has_a_digest() {
        let path = std::env::temp_dir().join(format!("lookalike-{}-job", std::process::id()));
        std::fs::write(&path, b"abc").unwrap();
        for input in [Input::Bytes(Arc::new(b"abc")), Input::Path(path.clone())] {
            let outcome = run(&job(true), &input);
            assert!(outcome.print.is_err());
            assert_eq!(outcome.digest.as_deref(), Some(ABC));
            assert_eq!(run(&job(false), &input).digest, None, "nobody asked");
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn larger_pictures_may_take_longer() {
        let limits = Limits { time: Some(Duration::from_secs(4)), ..Limits::default() };
        let seconds = |pixels| limits.time_for(pixels).map(|time| time.as_secs());
        assert_eq!([0, 1, 25_000_000, 25_000_001].map(seconds), [Some(4), Some(4), Some(4), Some(8)]);
        assert_eq!(Limits::default().time_for(1), None);
    }

    #[test]
    fn what_was_not_read_has_none() {
        let path = std::env::temp_dir().join(format!("lookalike-{}-job-long", std::process::id()));
        std::fs::write(&path, [0; 1001]).unwrap();
        for (input, error) in [(path.clone(), "limit"), (path.with_extension("none"), "io")] {
            let outcome = run(&job(true), &Input::Path(input));
            match outcome.print {
                Err(Error::Limit(_)) => assert_eq!(error, "limit"),
                Err(Error::Io(..)) => assert_eq!(error, "io"),
                other => panic!("{other:?}"),
            }
            assert_eq!(outcome.digest, None);
        }
        std::fs::remove_file(&path).unwrap();
    }
}
