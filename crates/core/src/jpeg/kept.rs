//! Decoding tables, kept from file to file.
//!
//! Making them is a sixth of the work on a photo of 0.2 megapixels, and nearly all files that were not made as
//! small as possible have the four tables of the standard's annex K.

use std::sync::{Arc, OnceLock};

use super::frame::{Part, Scan};
use super::huffman::{AcTable, DcTable, Spec};
use super::markers::Tables;
use super::states::{States, states};
use crate::error::Result;
use crate::kept::Kept;

/// The tables of so many pairs of specifications are kept: 1 MB at the most.
static KEPT: Kept<(Spec, Spec), Result<Pair>> = Kept::new(32);

/// The tables of a component.
struct Pair {
    specs: (Spec, Spec),
    dc: DcTable,
    ac: AcTable,
    /// Made when they are first wanted.
    states: OnceLock<Box<States>>,
}

impl Pair {
    fn new(specs: (Spec, Spec)) -> Result<Pair> {
        let (dc, ac) = (DcTable::new(&specs.0)?, AcTable::new(&specs.1)?);
        Ok(Pair { specs, dc, ac, states: OnceLock::new() })
    }
}

/// Finds or makes the tables of a pair of specifications: never an error in the answer.
fn kept(dc: &Spec, ac: &Spec) -> Result<Arc<Result<Pair>>> {
    let specs = (dc.clone(), ac.clone());
    let pair = KEPT.get(specs.clone(), || Pair::new(specs), Result::is_ok);
    match &*pair {
        Ok(_) => Ok(pair),
        Err(error) => Err(error.clone()),
    }
}

/// The decoding tables of one scan, a pair for each of its components.
pub(super) struct ScanTables(Vec<Arc<Result<Pair>>>);

impl ScanTables {
    /// Finds or makes the tables that the scan asks for.
    pub fn new(tables: &Tables, scan: &Scan) -> Result<ScanTables> {
        let pair = |part: &Part| kept(tables.dc(part.dc, false)?, tables.ac(part.ac, false)?);
        scan.parts.iter().map(pair).collect::<Result<_>>().map(ScanTables)
    }

    fn pair(&self, part: usize) -> &Pair {
        self.0[part].as_ref().as_ref().expect("scans are made of tables that are sound")
    }

    /// How many components there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those of a component, by its number in the scan.
    pub fn part(&self, part: usize) -> (&DcTable, &AcTable) {
        let pair = self.pair(part);
        (&pair.dc, &pair.ac)
    }

    /// The tables of a component's states, for the means of its blocks.
    pub fn states(&self, part: usize) -> &States {
        let Pair { specs, states: made, .. } = self.pair(part);
        if made.get().is_none() {
            // Not made inside: a process forked meanwhile would wait for ever for a thread that it has not.
            // If another thread was faster, its tables are the same.
            let _ = made.set(states(&specs.0, &specs.1).expect("the same codes have made other tables"));
        }
        made.get().expect("they were made just now")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(symbol: u8) -> Spec {
        let mut counts = [0; 16];
        counts[0] = 1;
        Spec { counts, symbols: vec![symbol] }
    }

    #[test]
    fn the_store_gives_what_was_asked_for() {
        for n in 0..200u8 {
            let pair = kept(&spec(n % 12), &spec(n)).unwrap();
            assert_eq!(pair.as_ref().as_ref().unwrap().specs, (spec(n % 12), spec(n)));
        }
    }

    #[test]
    fn broken_tables_are_refused_each_time() {
        let mut broken = spec(1);
        broken.counts[0] = 2;
        broken.symbols.push(2);
        (0..3).for_each(|_| assert!(kept(&spec(1), &broken).is_err()));
        (0..3).for_each(|_| assert!(kept(&spec(16), &spec(1)).is_err()));
    }
}
