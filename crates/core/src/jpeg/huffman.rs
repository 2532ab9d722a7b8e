//! Huffman tables, in the shapes that the scans want.

use super::bits::{Bits, extended};
use crate::error::{Error, Result};

/// Coefficients in a block.
pub(super) const BLOCK: usize = 64;

const LOOK: u32 = 9;
const DC_LOOK: u32 = 10;
const AC_LOOK: u32 = 10;

/// A table as the file gives it: how many codes there are of each length from 1 to 16, and their symbols.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spec {
    pub counts: [u8; 16],
    pub symbols: Vec<u8>,
}

/// One code of a table.
pub(super) struct Code {
    pub length: u32,
    pub bits: u32,
    pub symbol: u8,
}

impl Spec {
    /// All codes in the order of the file.
    ///
    /// # Errors
    /// If the lengths fit no prefix code, or one that has a code of all ones.
    pub fn codes(&self) -> Result<Vec<Code>> {
        let mut codes = Vec::with_capacity(self.symbols.len());
        let mut bits = 0;
        let mut symbols = self.symbols.iter();
        for (length, &count) in (1..).zip(&self.counts) {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                codes.push(Code { length, bits, symbol });
                bits += 1;
            }
            if bits >= 1 << length && count > 0 {
                return Err(Error::Corrupt("expected a Huffman table, got one with too many short codes".into()));
            }
            bits <<= 1;
        }
        Ok(codes)
    }
}

/// The symbols by their codes, one at a time.
pub(super) struct Codes {
    /// Length in the upper byte and symbol in the lower, by the next bits; 0 if the code is longer.
    look: Box<[u16; 1 << LOOK]>,
    /// For each length the last code of it, -1 if there is none; and what to add to a code to find its symbol.
    last: [i32; 17],
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    fn new(codes: &[Code]) -> Codes {
        let mut look = Box::new([0u16; 1 << LOOK]);
        let (mut last, mut offset) = ([-1; 17], [0; 17]);
        for (n, code) in codes.iter().enumerate() {
            if code.length <= LOOK {
                let entry = (code.length as u16) << 8 | u16::from(code.symbol);
                spread(&mut look[..], LOOK, code.bits, code.length).fill(entry);
            }
            last[code.length as usize] = code.bits as i32;
            offset[code.length as usize] = n as i32 - code.bits as i32;
        }
        Codes { look, last, offset, symbols: codes.iter().map(|code| code.symbol).collect() }
    }

    /// Takes one symbol. 17 bits have to be ready.
    ///
    /// Bits that are no code are taken for symbol 0, of 17 bits, as libjpeg does.
    #[inline(always)]
    pub fn take(&self, bits: &mut Bits<'_>) -> u8 {
        let entry = self.look[bits.peek(LOOK)];
        if entry != 0 {
            bits.skip(u32::from(entry >> 8));
            return entry as u8;
        }
        let (length, symbol) = self.long(*bits);
        bits.skip(length);
        symbol
    }

    #[cold]
    #[inline(never)]
    fn long(&self, bits: Bits<'_>) -> (u32, u8) {
        for length in LOOK + 1..=16 {
            let code = bits.peek(length) as i32;
            if code <= self.last[length as usize] {
                let n = code + self.offset[length as usize];
                return (length, self.symbols.get(n as usize).copied().unwrap_or(0));
            }
        }
        (17, 0)
    }
}

/// The entries of a table of `1 << width` that begin with a code.
fn spread<T>(table: &mut [T], width: u32, bits: u32, length: u32) -> &mut [T] {
    let size = 1 << (width - length);
    &mut table[bits as usize * size..][..size]
}

/// Differences of DC coefficients.
pub(super) struct DcTable {
    codes: Codes,
    /// Value in the upper half and length in the lower, where code and extra bits fit; else 0.
    values: Box<[u32; 1 << DC_LOOK]>,
}

