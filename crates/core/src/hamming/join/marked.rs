//! Pairs among codes that were dealt out by marks (`marks.rs`).

use std::ops::Range;
use std::sync::Arc;

use super::blocks::{Split, Worker};
use super::found::Pair;
use super::items::Items;
use super::marks::{Dealt, Look, MORE_BITS, Mark, places};
use super::scheme::State;
use crate::error::Result;
use crate::simd;

/// Larger parts are gathered.
const MOST: usize = 1 << 15;
/// Dealing a part again aims at parts of this many codes, which are compared without asking after each row.
const SMALL: usize = 16;
/// Windows that a sweep takes at a time: it may read as many past the end.
const STEP: usize = 32;
/// Codes of parts that make a step for a thread.
const STRIDE: usize = 1 << 15;
/// Rows of a part that are tried before it is dealt again.
const TRIED: usize = 8;

/// What a thread needs to go on with marks; kept, because fresh memory is slow.
#[derive(Default)]
pub struct Desk<const W: usize> {
    spare: Dealt,
    again: Dealt,
    windows: Vec<u32>,
    near: Vec<(u32, u32)>,
    gathered: Items<W>,
}

/// What may be told of a pair by its marks.
#[derive(Default)]
struct How {
    /// Bits of a mark that are the place.
    low: u32,
    /// Bits in one of which each pair differs: if not, it was found before.
    apart: Vec<Mark>,
}

/// What was dealt out of a part, and how.
pub struct Parts<const W: usize> {
    items: Arc<Split<W>>,
    look: Look<W>,
    dealt: Dealt,
}

impl<const W: usize> Parts<W> {
    /// Ranges of parts, each of about as many codes as a step should have.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let (mut ranges, mut start) = (Vec::new(), 0);
        let bounds = &self.dealt.bounds;
        for end in 1..bounds.len() {
            if end + 1 == bounds.len() || (bounds[end] - bounds[start]) as usize >= STRIDE {
                ranges.push(start..end);
                start = end;
            }
        }
        ranges
    }
}

impl<const W: usize> Worker<'_, W> {
    /// Deals a part out by a block.
    pub fn deal_marks(&mut self, items: Arc<Split<W>>, part: &Range<usize>, look: Look<W>) -> Result<Parts<W>> {
        let mut dealt = std::mem::take(&mut self.desk.spare);
        look.deal(self.engine, &items.items, part, &mut dealt)?;
        Ok(Parts { items, look, dealt })
    }

    /// Finds all pairs within each of some parts.
    pub fn marked(&mut self, parts: Arc<Parts<W>>, range: Range<usize>) -> Result<()> {
        let mut desk = std::mem::take(&mut self.desk);
        let done = simd::run_counting(
            self.engine.level,
            #[inline(always)]
            || {
                // An iterator's fold would not be compiled for the width.
                for number in range {
                    finish(self, &mut desk, &parts, number)?;
                }
                Ok(())
            },
        );
        self.desk = desk;
        if let Some(parts) = Arc::into_inner(parts) {
            self.desk.spare = parts.dealt;
        }
        done
    }

    /// Finds the pairs of marked codes by the codes themselves, in a state of which some bits agree already.
    fn gather(
        &mut self,
        to: &mut Items<W>,
        items: &Items<W>,
        marks: &[Mark],
        state: &State<W>,
        used: usize,
    ) -> Result<()> {
        to.reserve(marks.len());
        let places = places(items);
        for ((code, id), mark) in to.codes.iter_mut().zip(&mut to.ids).zip(marks) {
            let place = (*mark & places) as usize;
            (*code, *id) = (items.codes[place], items.ids[place]);
        }
        self.visit(to, 0..marks.len(), state, used, 0)
    }

    /// Keeps those pairs of marks that are wanted.
    fn look_up(
        &mut self,
        items: &Items<W>,
        marks: &[Mark],
        near: &mut Vec<(u32, u32)>,
        state: &State<W>,
    ) -> Result<()> {
        let (wanted, places) = (state.wanted(self.engine.radius), places(items));
        for (row, column) in near.drain(..) {
            let [one, other] = [row, column].map(|place| (marks[place as usize] & places) as usize);
            if let Some(distance) = wanted.distance(&items.codes[one], &items.codes[other]) {
                let (one, other) = (items.ids[one], items.ids[other]);
                self.found.push(Pair { left: one.min(other), right: one.max(other), distance })?;
            }
        }
        Ok(())
    }
}

