//! From codes to the bytes of a segment.
//!
//! Beside the codes and rows themselves (12 bytes a code of one word), building takes as much again to sort them;
//! with a path, what is finished goes to the file, so that 100 million codes take 2.4 GB.

use std::io::{self, BufWriter, Cursor, Seek, SeekFrom, Write};
use std::path::Path;

use super::Segment;
use super::file::{Temporary, failed};
use super::header::{Header, MOST_BYTES, Part};
use super::layout::{ALIGNMENT, Layout};
use super::sort::{PIECE, Sorted, by_key, sort};
use crate::error::{Error, Result};
use crate::hamming::codes::{Codes, part};
use crate::hamming::view::rotate;
use crate::hamming::{Stop, cost};

/// Gathers codes, and makes a segment of them.
#[derive(Debug)]
pub struct Builder {
    codes: Codes,
    rows: Option<Vec<i64>>,
}

impl Builder {
    /// For codes of so many bits, about `count` of them.
    ///
    /// # Errors
    /// [`Error::Argument`] for a width out of range.
    pub fn new(bits: u32, count: usize) -> Result<Builder> {
        Ok(Builder { codes: Codes::with_capacity(bits, count)?, rows: None })
    }

    /// Adds packed codes with their row numbers. Without, rows are counted from 0; then all must be without.
    ///
    /// # Errors
    /// [`Error::Argument`] if they do not fit together.
    pub fn push(&mut self, packed: &[u8], rows: Option<&[i64]>) -> Result<()> {
        let before = self.codes.len();
        self.codes.push_packed(packed)?;
        let added = self.codes.len() - before;
        match (rows, &mut self.rows) {
            (None, None) => {}
            (Some(rows), _) if rows.len() != added => {
                return Err(Error::Argument(format!("expected {added} row numbers, one a code, got {}", rows.len())));
            }
            (Some(rows), Some(all)) => all.extend_from_slice(rows),
            (Some(rows), all) if before == 0 => *all = Some(rows.to_vec()),
            _ => return Err(Error::Argument("expected row numbers for all codes or for none, got some".into())),
        }
        Ok(())
    }

    /// Makes the segment, in a file or in memory; `tables` is how many, for tests.
    ///
    /// # Errors
    /// [`Error::Argument`] for row numbers too far apart; [`Error::Io`]; [`Error::Cancelled`].
    pub fn finish(
        self,
        about: Vec<(String, String)>,
        path: Option<&Path>,
        tables: Option<u32>,
        stop: &Stop<'_>,
    ) -> Result<Segment> {
        let bits = self.codes.bits();
        let (rows, first_row) = offsets(self.rows, self.codes.len())?;
        let sorted = sort(self.codes, rows, stop)?;
        let distinct = sorted.words.len() / bits.div_ceil(64) as usize;
        let header = Header {
            bits,
            rows: sorted.rows.len() as u64,
            distinct: distinct as u64,
            first_row,
            tables: parts(bits, tables.unwrap_or_else(|| cost::tables(bits, distinct))),
            about,
            length: 0,
            body_checksum: 0,
            checksum: 0,
        };
        let Some(path) = path else {
            let memory = io_result(write(Cursor::new(Vec::new()), header, &sorted, stop), Path::new("memory"))?;
            return Segment::from_bytes(memory.into_inner());
        };
        let temporary = Temporary::beside(path)?;
        io_result(write(&temporary.file, header, &sorted, stop), path)?;
        temporary.place(path)?;
        Segment::open(path)
    }
}

/// Row numbers less the smallest, and that.
fn offsets(rows: Option<Vec<i64>>, count: usize) -> Result<(Vec<u32>, i64)> {
    if u32::try_from(count).is_err() {
        return Err(Error::Argument(format!("expected fewer than 2**32 codes, got {count}; use several indexes")));
    }
    let Some(rows) = rows else { return Ok(((0..count as u32).collect(), 0)) };
    let first = rows.iter().copied().min().unwrap_or(0);
    let last = rows.iter().copied().max().unwrap_or(0);
    if u32::try_from(last.abs_diff(first)).is_err() {
        let text = format!("expected row numbers within 2**32 of the smallest, {first}, got {last}");
        return Err(Error::Argument(text));
    }
    Ok((rows.iter().map(|row| row.abs_diff(first) as u32).collect(), first))
}

fn parts(bits: u32, tables: u32) -> Vec<Part> {
    let mut start = 0;
    cost::split(bits, tables.clamp(bits.div_ceil(24), bits))
        .into_iter()
        .map(|len| {
            start += len;
            Part { start: start - len, len }
        })
        .collect()
}

/// What can go wrong while writing: the system, or the caller stops it.
pub(crate) enum Failure {
    Io(io::Error),
    Other(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Other(error)
    }
}

pub(crate) fn io_result<T>(result: std::result::Result<T, Failure>, path: &Path) -> Result<T> {
    result.map_err(|failure| match failure {
        Failure::Io(error) => failed(&error, path),
        Failure::Other(error) => error,
    })
}

