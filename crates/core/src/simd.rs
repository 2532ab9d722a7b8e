//! Runs a kernel at the widest vector width that the processor has.
//!
//! This is the only file with `unsafe` in it. Most kernels are written once, as plain safe Rust in a shape
//! that the compiler turns into vector code, and marked `#[inline(always)]`; [`run`] compiles them again
//! for each instruction set. One kernel, [`weighted_sums`], is written out by hand, because compilers do
//! not find its instruction (multiply and add pairs of 16-bit numbers) nor a cheap way to add up lanes:
//! the loop that they made of it took five times as long. All kernels are integer arithmetic, or float
//! arithmetic in a fixed order without fused steps: every level gives the same bits, and the tests run
//! every level that the processor has.
#![allow(unsafe_code)]

/// An instruction set that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What every processor of the target has.
    Portable,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VNNI.
    Avx512,
}

impl Level {
    /// The levels that this processor can run, narrowest first.
    pub fn available() -> Vec<Level> {
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
                levels.push(Level::Avx2);
            }
            if has_avx512() {
                levels.push(Level::Avx512);
            }
        }
        levels
    }

    /// The widest level that this processor can run; the detection is cached by the standard library.
    pub fn best() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                return Level::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2") {
                return Level::Avx2;
            }
        }
        Level::Portable
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi2")
}

