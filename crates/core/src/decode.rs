//! From the bytes of a file to a picture, decoded as far as the hashes need it.

use std::cell::OnceCell;

use crate::color::{Counts, Wanted};
use crate::error::{Error, Result};
use crate::jpeg::{self, Chroma, Picture, Scale};
use crate::look::colour::Tint;
use crate::look::{Look, thumb};
use crate::orient;
use crate::plane::Plane;
use crate::policy::{Need, choose_scale, scale_for_side};
use crate::reduction::{Place, Reduction};
use crate::watch::Watch;
use crate::{declared, formats, resample};

/// Share of a picture that may be missing from its file.
const MOST_MISSING: f32 = 0.5;
/// What the common kinds of hash need: the cosine transform of 32 pixels a side is the most demanding.
pub const COMMON: Need = Need::Waves(32);

/// A picture in the form that hashes are made of, turned as it is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Grey, at the scale that was chosen.
    pub grey: Plane,
    /// Grey at another scale, if that was asked for and is not that of `grey`.
    pub other: Option<Plane>,
    /// Its colours, if they were asked for.
    pub counts: Option<Counts>,
    /// Its coarse colours, if they were asked for and it has any.
    pub tint: Option<Tint>,
    /// What the cosine transform of 32 pixels a side is made of, and the thumb, once it was asked for.
    pub small: OnceCell<Vec<f64>>,
    /// Pixels in a row of the whole picture as shown.
    pub width: usize,
    /// Rows of the whole picture as shown.
    pub height: usize,
    /// The file format, as Pillow names it.
    pub format: &'static str,
    /// Share of the picture that is not in the file; 0 if it is whole.
    pub missing: f32,
    /// Whether the file breaks off before all that was wanted of it.
    pub truncated: bool,
}

impl Decoded {
    /// The colours.
    ///
    /// # Errors
    /// [`Error::Argument`] if they were not asked for.
    pub fn counts(&self) -> Result<&Counts> {
        self.counts
            .as_ref()
            .ok_or_else(|| Error::Argument("expected a picture with its colours, got one without".into()))
    }

    /// The brightness of the whole in 32 x 32 pixels, made once.
    ///
    /// # Errors
    /// Never, for a picture that exists.
    pub fn small(&self) -> Result<&[f64]> {
        if self.small.get().is_none() {
            let _ = self.small.set(thumb::values(self.grey.view())?);
        }
        Ok(self.small.get().map_or(&[], Vec::as_slice))
    }

    /// What is to be kept of it for a second look.
    ///
    /// # Errors
    /// Never, for a picture that exists.
    pub fn look(&self) -> Result<Look> {
        Look::new(self.grey.view(), self.small()?, self.tint.as_ref(), (self.width, self.height))
    }

    /// The whole in a grey plane whose longer side is at most `side`, never enlarged.
    ///
    /// # Errors
    /// [`Error::Argument`] if the side is zero.
    pub fn plane(&self, side: usize) -> Result<Plane> {
        let view = self.other.as_ref().unwrap_or(&self.grey).view();
        resample::within(view, (self.width, self.height), side)
    }

    /// The picture turned by an EXIF orientation: 2 to 8, any other number leaves it as it is. Grey at another scale
    /// is left out.
    ///
    /// # Errors
    /// Never, for a picture that exists.
    pub fn turned(&self, orientation: u8) -> Result<Decoded> {
        let is_across = (5..=8).contains(&orientation);
        let (width, height) = if is_across { (self.height, self.width) } else { (self.width, self.height) };
        Ok(Decoded {
            grey: self.grey.turned(orientation)?,
            other: None,
            counts: self.counts.clone(),
            tint: self.tint.as_ref().map(|tint| tint.turned(orientation)),
            small: OnceCell::new(),
            width,
            height,
            ..*self
        })
    }

    /// What a user should know of the file, if anything.
    pub fn warning(&self) -> Option<String> {
        match (self.missing > 0.0, self.truncated) {
            (true, true) => Some(format!("the file breaks off: {} of the picture is missing", percent(self.missing))),
            (true, false) => Some(format!("the file is damaged: {} of the picture is missing", percent(self.missing))),
            (false, true) => Some("the file breaks off: the picture lacks some of its detail".into()),
            (false, false) => None,
        }
    }
}

/// A picture file whose format is known.
pub struct Source<'a> {
    bytes: &'a [u8],
    header: Option<jpeg::Header>,
}

