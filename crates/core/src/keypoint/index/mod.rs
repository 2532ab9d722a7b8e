//! An index of keypoints: for each word a list of the keypoints that have it, in one immutable file.
//!
//! All numbers are little-endian. Every part begins at a multiple of 64 bytes; what lies between is zero.
//!
//! | part | bytes | what |
//! |---|---|---|
//! | header | see [`header`] | magic, version, counts, about, checksums |
//! | rows | 8 an image | row numbers, signed |
//! | starts | 4 a word, and 4 | where the list of each word begins, and the end of the last |
//! | packed | 8 a keypoint | signature, position, angle and size, see [`entry`] |
//! | images | 4 a keypoint | numbers of images, ascending in each list |
//!
//! So 12 bytes a keypoint. The signatures lie by themselves because most keypoints of a list are dismissed by them.
//!
//! Whatever the bytes are, nothing here panics or reads out of bounds: a damaged index gives wrong candidates until it
//! is verified.

mod build;
pub mod entry;
pub mod header;
mod merge;
mod search;
mod verify;
mod votes;

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Result};
use crate::hamming::Stop;
use crate::hamming::view::number;
use crate::keypoint::words::VOCABULARY;
use crate::segment::mapped::Mapped;
use crate::segment::{Bytes, file::failed, named};
use header::{Header, Layout};

pub use build::Builder;
pub use merge::{Part, merge};
pub use search::{Hit, Request, search};

/// An index in memory or in a mapped file.
#[derive(Debug)]
pub struct Index {
    bytes: Bytes,
    header: Header,
    layout: Layout,
}

/// The parts of an index, whoever owns the memory.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Row numbers of the images.
    pub rows: &'a [[u8; 8]],
    /// Where the lists begin.
    pub starts: &'a [[u8; 4]],
    /// The keypoints' entries.
    pub packed: &'a [[u8; 8]],
    /// And their images.
    pub images: &'a [[u8; 4]],
}

impl View<'_> {
    /// The list of a word; empty if the bytes are damaged.
    pub fn list(&self, word: u32) -> Range<usize> {
        let [start, end] = [0, 1].map(|next| number(self.starts, word as usize + next) as usize);
        let sound = start <= end && end <= self.packed.len() && end <= self.images.len();
        if sound { start..end } else { 0..0 }
    }

    /// The row number of an image.
    pub fn row(&self, image: u32) -> Option<i64> {
        self.rows.get(image as usize).map(|row| i64::from_le_bytes(*row))
    }
}

impl Index {
    /// Maps a file into memory, which must not be changed as long as the index is there.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Corrupt`] or [`Error::Unsupported`] if it is no index of this
    /// version and of the words of this release, or not complete.
    pub fn open(path: &Path) -> Result<Index> {
        let file = File::open(path).map_err(|error| failed(&error, path))?;
        let mapped = Mapped::new(&file).map_err(|error| failed(&error, path))?;
        Index::checked(Bytes::Mapped(mapped)).map_err(|error| named(error, path))
    }

    /// An index of bytes that are in memory.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Index> {
        Index::checked(Bytes::Owned(bytes))
    }

    fn checked(bytes: Bytes) -> Result<Index> {
        let header = Header::read(bytes.as_ref())?;
        let (expected, got) = (VOCABULARY.checksum(), header.vocabulary);
        if expected != got || header.words as usize != VOCABULARY.len() {
            let text = format!("expected an index of the words {expected:08x}, got one of {got:08x}; rebuild it");
            return Err(Error::Unsupported(text));
        }
        let wrong = || Error::Corrupt("expected an index that fits into memory, got a larger one".into());
        let layout = Layout::of(&header).ok_or_else(wrong)?;
        Ok(Index { bytes, header, layout })
    }

    /// What is known without reading on.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All bytes, as they are in a file.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The checksums of header and body: equal only for equal files.
    pub fn checksum(&self) -> u64 {
        u64::from(self.header.checksum) << 32 | u64::from(self.header.body_checksum)
    }

    /// Reads everything.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not as it was written, or not sound; [`Error::Cancelled`].
    pub fn verify(&self, stop: &Stop<'_>) -> Result<()> {
        verify::verify(self, stop)
    }

    /// The index in these bytes.
    pub fn view(&self) -> View<'_> {
        let part = |range: &Range<usize>| self.bytes().get(range.clone()).unwrap_or_default();
        View {
            rows: part(&self.layout.rows).as_chunks().0,
            starts: part(&self.layout.starts).as_chunks().0,
            packed: part(&self.layout.packed).as_chunks().0,
            images: part(&self.layout.images).as_chunks().0,
        }
    }
}

#[cfg(test)]
mod tests;
