//! Which map do most tentative pairs agree on?
//!
//! Every pair is a hypothesis: its sizes and angles tell scale and rotation, its positions the rest. As these are
//! coarse (sizes come in steps of a fifth, angles err by ten degrees), it only gathers those that may agree, and the
//! map is told by its positions and those of one of them. All hypotheses are tried, the most promising first, so that
//! there is no chance in the answer.

use super::map::{Map, stretch};
use super::pair::Tuning;
use super::tentative::{Tentative, apart};

/// Side of a cell in units: pairs in one cell count once, for a corner found three times is one corner.
const CELL: f64 = 8.0;
/// Cells in a row: positions go up to 512 units.
const ROW: usize = 65;
/// A pair of pairs tells a map only if they are so many units apart.
const LEAST_APART: f64 = 20.0;
/// How much of the distance the error of a hypothesis of one pair may be.
const LOOSE: f64 = 0.25;
/// The most hypotheses of one pair that are followed, and of two that are tried for each.
const MOST_SEEDS: usize = 24;
const MOST_PARTNERS: usize = 16;
/// Larger keypoints are placed less exactly, but not without end.
const MOST_TOLERANCE: f64 = 4.0;

/// What of a tentative pair is asked again and again.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    pub from: [f64; 2],
    pub to: [f64; 2],
    /// The square of how far off it may be, in the other picture.
    pub tolerance: f64,
    ahead: [f64; 2],
    wanted: [f64; 2],
    /// How much larger an area is in the other picture.
    area: f64,
    growth: f64,
    turn: u8,
    cells: [u16; 2],
    /// How much it counts.
    weight: f64,
    /// How much likelier than by chance it is, a natural logarithm.
    pub quality: f64,
}

/// Pairs that agree on a map.
#[derive(Debug, Clone, Default)]
pub struct Support {
    /// Those that agree, by number.
    pub agreeing: Vec<usize>,
    /// The first of these in each cell.
    pub counted: Vec<usize>,
    /// The counted ones, each less up to a half for how far off it is.
    pub score: f64,
}

/// All tentative pairs of two pictures.
#[derive(Debug)]
pub struct Candidates {
    pub all: Vec<Candidate>,
    turn: u8,
    cosine: f64,
    growth: f64,
    seen: [Vec<u32>; 2],
    time: u32,
}

impl Candidates {
    pub fn new(tentative: &[Tentative], tuning: &Tuning) -> Self {
        let quarter = std::f64::consts::TAU / 256.0;
        let direction = |angle: u8| [libm::cos(quarter * f64::from(angle)), libm::sin(quarter * f64::from(angle))];
        let candidate = |pair: &Tentative| {
            let off = tuning.tolerance * libm::exp2(pair.to.size / 32.0).clamp(1.0, MOST_TOLERANCE);
            Candidate {
                from: pair.from.at,
                to: pair.to.at,
                tolerance: off * off,
                ahead: direction(pair.from.angle),
                wanted: direction(pair.to.angle),
                area: libm::exp2(pair.growth() / 16.0),
                growth: pair.growth(),
                turn: pair.turn(),
                cells: [cell(pair.from.at), cell(pair.to.at)],
                weight: (0.5 + pair.quality / 6.0).clamp(0.25, 2.0),
                quality: pair.quality,
            }
        };
        Candidates {
            all: tentative.iter().map(candidate).collect(),
            turn: (tuning.turn * 256.0 / 360.0) as u8,
            cosine: libm::cos(tuning.turn.to_radians()),
            growth: 32.0 * libm::log2(tuning.growth),
            seen: [vec![0; ROW * ROW], vec![0; ROW * ROW]],
            time: 0,
        }
    }

    /// Whether a cell pair is new since the last call of `start`; it is then seen.
    fn is_new(&mut self, cells: [u16; 2]) -> bool {
        let new = (0..2).all(|side| self.seen[side][usize::from(cells[side])] != self.time);
        if new {
            (0..2).for_each(|side| self.seen[side][usize::from(cells[side])] = self.time);
        }
        new
    }

    /// Who agrees with a map.
    pub fn support(&mut self, map: &Map) -> Support {
        self.time += 1;
        let mut support = Support::default();
        let square = libm::exp2(self.growth / 16.0);
        for number in 0..self.all.len() {
            let candidate = self.all[number];
            let Some(off) = agreement(&candidate, map, self.cosine, square) else { continue };
            support.agreeing.push(number);
            if self.is_new(candidate.cells) {
                support.counted.push(number);
                support.score += candidate.weight * (1.0 - 0.5 * off);
            }
        }
        support
    }

