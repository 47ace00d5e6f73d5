use std::collections::BTreeMap;

use futures::stream::{StreamExt as _, iter};
use message::{ChunkId, DeadLetter, DocumentId, Embedded, Headers, LedgerEntry, Version};
use objects::StoreFault;
use proptest::prelude::*;
use sink::{Action, Sink as _, action_of, delete};
use stream::{Boottime, Outgoing};

use super::seen::{HeldDocument, HeldPassage};
use super::*;
use crate::again::LookWriter;
use crate::bench::{self, Bench, Small, document, entry, removed, space};

/// Three documents; the tests break `b/k`.
async fn three() -> (Bench, DocumentId) {
    let world = bench::world().await;
    world.everywhere("a", &["one"]).await;
    let broken = world.everywhere("k", &["one", "two"]).await;
    world.everywhere("z", &["one"]).await;
    (world, broken)
}

async fn audited(world: &Small) -> Report {
    let mut entries = world.entries().await.unwrap();
    audit(world, &mut entries, Duration::ZERO, None, |_, _| Ok(())).await.unwrap()
}

async fn repaired(world: &Small) -> Report {
    let mut entries = world.entries().await.unwrap();
    let mut repair = Repair { writer: LookWriter::new(&world.kafka).unwrap(), run: "1".to_owned() };
    audit(world, &mut entries, Duration::ZERO, Some(&mut repair), |_, _| Ok(())).await.unwrap()
}

fn problems(report: &Report) -> Vec<String> {
    assert_eq!(report.equal, report.differences.is_empty());
    assert_eq!(report.differences_total, report.differences.len() as u64);
    report.differences.iter().map(|one| format!("{}: {}", one.place, one.problem)).collect()
}

/// The problems found with `b/k`. Asserts that only this document is requested again, with these suspects.
async fn found(world: &Small, suspects: &[ChunkId]) -> Vec<String> {
    let report = repaired(world).await;
    let asked = world.asked();
    let [request] = asked.as_slice() else { panic!("{asked:?}, {report:?}") };
    assert_eq!((&request.document, request.force), (&document("k"), true));
    assert_eq!(request.suspects, suspects);
    assert_eq!((report.asked_again, report.documents_differing, report.settled), (Some(1), 1, 0));
    problems(&report)
}

async fn write(engine: &sink::MemoryEngine, action: Action) {
    engine.write(vec![action], Boottime::now()).await;
}

fn id(text: &str) -> ChunkId {
    ChunkId::derive(&document("k"), &[], text, 0)
}

const LATER: u64 = 9;

fn later() -> Version {
    Version::from(Version::first(1).get() + LATER)
}

#[tokio::test]
async fn equal_is_equal_and_is_counted() {
    let (world, _) = three().await;
    world.everywhere("empty", &[]).await;
    world.enter(&removed(&document("gone"), Version::first(1)));
    let report = audited(&world).await;
    assert_eq!((problems(&report), report.equal), (Vec::new(), true));
    assert_eq!((report.objects, report.ledger_chunks, report.settled), (4, 4, 0));
    assert_eq!(report.ledger, BTreeMap::from([("empty", 1), ("live", 3), ("removed", 1)]));
    let [one, other] = [&report.engines["opensearch"], &report.engines["elasticsearch"]];
    assert_eq!((one, one.documents, one.chunks), (other, 4, 4));
}

#[tokio::test]
async fn differences_between_bucket_and_ledger_are_named() {
    let (world, document) = three().await;
    world.put(&document, "other").await;
    assert_eq!(found(&world, &[]).await, ["ledger: the bucket has another version than was read"]);

    let (world, document) = three().await;
    world.store.delete(&document).await.unwrap();
    assert_eq!(found(&world, &[]).await, ["ledger: not in the bucket, and the ledger says it is"]);

    let world = bench::world().await;
    world.put(&bench::document("k"), "new").await;
    assert_eq!(found(&world, &[]).await, ["ledger: in the bucket, never read"]);
}

#[tokio::test]
async fn what_a_removed_document_left_behind_is_named() {
    let (world, document) = three().await;
    world.enter(&removed(&document, later()));
    world.store.delete(&document).await.unwrap();
    for text in ["one", "two"] {
        write(world.elasticsearch(), delete(id(text).as_str(), &document, later())).await;
    }
    let mut stale = [id("one"), id("two")];
    stale.sort();
    let found = found(&world, &stale).await;
    assert_eq!(found[0], "opensearch: its record is there though it is removed");
    let stale: Vec<&String> = found.iter().filter(|problem| problem.contains("is stale")).collect();
    assert_eq!((stale.len(), stale[0].starts_with("opensearch")), (2, true));
    assert_eq!(found[3], "elasticsearch: its record is there though it is removed");
}

