//! What is read back from files: segments, indexes of keypoints, looks and packed codes. Any bytes give an answer or
//! an error, in memory that follows from their number; and what verifies gives the same answer by every road.
//!
//! Checksums and lengths would keep a fuzzer out. So bytes are tried as they are, and again with these mended. The
//! first byte says what the others are, the second what is asked.

#![no_main]

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use heap::{open_on_panic, within};
use libfuzzer_sys::fuzz_target;
use lookalike_core::hamming::join::{self, cross_join, self_join};
use lookalike_core::hamming::{Codes, Hits, Level, Plan, Request, Stop, search};
use lookalike_core::keypoint::index::header::{Header, Layout, MAGIC as KEYPOINTS};
use lookalike_core::keypoint::index::{self, Index};
use lookalike_core::keypoint::words::VOCABULARY;
use lookalike_core::look::second::{TRY, confirm};
use lookalike_core::look::{BYTES as LOOK, Look, check};
use lookalike_core::segment::Segment;
use lookalike_core::segment::header::MAGIC as SEGMENT;
use lookalike_core::{Error, Result};

/// For each byte of an index: its copy, and an answer of some rows for each query and plan.
const EACH: usize = 64;
const FIXED: usize = 8 << 20;
/// Where a header says how long the file is, what its body's checksum is, and how long the header is itself.
const LENGTH: usize = 48;
const BODY: usize = 56;
const SIZE: usize = 60;
const QUERIES: usize = 3;
/// So many codes are compared with each other one by one.
const FEW: usize = 200;

fuzz_target!(init: open_on_panic(), |bytes: &[u8]| {
    let [what, asked, bytes @ ..] = bytes else { return };
    // Made once, and not on this input's account.
    let checksum = VOCABULARY.checksum();
    within(FIXED + EACH * bytes.len(), || match what % 4 {
        0 => segments(bytes, *asked),
        1 => keypoints(bytes, checksum),
        2 => looks(bytes, *asked),
        _ => codes(bytes, *asked),
    });
});

fn segments(bytes: &[u8], asked: u8) {
    let raw = Segment::from_bytes(bytes.to_vec());
    for segment in [raw, Segment::from_bytes(mended(bytes, &SEGMENT))].into_iter().flatten() {
        ask(&segment, asked);
    }
}

fn ask(segment: &Segment, asked: u8) {
    let flag = AtomicBool::new(false);
    let stop = Stop::following(&flag);
    let header = segment.header();
    let is_sound = segment.verify(&stop).is_ok();
    let size = header.bits.div_ceil(8) as usize;
    let packed: Vec<u8> = segment.bytes().iter().rev().copied().take(QUERIES * size).collect();
    let Ok(queries) = Codes::from_packed(&packed[..packed.len() / size * size], header.bits) else { return };
    let nearest = (asked % 3 == 0).then_some(usize::from(asked));
    let answer = |plan| {
        let request = Request { radius: u32::from(asked), nearest, plan, threads: 1, level: Level::best() };
        search(&segment.view(), &queries, &request, &stop).expect("queries of the same width")
    };
    let [scan, tables] = [Plan::Scan, Plan::Tables].map(answer);
    for hits in [&scan, &tables] {
        check_hits(hits, &queries, header.rows);
    }
    assert!(!is_sound || scan == tables, "a sound segment gives two answers");
    let rows = segment.rows(&stop);
    assert!(!is_sound || rows.is_ok_and(|(_, rows)| rows.len() as u64 == header.rows));
}

fn check_hits(hits: &Hits, queries: &Codes, rows: u64) {
    assert_eq!(hits.starts.len(), queries.len() + 1);
    assert_eq!(hits.rows.len(), hits.distances.len());
    assert!(hits.starts.windows(2).all(|pair| pair[0] <= pair[1] && (pair[1] - pair[0]) as u64 <= rows));
}

