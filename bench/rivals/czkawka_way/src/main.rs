//! A rival's process: each line of the input names a file; its answer is a line of JSON, as `worker.py` gives it.
//!
//! As czkawka 12 hashes by default: gradient, 16 x 16 bits, Lanczos3, of the picture as it is shown.

use std::io::{self, BufRead, Write};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};
use image_hasher::{FilterType, HashAlg, HasherConfig};
use rustix::time::{ClockId, clock_gettime};

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let path = line?;
        let start = processor_seconds();
        let answer = match hash(Path::new(&path)) {
            Ok(hex) => format!(r#"{{"codes": {{"gradient": "{hex}"}}"#),
            Err(error) => format!(r#"{{"error": "{}""#, error.to_string().replace(['"', '\\'], "'")),
        };
        let seconds = processor_seconds() - start;
        writeln!(output, r#"{answer}, "seconds": {seconds}}}"#)?;
        output.flush()?;
    }
    Ok(())
}

fn hash(path: &Path) -> image::ImageResult<String> {
    let picture = decode(path)?;
    let hasher = HasherConfig::new()
        .hash_size(16, 16)
        .hash_alg(HashAlg::Gradient)
        .resize_filter(FilterType::Lanczos3)
        .to_hasher();
    let code = hasher.hash_image(&picture);
    Ok(code.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn decode(path: &Path) -> image::ImageResult<DynamicImage> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Of all threads of this process.
fn processor_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}
