//! Reads a whole index: is it what was written, and does it make sense?

use super::Index;
use crate::error::{Error, Result};
use crate::hamming::Stop;
use crate::hamming::view::number;

/// Bytes between two questions whether to stop.
const PIECE: usize = 1 << 22;

/// Checks the body's checksum, and then all that a search relies on.
///
/// # Errors
/// [`Error::Corrupt`] says what is wrong; [`Error::Cancelled`].
pub fn verify(index: &Index, stop: &Stop<'_>) -> Result<()> {
    let header = index.header();
    let mut crc = crc32fast::Hasher::new();
    for piece in index.bytes()[header.size() as usize..].chunks(PIECE) {
        crc.update(piece);
        stop.check()?;
    }
    let (expected, got) = (header.body_checksum, crc.finalize());
    if expected != got {
        let text = format!("expected contents with checksum {expected:08x}, got {got:08x}; rebuild it");
        return Err(Error::Corrupt(text));
    }
    let view = index.view();
    let ascending = view.starts.windows(2).all(|pair| u32::from_le_bytes(pair[0]) <= u32::from_le_bytes(pair[1]));
    let last = number(view.starts, header.words as usize) as usize;
    sound(ascending && number(view.starts, 0) == 0 && last == view.packed.len(), "lists one after the other")?;
    for word in 0..header.words {
        let images = &view.images[view.list(word)];
        let ascending = images.windows(2).all(|pair| u32::from_le_bytes(pair[0]) <= u32::from_le_bytes(pair[1]));
        let there = images.last().is_none_or(|last| u64::from(u32::from_le_bytes(*last)) < header.images);
        sound(ascending && there, "the images of a word in ascending order")?;
        stop.check()?;
    }
    Ok(())
}

fn sound(is: bool, what: &str) -> Result<()> {
    if is { Ok(()) } else { Err(Error::Corrupt(format!("expected {what}, got others; rebuild the index"))) }
}
