//! The model's own tokenizer: the only count that the model agrees with.
//!
//! Pure but for a memory of words that changes no result (the bytes of tokenizer.json are read by `bundle/files.rs`). Guarantees that nothing is cut or filled up:
//! what tokenizer.json says of truncation and padding is set aside. Knows no limit: the encoder refuses what is too
//! long.

mod words;

use std::ops::Range;
use std::sync::Arc;

use self::words::Words;
use crate::bundle::{Bundle, BundleError, Prefixes, Role};

/// The count of a text that the tokenizer cannot read: above every limit, and far from overflow.
const UNCOUNTABLE: usize = u32::MAX as usize;

/// Names of the padding token in the vocabularies in use (those like BERT, those of SentencePiece).
const PADDING_TOKENS: [&str; 3] = ["[PAD]", "<pad>", "<|padding|>"];

/// A tokenizer; cheap to clone.
#[derive(Clone)]
pub struct Tokenizer {
    inner: Arc<tokenizers::Tokenizer>,
    /// For a tokenizer that works word by word: its faster way to count.
    words: Option<Arc<Words>>,
    prefixes: Prefixes,
    special: usize,
    /// Special tokens alone, without a prefix.
    plain_special: usize,
    padding: u32,
}

/// A text as the model takes it, special tokens and prefix included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenIds {
    /// The number of each token in the vocabulary.
    pub ids: Vec<u32>,
    /// The segment of each token (0 for a single text in most models); as long as `ids`.
    pub type_ids: Vec<u32>,
}

/// Why a tokenizer cannot be used. For a person to mend.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Its file cannot be read, or is another file.
    #[error("the tokenizer cannot be read")]
    Bundle(#[from] BundleError),
    /// Its file is not a tokenizer.
    #[error(
        "tokenizer.json of model {model} is not understood: write it with Hugging Face tokenizers 0.23 or older"
    )]
    Parse {
        /// The model's name.
        model: String,
        /// What the library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It fails on text that it should take.
    #[error(
        "tokenizer.json of model {model} fails on an unknown character: it needs an unknown-token that is in its vocabulary"
    )]
    Unknown {
        /// The model's name.
        model: String,
        /// What the library says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The special tokens and the prefix leave no room for text.
    #[error(
        "model {model} takes {limit} tokens, and {special} of them are special tokens and the prefix: max_tokens in bundle.json is too small"
    )]
    NoRoom {
        /// The model's name.
        model: String,
        /// The model's limit.
        limit: usize,
        /// Tokens that go with each passage.
        special: usize,
    },
}

/// A text that the tokenizer cannot read.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer cannot read this text")]
pub struct TokenizeError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Tokenizer {
    /// Opens the tokenizer of `bundle`.
    ///
    /// # Errors
    /// When its file changed since the bundle was opened, is not understood, or fails on unknown characters.
    pub fn open(bundle: &Bundle) -> Result<Self, TokenizerError> {
        let manifest = bundle.manifest();
        let tokenizer = Self::parse(&bundle.read(Bundle::TOKENIZER)?, &manifest.name, &manifest.prefixes)?;
        if tokenizer.special >= manifest.max_tokens {
            return Err(TokenizerError::NoRoom {
                model: manifest.name.clone(),
                limit: manifest.max_tokens,
                special: tokenizer.special,
            });
        }
        Ok(tokenizer)
    }