impl DcTable {
    pub fn new(spec: &Spec) -> Result<DcTable> {
        let codes = spec.codes()?;
        let mut values = Box::new([0u32; 1 << DC_LOOK]);
        for code in &codes {
            let size = u32::from(code.symbol);
            if size > 15 {
                return Err(Error::Corrupt(format!("expected a size of DC coefficients up to 15, got {size}")));
            }
            let length = code.length + size;
            for extra in 0..if length <= DC_LOOK { 1u32 << size } else { 0 } {
                let entry = (extended(extra, size) as u32) << 16 | length;
                spread(&mut values[..], DC_LOOK, code.bits << size | extra, length).fill(entry);
            }
        }
        Ok(DcTable { codes: Codes::new(&codes), values })
    }

    /// Takes a difference. Refills.
    #[inline(always)]
    pub fn take(&self, bits: &mut Bits<'_>) -> i32 {
        bits.refill();
        let entry = self.values[bits.peek(DC_LOOK)];
        if entry != 0 {
            bits.skip(entry);
            return entry as i32 >> 16;
        }
        let (after, value) = self.long(*bits);
        *bits = after;
        value
    }

    #[cold]
    #[inline(never)]
    fn long<'a>(&self, mut bits: Bits<'a>) -> (Bits<'a>, i32) {
        let size = u32::from(self.codes.take(&mut bits));
        let value = extended(bits.take(size), size);
        (bits, value)
    }
}

/// What an AC symbol means in a sequential scan.
pub(super) enum Ac {
    /// After so many zeros, this value.
    Value(usize, i16),
    /// Sixteen zeros.
    Zeros,
    /// Nothing more in this block.
    End,
}

/// AC coefficients, with their values.
pub(super) struct AcTable {
    pub codes: Codes,
    /// Value in the upper half, zeros before it in the second byte, length in the first, where code and extra
    /// bits fit; else 0.
    values: Box<[u32; 1 << AC_LOOK]>,
}

impl AcTable {
    pub fn new(spec: &Spec) -> Result<AcTable> {
        let codes = spec.codes()?;
        let mut values = Box::new([0u32; 1 << AC_LOOK]);
        for code in &codes {
            let (run, size) = (u32::from(code.symbol >> 4), u32::from(code.symbol & 15));
            let length = code.length + size;
            for extra in 0..if size > 0 && length <= AC_LOOK { 1u32 << size } else { 0 } {
                let entry = (extended(extra, size) as u32) << 16 | run << 8 | length;
                spread(&mut values[..], AC_LOOK, code.bits << size | extra, length).fill(entry);
            }
        }
        Ok(AcTable { codes: Codes::new(&codes), values })
    }

    /// Takes one symbol and its extra bits. Refills.
    #[inline(always)]
    pub fn take(&self, bits: &mut Bits<'_>) -> Ac {
        bits.refill();
        let entry = self.values[bits.peek(AC_LOOK)];
        if entry != 0 {
            bits.skip(entry);
            return Ac::Value((entry >> 8 & 15) as usize, (entry >> 16) as i16);
        }
        let symbol = self.codes.take(bits);
        match (symbol >> 4, u32::from(symbol & 15)) {
            (15, 0) => Ac::Zeros,
            (_, 0) => Ac::End,
            (run, size) => Ac::Value(usize::from(run), extended(bits.take(size), size) as i16),
        }
    }
}

/// Steps over the AC coefficients of a block, one symbol at a time.
#[inline(always)]
pub(super) fn skip_block(codes: &Codes, bits: &mut Bits<'_>) {
    let mut at = 1;
    while at < BLOCK {
        at = skip_symbol(codes, bits, at);
    }
}

/// Steps over one AC symbol. Returns the place behind it, [`BLOCK`] or more at the end of the block. Refills.
#[inline(always)]
pub(super) fn skip_symbol(codes: &Codes, bits: &mut Bits<'_>, at: usize) -> usize {
    bits.refill();
    let symbol = codes.take(bits);
    bits.skip(u32::from(symbol & 15));
    match (symbol >> 4, symbol & 15) {
        (0..15, 0) => BLOCK,
        (zeros, _) => at + usize::from(zeros) + 1,
    }
}
