//! A pair, as it is written.

use message::{ChunkId, DocumentId};
use serde::{Deserialize, Serialize};

use crate::kind::PairKind;

/// A question and a passage that answers it; one line of `train.jsonl`. Texts are as they are embedded, without the
/// model's prefixes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingPair {
    /// What is asked.
    pub query: String,
    /// The passage that answers, without what is asked.
    pub positive: String,
    /// Passages that look like answers and are none.
    pub negatives: Vec<String>,
    /// What it was made from.
    pub kind: PairKind,
    /// The document of the passage.
    pub document: DocumentId,
    /// The passage.
    pub chunk: ChunkId,
}
