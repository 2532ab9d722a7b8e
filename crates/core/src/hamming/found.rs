//! What a search has found so far of one query, and how far away a code may still be to count.

use super::distance::Near;
use super::view::View;

/// So many candidates are kept before the first look whether some of them are too far by now.
const FIRST_PRUNING: usize = 1024;

/// The candidates of one query: at the end, exactly the codes that are within the bound.
#[derive(Debug, Default)]
pub struct Found {
    codes: Vec<Near>,
    /// Rows at each distance, if only the nearest are wanted.
    counts: Vec<usize>,
    /// Their sum up to the bound.
    within: usize,
    wanted: Option<usize>,
    bound: u32,
    prune_at: usize,
}

impl Found {
    /// Begins anew: all within the radius, or the `wanted` nearest of them.
    pub fn begin(&mut self, radius: u32, wanted: Option<usize>) {
        self.codes.clear();
        self.counts.clear();
        self.within = 0;
        if wanted.is_some() {
            self.counts.resize(radius as usize + 1, 0);
        }
        self.wanted = wanted;
        self.bound = radius;
        self.prune_at = FIRST_PRUNING;
    }

    /// The largest distance that still counts.
    pub fn bound(&self) -> u32 {
        self.bound
    }

    /// Adds a code that has not been added before.
    #[inline]
    pub fn add(&mut self, near: Near, view: &View<'_>) {
        if near.distance > self.bound {
            return;
        }
        self.codes.push(near);
        if let Some(wanted) = self.wanted {
            let copies = view.copies(near.index);
            self.counts[near.distance as usize] += copies;
            self.within += copies;
            self.tighten(wanted);
        }
    }

    /// The bound is the smallest distance within which there are as many rows as are wanted.
    fn tighten(&mut self, wanted: usize) {
        while self.bound > 0 && self.within - self.counts[self.bound as usize] >= wanted {
            self.within -= self.counts[self.bound as usize];
            self.bound -= 1;
        }
        if self.codes.len() >= self.prune_at {
            self.prune();
            self.prune_at = FIRST_PRUNING.max(2 * self.codes.len());
        }
    }

    fn prune(&mut self) {
        let bound = self.bound;
        self.codes.retain(|near| near.distance <= bound);
    }

    /// Forgets the codes, but not what was learnt about the bound: for a search that starts again.
    pub fn restart(&mut self) {
        let bound = self.bound;
        self.begin(bound, self.wanted);
    }

    /// The answer: distance and row less the smallest, ascending, as `distance << 32 | row`.
    pub fn rows(&mut self, view: &View<'_>, rows: &mut Vec<u64>) {
        self.prune();
        rows.clear();
        let most = self.wanted.unwrap_or(usize::MAX);
        for near in &self.codes {
            // In a damaged index each code may claim all rows: there are no more of them for that.
            if rows.len() >= view.rows.len() {
                break;
            }
            let of_code = view.rows_of(near.index).iter().take(most);
            rows.extend(of_code.map(|row| u64::from(near.distance) << 32 | u64::from(u32::from_le_bytes(*row))));
        }
        rows.sort_unstable();
        rows.truncate(most.min(view.rows.len()));
    }
}
