//! Splits text into chunks: passages that fit a model, cut at natural boundaries.
//!
//! Guarantees, for any text and any limits that [`Splitter::new`] accepts:
//! - what is embedded of a chunk (prefix, heading path and text, including special tokens) is within the limit,
//!   counted by the model's own tokenizer on exactly that text;
//! - nothing is dropped: each character except white space is in the range of one chunk, and without an overlap of
//!   only one; but a heading that is fully shown in some chunk's heading path is not repeated in a chunk's text;
//! - a chunk that continues a table begins with the header rows, unless these take too much room;
//! - a cut is never within a grapheme, unless that grapheme alone exceeds the limit, and never within a character;
//! - the same document gives the same chunks.
//!
//! Cuts are preferred in this order: headings (always), blocks, list items, sentences or lines of code and tables,
//! white space, words, graphemes. A block is kept whole if it fits. Among equal boundaries the content decides (see
//! [`boundary`]), so that an edit moves only the cuts near it. The text is tokenized once to place the cuts, and each
//! chunk is counted as embedded to verify it.

mod boundary;
mod cut;
mod heading;
mod index;
mod limits;
mod section;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use message::{ChunkId, DocumentId, embedded_text};

use self::cut::{Attempt, Cutter, Room};
use self::index::TokenIndex;
pub use self::limits::{InvalidLimits, Limits};
use self::section::Section;
use crate::Extracted;

/// Maximum size of a chunk in bytes per token of the limit. Tokenizers may count a word of any length as one unknown
/// token, and some characters as none; without this bound such a chunk could exceed a message.
const BYTES_PER_TOKEN: usize = 64;

/// Text of at most this many bytes per token of the limit is tried as a single chunk first.
const LIKELY_BYTES_PER_TOKEN: usize = 4;

/// The model's tokenizer, as the splitter needs it.
pub trait Tokens: Send + Sync {
    /// The number of special tokens that the model adds to a text, e.g. 2 for `[CLS]` and `[SEP]`.
    fn special(&self) -> usize;

    /// The tokens of a text without special ones, as byte ranges in order. Used only to place cuts.
    fn offsets(&self, text: &str) -> Vec<Range<usize>>;

    /// The number of tokens of a text as the model gets it, including special tokens and without truncation.
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

/// A document that cannot be split within the limits. The caller refuses it.
#[derive(Debug, thiserror::Error)]
pub enum Unsplittable {
    /// A single character exceeds the token limit.
    #[error(
        "the character at byte {at} of the text takes {tokens} tokens, above the limit of {limit}; raise the token limit, or remove it"
    )]
    Character {
        /// Byte offset in the extracted text.
        at: usize,
        /// Its number of tokens as embedded.
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
    /// Derived from document, heading path, text, and its repeat count.
    pub id: ChunkId,
    /// Its index in reading order, from 0.
    pub ordinal: u32,
    /// The headings above it, outermost first; the outermost are left out if the path would take more than a third of
    /// the limit.
    pub heading_path: Vec<String>,
    /// The passage: `extracted.text[start..end]`, preceded by the table's header rows if it continues a table.
    pub text: String,
    /// Number of bytes at the start of `text` that repeat these rows, including the line break; usually 0.
    pub repeated: usize,
    /// Number of tokens of prefix, heading path and text together, including special tokens.
    pub tokens: u32,
    /// Its first byte in the extracted text.
    pub start: usize,
    /// One past its last byte in the extracted text.
    pub end: usize,
}

/// Splits documents for one model.
pub struct Splitter<T> {
    tokens: T,
    limits: Limits,
}

