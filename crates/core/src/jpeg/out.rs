//! From sums of DC differences to samples, for scans of which nothing but the means is wanted.

use super::layer::Layer;
use super::scan::{Place, Sequential};
use super::states::DIFFERENCE;

/// A component's blocks in a unit.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// The first of them.
    place: Place,
    number: usize,
    quant: u16,
    /// The DC coefficient of the last block, as in the upper part of sums.
    last: u32,
}

/// Where the means go.
pub(super) struct Out<'s> {
    parts: &'s mut [Part],
    layers: &'s mut [Option<Layer>],
    /// Blocks in a unit.
    unit: usize,
    /// Units that are done, and where they end.
    done: usize,
    stop: usize,
    /// Units in a row.
    columns: usize,
    /// The sum before the next block.
    before: u32,
}

impl<'s> Out<'s> {
    /// For units of so many blocks, of these numbers, in rows of `columns`.
    pub fn new(
        parts: &'s mut [Part],
        layers: &'s mut [Option<Layer>],
        unit: usize,
        [done, stop]: [usize; 2],
        columns: usize,
    ) -> Out<'s> {
        parts.iter_mut().for_each(|part| part.last = 0);
        Out { parts, layers, unit, done, stop, columns, before: 0 }
    }

    /// Says that the sums of the next blocks begin with this one.
    pub fn go_on_from(&mut self, before: u32) {
        self.before = before;
    }

    /// The units before this one are done.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Blocks in a unit.
    pub fn unit(&self) -> usize {
        self.unit
    }

    /// How many blocks are left.
    pub fn left(&self) -> usize {
        (self.stop - self.done) * self.unit
    }

    /// Puts the means of the next blocks, whole units, from the sums of all DC differences up to each.
    pub fn put(&mut self, sums: &[u32]) {
        let mut rest = sums;
        while !rest.is_empty() {
            let (row, column) = (self.done / self.columns, self.done % self.columns);
            let count = (self.columns - column).min(rest.len() / self.unit);
            let (sums, others) = rest.split_at(count * self.unit);
            let run = Run { sums, before: self.before, unit: self.unit, column, row };
            self.parts.iter_mut().for_each(|part| part.put(self.layers, run));
            self.before = sums[sums.len() - 1];
            self.done += count;
            rest = others;
        }
    }
}

/// Units of one row.
#[derive(Clone, Copy)]
struct Run<'s> {
    /// The sums of all DC differences up to each block, and before the first.
    sums: &'s [u32],
    before: u32,
    /// Blocks in a unit.
    unit: usize,
    /// Where the first unit is.
    column: usize,
    row: usize,
}

impl Part {
    /// The component of this place, whose first block has this number in the unit.
    pub fn new(place: Place, number: usize, quant: u16) -> Part {
        Part { place, number, quant, last: 0 }
    }

    /// Tells the decoder of single symbols where this component's DC coefficients stand.
    pub fn tell(&self, exact: &mut Sequential<'_>) {
        exact.set_prediction(self.place.component, (self.last >> DIFFERENCE) as i16);
    }

    /// Puts the means of this component.
    fn put(&mut self, layers: &mut [Option<Layer>], run: Run<'_>) {
        let Some(layer) = &mut layers[self.place.component] else { return };
        // Compiled for each of the usual shapes: with divisions by a count that is not known, and loops of
        // unknown length, this took twice as long.
        match (self.place.h, self.place.v) {
            (1, 1) => self.put_shape(layer, run, 1, 1),
            (2, 1) => self.put_shape(layer, run, 2, 1),
            (2, 2) => self.put_shape(layer, run, 2, 2),
            (h, v) => self.put_shape(layer, run, h, v),
        }
    }

    #[inline(always)]
    fn put_shape(&mut self, layer: &mut Layer, run: Run<'_>, h: usize, v: usize) {
        // Below that, sums hold what decoding needs.
        let upper = |sum: u32| sum & (!0 << DIFFERENCE);
        let mut before = run.before;
        for (n, sums) in run.sums.chunks_exact(run.unit).enumerate() {
            // What the sums have more than the component's own differences.
            let others = upper(if self.number == 0 { before } else { sums[self.number - 1] }).wrapping_sub(self.last);
            let mut own = sums[self.number..][..h * v].iter();
            for down in 0..v {
                for (across, &sum) in own.by_ref().take(h).enumerate() {
                    self.last = upper(sum).wrapping_sub(others);
                    let dc = (self.last >> DIFFERENCE) as i16;
                    layer.put_mean((run.column + n) * h + across, run.row * v + down, dc, self.quant);
                }
            }
            before = sums[run.unit - 1];
        }
    }
}
