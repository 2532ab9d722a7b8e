//! The blur of PDQ along one side, as weights of the pixels.
//!
//! A box replaces each pixel by the mean of a window around it; two boxes make a tent. The window is half as wide as
//! a pixel of the small picture, rounded up; an even one reaches one pixel further to the far end, and beyond the
//! picture's ends there is nothing, not even black. Weights of more than one pixel a sample are added up and
//! sharpened, as for the other hashes (see [`resample`](crate::resample)).

use std::ops::Range;
use std::sync::Arc;

use super::pdq::SMALL;
use crate::kept::Kept;

/// The weights of this many sides are kept.
const MOST_KEPT: usize = 64;
static KEPT: Kept<(usize, usize, usize), Tents> = Kept::new(MOST_KEPT);

/// For each pixel of the small picture along one side, the first sample and the weights from there on.
pub struct Tents {
    all: Vec<(usize, Vec<f64>)>,
}

impl Tents {
    /// For samples of `step` pixels, the first of which begins so many pixels `before` the picture's `side`.
    pub fn kept(step: usize, before: usize, side: usize) -> Arc<Tents> {
        KEPT.get((step, before, side), || Tents::new(step, before, side), |_| true)
    }

    fn new(step: usize, before: usize, side: usize) -> Tents {
        let samples = (before + side).div_ceil(step);
        let fold = |i| {
            let (start, weights) = tent(i, side);
            if step == 1 { (start, weights) } else { folded(step, before + start, &weights, samples) }
        };
        Tents { all: (0..SMALL).map(fold).collect() }
    }

    /// First sample and weights of pixel `i`.
    #[inline(always)]
    pub fn of(&self, i: usize) -> (usize, &[f64]) {
        let (start, weights) = &self.all[i];
        (*start, weights)
    }
}

/// First pixel and weights of pixel `i` of the small picture.
fn tent(i: usize, side: usize) -> (usize, Vec<f64>) {
    let window = side.div_ceil(2 * SMALL);
    let around = |at: usize| at.saturating_sub((window - 1) / 2)..side.min(at + window / 2 + 1);
    let outer = around((2 * i + 1) * side / (2 * SMALL));
    let (first, last) = (around(outer.start).start, around(outer.end - 1).end);
    let mut weights = vec![0.0; last - first];
    for at in outer.clone() {
        let Range { start, end } = around(at);
        let share = 1.0 / (outer.len() * (end - start)) as f64;
        weights[start - first..end - first].iter_mut().for_each(|weight| *weight += share);
    }
    (first, weights)
}

/// Weights of pixels as those of samples of `step` pixels; `start` is counted from the first sample's begin.
fn folded(step: usize, start: usize, weights: &[f64], samples: usize) -> (usize, Vec<f64>) {
    // One sample more on either side, for what is taken from neighbours there.
    let first = (start / step).saturating_sub(1);
    let last = samples.min((start + weights.len() - 1) / step + 2);
    let mut sums = vec![0.0; last - first];
    for (t, weight) in weights.iter().enumerate() {
        sums[(start + t) / step - first] += weight;
    }
    let blur = (1.0 - 1.0 / (step * step) as f64) / 12.0;
    let at = |x: usize| sums[x.min(sums.len() - 1)];
    let sharp = |x: usize| at(x) - blur * (at(x.saturating_sub(1)) + at(x + 1) - 2.0 * at(x));
    (first, (0..sums.len()).map(sharp).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The means of windows, by the definition.
    fn blurred(line: &[f64], window: usize) -> Vec<f64> {
        let mean = |i: usize| {
            let part = &line[(i + window / 2 + 1).saturating_sub(window)..(i + window / 2 + 1).min(line.len())];
            part.iter().sum::<f64>() / part.len() as f64
        };
        (0..line.len()).map(mean).collect()
    }

    #[test]
    fn a_tent_is_two_boxes() {
        for side in [5_usize, 63, 64, 65, 127, 128, 129, 256, 257, 300, 1000, 4001] {
            let line: Vec<f64> = (0..side).map(|x| ((x * x * 31 + x) % 256) as f64).collect();
            let window = side.div_ceil(128);
            let twice = blurred(&blurred(&line, window), window);
            let tents = Tents::new(1, 0, side);
            for i in 0..SMALL {
                let (start, weights) = tents.of(i);
                let sum: f64 = weights.iter().zip(&line[start..]).map(|(weight, value)| weight * value).sum();
                let expected = twice[((i as f64 + 0.5) * side as f64 / 64.0) as usize];
                assert!((sum - expected).abs() < 1e-9, "{side}, {i}: {sum} {expected}");
            }
        }
    }

    #[test]
    fn all_weights_together_are_one() {
        for (step, before, side) in [(1, 0, 300), (2, 1, 301), (4, 0, 1202), (8, 3, 3999), (8, 7, 20), (8, 0, 9)] {
            let tents = Tents::new(step, before, side);
            let samples = (before + side).div_ceil(step);
            for i in 0..SMALL {
                let (start, weights) = tents.of(i);
                assert!(start + weights.len() <= samples, "{step} {before} {side}");
                assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{step} {before} {side}");
            }
        }
    }
}
