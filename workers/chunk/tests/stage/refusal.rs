//! What is refused, what stays, and what waits instead.

use std::time::Duration;

use message::{DocumentId, Status, Why};
use objects::{Store, StoreFault};
use stream::{Lane, Outgoing, Stage, Verdict};

use crate::bench::{
    BUCKET, Bench, LARGEST, LEAP, MOST, PANIC, Said, chunking, created, document, forced, handle, id,
    look_again, outputs, page, refer, said, stage_reading,
};

/// The cause of the refusal that one reference led to, and its other output.
async fn refused(bench: &Bench, lane: &mut impl Lane, notice: Outgoing) -> (String, Vec<Said>) {
    let verdicts = bench.say(lane, &[notice]).await;
    match &verdicts[..] {
        [Verdict::Refuse { cause, .. }] => (cause.clone(), said(&verdicts)),
        other => panic!("not a refusal: {other:?}"),
    }
}

/// A live document with the passage "alpha" becomes refused: its passage is removed, its record gives the reason.
async fn refused_after_live(key: &str, content: impl Into<bytes::Bytes>) -> String {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put(key, page(&["alpha"])).await;
    bench.said(&mut lane, created(key)).await;
    bench.put(key, content).await;
    let (cause, said) = refused(&bench, &mut lane, created(key)).await;
    let expected = [
        Said::Gone(id(key, "alpha").to_string(), 2),
        Said::Record(Status::Refused, 0, 2),
        Said::Ledger(Status::Refused, 0, 2),
    ];
    assert_eq!((said, bench.entry(key).cause.as_deref()), (expected.to_vec(), Some(cause.as_str())));
    assert_eq!(bench.said(&mut lane, look_again(key)).await, [], "one dead letter is enough");
    bench.put(key, page(&["alpha"])).await;
    let last = bench.said(&mut lane, created(key)).await.pop();
    assert_eq!(last, Some(Said::Ledger(Status::Live, 1, 3)), "a mended file is taken");
    cause
}

#[tokio::test]
async fn what_is_not_text_is_refused_and_its_old_chunks_go() {
    let cause = refused_after_live("a.md", b"\x7fELF\x02\x01\x01\0\0\0\0\0".as_slice()).await;
    assert!(cause.contains("not supported") || cause.contains("not text"), "{cause}");
}

#[tokio::test]
async fn a_document_above_the_limit_is_refused_with_its_size_and_the_limit() {
    let content = "word ".repeat(1_000);
    let cause = refused_after_live("a.md", content.clone()).await;
    assert!(cause.contains(&content.len().to_string()) && cause.contains(&LARGEST.to_string()), "{cause}");
}

#[tokio::test]
async fn a_document_that_was_too_large_is_read_when_the_limit_is_raised_and_refused_once_until_then() {
    let bench = Bench::new(1).await;
    bench.put("a.txt", "worldwide ".repeat(300)).await;
    let mut lane = bench.lane().await;
    refused(&bench, &mut lane, created("a.txt")).await;
    assert_eq!(bench.said(&mut lane, look_again("a.txt")).await, []);
    let raised =
        stage_reading(&bench, (bench.broker.clone(), bench.store.clone()), chunking("a"), 10 * LARGEST);
    let mut lane = raised.open(stream::Partition::ONLY, None).await.unwrap();
    let last = bench.said(&mut lane, look_again("a.txt")).await.pop();
    assert!(matches!(last, Some(Said::Ledger(Status::Live, ..))), "{last:?}");
}

#[tokio::test]
async fn a_document_of_exactly_the_limit_is_read() {
    let bench = Bench::new(1).await;
    let limit = usize::try_from(LARGEST).unwrap();
    bench.put("a.txt", "a".repeat(limit)).await;
    let last = bench.said(&mut bench.lane().await, created("a.txt")).await.pop();
    assert!(matches!(last, Some(Said::Ledger(Status::Live, 1.., 1))), "{last:?}");
}