#[tokio::test]
async fn what_an_engine_lacks_or_has_too_much_is_named() {
    let (world, document) = three().await;
    write(world.elasticsearch(), delete(id("two").as_str(), &document, later())).await;
    assert_eq!(found(&world, &[]).await, [format!("elasticsearch: passage {} is missing", id("two"))]);

    let (world, document) = three().await;
    write(world.opensearch(), delete(document.as_str(), &document, later())).await;
    assert_eq!(found(&world, &[]).await, ["opensearch: its record is missing"]);

    let (world, document) = three().await;
    let extra = Embedded::Chunk(bench::chunk(&document, "extra", Version::first(1)));
    write(world.opensearch(), action_of(&extra, &space()).unwrap()).await;
    let expected = format!("opensearch: passage {} is stale: it should be gone", id("extra"));
    assert_eq!(found(&world, &[id("extra")]).await, [expected]);

    let world = bench::world().await;
    Small::hold(world.opensearch(), &bench::document("k"), &["one"], Version::first(1)).await;
    assert_eq!(found(&world, &[id("one")]).await, ["opensearch: there, and unknown to the ledger"]);
}

#[tokio::test]
async fn what_an_engine_holds_otherwise_is_named() {
    let (world, document) = three().await;
    let record = Embedded::Document(bench::record(&document, &["one", "two"], later()));
    write(world.opensearch(), action_of(&record, &space()).unwrap()).await;
    let expected =
        format!("opensearch: its record has version {}, the ledger {}", later(), Version::first(1));
    assert_eq!(found(&world, &[]).await, [expected]);

    let (world, document) = three().await;
    let mut forged = bench::chunk(&document, "one", later());
    forged.chunk.text = "another".to_owned();
    write(world.opensearch(), action_of(&Embedded::Chunk(forged), &space()).unwrap()).await;
    assert_eq!(
        found(&world, &[]).await,
        [format!("opensearch: passage {} is not what its id says", id("one"))]
    );

    let (world, document) = three().await;
    let mut entry = entry(&document, &["two", "one"], Version::first(1), "");
    entry.etag = world.put(&document, "one\ntwo").await;
    world.enter(&entry);
    let expected =
        ["opensearch", "elasticsearch"].map(|name| format!("{name}: its record differs from the ledger"));
    assert_eq!(found(&world, &[]).await, expected);
}

#[tokio::test]
async fn other_buckets_what_is_out_of_scope_and_our_own_entries_are_left_alone() {
    let (mut world, _) = three().await;
    world.scope.exclude = vec!["z".to_owned()];
    let elsewhere = DocumentId::new("other", "k").unwrap();
    world.enter(&entry(&elsewhere, &[], Version::first(1), "e"));
    for engine in [world.opensearch(), world.elasticsearch()] {
        Small::hold(engine, &elsewhere, &[], Version::first(1)).await;
    }
    world.enter(&removed(&DocumentId::new(".millrace", "epoch-7").unwrap(), Version::first(2)));
    let report = audited(&world).await;
    assert_eq!(problems(&report), Vec::<String>::new());
    assert_eq!((report.objects, report.elsewhere, report.ledger["live"]), (2, 2, 3));
    assert!(!report.ledger.contains_key("removed"));
}

/// A change that arrives between the two looks is not a difference.
#[tokio::test]
async fn what_was_on_its_way_is_no_difference() {
    let (world, document) = three().await;
    let etag = world.put(&document, "three").await;
    let mut entries = world.entries().await.unwrap();
    let arrives = |seen: &Seen, _: &Rules| {
        if seen.document.key() == "z" {
            world.enter(&entry(&document, &["one", "two"], Version::first(1), &etag));
        }
        Ok(())
    };
    let report = audit(&world, &mut entries, Duration::ZERO, None, arrives).await.unwrap();
    assert_eq!((problems(&report), report.settled, report.equal), (Vec::new(), 1, true));
}

/// A document that takes long is waited for, and one that was equal once is not looked at again.
#[tokio::test]
async fn what_arrives_later_than_the_first_further_look_is_no_difference() {
    let (world, document) = three().await;
    let etag = world.put(&document, "three").await;
    let mut entries = world.entries().await.unwrap();
    let arrives = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        world.enter(&entry(&document, &["one", "two"], Version::first(1), &etag));
    };
    let began = tokio::time::Instant::now();
    let audited = audit(&world, &mut entries, Duration::from_mins(1), None, |_, _| Ok(()));
    let (report, ()) = tokio::join!(audited, arrives);
    let report = report.unwrap();
    assert_eq!((problems(&report), report.settled, report.equal), (Vec::new(), 1, true));
    assert!(began.elapsed() < Duration::from_secs(30), "it does not wait when nothing differs any more");
}

