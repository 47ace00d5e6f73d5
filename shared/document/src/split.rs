//! Text to chunks: passages that fit a model, cut where the text itself is.
//!
//! Guarantees, for any text and any limits that [`Splitter::new`] takes:
//! - what is embedded of a chunk (prefix, heading path and text, special tokens included) is within the limit,
//!   counted by the model's own tokenizer on exactly that text;
//! - nothing is dropped: each character that is not white space lies in one chunk's range, and without an overlap in
//!   one only, except that a heading which the heading path of some chunk shows in full is not repeated in a chunk's
//!   text;
//! - a chunk that continues a table begins with the rows that name the columns, unless these take too much room;
//! - a cut never lies within a grapheme, unless that grapheme alone is above the limit, and then never within a
//!   character;
//! - the same document gives the same chunks.
//!
//! Cuts prefer, in this order: headings (always), blocks, list items, sentences or the lines of code and tables, white
//! space, words, graphemes. A block is kept whole when it fits. Among equals the content decides (see [`boundary`]), so
//! that an edit moves only the cuts near it. The text is tokenized once to place the cuts, and each chunk is counted as
//! it is embedded to prove it.

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
    /// The passage: `extracted.text[start..end]`, after the rows that name the columns if it continues a table.
    pub text: String,
    /// Bytes at the start of `text` that repeat these rows, line break included; mostly 0.
    pub repeated: usize,
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
    /// When prefix and special tokens take more than half of the limit, or the overlap half of it.
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

    /// The section as one passage, if it is so short that this is likely, and it fits. Most sections are, and need not
    /// be tokenized twice.
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

    /// Finds the passage that starts at `from` and goes beyond `fresh`, up to where the text is in a passage already,
    /// and where the next one may: proposes an end, counts, and proposes a nearer one while it is over. When nothing
    /// beyond `fresh` fits, the passage starts there.
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
                // rather without the names of the columns than cut in a grapheme
                passage.header = None;
            } else if body.chars().nth(1).is_some() {
                attempt = attempt.nearer(cutter.text, next, limit, passage.tokens);
            } else if std::mem::take(&mut passage.heading_path).is_empty() {
                return Err(Unsplittable::Character { at: start, tokens: passage.tokens, limit });
            }
        }
    }

    /// Tokens of what is embedded.
    fn count(&self, heading_path: &[String], passage: &str) -> usize {
        self.count_alone(&embedded_text(heading_path, passage))
    }

    /// Tokens of a text after the prefix.
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

/// A chunk before it has an id.
struct Passage {
    heading_path: Vec<String>,
    range: Range<usize>,
    tokens: usize,
    /// Where the rows stand that are repeated before it.
    header: Option<Range<usize>>,
}

impl Passage {
    /// Its text, the repeated rows first.
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
