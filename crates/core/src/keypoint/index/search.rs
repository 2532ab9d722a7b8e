//! Which images may show what a query shows?
//!
//! Several indexes are asked as if they were one: a word is as rare as it is in all of them together.

use std::collections::HashSet;

use super::entry::MASK;
use super::votes::{Vote, Voters, ballot};
use super::{Index, View};
use crate::error::{Error, Result};
use crate::hamming::distance::{Level, Near, Stretch, sweep_masked};
use crate::hamming::{Stop, view::number};
use crate::keypoint::blob::Blob;
use crate::keypoint::words::{Reader, VOCABULARY};
use crate::simd;

/// Branches that are searched for a query's keypoint.
const BEAM: usize = 8;
/// A word that so many of all images have tells nothing.
const FREQUENT: f64 = 0.2;
/// Less evidence, a natural logarithm, is too common: it would be most of the votes, and a tenth of the true ones.
const LEAST: f32 = 2.0;
/// With fewer images, every word may be in many of them.
const FEW: usize = 1000;

/// How to search.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The most images.
    pub count: usize,
    /// Lists that are asked for each keypoint.
    pub probes: usize,
}

/// An image that may show the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its row number.
    pub row: i64,
    /// How much speaks for it: a natural logarithm.
    pub score: f32,
    /// Which of the query's blobs it is like.
    pub blob: u32,
}

/// A word that a keypoint of the query may have.
#[derive(Debug, Clone, Copy)]
struct Asked {
    query: u16,
    word: u32,
    signature: u64,
    rarity: f32,
}

/// The images for which most speaks, the best first, each once; of equals the one that was indexed first. Each index
/// has a set of rows that do not count.
///
/// # Errors
/// [`Error::Argument`] for probes out of range, [`Error::Corrupt`] or [`Error::Unsupported`] for what are no
/// keypoints; [`Error::Cancelled`].
pub fn search(
    indexes: &[(&Index, HashSet<i64>)],
    blobs: &[&[u8]],
    request: &Request,
    stop: &Stop<'_>,
) -> Result<Vec<Hit>> {
    if request.probes == 0 || request.probes > 64 {
        return Err(Error::Argument(format!("expected 1 to 64 lists for each keypoint, got {}", request.probes)));
    }
    let blobs: Vec<Blob<'_>> = blobs.iter().map(|bytes| Blob::read(bytes)).collect::<Result<_>>()?;
    let views: Vec<View<'_>> = indexes.iter().map(|(index, _)| index.view()).collect();
    let mut found: Vec<(f32, usize, u32, u32)> = Vec::new();
    for (number, blob) in (0..).zip(&blobs) {
        let (asked, voters) = (asked(&views, blob, request.probes, stop)?, Voters::new(blob.places()));
        for (part, (view, (_, removed))) in views.iter().zip(indexes).enumerate() {
            let votes = collect(view, &asked, stop)?;
            let may = |image: u32| view.row(image).is_some_and(|row| !removed.contains(&row));
            let elected = ballot(votes, &voters, view, request.count, may, stop)?;
            found.extend(elected.into_iter().map(|(score, image)| (score, part, image, number)));
        }
    }
    let place = |hit: &(f32, usize, u32, u32)| (hit.1, hit.2);
    found.sort_by(|a, b| place(a).cmp(&place(b)).then(b.0.total_cmp(&a.0)).then(a.3.cmp(&b.3)));
    found.dedup_by_key(|hit| place(hit));
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(place(a).cmp(&place(b))));
    let hit =
        |(score, part, image, blob): (f32, usize, u32, u32)| Some(Hit { row: views[part].row(image)?, score, blob });
    // A row whose keypoints were replaced may be in two of the indexes.
    let mut rows = HashSet::new();
    let hits = found.into_iter().filter_map(hit).filter(|hit| rows.insert(hit.row));
    Ok(hits.take(request.count).collect())
}

/// The words of a query's keypoints that tell something.
fn asked(views: &[View<'_>], blob: &Blob<'_>, probes: usize, stop: &Stop<'_>) -> Result<Vec<Asked>> {
    let mut reader = Reader::new(&VOCABULARY, simd::Level::best());
    let images: usize = views.iter().map(|view| view.rows.len()).sum();
    let mut asked = Vec::new();
    for (query, code) in (0..).zip(blob.codes()) {
        let place = VOCABULARY.place(code);
        for &(_, word) in reader.words(&place, BEAM, probes) {
            let all: usize = views.iter().map(|view| view.list(word).len()).sum();
            if all == 0 || images > FEW && all as f64 > FREQUENT * images as f64 {
                continue;
            }
            let rarity = libm::log(images as f64 / all as f64).max(0.0) as f32;
            asked.push(Asked { query, word, signature: VOCABULARY.signature(&place, word), rarity });
        }
        stop.check()?;
    }
    Ok(asked)
}

/// The votes of a query's keypoints for images.
fn collect(view: &View<'_>, asked: &[Asked], stop: &Stop<'_>) -> Result<Vec<Vote>> {
    let (level, most) = (Level::best(), VOCABULARY.most(LEAST));
    let (mut votes, mut near) = (Vec::new(), Vec::new());
    for Asked { query, word, signature, rarity } in asked {
        let list = view.list(*word);
        let stretch = Stretch { start: list.start as u32, end: list.end as u32 };
        near.clear();
        sweep_masked(level, view.packed, stretch, *signature, MASK, most, &mut near);
        let vote = |near: &Near| {
            let image = number(view.images, near.index as usize);
            Vote::new(image, near.index, *query, VOCABULARY.evidence(near.distance) + rarity)
        };
        votes.extend(near.iter().map(vote));
        stop.check()?;
    }
    Ok(votes)
}
