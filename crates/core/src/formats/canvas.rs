//! The grey plane and the counts while rows come in.

use super::{Decoded, other};
use crate::color::{self, Counts, NO_REST, Wanted};
use crate::error::{Error, Result};
use crate::look::colour::{Collector, Tint};
use crate::orient;
use crate::plane::Plane;
use crate::simd::{self, Level};
use crate::watch::Watch;

/// Pixels that are brought into the core's layout at a time: they stay in the first-level cache.
const BLOCK: usize = 2048;

/// Collects pixels from the top, in any number at a time.
pub struct Canvas {
    width: usize,
    height: usize,
    grey: Vec<u8>,
    rest: Option<Vec<u8>>,
    counts: Option<Counts>,
    tint: Option<Collector>,
    strip: Vec<u8>,
    level: Level,
}

impl Canvas {
    /// An empty picture; its size is checked before its memory is asked for.
    ///
    /// # Errors
    /// [`Error::Limit`] if it is too large.
    pub fn new(width: usize, height: usize, watch: &Watch<'_>, wanted: Wanted) -> Result<Self> {
        check_size(width, height, watch)?;
        // Twice, for it may have to be turned.
        let planes = if wanted.rest { 4 } else { 2 };
        watch.check_memory(planes * width as u64 * height as u64)?;
        let empty = || {
            let mut plane = Vec::new();
            let too_large = |_| Error::Limit(format!("expected a picture that fits in memory, got {width} x {height}"));
            plane.try_reserve_exact(width * height).map_err(too_large).map(|()| plane)
        };
        let (grey, rest) = (empty()?, wanted.rest.then(empty).transpose()?);
        let counts = wanted.counts.then(Counts::default);
        let tint = wanted.tint.then(|| Collector::new(width, height));
        Ok(Canvas { width, height, grey, rest, counts, tint, strip: vec![0; 4 * BLOCK], level: Level::best() })
    }

    /// Pixels of one byte, as they are.
    pub fn push_grey(&mut self, row: &[u8]) {
        self.grey.extend_from_slice(row);
        self.push_no_rest();
        if let Some(counts) = &mut self.counts {
            color::count_grey(row, counts);
        }
    }

    /// Pixels of `N` bytes each, of which `map` makes grey ones.
    pub fn push_as_grey<const N: usize>(&mut self, row: &[u8], map: impl Fn([u8; N]) -> u8) {
        let start = self.grey.len();
        simd::run(
            self.level,
            #[inline(always)]
            || self.grey.extend(row.as_chunks::<N>().0.iter().map(|&pixel| map(pixel))),
        );
        self.push_no_rest();
        if let Some(counts) = &mut self.counts {
            color::count_grey(&self.grey[start..], counts);
        }
    }

    /// Grey pixels lack nothing.
    fn push_no_rest(&mut self) {
        if let Some(rest) = &mut self.rest {
            rest.resize(self.grey.len(), NO_REST);
        }
    }

    /// Pixels of `N` bytes each, of which `map` makes red, green and blue.
    pub fn push_as_rgb<const N: usize>(&mut self, row: &[u8], map: impl Fn([u8; N]) -> [u8; 3]) {
        for block in row.as_chunks::<N>().0.chunks(BLOCK) {
            let strip = &mut self.strip[..4 * block.len()];
            simd::run(
                self.level,
                #[inline(always)]
                || {
                    for (to, &from) in strip.as_chunks_mut::<4>().0.iter_mut().zip(block) {
                        let [r, g, b] = map(from);
                        *to = [r, g, b, 0];
                    }
                },
            );
            color::push_rgbx(self.level, strip, &mut self.grey, self.counts.as_mut());
            if let Some(rest) = &mut self.rest {
                color::push_rest(self.level, strip, rest);
            }
            if let Some(tint) = &mut self.tint {
                tint.push(self.level, strip.as_chunks::<4>().0);
            }
        }
    }

    /// Pixels of four bytes: red, green, blue, and one that is ignored.
    pub fn push_rgbx(&mut self, row: &[u8]) {
        color::push_rgbx(self.level, row, &mut self.grey, self.counts.as_mut());
        if let Some(rest) = &mut self.rest {
            color::push_rest(self.level, row, rest);
        }
        self.push_tint(row.as_chunks::<4>().0);
    }

    /// Colours of pixels whose grey values are pushed elsewhere; left out if nobody asked for them.
    pub fn push_tint(&mut self, pixels: &[[u8; 4]]) {
        if let Some(tint) = &mut self.tint {
            tint.push(self.level, pixels);
        }
    }

    /// Whether the coarse colours are asked for.
    pub fn wants_tint(&self) -> bool {
        self.tint.is_some()
    }

    /// Pixels whose grey values, and what these lack, are known, and whose colours are counted elsewhere: see
    /// [`Canvas::counts_mut`].
    pub fn push_counted(&mut self, row: impl Iterator<Item = u8>, rest_of_row: impl Iterator<Item = u8>) {
        self.grey.extend(row);
        if let Some(rest) = &mut self.rest {
            rest.extend(rest_of_row);
        }
    }

    /// The counts, if colours are asked for.
    pub fn counts_mut(&mut self) -> Option<&mut Counts> {
        self.counts.as_mut()
    }

    /// The complete picture, turned.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if it is not complete.
    pub fn finish(self, orientation: u8, format: &'static str) -> Result<Decoded> {
        if self.grey.len() != self.width * self.height {
            return Err(other(format_args!("{} of {} x {} pixels", self.grey.len(), self.width, self.height)));
        }
        let grey = Plane::new(self.grey, self.width, self.height)?;
        let grey = if let Some(rest) = self.rest { grey.with_rest(rest)? } else { grey };
        let grey = orient::turn(grey, orientation)?;
        let (width, height) = (grey.width(), grey.height());
        let tint = self.tint.and_then(Collector::finish).map(|tint: Tint| tint.turned(orientation));
        Ok(Decoded { grey, counts: self.counts, tint, width, height, format })
    }
}

/// [`Watch::check_size`], but a picture without pixels is left to the other decoder.
///
/// # Errors
/// [`Error::Limit`] if it has too many pixels.
pub fn check_size(width: usize, height: usize, watch: &Watch<'_>) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(other(format_args!("{width} x {height} pixels")));
    }
    watch.check_size(width, height)
}
