//! Words for search, made here so that both engines, the memory index and the questions agree on them.
//!
//! Pure. The stock builds of both engines have one analyzer for every language: it cuts Chinese into single characters
//! and stems nothing. So the terms of a passage are made here and stored in a field that the engines split at spaces
//! only, and the same function makes the terms of a question.
//!
//! Raise `sink::MAPPING_VERSION` with any change that gives some text other terms: everything must be indexed again.
//!
//! [`language`] detects a text's language · [`terms`] cuts a text into terms · [`line`] joins them for the index ·
//! [`asked`] gives those of a question · [`opening`] is the beginning of a passage.

mod language;
mod opening;
mod terms;

pub use language::language;
pub use opening::opening;
pub use terms::{Term, asked, is_character, line, terms};

/// Stands for a language that cannot be detected (ISO 639-2); its words are not stemmed.
pub const UNDETERMINED: &str = "und";
