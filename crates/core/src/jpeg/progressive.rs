//! The scans of progressive files.
//!
//! For one sample a block the DC scans are all that is needed: 8 to 40 % of the bytes of a file. The others
//! are stepped over without being decoded, and nothing is read behind the last DC scan.

use super::bits::{Bits, extended};
use super::frame::{Frame, Scan, corrupt};
use super::huffman::{AcTable, DcTable};
use super::idct::{idct_1x1, mean_in_eighths};
use super::layer::{Layer, filled};
use super::markers::{Tables, ZIGZAG};
use super::scan::{Place, Units, Walk};
use crate::error::Result;
use crate::simd::{self, Level};
use crate::watch::Watch;

/// The coefficients of one component until all its scans are read.
pub(super) struct Store {
    columns: usize,
    rows: usize,
    /// Coefficients that are kept of each block: 1 or 64.
    each: usize,
    values: Vec<i16>,
    /// Bits of the DC coefficients that are still to come; `None` before the first DC scan.
    pub dc_bits: Option<u32>,
}

impl Store {
    pub fn new(layer: &Layer) -> Result<Store> {
        let each = if layer.is_of_means() { 1 } else { 64 };
        let values = filled(layer.columns * layer.rows * each, 0)?;
        Ok(Store { columns: layer.columns, rows: layer.rows, each, values, dc_bits: None })
    }

    /// The coefficients of a block; none if it only fills up a unit.
    #[inline(always)]
    fn block(&mut self, column: usize, row: usize) -> Option<&mut [i16]> {
        if column >= self.columns || row >= self.rows {
            return None;
        }
        Some(&mut self.values[(row * self.columns + column) * self.each..][..self.each])
    }

    /// The DC coefficient of a block, likewise.
    #[inline(always)]
    fn dc(&mut self, column: usize, row: usize) -> Option<&mut i16> {
        if column >= self.columns || row >= self.rows {
            return None;
        }
        self.values.get_mut((row * self.columns + column) * self.each)
    }

    /// Transforms all blocks into samples.
    pub fn render(&self, layer: &mut Layer, watch: &Watch<'_>) -> Result<()> {
        let Some(quant) = layer.quant else { return Ok(()) };
        if self.each == 1 {
            watch.check()?;
            // One after another in both: the compiler makes vector code of it.
            simd::run(
                Level::best(),
                #[inline(always)]
                || {
                    for (sample, &dc) in layer.samples.iter_mut().zip(&self.values) {
                        *sample = idct_1x1(dc, quant[0]);
                    }
                    for (eighth, &dc) in layer.eighths.iter_mut().zip(&self.values) {
                        *eighth = mean_in_eighths(dc, quant[0]);
                    }
                },
            );
            return Ok(());
        }
        for row in 0..self.rows {
            watch.check()?;
            for column in 0..self.columns {
                let block = &self.values[(row * self.columns + column) * self.each..][..self.each];
                let coefficients =
                    block.try_into().expect("all coefficients are kept where more than the mean is wanted");
                layer.put(column, row, coefficients, &quant);
            }
        }
        Ok(())
    }
}

/// Refuses scans that fit into no progression.
pub(super) fn check(scan: &Scan) -> Result<()> {
    let band = if scan.first == 0 {
        scan.last == 0
    } else {
        scan.first <= scan.last && scan.last < 64 && scan.parts.len() == 1
    };
    let depth = scan.low <= 13 && (scan.high == 0 || scan.low + 1 == scan.high);
    if band && depth {
        return Ok(());
    }
    Err(corrupt("a scan of a progression", &format!("{}-{} {}/{}", scan.first, scan.last, scan.high, scan.low)))
}

/// Whether anything in this scan is wanted. Once all means are known, they stay.
pub(super) fn is_wanted(scan: &Scan, stores: &[Option<Store>], means_are_known: bool) -> bool {
    if means_are_known && scan.first == 0 {
        return false;
    }
    let each = |part: &super::frame::Part| stores[part.component].as_ref().map_or(0, |store| store.each);
    scan.parts.iter().any(|part| each(part) > if scan.first == 0 { 0 } else { 1 })
}

/// Decodes a scan into the stores. Returns how many units are missing.
pub(super) fn read(
    walk: &mut Walk<'_>,
    frame: &Frame,
    scan: &Scan,
    tables: &Tables,
    stores: &mut [Option<Store>],
    watch: &Watch<'_>,
) -> Result<usize> {
    let low = scan.low;
    if scan.first > 0 {
        let part = scan.parts[0];
        let table = AcTable::new(tables.ac(part.ac, true)?)?;
        let store = stores[part.component].as_mut().expect("only wanted scans are read");
        let mut band = Band { table, first: scan.first, last: scan.last, low, ended: 0, store };
        return if scan.high == 0 { walk.run_best(&mut band, watch) } else { walk.run_best(&mut Refined(band), watch) };
    }
    let places = super::scan::places(frame, scan);
    for part in &scan.parts {
        if let Some(store) = &mut stores[part.component] {
            // A refinement of nothing is none.
            if scan.high == 0 || store.dc_bits.is_some() {
                store.dc_bits = Some(low);
            }
        }
    }
    if scan.high > 0 {
        return walk.run_best(&mut DcBits { places, low, stores }, watch);
    }
    let tables = scan.parts.iter().map(|part| DcTable::new(tables.dc(part.dc, true)?)).collect::<Result<Vec<_>>>()?;
    walk.run_best(&mut DcFirst { places, tables, predictions: [0; 4], low, stores }, watch)
}

