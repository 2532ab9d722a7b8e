//! Do two pictures show the same thing, and how does one lie on the other?

use super::blob::Blob;
use super::figures::{Figures, cross, hull_area, inside, spread, surprise};
use super::fit::{Model, Tie, fit};
use super::hypothesis::{Candidates, Support, is_possible};
use super::map::{Map, corners, stretch};
use super::tentative::{Query, Tentative, apart};
use crate::error::{Error, Result};
use crate::hamming::{Level, Stop};

/// So many are needed to tell an affine map, and a homography.
const FOR_AFFINE: usize = 6;
const FOR_HOMOGRAPHY: usize = 10;
/// Inliers that spread less than this in units lie on a line.
const LEAST_SPREAD: f64 = 4.0;
/// What a more supple map must gain.
const GAIN: f64 = 1.03;
/// The most that a map may stretch one direction over another.
const MOST_SHEAR: f64 = 3.0;
/// The most that the corners of a frame may differ in nearness.
const MOST_TILT: f64 = 4.0;
/// Steps of least squares of each model.
const STEPS: usize = 4;

/// What may be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Bits that may differ.
    pub limit: u16,
    /// How much likelier than by chance a pair must be at least, a natural logarithm.
    pub quality: f64,
    /// The most tentative pairs.
    pub most: usize,
    /// The fewest inliers in different cells.
    pub fewest: usize,
    /// Units that a keypoint of the smallest size may be off; larger ones more.
    pub tolerance: f64,
    /// Degrees that a keypoint may be turned more or less than the map.
    pub turn: f64,
    /// How much larger or smaller than under the map a keypoint may be.
    pub growth: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning { limit: 68, quality: 0.0, most: 300, fewest: 3, tolerance: 4.0, turn: 24.0, growth: 1.5 }
    }
}

impl Tuning {
    fn check(&self) -> Result<()> {
        let positive = [self.tolerance, self.turn, self.growth].iter().all(|x| x.is_finite() && *x > 0.0);
        let sound = positive && self.limit <= 256 && self.turn <= 180.0 && self.growth >= 1.0;
        if sound && self.quality.is_finite() && self.most <= 4096 && self.fewest >= 3 {
            return Ok(());
        }
        let wanted =
            "limit to 256, finite quality, most to 4096, fewest from 3, tolerance above 0, turn to 180, growth from 1";
        Err(Error::Argument(format!("expected {wanted}, got {self:?}")))
    }
}

/// What two pictures have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pair {
    /// Keypoints that looked the same.
    pub tentative: usize,
    /// Those that agree on the map, each at most once: numbers in the query and the other.
    pub inliers: Vec<[u16; 2]>,
    /// The map; `None` if there is none.
    pub found: Option<Found>,
}

/// A map of the query onto the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// In shares of the sides of both.
    pub map: Map,
    /// Its sort.
    pub model: Model,
    /// How much larger things are in the other picture's units, in the middle of the inliers.
    pub scale: f64,
    /// Degrees clockwise by which they are turned there.
    pub rotation: f64,
    /// What tells a true one.
    pub figures: Figures,
}

/// Compares a query with others.
///
/// # Errors
/// [`Error::Corrupt`] or [`Error::Unsupported`] for bytes that are no keypoints, [`Error::Argument`] for the tuning,
/// [`Error::Cancelled`].
pub fn match_pairs<'a>(
    query: &[u8],
    others: impl Iterator<Item = &'a [u8]>,
    tuning: &Tuning,
    stop: &Stop<'_>,
) -> Result<Vec<Pair>> {
    tuning.check()?;
    let mut query = Query::new(Blob::read(query)?, Level::best());
    let work = others.map(|other| {
        stop.check()?;
        Ok(match_pair(&mut query, &Blob::read(other)?, tuning))
    });
    work.collect()
}

