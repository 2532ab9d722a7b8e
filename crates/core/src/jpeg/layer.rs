//! Where the samples of one component go.

use super::frame::{Component, SIDE};
use super::idct;
use super::markers::ZIGZAG;
use crate::error::{Error, Result};

/// The grey that libjpeg gives where a file has nothing.
const BLANK: u8 = 128;

/// Coefficients of a block in zigzag order, that is by frequency, of which a second layer of 2 x 2 and of 4 x 4 samples
/// is made: they have all that these samples can show.
const QUARTER_COUNT: usize = 10;
const HALF_COUNT: usize = 25;

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
    /// How many coefficients of a block, in zigzag order, play a part.
    count: usize,
    /// The same component at another scale, from the same coefficients.
    pub other: Option<Box<Layer>>,
}

impl Layer {
    pub fn new(component: &Component, size: usize) -> Result<Layer> {
        let (columns, rows) = (component.columns, component.rows);
        let samples = filled(columns * size * rows * size, BLANK)?;
        let count = if size == 1 { 1 } else { SIDE * SIDE };
        Ok(Layer { size, columns, rows, quant: None, samples, eighths: Vec::new(), count, other: None })
    }

    /// Has another one made beside this, of the lower frequencies alone where that is enough: nobody compares it with
    /// libjpeg's.
    pub fn with_other(mut self, other: Layer) -> Layer {
        let count = match other.size {
            2 => QUARTER_COUNT,
            4 => HALF_COUNT,
            _ => other.count,
        };
        self.other = Some(Box::new(Layer { count, ..other }));
        self
    }

    /// How many coefficients of a block, in zigzag order, are wanted.
    pub fn count(&self) -> usize {
        self.other.as_ref().map_or(0, |other| other.count).max(self.count)
    }

    /// Keeps means in eighths, too.
    pub fn with_eighths(mut self) -> Result<Layer> {
        self.eighths = filled(self.columns * self.rows, 8 * i16::from(BLANK))?;
        Ok(self)
    }

    /// Whether of every block no more than the mean is wanted.
    pub fn is_of_means(&self) -> bool {
        self.count() == 1
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
        if let Some(other) = &mut self.other {
            // As few as if nobody else had wanted more.
            let mask = mask(other.count);
            other.put(column, row, &std::array::from_fn(|n| coefficients[n] & mask[n]), quant);
        }
        if self.size == 1 {
            return self.put_mean(column, row, coefficients[0], quant[0]);
        }
        let (size, stride) = (self.size, self.stride());
        let out = &mut self.samples[row * size * stride + column * size..];
        if coefficients[1..].iter().fold(0, |all, c| all | c) == 0 {
            let flat = if size == 2 { idct::flat_2x2 } else { idct::flat_8x8 };
            let value = flat(coefficients[0], quant[0]);
            return out.chunks_mut(stride).take(size).for_each(|row| row[..size].fill(value));
        }
        match size {
            2 => idct::idct_2x2(coefficients, quant, out, stride),
            4 => idct::idct_4x4(coefficients, quant, out, stride),
            _ => idct::idct_8x8(coefficients, quant, out, stride),
        }
    }
}

/// All bits for coefficients, in row-major order, that are among so many in zigzag order; none for the others.
#[inline(always)]
fn mask(count: usize) -> &'static [i16; SIDE * SIDE] {
    const QUARTER: [i16; SIDE * SIDE] = mask_of(QUARTER_COUNT);
    const HALF: [i16; SIDE * SIDE] = mask_of(HALF_COUNT);
    const WHOLE: [i16; SIDE * SIDE] = mask_of(SIDE * SIDE);
    match count {
        QUARTER_COUNT => &QUARTER,
        HALF_COUNT => &HALF,
        _ => &WHOLE,
    }
}

const fn mask_of(count: usize) -> [i16; SIDE * SIDE] {
    let (mut mask, mut n) = ([0; SIDE * SIDE], 0);
    while n < count {
        mask[ZIGZAG[n] as usize] = -1;
        n += 1;
    }
    mask
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::testing::Noise;

    fn layer(size: usize) -> Layer {
        Layer::new(&Component { id: 1, h: 1, v: 1, table: 0, columns: 3, rows: 2 }, size).unwrap()
    }

    fn block(noise: &mut Noise) -> [i16; 64] {
        std::array::from_fn(|_| if noise.below(3) == 0 { noise.below(200) as i16 - 100 } else { 0 })
    }

    #[test]
    fn a_second_layer_is_the_same_beside_whatever_it_comes() {
        for size in [1, 2, 4, 8] {
            let mut noise = Noise(size as u64 + 1);
            let mut pairs = [1, 2, 4, 8].map(|own| (layer(own), layer(own).with_other(layer(size))));
            for n in 0..6 {
                let coefficients = block(&mut noise);
                for (plain, double) in &mut pairs {
                    plain.put(n % 3, n / 3, &coefficients, &[3; 64]);
                    double.put(n % 3, n / 3, &coefficients, &[3; 64]);
                }
            }
            let others = pairs.each_ref().map(|(_, double)| &double.other.as_ref().unwrap().samples);
            assert!(others.iter().all(|samples| *samples == others[0]));
            assert!(pairs.iter().all(|(plain, double)| plain.samples == double.samples));
            let exact = &pairs.iter().find(|(plain, _)| plain.size == size).unwrap().0.samples;
            assert_eq!(exact == others[0], matches!(size, 1 | 8), "fewer coefficients, but for means and the whole");
        }
    }

    #[test]
    fn as_many_coefficients_are_wanted_as_the_finer_layer_needs() {
        let count = |own, other| layer(own).with_other(layer(other)).count();
        assert_eq!([count(1, 2), count(1, 4), count(1, 8), count(2, 1), count(4, 2)], [10, 25, 64, 64, 64]);
        assert!(layer(1).is_of_means() && !layer(2).is_of_means() && !layer(1).with_other(layer(2)).is_of_means());
    }

    #[test]
    fn masks_go_by_frequency() {
        let kept: Vec<usize> = (0..64).filter(|&n| mask(QUARTER_COUNT)[n] != 0).collect();
        assert_eq!(kept, [0, 1, 2, 3, 8, 9, 10, 16, 17, 24]);
        assert_eq!(mask(HALF_COUNT).iter().filter(|&&bits| bits == -1).count(), 25);
        assert_eq!(mask(64), &[-1; 64]);
    }
}
