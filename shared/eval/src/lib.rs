//! How well passages are found: retrieval sets in BEIR's layout, their measures, what a difference is worth, and whether a
//! model is better than another.
//!
//! Order of files: [`score`] the measures, [`compare`] which tells a drop from noise, [`overlap`] which tells how alike two
//! rankings are, [`gate`] which judges a candidate,
//! [`guard`] which makes a set small, [`random`] which draws, pure · [`brute`] compares every
//! pair, [`keyword`] ranks by words, [`proof`] measures two models for the gate, [`looks`] counts how often a golden set was
//! looked at: stages · [`beir`] reads a set, [`judged`] that of training data, [`finished`] the output of a training, [`opened`] a
//! model, [`kept`] keeps scores: the edge.

pub mod beir;
pub mod brute;
pub mod compare;
mod error;
pub mod finished;
pub mod gate;
pub mod guard;
pub mod judged;
pub mod kept;
pub mod keyword;
pub mod looks;
pub mod opened;
pub mod overlap;
pub mod proof;
pub mod random;
pub mod score;

pub use error::UnusableFile;
