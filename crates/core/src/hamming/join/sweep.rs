//! All codes of a part compared with each other, in a shape that compilers turn into vector code.

use std::ops::Range;

use super::items::{Code, STEP, difference, meet};

/// Places of two codes, and their distance.
pub type Hit = (u32, u32, u16);

/// Which pairs are to be found.
#[derive(Clone, Copy)]
pub struct Wanted<'a, const W: usize> {
    /// Those that differ in at most so many bits,
    pub radius: u32,
    /// in none of these,
    pub same: Code<W>,
    /// and in at least one bit of each of these.
    pub apart: &'a [Code<W>],
}

impl<const W: usize> Wanted<'_, W> {
    /// The distance of two codes if they are such a pair.
    pub fn distance(&self, one: &Code<W>, other: &Code<W>) -> Option<u16> {
        let (apart, distance) = (difference(one, other), distance(one, other));
        let wanted = distance <= u64::from(self.radius) && !meet(&apart, &self.same);
        (wanted && self.apart.iter().all(|mask| meet(&apart, mask))).then_some(distance as u16)
    }
}

/// Compares the code at `row` with those at `columns`, and adds those pairs that are wanted to `hits`.
///
/// Whole steps are compared, so that there is no slow tail: what is read behind the last column is thrown away.
#[inline(always)]
pub fn sweep_row<const W: usize>(
    codes: &[Code<W>],
    row: usize,
    columns: Range<usize>,
    wanted: &Wanted<W>,
    hits: &mut Vec<Hit>,
) {
    let code = codes[row];
    let steps = codes[columns.start..].as_chunks::<STEP>().0;
    for (number, step) in steps.iter().take(columns.len().div_ceil(STEP)).enumerate() {
        if any_near(&code, step, wanted.radius) {
            let first = columns.start + number * STEP;
            collect(&code, step, wanted, (row as u32, first as u32, columns.end as u32), hits);
        }
    }
}

/// Whether any of the codes is within the radius.
///
/// Compilers make of it, at each vector width, what one would write by hand: a minimum of counts and one test. With
/// an array of lanes, or bits gathered to be tested later, they did not.
#[inline(always)]
fn any_near<const W: usize>(code: &Code<W>, step: &[Code<W>; STEP], radius: u32) -> bool {
    let mut any = false;
    for other in step {
        any |= distance(code, other) <= u64::from(radius);
    }
    any
}

/// One branch for each code that is near instead of one for each lane.
#[inline(always)]
fn collect<const W: usize>(
    code: &Code<W>,
    step: &[Code<W>; STEP],
    wanted: &Wanted<W>,
    (row, first, end): (u32, u32, u32),
    hits: &mut Vec<Hit>,
) {
    // Nothing but this one number is kept from the lanes: arrays of them went through memory, and that took longer.
    let mut near = 0u64;
    for (lane, other) in step.iter().enumerate() {
        near |= u64::from(distance(code, other) <= u64::from(wanted.radius)) << lane;
    }
    while near != 0 {
        let lane = near.trailing_zeros();
        near &= near - 1;
        let other = &step[lane as usize % STEP];
        let apart = difference(code, other);
        let same = !meet(&apart, &wanted.same);
        if wanted.apart.iter().fold(same && first + lane < end, |all, mask| all & meet(&apart, mask)) {
            hits.push((row, first + lane, distance(code, other) as u16));
        }
    }
}

/// In how many bits two codes differ.
#[inline(always)]
fn distance<const W: usize>(one: &Code<W>, other: &Code<W>) -> u64 {
    let mut sum = 0;
    for word in 0..W {
        sum += u64::from((one[word] ^ other[word]).count_ones());
    }
    sum
}
