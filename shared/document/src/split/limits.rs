//! What a chunk may hold.

/// What a chunk may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most tokens the model takes; special tokens, prefix and heading path count.
    pub max_tokens: usize,
    /// Most tokens of a chunk's text that its end has in common with the start of the next one; 0 for none. Less than
    /// half of `max_tokens`.
    pub overlap: usize,
    /// What the model wants before each passage, e.g. `passage: `; often empty.
    pub passage_prefix: String,
    /// Most chunks of one document. It bounds memory and is no part of the fingerprint: it moves no cut.
    pub max_chunks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_tokens: 256, overlap: 0, passage_prefix: String::new(), max_chunks: 20_000 }
    }
}

/// Limits within which nothing can be embedded. The operator changes the settings.
#[derive(Debug, thiserror::Error)]
pub enum InvalidLimits {
    /// There is no room for text.
    #[error(
        "special tokens and the passage prefix take {overhead} of {max_tokens} tokens; at least half must be left for text, so raise the token limit or shorten the prefix"
    )]
    Overhead {
        /// Tokens that are taken before any text.
        overhead: usize,
        /// The limit that was set.
        max_tokens: usize,
    },
    /// Chunks would repeat more than they add.
    #[error(
        "an overlap of {overlap} tokens is too much for chunks of {max_tokens}: it must be less than half of that, so lower it"
    )]
    Overlap {
        /// The overlap that was set.
        overlap: usize,
        /// The limit that was set.
        max_tokens: usize,
    },
}
