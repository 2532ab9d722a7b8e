//! Which method is to be used.

use crate::error::{Error, Result};

/// A method of finding the pairs; the answer is the same by each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Blocks as long as they are estimated to be cheaper, for each part of the codes by itself.
    Auto,
    /// Compare what agrees in some block of bits, even where there is little to be compared.
    Blocks,
    /// Compare all with all.
    Sweep,
}

impl Plan {
    /// The method of that name.
    ///
    /// # Errors
    /// [`Error::Argument`] for any other.
    pub fn named(name: &str) -> Result<Plan> {
        match name {
            "auto" => Ok(Plan::Auto),
            "blocks" => Ok(Plan::Blocks),
            "sweep" => Ok(Plan::Sweep),
            other => Err(Error::Argument(format!("expected plan auto, blocks or sweep, got {other:?}"))),
        }
    }
}
