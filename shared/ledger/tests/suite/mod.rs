//! What a working copy must do, with any broker.

mod bench;

use ledger::{Counts, FIRST_EPOCH, Ledger, LedgerError, Position};
use message::{LedgerEntry, Status, Version};

pub(crate) use bench::*;

/// A restored copy equals the one that entries were applied to, in document order, and removed entries stay removed.
pub(crate) async fn restored_equals_live<B: Bench>(bench: &B) {
    let here = World::new(bench).await;
    let there = here.elsewhere();
    let mut applied = here.open().await.unwrap();
    assert_eq!(
        (applied.counts(), applied.epoch(), applied.position()),
        (Counts::default(), FIRST_EPOCH, None)
    );
    let changed =
        |entry: LedgerEntry| LedgerEntry { version: entry.version.next(), chunks: Vec::new(), ..entry };
    here.settle(&mut applied, &live(0..300)).await;
    let gone = changed(LedgerEntry { status: Status::Removed, ..entry("000007.md", Status::Live, 2) });
    here.settle(&mut applied, std::slice::from_ref(&gone)).await;
    let refused = entry("x.bin", Status::Refused, 0);
    here.settle(&mut applied, &[refused, entry("a.md", Status::Empty, 0)]).await;
    here.write(vec![here.tombstone("000008.md")]).await;
    applied.catch_up(bench.broker()).await.unwrap();
    let restored = there.open().await.unwrap();
    assert_eq!(all(&restored), all(&applied));
    assert_eq!(restored.position(), applied.position());
    let counts = Counts { live: 298, empty: 1, refused: 1, removed: 1, chunks: 596 };
    assert_eq!((restored.counts(), applied.counts()), (counts, counts));
    assert_eq!(restored.get(&document("000007.md")).unwrap(), Some(gone));
    assert_eq!(restored.get(&document("000008.md")).unwrap(), None);
    let names: Vec<_> = all(&restored).into_iter().map(|entry| entry.document).collect();
    assert!(names.is_sorted() && names.len() == 301);
    let after = restored.scan(Some(&document("000298.md"))).map(|entry| entry.unwrap().document);
    assert_eq!(after.collect::<Vec<_>>(), [document("000299.md"), document("a.md"), document("x.bin")]);
}

/// A process that died between its commit and writing its working copy finds the committed entries after a restart.
pub(crate) async fn a_kill_between_commit_and_copy_is_caught_up<B: Bench>(bench: &B) {
    let world = World::new(bench).await;
    let mut copy = world.open().await.unwrap();
    world.settle(&mut copy, &live(0..10)).await;
    let written = world.commit(&live(10..20)).await;
    drop(copy);
    let copy = world.open().await.unwrap();
    assert_eq!((all(&copy), copy.position()), (live(0..20), Some(written)));
}

/// A reopened copy keeps its content and adds what others committed meanwhile.
pub(crate) async fn a_copy_goes_on_where_it_stood<B: Bench>(bench: &B) {
    let world = World::new(bench).await;
    let mut copy = world.open().await.unwrap();
    let written = world.commit(&live(0..10)).await;
    copy.apply(&live(0..10), Some(b"a note".to_vec()), written).unwrap();
    drop(copy);
    world.commit(&live(10..11)).await;
    let copy = world.open().await.unwrap();
    assert_eq!(copy.counts().live, 11);
    assert_eq!(copy.note().unwrap().as_deref(), Some(b"a note".as_slice()), "it was not made anew");
}

/// A copy that is ahead of its topic (the topic was recreated) is replaced.
pub(crate) async fn an_offset_past_the_end_is_noticed<B: Bench>(bench: &B) {
    let world = World::new(bench).await;
    let mut copy = world.open().await.unwrap();
    let written = world.commit(&live(0..10)).await;
    let beyond = Position { last: written.last + 1000, ..written.clone() };
    copy.apply(&live(0..9), None, beyond).unwrap();
    drop(copy);
    let copy = world.open().await.unwrap();
    assert_eq!((all(&copy), copy.position()), (live(0..10), Some(written)));
}

/// The ledger's epoch is the highest of any entry, also after a restore.
pub(crate) async fn the_highest_epoch_counts<B: Bench>(bench: &B) {
    let world = World::new(bench).await;
    let late = LedgerEntry { version: Version::first(3), ..entry("late.md", Status::Live, 1) };
    world.commit(&[late, entry("a.md", Status::Live, 1)]).await;
    let mut copy = world.open().await.unwrap();
    assert_eq!(copy.epoch(), 3);
    let later = LedgerEntry { version: Version::first(4), ..entry("b.md", Status::Live, 1) };
    world.settle(&mut copy, &[later]).await;
    assert_eq!(copy.epoch(), 4);
}

/// An unreadable entry stops the ledger; it is never skipped.
pub(crate) async fn what_cannot_be_read_stops<B: Bench>(bench: &B) {
    let world = World::new(bench).await;
    world.commit(&live(0..3)).await;
    let mut broken = world.record(&entry("b.md", Status::Live, 1));
    broken.value = Some(b"{}".to_vec());
    world.write(vec![broken]).await;
    for _ in 0..2 {
        let error = world.open().await.unwrap_err();
        assert!(matches!(&error, LedgerError::Unreadable { .. }), "{error}");
        assert!(error.trouble().alarm && error.trouble().reopen);
    }
    let mut elsewhere = world.record(&entry("c.md", Status::Live, 1));
    elsewhere.key = Some(b"docs/d.md".to_vec());
    let world = World::new(bench).await;
    elsewhere.topic.clone_from(&world.topic);
    world.write(vec![elsewhere]).await;
    assert!(matches!(world.open().await.unwrap_err(), LedgerError::Unreadable { .. }));
}

/// All partitions form one ledger, in document order.
pub(crate) async fn partitions_are_merged<B: Bench>(bench: &B) {
    let world = World::of(bench, 4).await;
    world.commit(&live(0..100)).await;
    let ledger = Ledger::open(bench.broker(), &world.place.folder, &world.topic, 4 << 20).await.unwrap();
    let entries: Vec<LedgerEntry> = ledger.scan(None).collect::<Result<_, _>>().unwrap();
    assert_eq!(entries, live(0..100));
    let after: Vec<LedgerEntry> =
        ledger.scan(Some(&document("000097.md"))).collect::<Result<_, _>>().unwrap();
    assert_eq!(after, live(98..100));
    assert_eq!((ledger.counts().live, ledger.counts().chunks, ledger.epoch()), (100, 200, FIRST_EPOCH));
    assert_eq!(ledger.get(&document("000042.md")).unwrap().unwrap(), live(42..43)[0]);
    assert!(ledger.copies().iter().all(|copy| copy.counts().live > 10), "they are spread");
}
