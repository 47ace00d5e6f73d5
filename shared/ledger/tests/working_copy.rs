//! The test suite of working copies, over the in-memory broker and a real Kafka, and tests that need the in-memory
//! broker.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "edge: damages files; a test"
)]

mod alone;
mod suite;

use std::collections::BTreeMap;

use ledger::{Counts, Folder, LedgerError, WorkingCopy};
use message::{LedgerEntry, Status, Version};
use proptest::prelude::*;
use stream::kafka::{Kafka, KafkaSettings, TopicSpec};
use stream::memory::Memory;
use suite::{Bench, World, all, entry, live};

#[derive(Default)]
struct InMemory(Memory);

impl Bench for InMemory {
    type Broker = Memory;

    fn broker(&self) -> &Memory {
        &self.0
    }

    async fn topic(&self, name: &str, partitions: i32) {
        self.0.create(name, partitions);
    }
}

struct RealKafka(Kafka);

impl RealKafka {
    fn new() -> Self {
        let kafka_brokers =
            std::env::var("MILLRACE_KAFKA_BROKERS").expect("run by compose/test, which starts Kafka");
        Self(Kafka::new(&KafkaSettings { kafka_brokers, kafka_properties: String::new().into() }))
    }
}

impl Bench for RealKafka {
    type Broker = Kafka;

    fn broker(&self) -> &Kafka {
        &self.0
    }

    async fn topic(&self, name: &str, partitions: i32) {
        let spec = TopicSpec { name: name.to_owned(), partitions, settings: BTreeMap::new() };
        self.0.apply(&spec, 1).await.unwrap();
    }
}

macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::suite::$name(&super::InMemory::default()).await;
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
    restored_equals_live,
    a_kill_between_commit_and_copy_is_caught_up,
    a_copy_goes_on_where_it_stood,
    an_offset_past_the_end_is_noticed,
    the_highest_epoch_counts,
    what_cannot_be_read_stops,
    partitions_are_merged,
);

/// A closed copy with ten entries and a note. The note tells a kept copy from a new one.
async fn noted(bench: &InMemory) -> World<'_, InMemory> {
    let world = World::new(bench).await;
    let mut copy = world.open().await.unwrap();
    let written = world.commit(&live(0..10)).await;
    copy.apply(&live(0..10), Some(b"kept".to_vec()), written).unwrap();
    world
}

/// A flipped bit in a table is detected when the table is read, and the copy is replaced when it is opened again.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_is_made_anew() {
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    // Enough entries for the store to write tables.
    world.commit(&live(0..20_000)).await;
    drop(world.open().await.unwrap());
    let tables: Vec<_> =
        world.files().into_iter().filter(|(_, size)| (100_000..64 << 20).contains(size)).collect();
    assert!(!tables.is_empty(), "{:?}", world.files());
    for (file, size) in tables {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = usize::try_from(size / 2).unwrap();
        bytes[middle] ^= 0x10;
        std::fs::write(&file, bytes).unwrap();
    }
    let copy = world.open().await.unwrap();
    let seen: Result<Vec<LedgerEntry>, LedgerError> = copy.scan(None).collect();
    let error = seen.unwrap_err();
    assert!(matches!(error, LedgerError::Broken { .. }), "{error}");
    assert!(error.trouble().reopen && !error.trouble().alarm);
    drop(copy);
    let copy = world.open().await.unwrap();
    assert_eq!((copy.counts().live, all(&copy).len()), (20_000, 20_000));
}

/// Files that were truncated or overwritten do not stop the worker.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_rubbish_is_made_anew() {
    for rubbish in [Vec::new(), vec![0xAA; 300]] {
        let bench = InMemory::default();
        let world = noted(&bench).await;
        for (file, _) in world.files() {
            std::fs::write(file, &rubbish).unwrap();
        }
        let copy = world.open().await.unwrap();
        assert_eq!((all(&copy), copy.note().unwrap()), (live(0..10), None));
    }
}

/// A topic that was deleted and recreated has the same name but other records: the copy is replaced.
#[tokio::test(flavor = "multi_thread")]
async fn another_topic_under_the_same_name_is_noticed() {
    let bench = InMemory::default();
    let world = noted(&bench).await;
    bench.topic(&world.topic, 1).await;
    world.commit(&live(5..40)).await;
    let copy = world.open().await.unwrap();
    assert_eq!(all(&copy), live(5..40));
}

/// A topic with fewer entries than the copy has lost some, until a new epoch shows that someone knows about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_lost_entries_is_an_alarm() {
    let bench = InMemory::default();
    let world = noted(&bench).await;
    bench.topic(&world.topic, 1).await;
    for has in [0, 9] {
        if has > 0 {
            world.commit(&live(0..9)).await;
        }
        for _ in 0..2 {
            let error = world.open().await.unwrap_err();
            assert!(matches!(&error, LedgerError::Lost { had: 10, has: h, .. } if *h == has), "{error}");
            assert!(error.trouble().alarm && error.to_string().contains("millrace ledger rebuild"));
        }
    }
    let known = LedgerEntry { version: Version::first(2), ..entry("000000.md", Status::Live, 1) };
    world.commit(std::slice::from_ref(&known)).await;
    let copy = world.open().await.unwrap();
    assert_eq!((copy.counts().live, copy.epoch()), (9, 2));
    assert_eq!(copy.note().unwrap().as_deref(), Some(b"kept".as_slice()), "the note is carried over");
}

