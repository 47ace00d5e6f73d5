//! What every broker must do: one suite, run over the in-memory broker and a real Kafka.

mod begin;
mod standing;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::TryStreamExt as _;
use message::{DocumentId, Headers, Version};
use stream::broker::{Broker, Committed, Consumer, Event, Membership, Memo, Publisher};
use stream::{
    BatchLimits, Delivery, Lane, LaneSettings, Outcome, Outgoing, Partition, Plan, Record, Stage,
    StreamError, Trouble, Verdict,
};
use tokio::time::timeout;

pub(crate) use begin::*;
pub(crate) use standing::*;
pub(crate) use wire::*;

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A broker under test, and how to make topics on it.
pub(crate) trait Bench {
    type Broker: Broker;
    fn broker(&self) -> &Self::Broker;
    /// Creates a topic with a fresh name that begins with `name`.
    async fn topic(&self, name: &str, partitions: i32) -> String;
    /// What `group` committed for partition 0 of `topic`.
    async fn committed(&self, group: &str, topic: &str) -> Option<Committed>;
}

pub(crate) fn record(topic: &str, key: &str, value: &str) -> Outgoing {
    let document = DocumentId::new("bucket", key).unwrap();
    let headers = Headers::new(document, "trace").at(Version::first(1));
    Outgoing {
        topic: topic.to_owned(),
        key: Some(key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Some(headers),
    }
}

/// An offset with an identity that must survive.
fn at(next: i64) -> Committed {
    Committed { next, memo: Memo { identity: "identity".to_owned(), ..Memo::default() } }
}

/// Joins a group and waits until all `partitions` are assigned.
async fn join<B: Broker>(broker: &B, group: &str, topic: &str, partitions: usize) -> B::Consumer {
    let mut consumer = broker.subscribe(group, topic, 1 << 20).unwrap();
    let mut have = 0;
    while have < partitions {
        match timeout(PATIENCE, consumer.next()).await.expect("no assignment in time") {
            Event::Assigned(list) => have += list.len(),
            Event::Failed(StreamError::Fatal(error)) => panic!("{error}"),
            Event::Revoked(..) | Event::Record(_) | Event::Failed(_) => {}
        }
    }
    consumer
}

/// Writes records in a transaction of a group of its own.
async fn publish<B: Bench>(bench: &B, records: Vec<Outgoing>) {
    let source = bench.topic("source", 1).await;
    let consumer = join(bench.broker(), &format!("{source}-group"), &source, 1).await;
    let mut writer =
        bench.broker().transactional(&format!("{source}-writer"), stream::LANE_TRANSACTION).await.unwrap();
    writer.publish(records, &consumer.membership(), 0, at(1)).await.unwrap();
}

async fn all<B: Broker>(broker: &B, topic: &str, partition: i32) -> Vec<Record> {
    broker.reading(topic, partition, 0).try_collect().await.unwrap()
}

/// Copies its input to another topic; refuses "poison", retries "later" twice.
pub(crate) struct Copy {
    pub(crate) to: String,
    /// What the copies are written to; another identity means that they are gone.
    pub(crate) identity: String,
    pub(crate) handled: Arc<Mutex<Vec<i64>>>,
    pub(crate) opened: Arc<Mutex<Vec<i32>>>,
    pub(crate) retries: Arc<Mutex<u32>>,
}

pub(crate) struct CopyLane {
    to: String,
    identity: String,
    handled: Arc<Mutex<Vec<i64>>>,
    retries: Arc<Mutex<u32>>,
}

impl Stage for Copy {
    type Lane = CopyLane;

    async fn open(&self, partition: Partition, _: Option<&Committed>) -> Result<CopyLane, Trouble> {
        self.opened.lock().unwrap().push(partition.number);
        Ok(CopyLane {
            to: self.to.clone(),
            identity: self.identity.clone(),
            handled: Arc::clone(&self.handled),
            retries: Arc::clone(&self.retries),
        })
    }
}

impl Lane for CopyLane {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let mut outcome = Outcome::default();
        for record in batch {
            self.handled.lock().unwrap().push(record.offset);
            match record.value.as_deref() {
                Some(b"poison") => outcome.verdicts.push(Verdict::refuse("it is poison")),
                Some(b"later") if *self.retries.lock().unwrap() < 2 => {
                    *self.retries.lock().unwrap() += 1;
                    outcome.retry = Some(Trouble::wait("not yet"));
                    return outcome;
                }
                _ => outcome.verdicts.push(Verdict::Done(vec![Outgoing {
                    topic: self.to.clone(),
                    key: record.key.clone(),
                    value: record.value.clone(),
                    headers: record.parse_headers().ok(),
                }])),
            }
        }
        outcome
    }

    fn identity(&self) -> &str {
        &self.identity
    }
}

pub(crate) fn plan(input: &str, output: &str, dead_letters: &str) -> Plan {
    Plan {
        worker: "copy",
        group: format!("{input}-copy"),
        input: input.to_owned(),
        alike: vec![output.to_owned()],
        dead_letters: dead_letters.to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::Transactional,
        lanes: LaneSettings {
            batch: BatchLimits { batch_records: 7, batch_bytes: 1 << 20 },
            queue_bytes: 1 << 20,
            drain_seconds: 10,
            ..LaneSettings::default()
        },
    }
}

