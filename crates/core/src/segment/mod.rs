//! A segment: one immutable index file for exact Hamming search. What is searched is the bytes of the file.
//!
//! All numbers are little-endian. Every part begins at a multiple of 64 bytes; what lies between is zero.
//!
//! | part | bytes | what |
//! |---|---|---|
//! | header | see [`header`] | magic, version, counts, tables, about, checksums |
//! | codes | 8 a word | the distinct codes, ascending: `ceil(bits / 64)` words each, the most significant first |
//! | rows | 4 a row | row numbers less the smallest, in the order of the codes, ascending for each code |
//! | starts | 4 a code, and 4 | where the rows of each code begin, and the end; only if some code has several rows |
//! | for each table: offsets | 4 a bucket, and 4 | where each bucket begins, and the end of the last |
//! | for each table: entries | | what lies in the buckets, see below |
//!
//! A table sorts the codes by `len` bits that begin `start` bits below the top; the parts of all tables make up
//! the whole code. The first table has the top bits, so that the codes are its entries. The entries of the others are,
//! for codes of one word, the codes themselves, rotated to the left by `start` bits, in ascending order: a bucket is
//! swept in one go, and the number of a code, which only a hit needs, is looked up in the first table. For wider
//! codes, copies would be dear (16 tables of 32 bytes for 256 bits); their entries are the codes' numbers (4 bytes
//! each), ascending in each bucket.
//!
//! For 64 bits and 10 to 100 million codes that is 28 bytes a code and 33 MB; for 256 bits and a million, about 100.
//!
//! Opening looks at the header, whose checksum covers the body's, and at the exact length. [`Segment::verify`] reads
//! everything. The checksums are CRC-32: of several ways to read gigabytes in a second it is the one that is in the
//! tree already, and it cannot miss a burst of up to 32 bits. Both together are [`Segment::checksum`].

pub(crate) mod build;
pub(crate) mod file;
pub mod header;
pub(crate) mod layout;
pub(crate) mod mapped;
mod sort;
mod verify;

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};
use crate::hamming::Stop;
use crate::hamming::view::{Entries, Table, View, number};
use header::Header;
use layout::{Contents, Layout};
use mapped::Mapped;

pub use build::Builder;

/// An index in memory or in a mapped file.
#[derive(Debug)]
pub struct Segment {
    bytes: Bytes,
    header: Header,
    layout: Layout,
}

/// The bytes of a file, wherever they are.
#[derive(Debug)]
pub(crate) enum Bytes {
    Owned(Vec<u8>),
    Mapped(Mapped),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Bytes::Owned(bytes) => bytes,
            Bytes::Mapped(mapped) => mapped.as_ref(),
        }
    }
}

impl Segment {
    /// Maps a file into memory, which must not be changed as long as the segment is there.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Corrupt`] or [`Error::Unsupported`] if it is no index of this
    /// version, or not complete.
    pub fn open(path: &Path) -> Result<Segment> {
        let file = File::open(path).map_err(|error| file::failed(&error, path))?;
        let mapped = Mapped::new(&file).map_err(|error| file::failed(&error, path))?;
        Segment::checked(Bytes::Mapped(mapped)).map_err(|error| named(error, path))
    }

    /// A segment of bytes that are in memory.
    ///
    /// # Errors
    /// As [`Segment::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Segment> {
        Segment::checked(Bytes::Owned(bytes))
    }

    fn checked(bytes: Bytes) -> Result<Segment> {
        let header = Header::read(bytes.as_ref())?;
        let layout = Layout::new(&header)?;
        Ok(Segment { bytes, header, layout })
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
        let header = &self.header;
        let bytes = self.bytes();
        let tables = header.tables.iter().zip(&self.layout.tables).map(|(part, place)| Table {
            start: part.start,
            len: part.len,
            offsets: self.layout.numbers(bytes, &place.offsets),
            entries: match place.entries {
                Contents::Codes => Entries::Codes,
                Contents::Rotated(ref range) => Entries::Rotated(self.layout.words(bytes, range)),
                Contents::Numbers(ref range) => Entries::Numbers(self.layout.numbers(bytes, range)),
            },
        });
        View {
            bits: header.bits,
            codes: crate::hamming::distance::Words {
                words: self.layout.words(bytes, &self.layout.codes),
                stride: header.bits.div_ceil(64) as usize,
            },
            rows: self.layout.numbers(bytes, &self.layout.rows),
            starts: self.layout.starts.as_ref().map(|range| self.layout.numbers(bytes, range)),
            first_row: header.first_row,
            tables: tables.collect(),
        }
    }

    /// Packed codes and row numbers of all rows, by code, then row.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Corrupt`] if there are not as many as there should be.
    pub fn rows(&self, stop: &Stop<'_>) -> Result<(Vec<u8>, Vec<i64>)> {
        let view = self.view();
        let size = view.bits.div_ceil(8) as usize;
        let count = view.rows.len();
        let (mut codes, mut rows) = (Vec::with_capacity(count * size), Vec::with_capacity(count));
        for (i, code) in view.codes.words.chunks_exact(view.codes.stride).enumerate() {
            let packed: Vec<u8> = code.iter().flat_map(|word| word.iter().rev().copied()).collect();
            for row in view.rows_of(i as u32) {
                codes.extend_from_slice(&packed[packed.len() - size..]);
                rows.push(view.first_row.wrapping_add(i64::from(number(&[*row], 0))));
            }
            if i % 65_536 == 0 {
                stop.check()?;
            }
            if rows.len() > count {
                break;
            }
        }
        if rows.len() != count {
            let text = format!("expected an index of {count} rows, got {}; rebuild it", rows.len());
            return Err(Error::Corrupt(text));
        }
        Ok((codes, rows))
    }
}

/// An error with the file that it is about.
pub(crate) fn named(error: Error, path: &Path) -> Error {
    match error {
        Error::Corrupt(text) => Error::Corrupt(format!("{}: {text}", path.display())),
        Error::Unsupported(text) => Error::Unsupported(format!("{}: {text}", path.display())),
        other => other,
    }
}

#[cfg(test)]
mod tests;
