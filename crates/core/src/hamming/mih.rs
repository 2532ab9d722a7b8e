//! Multi-index hashing (Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index hashing", 2012;
//! arXiv 1307.2982), over flat arrays.
//!
//! A code is cut into parts, with a table of buckets for each. Where two codes differ in few bits, some part
//! differs in fewer: if table `t` has been searched for parts that differ in up to `e(t)` bits, then every code
//! within `sum(e(t) + 1) - 1` bits has been seen. Departures from the paper:
//!
//! 1. The parts need not be searched alike. A search is a row of steps; a step searches one table one bit
//!    farther (a shell), and always the one whose next shell is estimated cheapest. So for radius and nearest
//!    alike, tables with crowded buckets, which real pictures make, are left for last.
//! 2. The estimate is corrected by what was met: the codes in the shell before.
//! 3. No list of codes seen: a code counts in the first step that meets it, which follows from its parts alone.
//! 4. When what was spent and what comes next are dearer than looking at every code, the search gives up before
//!    it opens the buckets, and a scan takes over.

use super::cost;
use super::distance::{Level, Near, Stretch, Words, pick, prefetch, sweep};
use super::found::Found;
use super::stop::Stop;
use super::view::{Entries, Table, View, rotate};
use crate::error::Result;

/// Buckets whose offsets are read before the first of them is opened: what is announced meanwhile fits in a
/// first-level cache.
const ROUND: usize = 128;
/// How many buckets ahead offsets are announced.
const AHEAD: usize = 24;
/// Bytes that the processor fetches at a time.
const LINE: usize = 64;
/// How many of them are announced of a bucket; what follows, the processor foresees.
const LINES: usize = 8;
/// A step that has not been taken.
const NEVER: u32 = u32::MAX;

/// A search by tables, and memory that it keeps from one query to the next.
#[derive(Debug, Default)]
pub struct Probing {
    tables: Vec<State>,
    buckets: Vec<u32>,
    stretches: Vec<Stretch>,
    picked: Vec<u32>,
    nears: Vec<Near>,
    spent: u64,
}

/// How far a table has been searched.
#[derive(Debug)]
struct State {
    /// The bucket of the query.
    bucket: u32,
    /// The next shell.
    shell: u32,
    /// Codes in a bucket, on average: of the shell before, or of the table.
    density: u64,
    /// Its estimated cost.
    cost: u64,
    /// The number of the step that searched each shell.
    steps: Vec<u32>,
}

