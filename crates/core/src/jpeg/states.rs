//! Tables for stepping through blocks of which nothing but the mean is wanted (`stream.rs`).

use super::bits::{Bits, extended};
use super::huffman::{BLOCK, Codes, Spec, skip_symbol};
use crate::error::Result;

/// Bits that are looked up at a time. With 12 or 13 fewer look-ups are needed, but the tables of two components
/// no longer fit into the nearest cache, and take longer to make: photos of 0.2 megapixels took 10 and 40 %
/// more time.
pub(super) const WIDTH: u32 = 11;
pub(super) const SIZE: usize = 1 << WIDTH;
/// Bits that the symbols of an entry take at the most. The last symbol may reach beyond what was looked at,
/// since nobody wants its value: its code alone has to lie within.
pub(super) const MOST: u32 = 18;

/// Set in an entry whose last symbol ends the block.
pub(super) const END: u32 = 128 << COEFFICIENTS;
/// Set in a count of coefficients when a block is full.
pub(super) const FULL: u32 = 64 << COEFFICIENTS;
/// Stands for an entry into which not even one symbol fits: added to any count it has [`FULL`] set.
const LONG: u32 = END | FULL;

/// The parts of an entry: the length of its symbols, how many coefficients they take, with [`END`] above
/// that, and the DC difference if its first symbol is one.
pub(super) const LENGTH: u32 = (1 << COEFFICIENTS) - 1;
pub(super) const COEFFICIENTS: u32 = 8;
pub(super) const DIFFERENCE: u32 = 16;

/// The tables of a component's two states: within a block, and [`SIZE`] entries further on at its start.
pub(super) type States = [u32; 2 * SIZE];

/// Steps over the AC coefficients of a block from a place on, several symbols at a look.
#[inline(always)]
pub(super) fn skip_rest(states: &States, codes: &Codes, bits: &mut Bits<'_>, at: usize) {
    let mut sum = (at as u32) << COEFFICIENTS;
    loop {
        bits.refill();
        let entry = states[bits.peek(WIDTH)];
        let after = sum + (entry & !LENGTH);
        if after & FULL == 0 {
            bits.skip(entry & LENGTH);
            if entry & END != 0 {
                return;
            }
            sum = after;
            continue;
        }
        // A symbol too long for the table, or a block that is full within an entry.
        let next = skip_symbol(codes, bits, (sum >> COEFFICIENTS) as usize);
        if next >= BLOCK {
            return;
        }
        sum = (next as u32) << COEFFICIENTS;
    }
}

/// Makes the tables of the two states.
pub(super) fn states(dc: &Spec, ac: &Spec) -> Result<Box<States>> {
    let within = within(ac)?;
    let mut states = Box::new([LONG; 2 * SIZE]);
    let (inside, start) = states.split_at_mut(SIZE);
    let long = |&entry: &u32| if entry == 0 { LONG } else { entry };
    inside.iter_mut().zip(&within[SIZE..]).for_each(|(into, entry)| *into = long(entry));
    for code in dc.codes()? {
        let size = u32::from(code.symbol);
        let length = code.length + size;
        for extra in 0..if length <= WIDTH { 1 << size } else { 0 } {
            let value = extended(extra, size) as u32;
            let from = &within[1 << (WIDTH - length)..][..1 << (WIDTH - length)];
            let into = &mut start[((code.bits << size | extra) as usize) << (WIDTH - length)..][..from.len()];
            join(value << DIFFERENCE | 1 << COEFFICIENTS | length, from, into);
        }
    }
    Ok(states)
}

/// Tables of AC symbols for 0, 1, 2 .. [`WIDTH`] bits, one behind the other: each is made of shorter ones, put
/// behind every code and its extra bits. The one for `width` bits begins at `1 << width`.
fn within(ac: &Spec) -> Result<Vec<u32>> {
    let mut tables = vec![0; 2 * SIZE];
    let codes = ac.codes()?;
    for width in 1..=WIDTH {
        let (shorter, table) = tables.split_at_mut(1 << width);
        for code in codes.iter().take_while(|code| code.length <= width) {
            let (zeros, size) = (u32::from(code.symbol >> 4), u32::from(code.symbol & 15));
            let into = &mut table[(code.bits as usize) << (width - code.length)..][..1 << (width - code.length)];
            let length = code.length + size;
            let step = (zeros + 1) << COEFFICIENTS | length;
            if size == 0 && zeros != 15 {
                into.fill(END | length);
            } else if length <= width {
                let from = &shorter[1 << (width - length)..][..1 << (width - length)];
                into.chunks_exact_mut(from.len()).for_each(|part| join(step, from, part));
            } else if length <= width + MOST - WIDTH {
                into.fill(step);
            }
        }
    }
    Ok(tables)
}

/// Entries of `from` behind one more symbol, as long as they have no more coefficients than a block.
fn join(step: u32, from: &[u32], into: &mut [u32]) {
    let count = |entry: u32| (entry & (END - 1)) >> COEFFICIENTS;
    for (entry, &behind) in into.iter_mut().zip(from) {
        *entry = if count(behind) + count(step & 0xFFFF) <= BLOCK as u32 { behind + step } else { step };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::bits::Segments;
    use crate::jpeg::huffman::{AcTable, skip_block};
    use crate::jpeg::standard;
    use crate::jpeg::testing::Noise;

    #[test]
    fn many_symbols_at_a_look_end_where_single_ones_do() {
        for number in 0..2 {
            let (dc, ac) = (standard::dc(number).unwrap(), standard::ac(number).unwrap());
            let (states, table) = (states(dc, ac).unwrap(), AcTable::new(ac).unwrap());
            let mut noise = Noise(5);
            let data: Vec<u8> = (0..40_000).map(|_| noise.below(255) as u8).collect();
            let segments = Segments::new(&data, 0);
            let (mut slow, mut fast) = (segments.bits(), segments.bits());
            let mut blocks = 0;
            while slow.bytes_left() > 64 {
                skip_block(&table.codes, &mut slow);
                // From the second symbol on, in every other block.
                let at = if blocks % 2 == 0 { 1 } else { skip_symbol(&table.codes, &mut fast, 1) };
                if at < BLOCK {
                    skip_rest(&states, &table.codes, &mut fast, at);
                }
                assert_eq!(fast.position(), slow.position(), "block {blocks}");
                blocks += 1;
            }
            assert!(blocks > 500);
        }
    }
}
