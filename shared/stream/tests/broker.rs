//! The suite of brokers, over memory and over a real Kafka.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod suite;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use stream::Broker as _;
use stream::kafka::{Applied, Kafka, KafkaSettings, TopicSpec};
use stream::memory::Memory;
use suite::{Bench, copy, plan, record, wait_for};

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn fresh(name: &str) -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{}-{number}", std::process::id())
}

struct InMemory(Memory);

impl Bench for InMemory {
    type Broker = Memory;

    fn broker(&self) -> &Memory {
        &self.0
    }

    async fn topic(&self, name: &str, partitions: i32) -> String {
        let name = fresh(name);
        self.0.create(&name, partitions);
        name
    }
}

struct RealKafka(Kafka);

impl RealKafka {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "edge: compose/test says where the servers are")]
        let brokers =
            std::env::var("MILLRACE_KAFKA_BROKERS").expect("run by compose/test, which starts Kafka");
        Self(Kafka::new(&KafkaSettings {
            kafka_brokers: brokers,
            kafka_properties: "session.timeout.ms=6000".to_owned().into(),
        }))
    }
}

impl Bench for RealKafka {
    type Broker = Kafka;

    fn broker(&self) -> &Kafka {
        &self.0
    }

    async fn topic(&self, name: &str, partitions: i32) -> String {
        let name = fresh(name);
        let spec = TopicSpec { name: name.clone(), partitions, settings: BTreeMap::new() };
        assert_eq!(self.0.apply(&spec, 1).await.unwrap(), Applied::Created);
        name
    }
}

macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::suite::$name(&super::InMemory(super::Memory::default())).await;
            })*
        }
        mod kafka {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "real: kafka"]
            async fn $name() {
                super::suite::$name(&super::RealKafka::new()).await;
            })*
        }
    };
}

suite!(
    records_survive,
    a_newer_writer_fences_the_older,
    memory_is_bounded,
    a_pipeline_refuses_and_retries,
    partitions_move_without_loss,
    unequal_partition_counts_are_refused,
    a_lost_target_is_filled_again,
    a_spent_budget_ends_the_worker,
    records_are_written_without_an_offset,
);

/// A publish that fails is repeated on a lane opened anew, and nothing is written twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_opens_the_lane_anew() {
    let bench = InMemory(Memory::default());
    let (input, output) = (bench.topic("in", 1).await, bench.topic("out", 1).await);
    let dead = bench.topic("dead", 1).await;
    for n in 0..20 {
        bench.0.append(&record(&input, &format!("k{n}"), "v"));
    }
    bench.0.fail_publishes(2);
    let stage = copy(&output);
    let opened = std::sync::Arc::clone(&stage.opened);
    let done = async { drop(wait_for(&bench.0, &output, 20).await) };
    stream::run(bench.0.clone(), plan(&input, &output, &dead), stage, done).await.unwrap();
    assert_eq!(bench.0.records(&output).len(), 20);
    assert_eq!(*opened.lock().unwrap(), [0, 0, 0]);
}

/// Applying twice changes nothing; other settings are changed; another partition count is refused.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "real: kafka"]
async fn topics_are_applied_and_the_broker_is_proved() {
    let kafka = RealKafka::new().0;
    kafka.prove(1).await.unwrap();
    let setting = |value: &str| BTreeMap::from([("retention.ms".to_owned(), value.to_owned())]);
    let spec = TopicSpec { name: fresh("applied"), partitions: 3, settings: setting("1000000") };
    assert_eq!(kafka.apply(&spec, 1).await.unwrap(), Applied::Created);
    assert_eq!(kafka.apply(&spec, 1).await.unwrap(), Applied::Unchanged);
    let other = TopicSpec { settings: setting("2000000"), ..spec.clone() };
    assert_eq!(kafka.apply(&other, 1).await.unwrap(), Applied::Changed(vec!["retention.ms".to_owned()]));
    let wider = TopicSpec { partitions: 4, ..spec };
    assert!(kafka.apply(&wider, 1).await.unwrap_err().to_string().contains("fixed at creation"));
    assert_eq!(kafka.partitions(&wider.name).await.unwrap(), 3);
}

/// What is refused while a lost target is filled again is told as well: it may have been taken the first time.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_replay_is_a_dead_letter() {
    let bench = InMemory(Memory::default());
    let (input, output) = (bench.topic("in", 1).await, bench.topic("out", 1).await);
    let dead = bench.topic("dead", 1).await;
    for value in ["v", "poison", "v"] {
        bench.0.append(&record(&input, "k", value));
    }
    for (identity, letters) in [("first", 1), ("second", 2)] {
        let stage = suite::Copy { identity: identity.to_owned(), ..copy(&output) };
        let plan = stream::Plan { delivery: stream::Delivery::AfterWrite, ..plan(&input, &output, &dead) };
        let done = async { drop(wait_for(&bench.0, &dead, letters).await) };
        stream::run(bench.0.clone(), plan, stage, done).await.unwrap();
        assert_eq!(bench.0.records(&dead).len(), letters, "{identity}");
    }
}
