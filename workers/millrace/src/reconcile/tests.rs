use std::collections::{BTreeMap, BTreeSet};

use message::Version;
use objects::{ListingPage, Look, StoreError, StoreFault};
use proptest::prelude::*;

use super::*;
use crate::bench::{self, Small, document, entry, removed};

#[derive(Default)]
struct Heard {
    differs: BTreeMap<String, Finding>,
    kept: Vec<Progress>,
}

impl Watch for Heard {
    fn differs(&mut self, document: &DocumentId, finding: Finding) -> Result<(), Failure> {
        assert_eq!(
            self.differs.insert(document.key().to_owned(), finding),
            None,
            "{document} was told twice"
        );
        Ok(())
    }

    fn keep(&mut self, progress: &Progress) -> Result<(), Failure> {
        self.kept.push(progress.clone());
        Ok(())
    }
}

fn plan() -> ReconcilePlan {
    let (bucket, prefix, run) = (bench::BUCKET.to_owned(), String::new(), "1".to_owned());
    ReconcilePlan { bucket, prefix, scope: Scope::default(), dry_run: false, only: None, run }
}

async fn run(
    world: &Small,
    plan: &ReconcilePlan,
    from: Option<Progress>,
) -> Result<(ReconcileCounts, Heard), Failure> {
    let (entries, mut heard) = (world.entries().await?, Heard::default());
    let mut writer = LookWriter::new(&world.kafka)?;
    let counts = reconcile(plan, (&world.store, &entries), &mut writer, from, &mut heard).await?;
    Ok((counts, heard))
}

fn keys(world: &Small) -> Vec<String> {
    world.asked().into_iter().map(|reference| reference.document.key().to_owned()).collect()
}

#[tokio::test]
async fn each_difference_is_asked_for_and_nothing_else() {
    let world = bench::world().await;
    for key in ["a", "b", "z"] {
        world.everywhere(key, &["one"]).await;
    }
    world.put(&document("b"), "other").await;
    world.put(&document("new"), "new").await;
    world.put(&document("back"), "was removed").await;
    world.enter(&removed(&document("back"), Version::first(1)));
    world.enter(&removed(&document("gone long ago"), Version::first(1)));
    world.enter(&entry(&document("gone"), &["one"], Version::first(1), "e"));
    world.enter(&entry(&document("zz gone"), &["one"], Version::first(1), "e"));
    world.enter(&entry(&DocumentId::new("other", "k").unwrap(), &["one"], Version::first(1), "e"));
    world.enter(&entry(&DocumentId::new("b-", "k").unwrap(), &["one"], Version::first(1), "e"));
    world.enter(&removed(&DocumentId::new(".millrace", "epoch-1").unwrap(), Version::first(1)));
    let (counts, heard) = run(&world, &plan(), None).await.unwrap();
    assert_eq!(counts, ReconcileCounts { objects: 5, unchanged: 2, new: 2, changed: 1, gone: 2 });
    assert_eq!(keys(&world), ["b", "back", "gone", "new", "zz gone"]);
    assert_eq!(heard.differs["back"], Finding::New);
    let reference = &world.asked()[0];
    assert_eq!(
        (reference.force, reference.source.as_str(), reference.suspects.len()),
        (false, "reconcile", 0)
    );
}

#[tokio::test]
async fn scope_and_prefix_leave_the_rest_alone_on_both_sides() {
    let world = bench::world().await;
    for key in ["p/", "p/new", "p/tmp/new", "q/new", ".millrace/own"] {
        world.put(&document(key), "new").await;
    }
    for key in ["p/gone", "p/tmp/gone", "q/gone", "p"] {
        world.enter(&entry(&document(key), &["one"], Version::first(1), "e"));
    }
    let mut scoped = plan();
    scoped.scope.exclude = vec!["p/tmp/".to_owned()];
    scoped.prefix = "p/".to_owned();
    let (counts, _) = run(&world, &scoped, None).await.unwrap();
    assert_eq!(counts, ReconcileCounts { objects: 2, new: 2, gone: 1, ..ReconcileCounts::default() });
    assert_eq!(keys(&world), ["p/", "p/gone", "p/new"]);
}

#[tokio::test]
async fn a_dry_run_says_nothing_to_chunk() {
    let world = bench::world().await;
    world.put(&document("a"), "new").await;
    let (counts, heard) = run(&world, &ReconcilePlan { dry_run: true, ..plan() }, None).await.unwrap();
    assert_eq!((counts.new, heard.differs.len(), world.asked().len()), (1, 1, 0));
}

