//! Runs a kernel at the widest vector width that the processor has.
//!
//! This is the only file with `unsafe` in it. Most kernels are written once, as plain safe Rust in a shape
//! that the compiler turns into vector code, and marked `#[inline(always)]`; [`run`] compiles them again
//! for each instruction set. One kernel, [`weighted_sums`], is written out by hand, because compilers do
//! not find its instructions (multiply small numbers and add up the products in twos or fours) nor a cheap
//! way to add up lanes: the loop that they made of it took five times as long. All kernels are integer arithmetic, or float
//! arithmetic in a fixed order without fused steps: every level gives the same bits, and the tests run
//! every level that the processor has.
#![allow(unsafe_code)]

/// An instruction set that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// As [`run`], for kernels that count bits: where AVX-512 has an instruction for it, that is used too.
#[inline(always)]
pub fn run_counting<R>(level: Level, kernel: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if level == Level::Avx512 && is_x86_feature_detected!("avx512vpopcntdq") {
        assert!(has_avx512());
        // SAFETY: the processor has all features that the function is compiled for.
        return unsafe { with_avx512_counting(kernel) };
    }
    run(level, kernel)
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

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vpopcntdq,avx2,bmi2")]
fn with_avx512_counting<R>(kernel: impl FnOnce() -> R) -> R {
    kernel()
}

/// Rows that [`weighted_sums`] takes at a time: they share the reading of the weights and the bookkeeping.
pub const ROWS: usize = 4;
/// Taps that one vector step takes: rows of weights padded to a multiple of it take the fast road.
pub const STEP: usize = 16;

/// The largest weight: one and a half, with 22 fractional bits.
const MOST: u32 = 6 << 20;

/// Weights of at most 23 bits, in numbers small enough to be multiplied and added up in groups, in one step.
pub enum Factors {
    /// Weight = `pairs[0] + 256 pairs[1]`, for the products of 16-bit numbers, added up in twos.
    Pairs([Aligned<i16>; 2]),
    /// Weight = `digits[0] + 256 digits[1] + 65536 digits[2]`, for the products of bytes, added up in fours.
    Digits([Aligned<i8>; 3]),
}

/// Numbers that begin at the start of a cache line: weights are read many times over, and a read across two
/// lines costs twice as much.
pub struct Aligned<T> {
    data: Vec<T>,
    first: usize,
}

impl<T: Copy + Default> Aligned<T> {
    fn new(values: impl ExactSizeIterator<Item = T>) -> Aligned<T> {
        const LINE: usize = 64;
        let mut data: Vec<T> = Vec::with_capacity(values.len() + LINE);
        let first = data.as_ptr().align_offset(LINE).min(LINE);
        data.resize(first, T::default());
        data.extend(values);
        Aligned { data, first }
    }

    fn values(&self) -> &[T] {
        &self.data[self.first..]
    }
}

impl Factors {
    /// Splits weights, in the way that suits the level. The last part is left empty if it is zero throughout.
    ///
    /// # Panics
    /// If a weight is larger than that.
    pub fn new(level: Level, weights: &[i32], taps: usize) -> Factors {
        assert!(weights.iter().all(|w| w.unsigned_abs() <= MOST));
        if level == Level::Avx512 && taps.is_multiple_of(STEP) {
            let digits: Vec<[i8; 3]> = weights.iter().map(|&w| digits_of(w)).collect();
            let used = if digits.iter().all(|d| d[2] == 0) { 0 } else { digits.len() };
            let plane = |n: usize, count: usize| Aligned::new(digits[..count].iter().map(move |d| d[n]));
            return Factors::Digits([plane(0, digits.len()), plane(1, digits.len()), plane(2, used)]);
        }
        if weights.iter().all(|&w| i16::try_from(w).is_ok()) {
            return Factors::Pairs([Aligned::new(weights.iter().map(|&w| w as i16)), Aligned::new([].into_iter())]);
        }
        let low = Aligned::new(weights.iter().map(|&w| (w & 255) as i16));
        Factors::Pairs([low, Aligned::new(weights.iter().map(|&w| (w >> 8) as i16))])
    }
}

fn digits_of(weight: i32) -> [i8; 3] {
    let first = weight as i8;
    let rest = (weight - i32::from(first)) >> 8;
    let second = rest as i8;
    [first, second, ((rest - i32::from(second)) >> 8) as i8]
}

/// For each of four rows and each output `i`, the sum over `t` below `taps` of `row[start[i] + t]` times weight
/// `t` of output `i`. The sums of one row stand together. They wrap around at 32 bits.
///
/// # Panics
/// If a slice is too short for `start`, `taps` and the length of `sums`, or the processor lacks the level.
pub fn weighted_sums(
    level: Level,
    rows: [&[u8]; ROWS],
    start: &[usize],
    taps: usize,
    factors: &Factors,
    sums: &mut [i32],
) {
    assert!(taps > 0 && sums.len() == start.len() * ROWS);
    // Without additions that could wrap: the raw reads below rely on this.
    let last = rows.iter().map(|row| row.len()).min().and_then(|shortest| shortest.checked_sub(taps));
    assert!(start.iter().all(|&at| last.is_some_and(|last| at <= last)));
    let fits = |length: usize| length / taps >= start.len();
    match factors {
        Factors::Digits(digits) => {
            let [first, second, third] = digits.each_ref().map(Aligned::values);
            assert!(fits(first.len()) && fits(second.len()) && (third.is_empty() || fits(third.len())));
            assert!(taps.is_multiple_of(STEP));
            digit_sums(rows, start, taps, [first, second, third], sums);
        }
        Factors::Pairs(pairs) => {
            let [low, high] = pairs.each_ref().map(Aligned::values);
            assert!(fits(low.len()) && (high.is_empty() || fits(high.len())));
            pair_sums(level, rows, start, taps, [low, high], sums);
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn digit_sums(rows: [&[u8]; ROWS], start: &[usize], taps: usize, digits: [&[i8]; 3], sums: &mut [i32]) {
    assert!(has_avx512());
    // SAFETY: the processor has all features that the functions are compiled for; `weighted_sums` has checked
    // that every window of the rows and every row of the digits is there.
    unsafe {
        match (taps, digits[2]) {
            (STEP, [_, ..]) => x86::short_digit_sums(rows, start, digits, sums),
            (_, []) => x86::long_digit_sums(rows, start, taps, [digits[0], digits[1]], sums),
            _ => x86::long_digit_sums(rows, start, taps, digits, sums),
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn digit_sums(_: [&[u8]; ROWS], _: &[usize], _: usize, _: [&[i8]; 3], _: &mut [i32]) {
    panic!("digits need an x86-64 processor");
}

fn pair_sums(level: Level, rows: [&[u8]; ROWS], start: &[usize], taps: usize, pairs: [&[i16]; 2], sums: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    if taps.is_multiple_of(STEP) && level != Level::Portable {
        assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"));
        let (upper, lower) = sums.split_at_mut(2 * start.len());
        // SAFETY: the processor has the two features that the function is compiled for.
        unsafe {
            x86::pair_sums([rows[0], rows[1]], start, taps, pairs, upper);
            x86::pair_sums([rows[2], rows[3]], start, taps, pairs, lower);
        }
        return;
    }
    let _ = level;
    for (row, sums) in rows.iter().zip(sums.chunks_exact_mut(start.len())) {
        for (i, sum) in sums.iter_mut().enumerate() {
            let dot = |weights: &[i16]| -> i32 {
                let weights = weights.iter().skip(i * taps).take(taps);
                weights.zip(&row[start[i]..]).map(|(&w, &p)| i32::from(w) * i32::from(p)).sum()
            };
            *sum = dot(pairs[0]).wrapping_add(dot(pairs[1]) << 8);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{ROWS, STEP};
    use std::arch::x86_64::*;

    /// Outputs whose partial sums are added up together.
    const GROUP: usize = 4;
    /// Bytes in the widest register.
    const WIDE: usize = 64;

    /// Two rows by AVX2.
    #[target_feature(enable = "avx2,bmi2")]
    pub fn pair_sums(rows: [&[u8]; 2], start: &[usize], taps: usize, pairs: [&[i16]; 2], sums: &mut [i32]) {
        let (upper, lower) = sums.split_at_mut(start.len());
        for (g, (upper, lower)) in upper.chunks_mut(GROUP).zip(lower.chunks_mut(GROUP)).enumerate() {
            let mut lanes = [_mm256_setzero_si256(); 2 * GROUP];
            for j in 0..upper.len() {
                let i = g * GROUP + j;
                let windows = rows.map(|row| &row[start[i]..start[i] + taps]);
                let weights = pairs.map(|part| if part.is_empty() { part } else { &part[i * taps..][..taps] });
                [lanes[j], lanes[j + GROUP]] = pair_products(windows, weights);
            }
            let all = add_across(lanes);
            let [first, second] = [0, 1].map(|r| all.as_chunks::<GROUP>().0[r]);
            let count = upper.len();
            put(upper, &first, count);
            put(lower, &second, count);
        }
    }

    /// Writes the sums of a group; all four as one, where there are four: a copy of any length is a call.
    #[inline(always)]
    fn put(sums: &mut [i32], group: &[i32; GROUP], count: usize) {
        match sums.first_chunk_mut() {
            Some(place) if count == GROUP => *place = *group,
            _ => sums[..count].copy_from_slice(&group[..count]),
        }
    }

    /// Eight partial sums of one output in each of two rows.
    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn pair_products(windows: [&[u8]; 2], weights: [&[i16]; 2]) -> [__m256i; 2] {
        let [first, second] = windows.map(|window| window.as_chunks::<STEP>().0);
        let [low, high] = weights.map(|part| part.as_chunks::<STEP>().0);
        let mut sums = [_mm256_setzero_si256(); 2];
        let mut high_sums = sums;
        for (c, (low, pixels)) in low.iter().zip(first.iter().zip(second)).enumerate() {
            let wide = [widen(pixels.0), widen(pixels.1)];
            for (sum, &pixels) in sums.iter_mut().zip(&wide) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pixels, load(low)));
            }
            if let Some(high) = high.get(c) {
                for (sum, &pixels) in high_sums.iter_mut().zip(&wide) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pixels, load(high)));
                }
            }
        }
        [0, 1].map(|r| _mm256_add_epi32(sums[r], _mm256_slli_epi32::<8>(high_sums[r])))
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

    /// Adds up the lanes of eight vectors: number `i` of the result is the sum of vector `i`.
    #[inline]
    #[target_feature(enable = "avx2,bmi2")]
    fn add_across(v: [__m256i; 8]) -> [i32; 8] {
        let first = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
        let second = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
        let low = _mm256_permute2x128_si256::<0x20>(first, second);
        let high = _mm256_permute2x128_si256::<0x31>(first, second);
        let mut all = [0i32; 8];
        // SAFETY: the array is 32 bytes long, as much as is written; no alignment is asked for.
        unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), _mm256_add_epi32(low, high)) };
        all
    }

    /// Four rows by AVX-512, with any number of taps.
    ///
    /// # Safety
    /// `start[i] + taps` is at most the length of each row for every `i`, and each part of the digits has
    /// `taps` numbers for each `i`.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    pub unsafe fn long_digit_sums<const N: usize>(
        rows: [&[u8]; ROWS],
        start: &[usize],
        taps: usize,
        digits: [&[i8]; N],
        sums: &mut [i32],
    ) {
        let outputs = start.len();
        for (i, &at) in start.iter().enumerate() {
            // SAFETY: the windows and weights are there, as the caller has promised.
            let products = unsafe {
                let windows = rows.map(|row| row.as_ptr().add(at));
                digit_products(windows, digits.map(|plane| plane.as_ptr().add(i * taps)), taps)
            };
            for (r, sum) in add_lanes(add_quads(products)).into_iter().enumerate() {
                sums[r * outputs + i] = sum;
            }
        }
    }

    /// Sixteen partial sums of one output in each of four rows.
    ///
    /// # Safety
    /// `taps` bytes can be read at each pointer.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    unsafe fn digit_products<const N: usize>(
        windows: [*const u8; ROWS],
        digits: [*const i8; N],
        taps: usize,
    ) -> [__m512i; ROWS] {
        let mut sums = [[_mm512_setzero_si512(); ROWS]; N];
        for from in (0..taps).step_by(WIDE) {
            let mask = u64::MAX >> (WIDE - WIDE.min(taps - from));
            // SAFETY: bytes `from` and after of each window and plane are read, none from `taps` on.
            let pixels = windows.map(|window| unsafe { _mm512_maskz_loadu_epi8(mask, window.add(from).cast()) });
            for (sums, plane) in sums.iter_mut().zip(digits) {
                // SAFETY: as above.
                let weights = unsafe { _mm512_maskz_loadu_epi8(mask, plane.add(from)) };
                for (sum, pixels) in sums.iter_mut().zip(pixels) {
                    *sum = _mm512_dpbusd_epi32(*sum, pixels, weights);
                }
            }
        }
        let mut joined = sums[N - 1];
        for n in (0..N - 1).rev() {
            for (sum, lower) in joined.iter_mut().zip(sums[n]) {
                *sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(*sum), lower);
            }
        }
        joined
    }

    /// Four rows by AVX-512, with exactly [`STEP`] taps: reductions to a half and less, where the outputs are
    /// many. One register holds the windows of an output in all four rows.
    ///
    /// # Safety
    /// As for [`long_digit_sums`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    pub unsafe fn short_digit_sums(rows: [&[u8]; ROWS], start: &[usize], digits: [&[i8]; 3], sums: &mut [i32]) {
        let outputs = start.len();
        let rows = rows.map(<[u8]>::as_ptr);
        for (g, group) in start.chunks(GROUP).enumerate() {
            let mut quad = [_mm512_setzero_si512(); GROUP];
            for (j, (&at, quad)) in group.iter().zip(&mut quad).enumerate() {
                let i = g * GROUP + j;
                // SAFETY: 16 bytes are read at each place, and are there, as the caller has promised.
                let (pixels, [first, second, third]) = unsafe {
                    let lane = |row: *const u8| _mm_loadu_si128(row.add(at).cast());
                    let pixels = _mm512_inserti32x4::<1>(_mm512_castsi128_si512(lane(rows[0])), lane(rows[1]));
                    let pixels = _mm512_inserti32x4::<2>(pixels, lane(rows[2]));
                    let weights = digits.map(|plane| _mm_loadu_si128(plane.as_ptr().add(i * STEP).cast()));
                    (_mm512_inserti32x4::<3>(pixels, lane(rows[3])), weights.map(|w| _mm512_broadcast_i32x4(w)))
                };
                let upper = _mm512_slli_epi32::<8>(_mm512_dpbusd_epi32(_mm512_setzero_si512(), pixels, third));
                let upper = _mm512_slli_epi32::<8>(_mm512_dpbusd_epi32(upper, pixels, second));
                *quad = _mm512_dpbusd_epi32(upper, pixels, first);
            }
            let mut all = [0i32; ROWS * GROUP];
            // SAFETY: the array is 64 bytes long, as much as is written; no alignment is asked for.
            unsafe { _mm512_storeu_si512(all.as_mut_ptr().cast(), add_quads(quad)) };
            for (r, sum) in all.as_chunks::<GROUP>().0.iter().enumerate() {
                put(&mut sums[r * outputs + g * GROUP..], sum, group.len());
            }
        }
    }

    /// Adds up each four neighbouring numbers: number `4 g + i` of the result is group `g` of vector `i`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn add_quads(v: [__m512i; 4]) -> __m512i {
        let first = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
        let second = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
        _mm512_add_epi32(_mm512_unpacklo_epi64(first, second), _mm512_unpackhi_epi64(first, second))
    }

    /// Adds up the four quarters of a register.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,bmi2")]
    fn add_lanes(v: __m512i) -> [i32; 4] {
        let half = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64::<1>(v));
        let sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
        let mut all = [0i32; 4];
        // SAFETY: the array is 16 bytes long, as much as is written; no alignment is asked for.
        unsafe { _mm_storeu_si128(all.as_mut_ptr().cast(), sum) };
        all
    }
}
