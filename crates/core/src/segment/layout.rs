//! Where the parts of a segment are: it follows from its header.

use std::ops::Range;

use super::header::Header;
use crate::error::{Error, Result};

/// Parts begin at multiples of this.
pub const ALIGNMENT: u64 = 64;

/// The parts of a segment, as bytes of the file.
#[derive(Debug)]
pub struct Layout {
    /// The distinct codes.
    pub codes: Range<usize>,
    /// Row numbers.
    pub rows: Range<usize>,
    /// Where the rows of codes begin.
    pub starts: Option<Range<usize>>,
    /// The tables.
    pub tables: Vec<Place>,
    /// The end of the file.
    pub end: u64,
}

/// Where a table is.
#[derive(Debug)]
pub struct Place {
    /// The beginnings of buckets.
    pub offsets: Range<usize>,
    /// What is in them.
    pub entries: Contents,
}

/// What is in the buckets of a table, and where.
#[derive(Debug)]
pub enum Contents {
    /// The codes.
    Codes,
    /// Rotated copies.
    Rotated(Range<usize>),
    /// Numbers of codes.
    Numbers(Range<usize>),
}

/// Takes parts one after the other.
pub(crate) struct Cursor(pub u64);

impl Cursor {
    pub fn take(&mut self, items: u64, size: u64) -> Option<Range<usize>> {
        let start = self.0.checked_next_multiple_of(ALIGNMENT)?;
        let end = start.checked_add(items.checked_mul(size)?)?;
        self.0 = end;
        Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }
}

impl Layout {
    /// The layout, if the file is exactly as long as it says.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn new(header: &Header) -> Result<Layout> {
        let wrong = || Error::Corrupt("expected an index that fits into memory, got a larger one".into());
        let layout = Layout::of(header).ok_or_else(wrong)?;
        if layout.end != header.length {
            let text = format!("expected {} bytes, as follows from the counts, got {}", layout.end, header.length);
            return Err(Error::Corrupt(text));
        }
        Ok(layout)
    }

    /// The layout of what is to be written.
    pub fn of(header: &Header) -> Option<Layout> {
        let mut cursor = Cursor(header.size());
        let single = header.bits <= 64;
        let codes = cursor.take(header.distinct, 8 * u64::from(header.bits.div_ceil(64)))?;
        let rows = cursor.take(header.rows, 4)?;
        let starts = if header.has_starts() { Some(cursor.take(header.distinct + 1, 4)?) } else { None };
        let mut tables = Vec::new();
        for (number, part) in header.tables.iter().enumerate() {
            let offsets = cursor.take((1 << part.len) + 1, 4)?;
            let entries = match (number, single) {
                (0, _) => Contents::Codes,
                (_, true) => Contents::Rotated(cursor.take(header.distinct, 8)?),
                (_, false) => Contents::Numbers(cursor.take(header.distinct, 4)?),
            };
            tables.push(Place { offsets, entries });
        }
        Some(Layout { codes, rows, starts, tables, end: cursor.0.checked_next_multiple_of(ALIGNMENT)? })
    }

    /// Words of eight bytes.
    pub fn words<'a>(&self, bytes: &'a [u8], range: &Range<usize>) -> &'a [[u8; 8]] {
        bytes.get(range.clone()).unwrap_or_default().as_chunks::<8>().0
    }

    /// Numbers of four bytes.
    pub fn numbers<'a>(&self, bytes: &'a [u8], range: &Range<usize>) -> &'a [[u8; 4]] {
        bytes.get(range.clone()).unwrap_or_default().as_chunks::<4>().0
    }
}
