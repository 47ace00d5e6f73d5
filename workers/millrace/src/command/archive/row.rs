//! A record of `vectors.<space>` as a row, and the records of both topics that a row stands for. Pure.

use generation::Generation;
use message::{
    Chunk, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Headers, Passage, Vector, Version,
};
use stream::{Outgoing, Record};

/// Bytes of a number in a vector.
pub(super) const NUMBER: usize = size_of::<f32>();

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    /// A passage with its vector.
    Chunk,
    /// A document's own record.
    Document,
    /// A tombstone of either.
    Gone,
}

impl RowKind {
    const ALL: [Self; 3] = [Self::Chunk, Self::Document, Self::Gone];

    /// As it stands in the column `kind`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chunk => "chunk",
            Self::Document => "document",
            Self::Gone => "gone",
        }
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogRow {
    /// Where the record stood. An import may have other partitions.
    pub(super) partition: i32,
    /// Its offset there.
    pub(super) offset: i64,
    /// Its key: a passage's id, or a document's.
    pub(super) key: String,
    /// The document that it belongs to.
    pub(super) document: DocumentId,
    /// The version of the document that wrote it.
    pub(super) version: Version,
    /// Follows a notice through all topics.
    pub(super) trace: String,
    /// What it is.
    pub(super) kind: RowKind,
    /// The passage without its vector, or the document's record, as JSON; none for a tombstone.
    pub(super) value: Option<String>,
    /// The vector of a passage: little-endian f32.
    pub(super) vector: Option<Vec<u8>>,
}

/// Kind, value and vector.
type Parts = (RowKind, Option<String>, Option<Vec<u8>>);

impl LogRow {
    /// The row of a record of `generation`.
    ///
    /// # Errors
    /// The cause, when it cannot be read, or is of another space.
    pub(super) fn of(record: &Record, generation: &Generation) -> Result<Self, String> {
        let Headers { document, version, trace } = record.parse_headers()?;
        let key = String::from_utf8(record.key.clone().unwrap_or_default());
        let (kind, value, vector) = match record.value.as_deref() {
            Some(value) => parts(value, generation)?,
            None => (RowKind::Gone, None, None),
        };
        Ok(Self {
            partition: record.partition,
            offset: record.offset,
            key: key.map_err(|_| "its key is no text")?,
            document,
            version: version.ok_or("it has no header 'version'")?,
            trace,
            kind,
            value,
            vector,
        })
    }

    /// Whether it is the last record of a version of its document: `chunk` writes the document's own one after its passages.
    pub(super) fn ends_a_document(&self) -> bool {
        self.key == self.document.as_str()
    }

    /// About its size in bytes.
    pub(super) fn bytes(&self) -> usize {
        let Self { key, document, trace, value, vector, .. } = self;
        let texts = key.len() + document.as_str().len() + trace.len();
        texts + value.as_ref().map_or(0, String::len) + vector.as_ref().map_or(0, Vec::len)
    }

    /// What it stands for in the topic of passages and in that of vectors of `generation`.
    ///
    /// # Errors
    /// The cause, when it was not made by [`LogRow::of`] or cannot be read.
    pub(super) fn records(&self, generation: &Generation) -> Result<[Outgoing; 2], String> {
        let (chunks, vectors, key) = (generation.chunks(), generation.vectors(), self.key.as_str());
        let headers = Headers::new(self.document.clone(), self.trace.clone()).at(self.version);
        let (passage, embedded) = match (self.kind, self.value.as_deref(), self.vector.as_deref()) {
            (RowKind::Chunk, Some(value), Some(vector)) => {
                let chunk: Chunk = serde_json::from_str(value).map_err(|error| error.to_string())?;
                let (space, vector) = (generation.space.clone(), vector_of(vector)?);
                (Passage::Chunk(chunk.clone()), Embedded::Chunk(EmbeddedChunk { chunk, space, vector }))
            }
            (RowKind::Document, Some(value), None) => {
                let record: DocumentRecord =
                    serde_json::from_str(value).map_err(|error| error.to_string())?;
                (Passage::Document(record.clone()), Embedded::Document(record))
            }
            (RowKind::Gone, None, None) => {
                let gone = |topic: &str| Outgoing::tombstone(topic, key, headers.clone());
                return Ok([gone(&chunks), gone(&vectors)]);
            }
            (kind, _, _) => {
                return Err(format!("a row of the kind {kind:?} with too few or too many values"));
            }
        };
        Ok([
            Outgoing::json(&chunks, key, &passage, headers.clone())?,
            Outgoing::json(&vectors, key, &embedded, headers)?,
        ])
    }
}

fn parts(value: &[u8], generation: &Generation) -> Result<Parts, String> {
    let said = |error: serde_json::Error| error.to_string();
    match serde_json::from_slice(value).map_err(said)? {
        Embedded::Chunk(EmbeddedChunk { chunk, space, vector }) => {
            if space != generation.space {
                return Err(format!("its vector is of the space {space}, and not of {}", generation.space));
            }
            if vector.0.len() != generation.dimension {
                let (found, expected) = (vector.0.len(), generation.dimension);
                return Err(format!("its vector has {found} numbers, and not {expected}"));
            }
            let bytes = vector.0.iter().flat_map(|number| number.to_le_bytes()).collect();
            Ok((RowKind::Chunk, Some(serde_json::to_string(&chunk).map_err(said)?), Some(bytes)))
        }
        Embedded::Document(record) => {
            Ok((RowKind::Document, Some(serde_json::to_string(&record).map_err(said)?), None))
        }
    }
}

fn vector_of(bytes: &[u8]) -> Result<Vector, String> {
    let (numbers, rest) = bytes.as_chunks::<NUMBER>();
    if !rest.is_empty() {
        return Err(format!("a vector of {} bytes, which is no whole number of numbers", bytes.len()));
    }
    Ok(Vector(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()))
}
