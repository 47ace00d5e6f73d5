//! How well passages are found: retrieval sets in BEIR's layout, their measures, and what a difference is worth.
//!
//! Order of files: [`score`] the measures, [`compare`] which tells a drop from noise, and
//! [`overlap`] which tells how alike two rankings are, pure · [`brute`] compares every
//! pair · [`beir`] reads a set, [`kept`] keeps scores: the edge.

pub mod beir;
pub mod brute;
pub mod compare;
mod error;
pub mod kept;
pub mod overlap;
pub mod score;

pub use error::UnusableFile;
