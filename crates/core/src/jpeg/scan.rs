//! How scans are walked through, and the scans of sequential files.

use super::bits::{Bits, Segments};
use super::frame::{Frame, Scan};
use super::huffman::{Ac, AcTable, BLOCK, DcTable, skip_block};
use super::kept::ScanTables;
use super::layer::Layer;
use super::markers::ZIGZAG;
use super::states::{States, skip_rest};
use crate::error::Result;
use crate::simd::{self, Level};
use crate::watch::Watch;

/// What a scan does with its units (MCUs).
pub(super) trait Units {
    /// Decodes the unit at a column and row.
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize);
    /// Decodes units of a segment, which has those from `range[0]` up to `range[1]`, in rows of `columns`: as many
    /// as is possible together and there are enough bits for. Returns how many.
    #[inline(always)]
    fn units(&mut self, _: &mut Bits<'_>, _range: [usize; 2], _columns: usize, _: &Watch<'_>) -> Result<usize> {
        Ok(0)
    }
    /// Forgets what a restart marker makes void.
    fn restart(&mut self);
}

/// A scan's data and its grid of units.
pub(super) struct Walk<'a> {
    pub segments: Segments<'a>,
    /// Units across and down.
    pub grid: (usize, usize),
    /// Units between restart markers; 0 for none.
    pub interval: usize,
}

impl Walk<'_> {
    /// Decodes all units for which there are bits. Returns how many were left out.
    ///
    /// As in libjpeg, the unit in which the bits run out is decoded as if zeros followed, and those behind it
    /// up to the next restart marker not at all.
    #[inline(always)]
    fn run(&mut self, units: &mut impl Units, watch: &Watch<'_>) -> Result<usize> {
        let (columns, rows) = self.grid;
        let total = columns * rows;
        let interval = if self.interval == 0 { total } else { self.interval };
        let (mut done, mut missing, mut dry) = (0, 0, false);
        while done < total {
            let stop = total.min(done + interval);
            let mut bits = self.segments.bits();
            if !dry {
                done += units.units(&mut bits, [done, stop], columns, watch)?;
            }
            while done < stop && !dry {
                let (column, row) = (done % columns, done / columns);
                let count = (columns - column).min(stop - done);
                done += decode_units(units, &mut bits, column, row, count);
                dry = bits.is_overrun();
                watch.check()?;
            }
            missing += stop - done;
            done = stop;
            if done < total {
                if dry && self.segments.is_over() {
                    return Ok(missing + total - done);
                }
                dry &= !self.segments.restart();
                units.restart();
            }
        }
        Ok(missing)
    }

    /// [`Walk::run`] compiled for this processor: shifts by variable amounts are a third of the work, and take
    /// a third of the time with BMI2.
    pub fn run_best(&mut self, units: &mut impl Units, watch: &Watch<'_>) -> Result<usize> {
        simd::run(
            Level::best(),
            #[inline(always)]
            || self.run(units, watch),
        )
    }
}

/// Decodes units of one row until the bits run out. Returns how many.
#[inline(always)]
fn decode_units(units: &mut impl Units, bits: &mut Bits<'_>, column: usize, row: usize, count: usize) -> usize {
    let mut slow = *bits;
    let mut done = 0;
    while done < count && !slow.is_overrun() {
        units.unit(&mut slow, column + done, row);
        done += 1;
    }
    *bits = slow;
    done
}

/// The grid of a scan's units: interleaved units, or the blocks of the only component.
pub(super) fn grid(frame: &Frame, scan: &Scan) -> (usize, usize) {
    match scan.parts[..] {
        [part] => (frame.components[part.component].columns, frame.components[part.component].rows),
        _ => frame.units(),
    }
}

/// One block of a unit: its component, and its place among the component's blocks in the unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub part: usize,
    pub component: usize,
    pub across: usize,
    pub down: usize,
    /// Blocks of the component in a unit, across and down.
    pub h: usize,
    pub v: usize,
}

impl Place {
    /// Column and row of the block in the unit at a column and row.
    #[inline(always)]
    pub fn at(&self, column: usize, row: usize) -> (usize, usize) {
        (column * self.h + self.across, row * self.v + self.down)
    }
}

/// The blocks of a unit, in the order of the file.
pub(super) fn places(frame: &Frame, scan: &Scan) -> Vec<Place> {
    let mut places = Vec::new();
    for (part, &p) in scan.parts.iter().enumerate() {
        let component = &frame.components[p.component];
        let (h, v) = if scan.parts.len() == 1 { (1, 1) } else { (component.h, component.v) };
        for n in 0..h * v {
            places.push(Place { part, component: p.component, across: n % h, down: n / h, h, v });
        }
    }
    places
}