#[tokio::test]
async fn what_was_refused_is_explained() {
    let (world, document) = three().await;
    write(world.elasticsearch(), delete(id("two").as_str(), &document, later())).await;
    let letter = DeadLetter {
        stage: "replicate".to_owned(),
        cause: "mapper_parsing_exception".to_owned(),
        document: Some(document.to_string()),
        topic: topics::vectors(&space()),
        partition: 0,
        offset: 0,
        key: None,
        value: None,
        trace: None,
    };
    let headers = Headers::new(document, "").at(Version::first(1));
    let letter = Outgoing::json(topics::DEAD_LETTERS, id("two").as_str(), &letter, headers).unwrap();
    world.kafka.append(&letter);
    let denied = bench::document("denied");
    world.put(&denied, "secret").await;
    world.store.inject(StoreFault::DenyObject(denied));
    let report = repaired(&world).await;
    assert_eq!((problems(&report), report.explained_total, report.asked_again), (Vec::new(), 2, Some(0)));
    let causes: Vec<&str> = report.explained.iter().map(|explained| explained.cause.as_str()).collect();
    assert!(causes[0].contains("the store denies this object"), "{causes:?}");
    assert_eq!(causes[1], "refused by replicate: mapper_parsing_exception");
}

#[test]
fn the_digest_changes_with_order_text_and_space_only() {
    let document = document("k");
    let held = |texts: &[&str], version: Version| {
        let passage = |text: &&str| {
            let stored = bench::chunk(&document, text, version);
            HeldPassage { id: stored.chunk.id, text: (*text).to_owned(), space: stored.space, genuine: true }
        };
        let record = bench::record(&document, texts, version);
        let record = Some(sink::StoredDocument { record, space: space() });
        HeldDocument { record, passages: texts.iter().map(passage).collect() }
    };
    let base = held(&["one", "two"], Version::first(1));
    assert_eq!(base.digest(), held(&["one", "two"], later()).digest());
    assert_ne!(base.digest(), held(&["two", "one"], Version::first(1)).digest());
    let change = |change: fn(&mut HeldPassage)| {
        let mut other = base.clone();
        other.passages.iter_mut().for_each(change);
        other.digest()
    };
    assert_eq!(base.digest(), change(|passage| passage.genuine = false));
    assert_ne!(base.digest(), change(|passage| passage.text.push('.')));
    assert_ne!(base.digest(), change(|passage| passage.space = message::Fingerprint::of(&[])));
}

/// One document of a random world: object, entry, and for each engine a record and passages.
type Random = (Option<String>, Option<u8>, [(bool, Vec<u8>); 2]);

fn random() -> impl Strategy<Value = BTreeMap<String, Random>> {
    let held = || (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..4));
    let one = (proptest::option::of("[a-f]{1}"), proptest::option::of(0..3_u8), [held(), held()]);
    proptest::collection::btree_map("[a/\\-é你]{1,3}", one, 0..20)
}

proptest! {
    /// Whatever the sources hold: each document comes once, in order, with everything that they hold of it.
    #[test]
    fn every_document_comes_once_with_all_that_is_there(world in random()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(merges(world));
    }
}

async fn merges(world: BTreeMap<String, Random>) {
    let mut expected: Vec<Seen> = world.into_iter().map(|(key, random)| seen(&key, random)).collect();
    expected.retain(|seen| {
        let held = seen.engines.iter().any(|held| held.record.is_some() || !held.passages.is_empty());
        held || seen.object.is_some() || seen.entry.is_some()
    });
    let of = |seen: &Seen| seen.document.clone();
    let objects: Vec<_> = expected.iter().filter_map(|s| Some(Ok((of(s), s.object.clone()?)))).collect();
    let entries: Vec<_> = expected.iter().filter_map(|s| Some(Ok((of(s), s.entry.clone()?)))).collect();
    let engine = |number: usize| {
        let held = |s: &Seen| s.engines[number].clone();
        let records: Vec<_> = expected.iter().filter_map(|s| Some(Ok((of(s), held(s).record?)))).collect();
        let passages = expected.iter().flat_map(|s| held(s).passages.into_iter().map(|p| Ok((of(s), p))));
        let passages: Vec<_> = passages.collect();
        scan::EngineSource::new("engine", iter(records).boxed(), iter(passages).boxed())
    };
    let mut sources = Sources {
        bucket: Cursor::new("bucket", iter(objects)),
        ledger: Cursor::new("ledger", iter(entries)),
        engines: vec![engine(0), engine(1)],
    };
    let mut found = Vec::new();
    while let Some(seen) = sources.next().await.unwrap() {
        found.push(format!("{seen:?}"));
    }
    assert_eq!(found, expected.iter().map(|seen| format!("{seen:?}")).collect::<Vec<_>>());
}

fn seen(key: &str, (object, state, held): Random) -> Seen {
    let document = document(key);
    let entry: Option<LedgerEntry> =
        state.map(|state| entry(&document, &["one"], Version::first(u32::from(state)), "e"));
    let engines = held.map(|(record, passages)| HeldDocument {
        record: record.then(|| sink::StoredDocument {
            record: bench::record(&document, &[], Version::first(1)),
            space: space(),
        }),
        passages: passages
            .into_iter()
            .map(|n| HeldPassage {
                id: ChunkId::from_text(&n.to_string()),
                text: String::new(),
                space: space(),
                genuine: true,
            })
            .collect(),
    });
    Seen { document, object, entry, engines: engines.into() }
}