/// Runs `kernel` compiled for `level`.
///
/// The closure and all that it calls must be `#[inline(always)]`, or they keep the portable code.
///
/// # Panics
/// If the processor does not have the level.
#[inline(always)]
pub fn run<R>(level: Level, kernel: impl FnOnce() -> R) -> R {
    match level {
        Level::Portable => kernel(),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => {
            assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"));
            // SAFETY: the processor has the two features that the function is compiled for.
            unsafe { with_avx2(kernel) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => {
            assert!(has_avx512());
            // SAFETY: the processor has all features that the function is compiled for.
            unsafe { with_avx512(kernel) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        _ => panic!("{level:?} needs an x86-64 processor"),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi2")]
fn with_avx2<R>(kernel: impl FnOnce() -> R) -> R {
    kernel()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
fn with_avx512<R>(kernel: impl FnOnce() -> R) -> R {
    kernel()
}

/// Weights of a resampling pass, as two numbers that fit 16 bits: weight = `high * 256 + low`. Processors
/// multiply and add pairs of such numbers in one step, and 32-bit ones much more slowly.
pub struct Factors {
    /// Empty where all weights fit `low` as they are: reductions by more than 128.
    high: Aligned,
    low: Aligned,
}

/// Numbers that begin at the start of a cache line: weights are read many times over, and a read across two
/// lines costs twice as much.
struct Aligned {
    data: Vec<i16>,
    first: usize,
}

impl Aligned {
    fn new(values: impl ExactSizeIterator<Item = i16>) -> Aligned {
        const LINE: usize = 64;
        let mut data: Vec<i16> = Vec::with_capacity(values.len() + LINE / size_of::<i16>());
        let first = data.as_ptr().align_offset(LINE).min(LINE / size_of::<i16>());
        data.resize(first, 0);
        data.extend(values);
        Aligned { data, first }
    }

    fn values(&self) -> &[i16] {
        &self.data[self.first..]
    }
}

impl Factors {
    /// Splits weights of at most 23 bits.
    pub fn new(weights: &[i32]) -> Factors {
        if weights.iter().all(|&w| i16::try_from(w).is_ok()) {
            let low = Aligned::new(weights.iter().map(|&w| w as i16));
            return Factors { high: Aligned::new([].into_iter()), low };
        }
        let high = Aligned::new(weights.iter().map(|&w| (w >> 8) as i16));
        Factors { high, low: Aligned::new(weights.iter().map(|&w| (w & 255) as i16)) }
    }
}

/// Taps that one vector step takes: rows of weights padded to a multiple of it take the fast road.
pub const STEP: usize = 16;

/// The number of taps that rows of `taps` weights are best padded to.
pub fn padded(taps: usize) -> usize {
    taps.next_multiple_of(if taps < WIDE_TAPS { STEP } else { 2 * STEP })
}

/// Below this many taps, joining the halves of the widest registers costs more than they save.
const WIDE_TAPS: usize = 64;

/// For each output `i`, the sum over `t` below `taps` of `pixels[start[i] + t]` times weight `t` of row `i`.
/// Sums wrap around at 32 bits.
///
/// # Panics
/// If a slice is too short for `start`, `taps` and the length of `sums`, or the processor lacks the level.
pub fn weighted_sums(level: Level, pixels: &[u8], start: &[usize], taps: usize, factors: &Factors, sums: &mut [i32]) {
    let needed = sums.len() * taps;
    assert!(taps > 0 && start.len() >= sums.len());
    let split = Split { high: factors.high.values(), low: factors.low.values() };
    assert!(split.low.len() >= needed && (split.high.is_empty() || split.high.len() >= needed));
    #[cfg(target_arch = "x86_64")]
    if taps.is_multiple_of(STEP) && level != Level::Portable {
        if level == Level::Avx512 && taps >= WIDE_TAPS {
            assert!(has_avx512());
            // SAFETY: the processor has all features that the function is compiled for.
            return unsafe { x86::sums_avx512(pixels, start, taps, split, sums) };
        }
        assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"));
        // SAFETY: the processor has the two features that the function is compiled for.
        return unsafe { x86::sums_avx2(pixels, start, taps, split, sums) };
    }
    let _ = level;
    for (i, sum) in sums.iter_mut().enumerate() {
        *sum = portable_sum(&pixels[start[i]..][..taps], split.row(i, taps));
    }
}

/// Borrowed [`Factors`].
#[derive(Clone, Copy)]
struct Split<'a> {
    high: &'a [i16],
    low: &'a [i16],
}

impl<'a> Split<'a> {
    #[inline(always)]
    fn row(&self, i: usize, taps: usize) -> Split<'a> {
        let high = if self.high.is_empty() { self.high } else { &self.high[i * taps..][..taps] };
        Split { high, low: &self.low[i * taps..][..taps] }
    }
}

fn portable_sum(pixels: &[u8], weights: Split<'_>) -> i32 {
    let dot = |weights: &[i16]| -> i32 { weights.iter().zip(pixels).map(|(&w, &p)| i32::from(w) * i32::from(p)).sum() };
    dot(weights.low).wrapping_add(dot(weights.high) << 8)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{STEP, Split};
    use std::arch::x86_64::*;

    /// Outputs whose partial sums are added up together.
    const GROUP: usize = 8;
    /// Taps that one step of the widest registers takes.
    const WIDE: usize = 2 * STEP;

    #[target_feature(enable = "avx2,bmi2")]
    pub fn sums_avx2(pixels: &[u8], start: &[usize], taps: usize, weights: Split<'_>, sums: &mut [i32]) {
        if taps == STEP && !weights.high.is_empty() {
            return sums_of_one_step(pixels, start, weights, sums);
        }
        for (g, group) in sums.chunks_mut(GROUP).enumerate() {
            let mut lanes = [_mm256_setzero_si256(); GROUP];
            for (j, lane) in lanes.iter_mut().enumerate().take(group.len()) {
                let i = g * GROUP + j;
                *lane = products_avx2(&pixels[start[i]..][..taps], weights.row(i, taps));
            }
            store(add_across(lanes), group);
        }
    }

    /// Rows of exactly [`STEP`] taps: reductions to a half and less, where the outputs are many and the
    /// bookkeeping of longer rows would be most of the work.
    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn sums_of_one_step(pixels: &[u8], start: &[usize], weights: Split<'_>, sums: &mut [i32]) {
        let windows = pixels.len() - STEP;
        let low = weights.low.as_chunks::<STEP>().0.chunks(GROUP);
        let high = weights.high.as_chunks::<STEP>().0.chunks(GROUP);
        for (((group, start), low), high) in sums.chunks_mut(GROUP).zip(start.chunks(GROUP)).zip(low).zip(high) {
            let mut lanes = [_mm256_setzero_si256(); GROUP];
            for (((lane, &at), low), high) in lanes.iter_mut().zip(start).zip(low).zip(high) {
                assert!(at <= windows);
                // SAFETY: 16 bytes are read, and the assertion leaves so many from `at`; no alignment is asked for.
                let window = unsafe { _mm_loadu_si128(pixels.as_ptr().add(at).cast()) };
                let wide = _mm256_cvtepu8_epi16(window);
                let high = _mm256_slli_epi32::<8>(_mm256_madd_epi16(wide, load(high)));
                *lane = _mm256_add_epi32(_mm256_madd_epi16(wide, load(low)), high);
            }
            store(add_across(lanes), group);
        }
    }

    /// Eight partial sums of the products of one output.
    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn products_avx2(pixels: &[u8], weights: Split<'_>) -> __m256i {
        let (pixels, low) = (pixels.as_chunks::<STEP>().0, weights.low.as_chunks::<STEP>().0);
        let mut sum = _mm256_setzero_si256();
        if weights.high.is_empty() {
            for (p, w) in pixels.iter().zip(low) {
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(widen(p), load(w)));
            }
            return sum;
        }
        let mut sum_high = _mm256_setzero_si256();
        for ((p, low), high) in pixels.iter().zip(low).zip(weights.high.as_chunks::<STEP>().0) {
            let wide = widen(p);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(wide, load(low)));
            sum_high = _mm256_add_epi32(sum_high, _mm256_madd_epi16(wide, load(high)));
        }
        _mm256_add_epi32(sum, _mm256_slli_epi32::<8>(sum_high))
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn widen(pixels: &[u8; STEP]) -> __m256i {
        // SAFETY: the array is 16 bytes long, as much as is read; no alignment is asked for.
        _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(pixels.as_ptr().cast()) })
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn load(weights: &[i16; STEP]) -> __m256i {
        // SAFETY: the array is 32 bytes long, as much as is read; no alignment is asked for.
        unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) }
    }

    /// Adds up the lanes of eight vectors: lane `i` of the result is the sum of vector `i`.
    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn add_across(v: [__m256i; GROUP]) -> __m256i {
        let first = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
        let second = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
        let low = _mm256_permute2x128_si256::<0x20>(first, second);
        let high = _mm256_permute2x128_si256::<0x31>(first, second);
        _mm256_add_epi32(low, high)
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn store(values: __m256i, out: &mut [i32]) {
        let mut all = [0i32; GROUP];
        // SAFETY: the array is 32 bytes long, as much as is written; no alignment is asked for.
        unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), values) };
        let n = out.len();
        out.copy_from_slice(&all[..n]);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    pub fn sums_avx512(pixels: &[u8], start: &[usize], taps: usize, weights: Split<'_>, sums: &mut [i32]) {
        for (g, group) in sums.chunks_mut(GROUP).enumerate() {
            let mut lanes = [_mm256_setzero_si256(); GROUP];
            for (j, lane) in lanes.iter_mut().enumerate().take(group.len()) {
                let i = g * GROUP + j;
                *lane = products_avx512(&pixels[start[i]..][..taps], weights.row(i, taps));
            }
            store(add_across(lanes), group);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn products_avx512(pixels: &[u8], weights: Split<'_>) -> __m256i {
        let whole = pixels.len() / WIDE * WIDE;
        let (sum, high) = match weights.high.is_empty() {
            true => (dot_avx512(pixels, weights.low), weights.high),
            false => (dot_split_avx512(pixels, weights), &weights.high[whole..]),
        };
        let sum = _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum));
        _mm256_add_epi32(sum, products_avx2(&pixels[whole..], Split { high, low: &weights.low[whole..] }))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn dot_avx512(pixels: &[u8], weights: &[i16]) -> __m512i {
        let mut sum = _mm512_setzero_si512();
        for (p, w) in pixels.as_chunks::<WIDE>().0.iter().zip(weights.as_chunks::<WIDE>().0) {
            sum = _mm512_dpwssd_epi32(sum, widen_512(p), load_512(w));
        }
        sum
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn dot_split_avx512(pixels: &[u8], weights: Split<'_>) -> __m512i {
        let (low, high) = (weights.low.as_chunks::<WIDE>().0, weights.high.as_chunks::<WIDE>().0);
        let mut sum = _mm512_setzero_si512();
        let mut sum_high = _mm512_setzero_si512();
        for ((p, low), high) in pixels.as_chunks::<WIDE>().0.iter().zip(low).zip(high) {
            let wide = widen_512(p);
            sum = _mm512_dpwssd_epi32(sum, wide, load_512(low));
            sum_high = _mm512_dpwssd_epi32(sum_high, wide, load_512(high));
        }
        _mm512_add_epi32(sum, _mm512_slli_epi32::<8>(sum_high))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn widen_512(pixels: &[u8; WIDE]) -> __m512i {
        // SAFETY: the array is 32 bytes long, as much as is read; no alignment is asked for.
        _mm512_cvtepu8_epi16(unsafe { _mm256_loadu_si256(pixels.as_ptr().cast()) })
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn load_512(weights: &[i16; WIDE]) -> __m512i {
        // SAFETY: the array is 64 bytes long, as much as is read; no alignment is asked for.
        unsafe { _mm512_loadu_si512(weights.as_ptr().cast()) }
    }
}
