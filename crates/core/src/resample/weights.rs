//! The weights of one resampling pass.
//!
//! Pillow calls the sine twice for each weight, which for a photo of 0.2 megapixels is most of the work of
//! hashing it. With `t = pi x / 3`, `sin(3 t) = sin t (3 - 4 sin^2 t)` makes one sine enough, and since a
//! weight is rounded to 22 bits, a polynomial that is right to about 1e-15 gives the same integers (a test
//! compares them with those of two sines of full precision). The polynomial is plain arithmetic in a fixed
//! order: the weights are the same on every processor, which no system's `sin` promises.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::simd::{self, Level, Split};

/// Fractional bits of a weight.
pub const PRECISION: u32 = 22;
/// Half the width of the kernel, in pixels of the smaller of the two pictures.
const LOBES: f64 = 3.0;
/// Taps are padded with zeros to a whole number of these, so that the inner loop has no tail.
const STEP: usize = 16;

/// Output pixel `i` is the sum over `t` below `taps` of weight `(i, t)` times `input[start[i] + t]`.
///
/// A weight is stored as `high * 256 + low`, two numbers that fit 16 bits, because processors multiply
/// and add pairs of 16-bit numbers in one step and 32-bit ones much more slowly. Where all weights fit
/// 16 bits as they are (reductions by more than 128), `high` is left empty.
pub struct Weights {
    start: Vec<usize>,
    used: Vec<usize>,
    taps: usize,
    high: Vec<i16>,
    low: Vec<i16>,
}

impl Weights {
    /// For the horizontal pass: taps padded to whole steps where the row is long enough.
    pub fn for_rows(level: Level, input: usize, output: usize) -> Weights {
        Weights::new(level, input, output, STEP)
    }

    /// For the vertical pass, where every tap costs a row: no padding beyond the longest output's.
    pub fn for_columns(level: Level, input: usize, output: usize) -> Weights {
        Weights::new(level, input, output, 1)
    }

    fn new(level: Level, input: usize, output: usize, step: usize) -> Weights {
        let spans: Vec<Span> = (0..output).map(|i| Span::new(i, input, output)).collect();
        let longest = spans.iter().map(|span| span.last - span.first).max().unwrap_or(1);
        let padded = longest.next_multiple_of(step);
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
        let (high, low) = split(&full);
        Weights { start, used, taps, high, low }
    }

    /// First input pixel of each output pixel.
    pub fn start(&self) -> &[usize] {
        &self.start
    }

    /// Weights of an output pixel.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// All weights, in two halves.
    pub fn split(&self) -> Split<'_> {
        Split { high: &self.high, low: &self.low }
    }

    /// The weights of output pixel `i`, without the zeros at their end.
    #[inline(always)]
    pub fn row(&self, i: usize) -> impl Iterator<Item = i32> + '_ {
        let first = i * self.taps;
        let low = &self.low[first..first + self.used[i]];
        low.iter()
            .enumerate()
            .map(move |(t, &low)| self.high.get(first + t).map_or(0, |&h| i32::from(h) << 8) + i32::from(low))
    }
}

fn split(full: &[i32]) -> (Vec<i16>, Vec<i16>) {
    if full.iter().all(|&w| i16::try_from(w).is_ok()) {
        return (Vec::new(), full.iter().map(|&w| w as i16).collect());
    }
    (full.iter().map(|&w| (w >> 8) as i16).collect(), full.iter().map(|&w| (w & 255) as i16).collect())
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
            *weight = lanczos(((t + self.first) as f64 - self.center + 0.5) * self.inverse);
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
