//! What is said between workers: the types on the wire, one file per topic.
//!
//! Pure: values in, values out. Nothing here opens, waits or reads a clock. A message is JSON (serde), so that any
//! Kafka tool shows it; a vector is base64 of little-endian f32. Its JSON Schema is generated from these types
//! (`topics/schemas`), and a test there refuses a breaking change.

mod chunk;
mod confirmation;
mod dead_letter;
mod digest;
mod document;
mod headers;
mod id;
mod ledger;
mod query;
mod vector;
mod version;

pub use chunk::{
    About, Chunk, DocumentRecord, LeftOut, Part, PartKind, Passage, Placement, Status, embedded_text,
};
pub use confirmation::{Checked, Confirmation, Said, Skip};
pub use dead_letter::DeadLetter;
pub use digest::{RunningDigest, content_digest, sha256_hex};
pub use document::{DocumentReference, Why};
pub use headers::{Headers, document_on, partition_of, trace, trace_on};
pub use id::{ChunkId, DocumentId, Fingerprint, InvalidDocumentId};
pub use ledger::LedgerEntry;
pub use query::{Query, QueryHit};
pub use vector::{Embedded, EmbeddedChunk, InvalidVector, Vector};
pub use version::Version;
