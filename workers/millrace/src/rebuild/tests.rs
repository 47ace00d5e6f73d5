use std::collections::BTreeMap;

use message::{ChunkId, DocumentId, Embedded, Headers, Passage, Status};
use sink::action_of;
use stream::{Boottime, Outgoing};

use super::*;
use crate::bench::{self, PARTITIONS, Small, document, entry, removed, space};
use crate::entries::Entries;

fn chunks(world: &Small) -> String {
    topics::chunks(&world.generation.chunking)
}

fn headers(document: &DocumentId, version: Version) -> Headers {
    Headers::new(document.clone(), "").at(version)
}

/// Appends to the chunks topic what `chunk` would write.
fn says(world: &Small, document: &DocumentId, texts: &[&str], version: Version) {
    for text in texts {
        let chunk = bench::chunk(document, text, version).chunk;
        let key = chunk.id.to_string();
        let record = Outgoing::json(&chunks(world), &key, &Passage::Chunk(chunk), headers(document, version));
        world.kafka.append(&record.unwrap());
    }
    let record = Passage::Document(bench::record(document, texts, version));
    let record = Outgoing::json(&chunks(world), document.as_str(), &record, headers(document, version));
    world.kafka.append(&record.unwrap());
}

fn says_removed(world: &Small, document: &DocumentId, version: Version) {
    let topic = chunks(world);
    world.kafka.append(&Outgoing::tombstone(&topic, document.as_str(), headers(document, version)));
}

/// A draft in an empty folder, as the command makes it.
async fn drafted(world: &Small) -> Draft {
    let folder = tempfile::tempdir_in(&world.data).unwrap().keep();
    draft(world, &folder).await.unwrap()
}

/// The ledger as read by a command that has no copy of it yet.
async fn ledger(world: &Small) -> BTreeMap<String, LedgerEntry> {
    let topic = topics::ledger(&world.generation.chunking);
    let fresh = tempfile::tempdir().unwrap();
    let entries = Entries::open(&world.kafka, topic, fresh.path()).await.unwrap();
    let all: Vec<_> = entries.sorted(None).try_collect().await.unwrap();
    all.into_iter().map(|(document, entry)| (document.key().to_owned(), entry)).collect()
}

fn ids(entry: &LedgerEntry) -> Vec<ChunkId> {
    entry.chunks.iter().map(|placement| placement.id.clone()).collect()
}

fn later(counter: u64) -> Version {
    Version::from(Version::first(1).get() + counter)
}

/// Documents that are everywhere, and one that was removed; then the ledger's topic is emptied.
async fn lost_ledger() -> bench::Bench {
    let world = bench::world().await;
    for n in 0..20 {
        let document = world.everywhere(&format!("k{n}"), &["one", "two"]).await;
        says(&world, &document, &["gone", "two"], Version::first(1));
        says(&world, &document, &["one", "two"], Version::first(1));
    }
    says(&world, &document("removed"), &["one"], Version::first(1));
    says_removed(&world, &document("removed"), later(3));
    world.kafka.create(&topics::ledger(&world.generation.chunking), PARTITIONS);
    world
}

#[tokio::test]
async fn a_lost_ledger_is_what_the_chunks_topic_says() {
    let world = lost_ledger().await;
    let draft = drafted(&world).await;
    assert_eq!(draft.found, Found { said: 21, lifted: 0, existing: 0, missing: 21, epoch: 2 });
    let done = draft.commit(&world, "1").await.unwrap();
    assert_eq!(done, Done { written: 21, kept: 0, asked: 0 });
    let ledger = ledger(&world).await;
    assert_eq!(ledger.len(), 21);
    let expected = entry(&document("k7"), &["one", "two"], Version::first(1), "e");
    assert_eq!(ledger["k7"], LedgerEntry { digest: String::new(), ..expected });
    assert_eq!((ledger["removed"].status, ledger["removed"].version), (Status::Removed, later(3)));
    assert!(world.asked().is_empty(), "nothing is embedded again");
}

