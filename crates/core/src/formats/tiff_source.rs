//! The bytes of one strip or tile, unpacked as they are asked for.

use std::io::Read;

use flate2::read::ZlibDecoder;
use weezl::decode::{Configuration, Decoder};
use weezl::{BitOrder, LzwStatus};

use super::fields::slice;
use super::other;
use super::tiff_layout::Packing;
use crate::error::Result;

/// One strip or tile.
pub enum Source<'a> {
    Plain(&'a [u8]),
    Lzw(Box<Decoder>, &'a [u8]),
    Deflate(ZlibDecoder<&'a [u8]>),
    PackBits(PackBits<'a>),
}

/// A run of bytes that is being copied or repeated.
pub struct PackBits<'a> {
    rest: &'a [u8],
    left: usize,
    repeated: Option<u8>,
}

fn short() -> crate::Error {
    other("a TIFF file with a strip that is damaged or too short")
}

impl<'a> Source<'a> {
    /// The strip of `length` bytes at `at`; a plain one of unknown length has `usize::MAX`.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error) if it is not in the file, or packed in an older way.
    pub fn new(bytes: &'a [u8], at: usize, length: usize, packing: Packing) -> Result<Self> {
        if packing == Packing::None {
            return Ok(Source::Plain(bytes.get(at..).ok_or_else(short)?));
        }
        let packed = slice(bytes, at, length)?;
        Ok(match packing {
            // Nine bits of the code that clears the table; an older sort of LZW begins otherwise.
            Packing::Lzw if !matches!(packed, [0x80, ..0x80, ..]) => return Err(short()),
            Packing::Lzw => {
                let decoder = Configuration::with_tiff_size_switch(BitOrder::Msb, 8);
                Source::Lzw(Box::new(decoder.with_yield_on_full_buffer(true).build()), packed)
            }
            Packing::Deflate => Source::Deflate(ZlibDecoder::new(packed)),
            _ => Source::PackBits(PackBits { rest: packed, left: 0, repeated: None }),
        })
    }

    /// Fills `out` with the next bytes.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error) if there are no more, or they are damaged.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<()> {
        match self {
            Source::Plain(rest) => {
                let (row, after) = rest.split_at_checked(out.len()).ok_or_else(short)?;
                out.copy_from_slice(row);
                *rest = after;
                Ok(())
            }
            Source::Lzw(decoder, rest) => fill_lzw(decoder, rest, out),
            Source::Deflate(reader) => reader.read_exact(out).map_err(|_| short()),
            Source::PackBits(runs) => runs.fill(out),
        }
    }

    /// To be called behind the last row: a checksum, if there is one, must be right.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error) if not.
    pub fn end(&mut self) -> Result<()> {
        match self {
            Source::Deflate(reader) => match reader.read(&mut [0]) {
                Ok(0) => Ok(()),
                _ => Err(short()),
            },
            _ => Ok(()),
        }
    }
}

fn fill_lzw(decoder: &mut Decoder, rest: &mut &[u8], out: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    while filled < out.len() {
        let step = decoder.decode_bytes(rest, &mut out[filled..]);
        (*rest, filled) = (&rest[step.consumed_in..], filled + step.consumed_out);
        let stuck = step.consumed_in + step.consumed_out == 0;
        if filled < out.len() && (stuck || !matches!(step.status, Ok(LzwStatus::Ok))) {
            return Err(short());
        }
    }
    Ok(())
}

impl PackBits<'_> {
    fn fill(&mut self, mut out: &mut [u8]) -> Result<()> {
        while !out.is_empty() {
            if self.left == 0 {
                self.next_run()?;
                continue;
            }
            let count = self.left.min(out.len());
            let (now, later) = out.split_at_mut(count);
            match self.repeated {
                Some(byte) => now.fill(byte),
                None => {
                    let (bytes, rest) = self.rest.split_at_checked(count).ok_or_else(short)?;
                    now.copy_from_slice(bytes);
                    self.rest = rest;
                }
            }
            self.left -= count;
            out = later;
        }
        Ok(())
    }

    /// A count below 128 begins that many bytes and one more; one above 128 repeats the next byte.
    fn next_run(&mut self) -> Result<()> {
        let (&count, rest) = self.rest.split_first().ok_or_else(short)?;
        self.rest = rest;
        match count {
            0..128 => (self.left, self.repeated) = (usize::from(count) + 1, None),
            128 => {}
            _ => {
                let (&byte, rest) = self.rest.split_first().ok_or_else(short)?;
                (self.rest, self.left, self.repeated) = (rest, 257 - usize::from(count), Some(byte));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_go_on_from_call_to_call() {
        let packed = [2, 1, 2, 3, 128, 0xfe, 7, 0, 9];
        let mut source = Source::new(&packed, 0, packed.len(), Packing::PackBits).unwrap();
        let mut all = Vec::new();
        for length in [2, 3, 2] {
            let mut part = vec![0; length];
            source.fill(&mut part).unwrap();
            all.extend(part);
        }
        assert_eq!(all, [1, 2, 3, 7, 7, 7, 9]);
        assert!(source.fill(&mut [0]).is_err());
    }

    #[test]
    fn a_strip_outside_the_file_is_refused() {
        assert!(Source::new(&[1, 2], 1, 2, Packing::Deflate).is_err());
        assert!(Source::new(&[1, 2], 3, usize::MAX, Packing::None).is_err());
        assert!(Source::new(&[1, 2], 0, usize::MAX, Packing::None).unwrap().fill(&mut [0; 3]).is_err());
    }
}
