//! What is live for each document of one partition: its working copy, and what no commit has confirmed yet.
//!
//! The unconfirmed is kept apart, so that a failed transaction leaves nothing behind. A batch bounds it.

use std::collections::HashMap;

use ::ledger::{LedgerError, Position, WorkingCopy};
use message::{DocumentId, LedgerEntry};
use stream::{Outgoing, Published, Trouble};

use crate::guard::{Guard, GuardSettings, Tripped};

/// What is live for each document of one partition.
#[derive(Debug)]
pub struct PartitionLedger {
    copy: WorkingCopy,
    unconfirmed: Unconfirmed,
    /// How much went away lately; kept beside the group's offset, and with the working copy.
    guard: Guard,
}

/// Changes that are proposed and not committed.
#[derive(Debug, Default)]
struct Unconfirmed {
    entries: HashMap<DocumentId, LedgerEntry>,
    /// The last record of the ledger that is proposed, at an offset that its commit tells.
    last: Option<Position>,
}

impl PartitionLedger {
    /// The ledger over its working copy. `kept` is the guard's window as it was committed with the group's offset; where
    /// the group has no offset any more, what the working copy knows of it counts.
    ///
    /// # Errors
    /// When the working copy turns out to be broken.
    pub fn new(copy: WorkingCopy, guard: GuardSettings, kept: Option<&str>) -> Result<Self, LedgerError> {
        let guard = match kept.filter(|kept| !kept.is_empty()) {
            Some(kept) => Guard::restore(guard, Some(kept.as_bytes())),
            None => Guard::restore(guard, copy.note()?.as_deref()),
        };
        Ok(Self { copy, unconfirmed: Unconfirmed::default(), guard })
    }

    /// Counts the removal of a live document at `now`, in seconds since 1970; it counts for good with its commit.
    ///
    /// # Errors
    /// When more goes away than somebody can have meant.
    pub fn remove(&mut self, now: u64) -> Result<(), Tripped> {
        let copy = &self.copy;
        self.guard.remove(now, || copy.counts().live)
    }

    /// The guard's window, to be committed with the group's offset.
    #[must_use]
    pub fn note(&self) -> String {
        String::from_utf8(self.guard.keep()).unwrap_or_default()
    }

    /// The state of a document, changes that are not confirmed yet included.
    ///
    /// # Errors
    /// When the working copy turns out to be broken.
    pub fn get(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, LedgerError> {
        match self.unconfirmed.entries.get(document) {
            Some(entry) => Ok(Some(entry.clone())),
            None => self.copy.get(document),
        }
    }

    /// The epoch in which a new document begins.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.copy.epoch()
    }

    /// Takes a change that is about to be committed, and the record of the ledger that says it.
    pub fn propose(&mut self, entry: LedgerEntry, record: &Outgoing) {
        self.unconfirmed.last = Some(Position::written(-1, record));
        self.unconfirmed.entries.insert(entry.document.clone(), entry);
    }

    /// The commit returned: what was proposed is true, and goes to the working copy.
    ///
    /// # Errors
    /// When the working copy cannot be written: it is behind then, and the lane must be opened anew.
    pub fn confirm(&mut self, topic: &str, published: &Published) -> Result<(), Trouble> {
        let Unconfirmed { entries, last } = std::mem::take(&mut self.unconfirmed);
        let Some(last) = last else { return Ok(()) };
        let Some(offset) = published.last.get(topic) else {
            return Err(Trouble::reopen(format!("Kafka did not say where in {topic} it wrote (a bug)")));
        };
        let entries: Vec<LedgerEntry> = entries.into_values().collect();
        let written = Position { last: *offset, ..last };
        self.copy.apply(&entries, Some(self.guard.keep()), written).map_err(|error| error.trouble())
    }
}
