//! Turns records of `vectors.<space>` into actions on an index, each with an external version.
//!
//! Pure. A record of another space never becomes an action. A document record is stored under [`DocumentId::short`],
//! because an engine limits `_id` to 512 bytes and an object's key may be longer.

use bytes::Bytes;
use generation::Target;
use message::{DocumentId, Embedded, EmbeddedChunk, Fingerprint, Version};
use serde_json::json;

/// The field that holds a passage's vector.
pub(crate) const EMBEDDING: &str = "embedding";

/// One write of one item (a passage or a document record).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The index that it goes to.
    pub target: Target,
    /// The item's `_id`.
    pub id: String,
    /// The external version: the engine keeps the highest.
    pub version: Version,
    /// The highest version that the log can have issued for this document. If the engine holds a version above it,
    /// something else wrote that, and the write answers Stop instead of counting as a repetition.
    pub highest: Version,
    /// What to do.
    pub operation: Operation,
}

/// What is done with the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Store this JSON object, serialised on one line.
    Put(Bytes),
    /// Delete the item.
    Delete,
}

/// A record that was embedded in another space than the index holds.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "chunk {id} was embedded in the space {found}, and this index holds {expected}: read the topic of that space"
)]
pub struct WrongSpace {
    /// The passage's id.
    pub id: String,
    /// The space named in the record.
    pub found: Fingerprint,
    /// The space of the index.
    pub expected: Fingerprint,
}

impl Action {
    /// Sets the highest version that the log has issued for this document. By default it is the end of the epoch of
    /// the action's own version; a `highest` below that version is raised to it.
    #[must_use]
    pub fn with_highest(mut self, highest: Version) -> Self {
        self.highest = highest.max(self.version);
        self
    }

    /// Approximate size in bytes, in memory and in a request.
    #[must_use]
    pub fn size(&self) -> usize {
        const HEADER: usize = 160;
        let body = match &self.operation {
            Operation::Put(body) => body.len(),
            Operation::Delete => 0,
        };
        HEADER + self.id.len() + body
    }

    fn new(target: Target, id: String, version: Version, operation: Operation) -> Self {
        Self { target, id, version, highest: last_of_epoch(version), operation }
    }
}

/// Makes the action that stores a record of `vectors.<space>` in the index of `space`.
///
/// # Errors
/// When the record was embedded in another space.
pub fn action_of(record: &Embedded, space: &Fingerprint) -> Result<Action, WrongSpace> {
    match record {
        Embedded::Chunk(chunk) if chunk.space != *space => Err(WrongSpace {
            id: chunk.chunk.id.to_string(),
            found: chunk.space.clone(),
            expected: space.clone(),
        }),
        Embedded::Chunk(chunk) => Ok(put_chunk(chunk)),
        Embedded::Document(record) => {
            let id = record.document.short();
            // `json!` instead of the record's own serialisation: the field names must be the mapping's, and a test
            // compares them.
            let body = json!({
                "id": id, "document": record.document, "bucket": record.document.bucket(),
                "key": record.document.key(), "version": record.version, "status": record.status,
                "cause": record.cause, "title": record.title, "format": record.format,
                "language": record.language, "etag": record.etag, "size": record.size,
                "modified": record.modified, "chunks": record.chunks,
                "parts": record.parts, "left_out": record.left_out, "space": space,
            });
            Ok(Action::new(Target::Documents, id, record.version, Operation::Put(body.to_string().into())))
        }
    }
}

/// Makes the action for a tombstone. `key` is the record's key: the id of a document or of one of its chunks.
#[must_use]
pub fn delete(key: &str, document: &DocumentId, version: Version) -> Action {
    if key == document.as_str() {
        Action::new(Target::Documents, document.short(), version, Operation::Delete)
    } else {
        Action::new(Target::Chunks, key.to_owned(), version, Operation::Delete)
    }
}