impl<T: Tokens> Splitter<T> {
    /// A splitter with the model's tokenizer and limits.
    ///
    /// # Errors
    /// When prefix and special tokens take more than half of the limit, or the overlap takes half of it.
    pub fn new(tokens: T, limits: Limits) -> Result<Self, InvalidLimits> {
        let (max_tokens, overlap) = (limits.max_tokens, limits.overlap);
        let overhead = tokens.count(&limits.passage_prefix).max(tokens.special());
        if overhead.saturating_mul(2) > max_tokens {
            return Err(InvalidLimits::Overhead { overhead, max_tokens });
        }
        if overlap > 0 && overlap.saturating_mul(2) >= max_tokens {
            return Err(InvalidLimits::Overlap { overlap, max_tokens });
        }
        Ok(Self { tokens, limits })
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Splits a document into chunks in reading order. A document without text has none.
    ///
    /// # Errors
    /// When a single character exceeds the limit, or there are too many chunks.
    pub fn split(&self, document: &DocumentId, extracted: &Extracted) -> Result<Vec<Split>, Unsplittable> {
        let mut splits = Vec::new();
        let mut repeats = HashMap::new();
        for section in self.sections(extracted) {
            self.split_section(&extracted.text, &section, |passage| {
                if splits.len() >= self.limits.max_chunks {
                    return Err(Unsplittable::TooManyChunks { limit: self.limits.max_chunks });
                }
                let text = passage.text(&extracted.text);
                let Passage { heading_path, range, tokens, header } = passage;
                let first = ChunkId::derive(document, &heading_path, &text, 0);
                let repeat = repeats.entry(first.clone()).and_modify(|repeat| *repeat += 1).or_insert(0);
                let id = match *repeat {
                    0 => first,
                    repeat => ChunkId::derive(document, &heading_path, &text, repeat),
                };
                let repeated = header.map_or(0, |header| header.len() + 1);
                let (ordinal, tokens) = (saturated(splits.len()), saturated(tokens));
                let (start, end) = (range.start, range.end);
                splits.push(Split { id, ordinal, heading_path, text, repeated, tokens, start, end });
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

    /// Splits one section, and passes each chunk's heading path, range and tokens to `emit`.
    fn split_section(
        &self,
        text: &str,
        section: &Section,
        mut emit: impl FnMut(Passage) -> Result<(), Unsplittable>,
    ) -> Result<(), Unsplittable> {
        if let Some(whole) = self.whole(text, section) {
            return emit(whole);
        }
        let overhead = self.count_alone(&section.heading_path.join(" > "));
        let budget = self.limits.max_tokens.saturating_sub(overhead).max(1);
        let index = TokenIndex::new(&self.tokens, text, section);
        let overlap = self.limits.overlap.min(budget / 2);
        let room = Room { budget, overlap, most_bytes: self.most_bytes() };
        let cutter = Cutter::new(text, section, &index, room);
        let (mut from, mut fresh) = (section.start, section.start);
        loop {
            fresh = boundary::skip_white_space(text, fresh, section.end);
            if fresh >= section.end {
                return Ok(());
            }
            let (passage, next) = self.next_passage(&cutter, from.min(fresh), fresh)?;
            from = cutter.restart(passage.range.start, next);
            fresh = next;
            emit(passage)?;
        }
    }

    /// The section as a single passage, if it is short enough to try and fits. Most sections do, and are then not
    /// tokenized twice.
    fn whole(&self, text: &str, section: &Section) -> Option<Passage> {
        let start = boundary::skip_white_space(text, section.start, section.end);
        let end = boundary::trim_end(text, start, section.end);
        let likely = end - start <= self.limits.max_tokens.saturating_mul(LIKELY_BYTES_PER_TOKEN);
        let passage = text.get(start..end).filter(|passage| likely && !passage.is_empty())?;
        let heading_path = section.heading_path.clone();
        let tokens = self.count(&heading_path, passage);
        let range = start..end;
        (tokens <= self.limits.max_tokens).then_some(Passage { heading_path, range, tokens, header: None })
    }

    /// Finds the passage that starts at `from` and extends beyond `fresh` (the end of the text already in a passage),
    /// and the start of the next one: proposes an end, counts tokens, and proposes a nearer end while the passage is
    /// too long. If nothing beyond `fresh` fits, the passage starts at `fresh`.
    fn next_passage(
        &self,
        cutter: &Cutter<'_>,
        from: usize,
        fresh: usize,
    ) -> Result<(Passage, usize), Unsplittable> {
        let limit = self.limits.max_tokens;
        let first = |from| {
            let from = boundary::skip_white_space(cutter.text, from, fresh);
            let heading_path = cutter.section.heading_path.clone();
            let header = cutter.header_at(from);
            (Attempt::first(from, fresh), Passage { heading_path, range: from..fresh, tokens: 0, header })
        };
        let (mut attempt, mut passage) = first(from);
        loop {
            let next = cutter.end_of(&attempt);
            if next <= fresh {
                (attempt, passage) = first(fresh);
                continue;
            }
            passage.range.end = boundary::trim_end(cutter.text, passage.range.start, next);
            let text = passage.text(cutter.text);
            passage.tokens = self.count(&passage.heading_path, &text);
            if passage.tokens <= limit {
                return Ok((passage, next));
            }
            let (start, end) = (passage.range.start, passage.range.end);
            let body = cutter.text.get(start..end).unwrap_or_default();
            if passage.header.is_some() && boundary::grapheme_end(cutter.text, start, end) >= end {
                // better to omit the header rows than to cut within a grapheme
                passage.header = None;
            } else if body.chars().nth(1).is_some() {
                attempt = attempt.nearer(cutter.text, next, limit, passage.tokens);
            } else if std::mem::take(&mut passage.heading_path).is_empty() {
                return Err(Unsplittable::Character { at: start, tokens: passage.tokens, limit });
            }
        }
    }

    /// The number of tokens as embedded.
    fn count(&self, heading_path: &[String], passage: &str) -> usize {
        self.count_alone(&embedded_text(heading_path, passage))
    }

    /// The number of tokens of a text after the prefix.
    fn count_alone(&self, text: &str) -> usize {
        if self.limits.passage_prefix.is_empty() {
            self.tokens.count(text)
        } else {
            self.tokens.count(&format!("{}{text}", self.limits.passage_prefix))
        }
    }

    fn most_bytes(&self) -> usize {
        self.limits.max_tokens.saturating_mul(BYTES_PER_TOKEN)
    }
}

/// A chunk before it gets its id.
struct Passage {
    heading_path: Vec<String>,
    range: Range<usize>,
    tokens: usize,
    /// The range of the header rows to repeat before it.
    header: Option<Range<usize>>,
}

impl Passage {
    /// Its text, with the repeated rows first.
    fn text(&self, text: &str) -> String {
        let body = text.get(self.range.clone()).unwrap_or_default();
        match &self.header {
            None => body.to_owned(),
            Some(header) => format!("{}\n{body}", text.get(header.clone()).unwrap_or_default()),
        }
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
