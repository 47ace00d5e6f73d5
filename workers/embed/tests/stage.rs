//! The worker over an encoder that fails on demand: order, neighbours, and nothing half said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embed::EmbedStage;
use embed::stage::EmbedLane;
use message::{
    About, Chunk, ChunkId, DeadLetter, DocumentId, DocumentRecord, Embedded, Fingerprint, Headers, Passage,
    Placement, Status, Version,
};
use model::{EncodeError, Encoder, Hashing, Role, TextFault, TextVectors};
use stream::memory::Memory;
use stream::{Broker as _, Delivery, Lane, LaneSettings, Outcome, Outgoing, Plan, Record, Stage, Verdict};

const CHUNKS: &str = "chunks.c";
const VECTORS: &str = "vectors.s";
const DEAD: &str = "dead-letters";
const DIMENSION: usize = 8;
/// A passage with this word is longer than the model takes.
const LONG: &str = "endless";
/// The runtime fails on a batch with this word.
const POISON: &str = "poison";
const PATIENCE: Duration = Duration::from_secs(600);

/// What is wrong with the encoder as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Broken {
    No,
    /// So many calls stall.
    Stalls(usize),
    /// Every call fails, as on a device that is lost.
    Runtime,
    Stopped,
}

/// Hashed words; knows texts that are too long and words that the runtime fails on, has room for so many texts, and
/// keeps the sizes of its calls.
#[derive(Clone)]
struct Fussy {
    inner: Hashing,
    broken: Arc<Mutex<Broken>>,
    room: usize,
    calls: Arc<Mutex<Vec<usize>>>,
}

impl Fussy {
    fn new() -> Self {
        let inner = Hashing::new(NonZeroUsize::new(DIMENSION).unwrap());
        let broken = Arc::new(Mutex::new(Broken::No));
        Self { inner, broken, room: usize::MAX, calls: Arc::default() }
    }

    fn breaks(&self, broken: Broken) {
        *self.broken.lock().unwrap() = broken;
    }

    /// The sizes of the calls since it was asked last.
    fn calls(&self) -> Vec<usize> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Encoder for Fussy {
    async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        assert_eq!(role, Role::Passage);
        self.calls.lock().unwrap().push(texts.len());
        let failed =
            || EncodeError::Run { texts: texts.len(), width: 9, source: "out of memory (test)".into() };
        let broken = *self.broken.lock().unwrap();
        match broken {
            Broken::Stalls(left) if left > 0 => {
                self.breaks(Broken::Stalls(left - 1));
                return Err(EncodeError::Stalled { seconds: 120 });
            }
            Broken::Runtime => return Err(failed()),
            Broken::Stopped => return Err(EncodeError::Stopped),
            Broken::No | Broken::Stalls(_) => {}
        }
        if texts.len() > self.room || texts.iter().any(|text| text.contains(POISON)) {
            return Err(failed());
        }
        let long: Vec<bool> = texts.iter().map(|text| text.contains(LONG)).collect();
        let each = self.inner.embed_each(texts, role).await?.into_iter().zip(long);
        Ok(each
            .map(|(one, long)| if long { Err(TextFault::TooLong { tokens: 300, limit: 256 }) } else { one })
            .collect())
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn model_fingerprint(&self) -> Fingerprint {
        self.inner.model_fingerprint()
    }
}

fn space() -> Fingerprint {
    Fingerprint::of(&[("space", "test")])
}

fn stage(encoder: &Fussy) -> EmbedStage<Fussy> {
    EmbedStage::new(encoder.clone(), space(), VECTORS.to_owned(), PATIENCE)
}

fn document() -> DocumentId {
    DocumentId::new("docs", "a.md").unwrap()
}

fn headers() -> Headers {
    Headers { document: document(), version: Some(Version::first(1).next()), trace: "trace".to_owned() }
}

fn chunk(text: &str) -> Chunk {
    let heading_path = vec!["Guide".to_owned()];
    let id = ChunkId::derive(&document(), &heading_path, text, 0);
    Chunk {
        id,
        document: document(),
        version: Version::first(1),
        heading_path,
        text: text.to_owned(),
        tokens: 9,
        about: About::default(),
    }
}

fn passage(text: &str) -> Outgoing {
    let chunk = chunk(text);
    let key = chunk.id.to_string();
    Outgoing::json(CHUNKS, &key, &Passage::Chunk(chunk), headers()).unwrap()
}

fn record() -> DocumentRecord {
    DocumentRecord {
        document: document(),
        version: Version::first(1),
        status: Status::Live,
        cause: None,
        title: Some("Title".to_owned()),
        format: Some("markdown".to_owned()),
        language: None,
        parts: Vec::new(),
        left_out: Vec::new(),
        etag: "e".to_owned(),
        size: 7,
        modified: None,
        chunks: vec![Placement { id: chunk("one").id, start: 0, end: 3 }],
    }
}

fn document_record() -> Outgoing {
    Outgoing::json(CHUNKS, document().as_str(), &Passage::Document(record()), headers()).unwrap()
}

async fn open(encoder: &Fussy) -> EmbedLane<Fussy> {
    stage(encoder).open(stream::Partition::ONLY, None).await.unwrap()
}

/// Records at offsets from `first` on.
fn records(first: i64, batch: &[Outgoing]) -> Vec<Record> {
    (first..)
        .zip(batch)
        .map(|(offset, outgoing)| Record {
            topic: CHUNKS.into(),
            partition: 0,
            offset,
            key: outgoing.key.clone(),
            value: outgoing.value.clone(),
            headers: outgoing.wire_headers(),
            timestamp: None,
            held: None,
        })
        .collect()
}

async fn handle(encoder: &Fussy, batch: &[Outgoing]) -> Outcome {
    open(encoder).await.handle(&records(0, batch)).await
}

fn refused(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Refuse { cause, outputs } if outputs.is_empty() => cause,
        other @ (Verdict::Done(_) | Verdict::Refuse { .. }) => panic!("not refused: {other:?}"),
    }
}

