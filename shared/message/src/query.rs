//! Topic `queries`: a sample of the questions that were asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkId, Fingerprint, Vector};

/// One question and what was found for it: what drift is measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// The question.
    pub question: String,
    /// How passages were found: `keyword`, `vector` or `hybrid`.
    pub mode: String,
    /// The space of the vector, and of the index.
    pub space: Fingerprint,
    /// The question's vector; absent where it was asked by words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vector>,
    /// The first passages, best first.
    pub hits: Vec<QueryHit>,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryHit {
    /// Which.
    pub id: ChunkId,
    /// Its score in the answer.
    pub score: f64,
    /// (1 + cosine) / 2 of its vector and the question's, where both were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_score: Option<f64>,
}
