//! Ids as distinct types, so that one cannot be mistaken for another.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sha256_hex;

/// Identifies an object of a bucket: `bucket/key`, with the key exactly as in the store (decoded).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct DocumentId {
    text: String,
    bucket_length: usize,
}

/// A text that is not `bucket/key`.
#[derive(Debug, thiserror::Error)]
#[error("a document is named bucket/key, both non-empty; this is not: {0:?}")]
pub struct InvalidDocumentId(String);

impl DocumentId {
    /// Joins a bucket and a key.
    ///
    /// # Errors
    /// When either is empty, or the bucket holds a slash.
    pub fn new(bucket: &str, key: &str) -> Result<Self, InvalidDocumentId> {
        let text = format!("{bucket}/{key}");
        if bucket.is_empty() || key.is_empty() || bucket.contains('/') {
            return Err(InvalidDocumentId(text));
        }
        Ok(Self { text, bucket_length: bucket.len() })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.text.get(..self.bucket_length).unwrap_or_default()
    }

    /// The object's key within the bucket.
    #[must_use]
    pub fn key(&self) -> &str {
        self.text.get(self.bucket_length + 1..).unwrap_or_default()
    }

    /// `bucket/key`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// 32 hex characters that identify this document where the length of ids is limited (an engine's `_id` takes 512
    /// bytes, a key may have 1,023): the first half of the SHA-256 of `bucket/key`.
    #[must_use]
    pub fn short(&self) -> String {
        let mut digest = sha256_hex([self.text.as_bytes()]);
        digest.truncate(32);
        digest
    }
}

impl TryFrom<String> for DocumentId {
    type Error = InvalidDocumentId;

    fn try_from(text: String) -> Result<Self, InvalidDocumentId> {
        match text.split_once('/') {
            Some((bucket, key)) => Self::new(bucket, key),
            None => Err(InvalidDocumentId(text)),
        }
    }
}

impl From<DocumentId> for String {
    fn from(id: DocumentId) -> Self {
        id.text
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Identifies a passage by its content: 32 hex characters, derived from the document, the heading path, the text, and
/// the number of equal passages before it. An unchanged passage keeps its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ChunkId(String);

impl ChunkId {
    /// Derives the id. `repeat` is the number of earlier passages of the document with the same path and text.
    #[must_use]
    pub fn derive(document: &DocumentId, heading_path: &[String], text: &str, repeat: u32) -> Self {
        let path = sha256_hex(heading_path.iter().map(String::as_bytes));
        let mut digest = sha256_hex([
            document.as_str().as_bytes(),
            path.as_bytes(),
            text.as_bytes(),
            repeat.to_le_bytes().as_slice(),
        ]);
        digest.truncate(32);
        Self(digest)
    }

    /// Takes an existing id (from a Kafka key or an engine's `_id`).
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The 32 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 (64 hex characters) of everything that decides a result: of a *chunking* (extractor, splitter, token
/// limit, tokenizer) or of a *space* (a chunking and the model that embeds it).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of named parts; their order and names matter.
    #[must_use]
    pub fn of(parts: &[(&str, &str)]) -> Self {
        Self(sha256_hex(parts.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()])))
    }

    /// All 64 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 characters, as used in names of topics and indexes.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_keeps_bucket_and_key_apart() {
        let id = DocumentId::new("docs", "a b/+%41/你好 🙂.md").unwrap();
        assert_eq!((id.bucket(), id.key()), ("docs", "a b/+%41/你好 🙂.md"));
        let back: DocumentId = serde_json::from_str(&serde_json::to_string(&id).unwrap()).unwrap();
        assert_eq!(back, id);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        for text in ["", "bucket", "/key", "bucket/"] {
            assert!(DocumentId::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(DocumentId::new("a/b", "c").is_err());
    }

    #[test]
    fn a_chunk_id_depends_on_each_part() {
        let document = DocumentId::new("b", "k").unwrap();
        let base = ChunkId::derive(&document, &["A".to_owned()], "text", 0);
        assert_eq!(base.as_str().len(), 32);
        let other = DocumentId::new("b", "k2").unwrap();
        assert_ne!(base, ChunkId::derive(&other, &["A".to_owned()], "text", 0));
        assert_ne!(base, ChunkId::derive(&document, &[], "text", 0));
        assert_ne!(base, ChunkId::derive(&document, &["A".to_owned()], "text.", 0));
        assert_ne!(base, ChunkId::derive(&document, &["A".to_owned()], "text", 1));
    }
}
