//! The JPEG reader by itself, for its tests: what pictures are hashed from goes another way.

use lookalike_core::jpeg::{self, Chroma, Color, Header, Picture, Scale};
use lookalike_core::watch::Watch;
use lookalike_core::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::to_python;

type Facts = (usize, usize, usize, &'static str, bool, u8);
type Bytes<'py> = (Bound<'py, PyBytes>, usize, usize);

/// Decodes a JPEG file; see `_core.pyi`.
#[pyfunction]
pub fn decode_jpeg<'py>(
    py: Python<'py>,
    data: &[u8],
    scale: usize,
    chroma: &str,
    pixels: u64,
) -> PyResult<(Facts, Vec<Bytes<'py>>, f32, bool)> {
    let picture = py.detach(|| decode(data, scale, chroma, pixels)).map_err(to_python)?;
    let planes = picture.planes.iter().map(|plane| (PyBytes::new(py, plane.pixels()), plane.width(), plane.height()));
    Ok((facts(&picture.header), planes.collect(), picture.missing, picture.truncated))
}

fn decode(data: &[u8], scale: usize, chroma: &str, pixels: u64) -> Result<Picture> {
    let scale = match scale {
        1 => Scale::Eighth,
        2 => Scale::Quarter,
        4 => Scale::Half,
        8 => Scale::Full,
        other => return Err(Error::Argument(format!("expected 1, 2, 4 or 8 samples a block, got {other}"))),
    };
    let chroma = match chroma {
        "none" => Chroma::None,
        "coarse" => Chroma::Coarse,
        "exact" => Chroma::Exact,
        other => return Err(Error::Argument(format!("expected none, coarse or exact chroma, got {other}"))),
    };
    let mut picture = jpeg::decode(data, scale, chroma, &Watch::with_pixels(pixels))?;
    if chroma == Chroma::None && picture.header.color == Color::Rgb {
        picture.planes = vec![picture.grey().into_owned()];
    }
    Ok(picture)
}

fn facts(header: &Header) -> Facts {
    let color = match header.color {
        Color::Grey => "grey",
        Color::YCbCr => "ycbcr",
        Color::Rgb => "rgb",
        Color::Cmyk => "cmyk",
        Color::Ycck => "ycck",
    };
    (header.width, header.height, header.components, color, header.progressive, header.orientation)
}
