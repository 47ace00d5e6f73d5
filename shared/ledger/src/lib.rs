//! The ledger on disk: what is live for each document of a partition, caught up with its topic.
//!
//! The truth is the topic `ledger.<chunking>`; a working copy is a cache of it. It is written only after the commit
//! returned, in one batch with the offset that it then reflects. So a crash leaves an earlier state of the topic, never a
//! mixture, and catching up means reading on from there. Any doubt about a copy (a failed checksum, another format, a
//! topic that was replaced) drops it, and it is read from the topic again. An unreadable entry is never skipped, and a
//! topic that lost entries is never taken for a smaller ledger.
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
