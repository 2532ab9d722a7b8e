//! Stepping through blocks of which nothing but the mean is wanted.
//!
//! A block is a DC symbol, AC symbols, and an end that comes when it comes. Decoded symbol by symbol, with a
//! branch at each, two or three branches a block are mispredicted, and that takes longer than all else. So
//! here is one step without branches: a look at the next bits in the table of the present state gives all
//! symbols that begin in them, and what comes next is chosen by arithmetic. The rare rest (a symbol too long
//! for the table, a block that would be full within an entry) leaves the loop for one symbol.
//!
//! Such a step waits for memory most of the time. Therefore two of them are done at once, in two places of
//! the data (`means.rs`).
//!
//! Tried before: a loop for each block over a table of several AC symbols. With tables of 11 bits a photo of
//! 0.2 megapixels took 120 cycles a block, half of them for mispredicted branches.

use super::bits::Bits;
use super::huffman::{BLOCK, skip_symbol};
use super::kept::ScanTables;
use super::scan::Place;
use super::states::{COEFFICIENTS, DIFFERENCE, END, FULL, LENGTH, MOST, SIZE, States, WIDTH};

/// Steps between two refills.
pub(super) const STEPS: usize = (56 / MOST) as usize;
/// Blocks for which a lane has room. A power of two: places are cut to it, which is cheaper than a check.
const ROOM: usize = 256;
/// Blocks that may be asked of a lane at a time. The steps between two refills can give some more.
pub(super) const CHUNK: usize = ROOM - 2 * STEPS;

/// For as many blocks as a lane has room for, what they are.
pub(super) struct Plan<'t> {
    tables: &'t ScanTables,
    /// The component's number in the scan.
    parts: [u8; ROOM],
    /// The tables of the block behind each.
    next: [&'t States; ROOM],
    /// Blocks in a unit.
    pub unit: usize,
}

impl<'t> Plan<'t> {
    /// For units of these blocks.
    pub fn new(places: &[Place], tables: &'t ScanTables) -> Plan<'t> {
        let part = |n: usize| places[n % places.len()].part;
        let states: [&States; 4] = std::array::from_fn(|part| tables.states(part.min(tables.len() - 1)));
        let next = std::array::from_fn(|n| states[part(n + 1)]);
        Plan { tables, parts: std::array::from_fn(|n| part(n) as u8), next, unit: places.len() }
    }
}

/// A place in the data, and what is known there.
#[derive(Clone, Copy)]
struct Stream<'d, 't> {
    bits: Bits<'d>,
    /// The tables of the present block, and [`SIZE`] if it has only begun.
    states: &'t States,
    state: usize,
    /// In the parts of an entry: bits taken since the last refill, coefficients of the present block, and the
    /// sum of all DC differences, of all components.
    sum: u32,
    /// Blocks behind.
    block: usize,
}

impl<'t> Stream<'_, 't> {
    /// Steps on by one entry; false if there was none, and nothing has happened.
    #[inline(always)]
    fn step(&mut self, plan: &Plan<'t>, sums: &mut [u32; ROOM]) -> bool {
        let next = plan.next[self.block % ROOM];
        let entry = self.states[self.state | self.bits.peek(WIDTH)];
        let sum = self.sum.wrapping_add(entry);
        if sum & FULL != 0 {
            return false;
        }
        self.bits.shift(entry);
        sums[self.block % ROOM] = sum;
        let ended = entry & END != 0;
        self.state = (entry / (END / SIZE as u32)) as usize & SIZE;
        self.states = if ended { next } else { self.states };
        self.sum = if ended { sum & (LENGTH | !0 << DIFFERENCE) } else { sum };
        self.block += usize::from(ended);
        true
    }

    /// Makes up for the bits that steps have taken.
    #[inline(always)]
    fn settle(&mut self) {
        self.bits.settle(self.sum & LENGTH);
        self.sum &= !LENGTH;
    }

    /// Takes one symbol, of any length.
    #[inline(always)]
    fn take_symbol(&mut self, plan: &Plan<'t>, sums: &mut [u32; ROOM]) {
        let at = self.sum >> COEFFICIENTS & 63;
        let symbol = Symbol::read(self.bits, plan.tables, plan.parts[self.block % ROOM], at as usize);
        self.bits.refill();
        self.bits.skip(symbol.length);
        self.sum = (self.sum & (!0 << DIFFERENCE)).wrapping_add(symbol.difference << DIFFERENCE);
        sums[self.block % ROOM] = self.sum;
        if symbol.next < BLOCK as u32 {
            self.sum |= symbol.next << COEFFICIENTS;
            self.state = 0;
        } else {
            self.states = plan.next[self.block % ROOM];
            self.state = SIZE;
            self.block += 1;
        }
    }
}

