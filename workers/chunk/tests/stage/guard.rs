//! The guard against mass deletions: a share may be deleted, then the partition stops until a person confirms.

use message::{Confirmation, Status};
use stream::{Lane, Outcome, Outgoing, Record, Stage as _};

use crate::bench::{Bench, CONFIRMATIONS, created, page, record_at, removed};

const DOCUMENTS: usize = 40;
/// A tenth of the documents.
const ALLOWED: usize = 4;

fn key(number: usize) -> String {
    format!("{number}.md")
}

/// Forty live documents, and then all objects gone.
async fn emptied() -> Bench {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    for number in 0..DOCUMENTS {
        bench.put(&key(number), page(&["alpha"])).await;
        bench.said(&mut lane, created(&key(number))).await;
    }
    for number in 0..DOCUMENTS {
        bench.delete(&key(number)).await;
    }
    bench
}

/// The notices of all deletions, at their offsets.
fn notices() -> Vec<Record> {
    (0_i64..).zip(0..DOCUMENTS).map(|(offset, number)| record_at(&removed(&key(number)), offset)).collect()
}

async fn handle(bench: &Bench, lane: &mut impl Lane, from: usize) -> Outcome {
    let outcome = lane.handle(&notices()[from..]).await;
    let published = bench.commit(&outcome.verdicts).await;
    lane.committed(&published).await.unwrap();
    outcome
}

fn confirm(bench: &Bench, partition: i32, until: i64) {
    let said = Confirmation { partition, until, by: "a test".to_owned() };
    bench.broker.append(&Outgoing {
        topic: CONFIRMATIONS.to_owned(),
        key: Some(format!("documents/{partition}").into_bytes()),
        value: Some(serde_json::to_vec(&said).unwrap()),
        headers: None,
    });
}

#[tokio::test]
async fn more_than_a_share_stops_with_an_alarm_that_names_the_remedy_and_goes_on_when_confirmed() {
    let bench = emptied().await;
    let stage = bench.stage();
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    let outcome = handle(&bench, &mut lane, 0).await;
    let trouble = outcome.retry.unwrap();
    assert_eq!(outcome.verdicts.len(), ALLOWED);
    assert!(trouble.alarm && trouble.reopen, "{trouble:?}");
    assert!(
        trouble.cause.contains("4 of 40 live") && trouble.cause.contains("millrace confirm"),
        "{trouble:?}"
    );
    // Neither a new lane nor a confirmation for another partition lets more through.
    drop(lane);
    confirm(&bench, 1, 1000);
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    assert!(handle(&bench, &mut lane, ALLOWED).await.verdicts.is_empty());
    // Confirmed deletions go through; later ones do not.
    drop(lane);
    confirm(&bench, 0, 30);
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    let outcome = handle(&bench, &mut lane, ALLOWED).await;
    assert_eq!((outcome.verdicts.len(), outcome.retry.is_some()), (30 - ALLOWED, true));
    assert_eq!(bench.entry(&key(29)).status, Status::Removed);
    assert_eq!(bench.entry(&key(30)).status, Status::Live);
}

#[tokio::test]
async fn objects_that_are_put_back_are_not_removed() {
    let bench = emptied().await;
    let stage = bench.stage();
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    assert_eq!(handle(&bench, &mut lane, 0).await.verdicts.len(), ALLOWED);
    for number in 0..DOCUMENTS {
        bench.put(&key(number), page(&["alpha"])).await;
    }
    drop(lane);
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    let outcome = handle(&bench, &mut lane, ALLOWED).await;
    assert_eq!((outcome.verdicts.len(), outcome.retry), (DOCUMENTS - ALLOWED, None));
    assert_eq!(bench.entry(&key(20)).status, Status::Live);
}

#[tokio::test]
async fn a_partition_that_moves_to_another_disk_does_not_begin_a_new_count() {
    let bench = emptied().await;
    let mut lane = bench.stage().open(stream::Partition::ONLY, None).await.unwrap();
    assert_eq!(handle(&bench, &mut lane, 0).await.verdicts.len(), ALLOWED);
    let memo = stream::Memo { note: lane.note(), ..stream::Memo::default() };
    let committed = stream::Committed { next: i64::try_from(ALLOWED).unwrap(), memo };
    drop(lane);
    let elsewhere = bench.stage();
    let mut lane = elsewhere.open(stream::Partition::ONLY, Some(&committed)).await.unwrap();
    let outcome = handle(&bench, &mut lane, ALLOWED).await;
    assert!(outcome.verdicts.is_empty(), "{} more went away", outcome.verdicts.len());
    assert!(outcome.retry.unwrap().cause.contains("4 of 40 live"));
}

/// The window is over, as after a night: nobody confirmed, so that nothing more may go.
#[tokio::test]
async fn a_partition_that_waits_for_a_person_waits_longer_than_the_window() {
    let bench = emptied().await;
    let mut lane = bench.stage().open(stream::Partition::ONLY, None).await.unwrap();
    let outcome = handle(&bench, &mut lane, 0).await;
    let cause = outcome.retry.unwrap().cause;
    let mut window: serde_json::Value = serde_json::from_str(&lane.note()).unwrap();
    window["began"] = (window["began"].as_u64().unwrap() - 7200).into();
    let next = i64::try_from(ALLOWED).unwrap();
    drop(lane);
    for (waiting, more) in [(Some(stream::Waiting::new(next, 1, &cause)), false), (None, true)] {
        let memo = stream::Memo { note: window.to_string(), waiting, ..stream::Memo::default() };
        let committed = stream::Committed { next, memo };
        let mut lane = bench.stage().open(stream::Partition::ONLY, Some(&committed)).await.unwrap();
        assert_eq!(!handle(&bench, &mut lane, ALLOWED).await.verdicts.is_empty(), more);
    }
}
