//! Reranks the best passages, judging each together with the question. A stage: it awaits a reranker.

use message::embedded_text;
use model::{EncodeError, Rerank as _, Reranker};

use crate::found::FoundPassage;

/// A reranker, and how many passages it judges.
#[derive(Debug)]
pub struct Reranking {
    reranker: Reranker,
    depth: usize,
}

impl Reranking {
    /// Reranks the best `depth` passages of each ranking.
    #[must_use]
    pub fn new(reranker: Reranker, depth: usize) -> Self {
        Self { reranker, depth }
    }

    /// Sorts the best passages by how well each answers the question; the others follow unchanged. Returns the number
    /// of passages judged.
    ///
    /// # Errors
    /// As [`Rerank::rank`](model::Rerank::rank).
    pub async fn judge(&self, question: &str, passages: &mut [FoundPassage]) -> Result<usize, EncodeError> {
        let depth = self.depth.min(passages.len());
        let best = &mut passages[..depth];
        let texts = best.iter().map(|found| embedded_text(&found.heading_path, &found.text)).collect();
        for (found, score) in best.iter_mut().zip(self.reranker.rank(question, texts).await?) {
            found.rerank_score = Some(score);
        }
        // Stable: ties keep the order of the ranking.
        best.sort_by(|one, other| {
            other.rerank_score.unwrap_or_default().total_cmp(&one.rerank_score.unwrap_or_default())
        });
        Ok(depth)
    }
}
