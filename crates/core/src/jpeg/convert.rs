//! From the components of a picture to grey and to colours.
//!
//! The arithmetic is libjpeg-turbo's (`jdcolor.c`) up to its JCS_GRAYSCALE, JCS_RGB and JCS_CMYK, and from
//! inks on Pillow's (`convert("RGB")`, then `convert("L")`). Pillow takes the inks of every JPEG file as
//! inverted, with an Adobe marker or without. The shares of colours in grey are the same in both libraries,
//! and are in `color.rs`.
//!
//! Everything goes by strips of four bytes a pixel (red, green, blue, ignored), which `color.rs` takes.

use std::borrow::Cow;

use super::{Color, Picture};
use crate::color::{self, Counts};
use crate::plane::Plane;
use crate::simd::{self, Level};

/// Pixels of a strip before it is counted: rows may be short, and counting has a cost by the strip.
const STRIP: usize = 8192;

impl Picture {
    /// The grey picture: what libjpeg-turbo gives as JCS_GRAYSCALE, or what Pillow makes of inks.
    pub fn grey(&self) -> Cow<'_, Plane> {
        let pixels = match (self.header.color, self.planes.as_slice()) {
            (Color::Rgb, [r, g, b]) => rgb_to_grey([r, g, b].map(Plane::pixels)),
            (Color::Cmyk | Color::Ycck, [c, m, y, k]) => cmyk_to_grey([c, m, y, k].map(Plane::pixels)),
            _ => return Cow::Borrowed(&self.planes[0]),
        };
        let (width, height) = (self.planes[0].width(), self.planes[0].height());
        Cow::Owned(Plane::new(pixels, width, height).expect("a grey value for each pixel"))
    }

    /// The colours, counted at the grid of the first plane.
    ///
    /// # Panics
    /// If the file has colours and the picture was decoded without them.
    pub fn count_colors(&self) -> Counts {
        let mut counts = Counts::default();
        let level = Level::best();
        match (self.header.color, self.planes.as_slice()) {
            (Color::Grey, [grey]) => color::count_grey(grey.pixels(), &mut counts),
            (Color::YCbCr, [luma, cb, cr]) => count_ycc(level, self, luma, [cb, cr], &mut counts),
            (Color::Rgb, [r, g, b]) => count_rows(level, [r, g, b], rgb_to_rgbx, &mut counts),
            (Color::Cmyk | Color::Ycck, [c, m, y, k]) => count_rows(level, [c, m, y, k], cmyk_to_rgbx, &mut counts),
            (color, planes) => panic!("expected all components of {color:?}, got {}", planes.len()),
        }
        counts
    }
}

/// Grey values of three planes.
pub fn rgb_to_grey(planes: [&[u8]; 3]) -> Vec<u8> {
    grey_of(planes, rgb_to_rgbx)
}

/// Grey values of four planes of inverted inks.
pub fn cmyk_to_grey(planes: [&[u8]; 4]) -> Vec<u8> {
    grey_of(planes, cmyk_to_rgbx)
}

fn grey_of<const N: usize>(planes: [&[u8]; N], convert: impl Fn([&[u8]; N], &mut [[u8; 4]]) + Copy) -> Vec<u8> {
    let level = Level::best();
    let length = planes[0].len();
    let mut grey = Vec::with_capacity(length);
    let mut strip = vec![[0; 4]; STRIP.min(length)];
    for from in (0..length).step_by(STRIP) {
        let part = planes.map(|plane| &plane[from..length.min(from + STRIP)]);
        let strip = &mut strip[..part[0].len()];
        simd::run(
            level,
            #[inline(always)]
            || convert(part, strip),
        );
        color::push_rgbx(level, strip.as_flattened(), &mut grey, None);
    }
    grey
}

/// Pixels of a file of red, green and blue.
#[inline(always)]
pub fn rgb_to_rgbx([r, g, b]: [&[u8]; 3], out: &mut [[u8; 4]]) {
    for (out, ((&r, &g), &b)) in out.iter_mut().zip(r.iter().zip(g).zip(b)) {
        *out = [r, g, b, 0];
    }
}

/// Pixels of luma and two colour differences.
#[inline(always)]
pub fn ycc_to_rgbx([y, cb, cr]: [&[u8]; 3], out: &mut [[u8; 4]]) {
    for (out, ((&y, &cb), &cr)) in out.iter_mut().zip(y.iter().zip(cb).zip(cr)) {
        let [r, g, b] = rgb(y, cb, cr);
        *out = [r, g, b, 0];
    }
}

/// Turns luma and colour differences into three inks, in place; black stays as it is.
pub fn ycck_to_cmyk([y, cb, cr]: [&mut [u8]; 3]) {
    simd::run(
        Level::best(),
        #[inline(always)]
        || {
            for ((y, cb), cr) in y.iter_mut().zip(cb).zip(cr) {
                [*y, *cb, *cr] = rgb(*y, *cb, *cr).map(|value| 255 - value);
            }
        },
    );
}

