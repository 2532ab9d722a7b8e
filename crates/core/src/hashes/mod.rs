//! One file a hash kind: from planes to bits.

pub mod ahash;
mod areas;
mod blur;
pub mod colorhash;
pub mod dhash;
pub mod pdq;
pub mod phash;
pub mod segments;
mod tents;
mod wavelet;
pub mod whash;

use crate::error::{Error, Result};

/// Packs bits into bytes, first bit highest, zeros to the end of the last byte.
pub fn pack(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8)
        .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (i, &bit)| byte | (u8::from(bit) << (7 - i))))
        .collect()
}

/// Refuses sizes that no picture can be resampled to; the upper bound keeps intermediate planes small.
fn check_size(hash_size: usize, least: usize) -> Result<()> {
    const MOST: usize = 4096;
    if (least..=MOST).contains(&hash_size) {
        return Ok(());
    }
    Err(Error::Argument(format!("expected a hash size from {least} to {MOST}, got {hash_size}")))
}

#[cfg(test)]
mod tests {
    use super::pack;

    #[test]
    fn bits_are_packed_from_the_highest() {
        assert_eq!(pack(&[true, false, true]), [0b1010_0000]);
        assert_eq!(pack(&[false, false, false, false, false, false, false, true, true]), [1, 128]);
        assert!(pack(&[]).is_empty());
    }
}
