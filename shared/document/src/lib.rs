//! Documents: bytes to text with structure, text to chunks.
//!
//! [`extract`] recognises the format and reads the text a person would read, with its headings and blocks;
//! [`Splitter`] cuts that text into passages that fit a model. Pure: values in, values out, the same result for the
//! same input on each machine. Nothing here opens, waits, or reads a clock, and nothing is truncated in silence:
//! what cannot be read is a [`Refusal`], what cannot be cut is an [`Unsplittable`].

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
