//! What a list has of a keypoint: 64 bits, of which 40 are the signature.
//!
//! | bits | what |
//! |---|---|
//! | 0 to 39 | signature |
//! | 40 to 45 | x, in eights of units |
//! | 46 to 51 | y |
//! | 52 to 58 | angle, in 128ths of a turn |
//! | 59 to 63 | size, in quarters of an octave over the smallest |

use crate::keypoint::blob::Place;
use crate::keypoint::words::DIMENSIONS;

/// The bits of the signature.
pub const MASK: u64 = (1 << DIMENSIONS) - 1;
/// Units a step of a position.
const STEP: f64 = 8.0;
/// 32nds of an octave a step of a size.
const SIZE: f64 = 8.0;
/// Steps of sizes.
pub const SIZES: usize = 32;

/// Packs a keypoint.
pub fn pack(signature: u64, place: &Place) -> u64 {
    let [x, y] = place.at.map(|at| ((at / STEP) as u64).min(63));
    let size = ((place.size / SIZE).round().max(0.0) as u64).min(SIZES as u64 - 1);
    signature & MASK | x << 40 | y << 46 | u64::from(place.angle >> 1) << 52 | size << 59
}

/// Where a keypoint is, about.
pub fn place(entry: u64) -> Place {
    let at = [entry >> 40 & 63, entry >> 46 & 63].map(|steps| (steps as f64 + 0.5) * STEP);
    Place { at, size: (entry >> 59) as f64 * SIZE, angle: (entry >> 52 & 127) as u8 * 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (at, size, angle) in [([3.0, 509.9], 40.0, 255), ([512.0, 0.0], 0.0, 0), ([200.0, 100.0], 250.0, 128)] {
            let entry = pack(u64::MAX, &Place { at, size, angle });
            let back = place(entry);
            assert_eq!(entry & MASK, MASK);
            assert!((0..2).all(|axis| (back.at[axis] - at[axis]).abs() <= 4.0));
            assert!((back.size - size).abs() <= 4.0 && angle.abs_diff(back.angle) <= 1);
        }
        assert_eq!(pack(5, &Place { at: [-9.0, 1e9], size: -50.0, angle: 3 }) & MASK, 5);
    }
}
