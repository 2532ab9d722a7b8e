//! Large parts, shared among threads.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::blocks::{Split, Worker};
use super::found::{Ledger, Pair};
use super::items::Code;
use super::marked::Parts;
use super::marks::Look;
use super::scheme::State;
use super::{Options, Plan};
use crate::error::{Error, Result};
use crate::simd::Level;

/// Parts of at least so many codes are split in steps that any thread may take.
const LARGE: usize = 1 << 17;
/// Smaller parts are handed out so many at a time.
const HANDFUL: usize = 16;
/// Comparisons in a step of a sweep.
const STRIDE: usize = 1 << 26;
/// Parts of at most so many codes are swept without asking whether splitting would be cheaper.
const LEAF: usize = 256;
/// When a method is forced, small sets must go its way too.
const FORCED_LEAF: usize = 8;
const FORCED_LARGE: usize = 128;

/// What is the same for all parts and threads.
pub struct Engine<'a> {
    pub radius: u32,
    pub cross: bool,
    pub level: Level,
    pub leaf: usize,
    pub forced: bool,
    large: usize,
    /// Whether most codes are near several others.
    pub many: bool,
    pub ledger: &'a Ledger<'a>,
    threads: usize,
    plan: Plan,
}

/// A step.
enum Step<const W: usize> {
    /// Split a part, of which so many bits of the state's block agree already.
    Part(Arc<Split<W>>, Range<usize>, Arc<State<W>>, usize),
    /// Finish some parts of a partition.
    Parts(Arc<Split<W>>, Range<usize>, Arc<State<W>>, usize),
    /// Compare some rows with a whole part.
    Rows(Arc<Split<W>>, Range<usize>, Range<usize>, Arc<State<W>>),
    /// Deal a part out by marks.
    Deal(Arc<Split<W>>, Range<usize>, Box<Look<W>>),
    /// Finish some parts of what was dealt.
    Marked(Arc<Parts<W>>, Range<usize>),
}

/// Steps to be done: the last comes first, so that few are waiting and their memory is soon free.
struct Queue<const W: usize> {
    state: Mutex<Waiting<W>>,
    changed: Condvar,
}

struct Waiting<const W: usize> {
    steps: Vec<Step<W>>,
    busy: usize,
    failure: Option<Error>,
}

impl<'a> Engine<'a> {
    pub fn new(options: &Options, ledger: &'a Ledger<'a>, cross: bool) -> Self {
        let forced = options.plan == Plan::Blocks;
        Engine {
            radius: options.radius,
            cross,
            level: Level::best(),
            leaf: if forced { FORCED_LEAF } else { LEAF },
            forced,
            large: if forced { FORCED_LARGE } else { LARGE },
            many: false,
            ledger,
            threads: options.threads.max(1),
            plan: options.plan,
        }
    }