/// What one symbol means: its length with extra bits, the DC difference, and the coefficient behind it.
struct Symbol {
    length: u32,
    difference: u32,
    next: u32,
}

impl Symbol {
    #[cold]
    #[inline(never)]
    fn read(mut bits: Bits<'_>, tables: &ScanTables, part: u8, at: usize) -> Symbol {
        let (dc, ac) = tables.part(usize::from(part));
        let start = bits.position();
        let (difference, next) =
            if at == 0 { (dc.take(&mut bits), 1) } else { (0, skip_symbol(&ac.codes, &mut bits, at)) };
        Symbol { length: (bits.position() - start) as u32, difference: difference as u32, next: next as u32 }
    }
}

/// A stream, and the sum of all DC differences up to each of the last blocks.
#[derive(Clone, Copy)]
pub(super) struct Lane<'d, 't> {
    stream: Stream<'d, 't>,
    sums: [u32; ROOM],
}

impl<'d, 't> Lane<'d, 't> {
    /// Begins where the bits do, as if a unit did so too.
    #[inline(always)]
    pub fn new(bits: Bits<'d>, plan: &Plan<'t>) -> Lane<'d, 't> {
        let states = plan.next[plan.unit - 1];
        Lane { stream: Stream { bits, states, state: SIZE, sum: 0, block: 0 }, sums: [0; ROOM] }
    }

    /// The bits to come.
    #[inline(always)]
    pub fn bits(&self) -> &Bits<'d> {
        &self.stream.bits
    }

    /// How many blocks are ready.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.stream.block
    }

    /// The sums of the blocks that are ready.
    pub fn sums(&self) -> &[u32] {
        &self.sums[..self.stream.block]
    }

    /// Whether a unit begins here.
    pub fn is_at_unit(&self, plan: &Plan<'_>) -> bool {
        self.stream.state == SIZE && self.stream.block.is_multiple_of(plan.unit)
    }

    /// Forgets the first blocks: whole units.
    pub fn forget(&mut self, count: usize) {
        self.sums.copy_within(count..self.stream.block, 0);
        self.stream.block -= count;
    }

    /// Steps on until so many blocks are ready, or some more; or up to this byte, or somewhat further.
    #[inline(always)]
    pub fn run(&mut self, plan: &Plan<'t>, count: usize, byte: usize) {
        let mut stream = self.stream;
        while stream.block < count && !stream.bits.is_behind(byte) {
            stream.bits.refill();
            let stepped = (0..STEPS).all(|_| stream.step(plan, &mut self.sums));
            stream.settle();
            if !stepped {
                stream.take_symbol(plan, &mut self.sums);
            }
        }
        self.stream = stream;
    }

    /// Steps on until so many blocks are ready and no more, or up to exactly this bit if a block begins there.
    #[inline(always)]
    pub fn run_exactly(&mut self, plan: &Plan<'t>, count: usize, bit: usize) {
        let mut stream = self.stream;
        while stream.block < count && stream.bits.position() < bit {
            stream.bits.refill();
            let stepped = stream.step(plan, &mut self.sums);
            stream.settle();
            if !stepped {
                stream.take_symbol(plan, &mut self.sums);
            }
        }
        self.stream = stream;
    }
}

/// Runs two lanes at once, until one of them has its count of blocks ready or is behind its byte.
#[inline(always)]
pub(super) fn run_both<'t>(lanes: [&mut Lane<'_, 't>; 2], plan: &Plan<'t>, counts: [usize; 2], bytes: [usize; 2]) {
    let [first, second] = lanes;
    let (mut a, mut b) = (first.stream, second.stream);
    while a.block < counts[0] && b.block < counts[1] && !a.bits.is_behind(bytes[0]) && !b.bits.is_behind(bytes[1]) {
        a.bits.refill();
        b.bits.refill();
        let mut stepped = [true; 2];
        for _ in 0..STEPS {
            stepped[0] = a.step(plan, &mut first.sums);
            if !stepped[0] {
                break;
            }
            stepped[1] = b.step(plan, &mut second.sums);
            if !stepped[1] {
                break;
            }
        }
        a.settle();
        b.settle();
        if !stepped[0] {
            a.take_symbol(plan, &mut first.sums);
        } else if !stepped[1] {
            b.take_symbol(plan, &mut second.sums);
        }
    }
    (first.stream, second.stream) = (a, b);
}