fn embedded(verdict: &Verdict) -> &Outgoing {
    match verdict {
        Verdict::Done(outputs) if outputs.len() == 1 => &outputs[0],
        other @ (Verdict::Done(_) | Verdict::Refuse { .. }) => panic!("not one record: {other:?}"),
    }
}

/// It is this passage, with the vector of its own text.
async fn assert_embedded(verdict: &Verdict, text: &str) {
    let output = embedded(verdict);
    let Embedded::Chunk(found) = serde_json::from_slice(output.value.as_deref().unwrap()).unwrap() else {
        panic!("not a passage");
    };
    let alone = Fussy::new().inner.embed(vec![chunk(text).embedded_text()], Role::Passage).await.unwrap();
    assert_eq!((&found.chunk, &found.space), (&chunk(text), &space()));
    assert_eq!((found.vector.0.len(), &found.vector.0), (DIMENSION, &alone[0]), "{text}");
    assert_eq!((output.topic.as_str(), output.headers.as_ref()), (VECTORS, Some(&headers())));
    assert_eq!(output.key.as_deref(), Some(chunk(text).id.as_str().as_bytes()));
}

#[tokio::test]
async fn a_batch_keeps_its_order_and_takes_one_call_of_the_encoder() {
    let encoder = Fussy::new();
    let tombstone = Outgoing::tombstone(CHUNKS, "gone", headers());
    let batch = [passage("one"), tombstone, passage("two"), document_record(), passage("three")];
    let outcome = handle(&encoder, &batch).await;
    assert_eq!((outcome.verdicts.len(), outcome.retry), (5, None));
    for (place, text) in [(0, "one"), (2, "two"), (4, "three")] {
        assert_embedded(&outcome.verdicts[place], text).await;
    }
    assert_eq!(encoder.calls(), [3]);
}

#[tokio::test]
async fn records_and_tombstones_pass_unchanged_and_without_the_encoder() {
    let encoder = Fussy::new();
    let tombstones = ["0f", document().as_str()].map(|key| Outgoing::tombstone(CHUNKS, key, headers()));
    let [first, second] = tombstones.clone();
    let outcome = handle(&encoder, &[first, document_record(), second]).await;
    for (verdict, tombstone) in [&outcome.verdicts[0], &outcome.verdicts[2]].into_iter().zip(tombstones) {
        assert_eq!(embedded(verdict), &Outgoing { topic: VECTORS.to_owned(), ..tombstone });
    }
    let passed = embedded(&outcome.verdicts[1]);
    let value: Embedded = serde_json::from_slice(passed.value.as_deref().unwrap()).unwrap();
    assert_eq!(value, Embedded::Document(record()));
    assert_eq!((&passed.key, &passed.headers), (&document_record().key, &document_record().headers));
    assert!(encoder.calls().is_empty());
}