    /// All pairs, by the thread that found them.
    pub fn run<const W: usize>(&self, items: &Arc<Split<W>>, open: Code<W>) -> Result<Vec<Vec<Pair>>> {
        let state = Arc::new(State::new(open, self.radius));
        let all = 0..items.items.ids.len();
        let first = match self.plan {
            Plan::Sweep => rows(items, &all, &state),
            _ => vec![Step::Part(Arc::clone(items), all, state, 0)],
        };
        let waiting = Waiting { steps: first, busy: 0, failure: None };
        let queue = Queue { state: Mutex::new(waiting), changed: Condvar::new() };
        let found = thread::scope(|scope| {
            let work = || self.work(&queue);
            let others: Vec<_> = (1..self.threads).map(|_| thread::Builder::new().spawn_scoped(scope, work)).collect();
            let mut found = vec![work()];
            for other in others.into_iter().flatten() {
                found.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        });
        match queue.lock().failure.take() {
            Some(error) => Err(error),
            None => Ok(found),
        }
    }

    /// One thread's part of it.
    fn work<const W: usize>(&self, queue: &Queue<W>) -> Vec<Pair> {
        let mut worker = Worker::new(self);
        while let Some(step) = queue.take() {
            match worker.step(step) {
                Ok(steps) => queue.done(steps),
                Err(error) => {
                    self.fail(queue, error);
                    queue.done(Vec::new());
                }
            }
        }
        worker.found.finish().unwrap_or_else(|error| {
            self.fail(queue, error);
            Vec::new()
        })
    }

    fn fail<const W: usize>(&self, queue: &Queue<W>, error: Error) {
        self.ledger.stop();
        let mut state = queue.lock();
        state.steps.clear();
        // Those that were stopped because another failed have nothing to tell.
        if state.failure.as_ref().is_none_or(|before| *before == Error::Cancelled) {
            state.failure = Some(error);
        }
    }
}

impl<const W: usize> Queue<W> {
    fn lock(&self) -> MutexGuard<'_, Waiting<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next step, or none when all is done.
    fn take(&self) -> Option<Step<W>> {
        let mut state = self.lock();
        loop {
            if let Some(step) = state.steps.pop() {
                state.busy += 1;
                return Some(step);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, steps: Vec<Step<W>>) {
        let mut state = self.lock();
        state.steps.extend(steps);
        state.busy -= 1;
        drop(state);
        self.changed.notify_all();
    }
}

impl<const W: usize> Worker<'_, W> {
    /// Does one step, or as much of it that several threads may go on.
    fn step(&mut self, step: Step<W>) -> Result<Vec<Step<W>>> {
        self.engine.ledger.check()?;
        match step {
            Step::Part(items, part, state, used) => return self.part(&items, part, state, used),
            Step::Parts(split, range, state, used) => {
                self.buckets(&split, range, &state, used, 0)?;
                self.recycle(split);
            }
            Step::Rows(items, rows, part, state) => self.sweep(&items.items, rows, part, &state)?,
            Step::Deal(items, part, look) => {
                let parts = Arc::new(self.deal_marks(items, &part, *look)?);
                return Ok(parts.ranges().into_iter().map(|range| Step::Marked(Arc::clone(&parts), range)).collect());
            }
            Step::Marked(parts, range) => self.marked(parts, range)?,
        }
        Ok(Vec::new())
    }

    fn part(
        &mut self,
        items: &Arc<Split<W>>,
        part: Range<usize>,
        state: Arc<State<W>>,
        used: usize,
    ) -> Result<Vec<Step<W>>> {
        if part.len() < self.engine.large {
            self.visit(&items.items, part, &state, used, 0)?;
            return Ok(Vec::new());
        }
        if self.has_none(&items.items, &part) {
            return Ok(Vec::new());
        }
        if used < state.bits.len() {
            let mut split = self.spare.take().unwrap_or_default();
            let bits = self.split(&items.items, &part, &state.bits[used..], &mut split);
            return Ok(parts(&Arc::new(split), &state, used + bits));
        }
        Ok(match state.split(self.engine, &items.items, &part) {
            None => rows(items, &part, &state),
            Some((children, _)) => {
                let step = |child| {
                    let (items, child) = (Arc::clone(items), Arc::new(child));
                    match Look::new(self.engine, &child, &items.items, part.len()) {
                        Some(look) => Step::Deal(items, part.clone(), Box::new(look)),
                        None => Step::Part(items, part.clone(), child, 0),
                    }
                };
                children.into_iter().map(step).collect()
            }
        })
    }
}

/// A step for each large part, and one for each handful of small ones.
fn parts<const W: usize>(split: &Arc<Split<W>>, state: &Arc<State<W>>, used: usize) -> Vec<Step<W>> {
    let mut steps = Vec::new();
    let size = |bucket: usize| split.bounds[bucket + 1] - split.bounds[bucket];
    let mut start = 0;
    let count = split.bounds.len() - 1;
    for bucket in 0..count {
        let large = size(bucket) >= LARGE;
        if large || bucket + 1 - start == HANDFUL || bucket + 1 == count {
            let end = if large { bucket } else { bucket + 1 };
            if end > start {
                steps.push(Step::Parts(Arc::clone(split), start..end, Arc::clone(state), used));
            }
            start = bucket + 1;
        }
        if large {
            let part = split.bounds[bucket]..split.bounds[bucket + 1];
            steps.push(Step::Part(Arc::clone(split), part, Arc::clone(state), used));
        }
    }
    steps
}

/// A sweep in steps.
fn rows<const W: usize>(items: &Arc<Split<W>>, part: &Range<usize>, state: &Arc<State<W>>) -> Vec<Step<W>> {
    let height = (STRIDE / part.len().max(1)).max(1);
    let starts = part.clone().step_by(height);
    let step = |start: usize| {
        let rows = start..(start + height).min(part.end);
        Step::Rows(Arc::clone(items), rows, part.clone(), Arc::clone(state))
    };
    starts.map(step).collect()
}