fn put_chunk(embedded: &EmbeddedChunk) -> Action {
    let chunk = &embedded.chunk;
    // A passage may be in another language than its document. Where it is too short to tell, the document's language
    // counts.
    let language = analysis::language(&chunk.text).or(chunk.about.language.as_deref());
    let language = language.unwrap_or(analysis::UNDETERMINED);
    let body = json!({
        "id": chunk.id, "document": chunk.document, "bucket": chunk.document.bucket(),
        "key": chunk.document.key(), "text": chunk.text, "heading_path": chunk.heading_path,
        "tokens": chunk.tokens, "version": chunk.version, "space": embedded.space, EMBEDDING: embedded.vector.0,
        "terms": analysis::line(&chunk.embedded_text(), language), "language": language,
        "format": chunk.about.format, "modified": chunk.about.modified,
    });
    let operation = Operation::Put(body.to_string().into());
    Action::new(Target::Chunks, chunk.id.to_string(), chunk.version, operation)
}

fn last_of_epoch(version: Version) -> Version {
    let epoch = version.epoch() << Version::COUNTER_BITS;
    Version::from(epoch | ((1 << Version::COUNTER_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::{About, Chunk, ChunkId, DocumentRecord, Status, Vector};

    fn chunk(space: &Fingerprint) -> Embedded {
        let document = DocumentId::new("docs", "a b.md").unwrap();
        Embedded::Chunk(EmbeddedChunk {
            chunk: Chunk {
                id: ChunkId::derive(&document, &[], "text", 0),
                document,
                version: Version::first(3),
                heading_path: vec!["A".to_owned()],
                text: "text".to_owned(),
                tokens: 3,
                about: About::default(),
            },
            space: space.clone(),
            vector: Vector(vec![0.1, -1.0e-9]),
        })
    }

    #[test]
    fn a_chunk_keeps_its_numbers_and_its_version() {
        let space = Fingerprint::of(&[("model", "a")]);
        let action = action_of(&chunk(&space), &space).unwrap();
        let Operation::Put(body) = &action.operation else { panic!("a put") };
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let vector: Vec<f32> = serde_json::from_value(body[EMBEDDING].clone()).unwrap();
        assert_eq!((vector, action.version), (vec![0.1, -1.0e-9], Version::first(3)));
        assert_eq!((&body["bucket"], &body["key"]), (&json!("docs"), &json!("a b.md")));
        assert_eq!(action.highest.epoch(), 3);
        assert_eq!(action.highest.next(), Version::from(4 << Version::COUNTER_BITS));
    }

    #[test]
    fn another_space_is_refused() {
        let (mine, other) = (Fingerprint::of(&[("model", "a")]), Fingerprint::of(&[("model", "b")]));
        let error = action_of(&chunk(&other), &mine).unwrap_err();
        assert_eq!((error.found, error.expected), (other, mine));
    }

    #[test]
    fn a_document_record_is_read_back_as_it_was() {
        let record = DocumentRecord {
            document: DocumentId::new("docs", &"k".repeat(1000)).unwrap(),
            version: Version::first(0),
            status: Status::Refused,
            cause: Some("encrypted".to_owned()),
            title: None,
            format: None,
            language: None,
            parts: Vec::new(),
            left_out: Vec::new(),
            etag: "\"e\"".to_owned(),
            size: 7,
            modified: None,
            chunks: Vec::new(),
        };
        let space = Fingerprint::of(&[]);
        let action = action_of(&Embedded::Document(record.clone()), &space).unwrap();
        assert_eq!((action.target, action.id.len()), (Target::Documents, 32));
        let Operation::Put(body) = &action.operation else { panic!("a put") };
        assert_eq!(serde_json::from_slice::<DocumentRecord>(body).unwrap(), record);
    }

    #[test]
    fn a_tombstone_names_a_document_or_a_chunk() {
        let document = DocumentId::new("docs", "a").unwrap();
        assert_eq!(delete("docs/a", &document, Version::first(0)).id, document.short());
        assert_eq!(delete("0f", &document, Version::first(0)).target, Target::Chunks);
    }
}
