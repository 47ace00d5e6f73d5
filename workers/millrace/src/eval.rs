//! Scoring of retrieval sets in BEIR's layout.
//!
//! [`beir`] reads a set · [`score`] is the measures · [`brute`] compares every pair.

pub mod beir;
pub mod brute;
pub mod score;
