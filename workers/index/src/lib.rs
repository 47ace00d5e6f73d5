//! Vectors in, OpenSearch written.
//!
//! The logic is in `sink::WriteStage`, which `index` and `replicate` share; this worker chooses the engine. It never
//! embeds, never reads an object, and never writes two spaces to one index.

pub mod config;

pub use config::Config;