/// Compares a query with one other.
pub fn match_pair(query: &mut Query<'_>, other: &Blob<'_>, tuning: &Tuning) -> Pair {
    let places = other.places();
    let tentative = query.tentative(other, &places, tuning);
    let mut candidates = Candidates::new(&tentative, tuning);
    let mut pair = Pair { tentative: tentative.len(), ..Pair::default() };
    let frames = [query.blob.frame(), other.frame()];
    let Some((map, model, support)) = solve(&mut candidates, tuning.fewest, frames) else { return pair };
    let inliers = one_to_one(&tentative, &candidates, &map, &support);
    let of = |number: &usize| [tentative[*number].query, tentative[*number].other];
    pair.inliers = inliers.iter().map(of).collect();
    pair.found = describe(frames, &map, model).map(|mut found| {
        let agreeing = tuning.turn / 180.0 * 0.5;
        found.figures = Figures {
            cells: support.counted.len() as f64,
            surprise: surprise(&candidates, &support.counted, frames[1], agreeing),
            quality: support.counted.iter().map(|&number| candidates.all[number].quality).sum(),
            ..figures(&tentative, &candidates, &inliers, &map, frames)
        };
        [found.figures.query_inside, found.figures.other_inside] = inside(query, &places, frames[1], &map);
        found
    });
    if pair.found.is_none() {
        pair.inliers.clear();
    }
    pair
}

/// The best map that is none of the degenerate ones.
fn solve(candidates: &mut Candidates, fewest: usize, frames: [[f64; 2]; 2]) -> Option<(Map, Model, Support)> {
    let (map, support) = candidates.best()?;
    let (map, support) = refine(candidates, Model::Similarity, map, support, frames);
    if support.counted.len() < fewest || !is_sound(&map, frames) || !is_spread(candidates, &support) {
        return None;
    }
    let mut best = (map, Model::Similarity, support);
    for (model, least) in [(Model::Affine, FOR_AFFINE), (Model::Homography, FOR_HOMOGRAPHY)] {
        if best.2.counted.len() < least {
            break;
        }
        let (map, support) = refine(candidates, model, best.0, best.2.clone(), frames);
        if support.score > GAIN * best.2.score + 1.0 && is_spread(candidates, &support) {
            best = (map, model, support);
        }
    }
    Some(best)
}

/// Least squares over those that agree, as long as more do.
fn refine(
    candidates: &mut Candidates,
    model: Model,
    map: Map,
    support: Support,
    frames: [[f64; 2]; 2],
) -> (Map, Support) {
    let mut best = (map, support);
    let mut now = best.clone();
    for _ in 0..STEPS {
        let tie = |&number: &usize| {
            let pair = &candidates.all[number];
            Tie { from: pair.from, to: pair.to, weight: 1.0 / pair.tolerance }
        };
        let ties: Vec<Tie> = now.1.counted.iter().map(tie).collect();
        let Some(fitted) = fit(model, &ties, &now.0).filter(|map| is_sound(map, frames)) else { break };
        let support = candidates.support(&fitted);
        let same = support.agreeing == now.1.agreeing;
        now = (fitted, support);
        if now.1.score >= best.1.score {
            best = now.clone();
        }
        if same {
            break;
        }
    }
    best
}

/// Neither a reflection nor too large, too sheared, too tilted or folded.
fn is_sound(map: &Map, frames: [[f64; 2]; 2]) -> bool {
    let Some(back) = map.inverse() else { return false };
    [(map, frames[0]), (&back, frames[1])].into_iter().all(|(map, frame)| {
        let nearness = corners(frame).map(|[x, y]| map.0[6] * x + map.0[7] * y + map.0[8]);
        let (least, most) = nearness.iter().fold((f64::MAX, f64::MIN), |(a, b), &w| (a.min(w), b.max(w)));
        let Some(slope) = map.slope([frame[0] / 2.0, frame[1] / 2.0]) else { return false };
        let (large, small, determinant) = stretch(slope);
        let possible = is_possible(large) && is_possible(small) && large <= MOST_SHEAR * small && determinant > 0.0;
        possible && least > 0.0 && most <= MOST_TILT * least && is_convex(map, frame)
    })
}

