//! Parts of the codes, split again and again until they are small enough to be swept.

use std::ops::Range;
use std::sync::Arc;

use super::engine::Engine;
use super::found::{Found, Pair};
use super::items::{Code, Items, RIGHT};
use super::marked::Desk;
use super::scheme::State;
use super::sweep::{Hit, sweep_row};
use crate::error::Result;
use crate::simd;

/// Bits to split by at a time: more parts than this would be written to at once too slowly.
const MOST_BITS: usize = 8;
/// Splitting aims at parts of this many codes.
const AIM: usize = 16;
/// Codes dealt out at a time, when they are dealt to far places.
const LINE: usize = 8;
/// A part of so many codes fits no near cache.
const FAR: usize = 1 << 16;
/// Hits are settled in batches of about so many.
const BATCH: usize = 4096;
/// Comparisons between two looks at whether to stop.
const PATIENCE: usize = 1 << 22;

/// One thread's means of splitting and sweeping.
pub struct Worker<'a, const W: usize> {
    pub engine: &'a Engine<'a>,
    pub found: Found<'a>,
    scratch: Vec<Split<W>>,
    hits: Vec<Hit>,
    keys: Vec<u8>,
    /// Memory for the next large partition: to have it cleared anew each time takes as long as to fill it.
    pub spare: Option<Split<W>>,
    /// What it needs to go on with marks.
    pub desk: Desk<W>,
}

/// The parts of a partition.
#[derive(Default)]
pub struct Split<const W: usize> {
    pub items: Items<W>,
    /// Where each part begins, and the last one ends.
    pub bounds: Vec<usize>,
}

impl<'a, const W: usize> Worker<'a, W> {
    /// Has found nothing yet.
    pub fn new(engine: &'a Engine<'a>) -> Self {
        Worker {
            engine,
            found: Found::new(engine.ledger),
            scratch: Vec::new(),
            hits: Vec::new(),
            keys: Vec::new(),
            spare: None,
            desk: Desk::default(),
        }
    }

    /// Finds all pairs of a part, of which `used` bits of the state's block agree already.
    pub fn visit(
        &mut self,
        items: &Items<W>,
        part: Range<usize>,
        state: &State<W>,
        used: usize,
        depth: usize,
    ) -> Result<()> {
        self.engine.ledger.check()?;
        if part.len() <= self.engine.leaf {
            return self.sweep(items, part.clone(), part, state);
        }
        if self.has_none(items, &part) {
            return Ok(());
        }
        if used < state.bits.len() {
            let mut split = self.take_scratch(depth);
            let bits = self.split(items, &part, &state.bits[used..], &mut split);
            let done = self.buckets(&split, 0..split.bounds.len() - 1, state, used + bits, depth + 1);
            self.scratch[depth] = split;
            return done;
        }
        match state.split_alike(self.engine, items, &part) {
            None => self.sweep(items, part.clone(), part, state),
            Some(children) => children.iter().try_for_each(|child| self.visit(items, part.clone(), child, 0, depth)),
        }
    }

    /// Finds all pairs within each of some parts.
    pub fn buckets(
        &mut self,
        split: &Split<W>,
        range: Range<usize>,
        state: &State<W>,
        used: usize,
        depth: usize,
    ) -> Result<()> {
        let engine = self.engine;
        let bounds = &split.bounds[range.start..=range.end];
        // All small ones in one go: to choose the vector width takes longer than to sweep one.
        simd::run_counting(
            engine.level,
            #[inline(always)]
            || {
                for pair in bounds.windows(2) {
                    if (2..=engine.leaf).contains(&(pair[1] - pair[0])) {
                        sweep_part(self, &split.items, pair[0]..pair[1], pair[0]..pair[1], state)?;
                    }
                }
                Ok(())
            },
        )?;
        for pair in bounds.windows(2) {
            if pair[1] - pair[0] > engine.leaf {
                self.visit(&split.items, pair[0]..pair[1], state, used, depth)?;
            }
        }
        Ok(())
    }

