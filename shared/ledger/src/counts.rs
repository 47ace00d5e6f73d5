//! Document counts of a ledger, by status. Pure.

use message::Status;
use serde::{Deserialize, Serialize};

use crate::summary::Summary;

/// Number of documents by status, and of all their chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents whose passages are searchable.
    pub live: u64,
    /// Documents without text.
    pub empty: u64,
    /// Documents that cannot be read.
    pub refused: u64,
    /// Documents whose object was deleted.
    pub removed: u64,
    /// Live chunks of all documents.
    pub chunks: u64,
}

impl Counts {
    /// Documents with an entry, including removed ones.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.live + self.empty + self.refused + self.removed
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            live: self.live + other.live,
            empty: self.empty + other.empty,
            refused: self.refused + other.refused,
            removed: self.removed + other.removed,
            chunks: self.chunks + other.chunks,
        }
    }

    pub(crate) fn add(&mut self, entry: Summary) {
        let slot = self.slot(entry.status);
        *slot = slot.saturating_add(1);
        self.chunks = self.chunks.saturating_add(entry.chunks);
    }

    pub(crate) fn take_away(&mut self, entry: Summary) {
        let slot = self.slot(entry.status);
        *slot = slot.saturating_sub(1);
        self.chunks = self.chunks.saturating_sub(entry.chunks);
    }

    fn slot(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Live => &mut self.live,
            Status::Empty => &mut self.empty,
            Status::Refused => &mut self.refused,
            Status::Removed => &mut self.removed,
        }
    }
}