/// A scan of a sequential file, for layers that are wanted in any scale.
pub(super) struct Sequential<'t> {
    blocks: Vec<Block<'t>>,
    predictions: [i32; 4],
    layers: &'t mut [Option<Layer>],
}

struct Block<'t> {
    place: Place,
    dc: &'t DcTable,
    rest: Rest<'t>,
    quant: [u16; 64],
}

/// What is done with the AC coefficients of a block.
enum Rest<'t> {
    /// Stepped over, one symbol at a time: the slow twin of `means.rs`.
    Skip(&'t AcTable),
    /// The first ones, up to a count in zigzag order, are taken, and the others stepped over.
    Take(&'t AcTable, usize, &'t States),
}

impl<'t> Sequential<'t> {
    pub fn new(places: &[Place], tables: &'t ScanTables, layers: &'t mut [Option<Layer>]) -> Sequential<'t> {
        let count = |place: &Place| layers[place.component].as_ref().map_or(1, Layer::count);
        let of_means = places.iter().all(|place| count(place) == 1);
        let block = |place: &Place| {
            let (dc, ac) = tables.part(place.part);
            let layer = layers[place.component].as_ref();
            let rest = if of_means { Rest::Skip(ac) } else { Rest::Take(ac, count(place), tables.states(place.part)) };
            Block { place: *place, dc, rest, quant: layer.and_then(|layer| layer.quant).unwrap_or([0; BLOCK]) }
        };
        let blocks = places.iter().map(block).collect();
        Sequential { blocks, predictions: [0; 4], layers }
    }

    /// Whether of every block no more than the mean is wanted.
    pub fn is_of_means(&self) -> bool {
        self.blocks.iter().all(|block| matches!(block.rest, Rest::Skip(_)))
    }

    /// The first quantisation factor of a block of a unit.
    pub fn quant(&self, block: usize) -> u16 {
        self.blocks[block].quant[0]
    }

    /// Says what the DC coefficient of a component's last block was. No more than 16 bits of it ever count.
    pub fn set_prediction(&mut self, component: usize, dc: i16) {
        self.predictions[component] = i32::from(dc);
    }

    /// Where the samples go.
    pub fn layers(&mut self) -> &mut [Option<Layer>] {
        self.layers
    }
}

impl Units for Sequential<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        for block in &self.blocks {
            let difference = block.dc.take(bits);
            let prediction = &mut self.predictions[block.place.component];
            *prediction = prediction.wrapping_add(difference);
            let dc = *prediction as i16;
            let (column, row) = block.place.at(column, row);
            match block.rest {
                Rest::Skip(table) => {
                    skip_block(&table.codes, bits);
                    if let Some(layer) = &mut self.layers[block.place.component] {
                        layer.put_mean(column, row, dc, block.quant[0]);
                    }
                }
                Rest::Take(table, 1, states) => {
                    skip_rest(states, &table.codes, bits, 1);
                    if let Some(layer) = &mut self.layers[block.place.component] {
                        layer.put_mean(column, row, dc, block.quant[0]);
                    }
                }
                Rest::Take(table, count, states) => {
                    let mut coefficients = [0; 64];
                    coefficients[0] = dc;
                    let at = take_block(table, bits, &mut coefficients, count);
                    if at < BLOCK {
                        skip_rest(states, &table.codes, bits, at);
                    }
                    if let Some(layer) = &mut self.layers[block.place.component] {
                        layer.put(column, row, &coefficients, &block.quant);
                    }
                }
            }
        }
    }

    fn restart(&mut self) {
        self.predictions = [0; 4];
    }
}

/// Takes coefficients up to a count in zigzag order, or somewhat further. Returns the place behind the last symbol,
/// [`BLOCK`] or more at the end of the block.
#[inline(always)]
fn take_block(table: &AcTable, bits: &mut Bits<'_>, coefficients: &mut [i16; BLOCK], count: usize) -> usize {
    let mut at = 1;
    while at < count {
        match table.take(bits) {
            Ac::Value(zeros, value) => {
                at += zeros;
                coefficients[usize::from(ZIGZAG[at])] = value;
                at += 1;
            }
            Ac::Zeros => at += 16,
            Ac::End => return BLOCK,
        }
    }
    at
}
