//! Where the samples of one component go.

use super::frame::{Component, SIDE};
use super::idct;
use crate::error::{Error, Result};

/// The grey that libjpeg gives where a file has nothing.
const BLANK: u8 = 128;

/// The samples of one component: `size` along each side of a block.
pub(super) struct Layer {
    pub size: usize,
    pub columns: usize,
    pub rows: usize,
    /// The table in force at the component's first scan, in row-major order.
    pub quant: Option<[u16; 64]>,
    pub samples: Vec<u8>,
    /// Means in eighths of a grey value, if they are wanted, beside bytes: see `reduction.rs`.
    pub eighths: Vec<i16>,
}

impl Layer {
    pub fn new(component: &Component, size: usize) -> Result<Layer> {
        let (columns, rows) = (component.columns, component.rows);
        let samples = filled(columns * size * rows * size, BLANK)?;
        Ok(Layer { size, columns, rows, quant: None, samples, eighths: Vec::new() })
    }

    /// Keeps means in eighths, too.
    pub fn with_eighths(mut self) -> Result<Layer> {
        self.eighths = filled(self.columns * self.rows, 8 * i16::from(BLANK))?;
        Ok(self)
    }

    /// Samples in a row.
    pub fn stride(&self) -> usize {
        self.columns * self.size
    }

    /// Writes a block whose mean alone is wanted.
    #[inline(always)]
    pub fn put_mean(&mut self, column: usize, row: usize, dc: i16, quant: u16) {
        // Blocks that only fill up a unit lie outside.
        if column < self.columns && row < self.rows {
            let n = row * self.columns + column;
            self.samples[n] = idct::idct_1x1(dc, quant);
            if let Some(eighth) = self.eighths.get_mut(n) {
                *eighth = idct::mean_in_eighths(dc, quant);
            }
        }
    }

    /// Transforms and writes a block, from coefficients in row-major order.
    pub fn put(&mut self, column: usize, row: usize, coefficients: &[i16; SIDE * SIDE], quant: &[u16; SIDE * SIDE]) {
        if column >= self.columns || row >= self.rows {
            return;
        }
        let (size, stride) = (self.size, self.stride());
        let out = &mut self.samples[row * size * stride + column * size..];
        if size > 1 && coefficients[1..].iter().fold(0, |all, c| all | c) == 0 {
            let flat = if size == 2 { idct::flat_2x2 } else { idct::flat_8x8 };
            let value = flat(coefficients[0], quant[0]);
            return out.chunks_mut(stride).take(size).for_each(|row| row[..size].fill(value));
        }
        match size {
            1 => out[0] = idct::idct_1x1(coefficients[0], quant[0]),
            2 => idct::idct_2x2(coefficients, quant, out, stride),
            4 => idct::idct_4x4(coefficients, quant, out, stride),
            _ => idct::idct_8x8(coefficients, quant, out, stride),
        }
    }
}

/// As many values, or an error where there is no memory for them.
pub(super) fn filled<T: Clone>(count: usize, value: T) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(count)
        .map_err(|_| Error::Limit(format!("expected a picture that fits into memory, got {count} samples")))?;
    values.resize(count, value);
    Ok(values)
}
