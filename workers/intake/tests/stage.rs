//! The worker with a broker in memory: notices become references, in the partition of their document.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use intake::{IntakeStage, Scope, WantedObjects};
use message::{DeadLetter, DocumentReference, Why, partition_of};
use serde_json::json;
use stream::memory::Memory;
use stream::{Delivery, Lane, LaneSettings, Outgoing, Plan, Record, Stage, Verdict};

const EVENTS: &str = "object-events";
const DOCUMENTS: &str = "documents";
const DEAD: &str = "dead-letters";
const PARTITIONS: i32 = 4;

/// The worker for the bucket `docs`.
fn stage() -> IntakeStage {
    let wanted = WantedObjects { buckets: "docs".parse().unwrap(), scope: Scope::default() };
    IntakeStage::new(wanted, DOCUMENTS)
}

/// A MinIO notification of these events and keys (form-encoded).
fn minio(events: &[(&str, &str)]) -> Outgoing {
    minio_of("docs", events)
}

fn minio_of(bucket: &str, events: &[(&str, &str)]) -> Outgoing {
    let record = |(name, key): &(&str, &str)| {
        json!({
            "eventSource": "minio:s3", "eventName": name, "eventTime": "2025-01-02T03:04:05Z",
            "s3": { "bucket": { "name": bucket }, "object": { "key": key } },
        })
    };
    raw(&json!({ "Records": events.iter().map(record).collect::<Vec<_>>() }).to_string())
}

