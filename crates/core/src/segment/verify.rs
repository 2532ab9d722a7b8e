//! Reads a whole segment: is it what was written, and does it make sense?

use super::Segment;
use crate::error::{Error, Result};
use crate::hamming::Stop;
use crate::hamming::codes::top_mask;
use crate::hamming::distance::Stretch;
use crate::hamming::view::{Entries, Table, View, number, rotate};

/// Bytes, or codes, between two questions whether to stop.
const PIECE: usize = 1 << 22;

/// Checks the body's checksum, and then all that a search relies on.
///
/// # Errors
/// [`Error::Corrupt`] says what is wrong; [`Error::Cancelled`].
pub fn verify(segment: &Segment, stop: &Stop<'_>) -> Result<()> {
    let header = segment.header();
    let mut crc = crc32fast::Hasher::new();
    for piece in segment.bytes()[header.body()..].chunks(PIECE) {
        crc.update(piece);
        stop.check()?;
    }
    let (expected, got) = (header.body_checksum, crc.finalize());
    if expected != got {
        return Err(Error::Corrupt(format!(
            "expected contents with checksum {expected:08x}, got {got:08x}; rebuild it"
        )));
    }
    let view = segment.view();
    check_codes(&view, stop)?;
    check_rows(&view, stop)?;
    let sum = sum_of(view.codes.words, view.bits, 0, stop)?;
    for table in &view.tables {
        check_offsets(&view, table)?;
        match table.entries {
            Entries::Codes => check_buckets(&view, table, stop, |i| Some((bucket_of(&view, table, i)?, i)))?,
            Entries::Numbers(numbers) => check_buckets(&view, table, stop, |i| {
                let entry = number(numbers, i as usize);
                Some((bucket_of(&view, table, entry)?, entry))
            })?,
            Entries::Rotated(words) => {
                check_rotated(&view, table, words, stop)?;
                let back = view.bits - table.start;
                sound(sum_of(words, view.bits, back, stop)? == sum, "tables of the same codes")?;
            }
        }
    }
    Ok(())
}

fn sound(is: bool, what: &str) -> Result<()> {
    if is { Ok(()) } else { Err(Error::Corrupt(format!("expected {what}, got others; rebuild the index"))) }
}

/// A sum of all codes that does not depend on their order; they are rotated back first.
fn sum_of(words: &[[u8; 8]], bits: u32, back: u32, stop: &Stop<'_>) -> Result<u64> {
    let mut sum = 0u64;
    for piece in words.chunks(PIECE) {
        let code = |word: &[u8; 8]| rotate(u64::from_le_bytes(*word), bits, back);
        sum = piece.iter().fold(sum, |sum, word| sum.wrapping_add(mixed(code(word))));
        stop.check()?;
    }
    Ok(sum)
}

fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word ^ (word >> 29)
}

fn check_codes(view: &View<'_>, stop: &Stop<'_>) -> Result<()> {
    let words = |code: &[[u8; 8]]| -> Vec<u64> { code.iter().map(|word| u64::from_le_bytes(*word)).collect() };
    let unused = !top_mask(view.bits);
    let mut before: Vec<u64> = Vec::new();
    for (i, code) in view.codes.words.chunks_exact(view.codes.stride).enumerate() {
        if view.codes.stride == 1 {
            let now = u64::from_le_bytes(code[0]);
            let fits = before.first().is_none_or(|&before| before < now) && now & unused == 0;
            sound(fits, "codes in ascending order")?;
            before.clear();
            before.push(now);
        } else {
            let now = words(code);
            sound((i == 0 || before < now) && now[0] & unused == 0, "codes in ascending order")?;
            before = now;
        }
        if i % PIECE == 0 {
            stop.check()?;
        }
    }
    Ok(())
}

fn check_rows(view: &View<'_>, stop: &Stop<'_>) -> Result<()> {
    let mut smallest = u32::MAX;
    for (i, row) in view.rows.iter().enumerate() {
        smallest = smallest.min(u32::from_le_bytes(*row));
        if i % PIECE == 0 {
            stop.check()?;
        }
    }
    sound(view.rows.is_empty() || smallest == 0, "row numbers from the smallest")?;
    let Some(starts) = view.starts else { return Ok(()) };
    let ascending = starts.windows(2).all(|pair| u32::from_le_bytes(pair[0]) < u32::from_le_bytes(pair[1]));
    let ends = number(starts, view.distinct()) as usize == view.rows.len() && number(starts, 0) == 0;
    sound(ascending && ends, "rows for each code")?;
    for i in 0..view.distinct() as u32 {
        let rows = view.rows_of(i);
        let ascending = rows.windows(2).all(|pair| u32::from_le_bytes(pair[0]) <= u32::from_le_bytes(pair[1]));
        sound(ascending, "the rows of a code in ascending order")?;
        if (i as usize).is_multiple_of(PIECE) {
            stop.check()?;
        }
    }
    Ok(())
}

fn check_offsets(view: &View<'_>, table: &Table<'_>) -> Result<()> {
    let ascending = table.offsets.windows(2).all(|pair| u32::from_le_bytes(pair[0]) <= u32::from_le_bytes(pair[1]));
    let last = number(table.offsets, 1 << table.len) as usize;
    sound(ascending && number(table.offsets, 0) == 0 && last == view.distinct(), "buckets one after the other")
}

fn bucket_of(view: &View<'_>, table: &Table<'_>, index: u32) -> Option<u32> {
    let code = view.code(index)?;
    let word = |i: usize| u64::from_le_bytes(code[i]);
    Some(crate::hamming::codes::part(word, code.len(), view.bits, table.start, table.len))
}

/// Each entry in its own bucket, ascending: then there is none twice, and none is missing.
fn check_buckets(
    view: &View<'_>,
    table: &Table<'_>,
    stop: &Stop<'_>,
    entry: impl Fn(u32) -> Option<(u32, u32)>,
) -> Result<()> {
    for bucket in 0..1 << table.len {
        let Stretch { start, end } = table.stretch(bucket);
        let mut before = None;
        for i in start..end.min(view.distinct() as u32) {
            let (own, number) = entry(i).unzip();
            sound(own == Some(bucket) && before < number, "codes in their buckets")?;
            before = number;
        }
        if bucket % 65_536 == 0 {
            stop.check()?;
        }
    }
    Ok(())
}

fn check_rotated(view: &View<'_>, table: &Table<'_>, words: &[[u8; 8]], stop: &Stop<'_>) -> Result<()> {
    let down = view.bits - table.len;
    let mut before = None;
    for bucket in 0..1u64 << table.len {
        let Stretch { start, end } = table.stretch(bucket as u32);
        for word in words.get(start as usize..end as usize).unwrap_or_default() {
            let now = Some(u64::from_le_bytes(*word));
            sound(now.is_some_and(|now| now >> down == bucket) && before < now, "codes in their buckets")?;
            before = now;
        }
        if bucket % 65_536 == 0 {
            stop.check()?;
        }
    }
    Ok(())
}
