//! Vectors in, Elasticsearch written.
//!
//! The thinking and the stage are `sink::WriteStage`, which `index` and `replicate` share; this worker chooses the
//! engine and the consumer group. It never embeds, never reads an object, and never writes two spaces to one index.

pub mod config;

pub use config::Config;
