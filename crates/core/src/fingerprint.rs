//! From a decoded picture to the codes of all kinds that were asked for.

use crate::color::Wanted;
use crate::decode::Decoded;
use crate::error::{Error, Result};
use crate::hashes::{ahash, colorhash, dhash, pack, pdq, phash, segments, whash};
use crate::look::thumb;
use crate::plane::{Plane, View};
use crate::policy::Need;

/// How many times finer than the hash the plane of the cosine transform is.
const HIGHFREQ: usize = 4;
/// How crop-resistant hashes look for segments: the defaults of ImageHash.
const SEGMENTS: segments::Options =
    segments::Options { limit: None, threshold: 128.0, min_size: 500.0, image_size: 300 };

/// One hash kind with its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pixels above their mean, or above their median.
    Ahash {
        /// Side of the square of bits.
        size: usize,
        /// Whether it is the median.
        median: bool,
    },
    /// Low frequencies above their median.
    Phash(usize),
    /// Low row frequencies above their mean.
    PhashSimple(usize),
    /// Pixels brighter than their left neighbour.
    Dhash(usize),
    /// Pixels brighter than their upper neighbour.
    DhashVertical(usize),
    /// Low band of a wavelet above its median.
    Whash {
        /// Side of the square of bits; a power of two.
        size: usize,
        /// Whether the wavelet is Daubechies' fourth, not Haar's.
        db4: bool,
        /// Whether the mean brightness stays in.
        keep_lowest: bool,
    },
    /// Shares of 14 classes of colour, in so many bits each.
    Colorhash(usize),
    /// Meta's PDQ: 16 x 16 low frequencies above their median.
    Pdq,
}

impl Kind {
    /// The kind of a name, a size and a variant, as the command line and tables write them.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such kind.
    pub fn new(name: &str, size: usize, variant: &str) -> Result<Kind> {
        let is_square = |largest| (2..=largest).contains(&size);
        let db4 = variant.starts_with("db4");
        Ok(match (name, variant) {
            ("ahash", "" | "median") if is_square(128) => Kind::Ahash { size, median: variant == "median" },
            ("phash", "") if is_square(128) => Kind::Phash(size),
            ("phash_simple", "") if is_square(128) => Kind::PhashSimple(size),
            ("dhash", "") if is_square(128) => Kind::Dhash(size),
            ("dhash_vertical", "") if is_square(128) => Kind::DhashVertical(size),
            ("whash", "" | "keep_ll" | "db4" | "db4_keep_ll") if is_square(128) && size.is_power_of_two() => {
                Kind::Whash { size, db4, keep_lowest: variant.ends_with("keep_ll") }
            }
            ("pdq", "") if size == pdq::LOW => Kind::Pdq,
            ("colorhash", "") if (1..=40).contains(&size) => Kind::Colorhash(size),
            _ => {
                return Err(Error::Argument(format!(
                    "expected a hash kind with a size and a variant that fit it, got {name:?}, {size}, {variant:?}"
                )));
            }
        })
    }

    fn need(self) -> Need {
        match self {
            Kind::Ahash { size, .. } | Kind::Dhash(size) | Kind::DhashVertical(size) => Need::Parts(size),
            Kind::Phash(size) | Kind::PhashSimple(size) => Need::Waves(size * HIGHFREQ),
            // How far db4 reaches over the edge, and so how many bits it has, depends on the picture's size.
            Kind::Whash { db4: true, .. } => Need::Pixels,
            Kind::Whash { size, .. } => Need::Parts(size),
            Kind::Colorhash(_) => Need::Colors,
            Kind::Pdq => Need::Blur(pdq::SMALL),
        }
    }

    fn code(self, view: View<'_>, picture: &Decoded) -> Result<Code> {
        if self != Kind::Pdq {
            return Ok(Code::new(&self.bits(view, picture)?));
        }
        let found = pdq::pdq(view)?;
        Ok(Code { quality: Some(found.quality), ..Code::new(&found.bits) })
    }

