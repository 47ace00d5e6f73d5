//! Document references in, the difference in chunks out.
//!
//! A reference is a hint: this worker looks at the object as it is now. It keeps, for each document, which passages
//! are live (the ledger); a changed document yields only the difference, in one transaction with the ledger entry and
//! the consumed offset. It never keeps a document, never embeds, and never writes to an engine.
//!
//! Order of files: [`ledger`] what is live · [`decision`] what is to be done · [`difference`] what must be said · [`guard`] is that a mass
//! removal · [`read`] bytes to passages (the bytes are read in a child process) · [`stage`] the worker.

pub mod config;
pub mod decision;
pub mod difference;
pub mod guard;
pub mod ledger;
pub mod read;
mod release;
pub mod stage;

pub use config::Config;
pub use stage::ChunkStage;
