//! Room for bytes: large work waits until there is memory for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};

/// How often one that waits looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// The memory of several threads: one room for what is read from files, one for what is decoded from it.
///
/// They are two because work enters them one after the other. With a single room, threads could fill it with
/// files, and then each wait for ever for room for its pixels.
#[derive(Debug)]
pub struct Gate {
    /// For bytes of files.
    pub files: Room,
    /// For bytes of pixels.
    pub pixels: Room,
}

impl Gate {
    /// A gate with so many bytes for each of the two.
    pub fn new(files: u64, pixels: u64) -> Gate {
        Gate { files: Room::new(files), pixels: Room::new(pixels) }
    }
}

/// Lets work in while its sizes together stay within a capacity, first come first served. Work larger than
/// the capacity goes in alone.
#[derive(Debug)]
pub struct Room {
    capacity: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    most: u64,
    next: u64,
    waiting: VecDeque<u64>,
}

/// Some bytes of a room, until it is dropped.
#[derive(Debug)]
pub struct Pass<'a> {
    room: &'a Room,
    size: u64,
}

impl Room {
    fn new(capacity: u64) -> Room {
        Room { capacity, state: Mutex::new(State::default()), changed: Condvar::new() }
    }

    /// Waits until there is room for `size` bytes.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if `cancel` is set meanwhile.
    pub fn enter(&self, size: u64, cancel: &AtomicBool) -> Result<Pass<'_>> {
        let size = size.min(self.capacity);
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back(ticket);
        while state.waiting.front() != Some(&ticket) || state.used + size > self.capacity {
            if cancel.load(Ordering::Relaxed) {
                // Or nobody behind it would ever get in.
                state.waiting.retain(|&other| other != ticket);
                self.changed.notify_all();
                return Err(Error::Cancelled);
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.waiting.pop_front();
        state.used += size;
        state.most = state.most.max(state.used);
        if !state.waiting.is_empty() {
            self.changed.notify_all();
        }
        Ok(Pass { room: self, size })
    }

    /// The most bytes that were in use at a time.
    pub fn most_used(&self) -> u64 {
        self.lock().most
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.room.lock();
        state.used -= self.size;
        if !state.waiting.is_empty() {
            self.room.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static NEVER: AtomicBool = AtomicBool::new(false);

    #[test]
    fn sizes_together_stay_within_the_capacity() {
        let room = Room::new(10);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let room = &room;
                scope.spawn(move || {
                    for step in 0..200 {
                        drop(room.enter([1, 7, 4, 99, 3][(thread + step) % 5], &NEVER).unwrap());
                    }
                });
            }
        });
        assert!(room.most_used() <= 10);
        assert_eq!(room.lock().used, 0);
    }

    #[test]
    fn a_cancelled_waiter_gives_up_its_place() {
        let room = Room::new(10);
        let all = room.enter(10, &NEVER).unwrap();
        assert_eq!(room.enter(1, &AtomicBool::new(true)).unwrap_err(), Error::Cancelled);
        drop(all);
        assert!(room.enter(10, &NEVER).is_ok());
    }
}