impl<'a> Source<'a> {
    /// Looks at the head of a file; nothing is decoded.
    ///
    /// # Errors
    /// [`Error::Corrupt`] and [`Error::Unsupported`] as [`decode`]; [`Error::Limit`] if `watch` allows less.
    pub fn open(bytes: &'a [u8], watch: &Watch<'_>) -> Result<Source<'a>> {
        if bytes.is_empty() {
            return Err(Error::Corrupt("expected an image, got an empty file (0 bytes)".into()));
        }
        if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            if formats::is_slow(bytes) {
                return Err(Error::Unsupported("expected a format that is fast here, got lossy WebP".into()));
            }
            return Ok(Source { bytes, header: None });
        }
        let header = jpeg::read_header(bytes)?;
        watch.check_size(header.width, header.height)?;
        Ok(Source { bytes, header: Some(header) })
    }

    /// At which scale it is decoded for such a hash. What is no JPEG is decoded in full.
    pub fn scale(&self, need: Need) -> Scale {
        // All common kinds share one scale, so that a picture is decoded once; and the scale of a kind must not
        // depend on which others are asked for, or its bits would.
        self.header.as_ref().map_or(Scale::Full, |header| choose_scale(header.width, header.height, &[COMMON, need]))
    }

    /// At which scale it is decoded for a grey plane of this longer side: at none coarser than for the common kinds.
    pub fn scale_for_side(&self, side: usize) -> Scale {
        let of_header = |header: &jpeg::Header| scale_for_side(header.width, header.height, side);
        self.header.as_ref().map_or(Scale::Full, of_header).max(self.scale(COMMON))
    }

    /// Bytes of memory that decoding at a scale takes, about.
    pub fn cost(&self, scale: Scale) -> u64 {
        match &self.header {
            Some(header) => jpeg_cost(header, scale),
            None => other_cost(self.bytes),
        }
    }

    /// Pixels, as its head declares them.
    pub fn pixels(&self) -> u64 {
        let of_header = |header: &jpeg::Header| header.width as u64 * header.height as u64;
        self.header.as_ref().map_or_else(|| declared::pixels(self.bytes), of_header)
    }

    /// Bytes that decoding at a scale takes at the least, where a file's head tells it; the other readers ask about
    /// their memory when they know.
    pub fn memory(&self, scale: Scale) -> u64 {
        self.header.as_ref().map_or(0, |header| jpeg_cost(header, scale))
    }

    /// The picture at a scale, with what is wanted beside its grey plane. The grey plane of a JPEG file lacks nothing:
    /// it is in the file as it is.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decode(&self, scale: Scale, wanted: Wanted, watch: &Watch<'_>) -> Result<Decoded> {
        if self.header.is_some() {
            return decode_jpeg_for(self.bytes, scale, wanted, watch);
        }
        let decoded = formats::decode(self.bytes, watch, wanted)?;
        let formats::Decoded { grey, counts, tint, width, height, format } = decoded;
        Ok(Decoded {
            grey,
            other: None,
            counts,
            tint,
            small: OnceCell::new(),
            width,
            height,
            format,
            missing: 0.0,
            truncated: false,
        })
    }
}

/// Decodes the bytes of a file as far as one sort of hash needs it.
///
/// # Errors
/// [`Error::Unsupported`] for what another decoder may know; [`Error::Corrupt`], [`Error::Limit`] and
/// [`Error::Cancelled`] as they say.
pub fn decode(bytes: &[u8], need: Need, wanted: Wanted, watch: &Watch<'_>) -> Result<Decoded> {
    let source = Source::open(bytes, watch)?;
    source.decode(source.scale(need), wanted, watch)
}

/// Colours for a look and another scale must not change what else is known of a file. Where it is broken in these
/// alone, it is decoded once more without them.
fn decode_jpeg_for(bytes: &[u8], scale: Scale, wanted: Wanted, watch: &Watch<'_>) -> Result<Decoded> {
    let found = decode_jpeg(bytes, scale, wanted, watch);
    let is_sound = found.as_ref().is_ok_and(|picture| picture.missing == 0.0 && !picture.truncated);
    let is_plain = wanted.other.is_none() && (wanted.counts || !wanted.tint);
    if is_plain || is_sound || matches!(found, Err(Error::Cancelled)) {
        return found;
    }
    if wanted.other.is_some() {
        let less = decode_jpeg_for(bytes, scale, Wanted { other: None, ..wanted }, watch)?;
        return Ok(Decoded { other: found.ok().and_then(|picture| picture.other), ..less });
    }
    let plain = decode_jpeg(bytes, scale, Wanted::default(), watch)?;
    Ok(Decoded { tint: found.ok().and_then(|picture| picture.tint), ..plain })
}

