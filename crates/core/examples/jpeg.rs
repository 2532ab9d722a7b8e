//! The JPEG reader by itself, for a profiler: decodes files from memory, so many times each.
//!
//! ```text
//! cargo build --release --example jpeg -p lookalike-core --config 'profile.release.strip="none"'
//! target/release/examples/jpeg 20 1 photo.jpg                         # median milliseconds
//! perf stat target/release/examples/jpeg 200 1 photo.jpg
//! valgrind --tool=callgrind target/release/examples/jpeg 1 1 photo.jpg   # instructions, which repeat exactly
//! ```
//!
//! The second number is the scale: samples along a side of a block, 1, 2, 4 or 8.

use std::hint::black_box;
use std::time::Instant;

use lookalike_core::jpeg::{Chroma, Scale, decode};
use lookalike_core::watch::Watch;

const MOST_PIXELS: u64 = 1_000_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, samples, files @ ..] = &arguments[..] else {
        return Err("expected ROUNDS SCALE FILE...".into());
    };
    let rounds: usize = rounds.parse()?;
    let scale = match samples.as_str() {
        "1" => Scale::Eighth,
        "2" => Scale::Quarter,
        "4" => Scale::Half,
        "8" => Scale::Full,
        other => return Err(format!("expected a scale of 1, 2, 4 or 8 samples a block, got {other}").into()),
    };
    for file in files {
        let bytes = std::fs::read(file)?;
        let picture = decode(&bytes, scale, Chroma::Coarse, &Watch::with_pixels(MOST_PIXELS))?;
        let size = (picture.planes[0].width(), picture.planes[0].height());
        let took = median_milliseconds(rounds, || {
            black_box(decode(black_box(&bytes), scale, Chroma::Coarse, &Watch::with_pixels(MOST_PIXELS)).is_ok());
        });
        println!("{took:.3} ms, {} x {} samples of {} bytes: {file}", size.0, size.1, bytes.len());
    }
    Ok(())
}

fn median_milliseconds(rounds: usize, mut job: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let start = Instant::now();
            job();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
