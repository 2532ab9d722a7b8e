//! The weights of one resampling pass.
//!
//! Pillow calls the sine twice for each weight, which for a photo of 0.2 megapixels is most of the work of
//! hashing it. With `t = pi x / 3`, `sin(3 t) = sin t (3 - 4 sin^2 t)` makes one sine enough, and since a
//! weight is rounded to 22 bits, a polynomial that is right to about 1e-15 gives the same integers (a test
//! compares them with those of two sines of full precision). The polynomial is plain arithmetic in a fixed
//! order: the weights are the same on every processor, which no system's `sin` promises.

use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::Arc;

use crate::kept::Kept;
use crate::simd::{self, Factors, Level, STEP};

/// Fractional bits of a weight.
pub const PRECISION: u32 = 22;
/// Half the width of the kernel, in pixels of the smaller of the two pictures.
const LOBES: f64 = 3.0;

/// The weights of this many passes are kept, if each has no more weights than stated: 20 MB at the most.
const MOST_KEPT: usize = 64;
const MOST_KEPT_WEIGHTS: usize = 1 << 15;
/// By size of input and output, whether padded, and level.
static KEPT: Kept<(usize, usize, bool, Level), Weights> = Kept::new(MOST_KEPT);

/// Output pixel `i` is the sum over `t` below `taps` of weight `(i, t)` times `input[start[i] + t]`.
pub struct Weights {
    start: Vec<usize>,
    used: Vec<usize>,
    taps: usize,
    full: Vec<i32>,
    factors: Factors,
}

impl Weights {
    /// For the horizontal pass: taps padded to whole steps where the row is long enough.
    pub fn for_rows(level: Level, input: usize, output: usize) -> Arc<Weights> {
        Weights::kept(level, input, output, true)
    }

    /// For the vertical pass, where every tap costs a row: no padding beyond the longest output's.
    pub fn for_columns(level: Level, input: usize, output: usize) -> Arc<Weights> {
        Weights::kept(level, input, output, false)
    }

    /// From the weights of the last sizes seen: the photos of one camera or shop have few sizes, and without
    /// this, weights are a sixth of the work of hashing a photo of 0.2 megapixels.
    fn kept(level: Level, input: usize, output: usize, pad: bool) -> Arc<Weights> {
        let make = || Weights::new(level, input, output, pad);
        KEPT.get((input, output, pad, level), make, |weights| weights.full.len() <= MOST_KEPT_WEIGHTS)
    }

    fn new(level: Level, input: usize, output: usize, pad: bool) -> Weights {
        let spans: Vec<Span> = (0..output).map(|i| Span::new(i, input, output)).collect();
        let longest = spans.iter().map(|span| span.last - span.first).max().unwrap_or(1);
        let padded = if pad { longest.next_multiple_of(STEP) } else { longest };
        let taps = if padded <= input { padded } else { input };
        let start: Vec<usize> = spans.iter().map(|span| span.first.min(input - taps)).collect();
        let used = spans.iter().zip(&start).map(|(span, start)| span.last - start).collect();
        let mut full = vec![0i32; output * taps];
        simd::run(
            level,
            #[inline(always)]
            || {
                let mut exact = vec![0f64; longest];
                for ((span, start), row) in spans.iter().zip(&start).zip(full.chunks_exact_mut(taps)) {
                    span.weigh(&mut exact, &mut row[span.first - start..]);
                }
            },
        );
        let factors = Factors::new(level, &full, taps);
        Weights { start, used, taps, full, factors }
    }

    /// First input pixel of each output pixel.
    pub fn start(&self) -> &[usize] {
        &self.start
    }

    /// Weights of an output pixel.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// All weights, in the form that the horizontal pass multiplies.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }

    /// The weights of output pixel `i`, without the zeros at their end.
    pub fn row(&self, i: usize) -> &[i32] {
        &self.full[i * self.taps..][..self.used[i]]
    }
}

/// The input pixels `first..last` under the kernel of one output pixel.
struct Span {
    first: usize,
    last: usize,
    center: f64,
    inverse: f64,
}

impl Span {
    fn new(i: usize, input: usize, output: usize) -> Span {
        let scale = input as f64 / output as f64;
        let stretch = scale.max(1.0);
        let support = LOBES * stretch;
        let center = (i as f64 + 0.5) * scale;
        Span {
            first: (center - support + 0.5).max(0.0) as usize,
            last: ((center + support + 0.5) as usize).min(input),
            center,
            inverse: 1.0 / stretch,
        }
    }

