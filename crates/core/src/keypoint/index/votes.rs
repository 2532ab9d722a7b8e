//! From votes of single keypoints to images for which several speak together.
//!
//! Each vote says how a picture would lie on an image: by how much it is turned and scaled, and where. Chance votes say all
//! sorts of things; those of a true part agree. Most images have one or two votes and are never looked at.

use super::View;
use super::entry::{SIZES, place};
use crate::error::Result;
use crate::hamming::Stop;
use crate::keypoint::blob::Place;
use crate::keypoint::tentative::apart;

/// The most votes for one image that are looked at, the strongest.
const MOST_VOTES: usize = 64;
/// Images with fewer votes are not looked at, if there are many of them.
const MOST_KEPT: usize = 1 << 21;
/// With fewer images, all that have votes are looked at.
const FEW: usize = 4096;
/// 256ths of a turn that two votes may differ.
const TURN: u8 = 20;
/// 32nds of an octave likewise.
const GROWTH: f64 = 24.0;
/// How far off a place may be: a share of the distance, and units at the smallest size.
const LOOSE: f64 = 0.25;
const TOLERANCE: f64 = 10.0;
/// Images that are looked at before all others: those with the most votes show how little is too little.
const FIRST: usize = 1024;
/// Images between two questions whether to stop.
const PIECE: usize = 4096;
/// Parts of a vote's weight.
const FINENESS: f32 = 64.0;

/// One keypoint of a query is like one of an image.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vote {
    /// The image.
    image: u32,
    /// The image's keypoint, by its number in the index.
    entry: u32,
    /// The query's.
    query: u16,
    /// How much it counts, in 64ths of a natural logarithm.
    weight: u16,
}

impl Vote {
    pub fn new(image: u32, entry: u32, query: u16, weight: f32) -> Vote {
        Vote { image, entry, query, weight: (weight * FINENESS) as u16 }
    }
}

/// The query's keypoints, and what is computed once for all votes.
#[derive(Debug)]
pub struct Voters {
    places: Vec<Place>,
    /// How much each would have to grow to be of the smallest size.
    shrunk: Vec<f64>,
    grown: [f64; SIZES],
    tolerance: [f64; SIZES],
    turns: [[f64; 2]; 256],
}

impl Voters {
    pub fn new(places: Vec<Place>) -> Self {
        let size = |number: usize| place((number as u64) << 59).size;
        let turn = |turn: usize| std::f64::consts::TAU / 256.0 * turn as f64;
        let off = |number| TOLERANCE * libm::exp2(size(number).min(64.0) / 32.0);
        Voters {
            shrunk: places.iter().map(|place| libm::exp2(-place.size / 32.0)).collect(),
            places,
            grown: std::array::from_fn(|number| libm::exp2(size(number) / 32.0)),
            tolerance: std::array::from_fn(|number| off(number) * off(number)),
            turns: std::array::from_fn(|number| [libm::cos(turn(number)), libm::sin(turn(number))]),
        }
    }

    /// What a vote says.
    fn claim(&self, vote: &Vote, view: &View<'_>) -> Option<Claim> {
        let entry = u64::from_le_bytes(*view.packed.get(vote.entry as usize)?);
        let (own, there) = (self.places.get(usize::from(vote.query))?, place(entry));
        let turn = there.angle.wrapping_sub(own.angle);
        let size = (entry >> 59) as usize;
        let scale = self.grown[size] * self.shrunk[usize::from(vote.query)];
        Some(Claim {
            from: own.at,
            to: there.at,
            tolerance: self.tolerance[size],
            map: self.turns[usize::from(turn)].map(|side| scale * side),
            growth: there.size - own.size,
            turn,
            query: vote.query,
            cell: (entry >> 40 & 0xfff) as u16,
            weight: f32::from(vote.weight) / FINENESS,
        })
    }
}

/// A vote as a hypothesis.
#[derive(Debug, Clone, Copy)]
struct Claim {
    from: [f64; 2],
    to: [f64; 2],
    tolerance: f64,
    /// The map's first column: `x' = a x - b y`, `y' = b x + a y`.
    map: [f64; 2],
    growth: f64,
    turn: u8,
    query: u16,
    cell: u16,
    weight: f32,
}

/// The images for which most speaks, the best first, with how much.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn ballot(
    votes: Vec<Vote>,
    voters: &Voters,
    view: &View<'_>,
    count: usize,
    may: impl Fn(u32) -> bool,
    stop: &Stop<'_>,
) -> Result<Vec<(f32, u32)>> {
    let sorted = by_image(votes, view.rows.len(), stop)?;
    let total = |votes: &[Vote]| votes.iter().map(|vote| u32::from(vote.weight)).sum::<u32>();
    let mut groups: Vec<(u32, &[Vote])> =
        sorted.chunk_by(|a, b| a.image == b.image).map(|votes| (total(votes), votes)).collect();
    if groups.len() > FIRST {
        groups.select_nth_unstable_by_key(FIRST, |(total, votes)| (u32::MAX - total, votes[0].image));
    }
    let mut elected = Elected { best: Vec::new(), count, least: 0.0 };
    let mut tally = Tally::new(voters.places.len());
    for (number, (total, votes)) in groups.into_iter().enumerate() {
        if number % PIECE == 0 {
            stop.check()?;
        }
        let image = votes[0].image;
        if total as f32 / FINENESS > elected.least && may(image) {
            elected.add(tally.score(votes, voters, view), image);
        }
    }
    elected.shorten();
    Ok(elected.best)
}

