//! Topic `ledger.<chunking>`: what is live for each document. It makes the stream exact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DocumentId, Fingerprint, Placement, Status, Version};

/// The state of one document after its last change; the record's key is the document's id. A removed document keeps
/// its entry, so that its versions go on counting when it comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerEntry {
    /// Which document.
    pub document: DocumentId,
    /// The version of this state.
    pub version: Version,
    /// What became of it.
    pub status: Status,
    /// Why it was refused; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The store's change token of the object that was read; empty when removed.
    pub etag: String,
    /// SHA-256 of the object's bytes, in hex; empty when removed or never read.
    pub digest: String,
    /// The extractor and chunker that made the chunks.
    pub chunking: Fingerprint,
    /// The passages in reading order.
    pub chunks: Vec<Placement>,
}
