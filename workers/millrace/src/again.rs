//! "Look again": what every command that mends says to `chunk`, on the topic `documents`. Nothing else is ever
//! written, and never to an engine.

use message::{ChunkId, DocumentId, DocumentReference, Headers, Why, trace};
use process::Failure;
use stream::broker::Publisher;
use stream::{Broker, Outgoing};

/// Records that wait for one acknowledgement, at most.
const RECORDS: usize = 500;
/// Bytes that wait for one acknowledgement, at most (and one record more).
const BYTES: usize = 1 << 20;

/// Writes to topics, a bounded batch at a time; what is said counts when [`LookWriter::flush`] returned.
pub struct LookWriter<K: Broker> {
    publisher: K::Publisher,
    pending: Vec<Outgoing>,
    bytes: usize,
    written: u64,
}

/// What is asked of `chunk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookRequest {
    /// To look at which object.
    pub document: DocumentId,
    /// To write everything again, even what seems unchanged.
    pub force: bool,
    /// Passages that an engine may hold and must not: they are deleted unless they are live.
    pub suspects: Vec<ChunkId>,
}

impl LookRequest {
    /// A look that changes nothing if nothing changed.
    #[must_use]
    pub fn look(document: DocumentId) -> Self {
        Self { document, force: false, suspects: Vec::new() }
    }

    /// A look that writes everything under a new version.
    #[must_use]
    pub fn forced(document: DocumentId, suspects: Vec<ChunkId>) -> Self {
        Self { document, force: true, suspects }
    }

    /// The record for `documents`. `source` is the command that asks, `run` tells one run of it from another.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn record(self, source: &str, run: &str) -> Result<Outgoing, Failure> {
        let trace = trace([source, run, self.document.as_str()].map(str::as_bytes));
        let headers = Headers::new(self.document.clone(), trace);
        let key = self.document.to_string();
        let reference = DocumentReference {
            document: self.document,
            why: Why::LookAgain,
            force: self.force,
            suspects: self.suspects,
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
    /// Prepares to write; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(broker: &K) -> Result<Self, Failure> {
        Ok(Self { publisher: broker.after_write()?, pending: Vec::new(), bytes: 0, written: 0 })
    }

    /// Writes a record, soon.
    ///
    /// # Errors
    /// When the broker did not acknowledge: how many were acknowledged is told by [`LookWriter::written`].
    pub async fn say(&mut self, record: Outgoing) -> Result<(), Failure> {
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
        self.pending.push(record);
        if self.pending.len() >= RECORDS || self.bytes >= BYTES { self.flush().await } else { Ok(()) }
    }

    /// Returns when everything that was said is acknowledged by all replicas.
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

    /// Records that were acknowledged.
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
