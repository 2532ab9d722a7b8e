//! Colour hash: the shares of 14 classes of colour, each in a few bits.
//!
//! Source: ImageHash's `colorhash`, bit for bit, with its own code for a share: bit `i` of `n` is set where
//! `value / 2^(n-1-i) mod 2^(n-i)` is not 0. That is not binary: with three bits, 4 and 6 both give `110`,
//! 5 and 7 both give `111`.

use crate::color::{CLASSES, Counts};
use crate::error::{Error, Result};

/// Most bits for a class: above it a share's numerator no longer fits a float exactly.
pub const MOST_BINBITS: usize = 40;

/// `14 * binbits` bits: the shares of black and of grey in the picture, then of each hue in the coloured rest.
///
/// # Errors
/// [`Error::Argument`] if `binbits` is not from 1 to [`MOST_BINBITS`], or nothing was counted.
pub fn colorhash(counts: &Counts, binbits: usize) -> Result<Vec<bool>> {
    if !(1..=MOST_BINBITS).contains(&binbits) {
        return Err(Error::Argument(format!("expected binbits from 1 to {MOST_BINBITS}, got {binbits}")));
    }
    if counts.total == 0 {
        return Err(Error::Argument("expected a picture with pixels, got none".into()));
    }
    let [black, grey] = [counts.classes[0], counts.classes[1]];
    let colored = (counts.total - black - grey).max(1);
    let levels = (1u64 << binbits) as f64;
    let share = |class: usize| match class {
        // The order of the two roundings differs between these, as it does in the original.
        0 | 1 => counts.classes[class] as f64 / counts.total as f64 * levels,
        _ => counts.classes[class] as f64 * levels / colored as f64,
    };
    let values = (0..CLASSES).map(|class| (share(class) as u64).min((1 << binbits) - 1));
    Ok(values.flat_map(|value| (0..binbits).map(move |i| code_bit(value, binbits, i))).collect())
}

fn code_bit(value: u64, binbits: usize, i: usize) -> bool {
    !(value >> (binbits - i - 1)).is_multiple_of(1 << (binbits - i))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(value: u64, binbits: usize) -> String {
        (0..binbits).map(|i| if code_bit(value, binbits, i) { '1' } else { '0' }).collect()
    }

    #[test]
    fn three_bits_have_the_published_codes() {
        let codes: Vec<String> = (0..8).map(|value| code(value, 3)).collect();
        assert_eq!(codes, ["000", "001", "010", "011", "110", "111", "110", "111"]);
    }

    #[test]
    fn a_share_of_one_keeps_to_the_highest_level() {
        let mut counts = Counts { total: 10, ..Counts::default() };
        counts.classes[0] = 10;
        let bits = colorhash(&counts, 3).unwrap();
        assert_eq!(bits.iter().filter(|&&bit| bit).count(), 3);
        assert_eq!(bits.len(), 42);
    }

    #[test]
    fn binbits_out_of_range_and_empty_pictures_are_refused() {
        let counts = Counts { total: 1, ..Counts::default() };
        assert!(colorhash(&counts, 0).is_err() && colorhash(&counts, 41).is_err());
        assert!(colorhash(&Counts::default(), 3).is_err());
    }
}
