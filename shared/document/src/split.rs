//! Text to chunks: passages that fit a model, cut where the text itself is.
//!
//! Guarantees, for any text and any limits that [`Splitter::new`] takes:
//! - what is embedded of a chunk (prefix, heading path and text, special tokens included) is within the limit,
//!   counted by the model's own tokenizer on exactly that text;
//! - nothing is dropped: each character that is not white space lies in one chunk's range, and in one only, except
//!   that a heading which the heading path of some chunk shows in full is not repeated in a chunk's text;
//! - a cut never lies within a grapheme, unless that grapheme alone is above the limit, and then never within a
//!   character;
//! - the same document gives the same chunks.
//!
//! Cuts prefer, in this order: headings (always), blocks, list items, sentences or the lines of code and tables, white
//! space, words, graphemes. A block is kept whole when it fits. Among equals the content decides (see [`boundary`]), so
//! that an edit moves only the cuts near it. The text is tokenized once to place the cuts, and each chunk once to prove
//! it.

mod boundary;
mod cut;
mod heading;
mod index;
mod section;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use message::{ChunkId, DocumentId, embedded_text};

use self::cut::{Attempt, Cutter};
use self::index::TokenIndex;
use self::section::Section;
use crate::Extracted;

/// A chunk holds at most this many bytes for each token of the limit. Tokenizers may count a word of any length as
/// one unknown token, and some characters as none; without this bound such a chunk could exceed a message.
const BYTES_PER_TOKEN: usize = 64;

/// Text of at most this many bytes for each token of the limit is counted as a whole before it is cut.
const LIKELY_BYTES_PER_TOKEN: usize = 4;

/// The model's tokenizer, as far as the splitter needs it.
pub trait Tokens: Send + Sync {
    /// How many special tokens the model adds to a text, e.g. 2 for `[CLS]` and `[SEP]`.
    fn special(&self) -> usize;

    /// The tokens of a text without special ones, as byte offsets into it, in order. Used only to place cuts.
    fn offsets(&self, text: &str) -> Vec<Range<usize>>;

    /// How many tokens the model is given for a text, special tokens included, and without any truncation.
    fn count(&self, text: &str) -> usize;
}

impl<T: Tokens + ?Sized> Tokens for Arc<T> {
    fn special(&self) -> usize {
        (**self).special()
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        (**self).offsets(text)
    }

    fn count(&self, text: &str) -> usize {
        (**self).count(text)
    }
}

/// What a chunk may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most tokens the model takes; special tokens, prefix and heading path count.
    pub max_tokens: usize,
    /// What the model wants before each passage, e.g. `passage: `; often empty.
    pub passage_prefix: String,
    /// Most chunks of one document. It bounds memory and is no part of the fingerprint: it moves no cut.
    pub max_chunks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_tokens: 256, passage_prefix: String::new(), max_chunks: 20_000 }
    }
}

/// Limits within which nothing can be embedded. The operator changes the settings.
#[derive(Debug, thiserror::Error)]
#[error(
    "special tokens and the passage prefix take {overhead} of {max_tokens} tokens; at least half must be left for text, so raise the token limit or shorten the prefix"
)]
pub struct InvalidLimits {
    /// Tokens that are taken before any text.
    pub overhead: usize,
    /// The limit that was set.
    pub max_tokens: usize,
}

/// A document that cannot be cut within the limits. The caller refuses it.
#[derive(Debug, thiserror::Error)]
pub enum Unsplittable {
    /// One character alone is above the token limit.
    #[error(
        "the character at byte {at} of the text takes {tokens} tokens, above the limit of {limit}; raise the token limit, or remove it"
    )]
    Character {
        /// Byte offset in the extracted text.
        at: usize,
        /// What the model would be given.
        tokens: usize,
        /// The limit.
        limit: usize,
    },
    /// The document has more chunks than allowed.
    #[error(
        "the document has more than {limit} chunks; split the file, or raise the limit of chunks per document"
    )]
    TooManyChunks {
        /// The limit.
        limit: usize,
    },
}

/// One passage of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Derived from document, heading path, text, and which repeat of them it is.
    pub id: ChunkId,
    /// Its place in reading order, from 0.
    pub ordinal: u32,
    /// The headings above it, outermost first; the outermost are left out when the path would take more than a third
    /// of the limit.
    pub heading_path: Vec<String>,
    /// The passage: `extracted.text[start..end]`.
    pub text: String,
    /// Tokens of prefix, heading path and text together, special tokens included.
    pub tokens: u32,
    /// First byte in the extracted text.
    pub start: usize,
    /// One past the last byte in the extracted text.
    pub end: usize,
}

/// Cuts documents for one model.
pub struct Splitter<T> {
    tokens: T,
    limits: Limits,
}

impl<T: Tokens> Splitter<T> {
    /// Takes the model's tokenizer and its limits.
    ///
    /// # Errors
    /// When prefix and special tokens take more than half of the limit.
    pub fn new(tokens: T, limits: Limits) -> Result<Self, InvalidLimits> {
        let overhead = tokens.count(&limits.passage_prefix).max(tokens.special());
        if overhead * 2 > limits.max_tokens {
            return Err(InvalidLimits { overhead, max_tokens: limits.max_tokens });
        }
        Ok(Self { tokens, limits })
    }

