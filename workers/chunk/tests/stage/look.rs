//! A notice is a hint: the last look wins, whatever the notices said and in which order.

use message::Status;
use stream::Outgoing;

use crate::bench::{Bench, Said, created, id, look_again, page, removed, said, text};

/// All orders of the three reasons.
fn orders(key: &str) -> [[Outgoing; 3]; 6] {
    let [c, r, l] = [created(key), removed(key), look_again(key)];
    [
        [c.clone(), r.clone(), l.clone()],
        [c.clone(), l.clone(), r.clone()],
        [r.clone(), c.clone(), l.clone()],
        [r.clone(), l.clone(), c.clone()],
        [l.clone(), c.clone(), r.clone()],
        [l, r, c],
    ]
}

#[tokio::test]
async fn a_removed_notice_of_an_object_that_exists_removes_nothing() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    let expected =
        [Said::Chunk(text("alpha"), 1), Said::Record(Status::Live, 1, 1), Said::Ledger(Status::Live, 1, 1)];
    assert_eq!(bench.said(&mut lane, removed("a.md")).await, expected);
    assert_eq!(bench.said(&mut lane, removed("a.md")).await, []);
}

#[tokio::test]
async fn a_created_notice_of_an_object_that_is_gone_removes_it() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.delete("a.md").await;
    let expected = [
        Said::Gone(id("a.md", "alpha").to_string(), 2),
        Said::Gone("docs/a.md".to_owned(), 2),
        Said::Ledger(Status::Removed, 0, 2),
    ];
    assert_eq!(bench.said(&mut lane, created("a.md")).await, expected);
}

#[tokio::test]
async fn several_references_to_one_document_in_one_batch_write_it_once() {
    for notices in orders("a.md") {
        let bench = Bench::new(1).await;
        let mut lane = bench.lane().await;
        bench.put("a.md", page(&["alpha"])).await;
        let verdicts = bench.say(&mut lane, &notices).await;
        let expected = [
            Said::Chunk(text("alpha"), 1),
            Said::Record(Status::Live, 1, 1),
            Said::Ledger(Status::Live, 1, 1),
        ];
        assert_eq!(said(&verdicts), expected);
        // The last one of them: what it sees is newer than all of these notices.
        assert_eq!(said(&verdicts[..2]), []);
    }
}

#[tokio::test]
async fn the_last_look_wins_whatever_the_order_of_the_notices() {
    for notices in orders("a.md") {
        let bench = Bench::new(1).await;
        let mut lane = bench.lane().await;
        bench.put("a.md", page(&["alpha"])).await;
        bench.said(&mut lane, created("a.md")).await;
        // Written and deleted while the notices were in flight, in either order.
        bench.put("a.md", page(&["beta"])).await;
        bench.said(&mut lane, notices[0].clone()).await;
        bench.delete("a.md").await;
        bench.said(&mut lane, notices[1].clone()).await;
        assert_eq!(bench.entry("a.md").status, Status::Removed);
        bench.put("a.md", page(&["gamma"])).await;
        bench.said(&mut lane, notices[2].clone()).await;
        let entry = bench.entry("a.md");
        let ids: Vec<_> = entry.chunks.iter().map(|placement| placement.id.clone()).collect();
        assert_eq!((entry.status, ids), (Status::Live, vec![id("a.md", "gamma")]));
    }
}

#[tokio::test]
async fn an_object_that_changes_while_it_is_read_is_read_as_one_version() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    let document = bench.put("a.md", page(&["alpha", "beta"])).await;
    let with = Some(page(&["gamma", "delta"]).into());
    bench.store.inject(objects::StoreFault::ChangeDuringRead { document, after: 10, with });
    let said = bench.said(&mut lane, created("a.md")).await;
    assert_eq!(said[..2], [Said::Chunk(text("gamma"), 1), Said::Chunk(text("delta"), 1)]);
}
