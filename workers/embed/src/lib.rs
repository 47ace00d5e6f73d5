//! Chunks in, vectors out.
//!
//! Each passage is embedded as `chunk` counted it, whole or not at all; document records and tombstones pass through
//! unchanged, in order. It never reads an object, never writes to an engine, and never changes a version.

pub mod config;
pub mod run;
pub mod stage;

pub use config::Config;
pub use run::run;
pub use stage::EmbedStage;
