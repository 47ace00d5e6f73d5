//! A bucket, a broker and a stage; output in a form that tests can compare.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chunk::ChunkStage;
use chunk::difference::OutputTopics;
use chunk::guard::GuardSettings;
use chunk::read::DocumentReader;
use chunk::stage::{ChunkLane, Copies};
use document::{Limits, Splitter, Tokens};
use ledger::{FIRST_EPOCH, Folder};
use message::{
    ChunkId, DeadLetter, DocumentId, DocumentReference, Fingerprint, Headers, LedgerEntry, Passage, Status,
    Version, Why,
};
use objects::{MemoryStore, Store};
use sandbox::{Extractor, InProcess};
use stream::broker::Publisher as _;
use stream::memory::Memory;
use stream::{
    Broker, Delivery, Lane, LaneSettings, Outcome, Outgoing, Plan, Published, Record, Stage, Verdict,
};

/// Longer than any of these tests should take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
/// Maximum size of an object.
pub(crate) const LARGEST: u64 = 2_000;
/// Maximum number of chunks of a document.
pub(crate) const MOST: usize = 6;
/// A document with this word makes the tokenizer panic.
pub(crate) const PANIC: &str = "panicpanic";

/// By how much a forced look raises the version beyond the next one.
pub(crate) const LEAP: u64 = 1024;
pub(crate) const BUCKET: &str = "docs";
pub(crate) const INPUT: &str = "documents";
pub(crate) const CHUNKS: &str = "chunks.c";
pub(crate) const LEDGER: &str = "ledger.c";
pub(crate) const CONFIRMATIONS: &str = "confirmations";
/// Three documents may be deleted, and then a tenth of those at the start.
pub(crate) const GUARD: GuardSettings = GuardSettings { guard_share: 10, guard_least: 3, guard_window: 3600 };
/// Bytes of output that end a batch.
pub(crate) const ENOUGH: usize = 64 << 10;
/// Time that ends a batch.
pub(crate) const LONG_ENOUGH: Duration = Duration::from_secs(5);
pub(crate) const DEAD: &str = "dead-letters";

/// One token per word, and a panic on demand.
struct Words;

impl Tokens for Words {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        let place = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
        text.split_whitespace().map(|word| place(word)..place(word) + word.len()).collect()
    }

    fn count(&self, text: &str) -> usize {
        assert!(!text.contains(PANIC), "a bug on demand");
        2 + text.split_whitespace().count()
    }
}

pub(crate) fn chunking(name: &str) -> Fingerprint {
    Fingerprint::of(&[("chunking", name)])
}

pub(crate) fn stage<B: Broker, O: Store>(
    bench: &Bench,
    broker: B,
    store: O,
    chunking: Fingerprint,
) -> ChunkStage<B, O, InProcess> {
    stage_reading(bench, (broker, store), chunking, LARGEST)
}

/// A stage for documents of at most `largest` bytes, with a folder of its own, as each process has.
pub(crate) fn stage_reading<B: Broker, O: Store>(
    bench: &Bench,
    (broker, store): (B, O),
    chunking: Fingerprint,
    largest: u64,
) -> ChunkStage<B, O, InProcess> {
    stage_by(bench, (broker, store), InProcess::default(), (chunking, largest))
}

/// The limits of all stages in these tests, for documents of at most `largest` bytes.
pub(crate) fn limits(largest: u64) -> chunk::stage::StageLimits {
    chunk::stage::StageLimits {
        buckets: BUCKET.parse().unwrap(),
        largest,
        patience: Duration::from_mins(10),
        guard: GUARD,
        enough: ENOUGH,
        long_enough: LONG_ENOUGH,
    }
}

/// The topics in these tests.
pub(crate) fn topics() -> OutputTopics {
    OutputTopics {
        chunks: CHUNKS.to_owned(),
        ledger: LEDGER.to_owned(),
        confirmations: CONFIRMATIONS.to_owned(),
        largest_record: topics::LARGEST_RECORD,
    }
}

/// A reader with `extractor`, for documents of at most `most` chunks.
pub(crate) fn reader<E: Extractor>(extractor: E, most: usize) -> DocumentReader<E> {
    DocumentReader::new(extractor, splitter(64, most))
}

/// A splitter for passages of at most `max_tokens` words and two more, and documents of at most `most` chunks.
pub(crate) fn splitter(max_tokens: usize, most: usize) -> Splitter<Arc<dyn Tokens>> {
    let tokens: Arc<dyn Tokens> = Arc::new(Words);
    Splitter::new(tokens, Limits { max_tokens, max_chunks: most, ..Limits::default() }).unwrap()
}

