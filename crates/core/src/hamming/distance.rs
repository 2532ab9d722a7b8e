//! Distances of packed codes at the widest vectors that the processor has.
//!
//! The loops are plain safe Rust, written once, in a shape of which the compiler makes vectors; each instruction set
//! has them compiled anew. Counting the bits of a word becomes `vpopcntq` with AVX-512, table look-ups (`vpshufb`)
//! with AVX2, and `cnt` with NEON, which every 64-bit ARM processor has: there the portable level is the NEON one.
//! What is left after whole vectors goes through the same loop, a code at a time.
//!
//! `unsafe` is for two things: calling a function compiled for features that were looked for before, and telling
//! the processor what will be read soon.
#![allow(unsafe_code)]

/// An instruction set that the loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of the target has (with 64-bit ARM: NEON).
    Portable,
    /// x86-64 with AVX2 and POPCNT.
    Avx2,
    /// x86-64 with AVX-512 and its population count.
    Avx512,
}

impl Level {
    /// The levels that this processor can run, narrowest first.
    pub fn available() -> Vec<Level> {
        [Level::Portable, Level::Avx2, Level::Avx512].into_iter().filter(|level| level.is_here()).collect()
    }

    /// The widest level that this processor can run.
    pub fn best() -> Level {
        [Level::Avx512, Level::Avx2].into_iter().find(|level| level.is_here()).unwrap_or(Level::Portable)
    }

    /// Its name, as in `_core.pyi`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_here(self) -> bool {
        let narrow = || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt");
        match self {
            Level::Portable => true,
            Level::Avx2 => narrow(),
            Level::Avx512 => {
                narrow()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vpopcntdq")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_here(self) -> bool {
        self == Level::Portable
    }
}

/// Entries `start` to `end` of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub start: u32,
    /// Behind the last.
    pub end: u32,
}

/// A code that is near enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// Bits that differ.
    pub distance: u32,
    /// Which entry it is.
    pub index: u32,
}

/// Codes to be compared, `stride` words each, little-endian as in a segment, most significant word first.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// All words.
    pub words: &'a [[u8; 8]],
    /// Words a code.
    pub stride: usize,
}

/// Adds to `found` each code of the stretches within `most` of the query. A stretch past the end has no codes.
pub fn sweep(level: Level, codes: Words<'_>, stretches: &[Stretch], query: &[u64], most: u32, found: &mut Vec<Near>) {
    run(level, Sweep { codes, stretches, query, most, found });
}

/// Adds to `found` each of the picked codes within `most` of the query; its index is where it is picked from.
pub fn pick(level: Level, codes: Words<'_>, picked: &[u32], query: &[u64], most: u32, found: &mut Vec<Near>) {
    run(level, Pick { codes, picked, query, most, found });
}

/// Adds to `found` each code of a stretch of single words that differs from the query in `most` of the mask's bits or
/// fewer. A stretch past the end has no codes.
pub fn sweep_masked(
    level: Level,
    words: &[[u8; 8]],
    stretch: Stretch,
    query: u64,
    mask: u64,
    most: u32,
    found: &mut Vec<Near>,
) {
    if let Some(words) = words.get(stretch.start as usize..stretch.end as usize) {
        run(level, Masked { words, first: stretch.start, query, mask, most: u64::from(most), found });
    }
}

/// Codes of four words, turned: the first words of all, then the second words, and so on.
#[derive(Debug, Clone)]
pub struct Columns([Vec<u64>; 4]);

impl Columns {
    /// The columns of codes of 32 bytes.
    pub fn new(codes: &[[u8; 32]]) -> Self {
        let word = |code: &[u8; 32], i: usize| u64::from_le_bytes(code.as_chunks::<8>().0[i]);
        Columns([0, 1, 2, 3].map(|i| codes.iter().map(|code| word(code, i)).collect()))
    }

    /// How many codes.
    pub fn count(&self) -> usize {
        self.0[0].len()
    }
}

/// The distances of each query from all codes of the columns, one query after the other, in place of what is in `into`.
pub fn table(level: Level, queries: &[[u8; 32]], columns: &Columns, into: &mut Vec<u16>) {
    into.clear();
    into.resize(queries.len() * columns.count(), 0);
    run(level, Table { queries, columns, into });
}

