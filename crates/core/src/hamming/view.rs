//! An index as it lies in memory, whoever owns the memory.
//!
//! Whatever the bytes are, nothing here panics or reads out of bounds: a damaged index gives wrong answers until it
//! is verified.

use super::codes::{part, top_mask};
use super::distance::{Stretch, Words};

/// The parts of an index.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// Width of the codes.
    pub bits: u32,
    /// The distinct codes, ascending.
    pub codes: Words<'a>,
    /// Row numbers less the smallest, ascending for each code.
    pub rows: &'a [[u8; 4]],
    /// Where the rows of each code begin, and the end of all; not there if each code has one row.
    pub starts: Option<&'a [[u8; 4]]>,
    /// The smallest row number.
    pub first_row: i64,
    /// The same codes sorted into buckets by a part of them; the parts together are the whole code.
    pub tables: Vec<Table<'a>>,
}

/// Codes in buckets by a part of them.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    /// Bits above the part.
    pub start: u32,
    /// Bits of the part.
    pub len: u32,
    /// Where each bucket begins, and the end of the last.
    pub offsets: &'a [[u8; 4]],
    /// What is in the buckets.
    pub entries: Entries<'a>,
}

/// The contents of buckets.
#[derive(Debug, Clone, Copy)]
pub enum Entries<'a> {
    /// The sorted codes themselves: the part is at their top.
    Codes,
    /// Codes of one word each, rotated so that the part is at their top, ascending.
    Rotated(&'a [[u8; 8]]),
    /// Numbers of codes, ascending in each bucket.
    Numbers(&'a [[u8; 4]]),
}

/// One number of a list, 0 past its end.
#[inline(always)]
pub fn number(list: &[[u8; 4]], index: usize) -> u32 {
    list.get(index).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// A code of one word with the bits above `start` moved to its lower end.
#[inline(always)]
pub fn rotate(code: u64, bits: u32, start: u32) -> u64 {
    if start == 0 {
        return code;
    }
    ((code << start) | (code >> (bits - start))) & top_mask(bits)
}

impl Table<'_> {
    /// The bucket of a code.
    #[inline(always)]
    pub fn bucket(&self, bits: u32, code: &[u64]) -> u32 {
        part(|i| code[i], code.len(), bits, self.start, self.len)
    }

    /// The entries of a bucket.
    #[inline(always)]
    pub fn stretch(&self, bucket: u32) -> Stretch {
        let bucket = bucket as usize;
        Stretch { start: number(self.offsets, bucket), end: number(self.offsets, bucket + 1) }
    }
}

impl View<'_> {
    /// How many distinct codes there are.
    pub fn distinct(&self) -> usize {
        self.codes.words.len() / self.codes.stride
    }

    /// One code, or `None` past the last.
    #[inline(always)]
    pub fn code(&self, index: u32) -> Option<&[[u8; 8]]> {
        let stride = self.codes.stride;
        self.codes.words.get(index as usize * stride..(index as usize + 1) * stride)
    }

    /// Where the rows of a code are.
    #[inline(always)]
    pub fn rows_of(&self, index: u32) -> &[[u8; 4]] {
        let index = index as usize;
        let (start, end) = match self.starts {
            Some(starts) => (number(starts, index) as usize, number(starts, index + 1) as usize),
            None => (index, index + 1),
        };
        self.rows.get(start..end).unwrap_or_default()
    }

    /// How many rows a code has.
    #[inline(always)]
    pub fn copies(&self, index: u32) -> usize {
        if self.starts.is_some() { self.rows_of(index).len() } else { 1 }
    }

    /// The number of a code of one word.
    pub fn find(&self, code: u64) -> Option<u32> {
        let table = self.tables.first()?;
        let Stretch { start, end } = table.stretch(table.bucket(self.bits, &[code]));
        let bucket = self.codes.words.get(start as usize..end as usize)?;
        let at = bucket.binary_search_by_key(&code, |bytes| u64::from_le_bytes(*bytes)).ok()?;
        Some(start + at as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::rotate;

    #[test]
    fn rotation_is_undone_by_the_rest() {
        for (bits, start) in [(64, 22), (64, 43), (8, 3), (63, 62), (17, 0)] {
            let code = 0xFEDC_BA98_7654_3210 >> (64 - bits);
            let there = rotate(code, bits, start);
            assert_eq!(rotate(there, bits, (bits - start) % bits), code);
        }
        assert_eq!(rotate(0b1100_0001, 8, 3), 0b0000_1110);
    }
}
