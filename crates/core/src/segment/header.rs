//! The first bytes of a segment.
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic: a byte that begins no text, then `LOOKSEG` |
//! | 8 | 4 | version of the format, 1 |
//! | 12 | 4 | bits a code |
//! | 16 | 8 | rows |
//! | 24 | 8 | distinct codes |
//! | 32 | 8 | the smallest row number, signed |
//! | 40 | 4 | tables |
//! | 44 | 4 | entries of about |
//! | 48 | 8 | bytes of the file |
//! | 56 | 4 | CRC-32 of all bytes after the header |
//! | 60 | 4 | bytes of the header |
//! | 64 | 8 a table | `start` and `len` of its part |
//! | then | | about: for each entry the bytes of its name (4), the name, the bytes of its text (4), the text |
//! | the last | 4 | CRC-32 of the header before |

use super::layout::ALIGNMENT;
use crate::error::{Error, Result};
use crate::hamming::codes::MOST_BITS;

/// What every segment begins with.
pub const MAGIC: [u8; 8] = *b"\x8FLOOKSEG";
/// The version of the format that this program writes, and the only one that it reads.
pub const VERSION: u32 = 1;
/// The most bytes of a header: opening reads it whole.
pub const MOST_BYTES: usize = 1 << 20;
/// Where the tables begin.
pub(crate) const FIXED: usize = 64;
/// The most bits of a part of a code.
const MOST_LEN: u32 = 30;

/// A part of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Bits above it.
    pub start: u32,
    /// Its bits.
    pub len: u32,
}

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Width of the codes.
    pub bits: u32,
    /// Rows.
    pub rows: u64,
    /// Distinct codes.
    pub distinct: u64,
    /// The smallest row number.
    pub first_row: i64,
    /// The part of each table.
    pub tables: Vec<Part>,
    /// What the caller keeps with it.
    pub about: Vec<(String, String)>,
    /// Bytes of the file.
    pub length: u64,
    /// CRC-32 of all after the header.
    pub body_checksum: u32,
    /// CRC-32 of the header itself.
    pub checksum: u32,
}

impl Header {
    /// Whether some code has several rows.
    pub fn has_starts(&self) -> bool {
        self.rows != self.distinct
    }

    /// Its bytes, with the checksum.
    pub fn size(&self) -> u64 {
        let about: usize = self.about.iter().map(|(name, text)| 8 + name.len() + text.len()).sum();
        (FIXED + 8 * self.tables.len() + about + 4) as u64
    }

    /// The bytes of the file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend([VERSION, self.bits].iter().flat_map(|number| number.to_le_bytes()));
        out.extend([self.rows, self.distinct].iter().flat_map(|number| number.to_le_bytes()));
        out.extend(self.first_row.to_le_bytes());
        out.extend([self.tables.len() as u32, self.about.len() as u32].iter().flat_map(|number| number.to_le_bytes()));
        out.extend(self.length.to_le_bytes());
        out.extend([self.body_checksum, self.size() as u32].iter().flat_map(|number| number.to_le_bytes()));
        for part in &self.tables {
            out.extend([part.start, part.len].iter().flat_map(|number| number.to_le_bytes()));
        }
        for text in self.about.iter().flat_map(|(name, text)| [name, text]) {
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
        }
        out.extend(crc32fast::hash(&out).to_le_bytes());
        out
    }

    /// Reads and checks the header of a file of which all bytes are given.
    ///
    /// # Errors
    /// [`Error::Corrupt`], or [`Error::Unsupported`] for another version.
    pub fn read(bytes: &[u8]) -> Result<Header> {
        let mut fields = Fields(bytes);
        let magic = fields.take::<8>()?;
        if magic != MAGIC {
            return Err(Error::Corrupt(format!(
                "expected an index file, which begins with {MAGIC:02x?}, got {magic:02x?}"
            )));
        }
        let version = fields.number()?;
        if version != VERSION {
            let text = format!("expected an index file of version {VERSION}, got version {version}; rebuild it");
            return Err(Error::Unsupported(text));
        }
        checked(bytes)?;
        let bits = fields.number()?;
        let [rows, distinct, first_row] = [fields.long()?, fields.long()?, fields.long()?];
        let [tables, about] = [fields.number()?, fields.number()?];
        let length = fields.long()?;
        let [body_checksum, size] = [fields.number()?, fields.number()?];
        let tables = (0..tables).map(|_| Ok(Part { start: fields.number()?, len: fields.number()? }));
        let tables = tables.collect::<Result<Vec<Part>>>()?;
        let about = (0..about).map(|_| Ok((fields.text()?, fields.text()?))).collect::<Result<Vec<_>>>()?;
        let checksum = fields.number()?;
        let first_row = first_row as i64;
        let header = Header { bits, rows, distinct, first_row, tables, about, length, body_checksum, checksum };
        header.check(size, bytes.len())?;
        Ok(header)
    }

    /// Refuses what no builder writes.
    fn check(&self, size: u32, length: usize) -> Result<()> {
        if self.length != length as u64 {
            return Err(Error::Corrupt(format!("expected a file of {} bytes, got {length}", self.length)));
        }
        let mut next = 0;
        let parts = self.tables.iter().all(|part| {
            let follows = part.start == next && (1..=MOST_LEN).contains(&part.len);
            next = next.saturating_add(part.len);
            follows
        });
        let counts = self.distinct <= self.rows && self.rows <= u64::from(u32::MAX);
        let sound = (1..=MOST_BITS).contains(&self.bits) && parts && next == self.bits && counts;
        if !sound || u64::from(size) != self.size() {
            return Err(Error::Corrupt("expected a sound header, got counts that do not fit together".into()));
        }
        Ok(())
    }

    /// Where the body's checksum begins to count.
    pub fn body(&self) -> usize {
        self.size() as usize
    }

    /// Bytes until the first part.
    pub fn padding(&self) -> usize {
        (self.size().next_multiple_of(ALIGNMENT) - self.size()) as usize
    }
}

/// Compares the header's checksum before anything in it is believed but its size.
pub(crate) fn checked(bytes: &[u8]) -> Result<()> {
    let size = Fields(bytes.get(60..).unwrap_or_default()).number()? as usize;
    if !(FIXED + 4..=MOST_BYTES).contains(&size) || size > bytes.len() {
        let text = format!("expected a header within the file's {} bytes, got one of {size}", bytes.len());
        return Err(Error::Corrupt(text));
    }
    let (header, checksum) = bytes[..size].split_at(size - 4);
    let (expected, got) = (Fields(checksum).number()?, crc32fast::hash(header));
    if expected != got {
        return Err(Error::Corrupt(format!("expected a header with checksum {expected:08x}, got {got:08x}")));
    }
    Ok(())
}

/// Reads numbers and texts from the front.
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(*first)
    }

    pub fn number(&mut self) -> Result<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub fn long(&mut self) -> Result<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub fn text(&mut self) -> Result<String> {
        let size = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(size).ok_or_else(too_short)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map_err(|_| Error::Corrupt("expected text in UTF-8, got other bytes".into()))
    }
}

fn too_short() -> Error {
    Error::Corrupt("expected the header of an index, got a file that ends within it".into())
}
