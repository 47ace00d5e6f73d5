//! "Look again": how commands repair. They ask `chunk`, through the topic `documents`, to look at a document, and never
//! write to an engine.

use message::{ChunkId, DocumentId, DocumentReference, Fingerprint, Headers, Why, trace};
use process::Failure;
use stream::broker::Publisher;
use stream::{Broker, Outgoing};

/// Maximum number of records per batch.
const RECORDS: usize = 500;
/// Maximum size of a batch in bytes (plus one record).
const BYTES: usize = 1 << 20;

/// Writes records to topics in bounded batches. A record is certain to be written only when [`LookWriter::flush`] has
/// returned.
pub struct LookWriter<K: Broker> {
    publisher: K::Publisher,
    pending: Vec<Outgoing>,
    bytes: usize,
    written: u64,
}

/// A request to `chunk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookRequest {
    /// The object to look at.
    pub document: DocumentId,
    /// Whether to write everything again, even if it seems unchanged.
    pub force: bool,
    /// Passages that an engine may wrongly hold: they are deleted unless they are live.
    pub suspects: Vec<ChunkId>,
    /// The chunking that is meant; none means all.
    pub only: Option<Fingerprint>,
}

impl LookRequest {
    /// A look that writes nothing if the object has not changed.
    #[must_use]
    pub fn look(document: DocumentId) -> Self {
        Self { document, force: false, suspects: Vec::new(), only: None }
    }

    /// A look that writes everything under a new version.
    #[must_use]
    pub fn forced(document: DocumentId, suspects: Vec<ChunkId>) -> Self {
        Self { document, force: true, suspects, only: None }
    }

    /// The same, of this chunking alone: what was compared is its ledger, and the others need not look.
    #[must_use]
    pub fn only(self, chunking: &Fingerprint) -> Self {
        Self { only: Some(chunking.clone()), ..self }
    }

    /// The record for `documents`. `source` is the command that asks, and `run` identifies its run.
    ///
    /// # Errors
    /// When it cannot be serialised as JSON.
    pub fn record(self, source: &str, run: &str) -> Result<Outgoing, Failure> {
        let trace = trace([source, run, self.document.as_str()].map(str::as_bytes));
        let headers = Headers::new(self.document.clone(), trace);
        let key = self.document.to_string();
        let reference = DocumentReference {
            document: self.document,
            why: Why::LookAgain,
            force: self.force,
            suspects: self.suspects,
            only: self.only,
            source: source.to_owned(),
            happened_at: None,
        };
        Ok(Outgoing::json(topics::DOCUMENTS, &key, &reference, headers)?)
    }
}

impl<K: Broker> std::fmt::Debug for LookWriter<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (pending, written) = (self.pending.len(), self.written);
        f.debug_struct("Writer").field("pending", &pending).field("written", &written).finish_non_exhaustive()
    }
}

impl<K: Broker> LookWriter<K> {
    /// Prepares the writer; sends nothing yet.
    ///
    /// # Errors
    /// When the settings are invalid.
    pub fn new(broker: &K) -> Result<Self, Failure> {
        Ok(Self { publisher: broker.after_write()?, pending: Vec::new(), bytes: 0, written: 0 })
    }

    /// Adds a record to the batch, and writes the batch when it is full.
    ///
    /// # Errors
    /// When the broker did not acknowledge the batch; [`LookWriter::written`] returns how many records were
    /// acknowledged.
    pub async fn say(&mut self, record: Outgoing) -> Result<(), Failure> {
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
        self.pending.push(record);
        if self.pending.len() >= RECORDS || self.bytes >= BYTES { self.flush().await } else { Ok(()) }
    }

    /// Writes the batch, and returns when all in-sync replicas have acknowledged it.
    ///
    /// # Errors
    /// As [`LookWriter::say`].
    pub async fn flush(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let records = std::mem::take(&mut self.pending);
        let count = records.len() as u64;
        self.bytes = 0;
        self.publisher.write(records).await?;
        self.written += count;
        Ok(())
    }

    /// Number of acknowledged records.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }
}

#[cfg(test)]
mod tests {
    use stream::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn what_is_said_is_written_in_bounded_batches() {
        let broker = Memory::default();
        broker.create(topics::DOCUMENTS, 3);
        let mut writer = LookWriter::new(&broker).unwrap();
        let document = |n: usize| DocumentId::new("b", &format!("k{n}")).unwrap();
        for n in 0..=RECORDS {
            writer.say(LookRequest::look(document(n)).record("reconcile", "1").unwrap()).await.unwrap();
        }
        assert_eq!(writer.written(), RECORDS as u64);
        writer.flush().await.unwrap();
        let records = broker.records(topics::DOCUMENTS);
        assert_eq!((writer.written(), records.len()), (RECORDS as u64 + 1, RECORDS + 1));
        for record in &records {
            let reference: DocumentReference =
                serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
            let headers = record.parse_headers().unwrap();
            assert_eq!((&headers.document, headers.trace.len()), (&reference.document, 32));
            assert_eq!((reference.why, reference.force), (Why::LookAgain, false));
            assert_eq!(record.partition, message::partition_of(&reference.document, 3));
        }
        broker.fail_publishes(1);
        writer.say(LookRequest::look(document(0)).record("reconcile", "1").unwrap()).await.unwrap();
        assert!(writer.flush().await.is_err());
    }
}
