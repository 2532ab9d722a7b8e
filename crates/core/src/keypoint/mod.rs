//! Keypoints: oriented, scaled binary features of a picture, matched with geometry and found among many pictures.
//!
//! They come as a blob of bytes, see [`blob`]. [`pair`] compares two pictures: which keypoints are the same, and by
//! which map of one picture onto the other. Everything is deterministic: no random samples, no fused arithmetic, and
//! sines from one source.

pub mod blob;
mod figures;
mod fit;
mod hypothesis;
pub mod index;
mod map;
pub mod pair;
mod tentative;
pub mod words;

pub use blob::Blob;
pub use pair::{Pair, Tuning, match_pair};
