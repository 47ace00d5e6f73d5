//! The sink: search engines, written in bulk, read for search, and scanned for the audit.
//!
//! [`Sink`] writes and [`Reader`] reads one generation of indexes, named by [`generation::Names`]. [`Engine`] (one
//! for each of [`EngineKind::ALL`]) and [`MemoryEngine`] implement both; one test suite (`tests/engines.rs`) runs
//! over all three. Every bulk response is read item by item. Writes go to an alias that must exist, so that a write
//! never recreates a deleted index. Writers and readers reject vectors of another space, and every request has a
//! deadline.

mod action;
mod age;
mod bulk;
mod carried;
mod catalog;
mod elasticsearch;
mod engine;
mod ensured;
mod error;
mod lane;
mod memory;
mod opensearch;
mod origin;
mod outside;
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
pub use catalog::Catalog;
pub use elasticsearch::ElasticsearchSettings;
pub use engine::Engine;
pub use engine::snapshots::{
    EngineSnapshot, InvalidSnapshotName, RestoreProgress, SnapshotName, SnapshotState, fits_snapshot,
};
pub use ensured::{Ensured, IndexState};
pub use error::SinkError;
pub use lane::WriteLane;
pub use memory::{Fault, MemoryEngine};
pub use opensearch::{KnnEngine, OpenSearchSettings};
pub use question::{Clause, Window, Words};
pub use reader::{
    Hit, Page, Place, RANK_CONSTANT, Reader, StoredChunk, StoredDocument, StoredVector, cosine,
};
pub use registry::{EngineKind, EngineSettings};
pub use run::{WriteSettings, run};
pub use settings::{IndexSettings, RequestSettings};
pub use sink::{ItemAnswer, OutsideAliases, Sink, Written};
pub use stage::WriteStage;
pub use vectors::{UnknownVectors, VectorChoice, VectorKind};