/// A loop to be compiled for each level. Not a closure: those are not always made part of the caller, and what is
/// not keeps its portable code.
trait Kernel {
    fn run(self);
}

struct Sweep<'a> {
    codes: Words<'a>,
    stretches: &'a [Stretch],
    query: &'a [u64],
    most: u32,
    found: &'a mut Vec<Near>,
}

impl Kernel for Sweep<'_> {
    #[inline(always)]
    fn run(self) {
        let Sweep { codes, stretches, query, most, found } = self;
        match codes.stride {
            1 => sweep_single(codes.words, stretches, query, most, found),
            2 => sweep_wide::<2>(codes.words, stretches, query, most, found),
            4 => sweep_wide::<4>(codes.words, stretches, query, most, found),
            _ => sweep_any(codes, stretches, query, most, found),
        }
    }
}

struct Pick<'a> {
    codes: Words<'a>,
    picked: &'a [u32],
    query: &'a [u64],
    most: u32,
    found: &'a mut Vec<Near>,
}

impl Kernel for Pick<'_> {
    #[inline(always)]
    fn run(self) {
        let Pick { codes, picked, query, most, found } = self;
        match codes.stride {
            2 => pick_wide::<2>(codes.words, picked, query, most, found),
            4 => pick_wide::<4>(codes.words, picked, query, most, found),
            _ => pick_any(codes, picked, query, most, found),
        }
    }
}

struct Masked<'a> {
    words: &'a [[u8; 8]],
    first: u32,
    query: u64,
    mask: u64,
    most: u64,
    found: &'a mut Vec<Near>,
}

impl Kernel for Masked<'_> {
    #[inline(always)]
    fn run(self) {
        let Masked { words, first, query, mask, most, found } = self;
        let distance = |word: &[u8; 8]| u64::from(((u64::from_le_bytes(*word) ^ query) & mask).count_ones());
        for (b, block) in words.chunks(BLOCK).enumerate() {
            let mut distances = [0; BLOCK];
            distances.iter_mut().zip(block).for_each(|(into, word)| *into = distance(word));
            let near = distances.iter().take(block.len()).fold(false, |near, distance| near | (*distance <= most));
            if !near {
                continue;
            }
            for (i, &distance) in distances.iter().take(block.len()).enumerate() {
                if distance <= most {
                    found.push(Near { distance: distance as u32, index: first + (b * BLOCK + i) as u32 });
                }
            }
        }
    }
}

struct Table<'a> {
    queries: &'a [[u8; 32]],
    columns: &'a Columns,
    into: &'a mut [u16],
}

impl Kernel for Table<'_> {
    #[inline(always)]
    fn run(self) {
        let Columns([a, b, c, d]) = self.columns;
        let rows = self.into.chunks_exact_mut(a.len().max(1));
        for (query, row) in self.queries.iter().zip(rows) {
            let [q, r, s, t] = *query.as_chunks::<8>().0 else { return };
            let [q, r, s, t] = [q, r, s, t].map(u64::from_le_bytes);
            for ((((into, a), b), c), d) in row.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                let bits = |code: &u64, query: u64| u64::from((code ^ query).count_ones());
                *into = (bits(a, q) + bits(b, r) + bits(c, s) + bits(d, t)) as u16;
            }
        }
    }
}

/// Codes that are compared before the first branch.
const BLOCK: usize = 16;
/// How many codes ahead a picked one is announced.
const AHEAD: usize = 16;

#[inline(always)]
fn sweep_single(words: &[[u8; 8]], stretches: &[Stretch], query: &[u64], most: u32, found: &mut Vec<Near>) {
    let [query] = *query else { return };
    let most = u64::from(most);
    for stretch in stretches {
        let Some(codes) = words.get(stretch.start as usize..stretch.end as usize) else { continue };
        let (blocks, tail) = codes.as_chunks::<BLOCK>();
        for (b, block) in blocks.iter().enumerate() {
            let near = block.iter().fold(false, |near, code| near | (single_distance(code, query) <= most));
            if near {
                collect_single(block, query, most, stretch.start + (b * BLOCK) as u32, found);
            }
        }
        collect_single(tail, query, most, stretch.end - tail.len() as u32, found);
    }
}