fn decode_jpeg(bytes: &[u8], scale: Scale, wanted: Wanted, watch: &Watch<'_>) -> Result<Decoded> {
    let chroma = if wanted.colors() { Chroma::Coarse } else { Chroma::None };
    // Between an eighth and the whole, the other scale is made of fewer coefficients (`Layer::with_other`): it is to
    // be the same whatever scale it comes beside.
    let other = wanted.other.filter(|&other| other != scale || matches!(other, Scale::Quarter | Scale::Half));
    let (picture, other) = jpeg::decode_twofold(bytes, scale, chroma, other, watch)?;
    let Picture { missing, truncated, .. } = picture;
    refuse_if_mostly_missing(missing, truncated)?;
    let header = &picture.header;
    let orientation = header.orientation;
    let counts = wanted.counts.then(|| picture.count_colors());
    let tint = if wanted.tint { picture.tint().map(|tint| tint.turned(orientation)) } else { None };
    let (grey, other) = (upright(&picture)?, other.as_ref().map(upright).transpose()?);
    let is_across = (5..=8).contains(&orientation);
    let (width, height) = if is_across { (header.height, header.width) } else { (header.width, header.height) };
    let small = OnceCell::new();
    Ok(Decoded { grey, other, counts, tint, small, width, height, format: "JPEG", missing, truncated })
}

/// Its grey plane, turned, and what that stands for.
fn upright(picture: &Picture) -> Result<Plane> {
    let header = &picture.header;
    let (width, height, orientation) = (header.width, header.height, header.orientation);
    let place = Place { step: 8 / picture.scale.samples(), left: 0, upper: 0, width, height }.turned(orientation);
    let grey = orient::turn(picture.grey().into_owned(), orientation)?;
    match (picture.scale, &picture.eighths) {
        (Scale::Full, _) => Ok(grey),
        (_, None) => {
            let reduction = Reduction::from_bytes(grey.pixels(), place)?;
            grey.reduced(reduction)
        }
        (_, Some(eighths)) => {
            let turned = orient::turned(eighths, picture.planes[0].width(), orientation);
            grey.reduced(Reduction::new(&turned, place)?)
        }
    }
}

fn refuse_if_mostly_missing(missing: f32, truncated: bool) -> Result<()> {
    if missing <= MOST_MISSING {
        return Ok(());
    }
    let what = if truncated { "whole image, got a truncated one" } else { "sound image, got a damaged one" };
    Err(Error::Corrupt(format!("expected a {what}: {} of the picture is missing", percent(missing))))
}

/// Samples of all components, and the coefficients of a picture that comes in several scans.
fn jpeg_cost(header: &jpeg::Header, scale: Scale) -> u64 {
    let blocks = (header.width.div_ceil(8) * header.height.div_ceil(8)) as u64;
    let samples = (scale.samples() * scale.samples()) as u64;
    let bytes = if header.progressive { 3 * samples } else { samples };
    blocks * bytes * header.components as u64
}

/// Grey, and the four bytes a pixel that it is made of where a reader has no rows to give.
fn other_cost(bytes: &[u8]) -> u64 {
    declared::pixels(bytes).saturating_mul(5)
}

/// A share in words; never "0 %" nor "100 %" of what is more or less.
fn percent(share: f32) -> String {
    match (share * 100.0).round() {
        ..1.0 => "less than 1 %".into(),
        99.5.. => "more than 99 %".into(),
        whole => format!("{whole} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_refused() {
        let watch = Watch::with_pixels(1000);
        let decode = |bytes| decode(bytes, COMMON, Wanted::counts(true), &watch);
        assert!(matches!(decode(b""), Err(Error::Corrupt(text)) if text.contains("0 bytes")));
        assert!(matches!(decode(b"hello"), Err(Error::Unsupported(_))));
    }

    #[test]
    fn a_share_is_said_in_whole_percents() {
        assert_eq!(percent(0.2349), "23 %");
        assert_eq!(percent(0.001), "less than 1 %");
        assert_eq!(percent(0.999), "more than 99 %");
    }

    #[test]
    fn more_than_half_must_be_there() {
        assert!(refuse_if_mostly_missing(0.5, true).is_ok());
        for (truncated, word) in [(true, "truncated"), (false, "damaged")] {
            let refused = refuse_if_mostly_missing(0.51, truncated);
            assert!(matches!(refused, Err(Error::Corrupt(text)) if text.contains(word)));
        }
    }
}