    fn bits(self, view: View<'_>, picture: &Decoded) -> Result<Vec<bool>> {
        match self {
            Kind::Ahash { size, median } => ahash::ahash(view, size, median),
            Kind::Phash(size) => Ok(phash::phash(view, size, HIGHFREQ)?.bits),
            Kind::PhashSimple(size) => Ok(phash::phash_simple(view, size, HIGHFREQ)?.bits),
            Kind::Dhash(size) => dhash::dhash(view, size),
            Kind::DhashVertical(size) => dhash::dhash_vertical(view, size),
            Kind::Whash { size, db4, keep_lowest } => {
                let wavelet = if db4 { whash::Wavelet::Db4 } else { whash::Wavelet::Haar };
                let options =
                    whash::Options { hash_size: size, image_scale: None, wavelet, remove_lowest: !keep_lowest };
                Ok(whash::whash(view, &options)?.bits)
            }
            Kind::Colorhash(binbits) => colorhash::colorhash(picture.counts()?, binbits),
            Kind::Pdq => Ok(pdq::pdq(view)?.bits),
        }
    }
}

/// One column of a table: a kind, of the whole picture or of each of its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// The hash.
    pub kind: Kind,
    /// Whether it is taken of each bright and each dark region.
    pub segments: bool,
}

impl Spec {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such kind; [`Error::Unsupported`] for colours of segments: a
    /// decoded picture keeps the colours of the whole only.
    pub fn new(name: &str, size: usize, variant: &str, segments: bool) -> Result<Spec> {
        let kind = Kind::new(name, size, variant)?;
        if segments && matches!(kind, Kind::Colorhash(_)) {
            return Err(Error::Unsupported("expected a hash of brightness for segments, got one of colours".into()));
        }
        Ok(Spec { kind, segments })
    }

    /// The hash of a picture: one code, or one for each segment.
    ///
    /// # Errors
    /// [`Error::Argument`] if the picture was decoded without the colours that it needs.
    pub fn codes(&self, picture: &Decoded) -> Result<Vec<Code>> {
        let view = picture.grey.view();
        if !self.segments && self.kind == Kind::Phash(phash::USUAL) {
            return Ok(vec![Code::new(&phash::phash_of(picture.small()?, thumb::SIDE, phash::USUAL).bits)]);
        }
        if !self.segments {
            return Ok(vec![self.kind.code(view, picture)?]);
        }
        let boxes = segments::segment_boxes(view, &SEGMENTS)?;
        boxes.iter().map(|part| self.segment(view, part, picture)).collect()
    }

    /// The hash as text: hex digits, those of segments joined by commas; and its quality, if it has one.
    ///
    /// # Errors
    /// As [`Spec::codes`].
    pub fn text(&self, picture: &Decoded) -> Result<(String, Option<u8>)> {
        let codes = self.codes(picture)?;
        let parts: Vec<String> = codes.iter().map(Code::hex).collect();
        let quality = codes.first().and_then(|code| code.quality);
        Ok((parts.join(","), quality.filter(|_| !self.segments)))
    }

    /// How much of a picture the hash needs: segments, every pixel of it.
    pub fn need(&self) -> Need {
        if self.segments { Need::Pixels } else { self.kind.need() }
    }

    /// What it needs of a picture beside its grey plane.
    pub fn wanted(&self) -> Wanted {
        Wanted { rest: self.kind == Kind::Pdq, ..Wanted::counts(matches!(self.kind, Kind::Colorhash(_))) }
    }

    fn segment(&self, view: View<'_>, part: &segments::SegmentBox, picture: &Decoded) -> Result<Code> {
        if part.left >= part.right || part.upper >= part.lower {
            // In a picture of a few pixels a segment can have none: ImageHash takes black in its place.
            let black = Plane::new(vec![0], 1, 1)?;
            return self.kind.code(black.view(), picture);
        }
        let crop = view.crop(part.left, part.upper, part.right, part.lower)?;
        self.kind.code(crop, picture)
    }
}

