//! The one error of the core.

use std::fmt;

/// Why a kernel refused its input. The text says what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The caller's own value is out of range or does not fit the others.
    Argument(String),
}

/// Shorthand for a result with the core's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Argument(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}
