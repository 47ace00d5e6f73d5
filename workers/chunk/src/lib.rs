//! Document references in, changed chunks out.
//!
//! A reference is a hint: this worker looks at the object as it is now. For each document it keeps a list of the live
//! passages (the ledger). When a document changes, only the difference is written, in one transaction with the ledger
//! entry and the consumed offset. The worker never stores a document, never embeds, and never writes to an engine.
//!
//! Reading order: `asked` what records ask for · [`ledger`] what is live · [`decision`] what to do · [`difference`] which records to write ·
//! [`guard`] mass deletions · [`read`] bytes to passages (parsed in a child process) · [`stage`] the worker ·
//! [`follow()`] the worker once for each chunking.

mod asked;
pub mod config;
pub mod decision;
pub mod difference;
mod follow;
pub mod guard;
pub mod ledger;
mod models;
pub mod read;
mod release;
pub mod stage;

pub use config::Config;
pub use follow::{ChunkTools, SplitterSource, follow};
pub use models::ChunkModels;
pub use stage::ChunkStage;
