//! The worker with an encoder that fails on demand: order, neighbours, and no partial batches.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod bench;
mod spaces;

use std::time::Duration;

use bench::*;
use message::{DeadLetter, Embedded};
use stream::memory::Memory;
use stream::{Broker as _, Delivery, Lane, LaneSettings, Outgoing, Plan, Record};

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
    // It is tried alone while it waits: the others are not embedded repeatedly in vain.
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
    ended.unwrap().unwrap_err().to_string()
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
        // The next process starts where this one stopped.
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
