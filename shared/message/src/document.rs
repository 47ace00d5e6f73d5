//! Topic `documents`: one reference per object that was touched, or that should be looked at again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkId, DocumentId};

/// Says that a document may have changed. It is a hint: `chunk` looks at the object as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentReference {
    /// Which object.
    pub document: DocumentId,
    /// What made somebody say so.
    pub why: Why,
    /// Write everything again under a new version even if nothing changed (repair, dead-letter replay).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
    /// Passages that an engine holds and should not (repair): with force, those that are not live are deleted under the
    /// new version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspects: Vec<ChunkId>,
    /// The event's name as the store wrote it, or the command that asked; for people.
    pub source: String,
    /// When the store says it happened (RFC 3339), if it says so; for people, never for ordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<String>,
}

/// The reason of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A store said that the object was written.
    Created,
    /// A store said that the object was deleted.
    Removed,
    /// Millrace itself asks (reconcile, repair, dead-letter replay).
    LookAgain,
}
