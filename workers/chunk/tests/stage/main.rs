//! The worker with a store and a broker in memory: what it writes for a change, and what it never loses.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod bench;
mod change;
mod chunkings;
mod exactness;
mod guard;
mod ledger;
mod look;
mod oversize;
mod pipeline;
mod poison;
mod refusal;
mod slow;
mod zombie;
