//! Computes the tokens of a text from those of its words, each of which is tokenized once.
//!
//! Most tokenizers look at one word at a time: normaliser and pre-tokenizer split a text at white space, and one word
//! does not affect the tokens of another. The tokens of a text are then those of its words; and since words repeat,
//! looking them up is many times faster than tokenizing them again. The result is exact, not an estimate: a tokenizer
//! is used this way only when all its components are known to work on single words ([`rule`]), and a text only when
//! nothing in it spans white space ([`Words::spans`]). Everything else is tokenized by the library as a whole.

mod memo;
mod rule;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use self::memo::Memo;
use self::rule::Rule;

/// White space at which words end, under every rule.
const WHITE_SPACE: [char; 4] = [' ', '\n', '\t', '\r'];

/// Longer words are not cached: they rarely repeat.
const LONGEST_WORD_BYTES: usize = 64;

/// A tokenizer that works word by word, and its cache.
pub(super) struct Words {
    rule: Rule,
    /// Special tokens that are recognised in texts. A text that contains one is not tokenized word by word.
    reserved: Vec<String>,
    /// Whether a byte begins a special token.
    reserved_first: [bool; 256],
    /// Caches of words with their tokens, one for each thread that tokenizes concurrently.
    memos: Mutex<Vec<Memo>>,
}

impl Words {
    /// Analyses `description` (the bytes of tokenizer.json) of `inner`; none when it does not work word by word.
    pub(super) fn of(description: &[u8], inner: &tokenizers::Tokenizer) -> Option<Self> {
        let (rule, reserved) = rule::of(description, inner)?;
        let mut reserved_first = [false; 256];
        for token in &reserved {
            *reserved_first.get_mut(usize::from(*token.as_bytes().first()?))? = true;
        }
        Some(Self { rule, reserved, reserved_first, memos: Mutex::default() })
    }

    /// Calls `take` with the byte range of each token of `text` in order, without special tokens. None when the text
    /// must be tokenized as a whole; `take` may have been called by then.
    pub(super) fn spans(
        &self,
        inner: &tokenizers::Tokenizer,
        text: &str,
        take: impl FnMut(Range<usize>),
    ) -> Option<()> {
        if self.holds_reserved(text) || !self.rule.takes(text) {
            return None;
        }
        let memo = self.memos.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = Reader { inner, rule: self.rule, memo: memo.unwrap_or_default(), take };
        let read = reader.text(text);
        self.memos.lock().unwrap_or_else(PoisonError::into_inner).push(reader.memo);
        read
    }

    fn holds_reserved(&self, text: &str) -> bool {
        let begins = |byte: &u8| self.reserved_first.get(usize::from(*byte)).copied().unwrap_or_default();
        text.as_bytes().iter().enumerate().filter(|(_, byte)| begins(byte)).any(|(at, _)| {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            self.reserved.iter().any(|token| rest.starts_with(token.as_bytes()))
        })
    }
}

/// The state of reading one text.
struct Reader<'a, F> {
    inner: &'a tokenizers::Tokenizer,
    rule: Rule,
    memo: Memo,
    take: F,
}

impl<F: FnMut(Range<usize>)> Reader<'_, F> {
    fn text(&mut self, text: &str) -> Option<()> {
        let mut at = 0;
        for word in text.split(WHITE_SPACE) {
            if !word.is_empty() {
                self.word(word, at)?;
            }
            at += word.len() + 1;
        }
        Some(())
    }

    /// A word that starts at byte `at` of the text.
    fn word(&mut self, word: &str, at: usize) -> Option<()> {
        if word.len() <= LONGEST_WORD_BYTES {
            return self.short(word, at);
        }
        let mut start = 0;
        while let Some(length) = self.rule.first_part(word.get(start..)?) {
            let part = word.get(start..start + length)?;
            if part.len() <= LONGEST_WORD_BYTES {
                self.short(part, at + start)?;
            } else {
                self.long(part, at + start)?;
            }
            start += length;
        }
        Some(())
    }

    fn short(&mut self, word: &str, at: usize) -> Option<()> {
        if !self.memo.knows(word) {
            let tokens = tokens_of(self.inner, self.rule, word)?;
            self.memo.learn(word, &tokens);
        }
        for (start, end) in self.memo.tokens(word) {
            (self.take)(at + start..at + end);
        }
        Some(())
    }

    fn long(&mut self, word: &str, at: usize) -> Option<()> {
        for token in tokens_of(self.inner, self.rule, word)? {
            (self.take)(at + token.start..at + token.end);
        }
        Some(())
    }
}

/// The library's tokens of a word; none when the word affects its neighbours.
fn tokens_of(inner: &tokenizers::Tokenizer, rule: Rule, word: &str) -> Option<Vec<Range<usize>>> {
    if !rule.takes_word(inner, word) {
        return None;
    }
    let encoding = inner.encode(word, false).ok()?;
    let whole =
        |&(start, end): &(usize, usize)| word.floor_char_boundary(start)..word.ceil_char_boundary(end);
    Some(encoding.get_offsets().iter().map(whole).collect())
}

#[cfg(test)]
mod tests;