/// The bits of one hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Packed, first bit highest, zeros to the end of the last byte.
    pub packed: Vec<u8>,
    /// How many bits there are.
    pub bits: usize,
    /// What they are worth, 0 to 100, where the kind tells: `pdq`.
    pub quality: Option<u8>,
}

impl Code {
    fn new(bits: &[bool]) -> Code {
        Code { packed: pack(bits), bits: bits.len(), quality: None }
    }

    /// The bits as one number in hex digits, as many as they need: the form of tables.
    pub fn hex(&self) -> String {
        let digits = self.bits.div_ceil(4);
        let spare = digits * 4 - self.bits;
        (0..digits).map(|digit| char::from(b"0123456789abcdef"[self.digit(digit * 4, spare)])).collect()
    }

    /// The four bits from `first - spare` on, where bits before the first are zero.
    fn digit(&self, first: usize, spare: usize) -> usize {
        (first..first + 4).fold(0, |digit, place| digit << 1 | place.checked_sub(spare).map_or(0, |at| self.bit(at)))
    }

    fn bit(&self, at: usize) -> usize {
        usize::from(self.packed[at / 8] >> (7 - at % 8) & 1)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::OnceCell;

    use super::*;
    use crate::color::Counts;

    fn picture() -> Decoded {
        let pixels = (0..40 * 30u32).map(|i| (i * i % 251) as u8).collect();
        let mut counts = Counts { total: 1200, ..Counts::default() };
        counts.classes[1] = 1200;
        Decoded {
            grey: Plane::new(pixels, 40, 30).unwrap(),
            other: None,
            counts: Some(counts),
            tint: None,
            small: OnceCell::new(),
            width: 40,
            height: 30,
            format: "PNG",
            missing: 0.0,
            truncated: false,
        }
    }

    #[test]
    fn hex_is_the_number_that_the_bits_write() {
        let hex = |bits: &str| Code::new(&bits.chars().map(|c| c == '1').collect::<Vec<_>>()).hex();
        assert_eq!(hex("1"), "1");
        assert_eq!(hex("10000"), "10");
        assert_eq!(hex("111100001010"), "f0a");
        assert_eq!(hex(&"1".repeat(42)), "3ffffffffff");
        assert_eq!(hex(&format!("{}1", "0".repeat(63))), "0000000000000001");
    }

    #[test]
    fn every_kind_gives_its_bits() {
        for (name, variant, size, bits) in [
            ("ahash", "", 8, 64),
            ("ahash", "median", 3, 9),
            ("phash", "", 16, 256),
            ("phash_simple", "", 8, 64),
            ("dhash", "", 8, 64),
            ("dhash_vertical", "", 5, 25),
            ("whash", "", 8, 64),
            ("whash", "keep_ll", 16, 256),
            ("colorhash", "", 3, 42),
            ("pdq", "", 16, 256),
        ] {
            let codes = Spec::new(name, size, variant, false).unwrap().codes(&picture()).unwrap();
            assert_eq!(codes.iter().map(|code| code.bits).collect::<Vec<_>>(), [bits], "{name} {variant}");
        }
        let segments = Spec::new("dhash", 8, "", true).unwrap().codes(&picture()).unwrap();
        assert!(!segments.is_empty());
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        for (name, size, variant) in [
            ("ahash", 1, ""),
            ("phash", 8, "median"),
            ("whash", 12, ""),
            ("colorhash", 41, ""),
            ("pdq", 8, ""),
            ("nohash", 8, ""),
        ] {
            assert!(matches!(Spec::new(name, size, variant, false), Err(Error::Argument(_))), "{name}");
        }
        assert!(matches!(Spec::new("colorhash", 3, "", true), Err(Error::Unsupported(_))));
    }

    #[test]
    fn colours_that_were_not_counted_are_an_error() {
        let colourless = Decoded { counts: None, ..picture() };
        let spec = Spec::new("colorhash", 3, "", false).unwrap();
        assert!(matches!(spec.codes(&colourless), Err(Error::Argument(_))));
    }
}
