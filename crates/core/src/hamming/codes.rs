//! Packed codes as whole words, so that they are compared a word at a time.

use crate::error::{Error, Result};

/// The widest code, in bits.
pub const MOST_BITS: u32 = 1024;

/// Codes of one width. Each is a big-endian number, padded in front to whole words of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    words: Vec<u64>,
    stride: usize,
    bits: u32,
}

impl Codes {
    /// No codes yet, with room for so many.
    ///
    /// # Errors
    /// [`Error::Argument`] for a width that is not 1 to [`MOST_BITS`].
    pub fn with_capacity(bits: u32, count: usize) -> Result<Codes> {
        if bits == 0 || bits > MOST_BITS {
            return Err(Error::Argument(format!("expected codes of 1 to {MOST_BITS} bits, got {bits}")));
        }
        let stride = bits.div_ceil(64) as usize;
        Ok(Codes { words: Vec::with_capacity(count.saturating_mul(stride)), stride, bits })
    }

    /// Codes from their packed bytes, `ceil(bits / 8)` each, one after the other.
    ///
    /// # Errors
    /// [`Error::Argument`] for a width out of range, bytes that are no whole number of codes, and a code with a bit
    /// above its width.
    pub fn from_packed(bytes: &[u8], bits: u32) -> Result<Codes> {
        let mut codes = Codes::with_capacity(bits, bytes.len() / (bits.div_ceil(8).max(1) as usize))?;
        codes.push_packed(bytes)?;
        Ok(codes)
    }

    /// Adds packed codes.
    ///
    /// # Errors
    /// As [`Codes::from_packed`].
    pub fn push_packed(&mut self, bytes: &[u8]) -> Result<()> {
        let size = self.bits.div_ceil(8) as usize;
        if !bytes.len().is_multiple_of(size) {
            let text = format!("expected whole codes of {size} bytes, got {} bytes in all", bytes.len());
            return Err(Error::Argument(text));
        }
        let before = self.words.len();
        if size == 8 {
            self.words.extend(bytes.as_chunks::<8>().0.iter().map(|code| u64::from_be_bytes(*code)));
        } else {
            self.push_padded(bytes, size);
        }
        let unused = !top_mask(self.bits);
        if unused != 0 && self.words[before..].iter().step_by(self.stride).any(|first| first & unused != 0) {
            self.words.truncate(before);
            let text = format!("expected codes of {} bits, got one with a bit set above them", self.bits);
            return Err(Error::Argument(text));
        }
        Ok(())
    }

    fn push_padded(&mut self, bytes: &[u8], size: usize) {
        for code in bytes.chunks_exact(size) {
            let mut padded = [0; MOST_BITS as usize / 8];
            let padded = &mut padded[..8 * self.stride];
            padded[8 * self.stride - size..].copy_from_slice(code);
            self.words.extend(padded.as_chunks::<8>().0.iter().map(|word| u64::from_be_bytes(*word)));
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len() / self.stride
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Their width.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Words a code.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// One of them, most significant word first.
    pub fn code(&self, i: usize) -> &[u64] {
        &self.words[i * self.stride..][..self.stride]
    }

    /// All words.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// All words, without the codes around them.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }
}

/// The bits that the first word of a code can have.
pub fn top_mask(bits: u32) -> u64 {
    u64::MAX >> ((64 - bits % 64) % 64)
}

/// A part of a code as a number: `len` bits, 1 to 32 of them, that begin `start` bits below the top.
#[inline(always)]
pub fn part(word: impl Fn(usize) -> u64, stride: usize, bits: u32, start: u32, len: u32) -> u32 {
    let low = bits - start - len;
    let at = stride - 1 - (low / 64) as usize;
    let shift = low % 64;
    let mut value = word(at) >> shift;
    if shift + len > 64 {
        value |= word(at - 1) << (64 - shift);
    }
    (value & ((1 << len) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbers_padded_in_front() {
        let codes = Codes::from_packed(&[0x01, 0x02, 0x03, 0x00, 0xFF, 0xFE], 17).unwrap();
        assert_eq!((codes.len(), codes.stride(), codes.words()), (2, 1, &[0x01_0203, 0x00_FFFE][..]));
        let wide: Vec<u8> = (0..9).collect();
        assert_eq!(Codes::from_packed(&wide, 72).unwrap().code(0), &[0, 0x0102_0304_0506_0708]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (bytes, bits) in [(&[1, 2, 3][..], 16), (&[0x80, 0], 15), (&[0], 0), (&[0], 1025)] {
            assert!(matches!(Codes::from_packed(bytes, bits), Err(Error::Argument(_))), "{bits}");
        }
        assert!(Codes::from_packed(&[0x7F, 0xFF], 15).is_ok());
        // Whole words, which are read another way.
        for bits in 57..=63 {
            let above = (1u64 << bits).to_be_bytes();
            assert!(matches!(Codes::from_packed(&above, bits), Err(Error::Argument(_))), "{bits}");
            assert!(Codes::from_packed(&((1u64 << bits) - 1).to_be_bytes(), bits).is_ok(), "{bits}");
        }
    }

    #[test]
    fn parts_cross_words() {
        let words = [0x0123, 0x4567_89AB_CDEF_0123];
        let at = |start, len| part(|i| words[i], 2, 80, start, len);
        assert_eq!([at(0, 8), at(8, 16), at(12, 8), at(72, 8)], [0x01, 0x2345, 0x34, 0x23]);
    }
}
