//! Topics `chunks.<chunking>` (and, with vectors, `vectors.<space>`): passages and document records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkId, DocumentId, Version};

/// A value of `chunks.<chunking>`. A record without a value (a tombstone) deletes the item that its key names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Passage {
    /// A passage of text; the record's key is its id.
    Chunk(Chunk),
    /// The document's own record; the record's key is the document's id.
    Document(DocumentRecord),
}

/// One passage. Its position is kept in the document record, so that a passage that only moved is not written again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chunk {
    /// Derived from its content.
    pub id: ChunkId,
    /// The document it belongs to.
    pub document: DocumentId,
    /// The version of the document that first wrote it.
    pub version: Version,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The text as shown, without the heading path. A passage that continues a table begins with the table's header,
    /// repeated.
    pub text: String,
    /// Number of tokens of heading path and text as embedded, including special tokens, counted by the model's
    /// tokenizer.
    pub tokens: u32,
    /// What it can be filtered by.
    #[serde(default, skip_serializing_if = "About::is_empty")]
    pub about: About,
}

/// What a passage can be filtered by, as of when the passage was first written. An unchanged passage is not written
/// again, so `modified` tells since when this text exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The document's language, as in [`DocumentRecord::language`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The document's format, as in [`DocumentRecord::format`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The store's modification time of the object, in seconds since 1970; for filters and people, never for
    /// ordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
}

impl About {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Chunk {
    /// The first passage with this text, without headings.
    #[must_use]
    pub fn new(document: DocumentId, version: Version, text: &str) -> Self {
        Self {
            id: ChunkId::derive(&document, &[], text, 0),
            document,
            version,
            heading_path: Vec::new(),
            text: text.to_owned(),
            tokens: 1,
            about: About::default(),
        }
    }

    /// The text that is embedded: see [`embedded_text`].
    #[must_use]
    pub fn embedded_text(&self) -> String {
        embedded_text(&self.heading_path, &self.text)
    }
}

/// The text that a model is given for a passage, before the model's own prefix: the heading path joined by ` > `, a
/// line break, and the passage; without headings just the passage. The splitter counts the tokens of exactly this
/// text.
#[must_use]
pub fn embedded_text(heading_path: &[String], text: &str) -> String {
    if heading_path.is_empty() { text.to_owned() } else { format!("{}\n{text}", heading_path.join(" > ")) }
}

/// The state of a document and the order of its passages. Written after its chunks: whoever sees version v of this
/// record in an engine sees every chunk of version v there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentRecord {
    /// The document's id.
    pub document: DocumentId,
    /// The version of this state.
    pub version: Version,
    /// Live, without text, or refused.
    pub status: Status,
    /// Why it was refused; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The title found in the document, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The recognised format, e.g. `markdown`; absent when refused before recognition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The main language of its text, as ISO 639-1 (`en`, `zh`); absent when it cannot be determined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The etag of the object that was read.
    pub etag: String,
    /// Size of the object in bytes.
    pub size: u64,
    /// The store's modification time of the object, in seconds since 1970; for people, never for ordering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
    /// The passages in reading order; empty unless live.
    pub chunks: Vec<Placement>,
    /// Its pages, slides, sheets and archive members, in the order of the text; empty when it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Parts that could not be read while the rest was, such as an attachment or an archive member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

impl DocumentRecord {
    /// A record with nothing but these fields.
    #[must_use]
    pub fn new(document: DocumentId, version: Version, status: Status) -> Self {
        Self {
            document,
            version,
            status,
            cause: None,
            title: None,
            format: None,
            language: None,
            etag: String::new(),
            size: 0,
            modified: None,
            chunks: Vec::new(),
            parts: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// A place that a reader can be sent to; it extends to the next part of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// Its kind.
    pub kind: PartKind,
    /// Its number, counted from 1.
    pub number: u32,
    /// Its name, if any: of a sheet, a page label, the path of an archive member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its first byte in the extracted text.
    pub start: u64,
}

/// What a [`Part`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// A page of a PDF document.
    Page,
    /// A slide of a presentation.
    Slide,
    /// A sheet of a workbook.
    Sheet,
    /// A file within the document: an archive member, or an attachment of a message.
    Member,
}

/// Something within a document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Its name or path within the document.
    pub name: String,
    /// The reason, for a person.
    pub cause: String,
}

/// The position of a passage in its document; its ordinal is its index in [`DocumentRecord::chunks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placement {
    /// The passage's id.
    pub id: ChunkId,
    /// Its first byte in the extracted text.
    pub start: u64,
    /// One past its last byte in the extracted text.
    pub end: u64,
}

/// The result of processing a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its passages are searchable.
    Live,
    /// It was read and holds no text.
    Empty,
    /// It cannot be read as text; the cause says why, and a dead letter was written.
    Refused,
    /// The object is gone. Used only in the ledger; other topics have a tombstone instead.
    Removed,
}
