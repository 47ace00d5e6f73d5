//! The ledger as the commands see it: a working copy on disk, caught up with its topic, one entry or all of them in order.

use std::path::{Path, PathBuf};

use futures::stream::StreamExt as _;
use ledger::{Folder, Ledger, LedgerError};
use message::{DocumentId, LedgerEntry};
use process::Failure;
use stream::Broker;

use crate::merge::Sorted;

/// The bucket of entries that stand for no document: `ledger rebuild` writes one in each partition.
pub const OWN_BUCKET: &str = ".millrace";
/// Bytes of the copies that are kept in memory.
const CACHE: usize = 32 << 20;
/// So many commands may run side by side, each with copies of its own.
const SIDE_BY_SIDE: usize = 8;

/// The ledger of one chunking.
#[derive(Debug)]
pub struct Entries<K> {
    broker: K,
    folder: Folder,
    topic: String,
    ledger: Ledger,
}

impl<K: Broker> Entries<K> {
    /// The ledger of `topic`, as it is now, with its copies below `data`.
    ///
    /// # Errors
    /// When the broker does not answer, the ledger lost entries or holds what cannot be read, or the folder cannot be
    /// used.
    pub async fn open(broker: &K, topic: String, data: &Path) -> Result<Self, Failure> {
        let folder = claim(data)?;
        let ledger = Ledger::open(broker, &folder, &topic, CACHE).await?;
        Ok(Self { broker: broker.clone(), folder, topic, ledger })
    }

    /// Takes what was added to the topic since.
    ///
    /// # Errors
    /// As [`Entries::open`].
    pub async fn catch_up(&mut self) -> Result<(), Failure> {
        match self.ledger.catch_up(&self.broker).await {
            // It says itself that opening mends it.
            Err(LedgerError::Broken { .. } | LedgerError::Changed { .. }) => {}
            done => return Ok(done?),
        }
        self.ledger = Ledger::open(&self.broker, &self.folder, &self.topic, CACHE).await?;
        Ok(())
    }

    /// A document's entry.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn entry(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, Failure> {
        Ok(self.ledger.get(document)?)
    }

    /// Every entry of a document after `after` (none: from the first on), in the order of the documents.
    pub fn sorted(&self, after: Option<&DocumentId>) -> Sorted<'_, LedgerEntry> {
        let of_documents = |entry: &Result<LedgerEntry, LedgerError>| {
            entry.as_ref().is_ok_and(|entry| entry.document.bucket() != OWN_BUCKET) || entry.is_err()
        };
        let all = self.ledger.scan(after).filter(of_documents);
        futures::stream::iter(all.map(|entry| Ok(entry.map(|entry| (entry.document.clone(), entry))?)))
            .boxed()
    }
}

/// A folder that no other command holds.
fn claim(data: &Path) -> Result<Folder, Failure> {
    let name = |number: usize| if number == 1 { "millrace".to_owned() } else { format!("millrace-{number}") };
    let mut tried: Vec<PathBuf> = (1..=SIDE_BY_SIDE).map(|number| data.join(name(number))).collect();
    let last = tried.pop().unwrap_or_else(|| data.join("millrace"));
    for folder in tried {
        match Folder::claim(&folder) {
            Err(LedgerError::InUse { .. }) => {}
            done => return Ok(done?),
        }
    }
    Ok(Folder::claim(&last)?)
}
