//! The model's own tokenizer: the only count that the model agrees with.
//!
//! Pure except for a cache of words that does not affect results (tokenizer.json is read by `bundle/files.rs`). Texts
//! are never truncated or padded: such settings in tokenizer.json are ignored. The tokenizer enforces no limit; the
//! encoder rejects texts that are too long.

mod words;

use std::ops::Range;
use std::sync::Arc;

use self::words::Words;
use crate::bundle::{Bundle, BundleError, Prefixes, Role};

/// The count of a text that the tokenizer cannot process: above every limit, but far from overflow.
const UNCOUNTABLE: usize = u32::MAX as usize;

/// Names of the padding token in common vocabularies (BERT-like and SentencePiece).
const PADDING_TOKENS: [&str; 3] = ["[PAD]", "<pad>", "<|padding|>"];

/// Names of the token for what a vocabulary does not hold.
const UNKNOWN_TOKENS: [&str; 2] = ["[UNK]", "<unk>"];

/// A tokenizer; cheap to clone.
#[derive(Clone)]
pub struct Tokenizer {
    inner: Arc<tokenizers::Tokenizer>,
    /// The faster counter, for a tokenizer that works word by word.
    words: Option<Arc<Words>>,
    prefixes: Prefixes,
    special: usize,
    /// Number of special tokens, without a prefix.
    plain_special: usize,
    padding: u32,
    unknown: Option<u32>,
}

/// A text's tokens as the model takes them, including special tokens and prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenIds {
    /// Each token's id in the vocabulary.
    pub ids: Vec<u32>,
    /// Each token's segment (0 for a single text in most models); as long as `ids`.
    pub type_ids: Vec<u32>,
}

/// Why a tokenizer cannot be used. A person must fix it.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// Its file cannot be read, or has changed.
    #[error("the tokenizer cannot be read")]
    Bundle(#[from] BundleError),
    /// Its file is not a tokenizer.
    #[error(
        "tokenizer.json of model {model} is not understood: write it with Hugging Face tokenizers 0.23 or older"
    )]
    Parse {
        /// The model's name.
        model: String,
        /// The library's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It fails on text that it should accept.
    #[error(
        "tokenizer.json of model {model} fails on an unknown character: it needs an unknown-token that is in its vocabulary"
    )]
    Unknown {
        /// The model's name.
        model: String,
        /// The library's error.
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
        /// Tokens added to each passage.
        special: usize,
    },
}

/// A text that the tokenizer cannot process.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer cannot read this text")]
pub struct TokenizeError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Tokenizer {
    /// Opens the tokenizer of `bundle`.
    ///
    /// # Errors
    /// When its file has changed since the bundle was opened, is malformed, or the tokenizer fails on unknown
    /// characters.
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

    /// Makes a tokenizer from the bytes of tokenizer.json, for `model` with its `prefixes`.
    ///
    /// # Errors
    /// When the bytes are malformed, or the tokenizer fails on unknown characters.
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
        // A vocabulary without an unknown-token fails only when it meets an unknown character; better now than in
        // production.
        if let Err(source) = inner.encode_fast("ꙮ 𓂀ꙮ", true) {
            return Err(TokenizerError::Unknown { model, source });
        }
        // The mask hides padding from the model; its id only has to exist in the vocabulary.
        let padding = PADDING_TOKENS.iter().find_map(|token| inner.token_to_id(token)).unwrap_or_default();
        let unknown = UNKNOWN_TOKENS.iter().find_map(|token| inner.token_to_id(token));
        let words = Words::of(bytes, &inner).map(Arc::new);
        let (inner, prefixes) = (Arc::new(inner), prefixes.clone());
        let plain_special = inner.encode_fast("", true).map_or(UNCOUNTABLE, |encoding| encoding.len());
        let mut tokenizer = Self { inner, words, prefixes, special: 0, plain_special, padding, unknown };
        tokenizer.special = tokenizer.count("");
        Ok(tokenizer)
    }

    /// Number of tokens of `text` when embedded as a passage, including special tokens and prefix. A text that the
    /// tokenizer cannot process counts as `u32::MAX`, above every limit.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.encode(text, Role::Passage).map_or(UNCOUNTABLE, |tokens| tokens.ids.len())
    }

    /// Number of tokens of `text` alone, including special tokens but no prefix.
    pub(crate) fn plain_count(&self, text: &str) -> usize {
        let mut counted = 0;
        let by_words = self.words.as_ref().and_then(|words| words.spans(&self.inner, text, |_| counted += 1));
        if by_words.is_some() {
            return counted + self.plain_special;
        }
        self.inner.encode_fast(text, true).map_or(UNCOUNTABLE, |encoding| encoding.len())
    }

    /// Number of tokens of `text`, without prefix and special tokens, that stand for what the vocabulary does not hold; none
    /// when it has no such token, or the tokenizer cannot process the text.
    #[must_use]
    pub fn unknown(&self, text: &str) -> Option<usize> {
        let unknown = self.unknown?;
        let encoding = self.inner.encode_fast(text, false).ok()?;
        Some(encoding.get_ids().iter().filter(|id| **id == unknown).count())
    }

    /// Tokens added to each passage: special tokens and the model's prefix for passages.
    #[must_use]
    pub fn special(&self) -> usize {
        self.special
    }

    /// The byte range of `text` that each token stands for, in order, without special tokens and prefix. Ranges start
    /// and end at character boundaries. Empty for a text that the tokenizer cannot process.
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

    /// Tokenizes `text` for the model, after the prefix for `role`. Nothing is truncated.
    ///
    /// # Errors
    /// When the tokenizer cannot process the text.
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

    /// Tokenizes two texts for a model that compares them, without any prefix. Nothing is truncated.
    ///
    /// # Errors
    /// When the tokenizer cannot process the texts.
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
