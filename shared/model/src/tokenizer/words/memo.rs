//! A cache of tokenized words.

use std::collections::HashMap;
use std::ops::Range;

/// Capacity in words; when it is exceeded, the cache is emptied. About 5 MB.
const MOST_WORDS: usize = 50_000;

/// Short words with their tokens.
#[derive(Default)]
pub(super) struct Memo {
    /// Each word's entries in `tokens`.
    words: HashMap<Box<str>, Range<usize>>,
    /// The tokens of all words, as byte ranges relative to the start of their word.
    tokens: Vec<(u8, u8)>,
}

impl Memo {
    pub(super) fn knows(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    pub(super) fn learn(&mut self, word: &str, tokens: &[Range<usize>]) {
        if self.words.len() >= MOST_WORDS {
            self.words.clear();
            self.tokens.clear();
        }
        let byte = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        let first = self.tokens.len();
        self.tokens.extend(tokens.iter().map(|token| (byte(token.start), byte(token.end))));
        self.words.insert(word.into(), first..self.tokens.len());
    }

    /// The tokens of a cached word.
    pub(super) fn tokens(&self, word: &str) -> impl Iterator<Item = (usize, usize)> {
        let entries = self.words.get(word).cloned().unwrap_or_default();
        let tokens = self.tokens.get(entries).unwrap_or_default();
        tokens.iter().map(|(start, end)| (usize::from(*start), usize::from(*end)))
    }
}
