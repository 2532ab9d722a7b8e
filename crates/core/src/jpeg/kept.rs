//! Decoding tables, kept from file to file.
//!
//! Making them is a sixth of the work on a photo of 0.2 megapixels, and nearly all files that were not made as
//! small as possible have the four tables of the standard's annex K.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::frame::{Part, Scan};
use super::huffman::{AcTable, DcTable, Spec};
use super::markers::Tables;
use super::states::{States, states};
use crate::error::Result;

/// The tables of this many pairs of specifications are kept: 1 MB at the most.
const MOST_KEPT: usize = 32;
/// The last used first.
static KEPT: Mutex<Vec<Arc<Pair>>> = Mutex::new(Vec::new());

/// The tables of a component.
struct Pair {
    specs: (Spec, Spec),
    dc: DcTable,
    ac: AcTable,
    /// Made when they are first wanted.
    states: OnceLock<Box<States>>,
}

impl Pair {
    fn kept(dc: &Spec, ac: &Spec) -> Result<Arc<Pair>> {
        if let Some(pair) = find(dc, ac) {
            return Ok(pair);
        }
        let specs = (dc.clone(), ac.clone());
        let pair = Arc::new(Pair { specs, dc: DcTable::new(dc)?, ac: AcTable::new(ac)?, states: OnceLock::new() });
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(MOST_KEPT - 1);
        kept.insert(0, Arc::clone(&pair));
        Ok(pair)
    }
}

fn find(dc: &Spec, ac: &Spec) -> Option<Arc<Pair>> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let at = kept.iter().position(|pair| pair.specs.0 == *dc && pair.specs.1 == *ac)?;
    kept[..=at].rotate_right(1);
    Some(Arc::clone(&kept[0]))
}

/// The decoding tables of one scan, a pair for each of its components.
pub(super) struct ScanTables(Vec<Arc<Pair>>);

impl ScanTables {
    /// Finds or makes the tables that the scan asks for.
    pub fn new(tables: &Tables, scan: &Scan) -> Result<ScanTables> {
        let pair = |part: &Part| Pair::kept(tables.dc(part.dc, false)?, tables.ac(part.ac, false)?);
        scan.parts.iter().map(pair).collect::<Result<_>>().map(ScanTables)
    }

    /// How many components there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those of a component, by its number in the scan.
    pub fn part(&self, part: usize) -> (&DcTable, &AcTable) {
        (&self.0[part].dc, &self.0[part].ac)
    }

    /// The tables of a component's states, for the means of its blocks.
    pub fn states(&self, part: usize) -> &States {
        let Pair { specs, states: made, .. } = &*self.0[part];
        made.get_or_init(|| states(&specs.0, &specs.1).expect("the same codes have made other tables"))
    }
}
