//! Who shares a consumer group: only writers to the same indexes. And where a renamed group continues.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use generation::{Names, Target};
use message::Fingerprint;
use sink::{BuildingSettings, MemoryEngine as Engine, Reader as _, Sink as _, WriteSettings, WriteStage};
use stream::memory::Memory;
use stream::{Delivery, LaneSettings, Outgoing, Plan, StreamError};
use tokio::sync::watch;

use crate::{DEAD, PATIENCE, append_to, chunk_in, documents, generation, held, version};

fn topic() -> String {
    generation().vectors()
}

fn names(index: &str) -> Names {
    Names::new(index, &generation()).unwrap()
}

/// A broker with the topics, of 4 partitions.
fn empty_broker() -> Memory {
    let broker = Memory::default();
    broker.create(&topic(), 4);
    broker.create(DEAD, 1);
    broker
}

/// A broker with the log of 16 documents.
fn broker() -> Memory {
    let broker = empty_broker();
    append_all(&broker);
    broker
}

fn append_all(broker: &Memory) {
    for n in 0..16 {
        append_to(broker, &topic(), &format!("k{n}"));
    }
}

/// Runs a worker for each of `engines` until `driving` is done.
async fn run_all(broker: &Memory, engines: &[Engine], driving: impl Future<Output = ()>) {
    let run = |engine: &Engine, stopping| {
        let settings = WriteSettings {
            worker: "index",
            lanes: LaneSettings::default(),
            building: BuildingSettings::default(),
        };
        sink::run(broker.clone(), engine.clone(), settings, stopping)
    };
    run_each(engines, run, driving).await;
}

/// The group's former name, before it contained index and cluster.
async fn run_as_before(broker: &Memory, engines: &[Engine], driving: impl Future<Output = ()>) {
    let run = |engine: &Engine, stopping| {
        let plan = Plan {
            worker: "index",
            group: format!("index-{}", generation().short()),
            input: topic(),
            alike: Vec::new(),
            dead_letters: topics::DEAD_LETTERS.to_owned(),
            confirmations: topics::CONFIRMATIONS.to_owned(),
            delivery: Delivery::AfterWrite,
            lanes: LaneSettings::default(),
        };
        stream::run(broker.clone(), plan, WriteStage::new(engine.clone()), stopping)
    };
    run_each(engines, run, driving).await;
}

async fn run_each<R: Future<Output = Result<(), StreamError>>>(
    engines: &[Engine],
    run: impl Fn(&Engine, BoxFuture<'static, ()>) -> R,
    driving: impl Future<Output = ()>,
) {
    let stop = watch::Sender::new(false);
    let start = |engine: &Engine| {
        let mut stopped = stop.subscribe();
        run(engine, async move { drop(stopped.changed().await) }.boxed())
    };
    let running = join_all(engines.iter().map(start));
    let driven = async {
        driving.await;
        stop.send_replace(true);
    };
    let all = async { tokio::join!(running, driven).0 };
    for ended in tokio::time::timeout(PATIENCE, all).await.expect("done in time") {
        ended.unwrap();
    }
}

/// Each writer needs the whole log. In a shared group each would get half of the partitions, and both indexes would
/// silently stay incomplete.
#[tokio::test]
async fn writers_of_two_indexes_on_one_kafka_fill_both_completely() {
    let engine = Engine::new(names("one"));
    let engines = [engine.clone(), engine.over(names("two"))];
    run_all(&broker(), &engines, async {
        for engine in &engines {
            documents(engine, 16).await;
        }
    })
    .await;
    for engine in &engines {
        assert_eq!(held(engine).await.len(), 16);
    }
}

#[tokio::test]
async fn writers_of_one_index_name_in_two_clusters_fill_both_completely() {
    let engines = [Engine::new(names("same")), Engine::new(names("same"))];
    run_all(&broker(), &engines, async {
        for engine in &engines {
            documents(engine, 16).await;
        }
    })
    .await;
}

/// Each index gets only a part: the problem that `sink::run` solves, and the state from which it must continue. Both
/// have partitions before the first record is written.
async fn shared_in_halves(broker: &Memory, engines: &[Engine; 2]) {
    run_as_before(broker, engines, async {
        for engine in engines {
            while engine.count(Target::Documents).await.is_err() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        append_all(broker);
        while shown(&engines[0]).await + shown(&engines[1]).await < 16 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    assert!(shown(&engines[0]).await < 16, "the first has all, though both were in one group");
}

async fn shown(engine: &Engine) -> u64 {
    engine.count(Target::Documents).await.unwrap_or_default()
}

/// Two deployments shared the group: it is at the end of each partition, but each record went into only one of two
/// indexes. Both get completed, and neither takes its content for another log's.
#[tokio::test]
async fn indexes_that_a_shared_group_filled_in_part_are_completed() {
    let (broker, one) = (empty_broker(), Engine::new(names("one")));
    let engines = [one.clone(), one.over(names("two"))];
    shared_in_halves(&broker, &engines).await;
    run_all(&broker, &engines, async {
        documents(&engines[0], 16).await;
        documents(&engines[1], 16).await;
    })
    .await;
    assert!(broker.records(DEAD).is_empty());
}

/// A deployment that was alone continues under the new name: nothing is processed twice, as a second refusal of the
/// first record would show.
#[tokio::test]
async fn a_renamed_group_goes_on_where_it_stood() {
    let (broker, engine) = (broker(), Engine::new(names("one")));
    broker.append(&Outgoing { topic: topic(), ..chunk_in(&other_space(), ("k0", "bad"), version(1)) });
    run_as_before(&broker, std::slice::from_ref(&engine), async {
        documents(&engine, 16).await;
        refused(&broker).await;
    })
    .await;
    append_to(&broker, &topic(), "late");
    run_all(&broker, std::slice::from_ref(&engine), documents(&engine, 17)).await;
    assert_eq!(broker.records(DEAD).len(), 1);
}

fn other_space() -> Fingerprint {
    Fingerprint::of(&[("space", "b")])
}

async fn refused(broker: &Memory) {
    while broker.records(DEAD).is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