fn is_convex(map: &Map, frame: [f64; 2]) -> bool {
    let placed = corners(frame).map(|corner| map.apply(corner));
    let [Some(a), Some(b), Some(c), Some(d)] = placed else { return false };
    [(a, b, c), (b, c, d), (c, d, a), (d, a, b)].into_iter().all(|(a, b, c)| cross(a, b, c) > 0.0)
}

fn is_spread(candidates: &Candidates, support: &Support) -> bool {
    let points = |end: fn(&super::hypothesis::Candidate) -> [f64; 2]| -> Vec<[f64; 2]> {
        support.counted.iter().map(|&number| end(&candidates.all[number])).collect()
    };
    spread(&points(|pair| pair.from)) >= LEAST_SPREAD && spread(&points(|pair| pair.to)) >= LEAST_SPREAD
}

/// Of those that agree, each keypoint at most once: those that are least off first.
fn one_to_one(tentative: &[Tentative], candidates: &Candidates, map: &Map, support: &Support) -> Vec<usize> {
    let off = |number: &usize| {
        let pair = &candidates.all[*number];
        map.apply(pair.from).map_or(f64::MAX, |at| apart(at, pair.to) / pair.tolerance)
    };
    let mut numbers = support.agreeing.clone();
    numbers.sort_by(|a, b| off(a).total_cmp(&off(b)).then(a.cmp(b)));
    let mut used = [std::collections::HashSet::new(), std::collections::HashSet::new()];
    numbers.retain(|&number| {
        let Tentative { query, other, .. } = tentative[number];
        let free = !used[0].contains(&query) && !used[1].contains(&other);
        if free {
            used[0].insert(query);
            used[1].insert(other);
        }
        free
    });
    numbers.sort_unstable();
    numbers
}

/// The map as it is told; its figures are still to come.
fn describe(frames: [[f64; 2]; 2], map: &Map, model: Model) -> Option<Found> {
    let centre = frames[1].map(|side| side / 2.0);
    let middle = map.inverse()?.apply(centre).unwrap_or(frames[0].map(|side| side / 2.0));
    let slope = map.slope(middle).or_else(|| map.slope(frames[0].map(|side| side / 2.0)))?;
    let (large, small, _) = stretch(slope);
    let shares = Map::scaling(frames[0]).then(map).then(&Map::scaling(frames[1].map(|side| 1.0 / side))).normed()?;
    let rotation = libm::atan2(slope[2] - slope[1], slope[0] + slope[3]).to_degrees();
    Some(Found { map: shares, model, scale: (large * small).sqrt(), rotation, figures: Figures::default() })
}

fn figures(
    tentative: &[Tentative],
    candidates: &Candidates,
    inliers: &[usize],
    map: &Map,
    frames: [[f64; 2]; 2],
) -> Figures {
    let count = inliers.len().max(1) as f64;
    let pairs = || inliers.iter().map(|&number| &candidates.all[number]);
    let (from, to): (Vec<_>, Vec<_>) = pairs().map(|pair| (pair.from, pair.to)).unzip();
    let off: f64 = pairs().filter_map(|pair| Some(apart(map.apply(pair.from)?, pair.to))).sum();
    let area = |frame: [f64; 2]| (frame[0] * frame[1]).max(1.0);
    Figures {
        residual: (off / count).sqrt(),
        distance: inliers.iter().map(|&number| f64::from(tentative[number].distance)).sum::<f64>() / count,
        query_spread: spread(&from),
        other_spread: spread(&to),
        query_hull: hull_area(&from) / area(frames[0]),
        other_hull: hull_area(&to) / area(frames[1]),
        ..Figures::default()
    }
}

#[cfg(test)]
mod tests;
