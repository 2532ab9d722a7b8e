//! A batch of queries: which way each goes, and on which thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::codes::Codes;
use super::cost;
use super::distance::Level;
use super::found::Found;
use super::mih::Probing;
use super::scan::scan;
use super::stop::Stop;
use super::view::View;
use crate::error::{Error, Result};

/// Queries that are answered together, if there are so many: those that come to a scan share the reading of codes.
const TOGETHER: usize = 64;
/// How often the caller's thread looks after the others when its own work is done.
const LOOK: Duration = Duration::from_millis(1);

/// How codes are looked for; the answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Whichever is estimated cheaper.
    Auto,
    /// Every code.
    Scan,
    /// Tables, at any cost.
    Tables,
}

/// What is asked of all queries of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The largest distance that counts; the width of the codes if it is larger.
    pub radius: u32,
    /// Only so many nearest rows.
    pub nearest: Option<usize>,
    /// How.
    pub plan: Plan,
    /// At most so many threads.
    pub threads: usize,
    /// The vectors to use.
    pub level: Level,
}

/// Rows for each query, by distance, then row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// Where the rows of each query begin, and the end of the last.
    pub starts: Vec<i64>,
    /// Row numbers.
    pub rows: Vec<i64>,
    /// Their distances.
    pub distances: Vec<i32>,
}

/// Answers all queries.
///
/// # Errors
/// [`Error::Argument`] for queries of another width; [`Error::Cancelled`]; [`Error::Io`] if a thread is refused.
pub fn search(view: &View<'_>, queries: &Codes, request: &Request, stop: &Stop<'_>) -> Result<Hits> {
    if queries.bits() != view.bits {
        let text = format!("expected queries of {} bits, as the index has, got {}", view.bits, queries.bits());
        return Err(Error::Argument(text));
    }
    let request = Request { radius: request.radius.min(view.bits), ..*request };
    let threads = request.threads.clamp(1, queries.len().max(1));
    let share = queries.len().div_ceil(4 * threads).clamp(1, TOGETHER);
    let share = if threads == 1 { TOGETHER } else { share };
    let batch = Batch { view, queries, request, share, costs: costs(view, &request, queries.len()) };
    let parts = if threads == 1 {
        let mut worker = Worker::default();
        (0..batch.shares()).map(|number| batch.answer(number, &mut worker, stop)).collect::<Result<Vec<Hits>>>()?
    } else {
        batch.spread(threads, stop)?
    };
    Ok(joined(parts))
}

/// The estimated cost of a search by tables, and of a scan. By tables, that of the nearest is not known before.
fn costs(view: &View<'_>, request: &Request, queries: usize) -> (u64, u64) {
    let lens: Vec<u32> = view.tables.iter().map(|table| table.len).collect();
    let radius = if request.nearest.is_some() { 0 } else { request.radius };
    let scan = view.codes.words.len() as u64 / if queries >= cost::SHARED_FROM { cost::SHARED } else { 1 };
    (cost::search(view.bits, view.distinct(), &lens, radius), scan)
}

fn joined(parts: Vec<Hits>) -> Hits {
    let mut all = Hits { starts: vec![0], ..Hits::default() };
    for part in parts {
        let before = all.rows.len() as i64;
        all.starts.extend(part.starts.iter().map(|start| start + before));
        all.rows.extend(part.rows);
        all.distances.extend(part.distances);
    }
    all
}

/// Queries in shares that threads take.
struct Batch<'a> {
    view: &'a View<'a>,
    queries: &'a Codes,
    request: Request,
    share: usize,
    /// Estimated for a query by tables, and by a scan.
    costs: (u64, u64),
}

/// What a thread keeps from one share to the next.
#[derive(Default)]
struct Worker {
    found: Vec<Found>,
    probing: Probing,
    rows: Vec<u64>,
}

impl Batch<'_> {
    fn shares(&self) -> usize {
        self.queries.len().div_ceil(self.share)
    }

    /// All shares by several threads, of which the caller's is one.
    fn spread(&self, threads: usize, stop: &Stop<'_>) -> Result<Vec<Hits>> {
        let next = AtomicUsize::new(0);
        let parts = Mutex::new(Vec::new());
        let take = |stop: &Stop<'_>| -> Result<()> {
            let mut worker = Worker::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.shares() {
                    return Ok(());
                }
                let part = self.answer(number, &mut worker, stop)?;
                parts.lock().unwrap_or_else(PoisonError::into_inner).push((number, part));
            }
        };
        let flag = stop.flag();
        thread::scope(|scope| -> Result<()> {
            let helper = || take(&Stop::following(flag));
            let start = || thread::Builder::new().name("lookalike".into()).spawn_scoped(scope, helper);
            // Fewer threads than were asked for are no reason to fail: all the work is done nevertheless.
            let helpers: Vec<_> = (1..threads).map_while(|_| start().ok()).collect();
            let mut outcome = take(stop);
            while outcome.is_ok() && helpers.iter().any(|helper| !helper.is_finished()) {
                thread::sleep(LOOK);
                outcome = stop.check();
            }
            outcome
        })?;
        stop.check()?;
        let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
        parts.sort_unstable_by_key(|&(number, _)| number);
        Ok(parts.into_iter().map(|(_, part)| part).collect())
    }

    fn answer(&self, number: usize, worker: &mut Worker, stop: &Stop<'_>) -> Result<Hits> {
        let first = number * self.share;
        let count = self.share.min(self.queries.len() - first);
        let Worker { found, probing, rows } = worker;
        found.resize_with(count, Found::default);
        let mut left = Vec::new();
        for (i, found) in found.iter_mut().enumerate() {
            let query = self.queries.code(first + i);
            found.begin(self.request.radius, self.request.nearest);
            if !self.by_tables(query, found, probing, stop)? {
                found.restart();
                left.push((query, found));
            }
        }
        if !left.is_empty() {
            scan(self.view, self.request.level, &mut left, stop)?;
        }
        let mut hits = Hits::default();
        for found in found.iter_mut() {
            found.rows(self.view, rows);
            hits.rows.extend(rows.iter().map(|row| self.view.first_row.wrapping_add(i64::from(*row as u32))));
            hits.distances.extend(rows.iter().map(|row| (row >> 32) as i32));
            hits.starts.push(hits.rows.len() as i64);
        }
        Ok(hits)
    }

    /// Whether tables gave the answer; if not, a scan must.
    fn by_tables(&self, query: &[u64], found: &mut Found, probing: &mut Probing, stop: &Stop<'_>) -> Result<bool> {
        let budget = match self.request.plan {
            Plan::Scan => return Ok(false),
            Plan::Tables => u64::MAX,
            Plan::Auto if self.costs.0 > self.costs.1 => return Ok(false),
            Plan::Auto => self.costs.1,
        };
        probing.search(self.view, self.request.level, query, found, budget, stop)
    }
}
