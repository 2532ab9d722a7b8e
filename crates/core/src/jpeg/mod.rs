//! A JPEG reader for fingerprints: no more of a file is decoded than the wanted scale needs.
//!
//! Most of what a JPEG holds is detail within its blocks of 8 x 8 pixels, and a fingerprint wants none of it.
//! At one sample a block only the DC coefficients are decoded; the AC coefficients between them are stepped
//! over, several in one look at a table (`means.rs`), or with whole scans (`progressive.rs`). Finer scales
//! are there for small pictures. Samples are what libjpeg-turbo's scaled decoding gives, byte for byte, also
//! where a file is broken but libjpeg goes on. Two things are left out: the smoothing between blocks that
//! libjpeg does when a progressive file lacks scans, and arithmetic coding, which is `Unsupported`.

mod bits;
mod convert;
mod frame;
mod huffman;
mod idct;
mod kept;
mod layer;
mod markers;
mod means;
mod out;
mod picture;
mod progressive;
mod scan;
mod standard;
mod states;
mod stream;
mod tint;
mod upsample;

pub use picture::{decode, decode_twofold, read_header};

use crate::plane::Plane;

/// How large a picture is wanted: as a number of samples for each block of 8 x 8 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// One sample a block: its mean.
    Eighth,
    /// 2 x 2 samples a block.
    Quarter,
    /// 4 x 4 samples a block.
    Half,
    /// All pixels.
    Full,
}

impl Scale {
    /// Samples along a side of a block: 1, 2, 4 or 8.
    pub fn samples(self) -> usize {
        match self {
            Scale::Eighth => 1,
            Scale::Quarter => 2,
            Scale::Half => 4,
            Scale::Full => 8,
        }
    }
}

/// Which colour components are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// None that grey does not need.
    None,
    /// At one sample for each of their own blocks: enough to count colours.
    Coarse,
    /// At the scale of the picture, with the upsampling of libjpeg-turbo.
    Exact,
}

/// What the components of a file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One component.
    Grey,
    /// Luma and two colour differences.
    YCbCr,
    /// Red, green and blue.
    Rgb,
    /// Four inks.
    Cmyk,
    /// Luma and two colour differences of three inverted inks, and black.
    Ycck,
}

/// What the markers before the first scan tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Pixels in a row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// 1 to 4.
    pub components: usize,
    /// What they mean.
    pub color: Color,
    /// Whether the scans refine one another.
    pub progressive: bool,
    /// How the picture is to be turned to be shown: 1 to 8, as in EXIF.
    pub orientation: u8,
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What the markers tell.
    pub header: Header,
    /// The scale of `planes`.
    pub scale: Scale,
    /// The components, see [`decode`].
    pub planes: Vec<Plane>,
    /// Luma in eighths of a grey value, where it has one sample a block; see `reduction.rs`.
    pub eighths: Option<Vec<i16>>,
    /// Share of the picture that is not in the file: from 0, if it is whole, to 1.
    pub missing: f32,
    /// Whether the file ended before all that was wanted of it.
    pub truncated: bool,
}

#[cfg(test)]
mod testing {
    /// Numbers that look random and are the same everywhere.
    pub struct Noise(pub u64);

    impl Noise {
        /// The next number, from 0 up to but not including `end`.
        pub fn below(&mut self, end: i32) -> i32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            ((self.0 >> 33) % end as u64) as i32
        }
    }

    /// FNV-1a in 64 bits.
    pub fn checksum(bytes: impl IntoIterator<Item = u8>) -> u64 {
        let step = |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
    }
}
