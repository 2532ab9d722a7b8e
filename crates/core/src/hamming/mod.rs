//! Exact search among packed codes by Hamming distance.
//!
//! The answer is always that of comparing the query with every code, and never depends on how it was found: by
//! looking at every code ([`scan`]), or by multi-index hashing ([`mih`]), whichever is estimated cheaper.

pub mod codes;
pub mod cost;
pub mod distance;
mod found;
pub mod join;
mod mih;
mod scan;
pub mod search;
pub mod stop;
pub mod view;

pub use codes::Codes;
pub use distance::Level;
pub use search::{Hits, Plan, Request, search};
pub use stop::Stop;
