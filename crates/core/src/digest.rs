//! The digest of a file's bytes: BLAKE3, 256 bits in hex, as `b3sum` prints it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// How much is taken between two looks whether it is cancelled: about a millisecond's work.
const PART: usize = 1 << 20;

/// A digest of bytes that come in parts.
#[derive(Debug, Default)]
pub struct Digest(blake3::Hasher);

impl Digest {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far, as 64 hex digits.
    pub fn hex(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// The digest of these bytes, as 64 hex digits.
///
/// # Errors
/// [`Error::Cancelled`] soon after `cancel` is set.
pub fn hex(bytes: &[u8], cancel: &AtomicBool) -> Result<String> {
    let mut digest = Digest::default();
    for part in bytes.chunks(PART) {
        if cancel.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        digest.update(part);
    }
    Ok(digest.hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `test_vectors/test_vectors.json` of the BLAKE3 team: bytes that count to 250 and begin again.
    const VECTORS: [(usize, &str); 5] = [
        (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
        (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"),
        (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
        (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"),
    ];

    fn counting(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn it_is_blake3() {
        for (length, expected) in VECTORS {
            assert_eq!(hex(&counting(length), &AtomicBool::new(false)).unwrap(), expected, "{length} bytes");
        }
    }

    #[test]
    fn parts_make_no_difference() {
        let bytes = counting(2 * PART + 5);
        let whole = blake3::hash(&bytes).to_hex().to_string();
        assert_eq!(hex(&bytes, &AtomicBool::new(false)).unwrap(), whole);
        let mut digest = Digest::default();
        bytes.chunks(977).for_each(|part| digest.update(part));
        assert_eq!(digest.hex(), whole);
    }

    #[test]
    fn a_cancelled_one_stops() {
        assert_eq!(hex(b"abc", &AtomicBool::new(true)), Err(Error::Cancelled));
    }
}
