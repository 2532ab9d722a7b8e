//! The JPEG reader: any bytes give a picture of the promised shape or an error, in bounded time and memory.

#![no_main]

use heap::{open_on_panic, within};
use libfuzzer_sys::fuzz_target;
use lookalike_core::Error;
use lookalike_core::jpeg::{Chroma, Color, Header, Picture, Scale, decode, read_header};
use lookalike_core::watch::Watch;

const PIXELS: u64 = 1 << 20;
const SCALES: [Scale; 4] = [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Full];

fuzz_target!(init: open_on_panic(), |bytes: &[u8]| {
    let header = within(allowance(bytes, 0), || read_header(bytes));
    let declared = header.as_ref().map_or(0, |header| header.width * header.height);
    let pixels = if declared <= PIXELS as usize { declared } else { 0 };
    for scale in SCALES {
        let picture = |chroma| {
            let watch = Watch::with_pixels(PIXELS);
            let picture = within(allowance(bytes, pixels), || decode(bytes, scale, chroma, &watch));
            // An allocation that fails, where the decoder makes an error of it, was too large as well.
            assert!(!matches!(picture, Err(Error::Limit(_))) || pixels == 0, "{picture:?}");
            let picture = picture.ok()?;
            assert_eq!(Ok(&picture.header), header.as_ref());
            check_shape(&picture, scale, chroma);
            Some(picture)
        };
        let (grey, coarse, exact) = (picture(Chroma::None), picture(Chroma::Coarse), picture(Chroma::Exact));
        // A broken file may be refused when one of its scans is stepped over, and not when it is decoded.
        for colored in [coarse, exact].into_iter().flatten().filter(|_| scans(bytes) == 1) {
            grey.iter().for_each(|grey| check_twins(grey, &colored));
        }
    }
});

/// The most that decoding may have on the heap at once: four components as coefficients of two bytes, once more as
/// samples before and after upsampling, and a fixed part for tables and the largest row of blocks.
fn allowance(bytes: &[u8], pixels: usize) -> usize {
    (4 << 20) + 2 * bytes.len() + 24 * pixels
}

fn check_shape(picture: &Picture, scale: Scale, chroma: Chroma) {
    let Header { width, height, components, color, .. } = picture.header;
    assert!((0.0..=1.0).contains(&picture.missing), "missing {}", picture.missing);
    assert_eq!(picture.scale, scale);
    let planes = match (color, chroma) {
        (Color::Cmyk | Color::Ycck, _) => 4,
        (Color::Grey, _) | (Color::YCbCr, Chroma::None) => 1,
        _ => components,
    };
    assert_eq!(picture.planes.len(), planes);
    let sides = [width, height].map(|side| (side * scale.samples()).div_ceil(8));
    for (index, plane) in picture.planes.iter().enumerate() {
        if index == 0 || chroma == Chroma::Exact {
            assert_eq!([plane.width(), plane.height()], sides);
        }
        assert_eq!(plane.pixels().len(), plane.width() * plane.height());
    }
}

/// With several scans, luma can depend on what else is wanted: reading stops when all of that is there, and steps over
/// the scans of other components, and a broken file may repeat a scan or have no end to one.
fn scans(bytes: &[u8]) -> usize {
    bytes.windows(2).filter(|pair| pair == b"\xFF\xDA").count()
}

/// Luma does not depend on what else is decoded.
fn check_twins(grey: &Picture, colored: &Picture) {
    if matches!(grey.header.color, Color::Grey | Color::YCbCr) {
        assert!(grey.planes[0] == colored.planes[0], "luma differs with colour");
    }
}
