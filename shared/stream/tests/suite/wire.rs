//! What a broker must do with records, writers and members.

use std::time::Duration;

use futures::stream::TryStreamExt as _;
use stream::broker::{Broker, Consumer, Event, Membership, Publisher};
use stream::{Outgoing, Record, StreamError};
use tokio::time::timeout;

use super::{Bench, PATIENCE, all, at, join, publish, record};

/// Key, value, headers and tombstones survive; the document determines the partition; order is kept.
pub(crate) async fn records_survive<B: Bench>(bench: &B) {
    let topic = bench.topic("survive", 4).await;
    let mut records: Vec<Outgoing> =
        (0..40).map(|n| record(&topic, &format!("k{}", n % 8), &format!("v{n}"))).collect();
    records.push(Outgoing { value: None, ..record(&topic, "k3", "") });
    publish(bench, records.clone()).await;
    let mut seen = 0;
    for partition in 0..4 {
        let found = all(bench.broker(), &topic, partition).await;
        let expected: Vec<&Outgoing> = records.iter().filter(|r| r.partition(4) == partition).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!((&found.key, &found.value), (&expected.key, &expected.value));
            assert_eq!(found.parse_headers().unwrap(), expected.headers.clone().unwrap());
        }
        seen += found.len();
    }
    assert_eq!(seen, 41);
}

/// A reading yields the records from its offset on, in order, and then ends, even if it starts at the end of the log.
/// Records may be kept: keeping more than is ever read ahead does not stall it. A missing topic is an error, not an
/// empty topic.
pub(crate) async fn a_reading_gives_what_is_there_and_ends<B: Bench>(bench: &B) {
    let (topic, broker) = (bench.topic("reading", 1).await, bench.broker());
    assert!(all(broker, &topic, 0).await.is_empty());
    let value = "x".repeat(100_000);
    publish(bench, (0..60).map(|n| record(&topic, &format!("k{n}"), &value)).collect()).await;
    let kept = timeout(PATIENCE, all(broker, &topic, 0)).await.expect("6 MB are read, and kept");
    let offsets: Vec<i64> = kept.iter().map(|record| record.offset).collect();
    assert!(offsets.len() == 60 && offsets.is_sorted());
    for from in [1, 30, 59, 60] {
        let rest: Vec<Record> = broker
            .reading(&topic, 0, offsets.get(from).map_or(offsets[59] + 1, |offset| *offset))
            .try_collect()
            .await
            .unwrap();
        assert!(rest.iter().map(|record| record.offset).eq(offsets[from..].iter().copied()), "from {from}");
    }
    let missing = timeout(PATIENCE, broker.reading("not-there", 0, 0).try_next()).await.expect("an end");
    assert!(matches!(missing, Err(StreamError::Unavailable(_))), "{missing:?}");
}

/// A tail gives what is there, and then each record that is written later, once. It is told whether a topic exists.
pub(crate) async fn a_tail_goes_on_with_what_is_written_later<B: Bench>(bench: &B) {
    let (topic, broker) = (bench.topic("tail", 1).await, bench.broker());
    let of = |n: u32| record(&topic, &format!("k{n}"), "v");
    publish(bench, (0..3).map(of).collect()).await;
    let mut tail = broker.tail(&topic, 0, 0);
    for n in 0..6 {
        if n >= 3 {
            publish(bench, vec![of(n)]).await;
        }
        let found = timeout(PATIENCE, tail.try_next()).await.expect("in time").unwrap().unwrap();
        assert_eq!(found.key_text(), format!("k{n}"));
    }
    assert!(timeout(Duration::from_millis(500), tail.try_next()).await.is_err(), "it ends, or doubles");
    assert_eq!(broker.existing(&topic).await.unwrap(), Some(1));
    assert_eq!(broker.existing("not-there").await.unwrap(), None);
}

