//! The reranker `overlap`: the share of the question's words that a passage contains. Needs no model; for tests.
//! Pure.

use std::collections::HashSet;

use super::Rerank;
use crate::encoder::EncodeError;

/// The reranker `overlap`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overlap;

impl Rerank for Overlap {
    async fn rank(&self, question: &str, passages: Vec<String>) -> Result<Vec<f32>, EncodeError> {
        let asked = words(question);
        Ok(passages.iter().map(|passage| share(&asked, &words(passage))).collect())
    }
}

fn words(text: &str) -> HashSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
fn share(asked: &HashSet<String>, held: &HashSet<String>) -> f32 {
    asked.intersection(held).count() as f32 / asked.len().max(1) as f32
}