/// With it, a document that nobody knows begins above every version that ever existed.
#[tokio::test]
async fn each_partition_carries_the_new_epoch() {
    let world = lost_ledger().await;
    drafted(&world).await.commit(&world, "1").await.unwrap();
    let topic = topics::ledger(&world.generation.chunking);
    let folder = Folder::claim(&world.data.join("fresh")).unwrap();
    let ledger = Ledger::open(&world.kafka, &folder, &topic, CACHE).await.unwrap();
    assert!(ledger.copies().iter().all(|copy| copy.epoch() == 2));
}

#[tokio::test]
async fn a_ledger_that_lacks_nothing_is_told_and_a_new_epoch_harms_nothing() {
    let world = lost_ledger().await;
    drafted(&world).await.commit(&world, "1").await.unwrap();
    let before = ledger(&world).await;
    let draft = drafted(&world).await;
    assert!(draft.found.is_whole(), "{:?}", draft.found);
    let done = draft.commit(&world, "2").await.unwrap();
    assert_eq!((done, ledger(&world).await), (Done::default(), before));
}

/// The engines hold versions of an epoch that no topic knows any more.
#[tokio::test]
async fn after_all_of_kafka_was_lost_the_engines_are_read() {
    let world = bench::world().await;
    let old = Version::first(4);
    Small::hold(world.opensearch(), &document("a"), &["one", "two"], old).await;
    Small::hold(world.elasticsearch(), &document("a"), &["one", "three"], old).await;
    Small::hold(world.elasticsearch(), &document("empty"), &[], old.next()).await;
    let lone = Embedded::Chunk(bench::chunk(&document("lone"), "one", old));
    world.opensearch().write(vec![action_of(&lone, &space()).unwrap()], Boottime::now()).await;
    world.put(&document("a"), "text").await;
    world.put(&document("new"), "text").await;
    let draft = drafted(&world).await;
    assert_eq!(draft.found, Found { said: 0, lifted: 3, existing: 0, missing: 3, epoch: 5 });
    let done = draft.commit(&world, "1").await.unwrap();
    assert_eq!(done, Done { written: 3, kept: 0, asked: 4 });
    let ledger = ledger(&world).await;
    assert!(ledger.values().all(|entry| entry.version == Version::first(5) && entry.etag.is_empty()));
    let mut union = ["one", "two", "three"].map(|text| ChunkId::derive(&document("a"), &[], text, 0));
    union.sort();
    assert_eq!(
        (ids(&ledger["a"]), ids(&ledger["empty"]).len(), ids(&ledger["lone"]).len()),
        (union.to_vec(), 0, 1)
    );
    let asked = world.asked();
    let forced = asked.iter().map(|reference| (reference.document.key(), reference.force));
    assert!(forced.eq([("a", true), ("empty", true), ("lone", true), ("new", false)]));
}

/// The rebuild was interrupted after the entries and before the looks: the ledger lists a document that nobody was
/// asked to read.
#[tokio::test]
async fn what_an_interrupted_rebuild_only_listed_is_asked_for_when_it_runs_again() {
    let world = bench::world().await;
    let document = document("a");
    Small::hold(world.opensearch(), &document, &["one"], Version::first(4)).await;
    world.put(&document, "text").await;
    world.put(&bench::document("new"), "text").await;
    drafted(&world).await.commit(&world, "1").await.unwrap();
    world.kafka.create(topics::DOCUMENTS, PARTITIONS);
    assert!(ledger(&world).await["a"].is_provisional());
    let draft = drafted(&world).await;
    assert_eq!(draft.found, Found { said: 0, lifted: 1, existing: 1, missing: 1, epoch: 6 });
    let done = draft.commit(&world, "2").await.unwrap();
    assert_eq!(done, Done { written: 1, kept: 0, asked: 2 });
    let asked = world.asked();
    let forced = asked.iter().map(|reference| (reference.document.key(), reference.force));
    assert!(forced.eq([("a", true), ("new", false)]));
    // It has been read since.
    world.enter(&entry(&document, &["one"], Version::first(6).next(), "e"));
    let found = drafted(&world).await.found;
    assert!(found.is_whole() && found.lifted == 0, "{found:?}");
}

