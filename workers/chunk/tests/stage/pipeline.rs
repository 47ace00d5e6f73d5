//! The whole way through a broker in memory: partitions, transactions, waits and restarts.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use message::{Status, Version, partition_of};
use objects::{Store, StoreFault};
use stream::{Lane as _, Outgoing, Stage, Verdict};

use crate::bench::{
    BUCKET, Bench, CHUNKS, INPUT, LEDGER, Said, created, document, handle, look_again, page, version,
};

const PARTITIONS: i32 = 4;

#[tokio::test]
async fn all_of_a_document_is_in_its_own_partition_with_its_headers() {
    let bench = Bench::new(PARTITIONS).await;
    let keys: Vec<String> = (0..12).map(|n| format!("folder/{n} ü+%41.md")).collect();
    for key in &keys {
        bench.put(key, page(&["alpha", "beta"])).await;
        bench.broker.append(&created(key));
    }
    bench.run_until(|| bench.count(LEDGER) == keys.len()).await;
    assert_eq!(bench.count(CHUNKS), 3 * keys.len());
    let mut partitions = BTreeSet::new();
    for record in bench.broker.records(CHUNKS).iter().chain(&bench.broker.records(LEDGER)) {
        let headers = record.parse_headers().unwrap();
        assert_eq!(record.partition, partition_of(&headers.document, PARTITIONS));
        assert_eq!(headers.version, Some(version(1)));
        assert_eq!(headers.trace, format!("trace-{}", headers.document.key()));
        partitions.insert(record.partition);
    }
    assert!(partitions.len() > 1, "the test proves nothing on one partition");
}

#[tokio::test]
async fn what_is_refused_becomes_one_dead_letter_with_the_original_bytes() {
    let bench = Bench::new(1).await;
    let broken = Outgoing { value: Some(b"{\"document\":7}".to_vec()), ..created("a.md") };
    let stranger = Outgoing { headers: None, ..created("b.md") };
    bench.put("c.bin", b"\x7fELF\0\0".as_slice()).await;
    for notice in [&broken, &stranger, &created("c.bin"), &created("c.bin")] {
        bench.broker.append(notice);
    }
    bench.put("d.md", page(&["alpha"])).await;
    bench.broker.append(&created("d.md"));
    bench.run_until(|| bench.count(LEDGER) == 2).await;
    let letters = bench.dead_letters();
    let place = |offset: usize| {
        (letters[offset].stage.as_str(), letters[offset].topic.as_str(), letters[offset].offset)
    };
    assert_eq!(
        [place(0), place(1), place(2)],
        [("chunk", INPUT, 0), ("chunk", INPUT, 1), ("chunk", INPUT, 3)]
    );
    assert_eq!(letters.len(), 3, "the same file is looked at for the last of its references");
    for (letter, notice) in letters.iter().zip([broken, stranger, created("c.bin")]) {
        assert_eq!(STANDARD.decode(letter.value.as_deref().unwrap()).unwrap(), notice.value.unwrap());
    }
    assert_eq!(letters[2].document.as_deref(), Some("docs/c.bin"));
    assert_eq!(letters[2].trace.as_deref(), Some("trace-c.bin"));
    assert_eq!(bench.entry("c.bin").cause.as_deref(), Some(letters[2].cause.as_str()));
}

#[tokio::test]
async fn a_store_that_is_away_costs_waiting_and_nothing_else() {
    let bench = Bench::new(2).await;
    bench.store.inject(StoreFault::Unavailable { times: 2 });
    for n in 0..6 {
        let key = format!("{n}.md");
        // Injected faults also hit writing, so each object is written until it is there.
        while bench.store.put(&document(&key), page(&["alpha"]).into(), "").await.is_err() {}
        bench.broker.append(&created(&key));
    }
    bench.store.inject(StoreFault::Unavailable { times: 2 });
    bench.run_until(|| bench.count(LEDGER) == 6).await;
    assert_eq!((bench.count(CHUNKS), bench.dead_letters().len()), (12, 0));
}

#[tokio::test]
async fn a_bucket_that_is_denied_for_a_while_loses_nothing() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.broker.append(&created("a.md"));
    bench.run_until(|| bench.count(LEDGER) == 1).await;
    bench.put("a.md", page(&["beta"])).await;
    bench.broker.append(&created("a.md"));
    bench.store.inject(StoreFault::DenyBucket(BUCKET.to_owned()));
    let healing = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert_eq!((bench.count(LEDGER), bench.dead_letters().len()), (1, 0));
        bench.store.heal();
    };
    tokio::join!(bench.run_until(|| bench.count(LEDGER) == 2), healing);
    assert_eq!((bench.entry("a.md").version, bench.dead_letters().len()), (version(2), 0));
}

