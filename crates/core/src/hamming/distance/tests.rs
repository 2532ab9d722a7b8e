//! Every level against a slow twin.

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
fn every_level_masks() {
    let (words, query, mask) = (noise(203), 0x1234_5678_9abc_def0, 0xffff_ff00_ff0f_f000);
    for (start, end) in [(0, 203), (5, 6), (3, 19), (200, 204), (9, 8)] {
        let places = if end <= 203 { start..end } else { 0..0 };
        let left = |i: u32| (u64::from_le_bytes(words[i as usize]) ^ query) & mask;
        let differ = |i: u32| (0..64).filter(|bit| left(i) >> bit & 1 == 1).count() as u32;
        let all = places.map(|index| Near { distance: differ(index), index });
        let wanted: Vec<Near> = all.filter(|near| near.distance <= 18).collect();
        for level in Level::available() {
            let mut found = Vec::new();
            sweep_masked(level, &words, Stretch { start, end }, query, mask, 18, &mut found);
            assert_eq!(found, wanted, "{level:?}, {start}..{end}");
        }
    }
}

#[test]
fn every_level_makes_the_same_table() {
    let codes = |count, seed: usize| -> Vec<[u8; 32]> {
        noise(4 * (count + seed))[4 * seed..]
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| *four.as_flattened().first_chunk().unwrap())
            .collect()
    };
    for (many, few) in [(0, 5), (3, 0), (37, 181), (1, 1)] {
        let (queries, others) = (codes(many, 0), codes(few, 40));
        let differ =
            |a: &[u8; 32], b: &[u8; 32]| (0..256).filter(|i| (a[i / 8] ^ b[i / 8]) >> (i % 8) & 1 == 1).count();
        let wanted: Vec<u16> = queries.iter().flat_map(|a| others.iter().map(move |b| differ(a, b) as u16)).collect();
        for level in Level::available() {
            let mut into = vec![9; 3];
            table(level, &queries, &Columns::new(&others), &mut into);
            assert_eq!(into, wanted, "{level:?}");
        }
    }
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
