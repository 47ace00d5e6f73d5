//! The start positions of a section's tokens: the section is tokenized once, and cuts are looked up.
//!
//! The positions only place cuts. A tokenizer may count a passage differently on its own than within its section, so
//! each chunk is counted again as embedded.

use std::ops::Range;

use super::Tokens;
use super::section::Section;

/// Text tokenized in one call. Longer blocks are tokenized in parts, because an encoding takes about a hundred bytes
/// of memory per byte of text.
const WINDOW_BYTES: usize = 16 * 1_024;
/// How far before the end of a window white space is searched.
const WINDOW_SLACK_BYTES: usize = 512;

/// The start positions of a section's tokens, ascending.
pub(super) struct TokenIndex {
    starts: Vec<usize>,
}

impl TokenIndex {
    pub(super) fn new(tokens: &impl Tokens, text: &str, section: &Section) -> Self {
        let mut starts = Vec::new();
        let ends = section.pieces.iter().skip(1).map(|piece| piece.start).chain([section.end]);
        for (piece, end) in section.pieces.iter().zip(ends) {
            let mut at = piece.start;
            while at < end {
                let window = window(text, at, end);
                let part = text.get(window.clone()).unwrap_or_default();
                starts.extend(tokens.offsets(part).iter().map(|token| at + token.start.min(part.len())));
                at = window.end;
            }
        }
        // byte-level tokenizers give the parts of one character the same or a smaller start
        starts.sort_unstable();
        Self { starts }
    }

    /// The number of tokens that start in a byte range.
    pub(super) fn count(&self, range: Range<usize>) -> usize {
        self.rank(range.end).saturating_sub(self.rank(range.start))
    }

    /// The byte up to which `number` tokens extend from `at`; none when there are fewer.
    pub(super) fn reach(&self, at: usize, number: usize) -> Option<usize> {
        self.starts.get(self.rank(at).saturating_add(number)).copied()
    }

    /// The earliest byte from which at most `number` tokens extend up to `at`.
    pub(super) fn back(&self, at: usize, number: usize) -> usize {
        let end = self.rank(at);
        let first = end.saturating_sub(number);
        let Some(&start) = self.starts.get(first) else { return at };
        // the parts of one character share a start
        let earliest =
            self.starts.get(first..end).filter(|_| self.rank(start) < first).map_or(start, |rest| {
                rest.get(rest.partition_point(|part| *part == start)).copied().unwrap_or(at)
            });
        earliest.min(at)
    }

    fn rank(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start < at)
    }
}

fn window(text: &str, at: usize, end: usize) -> Range<usize> {
    if end - at <= WINDOW_BYTES {
        return at..end;
    }
    let limit = text.floor_char_boundary(at + WINDOW_BYTES);
    let slack = text.ceil_char_boundary(limit - WINDOW_SLACK_BYTES);
    let space = text.get(slack..limit).and_then(|tail| tail.rfind(char::is_whitespace));
    at..space.map_or(limit, |space| slack + space)
}
