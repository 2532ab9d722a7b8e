//! The coarse colours of a decoded picture.

use super::convert::{cmyk_to_rgbx, rgb_to_rgbx, sampling};
use super::{Color, Picture};
use crate::look::colour::{Channel, Collector, Tint};
use crate::plane::Plane;
use crate::simd::Level;

impl Picture {
    /// The colours in coarse samples, not turned; `None` if the file has none, or if they were not decoded.
    pub fn tint(&self) -> Option<Tint> {
        match (self.header.color, self.planes.as_slice()) {
            (Color::YCbCr, [_, cb, cr]) => Some(Tint { channels: [cb, cr].map(|plane| self.channel(plane)) }),
            (Color::Rgb, [r, g, b]) => self.collected([r, g, b], rgb_to_rgbx),
            (Color::Cmyk | Color::Ycck, [c, m, y, k]) => self.collected([c, m, y, k], cmyk_to_rgbx),
            _ => None,
        }
    }

    /// A plane of samples for each of their own blocks, or at the scale of the picture.
    fn channel(&self, plane: &Plane) -> Channel {
        let Picture { header, scale, planes, .. } = self;
        let is_as_luma = (plane.width(), plane.height()) == (planes[0].width(), planes[0].height());
        let samples = |pixels: usize, side: usize| {
            if is_as_luma {
                return (pixels * scale.samples()) as f32 / 8.0;
            }
            let (part, whole) = sampling(pixels, side);
            (pixels * part) as f32 / (8 * whole) as f32
        };
        let (width, height) = (samples(header.width, plane.width()), samples(header.height, plane.height()));
        Channel::new(plane.pixels().to_vec(), plane.width(), width, height)
    }

    fn collected<const N: usize>(
        &self,
        planes: [&Plane; N],
        convert: impl Fn([&[u8]; N], &mut [[u8; 4]]),
    ) -> Option<Tint> {
        let (width, height) = (planes[0].width(), planes[0].height());
        let mut colours = Collector::new(width, height);
        let mut strip = vec![[0; 4]; width];
        for y in 0..height {
            convert(planes.map(|plane| plane.view().row(y)), &mut strip);
            colours.push(Level::best(), &strip);
        }
        let samples = |pixels: usize| (pixels * self.scale.samples()) as f32 / 8.0;
        colours.finish_reduced(samples(self.header.width), samples(self.header.height))
    }
}
