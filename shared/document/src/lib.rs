//! Documents: bytes to structured text, and text to chunks.
//!
//! [`extract`] recognises the format and extracts the text that a person would read, with its headings and blocks;
//! [`Splitter`] cuts that text into passages that fit a model. Pure: no I/O and no clock, and the same result for the
//! same input on every machine. Nothing is silently truncated: an unreadable document is a [`Refusal`], one that
//! cannot be cut an [`Unsplittable`].

mod bounded;
mod composer;
mod encoding;
mod extracted;
mod fingerprint;
mod format;
mod language;
mod line;
mod ocr;
mod refusal;
mod source;
mod split;

pub use bounded::{LONGEST_WORDS, shortened};
pub use extracted::{Block, BlockKind, Extracted, HeadingPath};
pub use fingerprint::{EXTRACTOR_VERSION, SPLITTER_VERSION, chunking_fingerprint};
pub use format::{Format, extract, extract_within, formats};
pub use ocr::Recogniser;
pub use refusal::Refusal;
pub use source::{Bounds, Source};
pub use split::{InvalidLimits, Limits, Split, Splitter, Tokens, Unsplittable};