/// A stage with `extractor`.
pub(crate) fn stage_by<B: Broker, O: Store, E: Extractor>(
    bench: &Bench,
    (broker, store): (B, O),
    extractor: E,
    (chunking, largest): (Fingerprint, u64),
) -> ChunkStage<B, O, E> {
    let (reader, limits) = (reader(extractor, MOST), (limits(largest), bench.copies()));
    ChunkStage::new(broker, store, reader, (chunking, topics()), limits)
}

/// The bucket and the broker.
pub(crate) struct Bench {
    pub(crate) broker: Memory,
    pub(crate) store: MemoryStore,
    data: tempfile::TempDir,
    stages: AtomicU32,
}

impl Bench {
    /// An empty bucket, and topics with this many partitions.
    pub(crate) async fn new(partitions: i32) -> Self {
        let (broker, store) = (Memory::default(), MemoryStore::default());
        for topic in [INPUT, CHUNKS, LEDGER] {
            broker.create(topic, partitions);
        }
        broker.create(DEAD, 1);
        broker.create(CONFIRMATIONS, 1);
        store.ensure_bucket(BUCKET, None).await.unwrap();
        Self { broker, store, data: tempfile::tempdir().unwrap(), stages: AtomicU32::new(0) }
    }

    /// A folder for the working copies of one more process.
    pub(crate) fn copies(&self) -> Copies {
        let data = self.data.path().join(self.stages.fetch_add(1, Ordering::Relaxed).to_string());
        Copies { folder: Folder::claim(&data).unwrap(), cache_bytes: 1 << 20 }
    }

    pub(crate) fn stage(&self) -> ChunkStage<Memory, MemoryStore, InProcess> {
        stage(self, self.broker.clone(), self.store.clone(), chunking("a"))
    }

    /// Opens partition 0.
    pub(crate) async fn lane(&self) -> ChunkLane<MemoryStore, InProcess> {
        self.stage().open(stream::Partition::ONLY, None).await.unwrap()
    }

    pub(crate) async fn put(&self, key: &str, content: impl Into<Bytes>) -> DocumentId {
        let document = document(key);
        self.store.put(&document, content.into(), "").await.unwrap();
        document
    }

    pub(crate) async fn delete(&self, key: &str) {
        self.store.delete(&document(key)).await.unwrap();
    }

    /// Lets `lane` process these and commits its output, as a pipeline would.
    pub(crate) async fn say(&self, lane: &mut impl Lane, notices: &[Outgoing]) -> Vec<Verdict> {
        let outcome = handle(lane, notices).await;
        assert_eq!((outcome.verdicts.len(), &outcome.retry), (notices.len(), &None));
        let published = self.commit(&outcome.verdicts).await;
        lane.committed(&published).await.unwrap();
        outcome.verdicts
    }

    /// Writes the output of these verdicts.
    pub(crate) async fn commit(&self, verdicts: &[Verdict]) -> Published {
        let records = verdicts.iter().flat_map(outputs).cloned().collect();
        self.broker.after_write().unwrap().write(records).await.unwrap()
    }

    /// The output of one reference.
    pub(crate) async fn said(&self, lane: &mut impl Lane, notice: Outgoing) -> Vec<Said> {
        said(&self.say(lane, &[notice]).await)
    }

    /// Runs the worker until `enough`.
    pub(crate) async fn run_until(&self, enough: impl Fn() -> bool) {
        self.run_stage_until(self.stage(), enough).await;
    }

    /// Runs the worker with this stage until `enough`.
    pub(crate) async fn run_stage_until(&self, stage: impl Stage, enough: impl Fn() -> bool) {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = stream::run(self.broker.clone(), plan(), stage, async { drop(stopped.await) });
        let watching = async {
            until(enough).await;
            drop(stop);
        };
        tokio::join!(running, watching).0.unwrap();
    }

    pub(crate) fn count(&self, topic: &str) -> usize {
        self.broker.records(topic).len()
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        let letters = self.broker.records(DEAD);
        letters
            .iter()
            .map(|letter| serde_json::from_slice(letter.value.as_deref().unwrap()).unwrap())
            .collect()
    }

    /// The ledger's last entry of a document.
    pub(crate) fn entry(&self, key: &str) -> LedgerEntry {
        let entries = self.broker.records(LEDGER);
        let last = entries.iter().rfind(|entry| entry.key_text() == document(key).as_str()).unwrap();
        serde_json::from_slice(last.value.as_deref().unwrap()).unwrap()
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        worker: "chunk",
        group: "chunk-c".to_owned(),
        input: INPUT.to_owned(),
        alike: vec![CHUNKS.to_owned(), LEDGER.to_owned()],
        dead_letters: DEAD.to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::Transactional,
        lanes: LaneSettings::default(),
    }
}

