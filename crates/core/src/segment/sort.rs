//! Sorting codes by the tens of millions.
//!
//! By the highest bits first (11 at a time), until a part fits into a cache, where the standard library sorts it. Codes
//! that share many bits cost a look at each 11 of them, and nothing else.

use crate::error::Result;
use crate::hamming::Stop;
use crate::hamming::codes::Codes;

/// Bits that are sorted by at a time.
const DIGIT: u32 = 11;
/// Parts of so many are left to the standard library.
const SMALL: usize = 1 << 15;
/// Between two questions whether to stop.
pub const PIECE: usize = 1 << 19;

/// Codes in order, each once, with their rows.
#[derive(Debug)]
pub struct Sorted {
    /// The words of distinct codes, ascending.
    pub words: Vec<u64>,
    /// Rows by code, then number.
    pub rows: Vec<u32>,
    /// Where the rows of each code begin, and the end; `None` if each has one.
    pub starts: Option<Vec<u32>>,
}

/// Sorts codes, and rows with them.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn sort(codes: Codes, rows: Vec<u32>, stop: &Stop<'_>) -> Result<Sorted> {
    let (bits, stride) = (codes.bits(), codes.stride());
    if stride == 1 {
        let (mut words, mut rows) = (codes.into_words(), rows);
        by_key(&mut words, &mut rows, bits, stop)?;
        return collapsed(words, rows, 1, stop);
    }
    let mut keys: Vec<u64> = (0..codes.len()).map(|i| top_word(codes.code(i), bits)).collect();
    let mut order: Vec<u32> = (0..codes.len() as u32).collect();
    by_key(&mut keys, &mut order, 64, stop)?;
    sort_ties(&keys, &mut order, &codes, &rows, stop)?;
    drop(keys);
    let mut words = Vec::with_capacity(codes.words().len());
    for piece in order.chunks(PIECE) {
        words.extend(piece.iter().flat_map(|&i| codes.code(i as usize)));
        stop.check()?;
    }
    drop(codes);
    let rows = order.iter().map(|&i| rows[i as usize]).collect();
    collapsed(words, rows, stride, stop)
}

/// The highest 64 bits of a code of two words or more.
fn top_word(code: &[u64], bits: u32) -> u64 {
    match bits % 64 {
        0 => code[0],
        used => code[0] << (64 - used) | code[1] >> used,
    }
}

/// Sorts those with equal keys by all their words, then by row.
fn sort_ties(keys: &[u64], order: &mut [u32], codes: &Codes, rows: &[u32], stop: &Stop<'_>) -> Result<()> {
    let mut start = 0;
    let mut next = PIECE;
    for equal in keys.chunk_by(|a, b| a == b) {
        let whole = |&i: &u32| (codes.code(i as usize), rows[i as usize]);
        order[start..start + equal.len()].sort_unstable_by(|a, b| whole(a).cmp(&whole(b)));
        start += equal.len();
        if start >= next {
            stop.check()?;
            next = start + PIECE;
        }
    }
    Ok(())
}

/// Each code once.
fn collapsed(mut words: Vec<u64>, rows: Vec<u32>, stride: usize, stop: &Stop<'_>) -> Result<Sorted> {
    let mut starts: Vec<u32> = Vec::new();
    let mut kept = 0;
    for row in 0..rows.len() {
        if row % PIECE == 0 {
            stop.check()?;
        }
        let (before, now) = words.split_at(row * stride);
        if kept > 0 && before[(kept - 1) * stride..kept * stride] == now[..stride] {
            if starts.is_empty() {
                starts.extend(0..kept as u32);
            }
            continue;
        }
        if !starts.is_empty() {
            starts.push(row as u32);
        }
        words.copy_within(row * stride..(row + 1) * stride, kept * stride);
        kept += 1;
    }
    words.truncate(kept * stride);
    let starts = (!starts.is_empty()).then(|| {
        starts.push(rows.len() as u32);
        starts
    });
    Ok(Sorted { words, rows, starts })
}