pub(crate) fn copy(to: &str) -> Copy {
    Copy {
        to: to.to_owned(),
        identity: String::new(),
        handled: Arc::default(),
        opened: Arc::default(),
        retries: Arc::default(),
    }
}

/// Waits until `topic` holds at least `count` records in all.
pub(crate) async fn wait_for<B: Broker>(broker: &B, topic: &str, count: usize) -> Vec<Record> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut records = Vec::new();
        for partition in 0..broker.partitions(topic).await.unwrap() {
            records.extend(all(broker, topic, partition).await);
        }
        if records.len() >= count || tokio::time::Instant::now() > deadline {
            return records;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A pipeline copies everything in order, refuses what it must, retries what it may, and stops when told.
pub(crate) async fn a_pipeline_refuses_and_retries<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("pipe-in", 2).await, bench.topic("pipe-out", 2).await);
    let dead = bench.topic("pipe-dead", 1).await;
    let mut records: Vec<Outgoing> =
        (0..50).map(|n| record(&input, &format!("k{}", n % 5), &format!("v{n}"))).collect();
    records.insert(20, record(&input, "k1", "poison"));
    records.insert(30, record(&input, "k2", "later"));
    publish(bench, records).await;
    let (stage, (stop, stopped)) = (copy(&output), tokio::sync::oneshot::channel::<()>());
    let retries = Arc::clone(&stage.retries);
    let stopping = async { drop(stopped.await) };
    let running = stream::run(bench.broker().clone(), plan(&input, &output, &dead), stage, stopping);
    let watching = async {
        let copied = wait_for(bench.broker(), &output, 51).await;
        let letters = wait_for(bench.broker(), &dead, 1).await;
        drop(stop);
        (copied, letters)
    };
    let (ended, (copied, letters)) = tokio::join!(running, watching);
    ended.unwrap();
    assert_eq!((copied.len(), letters.len(), *retries.lock().unwrap()), (51, 1, 2));
    for key in ["k0", "k1", "k2", "k3", "k4"] {
        let numbers: Vec<u32> = copied
            .iter()
            .filter(|r| r.key_text() == key)
            .filter_map(|r| String::from_utf8(r.value.clone()?).ok()?.strip_prefix('v')?.parse().ok())
            .collect();
        assert!(numbers.is_sorted() && numbers.len() == 10, "{key}: {numbers:?}");
    }
    let letter: message::DeadLetter = serde_json::from_slice(letters[0].value.as_deref().unwrap()).unwrap();
    assert_eq!((letter.stage.as_str(), letter.cause.as_str()), ("copy", "it is poison"));
    assert_eq!((letter.topic, letter.document.as_deref()), (input, Some("bucket/k1")));
}

/// Two members share the partitions. When one leaves, the other takes over where it stopped: nothing is lost, nothing
/// is written twice.
pub(crate) async fn partitions_move_without_loss<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("move-in", 4).await, bench.topic("move-out", 4).await);
    let dead = bench.topic("move-dead", 1).await;
    let total = 400;
    let (stop_first, first_stopped) = tokio::sync::oneshot::channel::<()>();
    let (stop_second, second_stopped) = tokio::sync::oneshot::channel::<()>();
    let (first, second) = (copy(&output), copy(&output));
    let opened_by_second = Arc::clone(&second.opened);
    let broker = bench.broker();
    let work = async {
        let one = stream::run(broker.clone(), plan(&input, &output, &dead), first, async {
            drop(first_stopped.await);
        });
        let two = async {
            wait_for(broker, &output, 50).await;
            stream::run(broker.clone(), plan(&input, &output, &dead), second, async {
                drop(second_stopped.await);
            })
            .await
        };
        tokio::join!(one, two)
    };
    let drive = async {
        for part in 0..4 {
            let numbers = part * total / 4..(part + 1) * total / 4;
            publish(
                bench,
                numbers.map(|n| record(&input, &format!("k{}", n % 16), &format!("v{n}"))).collect(),
            )
            .await;
            if part == 1 {
                let deadline = tokio::time::Instant::now() + PATIENCE;
                while opened_by_second.lock().unwrap().is_empty() && tokio::time::Instant::now() < deadline {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            if part == 2 {
                wait_for(broker, &output, 250).await;
            }
        }
        drop(stop_first);
        let copied = wait_for(broker, &output, total).await;
        drop(stop_second);
        copied
    };
    let ((one, two), copied) = tokio::join!(work, drive);
    one.unwrap();
    two.unwrap();
    assert!(!opened_by_second.lock().unwrap().is_empty(), "the second member got no partition");
    let mut values: Vec<_> = copied.iter().filter_map(|r| r.value.clone()).collect();
    values.sort();
    values.dedup();
    assert_eq!((copied.len(), values.len()), (total, total));
}

/// If more records are refused than the budget allows, the worker ends with the cause, and the batch that exceeded the
/// budget is neither written nor committed.
pub(crate) async fn a_spent_budget_ends_the_worker<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("spent-in", 1).await, bench.topic("spent-out", 1).await);
    let dead = bench.topic("spent-dead", 1).await;
    publish(bench, (0..40).map(|n| record(&input, &format!("k{n}"), "poison")).collect()).await;
    let mut plan = plan(&input, &output, &dead);
    plan.lanes.dead_letter_budget = 15;
    let running = stream::run(bench.broker().clone(), plan.clone(), copy(&output), std::future::pending());
    let ended = timeout(PATIENCE, running).await.expect("it ends by itself");
    let Err(StreamError::Fatal(cause)) = ended else { panic!("{ended:?}") };
    assert!(cause.contains("it is poison") && cause.contains("MILLRACE_DEAD_LETTER_BUDGET"), "{cause}");
    let letters = all(bench.broker(), &dead, 0).await.len();
    assert!((7..=15).contains(&letters), "{letters} dead letters");
    // With a higher budget it continues where it stopped.
    plan.lanes.dead_letter_budget = 0;
    let (broker, letters) = (bench.broker().clone(), dead.clone());
    let done = async move { drop(wait_for(&broker, &letters, 40).await) };
    stream::run(bench.broker().clone(), plan, copy(&output), done).await.unwrap();
    assert_eq!(all(bench.broker(), &dead, 0).await.len(), 40);
}

