//! The ledger as the commands see it: caught up with its topic, one entry or all of them in order.

use std::collections::BTreeMap;
use std::ops::Bound;

use futures::stream::{StreamExt as _, TryStreamExt as _};
use message::{DocumentId, LedgerEntry};
use process::Failure;
use stream::Broker;

use crate::log;
use crate::merge::Sorted;

/// The bucket of entries that stand for no document: `ledger rebuild` writes one in each partition.
pub const OWN_BUCKET: &str = ".millrace";

/// The ledger of one chunking.
#[derive(Debug)]
pub struct Entries<K> {
    broker: K,
    topic: String,
    positions: Vec<i64>,
    known: BTreeMap<String, LedgerEntry>,
}

impl<K: Broker> Entries<K> {
    /// The ledger of `topic`, as it is now.
    ///
    /// # Errors
    /// When the broker does not answer, or an entry cannot be read.
    pub async fn open(broker: &K, topic: String) -> Result<Self, Failure> {
        let mut entries =
            Self { broker: broker.clone(), topic, positions: Vec::new(), known: BTreeMap::new() };
        entries.catch_up().await?;
        Ok(entries)
    }

    /// Takes what was added to the topic since.
    ///
    /// # Errors
    /// As [`Entries::open`].
    pub async fn catch_up(&mut self) -> Result<(), Failure> {
        let partitions = self.broker.partitions(&self.topic).await?;
        self.positions.resize(usize::try_from(partitions)?, 0);
        for (partition, position) in (0..).zip(&mut self.positions) {
            let mut records = log::records(&self.broker, &self.topic, partition, *position);
            while let Some(record) = records.try_next().await? {
                *position = record.offset + 1;
                let Some(value) = record.value.as_deref() else { continue };
                let entry: LedgerEntry = serde_json::from_slice(value).map_err(|error| {
                    format!("{}/{partition} holds what is no ledger entry: {error}", self.topic)
                })?;
                self.known.insert(entry.document.to_string(), entry);
            }
        }
        Ok(())
    }

    /// A document's entry.
    ///
    /// # Errors
    /// When the working copy cannot be read.
    pub fn entry(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, Failure> {
        Ok(self.known.get(document.as_str()).cloned())
    }

    /// Every entry from `start` on, in the order of the documents.
    pub fn sorted(&self, start: Bound<&str>) -> Sorted<'_, LedgerEntry> {
        let known = self.known.range::<str, _>((start, Bound::Unbounded));
        let known = known.filter(|(_, entry)| entry.document.bucket() != OWN_BUCKET);
        futures::stream::iter(known.map(|(_, entry)| Ok((entry.document.clone(), entry.clone())))).boxed()
    }
}
