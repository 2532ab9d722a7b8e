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
    /// The most bytes of memory that it may take.
    pub memory: u64,
    /// The most passes over the picture that a JPEG file may take.
    pub scans: u32,
    /// The most pixels in a row, and the most rows.
    pub side: u64,
}

impl Watch<'_> {
    /// A watch that only limits the size.
    pub fn with_pixels(pixels: u64) -> Self {
        Watch { pixels, cancel: None, deadline: None, memory: u64::MAX, scans: u32::MAX, side: u64::MAX }
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
            return Err(Error::Limit(
                "expected a picture that decodes within its time limit, got a slower one; \
                 raise Limits.decode_seconds to allow it"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Refuses memory before it is asked for.
    ///
    /// # Errors
    /// [`Error::Limit`] if a picture that takes so many bytes takes too many.
    pub fn check_memory(&self, bytes: u64) -> Result<()> {
        if bytes > self.memory {
            return Err(Error::Limit(format!(
                "expected a picture that decodes within {} bytes of memory, got one that takes about {}; \
                 raise Limits.memory to allow it",
                thousands(self.memory),
                thousands(bytes)
            )));
        }
        Ok(())
    }

    /// Refuses a JPEG file with more scans.
    ///
    /// # Errors
    /// [`Error::Limit`] if these are too many.
    pub fn check_scans(&self, scans: u32) -> Result<()> {
        if scans > self.scans {
            return Err(Error::Limit(format!(
                "expected a JPEG file of at most {} scans, got one of more; raise Limits.scans to allow it",
                thousands(self.scans.into())
            )));
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
        if width.max(height) as u64 > self.side {
            return Err(Error::Limit(format!(
                "expected sides of at most {} pixels, got {width} x {height}; raise Limits.side to allow it",
                thousands(self.side)
            )));
        }
        Ok(())
    }
}
