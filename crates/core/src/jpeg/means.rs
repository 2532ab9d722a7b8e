//! Sequential scans of which nothing but the mean of each block is wanted: the fast road.
//!
//! The data are decoded in two places at once. Where the second place is, no block is known to begin; but
//! Huffman codes fall into step by themselves. The second lane begins in the middle of the data as if a unit
//! did so there, decodes nonsense, and after some dozens of blocks it comes upon the true beginning of a unit
//! and goes on truly. The first lane, when it comes there, finds out whether that has happened. All that a
//! block's mean needs from the blocks before it is a sum, so what the second lane found can be joined on.

use super::bits::Bits;
use super::kept::ScanTables;
use super::layer::Layer;
use super::scan::{Place, Sequential, Units};
use super::states::DIFFERENCE;
use super::stream::{CHUNK, Lane, Plan, STEPS, run_both};
use crate::error::Result;
use crate::watch::Watch;

/// With fewer blocks or bytes than these, a second lane does not pay.
const MANY_BLOCKS: usize = 800;
const MANY_BYTES: usize = 3000;
/// After each so many blocks of the second lane it is marked where it was, so many times.
const MARKED: usize = 32;
const MARKS: usize = 16;
/// Bytes that a lane may run too far: those of the steps between two refills, if all their symbols are of the
/// longest, and what was read ahead.
const SLACK: usize = 24;

/// A scan of which the means are wanted.
pub(super) struct Means<'t> {
    exact: Sequential<'t>,
    plan: Plan<'t>,
    parts: Vec<Part>,
}

/// A component's blocks in a unit.
#[derive(Clone, Copy)]
struct Part {
    /// The first of them.
    place: Place,
    number: usize,
    quant: u16,
    /// The DC coefficient of the last block, as in the upper part of sums.
    last: u32,
}

impl<'t> Means<'t> {
    /// The scan with its slow twin, for units of these blocks.
    pub fn new(exact: Sequential<'t>, places: &[Place], tables: &'t ScanTables) -> Means<'t> {
        let firsts = places.iter().enumerate().filter(|(_, place)| (place.across, place.down) == (0, 0));
        let part = |(number, &place): (usize, &Place)| Part { place, number, quant: exact.quant(number), last: 0 };
        Means { parts: firsts.map(part).collect(), plan: Plan::new(places, tables), exact }
    }
}

impl Units for Means<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        self.exact.unit(bits, column, row);
    }

    #[inline(always)]
    fn units(&mut self, bits: &Bits<'_>, range: [usize; 2], columns: usize, watch: &Watch<'_>) -> Result<bool> {
        self.parts.iter_mut().for_each(|part| part.last = 0);
        let [done, stop] = range;
        let unit = self.plan.unit;
        let out = Out { parts: &mut self.parts, layers: self.exact.layers(), unit, done, stop, columns, before: 0 };
        Segment { plan: &self.plan, out, watch, chunk: CHUNK / unit * unit }.decode(*bits)
    }

    fn restart(&mut self) {
        self.exact.restart();
    }
}

/// The work on one segment.
struct Segment<'s, 't> {
    plan: &'s Plan<'t>,
    out: Out<'s>,
    watch: &'s Watch<'s>,
    /// Blocks that a lane decodes at a time: whole units.
    chunk: usize,
}

impl<'s, 't> Segment<'s, 't> {
    /// False if the bits run out.
    #[inline(always)]
    fn decode<'d>(&mut self, bits: Bits<'d>) -> Result<bool> {
        let mut lane = Lane::new(bits, self.plan);
        while self.out.left() > MANY_BLOCKS && lane.bits().bytes_left() > MANY_BYTES {
            let Some(second) = self.split(&mut lane)? else { break };
            lane = second;
        }
        while self.out.left() >= self.chunk + STEPS {
            lane.run(self.plan, self.chunk, usize::MAX);
            if lane.bits().is_overrun() {
                return Ok(false);
            }
            self.flush(&mut lane)?;
        }
        let left = self.out.left();
        lane.run_exactly(self.plan, left, usize::MAX);
        if lane.bits().is_overrun() {
            return Ok(false);
        }
        self.out.put(lane.sums());
        Ok(true)
    }

    /// Puts what a lane has ready, if it is enough.
    fn flush(&mut self, lane: &mut Lane<'_, '_>) -> Result<()> {
        self.watch.check()?;
        if lane.len() >= self.chunk {
            self.out.put(&lane.sums()[..self.chunk]);
            lane.forget(self.chunk);
        }
        Ok(())
    }

    /// Decodes what is left in two lanes. Returns the second, and has put all before it, if they met; else the
    /// first has come so far.
    #[inline(always)]
    fn split<'d>(&mut self, first: &mut Lane<'d, 't>) -> Result<Option<Lane<'d, 't>>> {
        let (start, left) = (first.bits().position() / 8, first.bits().bytes_left());
        let (middle, end) = (start + left / 2, start + left - SLACK);
        let mut ahead = Ahead::new(Lane::new(first.bits().at(middle), self.plan), self.out.left());
        let marked = MARKED / self.out.unit * self.out.unit;
        while self.out.left() >= 2 * self.chunk && ahead.has_room() {
            let stop = ahead.marks.first().map_or(middle, |mark| mark.bit / 8) - SLACK;
            let warm = ahead.marks.len() < MARKS;
            let count = if warm { marked - STEPS } else { self.chunk };
            run_both([first, &mut ahead.lane], self.plan, [self.chunk, count], [stop, end]);
            self.flush(first)?;
            let ready = ahead.lane.len() >= count;
            if ready && warm {
                ahead.lane.run_exactly(self.plan, marked, usize::MAX);
            }
            if ahead.lane.bits().is_behind(end) || first.bits().is_behind(stop) {
                break;
            }
            match (ready, warm) {
                (true, true) => ahead.mark(marked),
                (true, false) => ahead.keep(count),
                _ => {}
            }
        }
        self.join(first, ahead)
    }

    /// Brings the first lane to the second's marks, and joins them where they agree.
    #[inline(always)]
    fn join<'d>(&mut self, first: &mut Lane<'d, 't>, ahead: Ahead<'d, 't>) -> Result<Option<Lane<'d, 't>>> {
        for mark in &ahead.marks {
            while first.bits().position() < mark.bit {
                if self.out.left() < 2 * self.chunk {
                    return Ok(None);
                }
                first.run(self.plan, self.chunk, (mark.bit / 8).saturating_sub(SLACK));
                first.run_exactly(self.plan, self.chunk, mark.bit);
                self.flush(first)?;
            }
            let truth = &ahead.sums[mark.count..];
            let met = first.bits().position() == mark.bit && first.is_at_unit(self.plan);
            if met && first.len() + truth.len() + ahead.lane.len() <= self.out.left() {
                self.out.put(first.sums());
                self.out.before = ahead.sums[mark.count - 1];
                self.out.put(truth);
                return Ok(Some(ahead.lane));
            }
        }
        Ok(None)
    }
}

