//! The border between Python and the core: registration only.

mod confirm;
mod convert;
mod corners;
mod digest;
mod formats;
mod hamming;
mod join;
mod jpeg;
mod keypoint;
mod look;
mod planes;
mod pool;

use pyo3::prelude::*;

/// Kernels of the package; its stub and documentation are in `_core.pyi`.
#[pymodule]
mod _core {
    #[pymodule_export]
    use super::confirm::{confirm, confirm_features};
    #[pymodule_export]
    use super::corners::corners;
    #[pymodule_export]
    use super::digest::Digest;
    #[pymodule_export]
    use super::formats::decode_other;
    #[pymodule_export]
    use super::hamming::{Index, IndexBuilder, hamming_levels};
    #[pymodule_export]
    use super::join::{Joined, cross_join_codes, join_codes};
    #[pymodule_export]
    use super::jpeg::decode_jpeg;
    #[pymodule_export]
    use super::keypoint::{KeypointBuilder, Keypoints, check_keypoints, match_keypoints};
    #[pymodule_export]
    use super::look::{check_look, look_codes, turn_look};
    #[pymodule_export]
    use super::planes::Planes;
    #[pymodule_export]
    use super::pool::{Gate, Job, Pool};
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("DEBUG_BUILD", cfg!(debug_assertions))
    }
}
