//! The worker's working copy: outdated after a crash, lost with its topic, counting in another epoch.

use message::{LedgerEntry, Placement, Status, Version};
use stream::{Lane as _, Outgoing, Partition, Published, Stage as _, Trouble, Verdict};

use crate::bench::{
    Bench, CHUNKS, LEAP, LEDGER, Said, created, document, handle, id, look_again, outputs, page, text,
    version,
};

/// The output of a worker killed between its commit and the update of its working copy.
async fn commit_and_die(bench: &Bench, lane: &mut impl stream::Lane, notice: Outgoing) -> Published {
    let outcome = handle(lane, &[notice]).await;
    bench.commit(&outcome.verdicts).await
}

async fn refused_to_open(bench: &Bench) -> Trouble {
    let Err(trouble) = bench.stage().open(Partition::ONLY, None).await else { panic!("opened") };
    trouble
}

#[tokio::test]
async fn a_kill_between_the_commit_and_the_copy_loses_nothing_and_repeats_nothing() {
    let bench = Bench::new(1).await;
    let stage = bench.stage();
    let mut lane = stage.open(Partition::ONLY, None).await.unwrap();
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.put("a.md", page(&["beta"])).await;
    commit_and_die(&bench, &mut lane, created("a.md")).await;
    drop(lane);
    let mut lane = stage.open(Partition::ONLY, None).await.unwrap();
    assert_eq!(bench.said(&mut lane, created("a.md")).await, []);
    assert_eq!(bench.entry("a.md").version, version(2));
}

#[tokio::test]
async fn a_copy_is_never_ahead_of_a_commit_that_failed() {
    let bench = Bench::new(1).await;
    let stage = bench.stage();
    let mut lane = stage.open(Partition::ONLY, None).await.unwrap();
    bench.put("a.md", page(&["alpha"])).await;
    assert_eq!(handle(&mut lane, &[created("a.md")]).await.verdicts.len(), 1);
    drop(lane);
    let mut lane = stage.open(Partition::ONLY, None).await.unwrap();
    let said = bench.said(&mut lane, created("a.md")).await;
    assert!(matches!(said[..], [Said::Chunk(_, 1), Said::Record(.., 1), Said::Ledger(.., 1)]), "{said:?}");
}

#[tokio::test]
async fn a_lost_ledger_is_an_alarm_with_its_remedy_and_never_an_empty_one() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut bench.lane().await, created("a.md")).await;
    bench.broker.create(LEDGER, 1);
    let trouble = refused_to_open(&bench).await;
    assert!(trouble.alarm && trouble.cause.contains("millrace ledger rebuild"), "{trouble:?}");
    assert!(trouble.cause.contains("ledger.c/0") && trouble.cause.contains(CHUNKS), "{trouble:?}");
    assert_eq!(bench.count(LEDGER), 0);
}

/// The topic was deleted and recreated while the worker ran: its next commit has an offset that the copy has already
/// seen.
#[tokio::test]
async fn a_ledger_that_is_lost_under_a_running_worker_is_an_alarm() {
    let bench = Bench::new(1).await;
    let stage = bench.stage();
    let mut lane = stage.open(Partition::ONLY, None).await.unwrap();
    for key in ["a.md", "b.md"] {
        bench.put(key, page(&["alpha"])).await;
        bench.said(&mut lane, created(key)).await;
    }
    bench.broker.create(LEDGER, 1);
    bench.put("c.md", page(&["alpha"])).await;
    let published = commit_and_die(&bench, &mut lane, created("c.md")).await;
    let trouble = lane.committed(&published).await.unwrap_err();
    assert!(trouble.alarm && trouble.reopen && trouble.cause.contains("ledger rebuild"), "{trouble:?}");
    drop(lane);
    let Err(trouble) = stage.open(Partition::ONLY, None).await else { panic!("opened") };
    assert!(trouble.alarm && trouble.cause.contains("2 documents"), "{trouble:?}");
}

#[tokio::test]
async fn a_new_document_begins_in_the_epoch_of_its_ledger() {
    let bench = Bench::new(1).await;
    bench.put("old.md", page(&["alpha"])).await;
    bench.said(&mut bench.lane().await, created("old.md")).await;
    let rebuilt = LedgerEntry { version: Version::first(5), ..bench.entry("old.md") };
    let value = Some(serde_json::to_vec(&rebuilt).unwrap());
    bench.broker.append(&Outgoing { topic: LEDGER.to_owned(), value, ..created("old.md") });
    let mut lane = bench.lane().await;
    bench.put("new.md", page(&["alpha"])).await;
    bench.put("old.md", page(&["beta"])).await;
    bench.say(&mut lane, &[created("new.md"), created("old.md")]).await;
    assert_eq!(bench.entry("new.md").version, Version::first(5));
    assert_eq!(bench.entry("old.md").version, Version::first(5).next());
}

/// `ledger rebuild` listed what an engine held but no log contains: an ordinary notice writes all of it.
#[tokio::test]
async fn what_a_rebuild_only_listed_is_said_anew_by_the_next_look() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha", "beta"])).await;
    bench.said(&mut bench.lane().await, created("a.md")).await;
    let place = |word| Placement { id: id("a.md", word), start: 0, end: 0 };
    let (etag, digest) = (String::new(), String::new());
    let chunks = ["alpha", "gone"].map(place).to_vec();
    let listed = LedgerEntry { etag, digest, chunks, ..bench.entry("a.md") };
    let value = Some(serde_json::to_vec(&listed).unwrap());
    bench.broker.append(&Outgoing { topic: LEDGER.to_owned(), value, ..created("a.md") });
    let mut lane = bench.lane().await;
    let expected = [
        Said::Chunk(text("alpha"), 2 + LEAP),
        Said::Chunk(text("beta"), 2 + LEAP),
        Said::Gone(id("a.md", "gone").to_string(), 2 + LEAP),
        Said::Record(Status::Live, 2, 2 + LEAP),
        Said::Ledger(Status::Live, 2, 2 + LEAP),
    ];
    assert_eq!(bench.said(&mut lane, look_again("a.md")).await, expected);
    assert_eq!(bench.said(&mut lane, look_again("a.md")).await, []);
}

/// If two partitions counted versions of one document, its history would contradict itself.
#[tokio::test]
async fn a_reference_in_a_partition_that_is_not_its_documents_is_refused() {
    let bench = Bench::new(4).await;
    let keys = ["0.md", "1.md", "2.md", "3.md", "4.md", "5.md", "6.md", "7.md"];
    let stranger = keys.iter().find(|key| message::partition_of(&document(key), 4) != 0).unwrap();
    let first = Partition { number: 0, count: 4 };
    let mut lane = bench.stage().open(first, None).await.unwrap();
    bench.put(stranger, page(&["alpha"])).await;
    let outcome = handle(&mut lane, &[look_again(stranger)]).await;
    let Verdict::Refuse { cause, .. } = &outcome.verdicts[0] else { panic!("{outcome:?}") };
    assert!(cause.contains("its document belongs to"), "{cause}");
    assert!(outputs(&outcome.verdicts[0]).is_empty());
}