impl Probing {
    /// Finds all codes within the bound of `found`, which gets smaller as nearest codes are found.
    ///
    /// # Returns
    /// Whether it did so; if it would cost more than the budget, `found` is not complete.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn search(
        &mut self,
        view: &View<'_>,
        level: Level,
        query: &[u64],
        found: &mut Found,
        budget: u64,
        stop: &Stop<'_>,
    ) -> Result<bool> {
        self.begin(view, query);
        let mut step = 0;
        // After so many steps, every code within one bit less has been seen.
        while step <= found.bound() {
            let Some(t) = self.cheapest(view) else { return Ok(true) };
            if self.spent.saturating_add(self.tables[t].cost) > budget {
                return Ok(false);
            }
            let shell = self.tables[t].shell;
            self.tables[t].steps[shell as usize] = step;
            if !self.search_shell(view, level, query, t, found, budget, stop)? {
                return Ok(false);
            }
            step += 1;
        }
        Ok(true)
    }

    fn begin(&mut self, view: &View<'_>, query: &[u64]) {
        self.spent = 0;
        self.tables.resize_with(view.tables.len(), State::new);
        for (state, table) in self.tables.iter_mut().zip(&view.tables) {
            state.begin(table.bucket(view.bits, query), table.len, (view.distinct() as u64) >> table.len, view.bits);
            prefetch(table.offsets, state.bucket as usize);
        }
    }

    /// The table whose next shell is cheapest; `None` if all have been searched through.
    fn cheapest(&self, view: &View<'_>) -> Option<usize> {
        let open = |&t: &usize| self.tables[t].shell <= view.tables[t].len;
        (0..self.tables.len()).filter(open).min_by_key(|&t| self.tables[t].cost)
    }

    /// Searches the next shell of a table, by rounds.
    #[allow(clippy::too_many_arguments)]
    fn search_shell(
        &mut self,
        view: &View<'_>,
        level: Level,
        query: &[u64],
        t: usize,
        found: &mut Found,
        budget: u64,
        stop: &Stop<'_>,
    ) -> Result<bool> {
        let (table, each) = (&view.tables[t], cost::entry(view.bits));
        let State { bucket, shell, .. } = self.tables[t];
        let mut masks = Masks::new(table.len, shell);
        let (mut probes, mut codes) = (0, 0);
        loop {
            self.buckets.clear();
            self.buckets.extend(masks.by_ref().take(ROUND).map(|mask| bucket ^ mask));
            if self.buckets.is_empty() {
                break;
            }
            probes += self.buckets.len() as u64;
            let inside = self.look_up(view, table);
            codes += inside;
            self.spent = self.spent.saturating_add(cost::PROBE * self.buckets.len() as u64 + inside * each);
            if self.spent > budget {
                return Ok(false);
            }
            self.compare(view, level, table, query, found.bound());
            self.accept(view, t, query, found);
            self.spent = self.spent.saturating_add(cost::HIT * self.nears.len() as u64);
            stop.check()?;
        }
        self.tables[t].advance(table.len, codes / probes.max(1), each);
        Ok(true)
    }

    /// Reads the offsets of the round's buckets, and announces what is in them. How many codes are in them.
    fn look_up(&mut self, view: &View<'_>, table: &Table<'_>) -> u64 {
        self.stretches.clear();
        let mut codes = 0;
        for &bucket in self.buckets.iter().take(AHEAD) {
            prefetch(table.offsets, bucket as usize);
        }
        for (i, &bucket) in self.buckets.iter().enumerate() {
            if let Some(&soon) = self.buckets.get(i + AHEAD) {
                prefetch(table.offsets, soon as usize);
            }
            let stretch = table.stretch(bucket);
            if stretch.start >= stretch.end {
                continue;
            }
            codes += u64::from(stretch.end - stretch.start);
            announce(view, table, stretch);
            match self.stretches.last_mut() {
                Some(last) if last.end == stretch.start => last.end = stretch.end,
                _ => self.stretches.push(stretch),
            }
        }
        codes
    }

    /// Compares what is in the round's buckets. Afterwards `nears` has numbers of entries, or of codes.
    fn compare(&mut self, view: &View<'_>, level: Level, table: &Table<'_>, query: &[u64], most: u32) {
        self.nears.clear();
        match table.entries {
            Entries::Codes => sweep(level, view.codes, &self.stretches, query, most, &mut self.nears),
            Entries::Rotated(words) => {
                let query = [rotate(query[0], view.bits, table.start)];
                sweep(level, Words { words, stride: 1 }, &self.stretches, &query, most, &mut self.nears);
            }
            Entries::Numbers(numbers) => {
                self.picked.clear();
                for stretch in &self.stretches {
                    let part = numbers.get(stretch.start as usize..stretch.end as usize).unwrap_or_default();
                    self.picked.extend(part.iter().map(|bytes| u32::from_le_bytes(*bytes)));
                }
                pick(level, view.codes, &self.picked, query, most, &mut self.nears);
            }
        }
    }

    /// Hands over those that no earlier step has met.
    fn accept(&mut self, view: &View<'_>, t: usize, query: &[u64], found: &mut Found) {
        let now = self.tables[t].steps[self.tables[t].shell as usize];
        for near in &self.nears {
            if near.distance > found.bound() {
                continue;
            }
            if let Some(index) = self.first_met(view, t, now, query, near.index) {
                found.add(Near { distance: near.distance, index }, view);
            }
        }
    }

    /// The number of the code of an entry, unless an earlier step has met it.
    fn first_met(&self, view: &View<'_>, t: usize, now: u32, query: &[u64], entry: u32) -> Option<u32> {
        if let Entries::Rotated(words) = view.tables[t].entries {
            let rotated = u64::from_le_bytes(*words.get(entry as usize)?);
            let back = (view.bits - view.tables[t].start) % view.bits;
            let code = rotate(rotated, view.bits, back);
            let first = self.is_first(view, now, |table| {
                (table.bucket(view.bits, &[code]) ^ table.bucket(view.bits, query)).count_ones()
            });
            return if first { view.find(code) } else { None };
        }
        let code = view.code(entry)?;
        let word = |i: usize| u64::from_le_bytes(code[i]);
        let first = self.is_first(view, now, |table| {
            let bucket = super::codes::part(word, code.len(), view.bits, table.start, table.len);
            (bucket ^ table.bucket(view.bits, query)).count_ones()
        });
        first.then_some(entry)
    }

    /// Whether no step before `now` has met a code, by how far each of its parts is.
    fn is_first(&self, view: &View<'_>, now: u32, apart: impl Fn(&Table<'_>) -> u32) -> bool {
        let mut both = self.tables.iter().zip(&view.tables);
        both.all(|(state, table)| state.steps.get(apart(table) as usize).is_none_or(|&step| step >= now))
    }
}

