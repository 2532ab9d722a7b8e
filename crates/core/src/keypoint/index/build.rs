//! From keypoints to an index, in bounded memory.
//!
//! Keypoints are gathered until they take [`MOST`] of memory; then they are written as an index of their own beside
//! the target. In the end all of these become one. Without a path, everything stays in memory.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::entry::pack;
use super::merge::{Part, assemble};
use super::{Index, View, merge};
use crate::error::{Error, Result};
use crate::hamming::Stop;
use crate::keypoint::blob::Blob;
use crate::keypoint::words::{Reader, VOCABULARY};
use crate::segment::file::Temporary;
use crate::simd::Level;

/// Keypoints that are gathered before they are written: 160 MB, and as much again to sort them.
const MOST: usize = 8 << 20;
/// Branches that are searched for a library's keypoint.
pub const BEAM: usize = 3;

/// Gathers keypoints, and makes an index of them.
#[derive(Debug)]
pub struct Builder {
    path: Option<PathBuf>,
    most: usize,
    rows: Vec<i64>,
    found: Vec<Found>,
    images: u32,
    spilled: Vec<(Index, Option<Temporary>)>,
}

/// A keypoint before it is in a list.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    word: u32,
    image: u32,
    packed: u64,
}

impl Builder {
    /// For an index in a file, or in memory.
    pub fn new(path: Option<&Path>) -> Builder {
        Builder::with_memory(path, MOST)
    }

    /// The same with another number of keypoints that are gathered, for tests.
    pub fn with_memory(path: Option<&Path>, most: usize) -> Builder {
        let path = path.map(Path::to_path_buf);
        Builder { path, most, rows: Vec::new(), found: Vec::new(), images: 0, spilled: Vec::new() }
    }

    /// Adds images with their row numbers.
    ///
    /// # Errors
    /// [`Error::Argument`] if they do not fit together; [`Error::Corrupt`] or [`Error::Unsupported`] for what are no
    /// keypoints; then none of these images is added. [`Error::Io`]; [`Error::Cancelled`].
    pub fn push(&mut self, rows: &[i64], blobs: &[&[u8]], stop: &Stop<'_>) -> Result<()> {
        if rows.len() != blobs.len() {
            let text = format!("expected a row number for each of {} images, got {}", blobs.len(), rows.len());
            return Err(Error::Argument(text));
        }
        let blobs: Vec<Blob<'_>> = blobs.iter().map(|bytes| Blob::read(bytes)).collect::<Result<_>>()?;
        let mut reader = Reader::new(&VOCABULARY, Level::best());
        for (row, blob) in rows.iter().zip(blobs) {
            if !self.found.is_empty() && self.found.len() + blob.len() > self.most {
                self.spill(stop)?;
            }
            self.add(*row, &blob, &mut reader);
            stop.check()?;
        }
        Ok(())
    }

    fn add(&mut self, row: i64, blob: &Blob<'_>, reader: &mut Reader<'_>) {
        for (code, place) in blob.codes().iter().zip(blob.places()) {
            let point = VOCABULARY.place(code);
            if let Some(&(_, word)) = reader.words(&point, BEAM, 1).first() {
                let packed = pack(VOCABULARY.signature(&point, word), &place);
                self.found.push(Found { word, image: self.images, packed });
            }
        }
        self.rows.push(row);
        self.images += 1;
    }

    /// Writes what was gathered.
    fn spill(&mut self, stop: &Stop<'_>) -> Result<()> {
        let Some(path) = &self.path else {
            let index = self.gathered(Vec::new(), None, stop)?;
            self.spilled.push((index, None));
            return Ok(());
        };
        // Its own file goes away with it; under the name of the temporary file it is written anew.
        let temporary = Temporary::beside(path)?;
        let index = self.gathered(Vec::new(), Some(temporary.path()), stop)?;
        self.spilled.push((index, Some(temporary)));
        Ok(())
    }

    /// An index of what was gathered, which is then forgotten.
    fn gathered(&mut self, about: Vec<(String, String)>, path: Option<&Path>, stop: &Stop<'_>) -> Result<Index> {
        let (found, rows) = (std::mem::take(&mut self.found), std::mem::take(&mut self.rows));
        self.images = 0;
        let starts = counted(&found);
        let mut next = starts.clone();
        let (mut packed, mut images) = (vec![[0; 8]; found.len()], vec![[0; 4]; found.len()]);
        for one in &found {
            let place = &mut next[one.word as usize];
            packed[*place as usize] = one.packed.to_le_bytes();
            images[*place as usize] = one.image.to_le_bytes();
            *place += 1;
        }
        drop(found);
        let rows: Vec<[u8; 8]> = rows.into_iter().map(i64::to_le_bytes).collect();
        let starts: Vec<[u8; 4]> = starts.into_iter().map(u32::to_le_bytes).collect();
        let view = View { rows: &rows, starts: &starts, packed: &packed, images: &images };
        let mut images = 0;
        let part = Part::new(view, &HashSet::new(), &mut images);
        assemble(&[part], images, about, path, stop)
    }

    /// Makes the index.
    ///
    /// # Errors
    /// [`Error::Argument`] for too many images or keypoints; [`Error::Io`]; [`Error::Cancelled`].
    pub fn finish(mut self, about: Vec<(String, String)>, stop: &Stop<'_>) -> Result<Index> {
        let path = self.path.clone();
        if self.spilled.is_empty() {
            return self.gathered(about, path.as_deref(), stop);
        }
        self.spill(stop)?;
        let parts: Vec<(&Index, HashSet<i64>)> =
            self.spilled.iter().map(|(index, _)| (index, HashSet::new())).collect();
        merge(&parts, about, path.as_deref(), stop)
    }
}

/// Where the list of each word begins, and the end of the last.
fn counted(found: &[Found]) -> Vec<u32> {
    let mut starts = vec![0u32; VOCABULARY.len() + 1];
    found.iter().for_each(|one| starts[one.word as usize] += 1);
    let mut sum = 0;
    for start in &mut starts {
        sum += std::mem::replace(start, sum);
    }
    starts
}
