//! Pixels of any picture, of any shape: every hash, the look, the corners, at every turn.
//!
//! The first eight bytes say how the others are taken: the width, what larger picture they stand for, a box, settings.

#![no_main]

use heap::{open_on_panic, within};
use libfuzzer_sys::fuzz_target;
use lookalike_core::color::{self, Counts};
use lookalike_core::corners::corners;
use lookalike_core::hashes::{ahash, colorhash, dhash, pdq, phash, segments, whash};
use lookalike_core::look::colour::Collector;
use lookalike_core::look::{Look, check, thumb};
use lookalike_core::plane::{Plane, View};
use lookalike_core::reduction::{Place, Reduction};
use lookalike_core::simd::Level;
use lookalike_core::{Error, Result, resample};

/// The largest resampled planes, twice, and sums of them.
const ALLOWANCE: usize = 64 << 20;
const ABOUT: usize = 8;

fuzz_target!(init: open_on_panic(), |bytes: &[u8]| {
    let Some((about, pixels)) = bytes.split_first_chunk::<ABOUT>() else { return };
    within(ALLOWANCE, || {
        let Some(plane) = plane(about, pixels) else { return };
        let turn = about[7] % 10;
        let turned = plane.turned(turn).expect("a plane that exists");
        let part = part(&plane, about);
        for view in [plane.view(), turned.view(), part] {
            hashes(view, about).expect("sound settings");
            looks(view);
        }
        cut(part, about[6]);
        colours(about, pixels);
        let size = [plane.width(), plane.height()];
        assert_eq!([turned.width(), turned.height()], if (5..=8).contains(&turn) { [size[1], size[0]] } else { size });
    });
});

/// The pixels in rows, and every second time as samples of a larger picture.
fn plane(about: &[u8; ABOUT], pixels: &[u8]) -> Option<Plane> {
    let width = 1 + usize::from(u16::from_le_bytes([about[0], about[1]])) % pixels.len().max(1);
    let height = pixels.len() / width;
    let plane = Plane::new(pixels[..width * height].to_vec(), width, height).ok()?;
    let step = [0, 2, 4, 8][usize::from(about[2] % 4)];
    if step == 0 {
        return Some(plane);
    }
    // The last samples may reach over the picture's edges, and after a turn the first ones.
    let [left, upper] = [about[2] >> 2, about[2] >> 5].map(|over| usize::from(over) % step);
    let beyond = usize::from(about[3]) % step;
    let [across, down] = [width * step - left, height * step - upper].map(|side| (side - side.min(beyond)).max(1));
    let reduction = Reduction::from_bytes(plane.pixels(), Place { step, left, upper, width: across, height: down });
    match reduction {
        Ok(reduction) => Some(plane.reduced(reduction).expect("as many samples")),
        // A picture so small that it has fewer samples.
        Err(error) => {
            assert!(matches!(error, Error::Argument(_)));
            Some(plane)
        }
    }
}

/// A box inside the picture.
fn part<'a>(plane: &'a Plane, about: &[u8; ABOUT]) -> View<'a> {
    let view = plane.view();
    let [left, upper] = [(about[4], view.width()), (about[5], view.height())].map(|(at, side)| usize::from(at) % side);
    let right = left + 1 + usize::from(about[3]) % (view.width() - left);
    let lower = upper + 1 + usize::from(about[6]) % (view.height() - upper);
    view.crop(left, upper, right, lower).expect("a box inside")
}

fn hashes(view: View<'_>, about: &[u8; ABOUT]) -> Result<()> {
    let size = 2 + usize::from(about[6]) % 15;
    for median in [false, true] {
        assert_eq!(ahash::ahash(view, size, median)?.len(), size * size);
    }
    assert_eq!(dhash::dhash(view, size)?.len(), size * size);
    assert_eq!(dhash::dhash_vertical(view, size)?.len(), size * size);
    assert_eq!(phash::phash(view, size, 4)?.bits.len(), size * size);
    phash::phash_simple(view, size, 1 + usize::from(about[5]) % 4)?;
    let found = pdq::pdq(view)?;
    assert!(found.bits.len() == 256 && found.quality <= 100);
    for wavelet in [whash::Wavelet::Haar, whash::Wavelet::Db4] {
        for remove_lowest in [false, true] {
            let hash_size = 2 << (about[6] % 4);
            let image_scale = (about[5] % 3 == 0).then(|| hash_size << (about[5] % 5));
            let options = whash::Options { hash_size, image_scale, wavelet, remove_lowest };
            // Some scales fit no picture.
            let found = whash::whash(view, &options);
            assert!(found.is_ok() || image_scale.is_some() || wavelet == whash::Wavelet::Db4, "{options:?}");
        }
    }
    Ok(())
}

fn looks(view: View<'_>) {
    let values = thumb::values(view).expect("a view that exists");
    let look = Look::new(view, &values, None, (view.width(), view.height())).expect("a view that exists");
    check(&look.to_bytes()).expect("what was made is a look");
    let found = corners(view, 0.0).expect("a view that exists");
    let inside = |x: u32, y: u32| (x as usize) < view.width() && (y as usize) < view.height();
    assert!(found.iter().all(|corner| inside(corner.x, corner.y) && corner.strength > 0.0));
    let small = resample::within(view, (view.width(), view.height()), 64).expect("a side");
    assert!(small.width() <= 64 && small.height() <= 64);
}

/// Segments are boxes in the picture. It costs more than all the rest, and the size of the map hardly matters.
fn cut(view: View<'_>, settings: u8) {
    let limit = (settings & 1 == 1).then_some(usize::from(settings) % 4);
    let options = segments::Options {
        limit,
        threshold: f32::from(settings),
        min_size: f64::from(settings) / 4.0,
        image_size: 8 + usize::from(settings) % 40,
    };
    for found in segments::segment_boxes(view, &options).expect("sound settings") {
        assert!(found.left <= found.right && found.right <= view.width(), "{found:?}");
        assert!(found.upper <= found.lower && found.lower <= view.height(), "{found:?}");
    }
}

/// The same bytes as coloured pixels.
fn colours(about: &[u8; ABOUT], pixels: &[u8]) {
    let all = pixels.as_chunks::<4>().0;
    let width = 1 + usize::from(about[0]) % all.len().max(1);
    let rows = all.len() / width;
    if rows == 0 {
        return;
    }
    let rgbx = &all[..rows * width];
    let (mut counts, mut grey) = (Counts::default(), Vec::new());
    color::push_rgbx(Level::best(), rgbx.as_flattened(), &mut grey, Some(&mut counts));
    assert_eq!(grey.len(), rgbx.len());
    colorhash::colorhash(&counts, 1 + usize::from(about[6]) % 40).expect("sound settings");
    let mut collector = Collector::new(width, rows);
    let (one, two) = rgbx.split_at(rgbx.len() / 2 / width * width);
    [one, two].into_iter().for_each(|part| collector.push(Level::best(), part));
    let plane = Plane::new(grey, width, rows).expect("a grey value for each");
    let values = thumb::values(plane.view()).expect("a view that exists");
    let tint = collector.finish();
    let look = Look::new(plane.view(), &values, tint.as_ref(), (width, rows)).expect("a view that exists");
    check(&look.to_bytes()).expect("what was made is a look");
}