/// A crash during the replacement of a copy must not silence the alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_the_copy_is_replaced_keeps_the_old_measure() {
    let bench = InMemory::default();
    let world = noted(&bench).await;
    let folder = world.place.folder.path().join(&world.topic);
    std::fs::rename(folder.join("0"), folder.join("0.aside")).unwrap();
    std::fs::create_dir(folder.join("0")).unwrap();
    assert_eq!(all(&world.open().await.unwrap()), live(0..10));
    bench.topic(&world.topic, 1).await;
    assert!(matches!(world.open().await.unwrap_err(), LedgerError::Lost { .. }));
}

/// A record written at or below the copy's last offset means that the topic was emptied while the worker ran.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_emptied_under_a_worker_is_an_alarm() {
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    let mut copy = world.open().await.unwrap();
    world.settle(&mut copy, &live(0..10)).await;
    bench.topic(&world.topic, 1).await;
    let written = world.commit(&live(3..4)).await;
    let error = copy.apply(&live(3..4), None, written).unwrap_err();
    assert!(matches!(error, LedgerError::Rewound { recorded: 9, written: 0, .. }), "{error}");
    assert!(matches!(copy.catch_up(&bench.0).await, Err(LedgerError::Changed { .. })));
}

/// Two processes in one folder would replace each other's copies.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_told_so() {
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    let error = Folder::claim(world.place.folder.path()).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }) && error.to_string().contains("MILLRACE_DATA"));
    let held = world.open().await.unwrap();
    assert!(matches!(world.open().await.unwrap_err(), LedgerError::InUse { .. }));
    drop(held);
    world.open().await.unwrap();
}

/// Cancelling an open at any moment leaves nothing behind that holds the store.
#[tokio::test(flavor = "multi_thread")]
async fn opening_can_be_given_up() {
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    world.commit(&live(0..5_000)).await;
    for milliseconds in [1, 5, 20, 50, 100] {
        let soon = std::time::Duration::from_millis(milliseconds);
        drop(tokio::time::timeout(soon, world.open()).await);
    }
    let mut opened = world.open().await;
    for _ in 0..50 {
        if matches!(opened, Err(LedgerError::InUse { .. })) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            opened = world.open().await;
        }
    }
    assert_eq!(all(&opened.unwrap()), live(0..5_000));
}

const STATUSES: [Status; 4] = [Status::Live, Status::Empty, Status::Refused, Status::Removed];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// After any sequence of applies, restores and removals, the counts equal a recount, and match each document's last
    /// entry.
    #[test]
    fn counts_are_those_of_a_recount(
        steps in prop::collection::vec((0_usize..4, prop::collection::vec((0_u8..30, 0_usize..5, 0_u64..4), 1..12)), 1..8)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(replay(&steps))?;
    }
}

/// A document, its status (an index out of range is a tombstone) and its number of chunks.
type Said = (u8, usize, u64);

/// Each step is applied, or committed and then read, or committed and found when the copy is opened again.
async fn replay(steps: &[(usize, Vec<Said>)]) -> Result<(), TestCaseError> {
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    let mut expected: BTreeMap<String, LedgerEntry> = BTreeMap::new();
    let mut copy = world.open().await.unwrap();
    for (how, said) in steps {
        let mut records = Vec::new();
        let mut last = BTreeMap::new();
        for (name, status, chunks) in said {
            let name = format!("{name}.md");
            let Some(status) = STATUSES.get(*status) else {
                records.push(world.tombstone(&name));
                expected.remove(&name);
                continue;
            };
            let said = entry(&name, *status, *chunks);
            records.push(world.record(&said));
            last.insert(name.clone(), said.clone());
            expected.insert(name, said);
        }
        let whole = records.iter().all(|record| record.value.is_some());
        let written = world.write(records).await;
        if *how == 0 && whole {
            copy.apply(&last.into_values().collect::<Vec<_>>(), None, written).unwrap();
        } else if *how == 1 {
            drop(copy);
            copy = world.open().await.unwrap();
        } else {
            copy.catch_up(&bench.0).await.unwrap();
        }
        prop_assert_eq!(copy.counts(), copy.recount().unwrap());
        prop_assert_eq!(all(&copy), in_order(&expected));
    }
    let counts = expected.values().fold(Counts::default(), |counts, entry| counts.plus(one(entry)));
    prop_assert_eq!(copy.counts(), counts);
    Ok(())
}

fn in_order(expected: &BTreeMap<String, LedgerEntry>) -> Vec<LedgerEntry> {
    let mut entries: Vec<LedgerEntry> = expected.values().cloned().collect();
    entries.sort_by(|a, b| a.document.cmp(&b.document));
    entries
}

fn one(entry: &LedgerEntry) -> Counts {
    let mut counts = Counts { chunks: entry.chunks.len() as u64, ..Counts::default() };
    match entry.status {
        Status::Live => counts.live = 1,
        Status::Empty => counts.empty = 1,
        Status::Refused => counts.refused = 1,
        Status::Removed => counts.removed = 1,
    }
    counts
}

/// The copy of an empty topic is empty and has no position, also when it is opened again.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_topic_gives_an_empty_copy() {
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    for _ in 0..2 {
        let copy: WorkingCopy = world.open().await.unwrap();
        assert_eq!((copy.counts(), copy.position(), all(&copy)), (Counts::default(), None, Vec::new()));
    }
}