    /// Makes a tokenizer of the bytes of tokenizer.json, for the model `model` with its `prefixes`.
    ///
    /// # Errors
    /// When the bytes are not understood, or the tokenizer fails on unknown characters.
    pub fn parse(bytes: &[u8], model: &str, prefixes: &Prefixes) -> Result<Self, TokenizerError> {
        let model = model.to_owned();
        let mut inner = match tokenizers::Tokenizer::from_bytes(bytes) {
            Ok(inner) => inner,
            Err(source) => return Err(TokenizerError::Parse { model, source }),
        };
        if let Err(source) = inner.with_truncation(None) {
            return Err(TokenizerError::Parse { model, source });
        }
        inner.with_padding(None);
        // A vocabulary without an unknown-token fails only when it meets one; better now than on the first such file.
        if let Err(source) = inner.encode_fast("ꙮ 𓂀ꙮ", true) {
            return Err(TokenizerError::Unknown { model, source });
        }
        // The mask hides padding from the model; its id only has to be in the vocabulary.
        let padding = PADDING_TOKENS.iter().find_map(|token| inner.token_to_id(token)).unwrap_or_default();
        let words = Words::of(bytes, &inner).map(Arc::new);
        let (inner, prefixes) = (Arc::new(inner), prefixes.clone());
        let plain_special = inner.encode_fast("", true).map_or(UNCOUNTABLE, |encoding| encoding.len());
        let mut tokenizer = Self { inner, words, prefixes, special: 0, plain_special, padding };
        tokenizer.special = tokenizer.count("");
        Ok(tokenizer)
    }

    /// Tokens of `text` as a passage that is embedded: with special tokens and the model's prefix for passages. A
    /// text that the tokenizer cannot read counts as `u32::MAX`, above every limit.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.encode(text, Role::Passage).map_or(UNCOUNTABLE, |tokens| tokens.ids.len())
    }

    /// Tokens of `text` alone, special tokens included, without any prefix.
    pub(crate) fn plain_count(&self, text: &str) -> usize {
        let mut counted = 0;
        let by_words = self.words.as_ref().and_then(|words| words.spans(&self.inner, text, |_| counted += 1));
        if by_words.is_some() {
            return counted + self.plain_special;
        }
        self.inner.encode_fast(text, true).map_or(UNCOUNTABLE, |encoding| encoding.len())
    }

    /// Tokens that go with each passage: special tokens and the model's prefix for passages.
    #[must_use]
    pub fn special(&self) -> usize {
        self.special
    }

    /// The bytes of `text` that each of its tokens stands for, in order, without special tokens and prefix. Each range
    /// starts and ends between two characters. Empty for a text that the tokenizer cannot read.
    #[must_use]
    pub fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        let mut tokens = Vec::with_capacity(text.len() / 4);
        if let Some(words) = &self.words
            && words.spans(&self.inner, text, |token| tokens.push(token)).is_some()
        {
            return tokens;
        }
        let Ok(encoding) = self.inner.encode(text, false) else { return Vec::new() };
        encoding
            .get_offsets()
            .iter()
            .map(|&(start, end)| text.floor_char_boundary(start)..text.ceil_char_boundary(end))
            .collect()
    }

    /// `text` as the model takes it, after the prefix for `role`. As long as it is: nothing is cut.
    ///
    /// # Errors
    /// When the tokenizer cannot read the text.
    pub fn encode(&self, text: &str, role: Role) -> Result<TokenIds, TokenizeError> {
        let prefix = self.prefixes.of(role);
        let encoding = if prefix.is_empty() {
            self.inner.encode_fast(text, true)
        } else {
            self.inner.encode_fast(format!("{prefix}{text}"), true)
        };
        let encoding = encoding.map_err(TokenizeError)?;
        Ok(TokenIds { ids: encoding.get_ids().to_vec(), type_ids: encoding.get_type_ids().to_vec() })
    }

    /// Two texts as a model that compares them takes them, without any prefix. As long as they are: nothing is cut.
    ///
    /// # Errors
    /// When the tokenizer cannot read the texts.
    pub fn encode_pair(&self, first: &str, second: &str) -> Result<TokenIds, TokenizeError> {
        let encoding = self.inner.encode_fast((first, second), true).map_err(TokenizeError)?;
        Ok(TokenIds { ids: encoding.get_ids().to_vec(), type_ids: encoding.get_type_ids().to_vec() })
    }

    /// The token that fills up shorter texts of a batch.
    pub(crate) fn padding(&self) -> u32 {
        self.padding
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("special", &self.special)
            .field("prefixes", &self.prefixes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
