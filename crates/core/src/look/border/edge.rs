//! The inner edge of a border on one side.

use super::small::{Lines, MOST, Small, length};

/// Grey values that a sample of flat ground is off, at most. Means of blocks are that exact, even of coarse JPEG files.
pub const FLAT: u8 = 3;

/// The same where there is noise, as between neighbours: so many times the usual difference, up to the limit.
const NOISE: f32 = 2.5;
const FLAT_IF_NOISY: u8 = 9;

/// Grey values between the ground and what comes behind its edge, at the least; and the same above the limit of flat
/// ground, if that is noisy; and if it is exact. The shadows of a photo are a few grey values off a black frame, and
/// that is enough if the frame is nothing but black.
const CHANGED: u8 = 8;
const CHANGED_IF_NOISY: u8 = 5;
const CHANGED_IF_EXACT: u8 = 4;

/// Grey values that samples of exact ground are off, at most.
const EXACT: u8 = 1;

/// Behind a border of fewer lines it is more: a light that fades fast has a flat line or two as well, and one from black
/// to white over 40 lines changes by 13 in two.
const THIN: usize = 3;
const CHANGED_IF_THIN: u8 = 14;

/// Share of an edge where the ground ends all at once. Less is the outline of a thing.
pub const STRAIGHT: f32 = 0.6;

/// The same where there is noise, which hides the fading of a wall or sky.
pub const STRAIGHT_IF_NOISY: f32 = 0.75;

/// One sample in so many may be off in a flat line.
const SPECKS: usize = 40;

/// Share of the outermost line that is ground, at the least: text can come that near.
const GROUND: f32 = 0.6;

/// Lines of text, icons, a picture of somebody, before there is a flat line again: share of the side, at most.
const TEXT: f32 = 0.17;

/// Lines that are looked at behind an edge.
const BEHIND: usize = 2;

/// A mixture of so much picture in the line at the edge is taken for the picture.
const PURE: f32 = 0.85;

/// An edge of each side, or none.
pub type Edges = [Option<Edge>; 4];

/// Where a border ends on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Lines before the edge.
    depth: usize,
    /// How many of them were skipped.
    skin: usize,
    /// The border's grey.
    ground: u8,
    /// How far its samples are off.
    pub flat: u8,
    /// How far those behind its edge are.
    change: u8,
}

/// How straight an edge is.
#[derive(Debug, Clone, Copy)]
pub struct Straight {
    /// Share of its samples where the ground ends all at once.
    pub share: f32,
    /// Share from the first of them to the last.
    pub spread: f32,
}

impl Straight {
    fn of(ends: &[u8]) -> Straight {
        // No line is longer than `MOST`, which a byte can count.
        let count: u8 = ends.iter().sum();
        let first = ends.iter().position(|&end| end == 1).unwrap_or(ends.len());
        let last = ends.iter().rposition(|&end| end == 1).map_or(first, |last| last + 1);
        let length = ends.len() as f32;
        Straight { share: f32::from(count) / length, spread: (last - first) as f32 / length }
    }
}

impl Edge {
    /// The place on one side where most of the ground ends, whether or not that is a straight edge.
    ///
    /// Behind the last flat line there may be a row of icons that the picture follows at once: so the best of the
    /// lines there is taken, the innermost of equals.
    pub fn propose(small: &Small, lines: &Lines, side: usize, skin: usize) -> Option<Edge> {
        let most = length(lines, side);
        if most <= skin + 1 + BEHIND {
            return None;
        }
        let (ground, flat, change) = ground(small.line(lines, side, skin))?;
        if skin > 0 && median(small.line(lines, side, skin - 1).iter().copied()).abs_diff(ground) <= flat {
            return None;
        }
        let is_flat = |depth: usize| {
            let line = small.line(lines, side, depth);
            usize::from(off(line, ground, flat)) <= line.len() / SPECKS
        };
        let run = ((TEXT * most as f32) as usize).max(2);
        let (first, last) = last_run(skin + 1, most - BEHIND, run, is_flat)?;
        let edge = |depth: usize| Edge { depth, skin, ground, flat, change };
        let straight = |depth: usize| edge(depth).straight(small, lines, &[None; 4], side).share;
        let best = (first..=last).map(|depth| (straight(depth), depth)).reduce(|a, b| if b.0 >= a.0 { b } else { a });
        best.map(|(_, depth)| edge(depth))
    }

    /// Whether the bars before two edges are as wide as each other and of one grey.
    pub fn equals(&self, other: &Edge) -> bool {
        self.depth.abs_diff(other.depth) <= 1 && self.ground.abs_diff(other.ground) <= FLAT + 2
    }