/// Writes all parts, and then the header before them.
fn write<W: Write + Seek>(
    to: W,
    mut header: Header,
    sorted: &Sorted,
    stop: &Stop<'_>,
) -> std::result::Result<W, Failure> {
    let too_large = || Error::Argument("expected an index that fits into memory, got a larger one".into());
    header.length = Layout::of(&header).ok_or_else(too_large)?.end;
    if header.size() > MOST_BYTES as u64 {
        let text = format!("expected at most {MOST_BYTES} bytes of header, got {}; keep less about it", header.size());
        return Err(Error::Argument(text).into());
    }
    let mut sink =
        Sink { to: BufWriter::with_capacity(1 << 18, to), at: header.size(), crc: crc32fast::Hasher::new(), stop };
    sink.to.write_all(&header.write())?;
    sink.numbers(&sorted.words, u64::to_le_bytes)?;
    sink.numbers(&sorted.rows, u32::to_le_bytes)?;
    if let Some(starts) = &sorted.starts {
        sink.numbers(starts, u32::to_le_bytes)?;
    }
    for (number, &part) in header.tables.iter().enumerate() {
        if header.bits <= 64 {
            write_rotated(&mut sink, number == 0, part, header.bits, &sorted.words)?;
        } else {
            write_numbers(&mut sink, number == 0, part, header.bits, &sorted.words)?;
        }
    }
    sink.align()?;
    header.body_checksum = sink.crc.finalize();
    let mut to = sink.to.into_inner().map_err(io::IntoInnerError::into_error)?;
    to.seek(SeekFrom::Start(0))?;
    to.write_all(&header.write())?;
    Ok(to)
}

/// A table of codes of one word. The first has no entries of its own.
fn write_rotated<W: Write>(
    sink: &mut Sink<'_, W>,
    first: bool,
    part: Part,
    bits: u32,
    words: &[u64],
) -> std::result::Result<(), Failure> {
    let bucket = |code: u64| (code >> (bits - part.len)) as usize;
    if first {
        return sink.offsets(part.len, words.iter().map(|&code| bucket(code)));
    }
    let mut rotated = Vec::with_capacity(words.len());
    for piece in words.chunks(PIECE) {
        rotated.extend(piece.iter().map(|&code| rotate(code, bits, part.start)));
        sink.stop.check()?;
    }
    by_key(&mut rotated, &mut vec![(); words.len()], bits, sink.stop)?;
    sink.offsets(part.len, rotated.iter().map(|&code| bucket(code)))?;
    sink.numbers(&rotated, u64::to_le_bytes)
}

/// A table of wider codes. The first has no entries of its own.
fn write_numbers<W: Write>(
    sink: &mut Sink<'_, W>,
    first: bool,
    Part { start, len }: Part,
    bits: u32,
    words: &[u64],
) -> std::result::Result<(), Failure> {
    let stride = bits.div_ceil(64) as usize;
    let bucket = |code: &[u64]| part(|i| code[i], stride, bits, start, len) as usize;
    let offsets = sink.offsets(len, words.chunks_exact(stride).map(bucket));
    if first {
        return offsets;
    }
    offsets?;
    let mut next = counted(len, words.chunks_exact(stride).map(bucket), sink.stop)?;
    let mut entries = vec![0u32; words.len() / stride];
    for (number, code) in words.chunks_exact(stride).enumerate() {
        let at = &mut next[bucket(code)];
        entries[*at as usize] = number as u32;
        *at += 1;
        if number % PIECE == 0 {
            sink.stop.check()?;
        }
    }
    sink.numbers(&entries, u32::to_le_bytes)
}

/// Where each of the buckets begins, and the end of the last.
///
/// # Errors
/// [`Error::Cancelled`].
fn counted(len: u32, buckets: impl Iterator<Item = usize>, stop: &Stop<'_>) -> Result<Vec<u32>> {
    let mut offsets = vec![0u32; (1 << len) + 1];
    for (number, bucket) in buckets.enumerate() {
        offsets[bucket] += 1;
        if number % PIECE == 0 {
            stop.check()?;
        }
    }
    let mut sum = 0;
    for offset in &mut offsets {
        sum += std::mem::replace(offset, sum);
    }
    Ok(offsets)
}

/// Writes, counts and sums up.
pub(crate) struct Sink<'a, W: Write> {
    pub to: BufWriter<W>,
    pub at: u64,
    pub crc: crc32fast::Hasher,
    pub stop: &'a Stop<'a>,
}

impl<W: Write> Sink<'_, W> {
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.at += bytes.len() as u64;
        self.to.write_all(bytes)
    }

    pub fn align(&mut self) -> io::Result<()> {
        let padding = (self.at.next_multiple_of(ALIGNMENT) - self.at) as usize;
        self.put(&[0; ALIGNMENT as usize][..padding])
    }

    /// A part of the file.
    pub fn numbers<T: Copy, const N: usize>(
        &mut self,
        numbers: &[T],
        bytes: impl Fn(T) -> [u8; N],
    ) -> std::result::Result<(), Failure> {
        self.align()?;
        let mut buffer = Vec::with_capacity(N << 15);
        for piece in numbers.chunks(1 << 15) {
            buffer.clear();
            buffer.extend(piece.iter().flat_map(|&number| bytes(number)));
            self.put(&buffer)?;
            self.stop.check()?;
        }
        Ok(())
    }

    fn offsets(&mut self, len: u32, buckets: impl Iterator<Item = usize>) -> std::result::Result<(), Failure> {
        self.numbers(&counted(len, buckets, self.stop)?, u32::to_le_bytes)
    }
}
