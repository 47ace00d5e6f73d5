//! Answers in sentences that cite their sources.
//!
//! Reading order: [`context`] what fits into a prompt · [`citation`] which citations stay · [`answer`] the way from
//! a question to an answer that has begun · [`writing`] the way to its end.

pub mod answer;
pub mod citation;
pub mod context;
pub mod writing;
