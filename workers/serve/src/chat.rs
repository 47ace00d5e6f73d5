//! Answers in sentences that cite their sources.
//!
//! Reading order: [`context`] what fits into a prompt, with its `section` · [`citation`] which citations stay · [`answer`] the way from
//! a question to an answer that has begun ([`follow_up`] and [`condense`]: what is searched within a conversation) ·
//! `writer` who writes it, from a `masked` prompt where that is wanted, [`writing`] the way to its end.

pub mod answer;
pub mod citation;
mod condense;
pub mod context;
pub mod follow_up;
mod masked;
mod section;
mod writer;
pub mod writing;
