//! The working copy of the ledger of one partition. Pure: it is filled by the stage.
//!
//! It is simple in this version: a map in memory, filled from the topic at assignment. What a commit has not confirmed
//! is kept apart, so that a failed transaction leaves nothing behind.

use std::collections::HashMap;

use message::{DocumentId, LedgerEntry};

/// What is live for each document of one partition.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: HashMap<DocumentId, LedgerEntry>,
    unconfirmed: HashMap<DocumentId, LedgerEntry>,
}

impl Ledger {
    /// Takes an entry as it was read from the topic; the last one counts.
    pub fn restore(&mut self, entry: LedgerEntry) {
        self.entries.insert(entry.document.clone(), entry);
    }

    /// The state of a document, changes that are not confirmed yet included.
    #[must_use]
    pub fn get(&self, document: &DocumentId) -> Option<&LedgerEntry> {
        self.unconfirmed.get(document).or_else(|| self.entries.get(document))
    }

    /// Takes a change that is about to be committed.
    pub fn propose(&mut self, entry: LedgerEntry) {
        self.unconfirmed.insert(entry.document.clone(), entry);
    }

    /// The commit returned: what was proposed is true.
    pub fn confirm(&mut self) {
        self.entries.extend(self.unconfirmed.drain());
    }

    /// Documents with an entry, removed ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when no document has an entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
