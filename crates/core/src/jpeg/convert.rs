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
    // By far the most usual case, and faster without looking each one up.
    let doubled = columns.each_ref().map(|columns| columns.iter().enumerate().all(|(x, &at)| at == x / 2));
    let mut wide = [vec![0; luma.width()], vec![0; luma.width()]];
    let mut counter = Counter::new(level, counts);
    for y in 0..luma.height() {
        for i in 0..2 {
            let same_as_above = y > 0 && rows[i][y] == rows[i][y - 1];
            if !same_as_above {
                widen(chroma[i].view().row(rows[i][y]), &columns[i], doubled[i], &mut wide[i]);
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

/// Repeats colour samples for the luma samples beside them.
fn widen(row: &[u8], columns: &[usize], doubled: bool, out: &mut [u8]) {
    if !doubled {
        return out.iter_mut().zip(columns).for_each(|(out, &x)| *out = row[x]);
    }
    let (pairs, last) = out.as_chunks_mut::<2>();
    pairs.iter_mut().zip(row).for_each(|(pair, &value)| *pair = [value; 2]);
    last.iter_mut().for_each(|out| *out = row[row.len() - 1]);
}

/// For each luma sample along a side of `pixels`, the colour sample that its centre falls in: luma has
/// `samples` a block of the picture, colour one for each of its own.
fn nearest(pixels: usize, samples: usize, luma: usize, chroma: usize) -> Vec<usize> {
    let (part, whole) = sampling(pixels, chroma);
    (0..luma).map(|x| ((2 * x + 1) * part / (2 * samples * whole)).min(chroma - 1)).collect()
}

/// The sampling factors that give `blocks` blocks along `pixels` pixels; the most usual ones where several do,
/// as in the smallest pictures.
pub(super) fn sampling(pixels: usize, blocks: usize) -> (usize, usize) {
    let usual = [(1, 1), (1, 2), (1, 4), (1, 3), (2, 3), (3, 4)];
    let fits = |&(part, whole): &(usize, usize)| (pixels * part).div_ceil(whole).div_ceil(8) == blocks;
    usual.into_iter().find(fits).unwrap_or((8 * blocks, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::testing::{Noise, checksum};
    use crate::jpeg::{Header, Scale};

    fn picture(color: Color, scale: Scale, size: (usize, usize), planes: Vec<Plane>) -> Picture {
        let header = Header {
            width: size.0,
            height: size.1,
            components: planes.len(),
            color,
            progressive: false,
            orientation: 1,
        };
        Picture { header, scale, planes, eighths: None, missing: 0.0, truncated: false }
    }

    fn noise_plane(noise: &mut Noise, width: usize, height: usize) -> Plane {
        Plane::new((0..width * height).map(|_| noise.below(256) as u8).collect(), width, height).unwrap()
    }

    /// All combinations of 16 values of three components, and a fourth.
    fn lattice() -> [Vec<u8>; 4] {
        let value = |i: usize, digit: u32| (i / 16usize.pow(digit) % 16 * 17) as u8;
        let black = (0..4096).map(|i| (i * 37 % 256) as u8).collect();
        let [first, second, third] = [2, 1, 0].map(|digit| (0..4096).map(|i| value(i, digit)).collect());
        [first, second, third, black]
    }

    /// The sums are of what libjpeg-turbo 3.1.4 in Pillow 12.3 makes of files with one flat block for each
    /// pixel of the lattice, at scale 1/8: as RGB, CMYK, and that converted to RGB and on to L; and of the
    /// same components as red, green and blue to L.
    #[test]
    fn colors_are_those_of_libjpeg_turbo_and_pillow() {
        let bytes = |strip: &[[u8; 4]]| checksum(strip.iter().flat_map(|p| p[..3].iter().copied()));
        let [mut y, mut cb, mut cr, k] = lattice();
        let mut strip = vec![[0; 4]; 4096];
        ycc_to_rgbx([&y, &cb, &cr], &mut strip);
        assert_eq!(bytes(&strip), 0xdcfe_12cc_609e_12b3);
        assert_eq!(checksum(rgb_to_grey([&y, &cb, &cr])), 0x2054_398a_b911_6539);
        ycck_to_cmyk([&mut y, &mut cb, &mut cr]);
        let inks = [&y[..], &cb, &cr, &k];
        assert_eq!(checksum((0..4096).flat_map(|i| inks.map(|ink| ink[i]))), 0xf84f_2796_85eb_9df1);
        cmyk_to_rgbx(inks, &mut strip);
        assert_eq!(bytes(&strip), 0x1086_5ed6_b4dc_3a07);
        assert_eq!(checksum(cmyk_to_grey(inks)), 0x7423_5a85_c497_bc57);
    }

    #[test]
    fn shares_of_255_are_rounded_quotients() {
        for (a, b) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
            let exact = (2 * u32::from(a) * u32::from(b) + 255) / 510;
            assert_eq!(u32::from(share_of_255(a, b)), exact);
        }
    }

    #[test]
    fn grey_is_the_first_plane_or_computed() {
        let mut noise = Noise(3);
        let planes: Vec<_> = (0..4).map(|_| noise_plane(&mut noise, 101, 99)).collect();
        let of = |color, n: usize| picture(color, Scale::Full, (101, 99), planes[..n].to_vec());
        assert_eq!(*of(Color::YCbCr, 3).grey(), planes[0]);
        assert_eq!(*of(Color::Rgb, 1).grey(), planes[0]);
        let [r, g, b] = [0, 1, 2].map(|i| planes[i].pixels());
        assert_eq!(of(Color::Rgb, 3).grey().pixels(), rgb_to_grey([r, g, b]));
        assert_eq!(of(Color::Cmyk, 4).grey().pixels(), cmyk_to_grey([r, g, b, planes[3].pixels()]));
    }

    /// Colours pixel by pixel, with the colour sample that a pixel's centre falls in.
    #[test]
    fn coarse_colors_are_those_of_the_nearest_samples() {
        let mut noise = Noise(4);
        for (width, height) in [(1, 1), (7, 9), (64, 48), (500, 375), (333, 17)] {
            for (scale, (part, whole)) in
                [Scale::Eighth, Scale::Quarter, Scale::Full].into_iter().flat_map(|s| [(s, (1, 1)), (s, (1, 2))])
            {
                let s = scale.samples();
                let side = |pixels: usize| (pixels * part).div_ceil(whole).div_ceil(8);
                let luma = noise_plane(&mut noise, (width * s).div_ceil(8), (height * s).div_ceil(8));
                let [cb, cr] = [(); 2].map(|()| noise_plane(&mut noise, side(width), side(height)));
                let mut strip = Vec::new();
                for (y, x) in (0..luma.height()).flat_map(|y| (0..luma.width()).map(move |x| (y, x))) {
                    let at =
                        |i: usize, n: usize| ((i as f64 + 0.5) / s as f64 * part as f64 / whole as f64) as usize % n;
                    let color = |plane: &Plane| plane.view().row(at(y, plane.height()))[at(x, plane.width())];
                    let [r, g, b] = rgb(luma.view().row(y)[x], color(&cb), color(&cr));
                    strip.extend([r, g, b, 0]);
                }
                let mut expected = Counts::default();
                color::push_rgbx(Level::Portable, &strip, &mut Vec::new(), Some(&mut expected));
                let found = picture(Color::YCbCr, scale, (width, height), vec![luma, cb, cr]).count_colors();
                assert_eq!(found, expected, "{width} x {height} {scale:?} {part}/{whole}");
            }
        }
    }

    #[test]
    fn exact_colors_are_counted_whatever_the_length_of_rows() {
        let mut noise = Noise(6);
        for (width, height) in [(1, 3), (300, 200), (9000, 2)] {
            let planes: Vec<_> = (0..4).map(|_| noise_plane(&mut noise, width, height)).collect();
            for (color, n) in [(Color::Grey, 1), (Color::YCbCr, 3), (Color::Rgb, 3), (Color::Cmyk, 4), (Color::Ycck, 4)]
            {
                let counts = picture(color, Scale::Full, (width, height), planes[..n].to_vec()).count_colors();
                let pixel = |i: usize| [0, 1, 2, 3].map(|p| planes[p].pixels()[i]);
                let mut strip = vec![[0; 4]; width * height];
                for (i, out) in strip.chunks_mut(1).enumerate() {
                    let [a, b, c, d] = pixel(i);
                    match color {
                        Color::Grey => rgb_to_rgbx([&[a], &[a], &[a]], out),
                        Color::YCbCr => ycc_to_rgbx([&[a], &[b], &[c]], out),
                        Color::Rgb => rgb_to_rgbx([&[a], &[b], &[c]], out),
                        Color::Cmyk | Color::Ycck => cmyk_to_rgbx([&[a], &[b], &[c], &[d]], out),
                    }
                }
                let mut expected = Counts::default();
                color::push_rgbx(Level::Portable, strip.as_flattened(), &mut Vec::new(), Some(&mut expected));
                assert_eq!(counts, expected, "{color:?}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "expected all components of YCbCr, got 1")]
    fn colors_that_were_not_decoded_are_not_counted() {
        let plane = Plane::new(vec![0], 1, 1).unwrap();
        picture(Color::YCbCr, Scale::Full, (1, 1), vec![plane]).count_colors();
    }
}
