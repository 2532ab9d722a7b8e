//! Fingerprint kernels: from decoded pixels to bits.
//!
//! No Python, no files, no policy but one (`policy.rs`): the caller has decided everything else by the time it gets here.

pub mod batch;
pub mod color;
pub mod corners;
mod declared;
pub mod decode;
pub mod digest;
pub mod error;
pub mod exif;
pub mod files;
pub mod fingerprint;
pub mod formats;
pub mod gate;
pub mod hamming;
pub mod hashes;
pub mod job;
pub mod jpeg;
mod kept;
pub mod keypoint;
pub mod look;
pub mod orient;
pub mod plane;
pub mod policy;
pub mod reduction;
pub mod resample;
pub mod segment;
pub mod simd;
pub mod watch;

pub use error::{Error, Result};