#[tokio::test]
async fn a_failed_publish_leaves_nothing_behind_and_its_repeat_gives_exactly_one_set() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha", "beta"])).await;
    bench.put("b.bin", b"\x7fELF\0\0".as_slice()).await;
    bench.broker.append(&created("a.md"));
    bench.broker.append(&created("b.bin"));
    bench.broker.fail_publishes(2);
    bench.run_until(|| bench.count(LEDGER) == 2).await;
    // If the failed attempt had stayed in the ledger, the repetition would be unchanged, or have version 2.
    assert_eq!(bench.count(CHUNKS), 4);
    assert_eq!((bench.entry("a.md").version, bench.entry("b.bin").version), (version(1), version(1)));
    assert_eq!(bench.dead_letters().len(), 1);
}

#[tokio::test]
async fn what_was_never_committed_is_not_in_the_ledger_of_a_lane_that_is_opened_anew() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha"])).await;
    let outcome = handle(&mut bench.lane().await, &[created("a.md")]).await;
    assert_eq!(outcome.verdicts.len(), 1);
    let again = bench.said(&mut bench.lane().await, created("a.md")).await;
    assert_eq!((again.len(), again.last()), (3, Some(&Said::Ledger(Status::Live, 1, 1))));
}

#[tokio::test]
async fn a_restarted_worker_finds_everything_unchanged() {
    let bench = Bench::new(2).await;
    let keys: Vec<String> = (0..8).map(|n| format!("{n}.md")).collect();
    for key in &keys {
        bench.put(key, page(&["alpha", "beta"])).await;
        bench.broker.append(&created(key));
    }
    bench.run_until(|| bench.count(LEDGER) == keys.len()).await;
    let (bodies, chunks) = (bench.store.bodies(), bench.count(CHUNKS));
    for key in &keys {
        bench.broker.append(&look_again(key));
    }
    // Finally one new document in each partition: when these are done, everything before them is.
    let last = ["x", "y", "z", "w", "v"].map(|name| format!("{name}.md"));
    for key in &last {
        bench.put(key, page(&["alpha"])).await;
        bench.broker.append(&created(key));
    }
    let partitions: BTreeSet<i32> = last.iter().map(|key| partition_of(&document(key), 2)).collect();
    assert_eq!(partitions.len(), 2);
    bench.run_until(|| bench.count(LEDGER) == keys.len() + last.len()).await;
    assert_eq!(bench.store.bodies() - bodies, last.len() as u64);
    assert_eq!(bench.count(CHUNKS) - chunks, 2 * last.len());
    assert!(keys.iter().all(|key| bench.entry(key).version == version(1)));
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_is_an_alarm_and_never_an_empty_ledger() {
    let bench = Bench::new(1).await;
    let broken = Outgoing { topic: LEDGER.to_owned(), value: Some(b"{}".to_vec()), ..created("a.md") };
    bench.broker.append(&broken);
    let Err(trouble) = bench.stage().open(stream::Partition::ONLY, None).await else { panic!("opened") };
    assert!(
        trouble.alarm && trouble.cause.contains("ledger.c/0") && trouble.cause.contains("offset 0"),
        "{trouble:?}"
    );
}

#[tokio::test]
async fn versions_never_fall_over_a_life_of_changes() {
    let bench = Bench::new(1).await;
    for round in 0..6 {
        let mut lane = bench.lane().await;
        if round % 3 == 2 {
            bench.delete("a.md").await;
        } else {
            bench.put("a.md", page(&[["alpha", "beta"][round % 3]])).await;
        }
        bench.said(&mut lane, created("a.md")).await;
    }
    let versions: Vec<Version> = bench
        .broker
        .records(LEDGER)
        .iter()
        .map(|record| record.parse_headers().unwrap().version.unwrap())
        .collect();
    assert_eq!(versions, (1..=6).map(version).collect::<Vec<_>>());
}

/// A few references can stand for a lot of text: a batch ends when its output is large enough, and the rest follows.
#[tokio::test]
async fn a_batch_is_bounded_by_what_it_writes() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    let mut notices = Vec::new();
    for number in 0..60 {
        let key = format!("{number}.md");
        bench.put(&key, page(&["a", "b", "c", "d", "e", "f"])).await;
        notices.push(created(&key));
    }
    let mut batches = 0;
    while !notices.is_empty() {
        let outcome = handle(&mut lane, &notices).await;
        let (done, bytes) =
            (outcome.verdicts.len(), outcome.verdicts.iter().map(Verdict::bytes).sum::<usize>());
        assert!(done > 0 && outcome.retry.is_none() && bytes < 2 * crate::bench::ENOUGH, "{done} {bytes}");
        let published = bench.commit(&outcome.verdicts).await;
        lane.committed(&published).await.unwrap();
        notices.drain(..done);
        batches += 1;
    }
    assert!(batches > 1, "everything went at once");
}
