//! Indexes built, merged, damaged and searched; the twins are slow and obvious.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::keypoint::blob::tests::{Point, blob, noise};
use crate::keypoint::words::Reader;
use crate::simd::Level;

/// Pictures of so many keypoints each, all different.
fn pictures(count: usize, each: usize) -> Vec<Vec<u8>> {
    let mut next = noise(11);
    let mut point = || -> Point {
        let code = std::array::from_fn(|_| (next() >> 40) as u8);
        (code, (next() >> 33) as u16, (next() >> 33) as u16, 32 + (next() >> 35) as u8 % 60, (next() >> 35) as u8)
    };
    (0..count).map(|_| blob([512, 400], &(0..each).map(|_| point()).collect::<Vec<_>>())).collect()
}

fn with_stop<T>(work: impl FnOnce(&Stop<'_>) -> T) -> T {
    work(&Stop::following(&AtomicBool::new(false)))
}

fn built(rows: &[i64], blobs: &[Vec<u8>], most: usize, path: Option<&Path>) -> Index {
    with_stop(|stop| {
        let mut builder = Builder::with_memory(path, most);
        for (rows, blobs) in rows.chunks(3).zip(blobs.chunks(3)) {
            let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
            builder.push(rows, &blobs, stop).unwrap();
        }
        builder.finish(vec![("a".into(), "b".into())], stop).unwrap()
    })
}

fn found(index: &Index, blobs: &[&[u8]], count: usize, removed: &[i64]) -> Vec<Hit> {
    let indexes = [(index, removed.iter().copied().collect())];
    with_stop(|stop| search(&indexes, blobs, &Request { count, probes: 8 }, stop)).unwrap()
}

/// Row, signature and place of each keypoint of a word, one image after the other.
fn slow_list(rows: &[i64], blobs: &[Vec<u8>], word: u32) -> Vec<(i64, u64)> {
    let mut reader = Reader::new(&VOCABULARY, Level::Portable);
    let mut list = Vec::new();
    for (row, bytes) in rows.iter().zip(blobs) {
        let blob = crate::keypoint::Blob::read(bytes).unwrap();
        for (code, place) in blob.codes().iter().zip(blob.places()) {
            let point = VOCABULARY.place(code);
            if reader.words(&point, build::BEAM, 1)[0].1 == word {
                list.push((*row, entry::pack(VOCABULARY.signature(&point, word), &place)));
            }
        }
    }
    list
}

#[test]
fn lists_are_those_of_the_slow_twin() {
    let (rows, blobs) = ([5, -3, 1 << 40, 8, 9, 0, 77], pictures(7, 40));
    for most in [usize::MAX, 100, 1] {
        let index = built(&rows, &blobs, most, None);
        with_stop(|stop| index.verify(stop)).unwrap();
        assert_eq!((index.header().images, index.header().entries), (7, 280));
        let view = index.view();
        let mut all = 0;
        for word in 0..VOCABULARY.len() as u32 {
            let list = view.list(word);
            all += list.len();
            if list.is_empty() || word % 5 != 0 {
                continue;
            }
            let entry = |at: usize| {
                let image = u32::from_le_bytes(view.images[at]);
                (view.row(image).unwrap(), u64::from_le_bytes(view.packed[at]))
            };
            assert_eq!(list.map(entry).collect::<Vec<_>>(), slow_list(&rows, &blobs, word));
        }
        assert_eq!(all, 280);
    }
}

#[test]
fn memory_does_not_change_the_file() {
    let folder = std::env::temp_dir().join(format!("lookalike-keypoints-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (rows, blobs) = ((0..20).collect::<Vec<i64>>(), pictures(20, 30));
    let whole = built(&rows, &blobs, usize::MAX, None);
    for most in [1, 90, 100_000] {
        let path = folder.join("a.key");
        let index = built(&rows, &blobs, most, Some(&path));
        assert_eq!(index.bytes(), whole.bytes());
        assert_eq!(Index::open(&path).unwrap().checksum(), whole.checksum());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "temporary files are left");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn pictures_find_themselves() {
    let (rows, blobs) = ((100..160).collect::<Vec<i64>>(), pictures(60, 40));
    let index = built(&rows, &blobs, usize::MAX, None);
    for (row, bytes) in rows.iter().zip(&blobs) {
        let hits = found(&index, &[bytes], 5, &[]);
        assert_eq!((hits[0].row, hits[0].blob), (*row, 0));
        assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        assert!(hits.len() == 1 || hits[0].score > 5.0 * hits[1].score);
        assert!(found(&index, &[bytes], 5, &[*row]).iter().all(|hit| hit.row != *row));
    }
    let other = blob([512, 400], &[]);
    let hits = found(&index, &[&other, &blobs[3]], 1, &[]);
    assert_eq!((hits.len(), hits[0].row, hits[0].blob), (1, 103, 1));
    assert_eq!(found(&index, &[], 5, &[]), []);
    assert_eq!(found(&index, &[&other], 5, &[]), []);
    assert_eq!(found(&index, &[&blobs[0]], 0, &[]), []);
}

#[test]
fn several_indexes_are_asked_as_one() {
    let (rows, blobs) = ((0..40).collect::<Vec<i64>>(), pictures(40, 30));
    let whole = built(&rows, &blobs, usize::MAX, None);
    let parts = [0..15, 15..16, 16..40].map(|part| built(&rows[part.clone()], &blobs[part], usize::MAX, None));
    let indexes: Vec<(&Index, HashSet<i64>)> = parts.iter().map(|part| (part, HashSet::from([7]))).collect();
    for query in [3, 7, 15, 30] {
        let queries = [&blobs[query][..], &blobs[39]];
        let hits = with_stop(|stop| search(&indexes, &queries, &Request { count: 6, probes: 8 }, stop)).unwrap();
        assert_eq!(hits, found(&whole, &queries, 6, &[7]));
    }
    let none = with_stop(|stop| search(&[], &[&blobs[0]], &Request { count: 6, probes: 8 }, stop)).unwrap();
    assert_eq!(none, []);
}

#[test]
fn a_merge_is_the_index_of_what_is_left() {
    let (rows, blobs) = ((0..30).collect::<Vec<i64>>(), pictures(30, 25));
    let [one, two] = [0..12, 12..30].map(|part| built(&rows[part.clone()], &blobs[part], usize::MAX, None));
    let gone = [HashSet::from([3, 4, 20]), HashSet::from([3, 12, 29])];
    let merged = with_stop(|stop| {
        let parts = [(&one, gone[0].clone()), (&two, gone[1].clone())];
        merge(&parts, vec![("a".into(), "b".into())], None, stop).unwrap()
    });
    let left: Vec<usize> = (0..30).filter(|row| ![3, 4, 12, 29].contains(row)).collect();
    let rows: Vec<i64> = left.iter().map(|&row| row as i64).collect();
    let blobs: Vec<Vec<u8>> = left.iter().map(|&row| blobs[row].clone()).collect();
    assert_eq!(merged.bytes(), built(&rows, &blobs, usize::MAX, None).bytes());
}

#[test]
fn damage_is_an_error_or_a_wrong_candidate() {
    let (rows, blobs) = ((0..20).collect::<Vec<i64>>(), pictures(20, 30));
    let index = built(&rows, &blobs, usize::MAX, None);
    let whole = index.bytes().to_vec();
    let mut next = noise(5);
    for number in 0..300 {
        let mut bytes = whole.clone();
        let at = if number < 150 { next() as usize % bytes.len() } else { bytes.len() - 1 - next() as usize % 20_000 };
        bytes[at] ^= 1 << (number % 8);
        let Ok(damaged) = Index::from_bytes(bytes) else { continue };
        assert!(matches!(with_stop(|stop| damaged.verify(stop)), Err(Error::Corrupt(_))));
        let hits = found(&damaged, &[&blobs[number % 20]], 5, &[]);
        assert!(hits.len() <= 5);
        with_stop(|stop| merge(&[(&damaged, HashSet::new())], Vec::new(), None, stop)).unwrap();
    }
    for length in [0, 7, 8, 63, 64, 100, whole.len() - 1] {
        assert!(Index::from_bytes(whole[..length].to_vec()).is_err());
    }
}

#[test]
fn lists_may_be_anything() {
    let (rows, blobs) = ((0..20).collect::<Vec<i64>>(), pictures(20, 30));
    let index = built(&rows, &blobs, usize::MAX, None);
    let starts = index.layout.starts.clone();
    let (bytes, mut next) = (index.bytes().to_vec(), noise(8));
    for _ in 0..20 {
        let mut bytes = bytes.clone();
        bytes[starts.clone()]
            .iter_mut()
            .for_each(|byte| *byte = (next() >> 40) as u8 & if next() & 8 == 0 { 0 } else { 255 });
        let damaged = Index::from_bytes(bytes).unwrap();
        assert!(with_stop(|stop| damaged.verify(stop)).is_err());
        found(&damaged, &[&blobs[0]], 5, &[]);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (stopped, blobs) = (AtomicBool::new(true), pictures(2, 5));
    let stop = Stop::following(&stopped);
    let mut builder = Builder::new(None);
    assert!(matches!(builder.push(&[1], &[], &stop), Err(Error::Argument(_))));
    assert!(matches!(builder.push(&[1], &[b"no"], &stop), Err(Error::Corrupt(_))));
    assert_eq!(builder.push(&[1], &[&blobs[0]], &stop), Err(Error::Cancelled));
    let index = built(&[1, 2], &blobs, usize::MAX, None);
    let (indexes, request) = ([(&index, HashSet::new())], Request { count: 5, probes: 0 });
    assert!(matches!(with_stop(|stop| search(&indexes, &[], &request, stop)), Err(Error::Argument(_))));
    let request = Request { probes: 8, ..request };
    assert_eq!(search(&indexes, &[&blobs[0]], &request, &stop), Err(Error::Cancelled));
    let about = vec![("a".into(), "b".repeat(1 << 20))];
    assert!(matches!(with_stop(|stop| merge(&[], about, None, stop)), Err(Error::Argument(_))));
}
