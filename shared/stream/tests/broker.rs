//! The test suite of brokers, over the in-memory broker and a real Kafka.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod suite;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stream::kafka::{Applied, Kafka, KafkaSettings, TopicSpec, committed_offsets};
use stream::memory::Memory;
use stream::{Broker as _, Committed};
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

    async fn committed(&self, group: &str, topic: &str) -> Option<Committed> {
        self.0.committed(group, topic, 0)
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

    async fn committed(&self, group: &str, topic: &str) -> Option<Committed> {
        committed_offsets(&self.0, group, topic).await.unwrap().remove(0)
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
    a_reading_gives_what_is_there_and_ends,
    a_tail_goes_on_with_what_is_written_later,
    a_newer_writer_fences_the_older,
    memory_is_bounded,
    a_pipeline_refuses_and_retries,
    partitions_move_without_loss,
    unequal_partition_counts_are_refused,
    a_lost_target_is_filled_again,
    a_renamed_group_goes_on_where_it_stood,
    a_group_begins_where_it_is_told,
    a_spent_budget_ends_the_worker,
    records_are_written_without_an_offset,
    an_abandoned_transaction_ends,
    a_replay_goes_on_where_it_stopped,
    what_a_partition_waits_at_is_told_and_may_be_skipped,
    a_worker_that_drains_answers_a_rebalance,
    a_reader_that_was_away_for_too_long_is_told,
    a_reader_whose_server_was_away_for_too_long_is_told,
    a_reader_that_reads_on_and_stays_too_far_behind_is_told,
);

/// A failed publish is repeated on a reopened lane, and nothing is written twice.
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

/// Applying twice changes nothing; different settings are changed; another partition count is rejected.
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
    // As many copies as requested, or a refusal that names the remedy: there is only one broker here.
    assert_eq!((kafka.copies(&other.name).await.unwrap(), kafka.default_copies().await.unwrap()), (1, 1));
    let error = kafka.apply(&other, 3).await.unwrap_err().to_string();
    assert!(error.contains("has 1 copies") && error.contains("kafka-reassign-partitions"), "{error}");
}

/// A record refused while a lost target is filled again becomes a dead letter too: it may have been accepted the first
/// time.
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

/// A broker that lost unreplicated records reuses their offsets for other records. These are handled, whether the log
/// now ends before or after the committed offset.
#[tokio::test(flavor = "multi_thread")]
async fn records_below_the_committed_offset_of_a_log_that_lost_its_end_are_handled() {
    for others in [2, 30] {
        let bench = InMemory(Memory::default());
        let (input, output) = (bench.topic("in", 1).await, bench.topic("out", 1).await);
        let dead = bench.topic("dead", 1).await;
        let append = |name: &str, count: usize| {
            for n in 0..count {
                bench.0.append(&record(&input, &format!("{name}{n}"), "v"));
            }
        };
        append("first", 20);
        let run = async |times: usize| {
            let done = async { drop(wait_for(&bench.0, &output, times).await) };
            stream::run(bench.0.clone(), plan(&input, &output, &dead), copy(&output), done).await.unwrap();
        };
        run(20).await;
        bench.0.truncate(&input, 0, 15);
        append("other", others);
        // The remaining records come once more, because the whole log does.
        run(20 + 15 + others).await;
        // From then on everything continues as usual.
        append("last", 3);
        run(20 + 15 + others + 3).await;
        let keys: Vec<String> = bench.0.records(&output).iter().map(stream::Record::key_text).collect();
        for n in 0..others {
            assert!(keys.contains(&format!("other{n}")), "{others}: other{n} was left out");
        }
        assert_eq!(keys.len(), 20 + 15 + others + 3, "{others}");
    }
}

/// The same while the lane is open: brokers that return within the group's session timeout revoke no partition.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_loses_its_end_under_an_open_lane_is_handled_again() {
    for others in [2, 30] {
        let bench = InMemory(Memory::default());
        let (input, output) = (bench.topic("in", 1).await, bench.topic("out", 1).await);
        let dead = bench.topic("dead", 1).await;
        let append = |name: &str, count: usize| {
            for n in 0..count {
                bench.0.append(&record(&input, &format!("{name}{n}"), "v"));
            }
        };
        append("first", 20);
        let all = 20 + 15 + others;
        let done = async {
            drop(wait_for(&bench.0, &output, 20).await);
            bench.0.truncate(&input, 0, 15);
            // The reader notices before the log has grown again.
            tokio::time::sleep(Duration::from_millis(300)).await;
            append("other", others);
            drop(wait_for(&bench.0, &output, all).await);
        };
        stream::run(bench.0.clone(), plan(&input, &output, &dead), copy(&output), done).await.unwrap();
        let keys: Vec<String> = bench.0.records(&output).iter().map(stream::Record::key_text).collect();
        for n in 0..others {
            assert!(keys.contains(&format!("other{n}")), "{others}: other{n} was left out");
        }
        assert_eq!(keys.len(), all, "{others}");
    }
}
