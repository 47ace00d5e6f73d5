//! The ledger on disk: what is live for each document of a partition, caught up with its topic.
//!
//! The truth is the topic `ledger.<chunking>`; a working copy is a cache of it. It is written only after the commit
//! returned, and the offset that it reflects is written with the entries in one batch. So a crash leaves an earlier
//! state of the topic, never a mixture, and catching up is reading on from there. Whatever makes a copy doubtful (a
//! failed checksum, another format, a topic that is another one) drops it; it is then read from the topic anew. An entry
//! that cannot be read is never passed over, and a topic that lost entries is never taken for a smaller ledger.
//!
//! Order of files: [`Counts`], [`Position`] and `summary` pure · `batch` what is about to be written · `folder` and
//! `store` the edge · `follow` reads the topic · [`WorkingCopy`] one partition · [`Ledger`] all of them.

mod batch;
mod copy;
mod counts;
mod error;
mod folder;
mod follow;
mod merged;
mod position;
mod store;
mod summary;

pub use copy::WorkingCopy;
pub use counts::Counts;
pub use error::LedgerError;
pub use folder::{Folder, LedgerPlace};
pub use merged::{Ledger, MergedScan};
pub use position::Position;
pub use store::Scan;

/// The epoch of a ledger that was never lost.
pub const FIRST_EPOCH: u32 = 1;
