//! One index of several: their lists one behind the other, without the images that were removed.

use std::collections::HashSet;
use std::io::{self, BufWriter, Cursor, Seek, SeekFrom, Write};
use std::path::Path;

use super::header::{Header, Layout};
use super::{Index, View};
use crate::error::{Error, Result};
use crate::hamming::Stop;
use crate::keypoint::words::VOCABULARY;
use crate::segment::build::{Failure, Sink, io_result};
use crate::segment::file::Temporary;

/// Bytes that are written at a time.
const PIECE: usize = 1 << 18;
/// An image that is left out.
const GONE: u32 = u32::MAX;

/// An index that becomes part of another.
#[derive(Debug)]
pub struct Part<'a> {
    view: View<'a>,
    /// The new number of each image.
    numbers: Vec<u32>,
}

impl<'a> Part<'a> {
    /// All images of an index but those with these rows; new numbers begin after `before` images.
    pub fn new(view: View<'a>, removed: &HashSet<i64>, before: &mut u32) -> Self {
        let number = |row: &[u8; 8]| {
            if *before == GONE || removed.contains(&i64::from_le_bytes(*row)) {
                return GONE;
            }
            *before += 1;
            *before - 1
        };
        Part { view, numbers: view.rows.iter().map(number).collect() }
    }

    fn number(&self, image: [u8; 4]) -> Option<u32> {
        self.numbers.get(u32::from_le_bytes(image) as usize).copied().filter(|&number| number != GONE)
    }

    fn images(&self, word: u32) -> impl Iterator<Item = u32> {
        self.view.images[self.view.list(word)].iter().filter_map(|&image| self.number(image))
    }

    fn packed(&self, word: u32) -> impl Iterator<Item = [u8; 8]> {
        let list = self.view.list(word);
        let both = self.view.packed[list.clone()].iter().zip(&self.view.images[list]);
        both.filter(|(_, image)| self.number(**image).is_some()).map(|(packed, _)| *packed)
    }

    fn rows(&self) -> impl Iterator<Item = [u8; 8]> {
        self.view.rows.iter().zip(&self.numbers).filter(|(_, number)| **number != GONE).map(|(row, _)| *row)
    }
}

/// One index of several, in a file or in memory; each has a set of rows that are left out.
///
/// # Errors
/// [`Error::Argument`] for too many images or keypoints; [`Error::Io`]; [`Error::Cancelled`].
pub fn merge(
    indexes: &[(&Index, HashSet<i64>)],
    about: Vec<(String, String)>,
    path: Option<&Path>,
    stop: &Stop<'_>,
) -> Result<Index> {
    let mut images = 0;
    let parts: Vec<Part<'_>> =
        indexes.iter().map(|(index, removed)| Part::new(index.view(), removed, &mut images)).collect();
    assemble(&parts, images, about, path, stop)
}

/// Writes the parts' lists.
pub fn assemble(
    parts: &[Part<'_>],
    images: u32,
    about: Vec<(String, String)>,
    path: Option<&Path>,
    stop: &Stop<'_>,
) -> Result<Index> {
    let starts = starts(parts, stop)?;
    let entries = u64::from(starts[starts.len() - 1]);
    let words = VOCABULARY.len() as u32;
    let vocabulary = VOCABULARY.checksum();
    let images = u64::from(images);
    let mut header = Header { words, images, entries, vocabulary, about, length: 0, body_checksum: 0, checksum: 0 };
    header.check_size()?;
    let too_large = || Error::Argument("expected an index that fits into memory, got a larger one".into());
    header.length = Layout::of(&header).ok_or_else(too_large)?.end;
    let Some(path) = path else {
        let memory = io_result(write(Cursor::new(Vec::new()), header, &starts, parts, stop), Path::new("memory"))?;
        return Index::from_bytes(memory.into_inner());
    };
    let temporary = Temporary::beside(path)?;
    io_result(write(&temporary.file, header, &starts, parts, stop), path)?;
    temporary.place(path)?;
    Index::open(path)
}

/// Where the list of each word begins, and the end of the last.
fn starts(parts: &[Part<'_>], stop: &Stop<'_>) -> Result<Vec<u32>> {
    let mut starts = vec![0];
    let mut end = 0u64;
    for word in 0..VOCABULARY.len() as u32 {
        end += parts.iter().map(|part| part.images(word).count() as u64).sum::<u64>();
        let too_many = |_| Error::Argument("expected fewer than 2**32 keypoints, got more; use several indexes".into());
        starts.push(u32::try_from(end).map_err(too_many)?);
        stop.check()?;
    }
    Ok(starts)
}

fn write<W: Write + Seek>(
    to: W,
    mut header: Header,
    starts: &[u32],
    parts: &[Part<'_>],
    stop: &Stop<'_>,
) -> std::result::Result<W, Failure> {
    let to = BufWriter::with_capacity(PIECE, to);
    let mut sink = Sink { to, at: header.size(), crc: crc32fast::Hasher::new(), stop };
    sink.to.write_all(&header.write())?;
    put(&mut sink, parts.iter().map(Part::rows))?;
    sink.numbers(starts, u32::to_le_bytes)?;
    let words = || (0..header.words).flat_map(|word| parts.iter().map(move |part| (word, part)));
    put(&mut sink, words().map(|(word, part)| part.packed(word)))?;
    put(&mut sink, words().map(|(word, part)| part.images(word).map(u32::to_le_bytes)))?;
    sink.align()?;
    header.body_checksum = sink.crc.finalize();
    let mut to = sink.to.into_inner().map_err(io::IntoInnerError::into_error)?;
    to.seek(SeekFrom::Start(0))?;
    to.write_all(&header.write())?;
    Ok(to)
}

/// A part of the file, from many short lists.
fn put<W: Write, I: Iterator<Item = [u8; N]>, const N: usize>(
    sink: &mut Sink<'_, W>,
    lists: impl Iterator<Item = I>,
) -> std::result::Result<(), Failure> {
    sink.align()?;
    let mut buffer = Vec::with_capacity(2 * PIECE);
    for list in lists {
        for item in list {
            buffer.extend(item);
            if buffer.len() >= PIECE {
                sink.put(&buffer)?;
                buffer.clear();
                sink.stop.check()?;
            }
        }
    }
    sink.put(&buffer)?;
    Ok(())
}
