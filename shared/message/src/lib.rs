//! The messages between workers: the types on the wire, one file per topic.
//!
//! Pure: no I/O and no clock. A message is JSON (serde), so that any Kafka tool can show it; a vector is base64 of
//! little-endian f32. The JSON Schemas in `topics/schemas` are generated from these types, and a test there rejects
//! breaking changes.

mod chunk;
mod confirmation;
mod dead_letter;
mod digest;
mod document;
mod drift;
mod headers;
mod id;
mod ledger;
mod proven;
mod query;
mod registry;
mod run;
mod vector;
mod version;

pub use chunk::{
    About, Chunk, DocumentRecord, LeftOut, Part, PartKind, Passage, Placement, Status, embedded_text,
};
pub use confirmation::{Checked, Confirmation, Said, Skip};
pub use dead_letter::DeadLetter;
pub use digest::{RunningDigest, content_digest, sha256_hex};
pub use document::{DocumentReference, Why};
pub use drift::{DriftClue, DriftMeasurement, DriftReport, DriftSignal, DriftWindow, TopicDrift};
pub use headers::{Headers, document_on, partition_of, trace, trace_on};
pub use id::{ChunkId, DocumentId, Fingerprint, InvalidDocumentId};
pub use ledger::LedgerEntry;
pub use proven::ProvenScore;
pub use query::{AnswerFeedback, AnswerJudgement, Query, QueryHit, QueryRecord, standing_feedback};
pub use registry::{
    BuildState, ChangeAuthor, FillSource, GenerationEntry, IndexMapping, ModelEntry, ModelState, ReadyEntry,
    RegistryEntry, ServingEntry,
};
pub use run::{RunState, TrainingRun};
pub use vector::{Embedded, EmbeddedChunk, InvalidVector, Vector};
pub use version::Version;