/// Kafka was lost, and workers went on with a new one before anybody noticed. Their versions are below those that the
/// engines hold, so none of their writes took effect.
#[tokio::test]
async fn what_the_engines_know_better_is_lifted_above_it() {
    let world = bench::world().await;
    let document = world.everywhere("k", &["new"]).await;
    says(&world, &document, &["new"], Version::first(1));
    for engine in [world.opensearch(), world.elasticsearch()] {
        Small::hold(engine, &document, &["old"], later(9)).await;
    }
    let draft = drafted(&world).await;
    assert_eq!(draft.found, Found { said: 1, lifted: 1, existing: 1, missing: 1, epoch: 2 });
    draft.commit(&world, "1").await.unwrap();
    let mut union = ["new", "old"].map(|text| ChunkId::derive(&document, &[], text, 0));
    union.sort();
    let entry = &ledger(&world).await["k"];
    assert_eq!((entry.version, ids(entry)), (Version::first(2), union.to_vec()));
    assert_eq!((world.asked().len(), world.asked()[0].force), (1, true));
}

/// Only the bucket knows an epoch of which no engine holds a version.
#[tokio::test]
async fn an_epoch_is_never_given_twice() {
    let world = lost_ledger().await;
    drafted(&world).await.commit(&world, "1").await.unwrap();
    for topic in topics::all(&world.generation.chunking, &space()).unwrap() {
        world.kafka.create(&topic.name, topic.partitions.unwrap_or(PARTITIONS));
    }
    assert_eq!(drafted(&world).await.found.epoch, 3);
    let place = DocumentId::new(bench::BUCKET, ".millrace/epoch").unwrap();
    world.put(&place, "seven").await;
    let failed = kept::read(&world.store, bench::BUCKET).await.unwrap_err().to_string();
    assert!(failed.contains("b/.millrace/epoch") && failed.contains("seven"), "{failed}");
    world.store.inject(objects::StoreFault::DenyObject(place));
    assert!(kept::write(&world.store, bench::BUCKET, 4).await.is_ok(), "without the right it is only said");
}

/// A `chunk` that took a partition back wrote a document whose entry was not there yet. Its entry stays, and the
/// passages that it could not know of are named as suspects.
#[tokio::test]
async fn what_a_running_chunk_wrote_meanwhile_stays() {
    let world = lost_ledger().await;
    let draft = drafted(&world).await;
    let theirs = entry(&document("k3"), &["one"], Version::first(2), "new");
    world.enter(&theirs);
    let late = removed(&document("removed"), later(5));
    world.enter(&late);
    let done = draft.commit(&world, "1").await.unwrap();
    assert_eq!(done, Done { written: 19, kept: 2, asked: 1 });
    let ledger = ledger(&world).await;
    assert_eq!((&ledger["k3"], &ledger["removed"]), (&theirs, &late));
    let asked = &world.asked()[0];
    assert_eq!((&asked.document, asked.force), (&document("k3"), true));
    assert_eq!(asked.suspects, [ChunkId::derive(&document("k3"), &[], "two", 0)]);
}

/// A running `chunk` keeps reopening its lanes: it cannot commit in between, and the rebuild completes all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_chunk_is_fenced_and_does_not_stop_it() {
    let world = lost_ledger().await;
    let draft = drafted(&world).await;
    let chunk = async {
        let id = format!("chunk-{}-documents-1", world.generation.chunking.short());
        for _ in 0..200 {
            world.kafka.transactional(&id, stream::LANE_TRANSACTION).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let (done, ()) = futures::join!(draft.commit(&world, "1"), chunk);
    assert_eq!(done.unwrap(), Done { written: 21, kept: 0, asked: 0 });
    assert_eq!(ledger(&world).await.len(), 21);
}

#[tokio::test]
async fn what_cannot_be_read_stops_it() {
    let world = lost_ledger().await;
    let document = document("k1");
    let record =
        Outgoing::json(&chunks(&world), document.as_str(), &"not a record", headers(&document, later(1)));
    world.kafka.append(&record.unwrap());
    let failed = draft(&world, &world.data.join("rebuild")).await.unwrap_err().to_string();
    assert!(failed.contains("cannot read") && failed.contains("offset"), "{failed}");
    world.opensearch().drop_index(generation::Target::Documents);
    assert!(held::highest(&world).await.is_ok(), "an index that is not there holds nothing");
}