/// Waits until `enough`, with a timeout.
pub(crate) async fn until(enough: impl Fn() -> bool) {
    let waiting = async {
        while !enough() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it did not come to pass in time");
}

pub(crate) async fn handle(lane: &mut impl Lane, notices: &[Outgoing]) -> Outcome {
    let batch: Vec<Record> = notices.iter().map(record).collect();
    lane.handle(&batch).await
}

pub(crate) fn outputs(verdict: &Verdict) -> &[Outgoing] {
    match verdict {
        Verdict::Done(outputs) | Verdict::Refuse { outputs, .. } => outputs,
    }
}

pub(crate) fn document(key: &str) -> DocumentId {
    DocumentId::new(BUCKET, key).unwrap()
}

/// A document with one section, and so one passage, for each word.
pub(crate) fn page(words: &[&str]) -> String {
    let sections: Vec<String> = words.iter().map(|word| format!("# {word}\n\n{}\n\n", text(word))).collect();
    sections.concat()
}

/// The passage for a word.
pub(crate) fn text(word: &str) -> String {
    format!("All about {word}.")
}

/// The id of the passage for a word.
pub(crate) fn id(key: &str, word: &str) -> ChunkId {
    ChunkId::derive(&document(key), &[word.to_owned()], &text(word), 0)
}

pub(crate) fn version(counter: u64) -> Version {
    Version::from((u64::from(FIRST_EPOCH) << Version::COUNTER_BITS) + counter)
}

fn reference(key: &str, why: Why, force: bool) -> Outgoing {
    refer(document(key), (why, force), &[])
}

/// A look, forced or not, with passages that should not be there.
pub(crate) fn suspecting(key: &str, force: bool, suspects: &[ChunkId]) -> Outgoing {
    refer(document(key), (Why::LookAgain, force), suspects)
}

pub(crate) fn refer(document: DocumentId, (why, force): (Why, bool), suspects: &[ChunkId]) -> Outgoing {
    let trace = format!("trace-{}", document.key());
    let headers = Headers::new(document.clone(), trace);
    let reference = DocumentReference {
        only: None,
        document,
        why,
        force,
        suspects: suspects.to_vec(),
        source: "test".to_owned(),
        happened_at: None,
    };
    Outgoing::json(INPUT, reference.document.as_str(), &reference, headers).unwrap()
}

pub(crate) fn created(key: &str) -> Outgoing {
    reference(key, Why::Created, false)
}

pub(crate) fn removed(key: &str) -> Outgoing {
    reference(key, Why::Removed, false)
}

pub(crate) fn look_again(key: &str) -> Outgoing {
    reference(key, Why::LookAgain, false)
}

pub(crate) fn forced(key: &str) -> Outgoing {
    reference(key, Why::LookAgain, true)
}

fn record(outgoing: &Outgoing) -> Record {
    record_at(outgoing, 0)
}

pub(crate) fn record_at(outgoing: &Outgoing, offset: i64) -> Record {
    Record {
        topic: INPUT.into(),
        partition: 0,
        offset,
        key: outgoing.key.clone(),
        value: outgoing.value.clone(),
        headers: outgoing.wire_headers(),
        timestamp: None,
        held: None,
    }
}

/// The content of a record, with its version's counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A passage with this text.
    Chunk(String, u64),
    /// A tombstone with this key.
    Gone(String, u64),
    /// A document's record with this many passages.
    Record(Status, usize, u64),
    /// A ledger entry with this many passages.
    Ledger(Status, usize, u64),
}

/// The output of the verdicts, in order. Asserts that the version in each header equals the one in the value.
pub(crate) fn said(verdicts: &[Verdict]) -> Vec<Said> {
    verdicts.iter().flat_map(outputs).map(say_one).collect()
}

fn say_one(output: &Outgoing) -> Said {
    let key = String::from_utf8(output.key.clone().unwrap()).unwrap();
    let stated = output.headers.as_ref().unwrap().version.unwrap();
    let counter = stated.get() - version(0).get();
    let Some(value) = output.value.as_deref() else { return Said::Gone(key, counter) };
    let (said, version) = if output.topic == LEDGER {
        let entry: LedgerEntry = serde_json::from_slice(value).unwrap();
        assert_eq!(key, entry.document.as_str());
        (Said::Ledger(entry.status, entry.chunks.len(), counter), entry.version)
    } else {
        match serde_json::from_slice(value).unwrap() {
            Passage::Chunk(chunk) => {
                assert_eq!(key, chunk.id.as_str());
                (Said::Chunk(chunk.text, counter), chunk.version)
            }
            Passage::Document(record) => {
                assert_eq!(key, record.document.as_str());
                (Said::Record(record.status, record.chunks.len(), counter), record.version)
            }
        }
    };
    assert_eq!(version, stated);
    said
}
