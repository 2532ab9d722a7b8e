//! The formats that are decoded here besides JPEG: any bytes give a picture of the promised shape or an error.

#![no_main]

use heap::{open_on_panic, within};
use libfuzzer_sys::fuzz_target;
use lookalike_core::Error;
use lookalike_core::color::Wanted;
use lookalike_core::formats::decode;
use lookalike_core::watch::Watch;

const PIXELS: u64 = 1 << 20;
/// Several copies of the largest picture in 16 bits for each of four channels, and the tables of its compression.
const ALLOWANCE: usize = 96 << 20;

fuzz_target!(init: open_on_panic(), |bytes: &[u8]| {
    let watch = Watch::with_pixels(PIXELS);
    let picture = |color| within(ALLOWANCE, || decode(bytes, &watch, Wanted::counts(color)));
    match (picture(false), picture(true)) {
        (Ok(plain), Ok(colored)) => {
            assert_eq!([plain.grey.width(), plain.grey.height()], [plain.width, plain.height]);
            assert!(plain.width as u64 * plain.height as u64 <= PIXELS);
            assert!(plain.counts.is_none() && colored.counts.is_some());
            assert!(plain.grey == colored.grey, "grey differs with colour");
        }
        // Colours can be what is not decoded here.
        (Ok(_), Err(Error::Unsupported(_))) => {}
        (Ok(_), Err(error)) => panic!("grey decodes, colour does not: {error}"),
        (Err(_), colored) => assert!(colored.is_err(), "colour decodes, grey does not"),
    }
});