/// Announces the first lines of memory of a bucket.
#[inline(always)]
fn announce(view: &View<'_>, table: &Table<'_>, stretch: Stretch) {
    match table.entries {
        Entries::Codes => announce_lines(view.codes.words, stretch, view.codes.stride),
        Entries::Rotated(words) => announce_lines(words, stretch, 1),
        Entries::Numbers(numbers) => announce_lines(numbers, stretch, 1),
    }
}

#[inline(always)]
fn announce_lines<T>(items: &[T], stretch: Stretch, stride: usize) {
    let (start, end) = (stretch.start as usize * stride, stretch.end as usize * stride);
    let line = LINE / size_of::<T>();
    for index in (start..end).step_by(line).take(LINES) {
        prefetch(items, index);
    }
    prefetch(items, end - 1);
}

impl State {
    fn new() -> State {
        State { bucket: 0, shell: 0, density: 0, cost: 0, steps: Vec::new() }
    }

    fn begin(&mut self, bucket: u32, len: u32, density: u64, bits: u32) {
        self.bucket = bucket;
        self.shell = 0;
        self.density = density;
        self.cost = cost::shell(len, 0, density, cost::entry(bits));
        self.steps.clear();
        self.steps.resize(len as usize + 1, NEVER);
    }

    /// On to the next shell; the one before had so many codes in a bucket.
    fn advance(&mut self, len: u32, met: u64, each: u64) {
        self.shell += 1;
        self.density = self.density.max(met);
        self.cost = cost::shell(len, self.shell, self.density, each);
    }
}

/// All numbers of `len` bits of which `ones` are set, ascending: those that differ in low bits follow each other,
/// and their buckets are neighbours in memory.
struct Masks {
    next: u64,
    end: u64,
}

impl Masks {
    fn new(len: u32, ones: u32) -> Masks {
        Masks { next: (1 << ones) - 1, end: 1 << len }
    }
}

impl Iterator for Masks {
    type Item = u32;

    /// The next number with as many ones (R. W. Gosper, HAKMEM, item 175).
    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        let now = self.next;
        if now >= self.end {
            return None;
        }
        let low = now & now.wrapping_neg();
        let carried = now + low;
        // Without ones, the only number is 0.
        self.next = if now == 0 { self.end } else { (((now ^ carried) >> 2) >> low.trailing_zeros()) | carried };
        Some(now as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_all_numbers_with_so_many_ones() {
        for len in 1..=12 {
            for ones in 0..=len {
                let wanted: Vec<u32> = (0..1 << len).filter(|mask: &u32| mask.count_ones() == ones).collect();
                assert_eq!(Masks::new(len, ones).collect::<Vec<_>>(), wanted);
            }
        }
    }
}