fn raw(value: &str) -> Outgoing {
    Outgoing {
        topic: EVENTS.to_owned(),
        key: Some(b"as the store sent it".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: None,
    }
}

/// A broker with the topics and these events.
fn broker(events: &[Outgoing]) -> Memory {
    let broker = Memory::default();
    broker.create(EVENTS, 1);
    broker.create(DOCUMENTS, PARTITIONS);
    broker.create(DEAD, 1);
    for event in events {
        broker.append(event);
    }
    broker
}

/// Runs the worker until it has written this many references and dead letters.
async fn run(broker: &Memory, references: usize, letters: usize) {
    let plan = Plan {
        worker: "intake",
        group: "intake".to_owned(),
        input: EVENTS.to_owned(),
        alike: Vec::new(),
        dead_letters: DEAD.to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::Transactional,
        lanes: LaneSettings::default(),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stage = stage();
    let running = stream::run(broker.clone(), plan, stage, async { drop(stopped.await) });
    let watching = async {
        while broker.records(DOCUMENTS).len() < references || broker.records(DEAD).len() < letters {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(stop);
    };
    let ended =
        tokio::time::timeout(Duration::from_secs(30), async { tokio::join!(running, watching).0 }).await;
    ended.expect("done in time").unwrap();
    assert_eq!((broker.records(DOCUMENTS).len(), broker.records(DEAD).len()), (references, letters));
}

fn references(broker: &Memory) -> Vec<(String, Why)> {
    let mut references: Vec<(String, Why)> = broker
        .records(DOCUMENTS)
        .iter()
        .map(|record| {
            let reference: DocumentReference =
                serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
            let headers = record.parse_headers().unwrap();
            assert_eq!((&headers.document, headers.version), (&reference.document, None));
            assert_eq!(record.key_text(), reference.document.as_str());
            assert_eq!(record.partition, partition_of(&reference.document, PARTITIONS));
            assert_eq!(headers.trace.len(), 32);
            assert!(!reference.force);
            (reference.document.to_string(), reference.why)
        })
        .collect();
    references.sort_by(|a, b| a.0.cmp(&b.0));
    references
}

#[tokio::test]
async fn notices_become_references_in_the_partition_of_their_document() {
    let events = [
        minio(&[("s3:ObjectCreated:Put", "a+b%2F%E4%BD%A0.md")]),
        minio(&[("s3:ObjectRemoved:Delete", "b.md"), ("s3:ObjectCreated:CompleteMultipartUpload", "c.md")]),
    ];
    let broker = broker(&events);
    run(&broker, 3, 0).await;
    let expected =
        [("docs/a b/你.md", Why::Created), ("docs/b.md", Why::Removed), ("docs/c.md", Why::Created)];
    assert_eq!(references(&broker), expected.map(|(document, why)| (document.to_owned(), why)));
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let events = [
        minio(&[("s3:ObjectCreated:PutTagging", "a.md"), ("s3:ObjectAccessed:Get", "a.md")]),
        minio(&[("s3:ObjectCreated:Put", ".millrace/own.json")]),
        minio(&[("s3:ObjectCreated:Put", "last.md")]),
    ];
    let broker = broker(&events);
    run(&broker, 1, 0).await;
    assert_eq!(references(&broker), [("docs/last.md".to_owned(), Why::Created)]);
}

/// A rule without a bucket filter reports every bucket of an account; `chunk` could not read them and would wait.
#[tokio::test]
async fn notices_about_other_buckets_are_neither_passed_on_nor_refused() {
    let events = [
        minio_of("other", &[("s3:ObjectCreated:Put", "x.md"), ("s3:ObjectRemoved:Delete", "y.md")]),
        minio_of("another", &[("s3:ObjectCreated:Put", &"k".repeat(2000))]),
        minio(&[("s3:ObjectCreated:Put", "a.md")]),
    ];
    let broker = broker(&events);
    run(&broker, 1, 0).await;
    assert_eq!(references(&broker), [("docs/a.md".to_owned(), Why::Created)]);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_dead_letter_with_its_bytes_and_what_can_be_read_beside_it_is_not_lost() {
    let mixed = minio(&[("s3:ObjectCreated:Put", "a.md"), ("s3:ObjectCreated:Put", "")]);
    let broker = broker(&[raw("not json"), mixed.clone(), minio(&[("s3:ObjectCreated:Put", "b.md")])]);
    run(&broker, 2, 2).await;
    let expected = [("docs/a.md", Why::Created), ("docs/b.md", Why::Created)];
    assert_eq!(references(&broker), expected.map(|(document, why)| (document.to_owned(), why)));
    let letters: Vec<DeadLetter> = broker
        .records(DEAD)
        .iter()
        .map(|letter| serde_json::from_slice(letter.value.as_deref().unwrap()).unwrap())
        .collect();
    let value = |letter: &DeadLetter| STANDARD.decode(letter.value.as_deref().unwrap()).unwrap();
    assert_eq!((value(&letters[0]), letters[0].offset), (b"not json".to_vec(), 0));
    assert_eq!((Some(value(&letters[1])), letters[1].offset), (mixed.value, 1));
    assert!(letters.iter().all(|letter| letter.stage == "intake" && letter.document.is_none()));
    assert!(letters[0].cause.contains("neither JSON nor Base64"), "{}", letters[0].cause);
}

#[tokio::test]
async fn a_key_that_can_be_read_in_two_ways_becomes_two_references() {
    // Records of an undocumented source: only the store knows which of the two keys is right.
    let event = json!({ "Records": [{
        "eventSource": "someone:s3", "eventName": "s3:ObjectCreated:Put",
        "s3": { "bucket": { "name": "docs" }, "object": { "key": "a+b.md" } },
    }]});
    let broker = broker(&[raw(&event.to_string())]);
    run(&broker, 2, 0).await;
    let expected = [("docs/a b.md", Why::Created), ("docs/a+b.md", Why::Created)];
    assert_eq!(references(&broker), expected.map(|(document, why)| (document.to_owned(), why)));
}

#[tokio::test]
async fn the_same_record_has_the_same_trace_and_another_record_another() {
    let mut lane = stage().open(stream::Partition::ONLY, None).await.unwrap();
    let event = minio(&[("s3:ObjectCreated:Put", "a.md")]);
    let record = |offset: i64| Record {
        topic: EVENTS.into(),
        partition: 0,
        offset,
        key: None,
        value: event.value.clone(),
        headers: Vec::new(),
        timestamp: None,
        held: None,
    };
    let mut traces = Vec::new();
    for offset in [7, 7, 8] {
        let outcome = lane.handle(&[record(offset)]).await;
        let [Verdict::Done(outputs)] = &outcome.verdicts[..] else { unreachable!("one reference") };
        traces.push(outputs[0].headers.clone().unwrap().trace);
    }
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
}

#[tokio::test]
async fn a_publish_that_fails_is_repeated_and_written_once() {
    let broker = broker(&[minio(&[("s3:ObjectCreated:Put", "a.md")]), raw("not json")]);
    broker.fail_publishes(1);
    run(&broker, 1, 1).await;
    assert_eq!(references(&broker), [("docs/a.md".to_owned(), Why::Created)]);
}
