//! Large sets dealt out in one go by short marks: a window of each code, and its place.
//!
//! Where there are few answers, most of the time goes into moving codes, and into comparisons that find nothing. A
//! window of 32 bits is enough to tell that two codes are not near; so what is moved is the window and the place, 8
//! bytes however wide the codes are, once for each block. The few pairs whose windows are near are looked up. Where they
//! are not few, or a part is too large to be swept, its codes are gathered and split as others (`blocks.rs`).

use std::ops::Range;
use std::sync::Arc;

use super::engine::Engine;
use super::items::{Code, Items};
use super::scheme::{State, Window};
use crate::error::Result;
use crate::simd;

/// Bits to deal by: of more parts, the lines that are written to would be far from any cache.
const MOST_BITS: usize = 16;
/// Dealing aims at parts of this many codes.
const AIM: usize = 128;
/// Parts of at most so many codes, for each of the blocks that they could be dealt by again, are swept at once.
const DIRECT: usize = 128;
/// To deal again is worth while only if no more than so many codes are then left in a part.
const MOST_AGAIN: usize = 64;
/// When blocks are forced, small sets must go all ways too.
const FORCED_DIRECT: usize = 4;
/// Dealt again by at most so many bits at a time, and by no fewer than the least.
pub const MORE_BITS: u32 = 8;
const LEAST_BITS: u32 = 4;
/// A larger radius lets too many windows pass.
const MOST_RADIUS: u32 = 8;
/// Codes that are dealt between two looks at whether to stop, in pieces that stay in the first cache.
const PIECE: usize = 2048;

/// A mark: the window above, and as many more bits as there is room for; the place below, in just enough bits.
pub type Mark = u64;

/// How codes are dealt out by one block, and what of them is put into the marks.
pub struct Look<const W: usize> {
    pub state: Arc<State<W>>,
    /// How many bits of the state's block it deals by.
    pub bits: usize,
    runs: Vec<Run>,
    word: usize,
    turn: u32,
    /// Bits of a mark that are the place.
    pub low: u32,
    /// Blocks within the window to deal large parts by again.
    pub inner: Vec<(State<W>, Range<u32>)>,
    /// Parts of at most so many codes are not.
    pub direct: usize,
}

/// Neighbouring bits of a word, and where in the key they go.
struct Run {
    word: usize,
    shift: u32,
    count: u32,
    place: u32,
}

/// All marks of a set, by key.
#[derive(Default)]
pub struct Dealt {
    pub marks: Vec<Mark>,
    /// Where each part begins, and the last one ends.
    pub bounds: Vec<u32>,
}

impl<const W: usize> Look<W> {
    /// Marks for one of the states into which so many of the codes are to be split; none if they do not suit it.
    pub fn new(engine: &Engine, state: &Arc<State<W>>, items: &Items<W>, count: usize) -> Option<Self> {
        if engine.cross || engine.radius > MOST_RADIUS || (engine.many && !engine.forced) {
            return None;
        }
        let parts = if engine.forced { count } else { count / AIM };
        let wanted = parts.max(2).next_power_of_two().trailing_zeros() as usize;
        let bits = wanted.min(MOST_BITS).min(state.bits.len());
        let Window { word, turn, inner } = state.window(LEAST_BITS);
        // Pairs of a part agree in the whole block only if it was dealt by all of it.
        let inner = if bits == state.bits.len() { inner } else { Vec::new() };
        let direct = if engine.forced { FORCED_DIRECT } else { DIRECT * inner.len().max(2) };
        let least = inner.iter().map(|(_, place)| place.len()).min().unwrap_or(0);
        if count >> bits > direct && count >> (bits + least) > MOST_AGAIN && !engine.forced {
            return None;
        }
        let (runs, low) = (runs(&state.bits[..bits]), places(items).count_ones());
        Some(Look { state: Arc::clone(state), bits, runs, word, turn, low, inner, direct })
    }

