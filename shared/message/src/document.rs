//! Topic `documents`: one reference for each object that was touched or should be looked at again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkId, DocumentId, Fingerprint};

/// Says that a document may have changed. A hint only: `chunk` looks at the object as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentReference {
    /// The object.
    pub document: DocumentId,
    /// The reason for the reference.
    pub why: Why,
    /// Write everything again under a new version even if nothing changed (repair, dead-letter replay).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// Passages that an engine should not hold (repair): with `force`, those that are not live are deleted under the
    /// new version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspects: Vec<ChunkId>,
    /// The chunking that is meant; none means all. What fills one that is new does not make the others look again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Fingerprint>,
    /// The store's name for the event, or the command that asked; for people.
    pub source: String,
    /// The store's event time (RFC 3339), if given; for people, never for ordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<String>,
}

/// The reason of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A store reported a write.
    Created,
    /// A store reported a deletion.
    Removed,
    /// Millrace itself asked (reconcile, repair, dead-letter replay).
    LookAgain,
}
