//! The small grey picture of a look: what `phash` makes its transform of, in whole grey values.

use super::border::Inner;
use crate::error::Result;
use crate::plane::View;
use crate::resample;

/// Pixels along a side: those of `phash` at its usual size.
pub const SIDE: usize = 32;
/// All of them.
pub const PIXELS: usize = SIDE * SIDE;

/// The grey values of a whole picture, not rounded where its plane is a reduced one.
///
/// # Errors
/// Never, for a view that exists.
pub fn values(view: View<'_>) -> Result<Vec<f64>> {
    resample::brightness(view, SIDE, SIDE)
}

/// The same of the part of the picture that lies inside a box.
///
/// # Errors
/// Never, for a box with something inside.
pub fn inner_values(view: View<'_>, inner: &Inner) -> Result<Vec<f64>> {
    let place = view.reduction().map(crate::reduction::Reduction::place);
    let (width, height) = place.map_or((view.width(), view.height()), |place| (place.width, place.height));
    let (left, right) = edges(inner.left, inner.right, width);
    let (upper, lower) = edges(inner.upper, inner.lower, height);
    match view.reduction() {
        Some(whole) => resample::reduced_brightness(&whole.crop(left, upper, right, lower)?, SIDE, SIDE),
        None => values(view.crop(left, upper, right, lower)?),
    }
}

/// Shares of a side as pixels, at least one of them.
fn edges(from: f32, to: f32, side: usize) -> (usize, usize) {
    let pixel = |share: f32| (share.clamp(0.0, 1.0) * side as f32).round() as usize;
    let first = pixel(from).min(side - 1);
    (first, pixel(to).clamp(first + 1, side))
}

/// Grey values as bytes; the same as those of [`resample::resize`].
pub fn bytes(values: &[f64]) -> [u8; PIXELS] {
    std::array::from_fn(|n| (values[n] + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;
    use crate::reduction::{Place, Reduction};

    fn light(x: usize, y: usize) -> f64 {
        128.0 + 60.0 * (x as f64 / 31.0).sin() + 50.0 * (y as f64 / 23.0).cos()
    }

    fn whole(width: usize, height: usize) -> Plane {
        let pixels = (0..width * height).map(|n| light(n % width, n / width).round() as u8).collect();
        Plane::new(pixels, width, height).unwrap()
    }

    /// The same picture as means of blocks of 8 x 8 pixels.
    fn reduced(width: usize, height: usize) -> Plane {
        let (columns, rows) = (width.div_ceil(8), height.div_ceil(8));
        let mean = |n: usize| {
            let (x, y) = (n % columns * 8, n / columns * 8);
            (0..64).map(|p| light(x + p % 8, y + p / 8)).sum::<f64>() / 8.0
        };
        let eighths: Vec<i16> = (0..columns * rows).map(|n| mean(n).round() as i16).collect();
        let place = Place { step: 8, left: 0, upper: 0, width, height };
        let bytes = eighths.iter().map(|&eighths| (eighths >> 3) as u8).collect();
        Plane::new(bytes, columns, rows).unwrap().reduced(Reduction::new(&eighths, place).unwrap()).unwrap()
    }

    #[test]
    fn bytes_are_those_of_resampling() {
        for plane in [whole(403, 302), reduced(403, 302), whole(32, 32), whole(5, 7)] {
            let expected = resample::resize(plane.view(), SIDE, SIDE).unwrap();
            assert_eq!(bytes(&values(plane.view()).unwrap()), expected.pixels());
        }
    }

    #[test]
    fn the_inner_picture_is_that_of_the_pixels_inside() {
        let inner = Inner { left: 0.1, upper: 0.123, right: 0.95, lower: 0.8 };
        let (full, coarse) = (whole(403, 302), reduced(403, 302));
        let part = full.view().crop(40, 37, 383, 242).unwrap();
        let expected = values(part).unwrap();
        assert_eq!(inner_values(full.view(), &inner).unwrap(), expected);
        let found = inner_values(coarse.view(), &inner).unwrap();
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 3.0, "{worst}");
    }

    #[test]
    fn a_box_has_at_least_a_pixel() {
        assert_eq!(edges(0.999, 1.0, 10), (9, 10));
        assert_eq!(edges(0.0, 0.01, 10), (0, 1));
        assert_eq!(edges(0.5, 0.5, 3), (2, 3));
        assert_eq!(edges(-1.0, 2.0, 3), (0, 3));
    }
}