/// A newer writer with the same id fences the older one: what the older one still sends is never committed.
pub(crate) async fn a_newer_writer_fences_the_older<B: Bench>(bench: &B) {
    let (source, topic) = (bench.topic("fence-in", 1).await, bench.topic("fence-out", 1).await);
    let consumer = join(bench.broker(), &format!("{source}-group"), &source, 1).await;
    let (id, member) = (format!("{source}-0"), consumer.membership());
    let mut older = bench.broker().transactional(&id, stream::LANE_TRANSACTION).await.unwrap();
    older.publish(vec![record(&topic, "a", "1")], &member, 0, at(1)).await.unwrap();
    let mut newer = bench.broker().transactional(&id, stream::LANE_TRANSACTION).await.unwrap();
    let late = older.publish(vec![record(&topic, "a", "late")], &member, 0, at(2)).await;
    assert!(matches!(late, Err(StreamError::Fenced(_))), "{late:?}");
    newer.publish(vec![record(&topic, "a", "2")], &member, 0, at(3)).await.unwrap();
    let values: Vec<_> = all(bench.broker(), &topic, 0).await.into_iter().filter_map(|r| r.value).collect();
    assert_eq!(values, [b"1".to_vec(), b"2".to_vec()]);
    assert_eq!(member.committed(0).await.unwrap(), Some(at(3)));
}

/// Records can be written without an offset, and the writer returns where they went; a fenced writer writes nothing.
pub(crate) async fn records_are_written_without_an_offset<B: Bench>(bench: &B) {
    let topic = bench.topic("write", 1).await;
    let three = |value: &str| (0..3).map(|n| record(&topic, &format!("k{n}"), value)).collect::<Vec<_>>();
    let mut plain = bench.broker().after_write().unwrap();
    assert_eq!(plain.write(three("a")).await.unwrap().last.get(&topic), Some(&2));
    let mut older =
        bench.broker().transactional(&format!("{topic}-id"), stream::LANE_TRANSACTION).await.unwrap();
    assert_eq!(older.write(three("b")).await.unwrap().last.get(&topic), Some(&5));
    let mut newer =
        bench.broker().transactional(&format!("{topic}-id"), stream::LANE_TRANSACTION).await.unwrap();
    let late = older.write(three("late")).await;
    assert!(matches!(late, Err(StreamError::Fenced(_))), "{late:?}");
    newer.write(three("c")).await.unwrap();
    let values: Vec<_> = all(bench.broker(), &topic, 0).await.into_iter().filter_map(|r| r.value).collect();
    assert_eq!(values.len(), 9);
    assert!(!values.contains(&b"late".to_vec()));
}

/// A writer that goes away amid its transaction holds readers up no longer than it asked for.
pub(crate) async fn an_abandoned_transaction_ends<B: Bench>(bench: &B) {
    let topic = bench.topic("abandoned", 1).await;
    let id = format!("{topic}-id");
    let mut writer = bench.broker().transactional(&id, Duration::from_secs(3)).await.unwrap();
    // Dropped between its two steps, as by a request that nobody waits for any more.
    drop(timeout(Duration::ZERO, writer.write(vec![record(&topic, "a", "1")])).await);
    drop(writer);
    // The first step goes on without it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    publish(bench, vec![record(&topic, "b", "2")]).await;
    let mut tail = bench.broker().tail(&topic, 0, 0);
    // A broker looks for what is open for too long every 10 s.
    let read = async { while tail.try_next().await.unwrap().unwrap().key_text() != "b" {} };
    timeout(Duration::from_secs(30), read).await.expect("readers wait for a transaction that nobody ends");
}

/// A member never has more than its limit outstanding, and reads on when records are dropped.
pub(crate) async fn memory_is_bounded<B: Bench>(bench: &B) {
    let topic = bench.topic("bound", 1).await;
    let value = "x".repeat(10_000);
    publish(bench, (0..200).map(|n| record(&topic, &format!("k{n}"), &value)).collect()).await;
    let mut consumer = bench.broker().subscribe(&format!("{topic}-group"), &topic, 100_000).unwrap();
    let (mut held, mut read) = (Vec::new(), 0);
    // Nothing is dropped, so it must stop at the limit plus one record.
    while let Ok(event) =
        timeout(Duration::from_secs(if held.is_empty() { 60 } else { 2 }), consumer.next()).await
    {
        if let Event::Record(record) = event {
            held.push(record);
        }
    }
    assert!((9..=12).contains(&held.len()), "{} records of 10 kB outstanding", held.len());
    read += held.len();
    held.clear();
    while read < 200 {
        if let Event::Record(record) = timeout(PATIENCE, consumer.next()).await.expect("reads on") {
            assert_eq!(record.offset, i64::try_from(read).unwrap());
            read += 1;
        }
    }
}