#[inline(always)]
fn single_distance(code: &[u8; 8], query: u64) -> u64 {
    u64::from((u64::from_le_bytes(*code) ^ query).count_ones())
}

#[inline(always)]
fn collect_single(codes: &[[u8; 8]], query: u64, most: u64, first: u32, found: &mut Vec<Near>) {
    for (i, code) in codes.iter().enumerate() {
        let distance = single_distance(code, query);
        if distance <= most {
            found.push(Near { distance: distance as u32, index: first + i as u32 });
        }
    }
}

#[inline(always)]
fn wide_distance<const W: usize>(code: &[[u8; 8]; W], query: &[u64; W]) -> u32 {
    code.iter().zip(query).map(|(word, query)| (u64::from_le_bytes(*word) ^ query).count_ones()).sum()
}

#[inline(always)]
fn any_distance(code: &[[u8; 8]], query: &[u64]) -> u32 {
    code.iter().zip(query).map(|(word, query)| (u64::from_le_bytes(*word) ^ query).count_ones()).sum()
}

#[inline(always)]
fn sweep_wide<const W: usize>(
    words: &[[u8; 8]],
    stretches: &[Stretch],
    query: &[u64],
    most: u32,
    found: &mut Vec<Near>,
) {
    let Some(query) = query.first_chunk::<W>() else { return };
    let codes = words.as_chunks::<W>().0;
    for stretch in stretches {
        let Some(part) = codes.get(stretch.start as usize..stretch.end as usize) else { continue };
        for (i, code) in part.iter().enumerate() {
            let distance = wide_distance(code, query);
            if distance <= most {
                found.push(Near { distance, index: stretch.start + i as u32 });
            }
        }
    }
}

#[inline(always)]
fn sweep_any(codes: Words<'_>, stretches: &[Stretch], query: &[u64], most: u32, found: &mut Vec<Near>) {
    for stretch in stretches {
        let words = stretch.start as usize * codes.stride..stretch.end as usize * codes.stride;
        let Some(part) = codes.words.get(words) else { continue };
        for (i, code) in part.chunks_exact(codes.stride).enumerate() {
            let distance = any_distance(code, query);
            if distance <= most {
                found.push(Near { distance, index: stretch.start + i as u32 });
            }
        }
    }
}

#[inline(always)]
fn pick_wide<const W: usize>(words: &[[u8; 8]], picked: &[u32], query: &[u64], most: u32, found: &mut Vec<Near>) {
    let Some(query) = query.first_chunk::<W>() else { return };
    let codes = words.as_chunks::<W>().0;
    for (i, &index) in picked.iter().enumerate() {
        if let Some(&soon) = picked.get(i + AHEAD) {
            prefetch(codes, soon as usize);
        }
        let Some(code) = codes.get(index as usize) else { continue };
        let distance = wide_distance(code, query);
        if distance <= most {
            found.push(Near { distance, index });
        }
    }
}

#[inline(always)]
fn pick_any(codes: Words<'_>, picked: &[u32], query: &[u64], most: u32, found: &mut Vec<Near>) {
    for (i, &index) in picked.iter().enumerate() {
        if let Some(&soon) = picked.get(i + AHEAD) {
            prefetch(codes.words, soon as usize * codes.stride);
        }
        let Some(code) = codes.words.get(index as usize * codes.stride..(index as usize + 1) * codes.stride) else {
            continue;
        };
        let distance = any_distance(code, query);
        if distance <= most {
            found.push(Near { distance, index });
        }
    }
}

/// Tells the processor that an item will be read soon. One that is not there is not announced.
#[inline(always)]
pub fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(index) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the place is inside a slice; and to announce one is no reading.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}

/// Runs a loop compiled for `level`; all that it calls must be `#[inline(always)]`.
///
/// # Panics
/// If the processor does not have the level.
#[inline(always)]
fn run(level: Level, kernel: impl Kernel) {
    assert!(level.is_here(), "expected a level that this processor has, got {level:?}");
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the features, as was asserted.
        Level::Avx2 => unsafe { with_avx2(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the features, as was asserted.
        Level::Avx512 => unsafe { with_avx512(kernel) },
        _ => kernel.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn with_avx2(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,avx512f,avx512vl,avx512bw,avx512dq,avx512vpopcntdq")]
fn with_avx512(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(test)]
mod tests;
