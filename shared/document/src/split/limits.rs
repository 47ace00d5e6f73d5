//! The limits of a chunk.

/// The limits of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The model's token limit; includes special tokens, prefix and heading path.
    pub max_tokens: usize,
    /// Maximum number of tokens that the end of a chunk's text shares with the start of the next; 0 for none. Less
    /// than half of `max_tokens`.
    pub overlap: usize,
    /// The model's prefix for passages, e.g. `passage: `; often empty.
    pub passage_prefix: String,
    /// Maximum number of chunks per document. It bounds memory and is not part of the fingerprint, because it moves
    /// no cut.
    pub max_chunks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_tokens: 256, overlap: 0, passage_prefix: String::new(), max_chunks: 20_000 }
    }
}

/// Limits under which nothing can be embedded. The operator must change the settings.
#[derive(Debug, thiserror::Error)]
pub enum InvalidLimits {
    /// There is no room for text.
    #[error(
        "special tokens and the passage prefix take {overhead} of {max_tokens} tokens; at least half must be left for text, so raise the token limit or shorten the prefix"
    )]
    Overhead {
        /// Tokens taken by special tokens and prefix.
        overhead: usize,
        /// The configured limit.
        max_tokens: usize,
    },
    /// Chunks would repeat more than they add.
    #[error(
        "an overlap of {overlap} tokens is too much for chunks of {max_tokens}: it must be less than half of that, so lower it"
    )]
    Overlap {
        /// The configured overlap.
        overlap: usize,
        /// The configured limit.
        max_tokens: usize,
    },
}
