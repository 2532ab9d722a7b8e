//! Sequential scans of which nothing but the mean of each block is wanted: the fast road.
//!
//! A block is a DC symbol, AC symbols, and an end that comes when it comes. Decoded symbol by symbol, with a
//! branch at each, two or three branches a block are mispredicted, and that takes longer than all else. So
//! here is one loop without branches: a look at the next bits in the table of the present state gives all
//! symbols that fit whole into them, and what comes next is chosen by arithmetic. The rare rest (a symbol
//! too long for the table, a block that would end within an entry) leaves the loop for one symbol.
//!
//! Tried before: a loop for each block over a table of several AC symbols. With tables of 11 bits a photo of
//! 0.2 megapixels took 120 cycles a block, half of them for mispredicted branches.

use super::bits::Bits;
use super::frame::Scan;
use super::huffman::{BLOCK, DcTable, Spec, skip_symbol};
use super::markers::Tables;
use super::scan::{Place, ScanTables, Sequential, Units};
use crate::error::Result;

/// Bits that are looked up at a time.
const WIDTH: u32 = 11;
const SIZE: usize = 1 << WIDTH;
/// Look-ups between two refills.
const STEPS: u32 = 56 / WIDTH;

/// Added to the coefficients of an entry whose last symbol ends the block.
const END: usize = 128;
/// Stands for the coefficients of an entry into which not even one symbol fits.
const LONG: u32 = 192;

/// The tables of the states, one behind the other.
///
/// An entry holds the length of its symbols in the lowest byte; in the second byte how many coefficients they
/// take, plus [`END`]; and in the upper half the DC difference, if its first symbol is one. A component has
/// two states: at the start of a block, and [`SIZE`] entries further on within it. Last comes a state that
/// takes no bits and never ends.
pub(super) struct States(Box<[u32; ROOM]>);

/// Two pairs of tables, as nearly all files have, and the state without end; rounded up to a power of two.
const ROOM: usize = 8 * SIZE;

impl States {
    /// The tables, and where each component's begin, and the last state; `None` if there is no room for them.
    pub fn new(scan: &Scan, tables: &Tables) -> Result<Option<(States, Vec<u32>)>> {
        let mut states = Vec::with_capacity(ROOM);
        let mut starts = Vec::new();
        for (n, part) in scan.parts.iter().enumerate() {
            let same = scan.parts[..n].iter().position(|other| (other.dc, other.ac) == (part.dc, part.ac));
            starts.push(match same {
                Some(other) => starts[other],
                None => states.len() as u32,
            });
            if same.is_none() {
                append(&mut states, tables.dc(part.dc, false)?, tables.ac(part.ac, false)?)?;
            }
        }
        starts.push(states.len() as u32);
        if states.len() + 2 * SIZE > ROOM {
            return Ok(None);
        }
        states.resize(ROOM, 0);
        let states = states.into_boxed_slice().try_into().expect("as many as there is room for");
        Ok(Some((States(states), starts)))
    }
}

/// Appends the two states of a component.
fn append(states: &mut Vec<u32>, dc: &Spec, ac: &Spec) -> Result<()> {
    // Tables for 0, 1, 2 .. WIDTH bits, one behind the other: each is made of shorter ones, shifted behind
    // every code and its extra bits. The one for `width` bits begins at `1 << width`.
    let mut within = vec![0u32; 2 * SIZE];
    let codes = ac.codes()?;
    for width in 1..=WIDTH {
        let (shorter, table) = within.split_at_mut(1 << width);
        for code in &codes {
            let (zeros, size) = (u32::from(code.symbol >> 4), u32::from(code.symbol & 15));
            let length = code.length + size;
            if length > width {
                continue;
            }
            let from = &shorter[1 << (width - length)..][..1 << (width - length)];
            let into = &mut table[(code.bits as usize) << (width - code.length)..][..1 << (width - code.length)];
            if size == 0 && zeros != 15 {
                into.fill((END as u32) << 8 | length);
            } else {
                into.chunks_exact_mut(from.len()).for_each(|part| join((zeros + 1) << 8 | length, from, part));
            }
        }
    }
    let mut start = vec![0u32; SIZE];
    for code in dc.codes()? {
        let size = u32::from(code.symbol);
        let length = code.length + size;
        for extra in 0..if length <= WIDTH { 1 << size } else { 0 } {
            let value = super::bits::extended(extra, size) as u32;
            let from = &within[1 << (WIDTH - length)..][..1 << (WIDTH - length)];
            let into = &mut start[((code.bits << size | extra) as usize) << (WIDTH - length)..][..from.len()];
            join(value << 16 | 1 << 8 | length, from, into);
        }
    }
    let long = |entry: &u32| if *entry == 0 { LONG << 8 } else { *entry };
    states.extend(start.iter().map(long));
    states.extend(within[SIZE..].iter().map(long));
    Ok(())
}

