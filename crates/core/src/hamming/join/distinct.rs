//! Identical codes, collapsed.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result, thousands};
use crate::hamming::Codes;

/// Positions are numbered in 31 bits: one is left to tell the sides of a join.
const MOST: usize = 1 << 31;
/// Codes to a bucket: its table fits the first cache.
const BUCKET: usize = 2048;
const EMPTY: u32 = u32::MAX;

/// The codes of a set that differ, numbered in the order of their first positions.
#[derive(Debug, PartialEq, Eq)]
pub struct Distinct {
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Distinct {
    /// Collapse identical codes.
    ///
    /// # Errors
    /// [`Error::Argument`] for more codes than can be numbered, [`Error::Cancelled`].
    pub fn of(codes: &Codes, cancel: &AtomicBool) -> Result<Distinct> {
        if codes.len() >= MOST {
            return Err(Error::Argument(format!(
                "expected fewer than {} codes, got {}",
                thousands(MOST as u64),
                thousands(codes.len() as u64)
            )));
        }
        let mut numbers = first_positions(codes, cancel)?;
        let count = number(&mut numbers);
        Ok(Distinct::from_numbers(numbers, count))
    }

    fn from_numbers(numbers: Vec<u32>, count: u32) -> Distinct {
        if count as usize == numbers.len() {
            return Distinct { starts: (0..=count).collect(), members: numbers };
        }
        let mut starts = vec![0; count as usize + 1];
        for number in &numbers {
            starts[*number as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut members = vec![0; numbers.len()];
        for (position, number) in (0..).zip(&numbers) {
            members[next[*number as usize] as usize] = position;
            next[*number as usize] += 1;
        }
        Distinct { starts, members }
    }

    /// How many codes differ.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Code c is that of the positions `members[starts[c]..starts[c + 1]]`.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Positions by code, ascending within each.
    pub fn members(&self) -> &[u32] {
        &self.members
    }

    /// The positions of one code.
    pub fn members_of(&self, number: u32) -> &[u32] {
        &self.members[self.starts[number as usize] as usize..self.starts[number as usize + 1] as usize]
    }
}

/// For each position, the first one with the same code.
///
/// Positions are dealt into buckets by a hash of the code, so that each bucket's table stays in a cache.
fn first_positions(codes: &Codes, cancel: &AtomicBool) -> Result<Vec<u32>> {
    let count = codes.len();
    let shift = 64 - (count / BUCKET).max(2).next_power_of_two().min(1 << 12).trailing_zeros();
    let mut starts = vec![0usize; (1 << (64 - shift)) + 1];
    for position in 0..count {
        starts[(hash(codes.code(position)) >> shift) as usize + 1] += 1;
    }
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    check(cancel)?;
    let mut next = starts.clone();
    let mut entries = vec![(0u32, 0u32); count];
    for position in 0..count {
        let hash = hash(codes.code(position));
        let place = &mut next[(hash >> shift) as usize];
        entries[*place] = (hash as u32, position as u32);
        *place += 1;
    }
    // Most codes are the only ones: what is not written again is not looked up all over the memory.
    let mut first: Vec<u32> = (0..count as u32).collect();
    let mut table = Vec::new();
    for bucket in starts.windows(2) {
        check(cancel)?;
        collapse(codes, &entries[bucket[0]..bucket[1]], &mut table, &mut first);
    }
    Ok(first)
}

/// One bucket's part of [`first_positions`], by a table with open addressing.
fn collapse(codes: &Codes, entries: &[(u32, u32)], table: &mut Vec<(u32, u32)>, first: &mut [u32]) {
    let size = (2 * entries.len()).next_power_of_two();
    table.clear();
    table.resize(size, (0, EMPTY));
    for &(tag, position) in entries {
        let mut at = tag as usize & (size - 1);
        loop {
            let (other_tag, other) = table[at];
            if other == EMPTY {
                table[at] = (tag, position);
                break;
            }
            if other_tag == tag && codes.code(other as usize) == codes.code(position as usize) {
                first[position as usize] = other;
                break;
            }
            at = (at + 1) & (size - 1);
        }
    }
}

/// Replaces each first position by the number of its code; how many there are.
fn number(first: &mut [u32]) -> u32 {
    let mut count = 0;
    for position in 0..first.len() {
        let before = first[position] as usize;
        if before == position {
            first[position] = count;
            count += 1;
        } else {
            first[position] = first[before];
        }
    }
    count
}

/// Both ends are well mixed: the high bits choose the bucket, the low ones the place in its table.
#[inline(always)]
fn hash(code: &[u64]) -> u64 {
    code.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, word| {
        let product = u128::from(hash ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93_a076_1d64_78bd_642f);
        (product as u64 ^ (product >> 64) as u64).wrapping_mul(0xe703_7ed1_a0b4_28db).rotate_left(29)
    })
}

fn check(cancel: &AtomicBool) -> Result<()> {
    if cancel.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
}
