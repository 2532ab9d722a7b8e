//! Keypoints and indexes of them: any bytes give an answer or an error.
//!
//! Checksums would keep a fuzzer out of an index. So it is given a sound one, and changes what is behind the header.

#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use heap::{open_on_panic, within};
use libfuzzer_sys::fuzz_target;
use lookalike_core::hamming::Stop;
use lookalike_core::keypoint::index::{Builder, Index, Request, merge, search};
use lookalike_core::keypoint::pair::{Tuning, match_pairs};

/// What a merge makes of an index whose lists have come to overlap.
const ALLOWANCE: usize = 256 << 20;
const HEADER: usize = 16;
const EACH: usize = 38;

/// The index that is damaged.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let bytes: Vec<u8> = (0..6000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let flag = AtomicBool::new(false);
    let stop = Stop::following(&flag);
    let mut builder = Builder::new(None);
    for (row, part) in (0..).zip(bytes.chunks(1500)) {
        builder.push(&[row], &[&keypoints(part)], &stop).expect("sound keypoints");
    }
    builder.finish(Vec::new(), &stop).expect("a sound index").bytes().to_vec()
});

fuzz_target!(init: open_on_panic(), |bytes: &[u8]| {
    LazyLock::force(&SOUND);
    within(ALLOWANCE, || {
        let flag = AtomicBool::new(false);
        let stop = Stop::following(&flag);
        let (one, two) = bytes.split_at(bytes.len() / 2);
        let _ = match_pairs(one, [two].into_iter(), &Tuning::default(), &stop);
        let (query, other) = (keypoints(one), keypoints(two));
        let pairs = match_pairs(&query, [&other[..]].into_iter(), &Tuning::default(), &stop).expect("sound keypoints");
        if let Some(found) = pairs[0].found {
            assert!(found.map.0.iter().all(|number| number.is_finite()) && pairs[0].inliers.len() >= 3);
        }
        if let Ok(index) = Index::from_bytes(bytes.to_vec()) {
            let _ = index.verify(&stop);
        }
        asked(&damaged(bytes), &query, &stop);
    });
});

/// Bytes as keypoints of the number that they suffice for.
fn keypoints(bytes: &[u8]) -> Vec<u8> {
    let count = bytes.len().saturating_sub(HEADER) / EACH;
    let mut sound = bytes[..bytes.len().min(HEADER + EACH * count)].to_vec();
    sound.resize(HEADER + EACH * count, 0);
    sound[..4].copy_from_slice(&[1, 0, count as u8, (count >> 8) as u8]);
    // Sides of the plane and of the picture.
    for side in [4, 6, 8, 12] {
        sound[side] |= 1;
    }
    sound
}

/// The sound index with some words of its body replaced: each by four bytes after four that say where.
fn damaged(bytes: &[u8]) -> Index {
    let mut damaged = SOUND.clone();
    let body = damaged.len() - 128;
    for change in bytes.as_chunks::<8>().0 {
        let [a, b, c, d, new @ ..] = *change;
        let at = 128 + u32::from_le_bytes([a, b, c, d]) as usize % (body - 4);
        damaged[at..at + 4].copy_from_slice(&new);
    }
    Index::from_bytes(damaged).expect("opening does not look behind the header")
}

fn asked(index: &Index, query: &[u8], stop: &Stop<'_>) {
    let _ = index.verify(stop);
    let request = Request { count: 3, probes: 8 };
    let hits = search(&[(index, HashSet::from([1]))], &[query], &request, stop).expect("sound keypoints");
    assert!(hits.len() <= 3 && hits.iter().all(|hit| hit.score.is_finite()));
    let merged = merge(&[(index, HashSet::from([2]))], Vec::new(), None, stop).expect("an index of what is left");
    assert!(merged.header().entries <= index.header().entries * 20_000);
}
