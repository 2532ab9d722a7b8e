//! The first bytes of an index of keypoints, laid out as those of a segment of codes.
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic: a byte that begins no text, then `LOOKKEY` |
//! | 8 | 4 | version of the format, 1 |
//! | 12 | 4 | words |
//! | 16 | 8 | images |
//! | 24 | 8 | entries |
//! | 32 | 4 | CRC-32 of the vocabulary |
//! | 36 | 8 | zero |
//! | 44 | 4 | entries of about |
//! | 48 | 8 | bytes of the file |
//! | 56 | 4 | CRC-32 of all bytes after the header |
//! | 60 | 4 | bytes of the header |
//! | 64 | | about: for each entry the bytes of its name (4), the name, the bytes of its text (4), the text |
//! | the last | 4 | CRC-32 of the header before |

use std::ops::Range;

use crate::error::{Error, Result};
use crate::segment::header::{FIXED, Fields, MOST_BYTES, checked};
use crate::segment::layout::{ALIGNMENT, Cursor};

/// What every index of keypoints begins with.
pub const MAGIC: [u8; 8] = *b"\x8FLOOKKEY";
/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// What an index says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Lists.
    pub words: u32,
    /// Images, those without keypoints included.
    pub images: u64,
    /// Keypoints of all.
    pub entries: u64,
    /// CRC-32 of the vocabulary.
    pub vocabulary: u32,
    /// What the caller keeps with it.
    pub about: Vec<(String, String)>,
    /// Bytes of the file.
    pub length: u64,
    /// CRC-32 of all after the header.
    pub body_checksum: u32,
    /// CRC-32 of the header itself.
    pub checksum: u32,
}

/// The parts of an index, as bytes of the file.
#[derive(Debug)]
pub struct Layout {
    /// Row numbers of the images.
    pub rows: Range<usize>,
    /// Where each list begins, and the end of the last.
    pub starts: Range<usize>,
    /// What the lists have of each keypoint.
    pub packed: Range<usize>,
    /// And of which image it is.
    pub images: Range<usize>,
    /// The end of the file.
    pub end: u64,
}

impl Header {
    /// Its bytes, with the checksum.
    pub fn size(&self) -> u64 {
        let about: usize = self.about.iter().map(|(name, text)| 8 + name.len() + text.len()).sum();
        (FIXED + about + 4) as u64
    }

    /// The bytes of the file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend([VERSION, self.words].iter().flat_map(|number| number.to_le_bytes()));
        out.extend([self.images, self.entries].iter().flat_map(|number| number.to_le_bytes()));
        out.extend([self.vocabulary, 0, 0, self.about.len() as u32].iter().flat_map(|number| number.to_le_bytes()));
        out.extend(self.length.to_le_bytes());
        out.extend([self.body_checksum, self.size() as u32].iter().flat_map(|number| number.to_le_bytes()));
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
            let text = format!("expected an index of keypoints, which begins with {MAGIC:02x?}, got {magic:02x?}");
            return Err(Error::Corrupt(text));
        }
        let version = fields.number()?;
        if version != VERSION {
            let text = format!("expected an index of version {VERSION}, got version {version}; rebuild it");
            return Err(Error::Unsupported(text));
        }
        checked(bytes)?;
        let words = fields.number()?;
        let [images, entries] = [fields.long()?, fields.long()?];
        let [vocabulary, _, _, about] = [fields.number()?, fields.number()?, fields.number()?, fields.number()?];
        let length = fields.long()?;
        let [body_checksum, size] = [fields.number()?, fields.number()?];
        let about = (0..about).map(|_| Ok((fields.text()?, fields.text()?))).collect::<Result<Vec<_>>>()?;
        let checksum = fields.number()?;
        let header = Header { words, images, entries, vocabulary, about, length, body_checksum, checksum };
        header.check(size, bytes.len())?;
        Ok(header)
    }

    /// Refuses what no builder writes.
    fn check(&self, size: u32, length: usize) -> Result<()> {
        if self.length != length as u64 {
            return Err(Error::Corrupt(format!("expected a file of {} bytes, got {length}", self.length)));
        }
        let counts = self.images <= u64::from(u32::MAX) && self.entries <= u64::from(u32::MAX);
        let end = Layout::of(self).map(|layout| layout.end);
        if !counts || u64::from(size) != self.size() || end != Some(self.length) {
            return Err(Error::Corrupt("expected a sound header, got counts that do not fit together".into()));
        }
        Ok(())
    }

    /// Refuses more about it than is read back.
    ///
    /// # Errors
    /// [`Error::Argument`].
    pub fn check_size(&self) -> Result<()> {
        if self.size() <= MOST_BYTES as u64 {
            return Ok(());
        }
        let text = format!("expected at most {MOST_BYTES} bytes of header, got {}; keep less about it", self.size());
        Err(Error::Argument(text))
    }
}

impl Layout {
    /// Where the parts are: it follows from the header.
    pub fn of(header: &Header) -> Option<Layout> {
        let mut cursor = Cursor(header.size());
        let rows = cursor.take(header.images, 8)?;
        let starts = cursor.take(u64::from(header.words) + 1, 4)?;
        let packed = cursor.take(header.entries, 8)?;
        let images = cursor.take(header.entries, 4)?;
        Some(Layout { rows, starts, packed, images, end: cursor.0.checked_next_multiple_of(ALIGNMENT)? })
    }
}
