//! A pool of threads that fingerprints many pictures.
//!
//! The threads are on their own: nobody waits for one that decodes a large picture when the pool is dropped.
//! They hold nothing but memory of the pool, so it does no harm if one is in the midst of a picture when the
//! process ends. A process that was forked has no threads: there, every call is an error.

use std::collections::VecDeque;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::files::{self, Opened};
pub use crate::job::Outcome;
use crate::job::{Input, Job};

/// How many places further on a file is announced to the kernel, and so how many are open at a time. A disk
/// that has several requests at once serves them in the order that suits it.
const AHEAD: usize = 8;
/// How many are announced between two pictures, until all are that shall be.
const ANNOUNCEMENTS: usize = 2;
/// How long a dropped pool waits for its threads.
const FAREWELL: Duration = Duration::from_millis(50);
/// What is wanted while nobody waits: to wake nobody is a call to the system nevertheless.
const NOBODY: usize = usize::MAX;

/// A picture that is finished.
pub struct Done {
    /// What it was submitted with.
    pub ticket: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Where its bytes were. It comes back to be dropped where it was made: memory that Python keeps must not be
    /// let go by a thread that Python does not know.
    pub input: Input,
}

/// Threads that work through what is submitted, first come first served.
pub struct Pool {
    shared: Arc<Shared>,
    process: u32,
}

struct Shared {
    job: Arc<Job>,
    state: Mutex<State>,
    work: Condvar,
    finished: Condvar,
    cancel: AtomicBool,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Entry>,
    done: Vec<Done>,
    running: usize,
    wanted: usize,
    threads: usize,
}

struct Entry {
    ticket: u64,
    input: Input,
    opened: Option<Opened>,
    announced: bool,
}

impl Pool {
    /// Starts `threads` threads, one at least.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses one.
    pub fn new(job: Arc<Job>, threads: usize) -> Result<Pool> {
        let shared = Arc::new(Shared {
            job,
            state: Mutex::new(State { wanted: NOBODY, ..State::default() }),
            work: Condvar::new(),
            finished: Condvar::new(),
            cancel: AtomicBool::new(false),
        });
        // Made before the threads, so that those already there are dismissed if one cannot be started.
        let pool = Pool { shared, process: process::id() };
        for _ in 0..threads.max(1) {
            let shared = Arc::clone(&pool.shared);
            let named = thread::Builder::new().name("lookalike".into());
            pool.shared.lock().threads += 1;
            if let Err(error) = named.spawn(move || shared.work()) {
                pool.shared.lock().threads -= 1;
                return Err(Error::Io(error.raw_os_error(), error.to_string()));
            }
        }
        Ok(pool)
    }

    /// Adds pictures; each comes back from [`Pool::take`] with its ticket.
    ///
    /// # Errors
    /// [`Error::Cancelled`] after [`Pool::cancel`]; [`Error::Argument`] in a forked process.
    pub fn submit(&self, inputs: Vec<(u64, Input)>) -> Result<()> {
        self.check()?;
        let mut state = self.shared.lock();
        if self.shared.cancel.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        let idle = state.threads - state.running;
        let added = inputs.len();
        state.queue.extend(inputs.into_iter().map(|(ticket, input)| Entry {
            ticket,
            input,
            opened: None,
            announced: false,
        }));
        drop(state);
        for _ in 0..added.min(idle) {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// All that is finished, in the order in which it was. Waits until it is `wanted` or all that is left;
    /// after `timeout`, it may be fewer, or none.
    ///
    /// # Errors
    /// [`Error::Argument`] in a forked process.
    pub fn take(&self, wanted: usize, timeout: Duration) -> Result<Vec<Done>> {
        self.check()?;
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        state.wanted = wanted;
        while !state.is_enough() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.finished.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wanted = NOBODY;
        Ok(std::mem::take(&mut state.done))
    }

    /// Forgets what has not begun, and stops what has. The pool is of no use afterwards.
    ///
    /// # Returns
    /// What has not begun, to be dropped where it was made; see [`Done::input`].
    pub fn cancel(&self) -> Vec<Input> {
        if self.check().is_err() {
            return Vec::new();
        }
        self.shared.cancel.store(true, Ordering::Relaxed);
        let queue = std::mem::take(&mut self.shared.lock().queue);
        self.shared.work.notify_all();
        self.shared.finished.notify_all();
        queue.into_iter().map(|entry| entry.input).collect()
    }

    /// A lock that another thread held when the process was forked would never be free.
    fn check(&self) -> Result<()> {
        if process::id() == self.process {
            return Ok(());
        }
        Err(Error::Argument("expected the process that began the batch, got one that was forked from it".into()))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.cancel());
        if self.check().is_err() {
            return;
        }
        let deadline = Instant::now() + FAREWELL;
        let mut state = self.shared.lock();
        while state.threads > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.finished.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let done = std::mem::take(&mut state.done);
        drop(state);
        drop(done);
    }
}

impl State {
    fn is_enough(&self) -> bool {
        self.done.len() >= self.wanted.max(1) || (self.running == 0 && self.queue.is_empty()) || self.threads == 0
    }