    /// Who may agree with the map of one pair, and how many these are in different cells.
    fn loose(&mut self, seed: usize) -> (Vec<usize>, usize) {
        self.time += 1;
        let one = self.all[seed];
        let map = of_one(&one);
        let (mut found, mut count) = (Vec::new(), 0);
        for number in 0..self.all.len() {
            let other = self.all[number];
            let turned = other.turn.wrapping_sub(one.turn) as i8;
            if turned.unsigned_abs() > self.turn || (other.growth - one.growth).abs() > self.growth {
                continue;
            }
            let Some(at) = map.apply(other.from) else { continue };
            let most = LOOSE * LOOSE * apart(other.to, one.to) + other.tolerance;
            if apart(at, other.to) <= most {
                found.push(number);
                count += usize::from(self.is_new(other.cells));
            }
        }
        (found, count)
    }

    /// The similarity on which most agree, as far as hypotheses of one and two pairs tell.
    pub fn best(&mut self) -> Option<(Map, Support)> {
        let mut seeds: Vec<(usize, usize, Vec<usize>)> = (0..self.all.len())
            .map(|seed| {
                let (found, count) = self.loose(seed);
                (count, seed, found)
            })
            .collect();
        seeds.sort_by_key(|(count, seed, _)| (usize::MAX - count, *seed));
        let mut best: Option<(Map, Support)> = None;
        for (count, seed, found) in seeds.into_iter().take(MOST_SEEDS) {
            if count < 3 || best.as_ref().is_some_and(|(_, support)| count <= support.counted.len()) {
                break;
            }
            for map in self.maps(seed, &found) {
                let support = self.support(&map);
                if best.as_ref().is_none_or(|(_, before)| support.score > before.score) {
                    best = Some((map, support));
                }
            }
        }
        best
    }

    /// The maps of a pair with each of some that may agree with it.
    fn maps(&self, seed: usize, found: &[usize]) -> Vec<Map> {
        let one = self.all[seed];
        let far = |&&other: &&usize| {
            let other = self.all[other];
            let least = LEAST_APART * LEAST_APART;
            apart(other.from, one.from) > least && apart(other.to, one.to) > least / 4.0
        };
        let partners: Vec<usize> = found.iter().filter(far).copied().collect();
        let step = partners.len().div_ceil(MOST_PARTNERS).max(1);
        let of_two = |&other: &usize| {
            let other = self.all[other];
            let map = Map::of_two([one.from, other.from], [one.to, other.to])?;
            let (scale, _, _) = stretch(map.slope(one.from)?);
            is_possible(scale).then_some(map)
        };
        partners.iter().step_by(step).filter_map(of_two).collect()
    }
}

/// Whether a picture may be so much larger than another in units.
pub fn is_possible(scale: f64) -> bool {
    (0.1..=10.0).contains(&scale)
}

/// The map that one pair tells.
fn of_one(pair: &Candidate) -> Map {
    let (scale, angle) = (libm::sqrt(pair.area), std::f64::consts::TAU / 256.0 * f64::from(pair.turn));
    let (a, b) = (scale * libm::cos(angle), scale * libm::sin(angle));
    let [x, y] = pair.from;
    Map::similarity(a, b, [pair.to[0] - a * x + b * y, pair.to[1] - b * x - a * y])
}

/// How far off a pair is under a map, from 0 to 1 for the square of its tolerance, if it agrees.
#[inline]
fn agreement(pair: &Candidate, map: &Map, cosine: f64, square: f64) -> Option<f64> {
    let off = apart(map.apply(pair.from)?, pair.to);
    if off > pair.tolerance {
        return None;
    }
    let slope = map.slope(pair.from)?;
    let [x, y] = pair.ahead;
    let [u, v] = [slope[0] * x + slope[1] * y, slope[2] * x + slope[3] * y];
    let along = u * pair.wanted[0] + v * pair.wanted[1];
    let grown = (slope[0] * slope[3] - slope[1] * slope[2]) / pair.area;
    let agrees = along >= cosine * (u * u + v * v).sqrt() && grown <= square && grown * square >= 1.0;
    agrees.then_some(off / pair.tolerance)
}

fn cell(at: [f64; 2]) -> u16 {
    let [x, y] = at.map(|x| ((x / CELL) as usize).min(ROW - 1));
    (y * ROW + x) as u16
}
