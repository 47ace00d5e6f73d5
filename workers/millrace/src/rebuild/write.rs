//! Writes the ledger, partition by partition, as `chunk` itself would: with its transactional id, so that a running
//! `chunk` can commit nothing in between.
//!
//! The entry that carries the new epoch comes first. If a `chunk` takes the partition back before everything is
//! written, a document that it does not find begins above every earlier version. The rebuild notices that it was
//! fenced, takes the partition again, and keeps what was written meanwhile.

use std::collections::HashSet;

use ledger::{Ledger, WorkingCopy};
use message::{ChunkId, DocumentId, Fingerprint, Headers, LedgerEntry, Version, partition_of, trace};
use process::Failure;
use stream::broker::Publisher;
use stream::{Broker, Outgoing, StreamError};

use crate::again::{LookRequest, LookWriter};
use crate::entries::OWN_BUCKET;
use crate::show;

/// The source named in requests for looks.
pub const SOURCE: &str = "ledger rebuild";
/// How often the rebuild tries to write a partition that a running `chunk` takes back.
const TRIES: usize = 100;
/// Maximum number of entries per transaction.
const ENTRIES: usize = 500;
/// Maximum size of a transaction in bytes (plus one entry).
const BYTES: usize = 2 << 20;

/// The ledger to write.
#[derive(Debug)]
pub struct LedgerTarget<'a, K> {
    /// Kafka.
    pub broker: &'a K,
    /// The ledger's topic.
    pub topic: &'a str,
    /// The consumer group of `chunk`.
    pub group: &'a str,
    /// The new epoch.
    pub epoch: u32,
    /// Identifies this run.
    pub run: &'a str,
}

/// The result for one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartWritten {
    /// Entries written, without the one that carries the epoch.
    pub written: u64,
    /// Existing entries that are later and were kept.
    pub kept: u64,
}

enum Stopped {
    /// A `chunk` took the partition.
    Fenced,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl<K: Broker> LedgerTarget<'_, K> {
    /// Writes the entries of `copy` that the ledger lacks or has in an earlier version.
    ///
    /// # Errors
    /// When Kafka does not answer, or a running `chunk` takes the partition back every time.
    pub async fn write(
        &self,
        (partition, partitions): (i32, i32),
        copy: &WorkingCopy,
        existing: &mut Ledger,
        looks: &mut LookWriter<K>,
    ) -> Result<PartWritten, Failure> {
        let id = format!("{}-{}-{partition}", self.group, topics::DOCUMENTS);
        let mut written = 0;
        for _ in 0..TRIES {
            let publisher = self.broker.transactional(&id, stream::LANE_TRANSACTION).await?;
            existing.catch_up_one(self.broker, partition).await?;
            let mut writing = Writing { target: self, publisher, batch: Vec::new(), bytes: 0, written: 0 };
            let first = self.epoch_entry(partition, partitions)?;
            let done = writing.all(first, copy, existing, looks).await;
            written += writing.written;
            match done {
                Ok(kept) => return Ok(PartWritten { written, kept }),
                Err(Stopped::Fenced) => {
                    show::note(&format!(
                        "a running chunk took partition {partition} meanwhile: taking it back"
                    ));
                }
                Err(Stopped::Failed(failure)) => return Err(failure),
            }
        }
        Err(format!("a running chunk took partition {partition} {TRIES} times: stop it, and run this again")
            .into())
    }

    /// An entry that only carries the epoch, with a name that falls into the partition.
    fn epoch_entry(&self, partition: i32, partitions: i32) -> Result<LedgerEntry, Failure> {
        let document = (0..1_000_000_u64)
            .map(|number| DocumentId::new(OWN_BUCKET, &format!("epoch-{number}")))
            .find(|name| name.as_ref().map_or(true, |name| partition_of(name, partitions) == partition))
            .ok_or("there is a name for each partition")??;
        Ok(LedgerEntry::removed(document, Version::first(self.epoch), Fingerprint::of(&[])))
    }

    fn record(&self, entry: &LedgerEntry) -> Result<Outgoing, Failure> {
        let trace = trace([SOURCE, self.run, entry.document.as_str()].map(str::as_bytes));
        let headers = Headers::new(entry.document.clone(), trace).at(entry.version);
        Ok(Outgoing::json(self.topic, entry.document.as_str(), entry, headers)?)
    }
}

/// One partition, for as long as it is ours.
struct Writing<'a, K: Broker> {
    target: &'a LedgerTarget<'a, K>,
    publisher: K::Publisher,
    batch: Vec<Outgoing>,
    bytes: usize,
    written: u64,
}

impl<K: Broker> Writing<'_, K> {
    /// Writes everything; returns the number of existing entries that are later.
    async fn all(
        &mut self,
        first: LedgerEntry,
        copy: &WorkingCopy,
        existing: &Ledger,
        looks: &mut LookWriter<K>,
    ) -> Result<u64, Stopped> {
        self.batch.push(self.target.record(&first)?);
        self.flush().await?;
        self.written -= 1;
        let mut kept = 0;
        for entry in copy.scan(None) {
            let entry = entry?;
            match existing.get(&entry.document)? {
                Some(there) if there.version >= entry.version => {
                    kept += u64::from(there.version > entry.version);
                    self.forgotten(&entry, &there, looks).await?;
                }
                Some(_) | None => self.put(&entry).await?,
            }
        }
        self.flush().await?;
        Ok(kept)
    }

    async fn put(&mut self, entry: &LedgerEntry) -> Result<(), Stopped> {
        let record = self.target.record(entry)?;
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
        self.batch.push(record);
        if self.batch.len() >= ENTRIES || self.bytes >= BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Stopped> {
        let batch = std::mem::take(&mut self.batch);
        let count = batch.len() as u64;
        self.bytes = 0;
        if count == 0 {
            return Ok(());
        }
        match self.publisher.write(batch).await {
            Ok(_) => self.written += count,
            Err(StreamError::Fenced(_)) => return Err(Stopped::Fenced),
            Err(error) => return Err(Stopped::Failed(error.into())),
        }
        Ok(())
    }

    /// If a `chunk` wrote the document in the new epoch before `entry` was there, it could not know the earlier
    /// passages: requests a look that names them as suspects.
    async fn forgotten(
        &self,
        entry: &LedgerEntry,
        there: &LedgerEntry,
        looks: &mut LookWriter<K>,
    ) -> Result<(), Failure> {
        let live: HashSet<&ChunkId> = there.chunks.iter().map(|placement| &placement.id).collect();
        let ids = entry.chunks.iter().map(|placement| &placement.id);
        let forgotten: Vec<ChunkId> = ids.filter(|id| !live.contains(id)).cloned().collect();
        let meanwhile = there.version.epoch() >= u64::from(self.target.epoch);
        if meanwhile && !forgotten.is_empty() {
            let request = LookRequest::forced(entry.document.clone(), forgotten).only(&entry.chunking);
            looks.say(request.record(SOURCE, self.target.run)?).await?;
        }
        Ok(())
    }
}