    /// The next file to be announced.
    fn unannounced(&mut self) -> Option<&mut Entry> {
        let entry = self.queue.iter_mut().take(AHEAD).find(|entry| !entry.announced)?;
        entry.announced = true;
        Some(entry)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a thread.
    fn work(&self) {
        let mut buffer = Vec::new();
        while let Some(entry) = self.next() {
            self.announce();
            let outcome = self.job.run(&entry.input, entry.opened, &self.cancel, &mut buffer);
            self.finish(Done { ticket: entry.ticket, outcome, input: entry.input });
        }
        self.lock().threads -= 1;
        self.finished.notify_all();
    }

    fn next(&self) -> Option<Entry> {
        let mut state = self.lock();
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(entry) = state.queue.pop_front() {
                state.running += 1;
                return Some(entry);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, done: Done) {
        let mut state = self.lock();
        state.running -= 1;
        state.done.push(done);
        let enough = state.is_enough();
        drop(state);
        if enough {
            self.finished.notify_all();
        }
    }

    /// Opens files that come soon, and has the kernel begin to read them.
    fn announce(&self) {
        for _ in 0..ANNOUNCEMENTS {
            let mut state = self.lock();
            let Some(Entry { ticket, input: Input::Path(path), .. }) = state.unannounced() else {
                return;
            };
            let (ticket, path) = (*ticket, path.clone());
            drop(state);
            // What cannot be opened now is tried again, and reported, when its turn comes.
            let Ok(opened) = files::open(&path, self.job.most_bytes()) else {
                continue;
            };
            files::announce(&opened);
            let mut state = self.lock();
            if let Some(entry) = state.queue.iter_mut().take(AHEAD).find(|entry| entry.ticket == ticket) {
                entry.opened = Some(opened);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Spec;
    use crate::gate::Gate;

    struct Panicking;

    impl AsRef<[u8]> for Panicking {
        fn as_ref(&self) -> &[u8] {
            panic!("as a decoder might")
        }
    }

    /// Bytes that take their time.
    struct Slow(Duration);

    impl AsRef<[u8]> for Slow {
        fn as_ref(&self) -> &[u8] {
            thread::sleep(self.0);
            b""
        }
    }

    fn pool(threads: usize) -> Pool {
        let specs = vec![Spec::new("phash", 8, "", false).unwrap()];
        let gate = Arc::new(Gate::new(1 << 20, 1 << 20));
        Pool::new(Arc::new(Job::new(specs, 1 << 20, 1 << 20, gate)), threads).unwrap()
    }

    fn bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Input {
        Input::Bytes(Arc::new(bytes))
    }

    fn take_all(pool: &Pool, count: usize) -> Vec<(u64, Outcome)> {
        let mut taken: Vec<(u64, Outcome)> = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        while taken.len() < count && Instant::now() < deadline {
            let done = pool.take(count, Duration::from_millis(10)).unwrap();
            taken.extend(done.into_iter().map(|done| (done.ticket, done.outcome)));
        }
        taken.sort_by_key(|&(ticket, _)| ticket);
        taken
    }

    #[test]
    fn every_ticket_comes_back_once() {
        let pool = pool(2);
        for first in [0, 500] {
            pool.submit((first..first + 500).map(|ticket| (ticket, bytes("hello"))).collect()).unwrap();
        }
        let tickets: Vec<u64> = take_all(&pool, 1000).into_iter().map(|(ticket, _)| ticket).collect();
        assert_eq!(tickets, (0..1000).collect::<Vec<_>>());
        assert!(pool.take(1, Duration::from_secs(9)).unwrap().is_empty(), "nothing is left to wait for");
    }

    #[test]
    fn a_panic_is_an_error_of_its_picture() {
        let pool = pool(1);
        pool.submit(vec![(0, bytes("hello")), (1, bytes(Panicking)), (2, bytes(""))]).unwrap();
        let texts: Vec<String> =
            take_all(&pool, 3).into_iter().map(|(_, outcome)| outcome.print.unwrap_err().to_string()).collect();
        assert!(texts[1].ends_with("the decoder itself fails: as a decoder might"), "{texts:?}");
        assert!(texts[2].contains("0 bytes"), "{texts:?}");
    }

    #[test]
    fn what_is_no_file_is_an_error_of_its_place() {
        let pool = pool(2);
        let nowhere = std::env::temp_dir().join("lookalike none");
        pool.submit((0..20).map(|ticket| (ticket, Input::Path(nowhere.clone()))).collect()).unwrap();
        let taken = take_all(&pool, 20);
        assert!(taken.iter().all(|(_, outcome)| matches!(outcome.print, Err(Error::Io(Some(2), _)))));
    }

    #[test]
    fn a_cancelled_pool_does_not_wait_for_its_threads() {
        let begun = Instant::now();
        let pool = pool(1);
        pool.submit((0..9).map(|ticket| (ticket, bytes(Slow(Duration::from_secs(3))))).collect()).unwrap();
        assert!(pool.cancel().len() >= 8);
        assert_eq!(pool.submit(vec![]), Err(Error::Cancelled));
        drop(pool);
        assert!(begun.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn waiting_ends_in_time() {
        let pool = pool(1);
        pool.submit(vec![(0, bytes(Slow(Duration::from_secs(1))))]).unwrap();
        assert!(pool.take(1, Duration::from_millis(5)).unwrap().is_empty());
        assert_eq!(take_all(&pool, 1).len(), 1);
    }
}
