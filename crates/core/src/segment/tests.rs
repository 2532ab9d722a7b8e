//! Segments against slow twins: built, searched, damaged.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::hamming::{Codes, Hits, Level, Plan, Request, search};

static NEVER: AtomicBool = AtomicBool::new(false);

fn stop() -> Stop<'static> {
    Stop::following(&NEVER)
}

/// Numbers that look random, always the same.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 ^ (self.0 >> 29)
    }

    /// Packed codes: random, or copies of few with some bits flipped.
    fn codes(&mut self, bits: u32, count: usize, skewed: bool) -> Vec<u8> {
        let size = bits.div_ceil(8) as usize;
        let mut all: Vec<u8> = Vec::new();
        for i in 0..count {
            let mut code: Vec<u8> = if skewed && i > 4 {
                let from = self.next() as usize % 4 * size;
                all[from..from + size].to_vec()
            } else {
                (0..size).map(|_| self.next() as u8).collect()
            };
            for _ in 0..self.next() % 5 * u64::from(skewed) {
                let bit = self.next() as usize % (8 * size);
                code[bit / 8] ^= 1 << (bit % 8);
            }
            code[0] &= 0xFF >> (8 * size as u32 - bits);
            all.extend(code);
        }
        all
    }
}

fn segment(bits: u32, packed: &[u8], rows: Option<&[i64]>, tables: Option<u32>) -> Segment {
    let mut builder = Builder::new(bits, 0).unwrap();
    builder.push(packed, rows).unwrap();
    builder.finish(vec![("kind".into(), "phash".into())], None, tables, &stop()).unwrap()
}

/// Every code, every bit of it.
fn slow(bits: u32, packed: &[u8], rows: &[i64], queries: &[u8], request: &Request) -> Hits {
    let size = bits.div_ceil(8) as usize;
    let mut hits = Hits { starts: vec![0], ..Hits::default() };
    for query in queries.chunks_exact(size) {
        let apart = |code: &[u8]| code.iter().zip(query).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        let mut near: Vec<(u32, i64)> = packed.chunks_exact(size).map(apart).zip(rows.iter().copied()).collect();
        near.retain(|&(distance, _)| distance <= request.radius);
        near.sort_unstable();
        near.truncate(request.nearest.unwrap_or(usize::MAX));
        hits.rows.extend(near.iter().map(|&(_, row)| row));
        hits.distances.extend(near.iter().map(|&(distance, _)| distance as i32));
        hits.starts.push(hits.rows.len() as i64);
    }
    hits
}

/// Every plan at every level, but for plans that would look into millions of empty buckets.
fn ways(bits: u32, radius: u32) -> Vec<(Plan, Level)> {
    let few = bits <= 32 || radius <= bits / 8;
    let plans = [Plan::Auto, Plan::Scan, Plan::Tables].into_iter().filter(|&plan| few || plan != Plan::Tables);
    plans.flat_map(|plan| Level::available().into_iter().map(move |level| (plan, level))).collect()
}

fn check(bits: u32, packed: &[u8], queries: &[u8], tables: Option<u32>) {
    let count = packed.len() / bits.div_ceil(8) as usize;
    let rows: Vec<i64> = (0..count as i64).map(|i| 1_000 - 7 * i).collect();
    let built = segment(bits, packed, Some(&rows), tables);
    built.verify(&stop()).unwrap();
    let codes = Codes::from_packed(queries, bits).unwrap();
    for radius in [0, 1, bits / 8, bits / 3, bits] {
        for nearest in [None, Some(1), Some(7), Some(count + 1)] {
            for (plan, level) in ways(bits, radius) {
                let request = Request { radius, nearest, plan, threads: 1 + count % 3, level };
                let wanted = slow(bits, packed, &rows, queries, &request);
                let got = search(&built.view(), &codes, &request, &stop()).unwrap();
                assert_eq!(got, wanted, "{bits} bits, {count} codes, {request:?}");
            }
        }
    }
}

