//! Questions in, passages out.
//!
//! `GET /v1/search` asks Elasticsearch by words (BM25), by vector (kNN), or by both, and fuses the two rankings here
//! (reciprocal rank fusion), as no free engine does. A request takes one immutable snapshot of encoder, space and
//! physical indexes and keeps it; an alias is never queried; an index of another space is never asked. It writes
//! nothing.
//!
//! Order of files: [`fuse`] two rankings into one · [`search`] a question's way · [`http`] the edge.

pub mod config;
pub mod fuse;
pub mod http;
pub mod search;

pub use config::Config;
pub use search::{Mode, Search};
