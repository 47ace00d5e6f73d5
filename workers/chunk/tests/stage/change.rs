//! What is written when a document changes, and that nothing is written when it does not.

use message::Status;
use stream::{Stage, Verdict};

use crate::bench::{
    Bench, LEAP, LEDGER, Said, chunking, created, document, forced, id, look_again, page, removed, said,
    stage, suspecting, text, version,
};

fn chunk(word: &str, version: u64) -> Said {
    Said::Chunk(text(word), version)
}

fn gone(key: &str, word: &str, version: u64) -> Said {
    Said::Gone(id(key, word).to_string(), version)
}

#[tokio::test]
async fn a_new_document_writes_its_chunks_then_its_record_then_its_ledger_entry() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha", "beta"])).await;
    let said = bench.said(&mut lane, created("a.md")).await;
    let expected = [
        chunk("alpha", 1),
        chunk("beta", 1),
        Said::Record(Status::Live, 2, 1),
        Said::Ledger(Status::Live, 2, 1),
    ];
    assert_eq!(said, expected);
    let entry = bench.entry("a.md");
    let ids: Vec<_> = entry.chunks.into_iter().map(|placement| placement.id).collect();
    assert_eq!(ids, [id("a.md", "alpha"), id("a.md", "beta")]);
    assert_eq!((entry.version, entry.chunking), (version(1), chunking("a")));
}

#[tokio::test]
async fn an_unchanged_document_writes_nothing_and_its_body_is_not_read() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    let bodies = bench.store.bodies();
    for notice in [created("a.md"), look_again("a.md"), removed("a.md")] {
        assert_eq!(bench.said(&mut lane, notice).await, []);
    }
    assert_eq!(bench.store.bodies(), bodies);
}

#[tokio::test]
async fn the_same_bytes_under_another_etag_write_a_ledger_entry_of_the_same_version_and_nothing_else() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha", "beta"])).await;
    bench.said(&mut bench.lane().await, created("a.md")).await;
    // A multipart upload of the same bytes has another etag; the store in memory derives it from the content, so the
    // ledger is given one.
    let mut entry = bench.entry("a.md");
    let etag = std::mem::replace(&mut entry.etag, "before-2".to_owned());
    let mut output = created("a.md");
    output.topic = LEDGER.to_owned();
    output.value = Some(serde_json::to_vec(&entry).unwrap());
    bench.broker.append(&output);
    let mut lane = bench.lane().await;
    assert_eq!(bench.said(&mut lane, created("a.md")).await, [Said::Ledger(Status::Live, 2, 1)]);
    assert_eq!(bench.entry("a.md").etag, etag);
    let bodies = bench.store.bodies();
    assert_eq!(bench.said(&mut lane, created("a.md")).await, []);
    assert_eq!(bench.store.bodies(), bodies);
}

#[tokio::test]
async fn a_change_writes_only_the_difference_under_the_next_version() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha", "beta", "gamma"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.put("a.md", page(&["gamma", "alpha", "delta"])).await;
    let expected = [
        chunk("delta", 2),
        gone("a.md", "beta", 2),
        Said::Record(Status::Live, 3, 2),
        Said::Ledger(Status::Live, 3, 2),
    ];
    assert_eq!(bench.said(&mut lane, created("a.md")).await, expected);
    let order: Vec<_> = bench.entry("a.md").chunks.into_iter().map(|placement| placement.id).collect();
    assert_eq!(order, ["gamma", "alpha", "delta"].map(|word| id("a.md", word)));
}

#[tokio::test]
async fn a_removed_document_writes_tombstones_of_all_it_had_and_keeps_its_ledger_entry() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha", "beta"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.delete("a.md").await;
    let expected = [
        gone("a.md", "alpha", 2),
        gone("a.md", "beta", 2),
        Said::Gone(document("a.md").to_string(), 2),
        Said::Ledger(Status::Removed, 0, 2),
    ];
    assert_eq!(bench.said(&mut lane, removed("a.md")).await, expected);
    assert_eq!(bench.said(&mut lane, removed("a.md")).await, [], "gone is gone");
}

#[tokio::test]
async fn a_document_that_comes_back_goes_on_counting_its_versions() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.delete("a.md").await;
    bench.said(&mut lane, removed("a.md")).await;
    // The very same bytes: removed passages must be written again.
    bench.put("a.md", page(&["alpha"])).await;
    let expected = [chunk("alpha", 3), Said::Record(Status::Live, 1, 3), Said::Ledger(Status::Live, 1, 3)];
    assert_eq!(bench.said(&mut lane, created("a.md")).await, expected);
}

