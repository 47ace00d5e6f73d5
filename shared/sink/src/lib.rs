//! The sink: search engines, written in bulk, read for search, and scanned for the audit.
//!
//! [`Sink`] writes and [`Reader`] reads one generation of indexes, named by [`generation::Names`]. [`Engine`] (one
//! for each of [`EngineKind::ALL`]) and [`MemoryEngine`] implement both; one test suite (`tests/engines.rs`) runs
//! over all three. Every bulk response is read item by item. Writes go to an alias that must exist, so that a write
//! never recreates a deleted index. Writers and readers reject vectors of another space, and every request has a
//! deadline.
//!
//! Beside generations: [`ModelHost`] has OpenSearch run a model itself and opens an index that embeds what anyone writes
//! ([`DirectIndex`]); [`IndexCopy`] copies such an index to Elasticsearch, and [`EngineLicence`] says whether that could run the
//! model, too.

mod action;
mod age;
mod building;
mod bulk;
mod carried;
mod catalog;
mod copied;
mod elasticsearch;
mod engine;
mod ensured;
mod error;
mod fuse;
mod lane;
mod licence;
mod memory;
mod mlcommons;
mod opensearch;
mod origin;
mod outside;
mod patient;
mod question;
mod reader;
mod registry;
mod run;
mod settings;
mod sink;
mod stage;
mod vectors;
mod wire;

pub use action::{Action, Operation, WrongSpace, action_of, delete};
pub use building::BuildingSettings;
pub use catalog::Catalog;
pub use copied::{CopiedSlice, CopyMoment, CopyShape, CopySlice, CopyTrouble, CopyVerdict, IndexCopy};
pub use elasticsearch::ElasticsearchSettings;
pub use engine::Engine;
pub use engine::snapshots::{
    EngineSnapshot, InvalidSnapshotName, RestoreProgress, SnapshotName, SnapshotState, fits_snapshot,
};
pub use ensured::{Ensured, IndexState};
pub use error::SinkError;
pub use fuse::{FUSED_WINDOW, Fused, Fusion, Scored, fuse};
pub use lane::WriteLane;
pub use licence::{EngineLicence, ModelOffer};
pub use memory::{Fault, MemoryEngine};
pub use mlcommons::{
    DirectIndex, HostSetting, HostTrouble, HostedModel, ModelHost, ModelSource, RegisteredModel, TextSide,
};
pub use opensearch::{KnnEngine, OpenSearchSettings};
pub use question::{Clause, MOST_CLAUSES, MOST_PREFIXES, Window, Words, lies_at};
pub use reader::{
    Hit, Page, Place, RANK_CONSTANT, Reader, StoredChunk, StoredDocument, StoredVector, check_spaces, cosine,
};
pub use registry::{EngineKind, EngineSettings};
pub use run::{WriteSettings, run};
pub use settings::{IndexSettings, RequestSettings};
pub use sink::{ItemAnswer, OutsideAliases, Sink, Written};
pub use stage::WriteStage;
pub use vectors::{UnknownVectors, VectorChoice, VectorKind};
