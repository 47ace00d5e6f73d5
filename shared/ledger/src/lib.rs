//! The ledger on disk: what is live for each document of a partition, kept up to date with its topic.
//!
//! The topic `ledger.<chunking>` is the source of truth; a working copy is a cache of it. The copy is written only
//! after a commit returned, in one batch with the offset it then reflects. So a crash leaves an earlier state of the
//! topic, never a mixture, and catching up means reading on from there. On any doubt about a copy (a failed checksum,
//! another format, a replaced topic) it is dropped and rebuilt from the topic. An unreadable entry is never skipped,
//! and a topic that lost entries is never taken for a smaller ledger.
//!
//! Reading order: [`Counts`], [`Position`] and `summary` (pure) · `batch`, the changes about to be written · `folder`
//! and `store`, the edge · `follow`, which reads the topic · [`WorkingCopy`], one partition · [`Ledger`], all
//! partitions.

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
