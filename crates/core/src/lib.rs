//! Fingerprint kernels: from decoded pixels to bits.
//!
//! No Python, no files, no policy but one (`policy.rs`): the caller has decided everything else by the time it gets here.

pub mod color;
pub mod error;
pub mod exif;
pub mod formats;
pub mod hashes;
pub mod jpeg;
pub mod orient;
pub mod plane;
pub mod policy;
pub mod reduction;
pub mod resample;
pub mod simd;
pub mod watch;

pub use error::{Error, Result};
