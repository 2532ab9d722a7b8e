//! The flat scan: every code against several queries, so that codes that are at hand are compared with all of them.

use super::distance::{Level, Near, Stretch, sweep};
use super::found::Found;
use super::stop::Stop;
use super::view::View;
use crate::error::Result;

/// Words of codes that are compared with all queries in turn: half of a usual first-level cache.
const BLOCK_WORDS: usize = 2048;

/// Compares all codes with each of the queries.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn scan(view: &View<'_>, level: Level, queries: &mut [(&[u64], &mut Found)], stop: &Stop<'_>) -> Result<()> {
    let step = (BLOCK_WORDS / view.codes.stride).max(1);
    let mut nears: Vec<Near> = Vec::new();
    for start in (0..view.distinct()).step_by(step) {
        let end = (start + step).min(view.distinct());
        let stretch = [Stretch { start: start as u32, end: end as u32 }];
        for (query, found) in queries.iter_mut() {
            sweep(level, view.codes, &stretch, query, found.bound(), &mut nears);
            for near in nears.drain(..) {
                found.add(near, view);
            }
        }
        stop.check()?;
    }
    Ok(())
}
