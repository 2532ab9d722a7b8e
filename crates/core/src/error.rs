//! The one error of the core.

use std::fmt;

/// Why a kernel refused its input. The text says what was expected and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The caller's own value is out of range or does not fit the others.
    Argument(String),
    /// The bytes are no sound picture.
    Corrupt(String),
    /// A picture of a sort that is not decoded here; another decoder may.
    Unsupported(String),
    /// The picture is larger, or takes longer, than the caller allows.
    Limit(String),
    /// The system failed to read it: its error number, if it has one, and what it says.
    Io(Option<i32>, String),
    /// The caller has stopped the work.
    Cancelled,
}

/// Shorthand for a result with the core's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Argument(text) | Error::Corrupt(text) | Error::Unsupported(text) | Error::Limit(text) => {
                f.write_str(text)
            }
            Error::Io(_, text) => f.write_str(text),
            Error::Cancelled => f.write_str("stopped by the caller"),
        }
    }
}

impl std::error::Error for Error {}

/// A number with a comma before each three digits from the right, as in all texts.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at((digits.len() + 2) % 3 + 1);
    tail.as_bytes().chunks(3).fold(head.to_owned(), |text, three| format!("{text},{}", String::from_utf8_lossy(three)))
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn numbers_have_commas() {
        let texts = [0, 999, 1000, 123_456, 1_234_567].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "123,456", "1,234,567"]);
    }
}