/// The first scan of DC coefficients.
struct DcFirst<'t> {
    places: Vec<Place>,
    tables: Vec<DcTable>,
    predictions: [i32; 4],
    low: u32,
    stores: &'t mut [Option<Store>],
}

impl Units for DcFirst<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        for place in &self.places {
            let difference = self.tables[place.part].take(bits);
            let prediction = &mut self.predictions[place.component];
            *prediction = prediction.wrapping_add(difference);
            let (column, row) = place.at(column, row);
            if let Some(dc) = self.stores[place.component].as_mut().and_then(|store| store.dc(column, row)) {
                *dc = (*prediction << self.low) as i16;
            }
        }
    }

    fn restart(&mut self) {
        self.predictions = [0; 4];
    }
}

/// One more bit of each DC coefficient.
struct DcBits<'t> {
    places: Vec<Place>,
    low: u32,
    stores: &'t mut [Option<Store>],
}

impl Units for DcBits<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        bits.refill();
        for place in &self.places {
            let bit = bits.take(1) as i16;
            let (column, row) = place.at(column, row);
            if let Some(dc) = self.stores[place.component].as_mut().and_then(|store| store.dc(column, row)) {
                *dc |= bit << self.low;
            }
        }
    }

    fn restart(&mut self) {}
}

/// The first scan of a band of AC coefficients.
struct Band<'t> {
    table: AcTable,
    first: usize,
    last: usize,
    low: u32,
    /// Blocks to come that have nothing in this band.
    ended: u32,
    store: &'t mut Store,
}

impl Units for Band<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        if self.ended > 0 {
            self.ended -= 1;
            return;
        }
        let Some(block) = self.store.block(column, row) else { return };
        let mut at = self.first;
        while at <= self.last {
            bits.refill();
            let symbol = self.table.codes.take(bits);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size > 0 {
                at += run as usize;
                block[usize::from(ZIGZAG[at])] = (extended(bits.take(size), size) << self.low) as i16;
            } else if run == 15 {
                at += 15;
            } else {
                self.ended = (1 << run) - 1 + bits.take(run);
                break;
            }
            at += 1;
        }
    }

    fn restart(&mut self) {
        self.ended = 0;
    }
}

/// One more bit of a band of AC coefficients.
struct Refined<'t>(Band<'t>);

impl Units for Refined<'_> {
    #[inline(always)]
    fn unit(&mut self, bits: &mut Bits<'_>, column: usize, row: usize) {
        let Band { table, first, last, low, ended, store } = &mut self.0;
        let Some(block) = store.block(column, row) else { return };
        let bit = 1i16 << *low;
        let mut at = *first;
        while *ended == 0 && at <= *last {
            bits.refill();
            let symbol = table.codes.take(bits);
            let (run, size) = (u32::from(symbol >> 4), symbol & 15);
            let mut value = 0;
            if size > 0 {
                value = if bits.take(1) == 1 { bit } else { -bit };
            } else if run < 15 {
                *ended = (1 << run) + bits.take(run);
                break;
            }
            at = refine_up_to(bits, block, at..*last + 1, bit, run);
            if value != 0 {
                block[usize::from(ZIGZAG[at])] = value;
            }
            at += 1;
        }
        if *ended > 0 {
            refine_up_to(bits, block, at..*last + 1, bit, u32::MAX);
            *ended -= 1;
        }
    }

    fn restart(&mut self) {
        self.0.ended = 0;
    }
}

/// Takes a bit for each coefficient that is not zero, up to the zero behind `zeros` others. Returns its place.
#[inline(always)]
fn refine_up_to(bits: &mut Bits<'_>, block: &mut [i16], range: std::ops::Range<usize>, bit: i16, zeros: u32) -> usize {
    let mut left = zeros;
    for at in range.clone() {
        let value = &mut block[usize::from(ZIGZAG[at])];
        if *value == 0 {
            if left == 0 {
                return at;
            }
            left -= 1;
            continue;
        }
        bits.refill();
        if bits.take(1) == 1 && *value & bit == 0 {
            *value = value.wrapping_add(if *value >= 0 { bit } else { -bit });
        }
    }
    range.end.max(range.start)
}
