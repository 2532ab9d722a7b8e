//! How long work is ended early.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often the caller is asked: a tenth of a second is what a user waits at most after Ctrl-C.
const EVERY: Duration = Duration::from_millis(25);

/// A flag that ends the work of all threads, and a question that the caller's thread asks now and then.
pub struct Stop<'a> {
    flag: &'a AtomicBool,
    ask: Option<&'a dyn Fn() -> bool>,
    last: Cell<Instant>,
}

impl<'a> Stop<'a> {
    /// For the caller's thread; `ask` answers whether to stop.
    pub fn asking(flag: &'a AtomicBool, ask: &'a dyn Fn() -> bool) -> Self {
        Stop { flag, ask: Some(ask), last: Cell::new(Instant::now()) }
    }

    /// For the other threads.
    pub fn following(flag: &'a AtomicBool) -> Self {
        Stop { flag, ask: None, last: Cell::new(Instant::now()) }
    }

    /// The flag, to be followed by others.
    pub fn flag(&self) -> &'a AtomicBool {
        self.flag
    }

    /// To be called between pieces of work of a few hundredths of a second at most.
    ///
    /// # Errors
    /// [`Error::Cancelled`] once the work shall end.
    pub fn check(&self) -> Result<()> {
        if let Some(ask) = self.ask
            && self.last.get().elapsed() >= EVERY
        {
            self.last.set(Instant::now());
            if ask() {
                self.flag.store(true, Ordering::Relaxed);
            }
        }
        if self.flag.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_stops_everybody() {
        let flag = AtomicBool::new(false);
        let (caller, other) = (Stop::asking(&flag, &|| true), Stop::following(&flag));
        assert!(caller.check().is_ok() && other.check().is_ok(), "too early to ask");
        std::thread::sleep(EVERY);
        assert_eq!(caller.check(), Err(Error::Cancelled));
        assert_eq!(other.check(), Err(Error::Cancelled));
    }
}
