//! Sequential scans of which nothing but the mean of each block is wanted: the fast road.
//!
//! The data are decoded in two places at once. Where the second place is, no block is known to begin; but
//! Huffman codes fall into step by themselves. The second lane begins in the middle of the data as if a unit
//! did so there, decodes nonsense, and after some dozens of blocks it comes upon the true beginning of a unit
//! and goes on truly. The first lane, when it comes there, finds out whether that has happened. All that a
//! block's mean needs from the blocks before it is a sum, so what the second lane found can be joined on.

use super::bits::Bits;
use super::kept::ScanTables;
use super::out::{Out, Part};
use super::scan::{Place, Sequential, Units};
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

impl<'t> Means<'t> {
    /// The scan with its slow twin, for units of these blocks.
    pub fn new(exact: Sequential<'t>, places: &[Place], tables: &'t ScanTables) -> Means<'t> {
        let firsts = places.iter().enumerate().filter(|(_, place)| (place.across, place.down) == (0, 0));
        let parts = firsts.map(|(number, &place)| Part::new(place, number, exact.quant(number))).collect();
        Means { parts, plan: Plan::new(places, tables), exact }
    }
}

impl Units for Means<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        self.exact.unit(bits, column, row);
    }

    #[inline(always)]
    fn units<'d>(
        &mut self,
        bits: &mut Bits<'d>,
        range: [usize; 2],
        columns: usize,
        watch: &Watch<'_>,
    ) -> Result<usize> {
        let (whole, start, unit) = (*bits, range[0], self.plan.unit);
        let mut stop = range[1];
        // If the bits run out, once more up to where they were enough: now it is known where that is.
        for _ in 0..2 {
            let out = Out::new(&mut self.parts, self.exact.layers(), unit, [start, stop], columns);
            let mut segment = Segment { plan: &self.plan, out, watch, chunk: CHUNK / unit * unit };
            if let Some(after) = segment.decode(whole)? {
                *bits = after;
                self.parts.iter().for_each(|part| part.tell(&mut self.exact));
                return Ok(stop - start);
            }
            stop = segment.out.done();
        }
        Ok(0)
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
    /// Returns the bits behind, if there were enough.
    #[inline(always)]
    fn decode<'d>(&mut self, bits: Bits<'d>) -> Result<Option<Bits<'d>>> {
        let mut lane = Lane::new(bits, self.plan);
        while self.out.left() > MANY_BLOCKS && lane.bits().bytes_left() > MANY_BYTES {
            let Some(second) = self.split(&mut lane)? else { break };
            lane = second;
        }
        while self.out.left() >= self.chunk + STEPS {
            lane.run(self.plan, self.chunk, usize::MAX);
            if lane.bits().is_overrun() {
                return Ok(None);
            }
            self.flush(&mut lane)?;
        }
        let left = self.out.left();
        lane.run_exactly(self.plan, left, usize::MAX);
        if lane.bits().is_overrun() {
            return Ok(None);
        }
        self.out.put(lane.sums());
        Ok(Some(*lane.bits()))
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
        let marked = MARKED / self.out.unit() * self.out.unit();
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
            // At least one block has to be left, or the lane ahead may have gone too far.
            if met && first.len() + truth.len() + ahead.lane.len() < self.out.left() {
                self.out.put(first.sums());
                self.out.go_on_from(ahead.sums[mark.count - 1]);
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
        // Few photos have more blocks than bytes.
        let likely = most.min(lane.bits().bytes_left());
        Ahead { lane, sums: Vec::with_capacity(likely), most, marks: Vec::new() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::bits::Segments;
    use crate::jpeg::frame::Frame;
    use crate::jpeg::layer::Layer;
    use crate::jpeg::markers::Tables;
    use crate::jpeg::scan::places;

    /// Bytes without a pattern and without markers.
    fn noise(seed: u64, count: usize) -> Vec<u8> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) as u8).min(0xFE)
        };
        (0..count).map(next).collect()
    }

    /// Decodes noise as a scan with these sampling factors, in one way or the other. `None` if the bits run out.
    fn decoded(data: &[u8], factors: &[u8], columns: usize, rows: usize, fast: bool) -> Option<Vec<Vec<u8>>> {
        let side = |units: usize| (units * 8 * usize::from(factors[0] >> 4)) as u16;
        let mut payload = vec![8];
        payload.extend(side(rows).to_be_bytes());
        payload.extend(side(columns).to_be_bytes());
        payload.push(factors.len() as u8);
        (0..).zip(factors).for_each(|(id, &factor)| payload.extend([id, factor, 0]));
        let frame = Frame::parse(&payload, false).unwrap();
        let mut head = vec![factors.len() as u8];
        (0..factors.len() as u8).for_each(|id| head.extend([id, if id > 0 { 0x11 } else { 0 }]));
        head.extend([0, 63, 0]);
        let scan = frame.parse_scan(&head, 0).unwrap();
        let tables = ScanTables::new(&Tables::default(), &scan).unwrap();
        let mut layers: Vec<_> = frame.components.iter().map(|c| Layer::new(c, 1).ok()).collect();
        layers.iter_mut().flatten().for_each(|layer| layer.quant = Some([3; 64]));
        let places = places(&frame, &scan);
        let (columns, rows) = crate::jpeg::scan::grid(&frame, &scan);
        let segments = Segments::new(data, 0);
        let mut bits = segments.bits();
        let mut exact = Sequential::new(&places, &tables, &mut layers);
        if fast {
            let mut means = Means::new(exact, &places, &tables);
            let done = means.units(&mut bits, [0, columns * rows], columns, &Watch::with_pixels(0)).unwrap();
            (done..columns * rows).for_each(|n| means.unit(&mut bits, n % columns, n / columns));
        } else {
            (0..columns * rows).for_each(|n| exact.unit(&mut bits, n % columns, n / columns));
        }
        if bits.is_overrun() {
            return None;
        }
        Some(layers.into_iter().flatten().map(|layer| layer.samples).collect())
    }

    #[test]
    fn two_lanes_find_what_one_symbol_at_a_time_finds() {
        for (seed, factors) in (0..).zip([&[0x11][..], &[0x22, 0x11, 0x11], &[0x21, 0x11, 0x11], &[0x11; 3]]) {
            let data = noise(seed, 60_000);
            for (columns, rows) in [(1, 1), (5, 3), (40, 20), (31, 33), (1, 700)] {
                let slow = decoded(&data, factors, columns, rows, false).expect("enough data");
                assert_eq!(decoded(&data, factors, columns, rows, true), Some(slow), "{factors:?} {columns} {rows}");
            }
        }
    }

    #[test]
    fn the_last_block_is_found_where_data_ends_or_not_at_all() {
        let (factors, columns, rows) = (&[0x22, 0x11, 0x11][..], 23, 17);
        let data = noise(9, 60_000);
        let lasts = (1..data.len()).rev().step_by(997);
        let mut whole = 0;
        for length in lasts {
            let slow = decoded(&data[..length], factors, columns, rows, false);
            assert_eq!(decoded(&data[..length], factors, columns, rows, true), slow, "{length} bytes");
            whole += usize::from(slow.is_some());
        }
        assert!(whole > 0 && decoded(&data[..100], factors, columns, rows, true).is_none());
    }

    #[test]
    fn the_second_lane_is_used() {
        let data = noise(4, 60_000);
        let frame = Frame::parse(&[8, 64, 0, 1, 64, 1, 0, 0x11, 0], false).unwrap();
        let scan = frame.parse_scan(&[1, 0, 0, 0, 63, 0], 0).unwrap();
        let tables = ScanTables::new(&Tables::default(), &scan).unwrap();
        let mut layers = vec![Layer::new(&frame.components[0], 1).ok()];
        let places = places(&frame, &scan);
        let mut means = Means::new(Sequential::new(&places, &tables, &mut layers), &places, &tables);
        let segments = Segments::new(&data, 0);
        let watch = Watch::with_pixels(0);
        let (plan, layers) = (&means.plan, means.exact.layers());
        let out = Out::new(&mut means.parts, layers, 1, [0, 40 * 2048], 40);
        let mut segment = Segment { plan, out, watch: &watch, chunk: CHUNK };
        let mut first = Lane::new(segments.bits(), plan);
        let second = segment.split(&mut first).unwrap().expect("noise falls into step");
        assert!(second.bits().position() > 8 * 50_000 && segment.out.left() < 40 * 2048 - 2000);
    }
}