/// Pixels of inverted inks: no ink is 255.
#[inline(always)]
pub fn cmyk_to_rgbx([c, m, y, k]: [&[u8]; 4], out: &mut [[u8; 4]]) {
    for (out, ((&c, &m), (&y, &k))) in out.iter_mut().zip(c.iter().zip(m).zip(y.iter().zip(k))) {
        let [r, g, b] = [c, m, y].map(|ink| k - share_of_255(255 - ink, k));
        *out = [r, g, b, 0];
    }
}

/// `a b / 255`, rounded: never above `a` or `b`.
#[inline(always)]
fn share_of_255(a: u8, b: u8) -> u8 {
    let product = u16::from(a) * u16::from(b) + 128;
    (((product >> 8) + product) >> 8) as u8
}

/// In 16 fractional bits. The products of red and blue are rounded by themselves, those of green as a sum.
#[inline(always)]
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let r = y + ((91881 * cr + HALF) >> 16);
    let g = y + ((-22554 * cb - 46802 * cr + HALF) >> 16);
    let b = y + ((116130 * cb + HALF) >> 16);
    [r, g, b].map(|value| value.clamp(0, 255) as u8)
}

/// Collects pixels until there are enough to be counted at once.
struct Counter<'a> {
    level: Level,
    strip: Vec<[u8; 4]>,
    grey: Vec<u8>,
    counts: &'a mut Counts,
}

impl<'a> Counter<'a> {
    fn new(level: Level, counts: &'a mut Counts) -> Self {
        Counter { level, strip: Vec::with_capacity(2 * STRIP), grey: Vec::with_capacity(2 * STRIP), counts }
    }

    /// Adds `length` pixels, which `convert` writes.
    #[inline(always)]
    fn add(&mut self, length: usize, convert: impl FnOnce(&mut [[u8; 4]])) {
        let start = self.strip.len();
        self.strip.resize(start + length, [0; 4]);
        let place = &mut self.strip[start..];
        simd::run(
            self.level,
            #[inline(always)]
            || convert(place),
        );
        if self.strip.len() >= STRIP {
            self.count();
        }
    }

    fn count(&mut self) {
        self.grey.clear();
        color::push_rgbx(self.level, self.strip.as_flattened(), &mut self.grey, Some(self.counts));
        self.strip.clear();
    }
}

fn count_rows<const N: usize>(
    level: Level,
    planes: [&Plane; N],
    convert: impl Fn([&[u8]; N], &mut [[u8; 4]]) + Copy,
    counts: &mut Counts,
) {
    let mut counter = Counter::new(level, counts);
    for y in 0..planes[0].height() {
        let rows = planes.map(|plane| plane.view().row(y));
        counter.add(
            rows[0].len(),
            #[inline(always)]
            |strip| convert(rows, strip),
        );
    }
    counter.count();
}

/// Counts with colour differences at the grid of luma, or at one sample for each of their own blocks.
fn count_ycc(level: Level, picture: &Picture, luma: &Plane, chroma: [&Plane; 2], counts: &mut Counts) {
    if chroma.iter().all(|plane| (plane.width(), plane.height()) == (luma.width(), luma.height())) {
        return count_rows(level, [luma, chroma[0], chroma[1]], ycc_to_rgbx, counts);
    }
    let (header, samples) = (&picture.header, picture.scale.samples());
    let columns = chroma.map(|plane| nearest(header.width, samples, luma.width(), plane.width()));
    let rows = chroma.map(|plane| nearest(header.height, samples, luma.height(), plane.height()));
    let mut wide = [vec![0; luma.width()], vec![0; luma.width()]];
    let mut counter = Counter::new(level, counts);
    for y in 0..luma.height() {
        for i in 0..2 {
            let same_as_above = y > 0 && rows[i][y] == rows[i][y - 1];
            if !same_as_above {
                let row = chroma[i].view().row(rows[i][y]);
                wide[i].iter_mut().zip(&columns[i]).for_each(|(out, &x)| *out = row[x]);
            }
        }
        let parts = [luma.view().row(y), &wide[0], &wide[1]];
        counter.add(
            luma.width(),
            #[inline(always)]
            |strip| ycc_to_rgbx(parts, strip),
        );
    }
    counter.count();
}

/// For each luma sample along a side of `pixels`, the colour sample that its centre falls in: luma has
/// `samples` a block of the picture, colour one for each of its own.
fn nearest(pixels: usize, samples: usize, luma: usize, chroma: usize) -> Vec<usize> {
    let (part, whole) = sampling(pixels, chroma);
    (0..luma).map(|x| ((2 * x + 1) * part / (2 * samples * whole)).min(chroma - 1)).collect()
}

/// The sampling factors that give `blocks` blocks along `pixels` pixels; the most usual ones where several do,
/// as in the smallest pictures.
fn sampling(pixels: usize, blocks: usize) -> (usize, usize) {
    let usual = [(1, 1), (1, 2), (1, 4), (1, 3), (2, 3), (3, 4)];
    let fits = |&(part, whole): &(usize, usize)| (pixels * part).div_ceil(whole).div_ceil(8) == blocks;
    usual.into_iter().find(fits).unwrap_or((8 * blocks, pixels))
}
