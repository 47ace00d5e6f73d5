//! The reranker `cross-encoder`: a graph that reads question and passage together and returns one number for the
//! pair.
//!
//! Its bundle is an encoder's with `dimension` 1. It does not affect the vector space, so a deployment may change it
//! at any time. A passage that is too long is halved until its pieces fit, and its best piece counts: `MaxP` of Dai
//! and Callan, "Deeper text understanding for IR with contextual neural language modeling" (SIGIR 2019).

use super::Rerank;
use crate::bundle::Bundle;
use crate::encoder::onnx::{OnnxSettings, OpenOnnxError, Sessions};
use crate::encoder::{EncodeError, TextFault, VectorProblem};
use crate::tokenizer::{TokenIds, Tokenizer, TokenizerError};

/// Why a reranker cannot be opened. A person must fix it.
#[derive(Debug, thiserror::Error)]
pub enum OpenRerankerError {
    /// The tokenizer.
    #[error("the reranker has no tokenizer")]
    Tokenizer(#[from] TokenizerError),
    /// The ONNX Runtime or the graph.
    #[error("the reranker's graph cannot be opened")]
    Onnx(#[from] OpenOnnxError),
    /// The model returns vectors.
    #[error(
        "the model {model} gives {dimension} numbers for a text and is no cross-encoder, which gives one for a question and a passage: \
         name another bundle"
    )]
    Vectors {
        /// The model's name.
        model: String,
        /// Dimension of its vectors.
        dimension: usize,
    },
}

/// The reranker `cross-encoder`.
#[derive(Debug)]
pub struct CrossEncoder {
    tokenizer: Tokenizer,
    sessions: Sessions,
    max_tokens: usize,
}

impl CrossEncoder {
    /// Loads the graph of `bundle` once per session; blocks meanwhile.
    ///
    /// # Errors
    /// When the model is not a cross-encoder, or the tokenizer, the library or the graph cannot be used as requested.
    pub fn open(bundle: &Bundle, settings: &OnnxSettings) -> Result<Self, OpenRerankerError> {
        if bundle.dimension() != 1 {
            let model = bundle.manifest().name.clone();
            return Err(OpenRerankerError::Vectors { model, dimension: bundle.dimension() });
        }
        let tokenizer = Tokenizer::open(bundle)?;
        let sessions = Sessions::open(bundle, tokenizer.padding(), settings)?;
        Ok(Self { tokenizer, sessions, max_tokens: bundle.max_tokens() })
    }
}

impl Rerank for CrossEncoder {
    async fn rank(&self, question: &str, passages: Vec<String>) -> Result<Vec<f32>, EncodeError> {
        let count = passages.len();
        let (tokenizer, limit, question) = (self.tokenizer.clone(), self.max_tokens, question.to_owned());
        let work = move || {
            let mut pairs = Vec::with_capacity(passages.len());
            for (position, passage) in passages.iter().enumerate() {
                let of_passage = Beside { tokenizer: &tokenizer, limit, question: &question, position };
                of_passage.pairs(passage, &mut pairs)?;
            }
            Ok::<_, EncodeError>(pairs)
        };
        // The task is cancelled only when the runtime shuts down.
        let pairs = tokio::task::spawn_blocking(work).await.map_err(|_| EncodeError::Stopped)??;
        let (positions, tokens): (Vec<usize>, Vec<TokenIds>) = pairs.into_iter().unzip();
        let mut best = vec![f32::NEG_INFINITY; count];
        for (position, row) in positions.into_iter().zip(self.sessions.run(tokens).await?) {
            let score = row.first().copied().filter(|score| score.is_finite());
            let fault = TextFault::Vector(VectorProblem::NotFinite);
            let score = score.ok_or(EncodeError::Text { position, fault })?;
            if let Some(best) = best.get_mut(position) {
                *best = best.max(score);
            }
        }
        Ok(best)
    }
}

/// The question, to be paired with passages. Pure.
struct Beside<'a> {
    tokenizer: &'a Tokenizer,
    limit: usize,
    question: &'a str,
    position: usize,
}

impl Beside<'_> {
    /// Pairs the question with the passage, or recursively with its halves when it is too long.
    fn pairs(&self, passage: &str, pairs: &mut Vec<(usize, TokenIds)>) -> Result<(), EncodeError> {
        let position = self.position;
        let at_fault = |fault| EncodeError::Text { position, fault };
        let tokens = self.tokenizer.encode_pair(self.question, passage);
        let tokens = tokens.map_err(|source| at_fault(TextFault::Tokenize(source)))?;
        if tokens.ids.len() <= self.limit {
            pairs.push((position, tokens));
            return Ok(());
        }
        let middle = passage.floor_char_boundary(passage.len() / 2);
        if middle == 0 {
            return Err(at_fault(TextFault::TooLong { tokens: tokens.ids.len(), limit: self.limit }));
        }
        // Cut at a space if there is one near the middle.
        let cut = passage[..middle].rfind(char::is_whitespace).filter(|&space| space > middle / 2);
        let (first, second) = passage.split_at(cut.unwrap_or(middle));
        self.pairs(first, pairs)?;
        self.pairs(second, pairs)
    }
}