    /// Whether one side of a cross join is missing.
    pub fn has_none(&self, items: &Items<W>, part: &Range<usize>) -> bool {
        self.engine.cross && (items.ids[part.start] & RIGHT != 0 || items.ids[part.end - 1] & RIGHT == 0)
    }

    /// Compares some rows of a part with all of it.
    pub fn sweep(&mut self, items: &Items<W>, rows: Range<usize>, part: Range<usize>, state: &State<W>) -> Result<()> {
        simd::run_counting(
            self.engine.level,
            #[inline(always)]
            || sweep_part(self, items, rows, part, state),
        )
    }

    /// Deals a part out by the first few of the bits; how many.
    pub fn split(&mut self, items: &Items<W>, part: &Range<usize>, bits: &[u16], into: &mut Split<W>) -> usize {
        let wanted = (part.len() / AIM).next_power_of_two().trailing_zeros().max(1) as usize;
        let bits = &bits[..wanted.min(MOST_BITS).min(bits.len())];
        self.keys.clear();
        self.keys.resize(part.len(), 0);
        let codes = &items.codes[part.clone()];
        simd::run(
            self.engine.level,
            #[inline(always)]
            || fill_keys(codes, bits, &mut self.keys),
        );
        let keys = &self.keys;
        simd::run(
            self.engine.level,
            #[inline(always)]
            || into.fill(items, part, keys, 1 << bits.len()),
        );
        bits.len()
    }

    /// Keeps a partition's memory if nobody else has it.
    pub fn recycle(&mut self, split: Arc<Split<W>>) {
        if let Some(split) = Arc::into_inner(split) {
            self.spare = Some(split);
        }
    }

    fn take_scratch(&mut self, depth: usize) -> Split<W> {
        if self.scratch.len() <= depth {
            self.scratch.resize_with(depth + 1, Split::default);
        }
        std::mem::take(&mut self.scratch[depth])
    }

    /// Keeps the hits, by their numbers.
    fn settle(&mut self, items: &Items<W>) -> Result<()> {
        for (row, column, distance) in self.hits.drain(..) {
            let (one, other) = (items.ids[row as usize], items.ids[column as usize] & !RIGHT);
            let swap = !self.engine.cross && one > other;
            let (left, right) = if swap { (other, one) } else { (one, other) };
            self.found.push(Pair { left, right, distance })?;
        }
        Ok(())
    }
}

impl<const W: usize> Split<W> {
    /// Counts, then deals out, keeping the order within each key.
    #[inline(always)]
    fn fill(&mut self, items: &Items<W>, part: &Range<usize>, keys: &[u8], count: usize) {
        let mut next = [0u32; 1 << MOST_BITS];
        keys.iter().for_each(|key| next[usize::from(*key)] += 1);
        self.bounds.clear();
        let mut sum = 0;
        self.bounds.extend(next[..count].iter_mut().map(|place| {
            let start = sum;
            sum += std::mem::replace(place, start);
            start as usize
        }));
        self.bounds.push(sum as usize);
        self.items.reserve(part.len());
        let from = (&items.codes[part.clone()], &items.ids[part.clone()]);
        let to = (&mut self.items.codes[..part.len()], &mut self.items.ids[..part.len()]);
        if part.len() < FAR { deal(keys, from, to, &mut next) } else { deal_lines(keys, from, to, &mut next) }
    }
}

/// Codes and their numbers.
type Columns<'a, const W: usize> = (&'a [Code<W>], &'a [u32]);
type ColumnsMut<'a, const W: usize> = (&'a mut [Code<W>], &'a mut [u32]);

/// Writes each code to the next place of its key.
#[inline(always)]
fn deal<const W: usize>(keys: &[u8], from: Columns<W>, to: ColumnsMut<W>, next: &mut [u32; 1 << MOST_BITS]) {
    for ((code, id), key) in from.0.iter().zip(from.1).zip(keys) {
        let place = next[usize::from(*key)] as usize;
        next[usize::from(*key)] += 1;
        to.0[place] = *code;
        to.1[place] = *id;
    }
}

