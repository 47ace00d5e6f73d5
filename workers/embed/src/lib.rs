//! Chunks in, vectors out.
//!
//! Each passage is embedded exactly as `chunk` counted its tokens: whole or not at all. Document records and
//! tombstones pass through unchanged and in order. The worker never reads an object, never writes to an engine, and
//! never changes a version.

pub mod config;
pub mod follow;
mod models;
pub mod run;
pub mod stage;
mod turns;

pub use config::Config;
pub use follow::{EncoderSource, follow};
pub use models::EmbedModels;
pub use run::run;
pub use stage::EmbedStage;
