//! The interface of rerankers: a question and passages in, scores out. One file per kind in `reranker/`.
//!
//! To add a kind: a file in `reranker/` with `impl Rerank`, a variant of [`Reranker`] (the compiler lists the missing
//! lines), and a call of the suite in `tests/reranker.rs`.

mod cross_encoder;
mod overlap;

use std::future::Future;

pub use self::cross_encoder::{CrossEncoder, OpenRerankerError};
pub use self::overlap::Overlap;
use crate::bundle::Bundle;
use crate::encoder::EncodeError;
use crate::encoder::onnx::OnnxSettings;

/// Judges passages together with their question: more accurate than comparing vectors computed apart, but far slower,
/// so only the best of a ranking are judged.
pub trait Rerank: Send + Sync {
    /// How well each of `passages` answers `question`, in order; higher is better, comparable only for the same
    /// question. No passage is truncated: one that does not fit beside the question is judged in pieces, and its best
    /// piece counts.
    ///
    /// # Errors
    /// See [`EncodeError`]; [`TextFault::TooLong`](crate::TextFault::TooLong) when the question alone leaves no room
    /// for a passage.
    fn rank(
        &self,
        question: &str,
        passages: Vec<String>,
    ) -> impl Future<Output = Result<Vec<f32>, EncodeError>> + Send;
}

/// A reranker of any kind.
#[derive(Debug)]
pub enum Reranker {
    /// A cross-encoder's graph on ONNX Runtime.
    CrossEncoder(CrossEncoder),
    /// Common words: for tests.
    Overlap(Overlap),
}

impl Reranker {
    /// Opens the cross-encoder in `bundle`. Blocks while the weights are loaded (about a second).
    ///
    /// # Errors
    /// When the model is not a cross-encoder, or the tokenizer, the runtime or the graph cannot be used as requested.
    pub fn open(bundle: &Bundle, settings: &OnnxSettings) -> Result<Self, OpenRerankerError> {
        CrossEncoder::open(bundle, settings).map(Self::CrossEncoder)
    }
}

impl Rerank for Reranker {
    async fn rank(&self, question: &str, passages: Vec<String>) -> Result<Vec<f32>, EncodeError> {
        match self {
            Self::CrossEncoder(reranker) => reranker.rank(question, passages).await,
            Self::Overlap(reranker) => reranker.rank(question, passages).await,
        }
    }
}
