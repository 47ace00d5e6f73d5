//! How well passages are found: retrieval sets in BEIR's layout, their measures, and what a difference is worth.
//!
//! Order of files: [`score`] the measures, and [`compare`] which tells a drop from noise, pure · [`brute`] compares every
//! pair · [`beir`] reads a set, [`kept`] keeps scores: the edge.

pub mod beir;
pub mod brute;
pub mod compare;
mod error;
pub mod kept;
pub mod score;

pub use error::UnusableFile;
