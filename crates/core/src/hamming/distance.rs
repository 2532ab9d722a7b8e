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
mod tests {
    use super::*;

    /// Bytes that look random, always the same.
    fn noise(count: usize) -> Vec<[u8; 8]> {
        let mut state = 7u64;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state ^ (state >> 29)).to_le_bytes()
            })
            .collect()
    }

    /// Bit by bit.
    fn slow(codes: Words<'_>, index: usize, query: &[u64]) -> u32 {
        let words = &codes.words[index * codes.stride..][..codes.stride];
        let bit = |word: u64, i: u32| (word >> i) & 1;
        words
            .iter()
            .zip(query)
            .map(|(w, &q)| (0..64).filter(|&i| bit(u64::from_le_bytes(*w), i) != bit(q, i)).count() as u32)
            .sum()
    }

    #[test]
    fn every_level_finds_what_the_slow_twin_finds() {
        for stride in [1, 2, 3, 4, 7, 16] {
            let words = noise(stride * 203);
            let codes = Words { words: &words, stride };
            let query: Vec<u64> = noise(stride + 500)[500..].iter().map(|word| u64::from_le_bytes(*word)).collect();
            let picked: Vec<u32> = (0..203).filter(|i| i % 3 != 1).chain([203, u32::MAX]).collect();
            for (start, end) in [(0, 203), (0, 0), (5, 6), (3, 19), (1, 34), (202, 203), (200, 204), (9, 8)] {
                for most in [0, 28, 32, 36, 64 * stride as u32] {
                    let wanted: Vec<Near> = (start..if end <= 203 { end } else { start })
                        .map(|index| Near { distance: slow(codes, index as usize, &query), index })
                        .filter(|near| near.distance <= most * stride as u32)
                        .collect();
                    for level in Level::available() {
                        let mut found = Vec::new();
                        sweep(level, codes, &[Stretch { start, end }], &query, most * stride as u32, &mut found);
                        assert_eq!(found, wanted, "{level:?}, {stride} words, {start}..{end}");
                    }
                }
            }
            for level in Level::available() {
                let mut found = Vec::new();
                pick(level, codes, &picked, &query, 30 * stride as u32, &mut found);
                let mut wanted: Vec<Near> = picked
                    .iter()
                    .filter(|&&i| i < 203)
                    .map(|&i| Near { distance: slow(codes, i as usize, &query), index: i })
                    .collect();
                wanted.retain(|near| near.distance <= 30 * stride as u32);
                assert_eq!(found, wanted);
            }
        }
    }
}