    /// The limits that were set.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Cuts a document into chunks, in reading order. A document without text has none.
    ///
    /// # Errors
    /// When one character alone is above the limit, or there are too many chunks.
    pub fn split(&self, document: &DocumentId, extracted: &Extracted) -> Result<Vec<Split>, Unsplittable> {
        let mut splits = Vec::new();
        let mut repeats = HashMap::new();
        for section in self.sections(extracted) {
            self.split_section(&extracted.text, &section, |Passage { heading_path, range, tokens }| {
                if splits.len() >= self.limits.max_chunks {
                    return Err(Unsplittable::TooManyChunks { limit: self.limits.max_chunks });
                }
                let text = extracted.text.get(range.clone()).unwrap_or_default().to_owned();
                let first = ChunkId::derive(document, &heading_path, &text, 0);
                let repeat = repeats.entry(first.clone()).and_modify(|repeat| *repeat += 1).or_insert(0);
                let id = match *repeat {
                    0 => first,
                    repeat => ChunkId::derive(document, &heading_path, &text, repeat),
                };
                let ordinal = saturated(splits.len());
                let (start, end, tokens) = (range.start, range.end, saturated(tokens));
                splits.push(Split { id, ordinal, heading_path, text, tokens, start, end });
                Ok(())
            })?;
        }
        Ok(splits)
    }

    fn sections(&self, extracted: &Extracted) -> Vec<Section> {
        let most_bytes = self.most_bytes() / 3;
        let fits = |path: &str| {
            path.len() <= most_bytes
                && self.tokens.count(path).saturating_sub(self.tokens.special()) <= self.limits.max_tokens / 3
        };
        section::sections(extracted, fits)
    }

    /// Cuts one section, and gives each chunk's heading path, range and tokens to `emit`.
    fn split_section(
        &self,
        text: &str,
        section: &Section,
        mut emit: impl FnMut(Passage) -> Result<(), Unsplittable>,
    ) -> Result<(), Unsplittable> {
        if let Some(whole) = self.whole(text, section) {
            return emit(whole);
        }
        let overhead = self.count(&section.heading_path, "");
        let budget = self.limits.max_tokens.saturating_sub(overhead).max(1);
        let index = TokenIndex::new(&self.tokens, text, section);
        let cutter = Cutter { text, section, index: &index, budget, most_bytes: self.most_bytes() };
        let mut at = section.start;
        loop {
            at = boundary::skip_white_space(text, at, section.end);
            if at >= section.end {
                return Ok(());
            }
            let (passage, next) = self.next_passage(&cutter, at)?;
            emit(passage)?;
            at = next;
        }
    }

    /// The section as one passage, if it is so short that this is likely, and it fits. Most sections are, and need not
    /// be tokenized twice.
    fn whole(&self, text: &str, section: &Section) -> Option<Passage> {
        let start = boundary::skip_white_space(text, section.start, section.end);
        let end = boundary::trim_end(text, start, section.end);
        let likely = end - start <= self.limits.max_tokens.saturating_mul(LIKELY_BYTES_PER_TOKEN);
        let passage = text.get(start..end).filter(|passage| likely && !passage.is_empty())?;
        let heading_path = section.heading_path.clone();
        let tokens = self.count(&heading_path, passage);
        (tokens <= self.limits.max_tokens).then_some(Passage { heading_path, range: start..end, tokens })
    }

    /// Finds the passage that starts at `at`, and where the next one may: proposes an end, counts, and proposes a
    /// nearer one while it is over.
    fn next_passage(&self, cutter: &Cutter<'_>, at: usize) -> Result<(Passage, usize), Unsplittable> {
        let limit = self.limits.max_tokens;
        let path = &cutter.section.heading_path;
        let mut attempt = Attempt::first(at);
        loop {
            let next = cutter.end_of(&attempt);
            let end = boundary::trim_end(cutter.text, at, next);
            let text = cutter.text.get(at..end).unwrap_or_default();
            let tokens = self.count(path, text);
            if tokens <= limit {
                return Ok((Passage { heading_path: path.clone(), range: at..end, tokens }, next));
            }
            if text.chars().nth(1).is_none() {
                // one character: without its headings it may still fit
                let tokens = self.count(&[], text);
                if tokens <= limit {
                    return Ok((Passage { heading_path: Vec::new(), range: at..end, tokens }, next));
                }
                return Err(Unsplittable::Character { at, tokens, limit });
            }
            attempt = attempt.nearer(cutter.text, next, limit, tokens);
        }
    }

    /// Tokens of what is embedded.
    fn count(&self, heading_path: &[String], passage: &str) -> usize {
        let embedded = embedded_text(heading_path, passage);
        if self.limits.passage_prefix.is_empty() {
            self.tokens.count(&embedded)
        } else {
            self.tokens.count(&format!("{}{embedded}", self.limits.passage_prefix))
        }
    }

    fn most_bytes(&self) -> usize {
        self.limits.max_tokens.saturating_mul(BYTES_PER_TOKEN)
    }
}

/// A chunk before it has an id.
struct Passage {
    heading_path: Vec<String>,
    range: Range<usize>,
    tokens: usize,
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