/// The lane ahead, and what it has decoded so far.
struct Ahead<'d, 't> {
    lane: Lane<'d, 't>,
    sums: Vec<u32>,
    most: usize,
    marks: Vec<Mark>,
}

/// A place at which the lane ahead took a unit to begin.
struct Mark {
    bit: usize,
    /// Blocks that it had decoded before.
    count: usize,
}

impl<'d, 't> Ahead<'d, 't> {
    fn new(lane: Lane<'d, 't>, most: usize) -> Ahead<'d, 't> {
        Ahead { lane, sums: Vec::with_capacity(most), most, marks: Vec::new() }
    }

    /// Whether so many blocks more than a lane has ready can still be of use.
    fn has_room(&self) -> bool {
        self.sums.len() + CHUNK <= self.most
    }

    fn mark(&mut self, count: usize) {
        self.keep(count);
        self.marks.push(Mark { bit: self.lane.bits().position(), count: self.sums.len() });
    }

    fn keep(&mut self, count: usize) {
        self.sums.extend_from_slice(&self.lane.sums()[..count]);
        self.lane.forget(count);
    }
}

/// Where the means go.
struct Out<'s> {
    parts: &'s mut [Part],
    layers: &'s mut [Option<Layer>],
    /// Blocks in a unit.
    unit: usize,
    /// Units that are done, and where they end.
    done: usize,
    stop: usize,
    /// Units in a row.
    columns: usize,
    /// The sum before the next block.
    before: u32,
}

impl Out<'_> {
    /// How many blocks are left.
    fn left(&self) -> usize {
        (self.stop - self.done) * self.unit
    }

    /// Puts the means of the next blocks, whole units, from the sums of all DC differences up to each.
    fn put(&mut self, sums: &[u32]) {
        let mut rest = sums;
        while !rest.is_empty() {
            let (row, column) = (self.done / self.columns, self.done % self.columns);
            let count = (self.columns - column).min(rest.len() / self.unit);
            let (sums, others) = rest.split_at(count * self.unit);
            let run = Run { sums, before: self.before, unit: self.unit, column, row };
            self.parts.iter_mut().for_each(|part| part.put(self.layers, run));
            self.before = sums[sums.len() - 1];
            self.done += count;
            rest = others;
        }
    }
}

/// Units of one row.
#[derive(Clone, Copy)]
struct Run<'s> {
    /// The sums of all DC differences up to each block, and before the first.
    sums: &'s [u32],
    before: u32,
    /// Blocks in a unit.
    unit: usize,
    /// Where the first unit is.
    column: usize,
    row: usize,
}

impl Part {
    /// Puts the means of this component.
    fn put(&mut self, layers: &mut [Option<Layer>], run: Run<'_>) {
        let Some(layer) = &mut layers[self.place.component] else { return };
        // Compiled for each of the usual shapes: with divisions by a count that is not known, and loops of
        // unknown length, this took twice as long.
        match (self.place.h, self.place.v) {
            (1, 1) => self.put_shape(layer, run, 1, 1),
            (2, 1) => self.put_shape(layer, run, 2, 1),
            (2, 2) => self.put_shape(layer, run, 2, 2),
            (h, v) => self.put_shape(layer, run, h, v),
        }
    }

    #[inline(always)]
    fn put_shape(&mut self, layer: &mut Layer, run: Run<'_>, h: usize, v: usize) {
        // Below that, sums hold what decoding needs.
        let upper = |sum: u32| sum & (!0 << DIFFERENCE);
        let mut before = run.before;
        for (n, sums) in run.sums.chunks_exact(run.unit).enumerate() {
            // What the sums have more than the component's own differences.
            let others = upper(if self.number == 0 { before } else { sums[self.number - 1] }).wrapping_sub(self.last);
            let mut own = sums[self.number..][..h * v].iter();
            for down in 0..v {
                for (across, &sum) in own.by_ref().take(h).enumerate() {
                    self.last = upper(sum).wrapping_sub(others);
                    let dc = (self.last >> DIFFERENCE) as i16;
                    layer.put_mean((run.column + n) * h + across, run.row * v + down, dc, self.quant);
                }
            }
            before = sums[run.unit - 1];
        }
    }
}