    /// Writes the weights, as fixed-point numbers with a sum of one. `exact` is scratch space.
    #[inline(always)]
    fn weigh(&self, exact: &mut [f64], out: &mut [i32]) {
        let exact = &mut exact[..self.last - self.first];
        for (t, weight) in exact.iter_mut().enumerate() {
            // By way of 32 bits: processors convert those to floats several at a time.
            *weight = lanczos((f64::from((t + self.first) as i32) - self.center + 0.5) * self.inverse);
        }
        let sum: f64 = exact.iter().sum();
        let sum = if sum == 0.0 { 1.0 } else { sum };
        for (weight, out) in exact.iter().zip(out) {
            let scaled = weight / sum * f64::from(1 << PRECISION);
            *out = (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i32;
        }
    }
}

/// `sinc(x) sinc(x / 3)` inside the lobes, 0 outside.
#[inline(always)]
fn lanczos(x: f64) -> f64 {
    let t = (x * (PI / LOBES)).abs();
    let s = sine(t);
    let weight = s * s * (3.0 - 4.0 * (s * s)) / (3.0 * t * t);
    let inside = if (-LOBES..LOBES).contains(&x) { weight } else { 0.0 };
    if t < 1e-9 { 1.0 } else { inside }
}

/// The sine of an angle from 0 to pi, by its Taylor series around 0: the first term left out is below 1e-18.
#[inline(always)]
fn sine(angle: f64) -> f64 {
    const TERMS: [f64; 11] = [
        1.0,
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5_040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 355_687_428_096_000.0,
        -1.0 / 121_645_100_408_832_000.0,
        1.0 / 51_090_942_171_709_440_000.0,
    ];
    let folded = if angle > FRAC_PI_2 { PI - angle } else { angle };
    let square = folded * folded;
    let mut sum = TERMS[10];
    for n in (0..10).rev() {
        sum = sum * square + TERMS[n];
    }
    sum * folded
}

/// The weights by their definition, with two library sines each: the twin that the fast road is held against.
#[cfg(test)]
pub fn by_two_sines(i: usize, input: usize, output: usize) -> (usize, Vec<i32>) {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { libm::sin(x * PI) / (x * PI) };
    let span = Span::new(i, input, output);
    let exact: Vec<f64> = (span.first..span.last)
        .map(|x| (x as f64 - span.center + 0.5) * span.inverse)
        .map(|x| if (-LOBES..LOBES).contains(&x) { sinc(x) * sinc(x / LOBES) } else { 0.0 })
        .collect();
    let sum: f64 = exact.iter().sum();
    let fixed = exact.iter().map(|w| if sum == 0.0 { *w } else { w / sum } * f64::from(1 << PRECISION));
    (span.first, fixed.map(|w| if w < 0.0 { (w - 0.5) as i32 } else { (w + 0.5) as i32 }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: usize, output: usize) {
        let weights = Weights::new(Level::best(), input, output, true);
        for i in 0..output {
            let (first, expected) = by_two_sines(i, input, output);
            let row = weights.row(i);
            let moved = first - weights.start()[i];
            assert_eq!(&row[moved..], expected, "{input} to {output}, pixel {i}");
            assert!(row[..moved].iter().all(|&w| w == 0));
        }
    }

    #[test]
    fn one_polynomial_equals_two_sines_for_the_sizes_of_pictures() {
        for output in [1, 2, 3, 7, 8, 9, 16, 17, 32, 33, 64] {
            (1..3000).step_by(7).chain(3000..9000).step_by(61).for_each(|input| check(input, output));
        }
        for output in [128, 256, 300, 512, 1024, 2048] {
            (1..6000).step_by(293).for_each(|input| check(input, output));
        }
    }

    #[test]
    fn weights_sum_to_one() {
        for (input, output) in [(533, 8), (4000, 2048), (10, 300), (3, 2)] {
            let weights = Weights::new(Level::best(), input, output, false);
            for i in 0..output {
                let sum: i32 = weights.row(i).iter().sum();
                assert!((sum - (1 << PRECISION)).unsigned_abs() as usize <= weights.taps() / 2 + 1);
            }
        }
    }
}