#[tokio::test]
async fn passages_at_fault_are_refused_in_one_pass_and_their_neighbours_keep_their_own_vectors() {
    let encoder = Fussy::new();
    let batch =
        [passage("endless one"), passage("two"), document_record(), passage("endless four"), passage("five")];
    let outcome = handle(&encoder, &batch).await;
    assert_eq!(outcome.retry, None);
    for place in [0, 3] {
        let cause = refused(&outcome.verdicts[place]);
        assert!(cause.contains("300 tokens") && cause.contains("256"), "{cause}");
    }
    assert_embedded(&outcome.verdicts[1], "two").await;
    assert_embedded(&outcome.verdicts[4], "five").await;
    embedded(&outcome.verdicts[2]);
    assert_eq!(encoder.calls(), [4], "two texts at fault cost no further pass");
}

#[tokio::test]
async fn a_batch_that_is_too_much_for_the_runtime_is_halved_until_it_fits() {
    let encoder = Fussy { room: 3, ..Fussy::new() };
    let texts: Vec<String> = (0..10).map(|number| format!("number {number}")).collect();
    let batch: Vec<Outgoing> = texts.iter().map(|text| passage(text)).collect();
    let outcome = handle(&encoder, &batch).await;
    assert_eq!((outcome.verdicts.len(), outcome.retry), (10, None));
    for (verdict, text) in outcome.verdicts.iter().zip(&texts) {
        assert_embedded(verdict, text).await;
    }
    assert_eq!(encoder.calls(), [10, 5, 2, 3, 5, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_passage_that_the_runtime_fails_on_is_refused_after_the_patience_while_others_succeed() {
    let encoder = Fussy::new();
    let mut lane = open(&encoder).await;
    let texts = ["one", "two", "poison three", "four", "poison five", "six"];
    let batch = records(7, &texts.map(passage));
    let outcome = lane.handle(&batch).await;
    assert_eq!(outcome.verdicts.len(), 2, "what stands before it is done");
    assert_embedded(&outcome.verdicts[1], "two").await;
    assert!(outcome.retry.is_some_and(|trouble| trouble.cause.contains("out of memory")));
    assert_eq!(encoder.calls(), [6, 3, 1, 2, 1, 1]);
    // It waits alone: the others are not embedded again and again in vain.
    tokio::time::advance(PATIENCE / 2).await;
    let outcome = lane.handle(&batch[2..]).await;
    assert!(outcome.verdicts.is_empty() && outcome.retry.is_some());
    assert_eq!(encoder.calls(), [1]);
    tokio::time::advance(PATIENCE).await;
    let outcome = lane.handle(&batch[2..]).await;
    let cause = refused(&outcome.verdicts[0]);
    assert!(cause.contains("600s") && cause.contains("out of memory"), "{cause}");
    assert_embedded(&outcome.verdicts[1], "four").await;
    assert_eq!(outcome.verdicts.len(), 2, "the next one at fault has a patience of its own");
    assert!(outcome.retry.is_some());
    tokio::time::advance(PATIENCE * 2).await;
    let outcome = lane.handle(&batch[4..]).await;
    refused(&outcome.verdicts[0]);
    assert_embedded(&outcome.verdicts[1], "six").await;
    assert_eq!(outcome.retry, None);
}

#[tokio::test]
async fn an_encoder_that_stalls_waits_with_an_alarm_and_is_asked_again() {
    let encoder = Fussy::new();
    encoder.breaks(Broken::Stalls(1));
    let batch = [passage("one"), document_record()];
    let outcome = handle(&encoder, &batch).await;
    let trouble = outcome.retry.unwrap();
    assert!(outcome.verdicts.is_empty() && trouble.alarm && trouble.cause.contains("120 s"), "{trouble:?}");
    assert_eq!(handle(&encoder, &batch).await.verdicts.len(), 2);
}

#[tokio::test]
async fn what_is_no_passage_is_refused_with_its_cause() {
    let encoder = Fussy::new();
    let not_json = Outgoing { value: Some(b"no".to_vec()), ..passage("one") };
    let unknown_kind = Outgoing { value: Some(b"{\"kind\":\"page\"}".to_vec()), ..passage("one") };
    let no_headers = Outgoing { headers: None, ..passage("one") };
    let outcome = handle(&encoder, &[not_json, unknown_kind, no_headers, passage("four")]).await;
    for (place, part) in [(0, "not a passage"), (1, "not a passage"), (2, "no header 'document'")] {
        let cause = refused(&outcome.verdicts[place]);
        assert!(cause.contains(part), "{cause}");
    }
    assert_embedded(&outcome.verdicts[3], "four").await;
}

fn plan() -> Plan {
    Plan {
        worker: "embed",
        group: "embed-s".to_owned(),
        input: CHUNKS.to_owned(),
        alike: vec![VECTORS.to_owned()],
        dead_letters: DEAD.to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::Transactional,
        lanes: LaneSettings::default(),
    }
}

fn broker() -> Memory {
    let broker = Memory::default();
    broker.create(CHUNKS, 2);
    broker.create(VECTORS, 2);
    broker.create(DEAD, 1);
    broker
}

/// Runs the worker until it ends by itself.
async fn ending(broker: &Memory, encoder: &Fussy) -> String {
    let running = embed::run(broker.clone(), plan(), stage(encoder), std::future::pending());
    let ended = tokio::time::timeout(PATIENCE * 3, running).await;
    ended.expect("the worker ends").expect_err("with its cause").to_string()
}

#[tokio::test(start_paused = true)]
async fn an_encoder_beyond_mending_ends_the_worker_with_its_cause_and_nothing_is_committed() {
    for (broken, part) in [
        (Broken::Stopped, "start the process again"),
        (Broken::Runtime, "out of memory"),
        (Broken::Stalls(usize::MAX), "MILLRACE_ENCODE_STALL"),
    ] {
        let (broker, encoder) = (broker(), Fussy::new());
        broker.append(&passage("one"));
        broker.append(&passage("two"));
        encoder.breaks(broken);
        let cause = ending(&broker, &encoder).await;
        assert!(cause.contains(part), "{broken:?}: {cause}");
        assert!(broker.records(VECTORS).is_empty() && broker.records(DEAD).is_empty(), "{broken:?}");
        // The next process begins where this one was.
        encoder.breaks(Broken::No);
        let running = embed::run(broker.clone(), plan(), stage(&encoder), async {
            while broker.records(VECTORS).len() < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        tokio::time::timeout(PATIENCE, running).await.expect("done in time").unwrap();
    }
}

#[tokio::test]
async fn through_a_broker_nothing_is_written_before_the_encoder_works_and_then_all_of_it_once() {
    let (broker, encoder) = (broker(), Fussy::new());
    let unreadable = Outgoing { value: Some(b"no".to_vec()), ..passage("unreadable") };
    for outgoing in [passage("one"), unreadable, passage("endless"), document_record()] {
        broker.append(&outgoing);
    }
    broker.append(&Outgoing::tombstone(CHUNKS, "gone", headers()));
    // Failed twice by the encoder, then once by the broker.
    encoder.breaks(Broken::Stalls(2));
    broker.fail_publishes(1);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = embed::run(broker.clone(), plan(), stage(&encoder), async { drop(stopped.await) });
    let watching = async {
        while broker.records(VECTORS).len() < 3 {
            assert!(broker.records(VECTORS).is_empty(), "a part of a batch was written");
            if encoder.calls.lock().unwrap().len() < 3 {
                assert!(broker.records(DEAD).is_empty());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(stop);
    };
    let ended =
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(running, watching).0 }).await;
    ended.expect("done in time").unwrap();
    let written = broker.records(VECTORS);
    let keys: Vec<String> = written.iter().map(Record::key_text).collect();
    assert_eq!(keys, [chunk("one").id.to_string(), document().to_string(), "gone".to_owned()]);
    assert!(written.iter().all(|record| record.parse_headers().unwrap() == headers()));
    assert_eq!(
        written[0].partition,
        message::partition_of(&document(), broker.partitions(VECTORS).await.unwrap())
    );
    let causes: Vec<String> = broker
        .records(DEAD)
        .iter()
        .map(|letter| serde_json::from_slice::<DeadLetter>(letter.value.as_deref().unwrap()).unwrap().cause)
        .collect();
    assert!(
        causes.len() == 2 && causes[0].contains("not a passage") && causes[1].contains("tokens"),
        "{causes:?}"
    );
}
