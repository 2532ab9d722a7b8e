//! Which images may show what a query shows?

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
/// Votes between two questions whether to stop.
const PIECE: usize = 1 << 16;

/// How to search.
#[derive(Debug, Clone)]
pub struct Request {
    /// The most images.
    pub count: usize,
    /// Lists that are asked for each keypoint.
    pub probes: usize,
    /// Rows that do not count.
    pub removed: HashSet<i64>,
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

/// The images for which most speaks, the best first, each once; of equals the one that was indexed first.
///
/// # Errors
/// [`Error::Argument`] for a count out of range, [`Error::Corrupt`] or [`Error::Unsupported`] for what are no
/// keypoints; [`Error::Cancelled`].
pub fn search(index: &Index, blobs: &[&[u8]], request: &Request, stop: &Stop<'_>) -> Result<Vec<Hit>> {
    if request.probes == 0 || request.probes > 64 {
        return Err(Error::Argument(format!("expected 1 to 64 lists for each keypoint, got {}", request.probes)));
    }
    let blobs: Vec<Blob<'_>> = blobs.iter().map(|bytes| Blob::read(bytes)).collect::<Result<_>>()?;
    let view = index.view();
    let mut found: Vec<(f32, u32, u32)> = Vec::new();
    for (number, blob) in (0..).zip(&blobs) {
        let votes = collect(&view, blob, request.probes, stop)?;
        let may = |image: u32| view.row(image).is_some_and(|row| !request.removed.contains(&row));
        let voters = Voters::new(blob.places());
        let elected = ballot(votes, &voters, &view, request.count, may, stop)?;
        found.extend(elected.into_iter().map(|(score, image)| (score, image, number)));
    }
    found.sort_by(|a, b| a.1.cmp(&b.1).then(b.0.total_cmp(&a.0)).then(a.2.cmp(&b.2)));
    found.dedup_by_key(|hit| hit.1);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(request.count);
    let hit = |(score, image, blob)| Some(Hit { row: view.row(image)?, score, blob });
    Ok(found.into_iter().filter_map(hit).collect())
}

/// The votes of a query's keypoints for images.
fn collect(view: &View<'_>, blob: &Blob<'_>, probes: usize, stop: &Stop<'_>) -> Result<Vec<Vote>> {
    let (level, most) = (Level::best(), VOCABULARY.most(LEAST));
    let mut reader = Reader::new(&VOCABULARY, simd::Level::best());
    let (mut votes, mut near) = (Vec::new(), Vec::new());
    let images = view.rows.len();
    for (query, code) in (0..).zip(blob.codes()) {
        let place = VOCABULARY.place(code);
        for &(_, word) in reader.words(&place, BEAM, probes) {
            let list = view.list(word);
            if list.is_empty() || images > FEW && list.len() as f64 > FREQUENT * images as f64 {
                continue;
            }
            near.clear();
            let signature = VOCABULARY.signature(&place, word);
            let stretch = Stretch { start: list.start as u32, end: list.end as u32 };
            sweep_masked(level, view.packed, stretch, signature, MASK, most, &mut near);
            let rarity = libm::log(images as f64 / list.len() as f64).max(0.0) as f32;
            let vote = |near: &Near| {
                let image = number(view.images, near.index as usize);
                Vote::new(image, near.index, query, VOCABULARY.evidence(near.distance) + rarity)
            };
            votes.extend(near.iter().map(vote));
        }
        if usize::from(query).is_multiple_of(16) || votes.len() % PIECE == 0 {
            stop.check()?;
        }
    }
    Ok(votes)
}