/// A topic that would split a document's history is rejected before anything is read.
pub(crate) async fn unequal_partition_counts_are_refused<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("unequal-in", 2).await, bench.topic("unequal-out", 3).await);
    let dead = bench.topic("unequal-dead", 1).await;
    let plan = plan(&input, &output, &dead);
    let ended = stream::run(bench.broker().clone(), plan, copy(&output), std::future::pending()).await;
    assert!(matches!(&ended, Err(StreamError::Fatal(cause)) if cause.contains("partitions")), "{ended:?}");
}

/// If the target of the records is gone, the log is handled again from its start, then continues where it stood.
pub(crate) async fn a_lost_target_is_filled_again<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("lost-in", 1).await, bench.topic("lost-out", 1).await);
    let dead = bench.topic("lost-dead", 1).await;
    let numbered = |range: std::ops::Range<u32>| {
        range.map(|n| record(&input, &format!("k{n}"), &format!("v{n}"))).collect::<Vec<_>>()
    };
    publish(bench, numbered(0..20)).await;
    let mut handled = Vec::new();
    for (identity, expected) in [("first", 20), ("first", 0), ("second", 25)] {
        if identity == "second" {
            publish(bench, numbered(20..25)).await;
        }
        let stage = Copy { identity: identity.to_owned(), ..copy(&output) };
        let seen = Arc::clone(&stage.handled);
        let plan = Plan { delivery: Delivery::AfterWrite, ..plan(&input, &output, &dead) };
        let stopping = async {
            let deadline =
                tokio::time::Instant::now() + if expected == 0 { Duration::from_secs(8) } else { PATIENCE };
            while seen.lock().unwrap().len() < expected.max(1) && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        stream::run(bench.broker().clone(), plan, stage, stopping).await.unwrap();
        handled.push(seen.lock().unwrap().clone());
    }
    assert_eq!(handled.iter().map(Vec::len).collect::<Vec<_>>(), [20, 0, 25]);
    assert!(handled[2].is_sorted(), "{:?}", handled[2]);
}

/// A group under a new name takes over what was committed under the former name, identities included, but only where it
/// has not committed itself.
pub(crate) async fn a_renamed_group_goes_on_where_it_stood<B: Bench>(bench: &B) {
    let (input, broker) = (bench.topic("heir-in", 2).await, bench.broker());
    let committed = |next, identity: &str| Committed {
        next,
        memo: Memo { identity: identity.to_owned(), ..Memo::default() },
    };
    let (former, heir) = (format!("{input}-former"), format!("{input}-heir"));
    let group = async |name: &str, commits: &[(i32, Committed)]| {
        let consumer = join(broker, name, &input, 2).await;
        for (partition, committed) in commits {
            let mut publisher = broker.after_write().unwrap();
            let membership = consumer.membership();
            publisher.publish(Vec::new(), &membership, *partition, committed.clone()).await.unwrap();
        }
        let one = consumer.membership().committed(0).await.unwrap();
        (one, consumer.membership().committed(1).await.unwrap())
    };
    assert_eq!(broker.inherit(&heir, &former, &input).await.unwrap(), 0, "nobody leaves anything");
    group(&former, &[(0, committed(7, "a b")), (1, committed(9, "c d"))]).await;
    group(&heir, &[(1, committed(3, "mine"))]).await;
    assert_eq!(broker.inherit(&heir, &former, &input).await.unwrap(), 1);
    assert_eq!(broker.inherit(&heir, &former, &input).await.unwrap(), 0, "once is enough");
    let held = group(&heir, &[]).await;
    assert_eq!(held, (Some(committed(7, "a b")), Some(committed(3, "mine"))));
}
