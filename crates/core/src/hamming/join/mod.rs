//! All pairs of codes within a radius of each other.
//!
//! Identical codes are collapsed first. Pairs of different ones are found by splitting the codes by blocks of bits
//! (`scheme.rs`, `blocks.rs`) or by comparing all with all (`sweep.rs`), whichever is estimated to be cheaper for each
//! part. The answer is the same either way, and with any number of threads: every pair once, in order.

mod blocks;
mod choice;
mod distinct;
mod engine;
mod found;
mod items;
mod marked;
mod marks;
mod order;
mod scheme;
mod sweep;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
use crate::hamming::Codes;

pub use choice::Plan;
pub use distinct::Distinct;
pub use found::Pair;

use blocks::Split;
use engine::Engine;
use found::Ledger;
use items::Items;

/// With more pairs a code it does not pay to look each of them up by its number.
const MANY: f64 = 2.0;

/// What a join is to do, and within which limits.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The largest distance that counts, in bits.
    pub radius: u32,
    /// More pairs than this are an error.
    pub limit: u64,
    /// How many threads may work at a time; 0 counts as 1.
    pub threads: usize,
    /// The method.
    pub plan: Plan,
    /// Set by another thread to stop the work.
    pub cancel: &'a AtomicBool,
}

/// The pairs within one set of codes.
#[derive(Debug)]
pub struct SelfJoin {
    /// The codes that differ, in the order of their first positions.
    pub distinct: Distinct,
    /// Pairs of numbers of distinct codes, left below right, in order.
    pub pairs: Vec<Pair>,
}

/// All pairs of different codes within the radius.
///
/// # Errors
/// [`Error::Limit`] for more pairs than allowed, [`Error::Cancelled`], [`Error::Argument`] for more codes than can be
/// numbered, [`Error::Io`] if the system refuses a thread.
pub fn self_join(codes: &Codes, options: &Options) -> Result<SelfJoin> {
    let distinct = Distinct::of(codes, options.cancel)?;
    let ledger = Ledger::new(options, None);
    let found = find(&[Side { codes, distinct: &distinct }], options, &ledger)?;
    let pairs = order::sorted(found, distinct.len(), options.cancel)?;
    Ok(SelfJoin { distinct, pairs })
}

/// All pairs of positions, one of each set, whose codes are within the radius; in order.
///
/// # Errors
/// As [`self_join`]; [`Error::Argument`] also if the codes are not of one width.
pub fn cross_join(left: &Codes, right: &Codes, options: &Options) -> Result<Vec<Pair>> {
    if left.bits() != right.bits() {
        let (left, right) = (left.bits(), right.bits());
        return Err(Error::Argument(format!("expected codes of one width, got {left} and {right} bits")));
    }
    let groups = [Distinct::of(left, options.cancel)?, Distinct::of(right, options.cancel)?];
    let ledger = Ledger::new(options, Some(&groups));
    let sides = [Side { codes: left, distinct: &groups[0] }, Side { codes: right, distinct: &groups[1] }];
    let found = find(&sides, options, &ledger)?;
    let ordered = order::sorted(found, groups[0].len(), options.cancel)?;
    order::expanded(&ordered, &groups, left.len(), options.cancel)
}

/// One or two sets of different codes: pairs within the one, or of one with the other.
#[derive(Clone, Copy)]
struct Side<'a> {
    codes: &'a Codes,
    distinct: &'a Distinct,
}

/// Pairs of numbers of different codes, in no order, from each thread.
fn find(sides: &[Side], options: &Options, ledger: &Ledger) -> Result<Vec<Vec<Pair>>> {
    // Rounded up, so that the work is compiled for few widths; the words in front are zeros.
    match sides[0].codes.stride() {
        1 => find_wide::<1>(sides, options, ledger),
        2 => find_wide::<2>(sides, options, ledger),
        3..=4 => find_wide::<4>(sides, options, ledger),
        5..=8 => find_wide::<8>(sides, options, ledger),
        _ => find_wide::<16>(sides, options, ledger),
    }
}

fn find_wide<const W: usize>(sides: &[Side], options: &Options, ledger: &Ledger) -> Result<Vec<Vec<Pair>>> {
    let cross = sides.len() == 2;
    if sides.iter().any(|side| side.distinct.is_empty()) || (options.radius == 0 && !cross) {
        return Ok(Vec::new());
    }
    let items = Arc::new(Split::<W> { items: Items::new(sides), bounds: Vec::new() });
    let open = items::lowest_bits(sides[0].codes.bits());
    let mut engine = Engine::new(options, ledger, cross);
    let guess = order::guess(&engine, &items.items);
    engine.many = guess > MANY * items.items.ids.len() as f64;
    // If it is close, they are kept at once: to find them twice is more than the memory for as many as are allowed.
    if guess >= 2.0 * options.limit as f64 {
        ledger.only_count(true);
        engine.run(&items, open)?;
        ledger.only_count(false);
    }
    engine.run(&items, open)
}