#[tokio::test]
async fn a_document_that_never_was_is_not_removed() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    assert_eq!(bench.said(&mut lane, removed("never.md")).await, []);
}

#[tokio::test]
async fn force_writes_everything_again_under_a_new_version() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha", "beta"])).await;
    bench.said(&mut lane, created("a.md")).await;
    let expected = [
        chunk("alpha", LEAP + 2),
        chunk("beta", LEAP + 2),
        Said::Record(Status::Live, 2, LEAP + 2),
        Said::Ledger(Status::Live, 2, LEAP + 2),
    ];
    assert_eq!(bench.said(&mut lane, forced("a.md")).await, expected);
}

#[tokio::test]
async fn force_says_again_that_a_document_is_gone() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.delete("a.md").await;
    bench.said(&mut lane, removed("a.md")).await;
    let expected =
        [Said::Gone(document("a.md").to_string(), LEAP + 3), Said::Ledger(Status::Removed, 0, LEAP + 3)];
    assert_eq!(bench.said(&mut lane, forced("a.md")).await, expected);
}

#[tokio::test]
async fn a_repeated_passage_has_a_name_for_each_repeat() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha", "alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.put("a.md", page(&["alpha"])).await;
    let second = message::ChunkId::derive(&document("a.md"), &["alpha".to_owned()], &text("alpha"), 1);
    let expected = [
        Said::Gone(second.to_string(), 2),
        Said::Record(Status::Live, 1, 2),
        Said::Ledger(Status::Live, 1, 2),
    ];
    assert_eq!(bench.said(&mut lane, created("a.md")).await, expected);
}

#[tokio::test]
async fn a_document_without_text_is_empty_and_has_no_chunks() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    for (key, content) in [("none.txt", ""), ("white.txt", " \n\t\r\n \u{3000}\n"), ("white.md", "\n\n")] {
        bench.put(key, content).await;
        let verdicts = bench.say(&mut lane, &[created(key)]).await;
        assert!(matches!(verdicts[..], [Verdict::Done(_)]), "{key}: {verdicts:?}");
        assert_eq!(
            said(&verdicts),
            [Said::Record(Status::Empty, 0, 1), Said::Ledger(Status::Empty, 0, 1)],
            "{key}"
        );
    }
    bench.put("full.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("full.md")).await;
    bench.put("full.md", "").await;
    let expected =
        [gone("full.md", "alpha", 2), Said::Record(Status::Empty, 0, 2), Said::Ledger(Status::Empty, 0, 2)];
    assert_eq!(bench.said(&mut lane, created("full.md")).await, expected);
}

#[tokio::test]
async fn a_ledger_entry_of_another_chunking_is_read_again_and_written_again() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut bench.lane().await, created("a.md")).await;
    let bodies = bench.store.bodies();
    let other = stage(&bench, bench.broker.clone(), bench.store.clone(), chunking("b"));
    let mut lane = other.open(stream::Partition::ONLY, None).await.unwrap();
    // The passage has the same content, so it keeps its id and is not embedded again; only the document is new.
    let expected = [Said::Record(Status::Live, 1, 2), Said::Ledger(Status::Live, 1, 2)];
    assert_eq!(bench.said(&mut lane, look_again("a.md")).await, expected);
    assert_eq!((bench.store.bodies(), bench.entry("a.md").chunking), (bodies + 1, chunking("b")));
    assert_eq!(bench.said(&mut lane, look_again("a.md")).await, []);
}

/// Passages that an engine should not hold are deleted under the new version; live ones are not.
#[tokio::test]
async fn a_forced_look_deletes_what_should_not_be_there() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    let (stray, live) = (id("a.md", "stray"), id("a.md", "alpha"));
    let notice = suspecting("a.md", true, &[stray.clone(), live.clone()]);
    let said = bench.said(&mut lane, notice).await;
    let expected = [
        Said::Chunk(text("alpha"), LEAP + 2),
        Said::Gone(stray.to_string(), LEAP + 2),
        Said::Record(Status::Live, 1, LEAP + 2),
        Said::Ledger(Status::Live, 1, LEAP + 2),
    ];
    assert_eq!(said, expected);
    assert_eq!(bench.said(&mut lane, suspecting("a.md", false, std::slice::from_ref(&stray))).await, []);
    bench.delete("a.md").await;
    let said = bench.said(&mut lane, suspecting("a.md", true, std::slice::from_ref(&stray))).await;
    let gone = |key: &str| Said::Gone(key.to_owned(), 2 * LEAP + 3);
    let expected = [
        gone(live.as_str()),
        gone(stray.as_str()),
        gone("docs/a.md"),
        Said::Ledger(Status::Removed, 0, 2 * LEAP + 3),
    ];
    assert_eq!(said, expected);
}
