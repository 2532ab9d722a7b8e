//! Pairs put in order, and codes expanded to positions; and a guess beforehand at how many there will be.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Distinct;
use super::engine::Engine;
use super::found::Pair;
use super::items::{Items, RIGHT, STEP};
use super::sweep::{Wanted, sweep_row};
use crate::error::{Error, Result};
use crate::simd;

/// Ranges of left numbers that pairs are dealt into.
const RANGES: usize = 1 << 10;
/// Codes of a sample: eight million pairs, compared in a few milliseconds.
const SAMPLE: usize = 4096;
/// So many hits make a guess.
const ENOUGH: usize = 8;

/// Pairs by left number, then right; `count` is more than any left number.
pub fn sorted(found: Vec<Vec<Pair>>, count: usize, cancel: &AtomicBool) -> Result<Vec<Pair>> {
    let total = found.iter().map(Vec::len).sum();
    let shift = (count / RANGES).next_power_of_two().trailing_zeros();
    let mut starts = vec![0usize; (count >> shift) + 2];
    for pair in found.iter().flatten() {
        starts[(pair.left >> shift) as usize + 1] += 1;
    }
    for range in 1..starts.len() {
        starts[range] += starts[range - 1];
    }
    let mut next = starts.clone();
    let mut pairs = vec![Pair { left: 0, right: 0, distance: 0 }; total];
    for part in found {
        for chunk in part.chunks(1 << 20) {
            check(cancel)?;
            for pair in chunk {
                let place = &mut next[(pair.left >> shift) as usize];
                pairs[*place] = *pair;
                *place += 1;
            }
        }
    }
    let mut scratch = Vec::new();
    for (range, bounds) in starts.windows(2).enumerate() {
        check(cancel)?;
        sort_range(&mut pairs[bounds[0]..bounds[1]], (range << shift) as u32, 1 << shift, &mut scratch);
    }
    Ok(pairs)
}

/// Pairs whose left numbers are at least `first`, and fewer than `width` above it.
fn sort_range(pairs: &mut [Pair], first: u32, width: usize, scratch: &mut Vec<u64>) {
    let key = |pair: &Pair| u64::from(pair.left) << 32 | u64::from(pair.right);
    if pairs.len() < 2 * width {
        return pairs.sort_unstable_by_key(key);
    }
    // Many for each left number: dealt out by it, little is left to be sorted.
    let mut starts = vec![0usize; width + 1];
    pairs.iter().for_each(|pair| starts[(pair.left - first) as usize + 1] += 1);
    for left in 1..starts.len() {
        starts[left] += starts[left - 1];
    }
    scratch.clear();
    scratch.resize(pairs.len(), 0);
    let mut next = starts.clone();
    for pair in pairs.iter() {
        let place = &mut next[(pair.left - first) as usize];
        scratch[*place] = u64::from(pair.right) << 16 | u64::from(pair.distance);
        *place += 1;
    }
    for (left, bounds) in (first..).zip(starts.windows(2)) {
        let range = bounds[0]..bounds[1];
        // Plain numbers are sorted faster than pairs by a key.
        scratch[range.clone()].sort_unstable();
        for (pair, number) in pairs[range.clone()].iter_mut().zip(&scratch[range]) {
            *pair = Pair { left, right: (number >> 16) as u32, distance: *number as u16 };
        }
    }
}

/// Pairs of codes, in order, as pairs of positions, in order.
pub fn expanded(pairs: &[Pair], groups: &[Distinct; 2], count: usize, cancel: &AtomicBool) -> Result<Vec<Pair>> {
    if groups.iter().all(|group| group.len() == group.members().len()) {
        return Ok(pairs.to_vec());
    }
    let mut all = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        if number % 4096 == 0 {
            check(cancel)?;
        }
        for left in groups[0].members_of(pair.left) {
            let rights = groups[1].members_of(pair.right).iter();
            all.extend(rights.map(|right| Pair { left: *left, right: *right, distance: pair.distance }));
        }
    }
    sorted(vec![all], count, cancel)
}

/// About how many pairs there are, by a sample; nought if they are too few to tell.
pub fn guess<const W: usize>(engine: &Engine, items: &Items<W>) -> f64 {
    let all = 0..items.ids.len();
    let middle = if engine.cross { items.middle(&all) } else { all.end };
    let (left, right) = (spread(items, 0..middle), spread(items, middle..all.end));
    let of_left = left.ids.len();
    let mut sample = left;
    sample.codes.truncate(of_left);
    sample.codes.extend(&right.codes);
    sample.ids.extend(&right.ids);
    let mut hits = Vec::new();
    let wanted = Wanted { radius: engine.radius, same: [0; W], apart: &[] };
    simd::run_counting(
        engine.level,
        #[inline(always)]
        || {
            for row in 0..of_left {
                let columns = if engine.cross { of_left..sample.ids.len() } else { row + 1..of_left };
                sweep_row(&sample.codes, row, columns, &wanted, &mut hits);
            }
        },
    );
    let weight = |row: u32, column: u32| {
        engine.ledger.weight(sample.ids[row as usize], sample.ids[column as usize] & !RIGHT) as f64
    };
    let weights: f64 = hits.iter().map(|hit| weight(hit.0, hit.1)).sum();
    let count = |sampled: usize, of: usize| of as f64 / (sampled as f64).max(1.0);
    let other = if engine.cross { count(right.ids.len(), all.end - middle) } else { count(of_left, middle) };
    if hits.len() < ENOUGH { 0.0 } else { weights * count(of_left, middle) * other }
}

/// Some codes, evenly over a range.
fn spread<const W: usize>(items: &Items<W>, part: Range<usize>) -> Items<W> {
    let count = part.len().min(SAMPLE);
    let places = (0..count).map(|number| part.start + number * part.len() / count);
    let (mut codes, ids): (Vec<_>, _) = places.map(|place| (items.codes[place], items.ids[place])).unzip();
    codes.resize(count + STEP, [0; W]);
    Items { codes, ids }
}

fn check(cancel: &AtomicBool) -> Result<()> {
    if cancel.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
}
