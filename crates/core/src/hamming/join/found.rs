//! Pairs as they are found, counted against the limit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Distinct, Options};
use crate::error::{Error, Result, thousands};

/// Two codes (or positions), and the bits in which they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Number of the left one.
    pub left: u32,
    /// Number of the right one.
    pub right: u32,
    /// Bits that differ.
    pub distance: u16,
}

/// So many pairs a thread finds before it tells the others.
const BATCH: u64 = 1024;

/// What all threads have found together.
pub struct Ledger<'a> {
    found: AtomicU64,
    limit: u64,
    counting: AtomicBool,
    cancel: &'a AtomicBool,
    stop: AtomicBool,
    groups: Option<&'a [Distinct; 2]>,
}

impl<'a> Ledger<'a> {
    /// With `groups`, a pair of codes counts as all the pairs of their positions.
    pub fn new(options: &Options<'a>, groups: Option<&'a [Distinct; 2]>) -> Self {
        Ledger {
            found: AtomicU64::new(0),
            limit: options.limit,
            counting: AtomicBool::new(false),
            cancel: options.cancel,
            stop: AtomicBool::new(false),
            groups,
        }
    }

    /// From now on pairs are (not) only counted, and from nought.
    pub fn only_count(&self, only: bool) {
        self.counting.store(only, Ordering::Relaxed);
        self.found.store(0, Ordering::Relaxed);
    }

    /// Makes all threads stop: one of them has failed.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// [`Error::Cancelled`] once the caller, or a failure elsewhere, has stopped the work.
    pub fn check(&self) -> Result<()> {
        if self.cancel.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    /// How many pairs of positions a pair of codes stands for.
    pub fn weight(&self, left: u32, right: u32) -> u64 {
        let of = |groups: &[Distinct; 2]| groups[0].members_of(left).len() * groups[1].members_of(right).len();
        self.groups.map_or(1, |groups| of(groups) as u64)
    }

    fn add(&self, count: u64) -> Result<()> {
        let found = self.found.fetch_add(count, Ordering::Relaxed) + count;
        if found <= self.limit {
            return Ok(());
        }
        Err(Error::Limit(format!(
            "expected at most {} pairs, found {} and more; take a smaller radius or raise the limit",
            thousands(self.limit),
            thousands(found)
        )))
    }
}

/// What one thread has found.
pub struct Found<'a> {
    ledger: &'a Ledger<'a>,
    counting: bool,
    pairs: Vec<Pair>,
    uncounted: u64,
}

impl<'a> Found<'a> {
    /// Nothing yet.
    pub fn new(ledger: &'a Ledger<'a>) -> Self {
        Found { ledger, counting: ledger.counting.load(Ordering::Relaxed), pairs: Vec::new(), uncounted: 0 }
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`Error::Limit`], not always at once.
    pub fn push(&mut self, pair: Pair) -> Result<()> {
        self.uncounted += self.ledger.weight(pair.left, pair.right);
        if !self.counting {
            self.pairs.push(pair);
        }
        if self.uncounted >= BATCH { self.count() } else { Ok(()) }
    }

    fn count(&mut self) -> Result<()> {
        self.ledger.add(std::mem::take(&mut self.uncounted))
    }

    /// All of them.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub fn finish(mut self) -> Result<Vec<Pair>> {
        self.count()?;
        Ok(self.pairs)
    }
}
