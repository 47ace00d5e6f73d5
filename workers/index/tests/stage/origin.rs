//! An index filled from another log: Kafka was lost, and nobody rebuilt the ledger under a higher epoch.

use std::time::Duration;

use generation::Target;
use message::Version;
use sink::{MemoryEngine as Engine, Reader as _};
use stream::memory::Memory;
use stream::{Boottime, Committed, Lane as _, Memo, Stage as _};

use crate::{
    append, broker_of, chunk, chunk_in, document, documents, engine, held, opened, record, run, space, stage,
    texts, write,
};

/// An index with a document of the previous log.
async fn filled() -> Engine {
    let engine = engine();
    let mut lane = opened(&stage(&engine), None).await;
    write(&mut lane, &[chunk("a", "old", 1), record("a", &["old"], 1)]).await;
    engine
}

#[tokio::test]
async fn a_log_that_did_not_fill_the_index_stops_before_it_writes_anything() {
    let engine = filled().await;
    let mut lane = opened(&stage(&engine), None).await;
    // The same version as in the engine, so it would count as a repetition.
    let batch = [chunk("a", "new", 1), record("a", &["new"], 1)];
    for _ in 0..2 {
        let (done, trouble) = write(&mut lane, &batch).await;
        let trouble = trouble.unwrap();
        assert!(done.is_empty() && trouble.alarm && trouble.reopen, "{trouble:?}");
        assert!(trouble.cause.contains("millrace ledger rebuild"), "{trouble:?}");
        assert_eq!(held(&engine).await, texts([("old", 1)]));
        // Determined once, and committed with the offset from then on.
        let committed =
            Committed { next: 0, memo: Memo { identity: lane.identity().to_owned(), ..Memo::default() } };
        lane = opened(&stage(&engine), Some(&committed)).await;
        assert_eq!(lane.identity(), committed.memo.identity);
    }
}

#[tokio::test]
async fn after_the_ledger_was_rebuilt_the_log_is_written_and_stays_its_own() {
    let engine = filled().await;
    let mut lane = opened(&stage(&engine), None).await;
    let above = chunk_in(&space(), ("a", "new"), Version::first(2));
    let (done, trouble) = write(&mut lane, &[above, chunk("a", "late", 2)]).await;
    assert!(done == "d" && trouble.is_some_and(|trouble| trouble.alarm), "{done}");
    assert_eq!(held(&engine).await.len(), 2);
}

#[tokio::test]
async fn a_lane_whose_documents_are_not_there_yet_writes_beside_those_that_were_faster() {
    let engine = engine();
    let stage = stage(&engine);
    for partition in [0, 1].map(|number| stream::Partition { number, count: 2 }) {
        let mut lane = stage.open(partition, None).await.unwrap();
        lane.proved(Boottime::now());
        let is_here = |key: &String| partition.holds(&document(key));
        let key = (0..64).map(|n| format!("k{n}")).find(is_here).unwrap();
        let batch = [chunk(&key, &key, 1), record(&key, &[&key], 1)];
        assert_eq!(write(&mut lane, &batch).await, ("dd".to_owned(), None), "{partition:?}");
    }
    assert_eq!(engine.count(Target::Documents).await.unwrap(), 2);
}

#[tokio::test]
async fn a_worker_over_a_lost_log_stands_still_until_the_index_is_deleted() {
    let (before, engine) = (broker_of(2, 8), engine());
    run(&before, &engine, documents(&engine, 8)).await;
    // Kafka comes back empty and reconcile fills it: different passages under the same versions.
    let after: Memory = broker_of(2, 0);
    for n in 0..8 {
        append(&after, &format!("k{n}"));
    }
    after.append(&chunk("k0", "anew", 1));
    run(&after, &engine, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(held(&engine).await.iter().all(|(text, _)| text != "anew"));
        engine.drop_index(Target::Chunks);
        engine.drop_index(Target::Documents);
        documents(&engine, 8).await;
        while held(&engine).await.len() < 9 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
