//! Codes on their way through the partitions, with their numbers.

use std::ops::Range;

use super::Side;

/// This bit of a number tells that the code is one of the right side of a cross join.
pub const RIGHT: u32 = 1 << 31;
/// Codes that a sweep takes at a time: it may read as many past the end.
pub const STEP: usize = 16;

/// A code, or a choice of bits of one. Bit b is bit `b % 64` of word `b / 64`.
pub type Code<const W: usize> = [u64; W];

/// Codes and their numbers. Left ones come before right ones, here and in every part of a partition.
#[derive(Debug, Clone, Default)]
pub struct Items<const W: usize> {
    /// The codes, and [`STEP`] more that mean nothing.
    pub codes: Vec<Code<W>>,
    /// Their numbers.
    pub ids: Vec<u32>,
}

impl<const W: usize> Items<W> {
    /// The different codes of all sides.
    pub fn new(sides: &[Side]) -> Self {
        let total = sides.iter().map(|side| side.distinct.len()).sum();
        let mut items = Items { codes: Vec::with_capacity(total + STEP), ids: Vec::with_capacity(total) };
        for (flag, side) in [0, RIGHT].into_iter().zip(sides) {
            for number in 0..side.distinct.len() as u32 {
                let words = side.codes.code(side.distinct.members_of(number)[0] as usize);
                let mut code = [0; W];
                // The last word becomes the first: bits are numbered from the lowest.
                words.iter().rev().zip(&mut code).for_each(|(word, place)| *place = *word);
                items.codes.push(code);
                items.ids.push(number | flag);
            }
        }
        items.codes.resize(total + STEP, [0; W]);
        items
    }

    /// Makes room for so many.
    pub fn reserve(&mut self, count: usize) {
        if self.ids.len() < count {
            self.ids.resize(count, 0);
            self.codes.resize(count + STEP, [0; W]);
        }
    }

    /// Where in a part the right side begins.
    pub fn middle(&self, part: &Range<usize>) -> usize {
        part.start + self.ids[part.clone()].partition_point(|id| id & RIGHT == 0)
    }
}

/// A choice of the lowest bits.
pub fn lowest_bits<const W: usize>(count: u32) -> Code<W> {
    let mut mask = [0; W];
    (0..count as usize).for_each(|bit| set_bit(&mut mask, bit));
    mask
}

/// Adds a bit to a choice.
pub fn set_bit<const W: usize>(mask: &mut Code<W>, bit: usize) {
    mask[bit / 64] |= 1 << (bit % 64);
}

/// The bits of a choice, ascending.
pub fn bits_of<const W: usize>(mask: &Code<W>) -> impl Iterator<Item = usize> {
    (0..64 * W).filter(|bit| mask[bit / 64] >> (bit % 64) & 1 == 1)
}

/// Where two codes differ.
#[inline(always)]
pub fn difference<const W: usize>(one: &Code<W>, other: &Code<W>) -> Code<W> {
    std::array::from_fn(|word| one[word] ^ other[word])
}

/// Whether two choices have a bit in common.
#[inline(always)]
pub fn meet<const W: usize>(one: &Code<W>, other: &Code<W>) -> bool {
    let mut all = 0;
    for word in 0..W {
        all |= one[word] & other[word];
    }
    all != 0
}
