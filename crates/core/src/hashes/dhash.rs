//! Difference hash: is a pixel brighter than its neighbour?
//!
//! Source: Krawetz, "Kind of Like That" (2013), in the form of ImageHash's `dhash` and `dhash_vertical`.

use super::check_size;
use crate::error::Result;
use crate::plane::View;
use crate::resample::resize;

/// `hash_size` squared bits: pixels brighter than their left neighbour, in `hash_size + 1` columns.
///
/// # Errors
/// `Error::Argument` if `hash_size` is below 2 or too large.
pub fn dhash(view: View<'_>, hash_size: usize) -> Result<Vec<bool>> {
    check_size(hash_size, 2)?;
    let small = resize(view, hash_size + 1, hash_size)?;
    let rows = small.pixels().chunks_exact(hash_size + 1);
    Ok(rows.flat_map(|row| row.windows(2).map(|pair| pair[1] > pair[0])).collect())
}

/// `hash_size` squared bits: pixels brighter than their upper neighbour, in `hash_size + 1` rows.
///
/// # Errors
/// `Error::Argument` if `hash_size` is zero or too large.
pub fn dhash_vertical(view: View<'_>, hash_size: usize) -> Result<Vec<bool>> {
    check_size(hash_size, 1)?;
    let small = resize(view, hash_size, hash_size + 1)?;
    let (upper, lower) = (small.pixels(), &small.pixels()[hash_size..]);
    Ok(lower.iter().zip(upper).map(|(low, up)| low > up).collect())
}
