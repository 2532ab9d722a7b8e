//! What a decoder may cost: limits that hold before memory is asked for, and ways to stop it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::error::{Error, Result, thousands};

/// The limits of one decoding, and who may stop it.
#[derive(Debug, Clone, Copy)]
pub struct Watch<'a> {
    /// The most pixels (width times height, as declared) that a picture may have.
    pub pixels: u64,
    /// Set by another thread to stop the work.
    pub cancel: Option<&'a AtomicBool>,
    /// When the work has taken too long.
    pub deadline: Option<Instant>,
}

impl Watch<'_> {
    /// A watch that only limits the size.
    pub fn with_pixels(pixels: u64) -> Self {
        Watch { pixels, cancel: None, deadline: None }
    }

    /// To be asked about once for each row of blocks.
    ///
    /// # Errors
    /// [`Error::Cancelled`], or [`Error::Limit`] after the deadline.
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(Error::Cancelled);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return Err(Error::Limit("expected a picture that decodes within its time limit, got a slower one".into()));
        }
        Ok(())
    }

    /// Refuses a picture that declares no pixels or too many.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Limit`].
    pub fn check_size(&self, width: usize, height: usize) -> Result<()> {
        if width == 0 || height == 0 {
            return Err(Error::Corrupt(format!("expected an image with pixels, got one of {width} x {height}")));
        }
        if width as u64 * height as u64 > self.pixels {
            return Err(Error::Limit(format!(
                "expected at most {} pixels, got {width} x {height}; raise Limits.pixels to allow it",
                thousands(self.pixels)
            )));
        }
        Ok(())
    }
}