    /// How straight the edge is, as far as the neighbours leave it.
    ///
    /// Two lines behind it are looked at, for the first can be a mixture of ground and picture.
    pub fn straight(&self, small: &Small, lines: &Lines, edges: &Edges, side: usize) -> Straight {
        let (from, to) = span(lines, edges, side);
        let line = |depth: usize| &small.line(lines, side, depth)[from..to];
        let least = self.change_behind(line(self.depth - 1));
        let mut ends = [0_u8; MOST];
        let samples = line(self.depth - 1).iter().zip(line(self.depth)).zip(line(self.depth + 1));
        for (end, ((before, first), second)) in ends.iter_mut().zip(samples) {
            let change = first.abs_diff(self.ground).max(second.abs_diff(self.ground));
            *end = u8::from((before.abs_diff(self.ground) <= self.flat) & (change >= least));
        }
        Straight::of(&ends[..to - from])
    }

    /// How far samples behind the edge have to be off, by the line before it: a light that fades is not as it began.
    fn change_behind(&self, before: &[u8]) -> u8 {
        let is_thin = self.depth < self.skin + THIN;
        let off: usize = before.iter().map(|sample| usize::from(sample.abs_diff(self.ground))).sum();
        match self.change {
            change if is_thin => change.max(CHANGED_IF_THIN),
            change if off > before.len() * usize::from(EXACT) => change.max(CHANGED),
            change => change,
        }
    }

    /// Where the edge is, in lines and parts of a line, and how many lines go with the border.
    ///
    /// The line at the edge is a mixture: it is as much picture as it is off the ground, compared with the next.
    pub fn place(&self, small: &Small, lines: &Lines, edges: &Edges, side: usize) -> (f32, usize) {
        let (from, to) = span(lines, edges, side);
        let off = |depth: usize| -> u32 {
            small.line(lines, side, depth)[from..to].iter().map(|s| u32::from(s.abs_diff(self.ground))).sum()
        };
        let picture = (off(self.depth) as f32 / off(self.depth + 1).max(1) as f32).min(1.0);
        ((self.depth + 1) as f32 - picture, self.depth + usize::from(picture < PURE))
    }
}

/// The lines behind the last flat one where the border can end: the first that is not flat, and as many as text can
/// take. `None` if there is nothing but ground and text up to the end.
fn last_run(start: usize, end: usize, run: usize, is_flat: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
    let mut first = start;
    for depth in start..end {
        if is_flat(depth) {
            first = depth + 1;
        } else if depth - first >= run {
            return Some((first, depth));
        }
    }
    None
}

/// The part of a side's lines that is between the edges of its neighbours.
fn span(lines: &Lines, edges: &Edges, side: usize) -> (usize, usize) {
    let depth = |side: usize| edges[side].map_or(0, |edge| edge.depth);
    let low = 1 - side % 2;
    let whole = length(lines, low);
    let (from, to) = (depth(low), whole.saturating_sub(depth(low + 2)));
    if from < to { (from, to) } else { (0, whole) }
}

/// The grey of flat ground in the outermost line, how far its samples can be off, and how far others have to be. That
/// is more where all neighbours differ, which a slow change of light does not do. `None` if most of the line is
/// something else.
fn ground(line: &[u8]) -> Option<(u8, u8, u8)> {
    let ground = median(line.iter().copied());
    let is_ground = |flat: u8| usize::from(off(line, ground, flat)) <= ((1.0 - GROUND) * line.len() as f32) as usize;
    if !is_ground(FLAT_IF_NOISY) {
        return None;
    }
    let noise = median(line.windows(2).map(|pair| pair[0].abs_diff(pair[1])));
    let flat = ((NOISE * f32::from(noise)) as u8).clamp(FLAT, FLAT_IF_NOISY);
    let is_exact = flat == FLAT && usize::from(off(line, ground, EXACT)) <= line.len() / SPECKS;
    let change = if is_exact { CHANGED_IF_EXACT } else { CHANGED.max(flat + CHANGED_IF_NOISY) };
    is_ground(flat).then_some((ground, flat, change))
}

/// Samples that are not ground; no line is longer than a byte can count.
fn off(line: &[u8], ground: u8, flat: u8) -> u8 {
    line.iter().map(|sample| u8::from(sample.abs_diff(ground) > flat)).sum()
}

/// The middle one of up to `MOST` samples, of two the brighter; 0 of none.
fn median(samples: impl ExactSizeIterator<Item = u8>) -> u8 {
    let mut left = samples.len() / 2;
    let mut counts = [0_u8; 256];
    samples.for_each(|sample| counts[usize::from(sample)] += 1);
    let middle = counts.iter().position(|&count| {
        let is_here = left < usize::from(count);
        left = left.saturating_sub(usize::from(count));
        is_here
    });
    middle.unwrap_or(0) as u8
}
