//! What a store's failures lead to: the faults of the store in memory, which reads through the same loop as S3.

#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use message::DocumentId;
use objects::{Look, MemoryStore, Remedy, Store, StoreError, StoreFault};

const LIMIT: u64 = 1 << 20;

fn document() -> DocumentId {
    DocumentId::new("documents", "a.md").unwrap()
}

async fn store_with(bytes: &'static [u8]) -> MemoryStore {
    let store = MemoryStore::default();
    store.ensure_bucket("documents", None).await.unwrap();
    store.put(&document(), Bytes::from_static(bytes), "text/markdown").await.unwrap();
    store
}

async fn text(store: &MemoryStore) -> Result<Bytes, StoreError> {
    match store.look(&document(), None, LIMIT).await? {
        Look::Found { bytes, .. } => Ok(bytes),
        Look::TooLarge { .. } | Look::Unchanged | Look::Gone => Ok(Bytes::new()),
    }
}

#[tokio::test]
async fn a_denied_object_is_refused_and_its_neighbours_are_read() {
    let store = store_with(b"one").await;
    store.inject(StoreFault::DenyObject(document()));
    let error = text(&store).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Refuse);
    assert!(store.page("documents", "", None).await.is_ok());
    store.heal();
    assert_eq!(text(&store).await.unwrap(), "one");
}

#[tokio::test]
async fn a_denied_bucket_and_a_missing_one_raise_an_alarm() {
    let store = store_with(b"one").await;
    store.inject(StoreFault::DenyBucket("documents".to_owned()));
    assert!(matches!(text(&store).await, Err(StoreError::BucketDenied { .. })));
    store.heal();
    let elsewhere = DocumentId::new("nowhere", "a.md").unwrap();
    let error = store.look(&elsewhere, None, LIMIT).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Alarm);
}

#[tokio::test]
async fn an_archived_object_is_refused() {
    let store = store_with(b"one").await;
    store.inject(StoreFault::Archive(document()));
    let error = text(&store).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Refuse);
    assert!(error.to_string().contains("restore it"), "{error}");
}

#[tokio::test]
async fn an_absence_is_waited_out() {
    let store = store_with(b"one").await;
    store.inject(StoreFault::Unavailable { times: 2 });
    for _ in 0..2 {
        assert_eq!(text(&store).await.unwrap_err().remedy(), Remedy::Wait);
    }
    assert_eq!(text(&store).await.unwrap(), "one");
}

#[tokio::test]
async fn a_broken_body_is_continued_where_it_broke() {
    let store = store_with(b"one two three").await;
    for after in [0, 4, 0] {
        store.inject(StoreFault::BreakBody { document: document(), after });
    }
    assert_eq!(text(&store).await.unwrap(), "one two three");
    assert_eq!(store.bodies(), 4);
}

#[tokio::test]
async fn a_body_that_always_breaks_is_given_up() {
    let store = store_with(b"one two three").await;
    for _ in 0..20 {
        store.inject(StoreFault::BreakBody { document: document(), after: 1 });
    }
    let error = text(&store).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Wait);
    assert_eq!(store.bodies(), 4);
}

#[tokio::test]
async fn a_change_in_mid_read_gives_the_new_version_whole() {
    let store = store_with(b"the old version").await;
    let with = Some(Bytes::from_static(b"the new version, longer"));
    store.inject(StoreFault::ChangeDuringRead { document: document(), after: 7, with });
    assert_eq!(text(&store).await.unwrap(), "the new version, longer");
}

#[tokio::test]
async fn a_removal_in_mid_read_is_a_removal() {
    let store = store_with(b"the old version").await;
    store.inject(StoreFault::ChangeDuringRead { document: document(), after: 7, with: None });
    assert_eq!(store.look(&document(), None, LIMIT).await.unwrap(), Look::Gone);
}

#[tokio::test]
async fn an_object_that_never_holds_still_is_given_up() {
    let store = store_with(b"version 0").await;
    for n in 1..20 {
        let with = Some(Bytes::from(format!("version {n}")));
        store.inject(StoreFault::ChangeDuringRead { document: document(), after: 3, with });
    }
    let error = text(&store).await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::Wait);
    assert!(error.to_string().contains("changed in each of 4 reads"), "{error}");
}