/// The best images so far.
struct Elected {
    best: Vec<(f32, u32)>,
    count: usize,
    /// What the next must exceed; one that has just as much may still be an earlier image.
    least: f32,
}

impl Elected {
    fn add(&mut self, score: f32, image: u32) {
        if score > self.least {
            self.best.push((score, image));
            if self.best.len() >= 2 * self.count.max(64) {
                self.shorten();
            }
        }
    }

    /// Keeps the best.
    fn shorten(&mut self) {
        self.best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let full = self.best.len() >= self.count;
        self.best.truncate(self.count);
        // A trifle less, so that of equals the earliest image is kept, in whatever order they come.
        self.least = self.best.last().filter(|_| full).map_or(0.0, |last| last.0.next_down());
    }
}

/// The votes for images that have several, image by image, otherwise in the order in which they were cast.
fn by_image(votes: Vec<Vote>, images: usize, stop: &Stop<'_>) -> Result<Vec<Vote>> {
    let mut counts = vec![0u32; images];
    for vote in &votes {
        if let Some(count) = counts.get_mut(vote.image as usize) {
            *count += 1;
        }
    }
    stop.check()?;
    let least = fewest(&counts);
    let mut sum = 0;
    for count in &mut counts {
        let own = if *count >= least { *count } else { 0 };
        *count = if own == 0 { u32::MAX } else { sum };
        sum += own;
    }
    stop.check()?;
    let mut sorted = vec![Vote::default(); sum as usize];
    for vote in votes {
        let Some(place) = counts.get_mut(vote.image as usize).filter(|place| **place != u32::MAX) else { continue };
        sorted[*place as usize] = vote;
        *place += 1;
    }
    Ok(sorted)
}

/// How many votes an image must have to be looked at.
fn fewest(counts: &[u32]) -> u32 {
    let mut histogram = [0usize; 64];
    counts.iter().for_each(|&count| histogram[(count as usize).min(63)] += count as usize);
    let kept = |least: usize| histogram[least..].iter().sum::<usize>();
    // With few images, one vote may be all that there is.
    let first = if counts.len() <= FEW { 1 } else { 2 };
    (first..63).find(|&least| kept(least) <= MOST_KEPT).unwrap_or(63) as u32
}

/// Counts the votes for one image, with memory of its own.
struct Tally {
    claims: Vec<Claim>,
    voted: Vec<u32>,
    cells: Vec<u32>,
    time: u32,
}

impl Tally {
    fn new(voters: usize) -> Self {
        Tally { claims: Vec::new(), voted: vec![0; voters], cells: vec![0; 64 * 64], time: 0 }
    }

    /// The most that speaks for one way in which the picture lies on the image. Each of its keypoints has one vote, and
    /// each cell of the image gets one.
    fn score(&mut self, votes: &[Vote], voters: &Voters, view: &View<'_>) -> f32 {
        self.claims.clear();
        self.claims.extend(votes.iter().filter_map(|vote| voters.claim(vote, view)));
        self.claims.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.query.cmp(&b.query)).then(a.cell.cmp(&b.cell)));
        self.claims.truncate(MOST_VOTES);
        let mut best = 0.0f32;
        for seed in 0..self.claims.len() {
            let one = self.claims[seed];
            self.time += 1;
            let mut sum = 0.0;
            for other in &self.claims {
                let (voted, cell) =
                    (&mut self.voted[usize::from(other.query)], &mut self.cells[usize::from(other.cell)]);
                if *voted != self.time && *cell != self.time && agree(&one, other) {
                    (*voted, *cell) = (self.time, self.time);
                    sum += other.weight;
                }
            }
            best = best.max(sum);
        }
        best
    }
}

/// Whether another vote agrees with one.
#[inline]
fn agree(one: &Claim, other: &Claim) -> bool {
    let turned = other.turn.wrapping_sub(one.turn) as i8;
    if turned.unsigned_abs() > TURN || (other.growth - one.growth).abs() > GROWTH {
        return false;
    }
    let [x, y] = [other.from[0] - one.from[0], other.from[1] - one.from[1]];
    let at = [one.to[0] + one.map[0] * x - one.map[1] * y, one.to[1] + one.map[1] * x + one.map[0] * y];
    apart(at, other.to) <= LOOSE * LOOSE * apart(other.to, one.to) + other.tolerance
}