/// A kept position is never ahead of what was acknowledged: for each position, what was found before it and what a run
/// that resumes there finds are together everything that differs.
#[tokio::test]
async fn a_run_that_was_interrupted_goes_on_where_it_was() {
    let world = bench::world().await;
    for n in 0..7 {
        world.put(&document(&format!("k{n}")), "new").await;
        world.enter(&entry(&document(&format!("k{n} gone")), &[], Version::first(1), "e"));
    }
    let (whole, heard) = run(&world, &plan(), None).await.unwrap();
    assert_eq!((whole.new, whole.gone, heard.kept.len()), (7, 7, 3));
    for place in heard.kept {
        let (counts, rest) = run(&world, &plan(), Some(place.clone())).await.unwrap();
        assert_eq!(counts, whole, "what was counted before counts");
        let before = heard.differs.keys().filter(|key| **key <= place.key).cloned();
        let both: BTreeSet<String> = before.chain(rest.differs.into_keys()).collect();
        assert_eq!(both, heard.differs.keys().cloned().collect::<BTreeSet<String>>());
    }
}

#[tokio::test]
async fn nothing_is_kept_when_kafka_did_not_acknowledge_or_the_store_is_away() {
    let world = bench::world().await;
    for n in 0..7 {
        world.put(&document(&format!("k{n}")), "new").await;
    }
    world.kafka.fail_publishes(1);
    let (entries, mut heard) = (world.entries().await.unwrap(), Heard::default());
    let mut writer = LookWriter::new(&world.kafka).unwrap();
    let failed = reconcile(&plan(), (&world.store, &entries), &mut writer, None, &mut heard).await;
    assert!(failed.is_err() && heard.kept.is_empty());
    world.store.inject(StoreFault::DenyBucket(bench::BUCKET.to_owned()));
    assert!(run(&world, &plan(), None).await.is_err());
    assert!(world.asked().is_empty(), "a bucket that is denied is not empty");
}

/// A store whose pages are in reverse order.
#[derive(Debug)]
struct Unordered(objects::MemoryStore);

impl Store for Unordered {
    async fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> Result<Look, StoreError> {
        self.0.look(document, unless, limit).await
    }

    async fn head(&self, document: &DocumentId) -> Result<Option<Entry>, StoreError> {
        self.0.head(document).await
    }

    async fn put(
        &self,
        document: &DocumentId,
        bytes: bytes::Bytes,
        kind: &str,
    ) -> Result<String, StoreError> {
        self.0.put(document, bytes, kind).await
    }

    async fn delete(&self, document: &DocumentId) -> Result<(), StoreError> {
        self.0.delete(document).await
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        continuation: Option<&str>,
    ) -> Result<ListingPage, StoreError> {
        let mut page = self.0.page(bucket, prefix, continuation).await?;
        page.entries.reverse();
        Ok(page)
    }

    async fn ensure_bucket(&self, bucket: &str, notify: Option<&str>) -> Result<(), StoreError> {
        self.0.ensure_bucket(bucket, notify).await
    }
}

#[tokio::test]
async fn a_store_that_lists_out_of_order_is_refused() {
    let world = bench::world().await;
    world.put(&document("a"), "one").await;
    world.put(&document("b"), "two").await;
    let (store, entries) = (Unordered(world.store.clone()), world.entries().await.unwrap());
    let mut writer = LookWriter::new(&world.kafka).unwrap();
    let failed = reconcile(&plan(), (&store, &entries), &mut writer, None, &mut Heard::default()).await;
    assert!(failed.unwrap_err().to_string().contains("out of order"));
    assert!(world.asked().is_empty());
}

/// The first load of an existing bucket.
#[tokio::test]
async fn a_bucket_of_5000_objects_and_an_empty_ledger() {
    let mut world = bench::world().await;
    world.store = objects::MemoryStore::with_page_size(1_000);
    world.store.ensure_bucket(bench::BUCKET, None).await.unwrap();
    for n in 0..5_000 {
        world.put(&document(&format!("folder/{n}.md")), "text").await;
    }
    let (counts, heard) = run(&world, &plan(), None).await.unwrap();
    assert_eq!(counts, ReconcileCounts { objects: 5_000, new: 5_000, ..ReconcileCounts::default() });
    assert_eq!((world.asked().len(), heard.kept.len()), (5_000, 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the bucket and the ledger hold, exactly the documents that differ are requested.
    #[test]
    fn what_is_asked_is_what_differs(world in proptest::collection::btree_map("[a/é-]{1,3}", (0..3_u8, 0..4_u8), 0..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(asks_what_differs(world));
    }
}

async fn asks_what_differs(random: BTreeMap<String, (u8, u8)>) {
    let world = bench::world().await;
    let mut expected = Vec::new();
    for (key, (object, state)) in &random {
        let document = document(key);
        let etag = match object {
            0 => None,
            text => Some(world.put(&document, &text.to_string()).await),
        };
        let known = match state {
            0 => None,
            1 => Some(removed(&document, Version::first(1))),
            2 => Some(entry(&document, &[], Version::first(1), etag.as_deref().unwrap_or("e"))),
            _ => Some(entry(&document, &[], Version::first(1), "another")),
        };
        if let Some(entry) = &known {
            world.enter(entry);
        }
        let live = known.filter(|entry| entry.status != Status::Removed);
        if etag != live.map(|entry| entry.etag) {
            expected.push(key.clone());
        }
    }
    let (counts, _) = run(&world, &plan(), None).await.unwrap();
    assert_eq!(keys(&world), expected);
    assert_eq!(counts.differing(), expected.len() as u64);
}