/// Sorts keys of so many bits, and with equal keys what belongs to them.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn by_key<P: Copy + Ord + Default>(keys: &mut [u64], with: &mut [P], bits: u32, stop: &Stop<'_>) -> Result<()> {
    let mut spare = Spare { keys: vec![0; keys.len()], with: vec![P::default(); keys.len()], both: Vec::new() };
    spare.sort(keys, with, bits, stop)
}

/// Memory to sort in.
struct Spare<P> {
    keys: Vec<u64>,
    with: Vec<P>,
    both: Vec<(u64, P)>,
}

impl<P: Copy + Ord> Spare<P> {
    /// Sorts keys that differ in their lowest `bits` bits only.
    fn sort(&mut self, keys: &mut [u64], with: &mut [P], bits: u32, stop: &Stop<'_>) -> Result<()> {
        if keys.len() <= SMALL || bits == 0 {
            self.sort_small(keys, with);
            return stop.check();
        }
        let (digit, shift) = (DIGIT.min(bits), bits.saturating_sub(DIGIT));
        let place = |key: u64| (key >> shift) as usize & ((1 << digit) - 1);
        let mut ends = vec![0usize; 1 << digit];
        for piece in keys.chunks(PIECE) {
            piece.iter().for_each(|&key| ends[place(key)] += 1);
            stop.check()?;
        }
        if !ends.contains(&keys.len()) {
            self.scatter(keys, with, place, &mut ends, stop)?;
        } else {
            ends = vec![keys.len()];
        }
        let mut start = 0;
        for end in ends {
            if end - start > 1 {
                self.sort(&mut keys[start..end], &mut with[start..end], shift, stop)?;
            }
            start = end;
        }
        Ok(())
    }

    /// Brings keys with the same digit together; `ends` are their counts, and become where each digit ends.
    fn scatter(
        &mut self,
        keys: &mut [u64],
        with: &mut [P],
        place: impl Fn(u64) -> usize,
        ends: &mut [usize],
        stop: &Stop<'_>,
    ) -> Result<()> {
        let mut sum = 0;
        for end in ends.iter_mut() {
            sum += std::mem::replace(end, sum);
        }
        for (keys, with) in keys.chunks(PIECE).zip(with.chunks(PIECE)) {
            for (&key, &with) in keys.iter().zip(with) {
                let at = &mut ends[place(key)];
                self.keys[*at] = key;
                self.with[*at] = with;
                *at += 1;
            }
            stop.check()?;
        }
        for (to, from) in keys.chunks_mut(PIECE).zip(self.keys.chunks(PIECE)) {
            to.copy_from_slice(&from[..to.len()]);
            stop.check()?;
        }
        for (to, from) in with.chunks_mut(PIECE).zip(self.with.chunks(PIECE)) {
            to.copy_from_slice(&from[..to.len()]);
            stop.check()?;
        }
        Ok(())
    }

    fn sort_small(&mut self, keys: &mut [u64], with: &mut [P]) {
        self.both.clear();
        self.both.extend(keys.iter().copied().zip(with.iter().copied()));
        self.both.sort_unstable();
        for ((key, with), both) in keys.iter_mut().zip(with).zip(&self.both) {
            (*key, *with) = *both;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn large_and_skewed_keys_are_sorted() {
        let flag = AtomicBool::new(false);
        for mask in [u64::MAX, 0xFF, 0xFFFF_0000_0000_0003, 0] {
            let mut state = 1u64;
            let mut keys: Vec<u64> = (0..100_000)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                    (state ^ state >> 31) & mask
                })
                .collect();
            let mut rows: Vec<u32> = (0..100_000).rev().collect();
            let mut wanted: Vec<(u64, u32)> = keys.iter().copied().zip(rows.iter().copied()).collect();
            wanted.sort_unstable();
            by_key(&mut keys, &mut rows, 64, &Stop::following(&flag)).unwrap();
            assert!(keys.into_iter().zip(rows).eq(wanted));
        }
    }
}
