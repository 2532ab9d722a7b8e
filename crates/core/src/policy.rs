//! How much of a picture its hashes need: the scale at which a JPEG file is decoded.
//!
//! A hash makes a small picture and compares its pixels; a bit is safe when there are several samples for each
//! of them. Five along the shorter side are enough. On 1,209 photos of 0.1 to 1 megapixel, decoded at an eighth
//! of their size, the hashes of 64 bits differ from those of the whole pictures by 0.06 (`ahash`), 0.22
//! (`dhash`), 0.27 (`phash`) and 0.25 bits (`whash`), on 44 photos above two megapixels by 0.05 at most, and no
//! photo by more than four. At a quarter, 0.06, 0.13, 0.16 and 0.10 bits would be left, at a half 0.05, 0.13,
//! 0.14 and 0.04.
//!
//! More bits need a finer scale. With three to four samples, an eighth instead of a quarter of the photo, 256
//! bits of `dhash` differ by 3.3 instead of 1.0, those of `whash` by 2.0 instead of 0.9. Of the 256 bits of `pdq`,
//! on 700 garments of 400 pixels along the shorter side, 0.9 differ at a half, 4.1 at a quarter and 7.6 at an eighth.

use crate::jpeg::Scale;

/// Samples along a side for each pixel that a hash compares.
const SAMPLES: usize = 5;

/// What a kind of hash looks at, as far as the scale depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// So many pixels or parts along a side: the hash size of average and difference hashes, and of wavelet
    /// hashes with Haar wavelets.
    Parts(usize),
    /// Frequencies of so many pixels along a side, the hash size times the high-frequency factor. Those that are
    /// compared are low, where a pixel needs no more than a quarter as many samples.
    Waves(usize),
    /// Means over tents, so many along a side: the small picture of `pdq`. They are not compared themselves, but a
    /// quarter as many frequencies of them, which need half as many samples.
    Blur(usize),
    /// Colours only, which are counted sample by sample.
    Colors,
    /// Every pixel: the segments of crop-resistant hashes, and wavelets that reach over the edges of parts.
    Pixels,
}

impl Need {
    /// Samples along the shorter side that are enough; `None` if only the whole picture is.
    pub fn side(self) -> Option<usize> {
        match self {
            Need::Parts(parts) => Some(SAMPLES * parts),
            Need::Waves(pixels) => Some((SAMPLES * pixels).div_ceil(4)),
            Need::Blur(tents) => Some((SAMPLES * tents).div_ceil(2)),
            Need::Colors => Some(1),
            Need::Pixels => None,
        }
    }
}

/// The coarsest scale at which a picture of `width` x `height` has samples enough for all needs.
pub fn choose_scale(width: usize, height: usize, needs: &[Need]) -> Scale {
    let sides: Option<Vec<usize>> = needs.iter().map(|need| need.side()).collect();
    let Some(sides) = sides else { return Scale::Full };
    let side = sides.into_iter().max().unwrap_or(1);
    let enough = |scale: &Scale| width.min(height) * scale.samples() >= side * 8;
    [Scale::Eighth, Scale::Quarter, Scale::Half].into_iter().find(enough).unwrap_or(Scale::Full)
}

/// The coarsest scale at which the longer side of a picture has so many samples, or as many as it has pixels.
pub fn scale_for_side(width: usize, height: usize, side: usize) -> Scale {
    let enough = |scale: &Scale| width.max(height) * scale.samples() >= side * 8;
    [Scale::Eighth, Scale::Quarter, Scale::Half].into_iter().find(enough).unwrap_or(Scale::Full)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: [Need; 3] = [Need::Parts(8), Need::Waves(32), Need::Colors];

    #[test]
    fn small_pictures_are_read_at_a_finer_scale() {
        let sides = [(4000, Scale::Eighth), (320, Scale::Eighth), (319, Scale::Quarter), (160, Scale::Quarter)];
        for (side, scale) in sides.into_iter().chain([(159, Scale::Half), (80, Scale::Half), (79, Scale::Full)]) {
            assert_eq!(choose_scale(side, 5000, &ARTICLE), scale, "{side}");
            assert_eq!(choose_scale(5000, side, &ARTICLE), scale, "{side}");
        }
    }

    #[test]
    fn the_longer_side_decides_for_a_plane() {
        for (side, scale) in [(4096, Scale::Eighth), (4095, Scale::Quarter), (1024, Scale::Half), (1023, Scale::Full)] {
            assert_eq!(scale_for_side(side, 7, 512), scale, "{side}");
            assert_eq!(scale_for_side(7, side, 512), scale, "{side}");
        }
    }

    #[test]
    fn the_most_demanding_kind_decides() {
        assert_eq!(choose_scale(640, 640, &[Need::Parts(16)]), Scale::Eighth);
        assert_eq!(choose_scale(639, 640, &[Need::Waves(64)]), Scale::Quarter);
        assert_eq!(choose_scale(639, 640, &[Need::Parts(8), Need::Parts(16)]), Scale::Quarter);
        assert_eq!(choose_scale(639, 640, &[Need::Parts(128)]), Scale::Full);
        assert_eq!(choose_scale(4000, 3000, &[Need::Parts(8), Need::Pixels]), Scale::Full);
        for (side, scale) in [(1280, Scale::Eighth), (1279, Scale::Quarter), (400, Scale::Half), (319, Scale::Full)] {
            assert_eq!(choose_scale(side, 5000, &[Need::Blur(64)]), scale, "{side}");
        }
        assert_eq!(choose_scale(10, 10, &[Need::Colors]), Scale::Eighth);
        assert_eq!(choose_scale(10, 10, &[]), Scale::Eighth);
    }
}