/// Finds all pairs within a part.
#[inline(always)]
fn finish<const W: usize>(worker: &mut Worker<W>, desk: &mut Desk<W>, parts: &Parts<W>, number: usize) -> Result<()> {
    let (items, look, marks) = (&parts.items.items, &parts.look, parts.dealt.part(number));
    if marks.len() <= look.direct {
        fill(&mut desk.windows, marks, look.low);
        let how = How { low: look.low, apart: Vec::new() };
        return sweep(worker, desk, items, marks, 0..marks.len(), (&look.state, look.bits), &how);
    }
    worker.engine.ledger.check()?;
    if look.inner.is_empty() || marks.len() > MOST || has_many(marks, look.low, worker.engine.radius) {
        return worker.gather(&mut desk.gathered, items, marks, &look.state, look.bits);
    }
    let wanted = (marks.len() / SMALL).next_power_of_two().trailing_zeros();
    let mut again = std::mem::take(&mut desk.again);
    let mut how = How { low: look.low, ..How::default() };
    for (state, place) in &look.inner {
        let bits = wanted.min(MORE_BITS).min(place.end - place.start);
        again.deal(marks, look.low + place.start, bits);
        let dealt = &again.marks[..marks.len()];
        fill(&mut desk.windows, dealt, look.low);
        for bounds in again.bounds.windows(2) {
            let part = bounds[0] as usize..bounds[1] as usize;
            sweep(worker, desk, items, dealt, part, (state, bits as usize), &how)?;
        }
        how.apart.push(((1 << place.len()) - 1) << (look.low + place.start));
    }
    desk.again = again;
    Ok(())
}

/// Takes the windows out of marks, and adds what may be read behind them.
#[inline(always)]
fn fill(windows: &mut Vec<u32>, marks: &[Mark], low: u32) {
    if windows.len() < marks.len() + STEP {
        windows.resize(marks.len() + STEP, 0);
    }
    windows.iter_mut().zip(marks).for_each(|(window, mark)| *window = (mark >> low) as u32);
}

/// Compares all marks of a part, by their windows; so many bits of the state agree.
#[inline(always)]
fn sweep<const W: usize>(
    worker: &mut Worker<W>,
    desk: &mut Desk<W>,
    items: &Items<W>,
    marks: &[Mark],
    part: Range<usize>,
    (state, used): (&State<W>, usize),
    how: &How,
) -> Result<()> {
    if part.len() < 2 {
        return Ok(());
    }
    let radius = worker.engine.radius;
    if part.len() <= SMALL {
        let rows = &desk.windows[part.start..part.end - 1 + SMALL];
        let mut any = false;
        for row in rows.windows(SMALL + 1) {
            any |= any_near(row[0], &row[1..], radius);
        }
        if !any {
            return Ok(());
        }
    }
    for row in part.start..part.end - 1 {
        let window = desk.windows[row];
        let steps = desk.windows[row + 1..].as_chunks::<STEP>().0;
        for (number, step) in steps.iter().take((part.end - row - 1).div_ceil(STEP)).enumerate() {
            if any_near(window, step, radius) {
                let first = row + 1 + number * STEP;
                note(marks, (row, first..part.end.min(first + STEP)), radius, how, &mut desk.near);
            }
        }
        if desk.near.len() > 4 * part.len() + STEP {
            desk.near.clear();
            return worker.gather(&mut desk.gathered, items, &marks[part], state, used);
        }
    }
    if desk.near.is_empty() { Ok(()) } else { worker.look_up(items, marks, &mut desk.near, state) }
}

/// As in `sweep.rs`: in this shape it becomes vector code.
#[inline(always)]
fn any_near(window: u32, step: &[u32], radius: u32) -> bool {
    let mut any = false;
    for other in step {
        any |= (window ^ other).count_ones() <= radius;
    }
    any
}

/// Asks the whole marks: they tell more apart than the windows do.
#[cold]
fn note(marks: &[Mark], (row, columns): (usize, Range<usize>), radius: u32, how: &How, near: &mut Vec<(u32, u32)>) {
    for column in columns {
        let apart = marks[row] ^ marks[column];
        if (apart >> how.low).count_ones() <= radius && how.apart.iter().all(|mask| apart & mask != 0) {
            near.push((row as u32, column as u32));
        }
    }
}

/// Whether a few rows of a part have so many windows near them that each would be looked up more than once.
#[inline(always)]
fn has_many(marks: &[Mark], low: u32, radius: u32) -> bool {
    let mut near = 0;
    for row in (0..TRIED).map(|number| number * marks.len() / TRIED) {
        near += marks.iter().filter(|mark| ((*mark ^ marks[row]) >> low).count_ones() <= radius).count();
    }
    near > 4 * TRIED
}
