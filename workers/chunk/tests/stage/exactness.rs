//! Whatever happens in whatever order, the compacted topics equal the bucket.

use std::collections::{BTreeMap, HashMap};

use message::{ChunkId, LedgerEntry, Passage, Status, Version};
use objects::Store;
use proptest::prelude::*;
use stream::Stage as _;

use crate::bench::{Bench, CHUNKS, LEDGER, created, document, forced, handle, id, look_again, page, removed};

const KEYS: [&str; 3] = ["a.md", "b.md", "c.md"];
const WORDS: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

/// An event.
#[derive(Clone, Debug)]
enum Event {
    /// An object is written with these words.
    Put(usize, Vec<usize>),
    /// A binary object is written.
    PutBinary(usize),
    Delete(usize),
    /// A batch of notices, each of one of four kinds, is processed and committed.
    Notices(Vec<(usize, usize)>),
    /// The same, but the transaction fails and the lane is reopened.
    FailedCommit(Vec<(usize, usize)>),
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let notices = || prop::collection::vec((0..KEYS.len(), 0..4_usize), 1..5);
    let words =
        prop::sample::subsequence((0..WORDS.len()).collect::<Vec<_>>(), 0..=WORDS.len()).prop_shuffle();
    prop_oneof![
        4 => (0..KEYS.len(), words).prop_map(|(key, words)| Event::Put(key, words)),
        1 => (0..KEYS.len()).prop_map(Event::PutBinary),
        2 => (0..KEYS.len()).prop_map(Event::Delete),
        5 => notices().prop_map(Event::Notices),
        2 => notices().prop_map(Event::FailedCommit),
        1 => Just(Event::Restart),
    ]
}

/// The content of the bucket: the words of each object; none for a binary one.
type Bucket = BTreeMap<&'static str, Option<Vec<&'static str>>>;

fn notices(kinds: &[(usize, usize)]) -> Vec<stream::Outgoing> {
    kinds.iter().map(|&(key, kind)| [created, removed, look_again, forced][kind](KEYS[key])).collect()
}

async fn live(events: Vec<Event>) -> (Bench, Bucket) {
    let bench = Bench::new(1).await;
    let mut bucket = Bucket::new();
    let stage = bench.stage();
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    for event in events {
        match event {
            Event::Put(key, words) => {
                let words: Vec<&str> = words.into_iter().map(|word| WORDS[word]).collect();
                bench.put(KEYS[key], page(&words)).await;
                bucket.insert(KEYS[key], Some(words));
            }
            Event::PutBinary(key) => {
                bench.put(KEYS[key], b"\x7fELF\0\0".as_slice()).await;
                bucket.insert(KEYS[key], None);
            }
            Event::Delete(key) => {
                bench.store.delete(&document(KEYS[key])).await.unwrap();
                bucket.remove(KEYS[key]);
            }
            Event::Notices(kinds) => drop(bench.say(&mut lane, &notices(&kinds)).await),
            Event::FailedCommit(kinds) => {
                drop(handle(&mut lane, &notices(&kinds)).await);
                lane = bench.lane().await;
            }
            // The same folder: its working copy is outdated if another lane has been running since.
            Event::Restart => {
                drop(lane);
                lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
            }
        }
    }
    // The last notice of each object, which every store or a reconciliation sends sooner or later.
    bench.say(&mut lane, &KEYS.map(look_again)).await;
    (bench, bucket)
}

/// The last value of each key of a topic, which compaction keeps. Asserts that versions of a key never decrease.
fn compacted(bench: &Bench, topic: &str) -> HashMap<String, Option<Vec<u8>>> {
    let mut last = HashMap::new();
    let mut versions: HashMap<String, Version> = HashMap::new();
    for record in bench.broker.records(topic) {
        let version = record.parse_headers().unwrap().version.unwrap();
        let before = versions.insert(record.key_text(), version);
        assert!(before.is_none_or(|before| before <= version), "{topic}: {} fell", record.key_text());
        last.insert(record.key_text(), record.value);
    }
    last
}

fn check(bench: &Bench, bucket: &Bucket) {
    let chunks = compacted(bench, CHUNKS);
    let ledger = compacted(bench, LEDGER);
    let mut expected: Vec<String> = Vec::new();
    for (key, words) in bucket {
        let ids: Vec<ChunkId> = words.iter().flatten().map(|word| id(key, word)).collect();
        let entry: LedgerEntry =
            serde_json::from_slice(ledger[document(key).as_str()].as_deref().unwrap()).unwrap();
        let order: Vec<ChunkId> = entry.chunks.iter().map(|placement| placement.id.clone()).collect();
        let status = match words {
            None => Status::Refused,
            Some(words) if words.is_empty() => Status::Empty,
            Some(_) => Status::Live,
        };
        assert_eq!((entry.status, &order), (status, &ids));
        let Passage::Document(record) =
            serde_json::from_slice(chunks[document(key).as_str()].as_deref().unwrap()).unwrap()
        else {
            panic!("{key} has no record of its own");
        };
        assert_eq!((record.version, record.status, record.chunks), (entry.version, status, entry.chunks));
        expected.extend(ids.iter().map(ToString::to_string));
        expected.push(document(key).to_string());
    }
    let mut found: Vec<String> = chunks.into_iter().filter_map(|(key, value)| value.map(|_| key)).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "nothing more, nothing less");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_compacted_topics_equal_the_bucket(events in prop::collection::vec(event(), 0..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (bench, bucket) = runtime.block_on(live(events));
        check(&bench, &bucket);
    }
}
