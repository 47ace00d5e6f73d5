//! Collects entries on disk, through a buffer in memory.

use ledger::{Folder, Ledger, LedgerError};
use message::LedgerEntry;

use super::CACHE;

/// Approximate size in bytes at which the buffer is written.
const WAITING: usize = 4 << 20;

/// A ledger that follows no topic.
#[derive(Debug)]
pub struct Scratch {
    ledger: Ledger,
    waiting: Vec<LedgerEntry>,
    bytes: usize,
}

impl Scratch {
    /// An empty ledger.
    ///
    /// # Errors
    /// When the disk cannot be used.
    pub async fn new(folder: &Folder, topic: &str, partitions: i32) -> Result<Self, LedgerError> {
        let ledger = Ledger::detached(folder, topic, partitions, CACHE).await?;
        Ok(Self { ledger, waiting: Vec::new(), bytes: 0 })
    }

    /// Adds an entry; the last one of a document counts.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn put(&mut self, entry: LedgerEntry) -> Result<(), LedgerError> {
        self.bytes += 400 + entry.document.as_str().len() + entry.chunks.len() * 100;
        self.waiting.push(entry);
        if self.bytes >= WAITING { self.flush() } else { Ok(()) }
    }

    /// Writes the buffer to disk, so that [`Scratch::ledger`] has its entries.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn flush(&mut self) -> Result<(), LedgerError> {
        self.bytes = 0;
        self.ledger.put(&std::mem::take(&mut self.waiting))
    }

    /// The entries that were flushed.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
