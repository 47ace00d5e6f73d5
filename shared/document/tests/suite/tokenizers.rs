//! Tokenizers for tests: five that can be followed by hand, and a real one.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use document::Tokens;
use tokenizers::Tokenizer;

/// One token per word.
#[derive(Clone)]
pub(crate) struct Words;

/// One token per character, the finest without splitting characters.
pub(crate) struct Characters;

/// One token per byte, as byte-level tokenizers count rare text; offsets are of whole characters.
pub(crate) struct Bytes;

impl Tokens for Words {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        text.split_whitespace()
            .map(|word| {
                let start = word.as_ptr().addr() - text.as_ptr().addr();
                start..start + word.len()
            })
            .collect()
    }

    fn count(&self, text: &str) -> usize {
        2 + text.split_whitespace().count()
    }
}

impl Tokens for Characters {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        text.char_indices().map(|(at, character)| at..at + character.len_utf8()).collect()
    }

    fn count(&self, text: &str) -> usize {
        2 + text.chars().count()
    }
}

impl Tokens for Bytes {
    fn special(&self) -> usize {
        1
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        text.char_indices()
            .flat_map(|(at, character)| {
                std::iter::repeat_n(at..at + character.len_utf8(), character.len_utf8())
            })
            .collect()
    }

    fn count(&self, text: &str) -> usize {
        1 + text.len()
    }
}

/// Counts a passage differently than the same bytes within their text, as real tokenizers may: a long word is one
/// unknown token until it is cut, and a passage that starts within a word has one token more.
pub(crate) struct Moody;

const LONG: usize = 12;

impl Tokens for Moody {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        let mut tokens = Vec::new();
        for word in Words.offsets(text) {
            let characters: Vec<usize> =
                text[word.clone()].char_indices().map(|(at, _)| word.start + at).collect();
            let starts = if characters.len() > LONG { &characters[..1] } else { &characters[..] };
            tokens.extend(starts.iter().map(|start| *start..word.end));
        }
        tokens
    }

    fn count(&self, text: &str) -> usize {
        let within = text.chars().next().is_some_and(char::is_alphanumeric);
        2 + usize::from(within) + self.offsets(text).len()
    }
}

/// Returns no offsets at all.
pub(crate) struct Blind;

impl Tokens for Blind {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, _text: &str) -> Vec<Range<usize>> {
        Vec::new()
    }

    fn count(&self, text: &str) -> usize {
        Characters.count(text)
    }
}

/// The tokenizer of all-MiniLM-L6-v2.
pub(crate) struct MiniLm(Tokenizer);

impl MiniLm {
    /// Opens it from `$MILLRACE_MODEL`, or else from where the project's build puts it; prints a message when it is
    /// missing.
    #[expect(clippy::disallowed_methods, reason = "edge: a test asks the environment for the model's folder")]
    pub(crate) fn load() -> Option<Arc<Self>> {
        let folder = std::env::var_os("MILLRACE_MODEL")
            .map_or_else(|| PathBuf::from("/var/tmp/millrace/dist/models/all-MiniLM-L6-v2"), PathBuf::from);
        let file = folder.join("tokenizer.json");
        if !file.exists() {
            println!("skipped: no {}; set MILLRACE_MODEL to a folder with a tokenizer.json", file.display());
            return None;
        }
        let mut tokenizer = Tokenizer::from_file(file).expect("a tokenizer.json");
        tokenizer.with_truncation(None).expect("no truncation");
        tokenizer.with_padding(None);
        Some(Arc::new(Self(tokenizer)))
    }
}

impl Tokens for MiniLm {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        let encoding = self.0.encode(text, false).expect("any text can be encoded");
        encoding.get_offsets().iter().map(|(start, end)| *start..*end).collect()
    }

    fn count(&self, text: &str) -> usize {
        self.0.encode_fast(text, true).expect("any text can be encoded").len()
    }
}
