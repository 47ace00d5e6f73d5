//! Words for search, made here so that both engines, the memory index and the questions agree on them.
//!
//! Pure. The stock builds of both engines have one analyzer for every language: it cuts Chinese into single characters
//! and stems nothing. So the terms of a passage are made here, are stored in a field that is cut at spaces alone, and a
//! question's terms are made by the same function.
//!
//! A change that gives a text other terms raises `sink::MAPPING_VERSION`: what is indexed then has to be indexed again.
//!
//! [`language`] tells a text's language · [`terms`] cuts a text into terms · [`line`] is them as they are indexed · [`asked`] as a
//! question has them.

mod language;
mod terms;

pub use language::language;
pub use terms::{Term, asked, is_character, line, terms};

/// The language of a text whose language cannot be told (ISO 639-2): its words are not stemmed.
pub const UNDETERMINED: &str = "und";
