//! Words that were tokenized before.

use std::collections::HashMap;

/// Words that are remembered; when there are more, all are forgotten. About 5 MB.
const MOST_WORDS: usize = 50_000;

/// Short words with their tokens.
#[derive(Default)]
pub(super) struct Memo {
    words: HashMap<Box<str>, (usize, usize)>,
    /// Tokens of all words, as bytes from the start of their word.
    tokens: Vec<(u8, u8)>,
}

impl Memo {
    pub(super) fn knows(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    pub(super) fn learn(&mut self, word: &str, tokens: &[std::ops::Range<usize>]) {
        if self.words.len() >= MOST_WORDS {
            self.words.clear();
            self.tokens.clear();
        }
        let byte = |at: usize| u8::try_from(at).unwrap_or(u8::MAX);
        let first = self.tokens.len();
        self.tokens.extend(tokens.iter().map(|token| (byte(token.start), byte(token.end))));
        self.words.insert(word.into(), (first, self.tokens.len()));
    }

    /// The tokens of a word that is known.
    pub(super) fn tokens(&self, word: &str) -> impl Iterator<Item = (usize, usize)> {
        let (first, end) = self.words.get(word).copied().unwrap_or_default();
        let tokens = self.tokens.get(first..end).unwrap_or_default();
        tokens.iter().map(|(start, end)| (usize::from(*start), usize::from(*end)))
    }
}