#[tokio::test]
async fn a_document_with_too_many_chunks_is_refused() {
    let words: Vec<String> = (0..=MOST).map(|n| format!("w{n}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let cause = refused_after_live("a.md", page(&words)).await;
    assert!(cause.contains(&format!("more than {MOST} chunks")), "{cause}");
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&words[..MOST])).await;
    let last = bench.said(&mut bench.lane().await, created("a.md")).await.pop();
    assert_eq!(last, Some(Said::Ledger(Status::Live, MOST, 1)));
}

#[tokio::test]
async fn a_panic_while_reading_costs_a_refusal() {
    let cause = refused_after_live("a.md", page(&[PANIC])).await;
    assert!(cause.contains("failed inside"), "{cause}");
}

#[tokio::test]
async fn the_same_unreadable_bytes_under_force_are_refused_again() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.bin", b"\x7fELF\0\0".as_slice()).await;
    refused(&bench, &mut lane, created("a.bin")).await;
    let (_, said) = refused(&bench, &mut lane, forced("a.bin")).await;
    assert_eq!(
        said,
        [Said::Record(Status::Refused, 0, LEAP + 2), Said::Ledger(Status::Refused, 0, LEAP + 2)]
    );
}

#[tokio::test]
async fn an_object_that_may_not_be_read_is_refused_and_its_old_chunks_stay() {
    let faults = [StoreFault::DenyObject, StoreFault::Archive, StoreFault::Unreadable];
    for fault in faults.map(|fault| fault(document("a.md"))) {
        let bench = Bench::new(1).await;
        let mut lane = bench.lane().await;
        bench.put("a.md", page(&["alpha"])).await;
        bench.said(&mut lane, created("a.md")).await;
        bench.put("a.md", page(&["beta"])).await;
        bench.store.inject(fault);
        let (cause, said) = refused(&bench, &mut lane, created("a.md")).await;
        assert!(cause.contains("docs/a.md"), "{cause}");
        assert_eq!(said, [], "its old chunks stay");
        bench.store.heal();
        let last = bench.said(&mut lane, look_again("a.md")).await.pop();
        assert_eq!(last, Some(Said::Ledger(Status::Live, 1, 2)));
    }
}

#[tokio::test]
async fn a_neighbour_of_a_refused_document_goes_on() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    for key in ["a.md", "c.md"] {
        bench.put(key, page(&["alpha"])).await;
    }
    bench.store.inject(StoreFault::DenyObject(document("b.md")));
    let verdicts = bench.say(&mut lane, &["a.md", "b.md", "c.md"].map(created)).await;
    let written: Vec<usize> = verdicts.iter().map(|verdict| outputs(verdict).len()).collect();
    assert_eq!(written, [3, 0, 3]);
    assert!(matches!(&verdicts[1], Verdict::Refuse { .. }));
}

#[tokio::test]
async fn what_is_no_reference_is_refused_with_its_cause() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    let good = created("a.md");
    let not_json = Outgoing { value: Some(b"{".to_vec()), ..good.clone() };
    let tombstone = Outgoing { value: None, ..good.clone() };
    let no_headers = Outgoing { headers: None, ..good.clone() };
    let other_document = Outgoing { headers: created("b.md").headers, ..good };
    for (notice, part) in [
        (not_json, "not a document reference"),
        (tombstone, "not a document reference"),
        (no_headers, "no header 'document'"),
        (other_document, "its header names another document: docs/b.md"),
    ] {
        let (cause, said) = refused(&bench, &mut lane, notice).await;
        assert!(cause.contains(part), "{cause}");
        assert_eq!(said, []);
    }
}

