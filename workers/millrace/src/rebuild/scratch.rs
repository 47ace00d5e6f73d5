//! Entries that are put together on disk, and a few that wait to be written there.

use ledger::{Folder, Ledger, LedgerError};
use message::LedgerEntry;

use super::CACHE;

/// Bytes that wait, about.
const WAITING: usize = 4 << 20;

/// A ledger of no topic.
#[derive(Debug)]
pub struct Scratch {
    ledger: Ledger,
    waiting: Vec<LedgerEntry>,
    bytes: usize,
}

impl Scratch {
    /// An empty one.
    ///
    /// # Errors
    /// When the disk is of no use.
    pub async fn new(folder: &Folder, topic: &str, partitions: i32) -> Result<Self, LedgerError> {
        let ledger = Ledger::detached(folder, topic, partitions, CACHE).await?;
        Ok(Self { ledger, waiting: Vec::new(), bytes: 0 })
    }

    /// Takes an entry; the last one of a document counts.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn put(&mut self, entry: LedgerEntry) -> Result<(), LedgerError> {
        self.bytes += 400 + entry.document.as_str().len() + entry.chunks.len() * 100;
        self.waiting.push(entry);
        if self.bytes >= WAITING { self.flush() } else { Ok(()) }
    }

    /// Writes what waits, so that [`Scratch::ledger`] knows it.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        self.bytes = 0;
        self.ledger.put(&std::mem::take(&mut self.waiting))
    }

    /// What was flushed.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
