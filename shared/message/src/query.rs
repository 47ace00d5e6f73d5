//! Topic `queries`: a sample of the questions asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkId, Fingerprint, Vector};

/// One question and its results; used to measure drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// The question.
    pub question: String,
    /// How passages were searched: `keyword`, `vector` or `hybrid`.
    pub mode: String,
    /// The space of the vector, and of the index.
    pub space: Fingerprint,
    /// The question's vector; absent for a keyword search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vector>,
    /// The first passages, best first.
    pub hits: Vec<QueryHit>,
}

/// A passage in the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryHit {
    /// The passage's id.
    pub id: ChunkId,
    /// Its score in the result.
    pub score: f64,
    /// (1 + cosine) / 2 of its vector and the question's, if both were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_score: Option<f64>,
}
