//! Topic `ledger.<chunking>`: the live passages of each document, which make the stream exact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DocumentId, Fingerprint, Placement, Status, Version};

/// The state of one document after its last change; the record's key is the document's id. A removed document keeps
/// its entry, so that its versions keep counting if it returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerEntry {
    /// The document's id.
    pub document: DocumentId,
    /// The version of this state.
    pub version: Version,
    /// The result of its last change.
    pub status: Status,
    /// Why it was refused; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The etag of the object that was read; empty when removed.
    pub etag: String,
    /// SHA-256 of the object's content, in hex; empty when removed or never read.
    pub digest: String,
    /// The fingerprint of extractor and splitter that made the chunks.
    pub chunking: Fingerprint,
    /// The passages in reading order.
    pub chunks: Vec<Placement>,
}

impl LedgerEntry {
    /// The state of a document whose object is gone.
    #[must_use]
    pub fn removed(document: DocumentId, version: Version, chunking: Fingerprint) -> Self {
        Self::new(document, version, Status::Removed, chunking)
    }

    /// A state without passages.
    #[must_use]
    pub fn new(document: DocumentId, version: Version, status: Status, chunking: Fingerprint) -> Self {
        Self {
            document,
            version,
            status,
            cause: None,
            etag: String::new(),
            digest: String::new(),
            chunking,
            chunks: Vec::new(),
        }
    }

    /// Whether the entry only lists what an engine held (`millrace ledger rebuild`) and nobody has read the object
    /// since. The log does not contain these passages, so the next look writes everything again.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.status == Status::Live && self.etag.is_empty() && self.digest.is_empty()
    }
}
