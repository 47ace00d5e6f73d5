//! All partitions of a ledger topic as one ledger.

use futures::{StreamExt as _, TryStreamExt as _};
use message::{DocumentId, LedgerEntry, partition_of};
use stream::Broker;

use crate::FIRST_EPOCH;
use crate::copy::WorkingCopy;
use crate::counts::Counts;
use crate::error::LedgerError;
use crate::folder::{Folder, LedgerPlace};
use crate::store::Scan;

/// How many partitions are restored at the same time. Each needs memory for a batch and a queue of the Kafka client.
const AT_ONCE: usize = 4;

/// The working copies of all partitions; none by default.
#[derive(Debug, Default)]
pub struct Ledger {
    copies: Vec<WorkingCopy>,
}

impl Ledger {
    /// Opens all copies in `folder` and reads to the end of the topic; they share `cache_bytes`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn open<B: Broker>(
        broker: &B,
        folder: &Folder,
        topic: &str,
        cache_bytes: usize,
    ) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::Stream { topic: topic.to_owned(), partition: 0, source };
        let partitions = broker.partitions(topic).await.map_err(failed)?;
        let share = cache_bytes / usize::try_from(partitions).unwrap_or(1).max(1);
        let opening = (0..partitions).map(|partition| {
            let (folder, topic) = (folder.clone(), topic.to_owned());
            WorkingCopy::open(broker, LedgerPlace { folder, topic, partition, cache_bytes: share })
        });
        let copies = futures::stream::iter(opening).buffered(AT_ONCE).try_collect().await?;
        Ok(Self { copies })
    }

    /// Empty copies that do not follow a topic: the entries of a ledger with `partitions` partitions are collected on
    /// disk here.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn detached(
        folder: &Folder,
        topic: &str,
        partitions: i32,
        cache_bytes: usize,
    ) -> Result<Self, LedgerError> {
        let share = cache_bytes / usize::try_from(partitions).unwrap_or(1).max(1);
        let mut copies = Vec::new();
        for partition in 0..partitions {
            let (folder, topic) = (folder.clone(), topic.to_owned());
            copies.push(
                WorkingCopy::detached(LedgerPlace { folder, topic, partition, cache_bytes: share }).await?,
            );
        }
        Ok(Self { copies })
    }

    /// Adds entries to copies that do not follow a topic. The last entry of a document wins.
    ///
    /// # Errors
    /// `Full` or `Broken`: start again.
    pub fn put(&mut self, entries: &[LedgerEntry]) -> Result<(), LedgerError> {
        let partitions = i32::try_from(self.copies.len()).unwrap_or(i32::MAX);
        for (partition, copy) in (0..).zip(&mut self.copies) {
            let of_it = |entry: &&LedgerEntry| partition_of(&entry.document, partitions) == partition;
            let part: Vec<LedgerEntry> = entries.iter().filter(of_it).cloned().collect();
            if !part.is_empty() {
                copy.put(&part)?;
            }
        }
        Ok(())
    }

    /// Reads to the current end of every partition.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn catch_up<B: Broker>(&mut self, broker: &B) -> Result<(), LedgerError> {
        for copy in &mut self.copies {
            copy.catch_up(broker).await?;
        }
        Ok(())
    }

    /// Reads to the current end of one partition.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn catch_up_one<B: Broker>(&mut self, broker: &B, partition: i32) -> Result<(), LedgerError> {
        match usize::try_from(partition).ok().and_then(|number| self.copies.get_mut(number)) {
            Some(copy) => copy.catch_up(broker).await,
            None => Ok(()),
        }
    }

    /// The entry of a document.
    ///
    /// # Errors
    /// `Broken`: open the ledger again.
    pub fn get(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, LedgerError> {
        let partitions = i32::try_from(self.copies.len()).unwrap_or(i32::MAX);
        let number = usize::try_from(partition_of(document, partitions)).unwrap_or_default();
        self.copies.get(number).map_or(Ok(None), |copy| copy.get(document))
    }

    /// The copies, by partition.
    #[must_use]
    pub fn copies(&self) -> &[WorkingCopy] {
        &self.copies
    }

    /// All entries, or those after a document, in document order.
    #[must_use]
    pub fn scan(&self, after: Option<&DocumentId>) -> MergedScan<'_> {
        let parts = self.copies.iter().map(|copy| Part::new(copy.scan(after))).collect();
        MergedScan { parts, failed: false }
    }

    /// The number of documents by status.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.copies.iter().map(WorkingCopy::counts).fold(Counts::default(), Counts::plus)
    }

    /// The highest epoch of any entry seen so far.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.copies.iter().map(WorkingCopy::epoch).max().unwrap_or(FIRST_EPOCH)
    }
}

/// The entries of all partitions in document order. Holds one entry per partition in memory.
#[derive(Debug)]
pub struct MergedScan<'a> {
    parts: Vec<Part<'a>>,
    failed: bool,
}

#[derive(Debug)]
struct Part<'a> {
    scan: Scan<'a>,
    next: Option<Result<LedgerEntry, LedgerError>>,
}

impl<'a> Part<'a> {
    fn new(mut scan: Scan<'a>) -> Self {
        let next = scan.next();
        Self { scan, next }
    }

    fn take(&mut self) -> Option<Result<LedgerEntry, LedgerError>> {
        std::mem::replace(&mut self.next, self.scan.next())
    }

    /// The document to sort by. A failure has none, and so comes first.
    fn document(&self) -> Option<&DocumentId> {
        self.next.as_ref()?.as_ref().ok().map(|entry| &entry.document)
    }
}

impl Iterator for MergedScan<'_> {
    type Item = Result<LedgerEntry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let waiting = self.parts.iter_mut().filter(|part| part.next.is_some());
        let first = waiting.min_by(|a, b| a.document().cmp(&b.document()))?;
        let next = first.take()?;
        self.failed = next.is_err();
        Some(next)
    }
}