    #[inline(always)]
    fn keys(&self, codes: &[Code<W>], keys: &mut [u16; PIECE]) {
        keys.fill(0);
        for run in &self.runs {
            let (word, shift, mask, place) = (run.word.min(W - 1), run.shift, (1u64 << run.count) - 1, run.place);
            for (key, code) in keys.iter_mut().zip(codes) {
                *key |= ((code[word] >> shift & mask) << place) as u16;
            }
        }
    }

    #[inline(always)]
    fn marks(&self, codes: &[Code<W>], first: usize) -> impl Iterator<Item = Mark> {
        let (word, turn, low) = (self.word.min(W - 1), self.turn, self.low);
        (first as u64..).zip(codes).map(move |(place, code)| code[word].rotate_right(turn) << low | place)
    }

    /// Deals a part out.
    pub fn deal(&self, engine: &Engine, items: &Items<W>, part: &Range<usize>, into: &mut Dealt) -> Result<()> {
        let mut keys = [0; PIECE];
        let mut next = vec![0u32; 1 << self.bits];
        for codes in items.codes[part.clone()].chunks(PIECE) {
            engine.ledger.check()?;
            simd::run(
                engine.level,
                #[inline(always)]
                || {
                    self.keys(codes, &mut keys);
                    keys[..codes.len()].iter().for_each(|key| next[usize::from(*key)] += 1);
                },
            );
        }
        into.begin(&mut next, part.len());
        for (number, codes) in items.codes[part.clone()].chunks(PIECE).enumerate() {
            engine.ledger.check()?;
            simd::run(
                engine.level,
                #[inline(always)]
                || {
                    self.keys(codes, &mut keys);
                    spread(self.marks(codes, part.start + number * PIECE), &keys, &mut next, &mut into.marks);
                },
            );
        }
        Ok(())
    }
}

/// Writes each mark to the next place of its key.
#[inline(always)]
fn spread(marked: impl Iterator<Item = Mark>, keys: &[u16], next: &mut [u32], marks: &mut [Mark]) {
    for (mark, key) in marked.zip(keys) {
        let next = &mut next[usize::from(*key)];
        marks[*next as usize] = mark;
        *next += 1;
    }
}

impl Dealt {
    /// Makes room, and counts into first places.
    #[inline(always)]
    fn begin(&mut self, counts: &mut [u32], total: usize) {
        self.bounds.clear();
        let mut sum = 0;
        self.bounds.extend(counts.iter_mut().map(|count| {
            let start = sum;
            sum += std::mem::replace(count, start);
            start
        }));
        self.bounds.push(sum);
        if self.marks.len() < total {
            self.marks.resize(total, 0);
        }
    }

    /// The marks of one part.
    pub fn part(&self, number: usize) -> &[Mark] {
        &self.marks[self.bounds[number] as usize..self.bounds[number + 1] as usize]
    }

    /// Deals marks out by some of their bits.
    #[inline(always)]
    pub fn deal(&mut self, marks: &[Mark], shift: u32, bits: u32) {
        let mask = (1usize << bits) - 1;
        let mut next = [0u32; 1 << MORE_BITS];
        marks.iter().for_each(|mark| next[(mark >> shift) as usize & mask] += 1);
        self.begin(&mut next[..=mask], marks.len());
        let to = &mut self.marks[..marks.len()];
        for mark in marks {
            let next = &mut next[(mark >> shift) as usize & mask];
            to[*next as usize] = *mark;
            *next += 1;
        }
    }
}

/// The bits of a mark that are the place.
pub fn places<const W: usize>(items: &Items<W>) -> Mark {
    (items.ids.len() as u64 + 1).next_power_of_two() - 1
}

/// Bits in the order of a key, as few runs as they are.
fn runs(bits: &[u16]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (place, bit) in (0..).zip(bits) {
        let (word, shift) = (usize::from(*bit) / 64, u32::from(*bit) % 64);
        match runs.last_mut() {
            Some(last) if last.word == word && last.shift + last.count == shift => last.count += 1,
            _ => runs.push(Run { word, shift, count: 1, place }),
        }
    }
    runs
}
