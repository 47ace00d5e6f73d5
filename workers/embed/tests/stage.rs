//! The worker over an encoder that fails on demand: order, neighbours, and nothing half said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use embed::EmbedStage;
use message::{
    About, Chunk, ChunkId, DeadLetter, DocumentId, DocumentRecord, Embedded, Fingerprint, Headers, Passage,
    Placement, Status, Version,
};
use model::{EncodeError, Encoder, Hashing, Role};
use stream::memory::Memory;
use stream::{Broker as _, Delivery, Lane, LaneSettings, Outcome, Outgoing, Plan, Record, Stage, Verdict};

const CHUNKS: &str = "chunks.c";
const VECTORS: &str = "vectors.s";
const DEAD: &str = "dead-letters";
const DIMENSION: usize = 8;
/// A passage with this word is longer than the model takes.
const LONG: &str = "endless";

/// Hashed words; knows texts that are too long, and stops working for so many calls.
#[derive(Clone)]
struct Fussy {
    inner: Hashing,
    broken: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

impl Fussy {
    fn new() -> Self {
        let inner = Hashing::new(NonZeroUsize::new(DIMENSION).unwrap());
        Self { inner, broken: Arc::default(), calls: Arc::default() }
    }
}

impl Encoder for Fussy {
    async fn embed(&self, texts: Vec<String>, role: Role) -> Result<Vec<Vec<f32>>, EncodeError> {
        assert_eq!(role, Role::Passage);
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.broken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            return Err(EncodeError::Stopped);
        }
        match texts.iter().position(|text| text.contains(LONG)) {
            Some(position) => Err(EncodeError::TooLong { position, tokens: 300, limit: 256 }),
            None => self.inner.embed(texts, role).await,
        }
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
    EmbedStage::new(encoder.clone(), space(), VECTORS.to_owned())
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

async fn handle(encoder: &Fussy, batch: &[Outgoing]) -> Outcome {
    let batch: Vec<Record> = batch
        .iter()
        .map(|outgoing| Record {
            topic: CHUNKS.into(),
            partition: 0,
            offset: 0,
            key: outgoing.key.clone(),
            value: outgoing.value.clone(),
            headers: outgoing.wire_headers(),
            timestamp: None,
            held: None,
        })
        .collect();
    stage(encoder).open(stream::Partition::ONLY, None).await.unwrap().handle(&batch).await
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
    assert_eq!(encoder.calls.load(Ordering::Relaxed), 1);
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
    assert_eq!(encoder.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_passage_that_is_too_long_is_refused_and_its_neighbours_keep_their_own_vectors() {
    let encoder = Fussy::new();
    let batch =
        [passage("endless one"), passage("two"), document_record(), passage("endless four"), passage("five")];
    let outcome = handle(&encoder, &batch).await;
    assert_eq!(outcome.retry, None);
    for place in [0, 3] {
        let Verdict::Refuse { cause, outputs } = &outcome.verdicts[place] else {
            panic!("{place} is not refused")
        };
        assert!(cause.contains("300 tokens") && cause.contains("256") && outputs.is_empty(), "{cause}");
    }
    assert_embedded(&outcome.verdicts[1], "two").await;
    assert_embedded(&outcome.verdicts[4], "five").await;
    embedded(&outcome.verdicts[2]);
}

#[tokio::test]
async fn an_encoder_that_fails_waits_with_an_alarm_and_answers_nothing() {
    let encoder = Fussy::new();
    encoder.broken.store(1, Ordering::Relaxed);
    let batch = [document_record(), passage("one")];
    let outcome = handle(&encoder, &batch).await;
    let trouble = outcome.retry.unwrap();
    assert!(outcome.verdicts.is_empty() && trouble.alarm && trouble.cause.contains("stopped"), "{trouble:?}");
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
        let Verdict::Refuse { cause, .. } = &outcome.verdicts[place] else {
            panic!("{place} is not refused")
        };
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

#[tokio::test]
async fn through_a_broker_nothing_is_written_before_the_encoder_works_and_then_all_of_it_once() {
    let (broker, encoder) = (Memory::default(), Fussy::new());
    broker.create(CHUNKS, 2);
    broker.create(VECTORS, 2);
    broker.create(DEAD, 1);
    let poison = Outgoing { value: Some(b"no".to_vec()), ..passage("poison") };
    for outgoing in [passage("one"), poison, passage("endless"), document_record()] {
        broker.append(&outgoing);
    }
    broker.append(&Outgoing::tombstone(CHUNKS, "gone", headers()));
    // Failed twice by the encoder, then once by the broker.
    encoder.broken.store(2, Ordering::Relaxed);
    broker.fail_publishes(1);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = stream::run(broker.clone(), plan(), stage(&encoder), async { drop(stopped.await) });
    let watching = async {
        while broker.records(VECTORS).len() < 3 {
            assert!(broker.records(VECTORS).is_empty(), "a part of a batch was written");
            if encoder.calls.load(Ordering::Relaxed) < 3 {
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
