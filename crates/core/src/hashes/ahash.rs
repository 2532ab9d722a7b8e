//! Average hash: pixels above the mean, or above the median.
//!
//! Source: Krawetz, "Looks Like It" (2011), in the form of ImageHash's `average_hash`.

use super::check_size;
use crate::error::Result;
use crate::plane::View;
use crate::resample::resize;

/// `hash_size` squared bits, row by row: pixels of the small picture above their mean (or median).
///
/// # Errors
/// `Error::Argument` if `hash_size` is below 2 or too large.
pub fn ahash(view: View<'_>, hash_size: usize, median: bool) -> Result<Vec<bool>> {
    check_size(hash_size, 2)?;
    let small = resize(view, hash_size, hash_size)?;
    let pixels = small.pixels();
    let twice = if median { twice_median(pixels) } else { return Ok(above_mean(pixels)) };
    Ok(pixels.iter().map(|&p| 2 * u32::from(p) > twice).collect())
}

/// In whole numbers: comparing with the rounded quotient, as floats do, cannot differ, because the mean
/// is at least `1 / n` away from any whole number that it does not equal.
fn above_mean(pixels: &[u8]) -> Vec<bool> {
    let sum: u64 = pixels.iter().map(|&p| u64::from(p)).sum();
    let count = pixels.len() as u64;
    pixels.iter().map(|&p| u64::from(p) * count > sum).collect()
}

/// Twice the median, so that the mean of two middle pixels stays whole.
fn twice_median(pixels: &[u8]) -> u32 {
    let mut sorted = pixels.to_vec();
    sorted.sort_unstable();
    let half = sorted.len() / 2;
    let upper = u32::from(sorted[half]);
    if sorted.len() % 2 == 1 { 2 * upper } else { upper + u32::from(sorted[half - 1]) }
}