#[test]
fn every_plan_and_level_finds_what_the_slow_twin_finds() {
    let mut noise = Noise(1);
    for bits in [1, 5, 8, 13, 31, 32, 63, 64, 65, 72, 128, 144, 200, 256, 512, 1000, 1024] {
        for (count, skewed) in [(0, false), (1, false), (2, true), (60, false), (300, true)] {
            let packed = noise.codes(bits, count, skewed);
            let mut queries = noise.codes(bits, 2, false);
            queries.extend(&packed[..packed.len().min(2 * bits.div_ceil(8) as usize)]);
            check(bits, &packed, &queries, (count == 60).then_some(bits.div_ceil(7)));
        }
    }
}

#[test]
fn damaged_bytes_are_found_and_never_crash() {
    let mut noise = Noise(2);
    for bits in [64, 100] {
        let packed = noise.codes(bits, 300, true);
        let sound = segment(bits, &packed, None, None);
        let bytes = sound.bytes().to_vec();
        for length in (0..bytes.len()).step_by(61).chain([bytes.len() - 1]) {
            assert!(Segment::from_bytes(bytes[..length].to_vec()).is_err(), "{length} of {} bytes", bytes.len());
        }
        for at in (0..bytes.len()).filter(|at| at % 7 == 0 || *at < 200) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (noise.next() % 8);
            let Ok(damaged) = Segment::from_bytes(damaged) else { continue };
            assert!(at >= sound.header().body(), "byte {at} of the header");
            assert!(matches!(damaged.verify(&stop()), Err(Error::Corrupt(_))), "byte {at}");
            let codes = Codes::from_packed(&packed[..bits.div_ceil(8) as usize * 20], bits).unwrap();
            for plan in [Plan::Scan, Plan::Tables] {
                let request = Request { radius: 9, nearest: None, plan, threads: 1, level: Level::best() };
                let _ = search(&damaged.view(), &codes, &request, &stop()).unwrap();
            }
            let _ = damaged.rows(&stop());
        }
    }
}

/// Each of few codes claims all rows: an answer has no more of them than there are.
#[test]
fn codes_that_claim_the_same_rows_do_not_multiply_them() {
    for bits in [64u32, 100] {
        let size = bits.div_ceil(8) as usize;
        let rows = 1000;
        let packed = Noise(3).codes(bits, rows / 5, true).repeat(5);
        let sound = segment(bits, &packed, None, None);
        let starts = sound.layout.starts.clone().unwrap();
        let mut bytes = sound.bytes().to_vec();
        for start in bytes[starts].as_chunks_mut::<8>().0 {
            start.copy_from_slice(&[[0; 4], (rows as u32).to_le_bytes()].concat());
        }
        let damaged = Segment::from_bytes(bytes).unwrap();
        let queries = Codes::from_packed(&packed[..2 * size], bits).unwrap();
        for (plan, nearest) in [(Plan::Scan, None), (Plan::Tables, None), (Plan::Scan, Some(rows * 2))] {
            let request = Request { radius: bits / 8, nearest, plan, threads: 1, level: Level::best() };
            let hits = search(&damaged.view(), &queries, &request, &stop()).unwrap();
            assert!(hits.rows.len() <= 2 * rows, "{plan:?}: {} hits", hits.rows.len());
        }
    }
}

#[test]
fn rows_come_back_sorted() {
    let built = segment(16, &[0, 9, 0, 1, 0, 9], Some(&[5, 4, -3]), None);
    assert_eq!(built.rows(&stop()).unwrap(), (vec![0, 1, 0, 9, 0, 9], vec![4, -3, 5]));
    assert_eq!((built.header().rows, built.header().distinct, built.header().first_row), (3, 2, -3));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut builder = Builder::new(8, 0).unwrap();
    assert!(matches!(builder.push(&[1, 2], Some(&[1])), Err(Error::Argument(_))));
    let mut builder = Builder::new(8, 0).unwrap();
    builder.push(&[1, 2], Some(&[0, 1 << 32])).unwrap();
    assert!(matches!(builder.finish(vec![], None, None, &stop()), Err(Error::Argument(_))));
    assert!(matches!(Segment::open(Path::new("no such file")), Err(Error::Io(Some(2), _))));
}