/// The bytes as a file that is opened: with the right beginning, length and checksums.
fn mended(bytes: &[u8], magic: &[u8; 8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    if file.len() < SIZE + 8 {
        return file;
    }
    file[..8].copy_from_slice(magic);
    file[8..12].copy_from_slice(&1u32.to_le_bytes());
    let length = file.len() as u64;
    file[LENGTH..LENGTH + 8].copy_from_slice(&length.to_le_bytes());
    let size = number(&file, SIZE).clamp(SIZE + 8, file.len());
    file[SIZE..SIZE + 4].copy_from_slice(&(size as u32).to_le_bytes());
    let body = crc32fast::hash(&file[size..]);
    file[BODY..BODY + 4].copy_from_slice(&body.to_le_bytes());
    let header = crc32fast::hash(&file[..size - 4]);
    file[size - 4..size].copy_from_slice(&header.to_le_bytes());
    file
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

/// The header of an index, whose body is zeros: what is in a body is the other target's.
fn keypoints(bytes: &[u8], checksum: u32) {
    let flag = AtomicBool::new(false);
    let stop = Stop::following(&flag);
    let _ = Index::from_bytes(bytes.to_vec());
    let mut file = bytes.to_vec();
    if file.len() >= SIZE {
        file[12..16].copy_from_slice(&(VOCABULARY.len() as u32).to_le_bytes());
        file[32..36].copy_from_slice(&checksum.to_le_bytes());
    }
    let declared = Header::read(&mended(&file, &KEYPOINTS)).map(|header| header.length);
    assert!(declared.is_err() || declared == Ok(file.len() as u64));
    // As long as the counts ask for, if that is not too much here.
    let counts = |at: usize| file.get(at..at + 8).map_or(0, |_| number(&file, at) as u64 % 2000);
    let header = Header {
        words: VOCABULARY.len() as u32,
        images: counts(16),
        entries: counts(24),
        vocabulary: checksum,
        about: Vec::new(),
        length: 0,
        body_checksum: 0,
        checksum: 0,
    };
    file.truncate(header.size() as usize);
    let mut sound = header.write();
    sound.resize(Layout::of(&header).expect("a small index").end as usize, 0);
    let index = Index::from_bytes(mended(&sound, &KEYPOINTS)).expect("counts that fit");
    let _ = index.verify(&stop);
    let request = index::Request { count: 3, probes: 4 };
    let hits = index::search(&[(&index, HashSet::new())], &[bytes], &request, &stop);
    assert!(hits.is_err() || hits.is_ok_and(|hits| hits.is_empty()), "an index of nothing gives a hit");
}

fn looks(bytes: &[u8], asked: u8) {
    let read = Look::from_bytes(bytes);
    assert_eq!(read.is_ok(), check(bytes).is_ok());
    if let Ok(look) = read {
        assert_eq!(look.to_bytes()[..], *bytes, "a look is not what was read");
    }
    // With a version, bytes of the right number are two looks and what to try.
    let mut two = bytes.to_vec();
    two.resize(2 * LOOK + TRY, asked);
    (two[0], two[LOOK]) = (1, 1);
    let (query, rest) = two.split_at(LOOK);
    let (other, tail) = rest.split_at(LOOK);
    for look in [query, other].into_iter().filter_map(|bytes| Look::from_bytes(bytes).ok()) {
        let _ = look.codes();
        for turn in 0..=9 {
            check(&look.turned(turn).to_bytes()).expect("a turned look is a look");
        }
    }
    let tries = [0, 0, 0, 0, 1 + tail[4] % 8, tail[5] % 4, 0, 0];
    let sound = check(query).and(check(other)).is_ok();
    match confirm(query, other, &tries) {
        Ok(verdicts) => verdicts.iter().for_each(|verdict| {
            assert!((0.0..=1.0).contains(&verdict.confidence), "confidence {}", verdict.confidence);
            assert!(verdict.numbers().iter().all(|number| number.is_finite()), "{:?}", verdict.numbers());
        }),
        Err(error) => assert!(!sound, "sound looks: {error}"),
    }
    let _ = confirm(bytes, other, tail);
    let _ = confirm(query, bytes, tail);
}

/// Codes of any width, joined by every plan and by comparing them one by one.
fn codes(bytes: &[u8], asked: u8) {
    let [bits_low, bits_high, packed @ ..] = bytes else { return };
    let bits = u32::from(u16::from_le_bytes([*bits_low, *bits_high])) % 1100;
    let size = bits.div_ceil(8).max(1) as usize;
    let packed = &packed[..packed.len().min(FEW * size)];
    let Ok(codes) = Codes::from_packed(packed, bits) else { return };
    let half = codes.len() / 2 * size;
    let [left, right] = [&packed[..half], &packed[half..]].map(|part| Codes::from_packed(part, bits).expect("a part"));
    let flag = AtomicBool::new(false);
    let joined = |plan| -> Result<(usize, Vec<(u32, u32)>)> {
        let options = join::Options { radius: u32::from(asked), limit: 1 << 16, threads: 1, plan, cancel: &flag };
        let own = self_join(&codes, &options)?;
        let both = cross_join(&left, &right, &options)?;
        Ok((own.pairs.len(), both.iter().map(|pair| (pair.left, pair.right)).collect()))
    };
    let sweep = joined(join::Plan::Sweep);
    for plan in [join::Plan::Auto, join::Plan::Blocks] {
        assert_eq!(joined(plan), sweep, "{plan:?}");
    }
    let Ok((_, both)) = sweep else { panic!("at most {FEW} codes have few pairs: {sweep:?}") };
    assert_eq!(both, slowly(&left, &right, u32::from(asked)));
    assert!(matches!(Codes::from_packed(&[0], 0), Err(Error::Argument(_))));
}

fn slowly(left: &Codes, right: &Codes, radius: u32) -> Vec<(u32, u32)> {
    let distance = |i: usize, j: usize| -> u32 {
        left.code(i).iter().zip(right.code(j)).map(|(one, other)| (one ^ other).count_ones()).sum()
    };
    let pairs = (0..left.len()).flat_map(|i| (0..right.len()).map(move |j| (i, j)));
    pairs.filter(|&(i, j)| distance(i, j) <= radius).map(|(i, j)| (i as u32, j as u32)).collect()
}
