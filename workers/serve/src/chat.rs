//! Answers in sentences that cite their sources.
//!
//! Reading order: [`context`] what fits into a prompt · [`citation`] which citations stay · [`answer`] the whole way
//! from a question to an answer.

pub mod answer;
pub mod citation;
pub mod context;