/// Entries of `from` behind one more symbol, as long as they have no more coefficients than a block.
fn join(step: u32, from: &[u32], into: &mut [u32]) {
    for (entry, &behind) in into.iter_mut().zip(from) {
        let coefficients = (behind >> 8 & (END as u32 - 1)) + (step >> 8 & 255);
        *entry = if coefficients <= BLOCK as u32 { behind + step } else { step };
    }
}

/// A scan of which the means are wanted.
pub(super) struct Means<'t> {
    exact: Sequential<'t>,
    tables: &'t ScanTables,
    states: States,
    /// For each block of a row of units the state that it starts in, and behind them the state without end.
    starts: Vec<u32>,
    /// For each block of a unit its component's number in the scan.
    parts: Vec<usize>,
    /// For each block of a row the sum of all DC differences up to it, of all components.
    sums: Vec<i32>,
}

impl<'t> Means<'t> {
    /// The scan with its slow twin, for rows of units with these blocks.
    pub fn new(
        exact: Sequential<'t>,
        places: &[Place],
        tables: &'t ScanTables,
        (states, first): (States, Vec<u32>),
        columns: usize,
    ) -> Means<'t> {
        let parts: Vec<usize> = places.iter().map(|place| place.part).collect();
        let row = columns * parts.len();
        let mut starts: Vec<u32> = (0..row).map(|n| first[parts[n % parts.len()]]).collect();
        starts.resize(row + 2, first[first.len() - 1]);
        Means { exact, tables, states, starts, parts, sums: vec![0; row + 1] }
    }

    /// Decodes `count` blocks from the first of a unit on. The sums of their differences are in `sums`.
    #[inline(always)]
    fn decode(&mut self, input: &mut Bits<'_>, count: usize) {
        let mut bits = *input;
        let (states, starts, sums) = (&*self.states.0, &self.starts[..], &mut self.sums[..]);
        let (mut block, mut at, mut sum) = (0, 0, 0i32);
        let (mut state, mut next_state) = (starts[0], starts[1]);
        while block < count {
            bits.refill();
            for _ in 0..STEPS {
                let entry = states[(state as usize | bits.peek(WIDTH)) & (ROOM - 1)];
                let next = at + (entry >> 8 & 255);
                if next & BLOCK as u32 != 0 {
                    let pair = self.tables.part(self.parts[block % self.parts.len()]);
                    let (after, difference, next) = one(pair.0, &pair.1.codes, bits, at as usize);
                    bits = after;
                    sum = sum.wrapping_add(difference);
                    sums[block] = sum;
                    let ended = next >= BLOCK;
                    at = if ended { 0 } else { next as u32 };
                    state = if ended { next_state } else { state | SIZE as u32 };
                    block += usize::from(ended);
                    next_state = starts[block + 1];
                    break;
                }
                bits.skip(entry);
                sum = sum.wrapping_add(entry as i32 >> 16);
                sums[block] = sum;
                let ended = entry & (END << 8) as u32 != 0;
                state = if ended { next_state } else { state | SIZE as u32 };
                at = if ended { 0 } else { next };
                block += usize::from(ended);
                next_state = starts[block + 1];
            }
        }
        *input = bits;
    }
}

/// One symbol at coefficient `at`: the bits behind it, the DC difference, and the coefficient behind it.
#[cold]
#[inline(never)]
fn one<'a>(dc: &DcTable, ac: &super::huffman::Codes, mut bits: Bits<'a>, at: usize) -> (Bits<'a>, i32, usize) {
    if at == 0 {
        let difference = dc.take(&mut bits);
        return (bits, difference, 1);
    }
    let next = skip_symbol(ac, &mut bits, at);
    (bits, 0, next)
}

impl Units for Means<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        self.exact.unit(bits, column, row);
    }

    #[inline(always)]
    fn units(&mut self, bits: &mut Bits<'_>, column: usize, row: usize, count: usize) -> bool {
        let blocks = count * self.parts.len();
        let stop = self.starts[self.starts.len() - 1];
        let kept = [blocks, blocks + 1].map(|n| std::mem::replace(&mut self.starts[n], stop));
        self.decode(bits, blocks);
        self.starts[blocks..blocks + 2].copy_from_slice(&kept);
        if bits.is_overrun() {
            return false;
        }
        self.exact.put_means(&self.sums[..blocks], column, row);
        true
    }

    fn restart(&mut self) {
        self.exact.restart();
    }
}
