//! Scoring of retrieval sets in BEIR's layout.
//!
//! [`beir`] reads a set · [`score`] is the measures · [`brute`] compares every pair · [`compare`] tells a drop from
//! noise · [`kept`] keeps scores.

pub mod beir;
pub mod brute;
pub mod compare;
pub mod kept;
pub mod score;