#[tokio::test]
async fn a_bucket_that_is_missing_or_denied_waits_with_an_alarm_and_removes_nothing() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    bench.said(&mut lane, created("a.md")).await;
    bench.store.inject(StoreFault::DenyBucket(BUCKET.to_owned()));
    let outcome = handle(&mut lane, &[created("a.md")]).await;
    let trouble = outcome.retry.unwrap();
    assert!(outcome.verdicts.is_empty() && trouble.alarm && trouble.cause.contains(BUCKET), "{trouble:?}");

    // The same ledger with a store in which the bucket was never created.
    let empty = objects::MemoryStore::default();
    let stage = crate::bench::stage(&bench, bench.broker.clone(), empty.clone(), crate::bench::chunking("a"));
    let mut lane = stream::Stage::open(&stage, stream::Partition::ONLY, None).await.unwrap();
    let outcome = handle(&mut lane, &[created("a.md")]).await;
    let trouble = outcome.retry.unwrap();
    assert!(outcome.verdicts.is_empty() && trouble.alarm, "{trouble:?}");
    assert!(trouble.cause.contains("no such bucket"), "{trouble:?}");
    // Once the bucket exists, an object that is not in it is gone, because the store says so.
    empty.ensure_bucket(BUCKET, None).await.unwrap();
    let last = bench.said(&mut lane, created("a.md")).await.pop();
    assert_eq!(last, Some(Said::Ledger(Status::Removed, 0, 2)));
}

#[tokio::test]
async fn a_store_that_is_away_stops_the_batch_where_it_is_and_keeps_what_was_answered() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    for key in ["a.md", "b.md"] {
        bench.put(key, page(&["alpha"])).await;
    }
    bench.said(&mut lane, created("a.md")).await;
    bench.store.inject(StoreFault::BreakBody { document: document("b.md"), after: 3 });
    bench.store.inject(StoreFault::BreakBody { document: document("b.md"), after: 3 });
    let notices = [created("b.md"), created("a.md")];
    // A broken body is continued; an unavailable store is waited for.
    bench.store.inject(StoreFault::Unavailable { times: 1 });
    let outcome = handle(&mut lane, &notices).await;
    let trouble = outcome.retry.unwrap();
    assert!(outcome.verdicts.is_empty() && !trouble.alarm && !trouble.reopen, "{trouble:?}");
    assert_eq!(trouble.retry_after, None::<Duration>);
    let verdicts = bench.say(&mut lane, &notices).await;
    assert_eq!(verdicts.iter().map(|verdict| outputs(verdict).len()).collect::<Vec<_>>(), [3, 0]);
}

/// A document whose object is unavailable for longer than the patience is refused, if the store answers for the next
/// one; alone, or with a store that answers for none, it waits.
#[tokio::test(start_paused = true)]
async fn a_document_that_holds_up_its_neighbours_for_too_long_is_refused() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    for key in ["a.md", "b.md"] {
        bench.put(key, page(&["alpha"])).await;
    }
    let notices = [created("a.md"), created("b.md")];
    let away = |times| bench.store.inject(StoreFault::Unavailable { times });
    away(1);
    assert!(handle(&mut lane, &notices).await.retry.is_some());
    tokio::time::advance(Duration::from_mins(11)).await;
    away(1);
    assert!(handle(&mut lane, &notices[..1]).await.retry.is_some(), "there is no other document to ask for");
    away(2);
    assert!(handle(&mut lane, &notices).await.retry.is_some(), "the store answers for none");
    away(1);
    let outcome = handle(&mut lane, &notices).await;
    assert_eq!(outcome.retry, None);
    let stream::Verdict::Refuse { cause, outputs } = &outcome.verdicts[0] else { panic!("{outcome:?}") };
    assert!(cause.contains("answers for other objects") && outputs.is_empty(), "{cause}");
    assert!(matches!(&outcome.verdicts[1], stream::Verdict::Done(outputs) if outputs.len() == 3));
}

/// A bucket that is not ours is never read; a missing one would hold up the partition forever.
#[tokio::test]
async fn a_document_of_another_bucket_is_refused_unseen_and_its_neighbour_goes_on() {
    let bench = Bench::new(1).await;
    let mut lane = bench.lane().await;
    bench.put("a.md", page(&["alpha"])).await;
    let elsewhere = refer(DocumentId::new("other", "x.md").unwrap(), (Why::Created, false), &[]);
    let verdicts = bench.say(&mut lane, &[elsewhere, created("a.md")]).await;
    let Verdict::Refuse { cause, outputs: said } = &verdicts[0] else { panic!("{verdicts:?}") };
    assert!(said.is_empty() && cause.contains("MILLRACE_BUCKET") && cause.contains(BUCKET), "{cause}");
    assert_eq!(outputs(&verdicts[1]).len(), 3);
}
