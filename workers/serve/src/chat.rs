//! Answers in sentences that say where they come from.
//!
//! Order of files: [`context`] what a model is given · [`citation`] what of its answer stays · [`answer`] the way from a
//! question to an answer.

pub mod answer;
pub mod citation;
pub mod context;
