//! What is live for each document of one partition: the working copy on disk, and changes not yet committed.
//!
//! Uncommitted changes are kept apart, so that a failed transaction leaves no trace. A batch bounds their number.

use std::collections::HashMap;

use ::ledger::{LedgerError, Position, WorkingCopy};
use message::{DocumentId, LedgerEntry};
use stream::{Committed, Outgoing, Published, Trouble};

use crate::guard::{Guard, GuardSettings, HELD, Tripped};

/// The documents of one partition and their live passages.
#[derive(Debug)]
pub struct PartitionLedger {
    copy: WorkingCopy,
    unconfirmed: Unconfirmed,
    /// Recent deletions; saved with the group's offset and with the working copy.
    guard: Guard,
}

/// Changes proposed but not yet committed.
#[derive(Debug, Default)]
struct Unconfirmed {
    entries: HashMap<DocumentId, LedgerEntry>,
    /// The last ledger record proposed; the commit tells its offset.
    last: Option<Position>,
}

impl PartitionLedger {
    /// Lays the ledger over its working copy at `now`, in seconds since 1970. With the group's offset the guard's window is
    /// `committed`, and whether the partition waits for a person; where the group has no offset any more, the window saved in
    /// the working copy counts.
    ///
    /// # Errors
    /// When the working copy is broken.
    pub fn new(
        copy: WorkingCopy,
        guard: GuardSettings,
        committed: Option<&Committed>,
        now: u64,
    ) -> Result<Self, LedgerError> {
        let waiting = committed.and_then(|committed| committed.memo.waiting.as_ref());
        let held = waiting.filter(|waiting| waiting.cause.starts_with(HELD)).map(|_| now);
        let kept = committed.map(|committed| committed.memo.note.as_str()).filter(|kept| !kept.is_empty());
        let guard = match kept {
            Some(kept) => Guard::restore(guard, Some(kept.as_bytes()), held),
            None => Guard::restore(guard, copy.note()?.as_deref(), held),
        };
        Ok(Self { copy, unconfirmed: Unconfirmed::default(), guard })
    }

    /// Counts the deletion of a live document at `now`, in seconds since 1970; final once committed.
    ///
    /// # Errors
    /// When the guard forbids it.
    pub fn remove(&mut self, now: u64) -> Result<(), Tripped> {
        let copy = &self.copy;
        self.guard.remove(now, || copy.counts().live)
    }

    /// A person confirmed the deletion that was stopped.
    pub fn confirmed(&mut self) {
        self.guard.confirmed();
    }

    /// The guard's window, to be committed with the group's offset.
    #[must_use]
    pub fn note(&self) -> String {
        String::from_utf8(self.guard.keep()).unwrap_or_default()
    }

    /// The current entry of a document, including uncommitted changes.
    ///
    /// # Errors
    /// When the working copy is broken.
    pub fn get(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, LedgerError> {
        match self.unconfirmed.entries.get(document) {
            Some(entry) => Ok(Some(entry.clone())),
            None => self.copy.get(document),
        }
    }

    /// The epoch in which a new document's versions start.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.copy.epoch()
    }

    /// Adds a change that is about to be committed, with the ledger record that announces it.
    pub fn propose(&mut self, entry: LedgerEntry, record: &Outgoing) {
        self.unconfirmed.last = Some(Position::written(-1, record));
        self.unconfirmed.entries.insert(entry.document.clone(), entry);
    }

    /// After the commit: writes the proposed changes to the working copy.
    ///
    /// # Errors
    /// When the working copy cannot be written. It is then outdated, and the lane must be reopened.
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
