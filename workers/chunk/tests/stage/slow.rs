//! Slow documents: finished ones are committed before the next ones are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use document::Extracted;
use message::Status;
use sandbox::{Extractor, InProcess, Unread};
use stream::{Partition, Stage as _};

use crate::bench::{Bench, LARGEST, LEDGER, LONG_ENOUGH, chunking, created, handle, page, stage_by};

/// Reads with a delay, and counts the reads begun.
struct Slow {
    each: Duration,
    begun: Arc<AtomicUsize>,
}

impl Extractor for Slow {
    async fn extract(&self, key: &str, bytes: Bytes) -> Result<Extracted, Unread> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.each).await;
        InProcess::default().extract(key, bytes).await
    }
}

const DOCUMENTS: usize = 20;

/// A bucket of documents, and a reader that takes `each` per document.
async fn bench(each: Duration) -> (Bench, Slow) {
    let bench = Bench::new(1).await;
    for number in 0..DOCUMENTS {
        bench.put(&key(number), page(&["alpha"])).await;
    }
    (bench, Slow { each, begun: Arc::default() })
}

fn key(number: usize) -> String {
    format!("{number}.md")
}

#[tokio::test(start_paused = true)]
async fn a_batch_ends_after_a_while_and_the_rest_follows() {
    for (each, at_once) in
        [(LONG_ENOUGH, 1), (LONG_ENOUGH / 2, 2), (LONG_ENOUGH / 5, 5), (Duration::ZERO, DOCUMENTS)]
    {
        let (bench, slow) = bench(each).await;
        let io = (bench.broker.clone(), bench.store.clone());
        let stage = stage_by(&bench, io, slow, (chunking("a"), LARGEST));
        let mut lane = stage.open(Partition::ONLY, None).await.unwrap();
        let mut notices: Vec<_> = (0..DOCUMENTS).map(|number| created(&key(number))).collect();
        while !notices.is_empty() {
            let outcome = handle(&mut lane, &notices).await;
            assert_eq!((outcome.verdicts.len(), &outcome.retry), (at_once, &None), "{each:?}");
            let published = bench.commit(&outcome.verdicts).await;
            stream::Lane::committed(&mut lane, &published).await.unwrap();
            notices.drain(..at_once);
        }
        assert!((0..DOCUMENTS).all(|number| bench.entry(&key(number)).status == Status::Live));
    }
}

/// All notices are there at once; the first document is committed before the third is begun.
#[tokio::test(start_paused = true)]
async fn the_first_document_of_many_is_searchable_first() {
    let (bench, slow) = bench(Duration::from_mins(1)).await;
    let begun = Arc::clone(&slow.begun);
    for number in 0..DOCUMENTS {
        bench.broker.append(&created(&key(number)));
    }
    let io = (bench.broker.clone(), bench.store.clone());
    let stage = stage_by(&bench, io, slow, (chunking("a"), LARGEST));
    bench.run_stage_until(stage, || bench.count(LEDGER) > 0).await;
    assert_eq!(bench.entry(&key(0)).status, Status::Live);
    assert!(begun.load(Ordering::Relaxed) <= 2, "{begun:?} were begun when the first was committed");
}