/// As [`deal`], by whole lines: places far from each other are reached once a line instead of once a code.
///
/// The first line of a key may be that of the last codes of others too. What is written over them there does no
/// harm, as they are written last.
#[inline(always)]
fn deal_lines<const W: usize>(keys: &[u8], from: Columns<W>, to: ColumnsMut<W>, next: &mut [u32; 1 << MOST_BITS]) {
    let starts = *next;
    let mut lines = Vec::new();
    // For the widest codes too much for a stack.
    lines.resize(next.len(), ([[0; W]; LINE], [0u32; LINE]));
    for ((code, id), key) in from.0.iter().zip(from.1).zip(keys) {
        let place = next[usize::from(*key)] as usize;
        next[usize::from(*key)] += 1;
        let (codes, ids) = &mut lines[usize::from(*key)];
        codes[place % LINE] = *code;
        ids[place % LINE] = *id;
        if place % LINE == LINE - 1 {
            to.0[place + 1 - LINE..=place].copy_from_slice(codes);
            to.1[place + 1 - LINE..=place].copy_from_slice(ids);
        }
    }
    for ((codes, ids), (start, end)) in lines.iter().zip(starts.iter().zip(&*next)) {
        let (start, end) = (*start as usize, *end as usize);
        for place in start.max(end - end % LINE)..end {
            to.0[place] = codes[place % LINE];
            to.1[place] = ids[place % LINE];
        }
    }
}

/// [`Worker::sweep`], to be compiled for each vector width.
#[inline(always)]
fn sweep_part<const W: usize>(
    worker: &mut Worker<W>,
    items: &Items<W>,
    rows: Range<usize>,
    part: Range<usize>,
    state: &State<W>,
) -> Result<()> {
    let wanted = state.wanted(worker.engine.radius);
    if !worker.engine.cross && part.len() <= worker.engine.leaf {
        for row in rows {
            sweep_row(&items.codes, row, row + 1..part.end, &wanted, &mut worker.hits);
        }
        return if worker.hits.is_empty() { Ok(()) } else { worker.settle(items) };
    }
    let middle = if worker.engine.cross { items.middle(&part) } else { part.end };
    let mut patience = PATIENCE;
    for row in rows.start..rows.end.min(middle) {
        let columns = if worker.engine.cross { middle..part.end } else { row + 1..part.end };
        let count = columns.len();
        sweep_row(&items.codes, row, columns, &wanted, &mut worker.hits);
        if worker.hits.len() >= BATCH {
            worker.settle(items)?;
        }
        patience = patience.saturating_sub(count);
        if patience == 0 {
            worker.engine.ledger.check()?;
            patience = PATIENCE;
        }
    }
    if worker.hits.is_empty() { Ok(()) } else { worker.settle(items) }
}

/// The bits of each code as a number.
#[inline(always)]
fn fill_keys<const W: usize>(codes: &[Code<W>], bits: &[u16], keys: &mut [u8]) {
    let first = usize::from(bits[0]);
    let word = first / 64;
    let in_row = bits.iter().zip(first..).all(|(bit, expected)| usize::from(*bit) == expected);
    if in_row && (first + bits.len() - 1) / 64 == word {
        let (shift, mask) = (first % 64, (1u64 << bits.len()) - 1);
        for (key, code) in keys.iter_mut().zip(codes) {
            *key = (code[word] >> shift & mask) as u8;
        }
        return;
    }
    for (place, bit) in bits.iter().enumerate() {
        let (word, shift) = (usize::from(*bit) / 64, *bit % 64);
        for (key, code) in keys.iter_mut().zip(codes) {
            *key |= ((code[word] >> shift & 1) as u8) << place;
        }
    }
}
