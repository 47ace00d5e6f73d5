//! When a waiting record becomes a refusal, and when nothing is sent at all.

use std::time::Duration;

use sink::Fault;
use stream::{Boottime, Lane, Stage, Verdict};

use crate::{chunk, engine, handle, held, opened, record, stage, texts, write};

const SHORT: Duration = Duration::from_millis(40);

#[tokio::test]
async fn an_item_that_waits_too_long_while_others_are_taken_is_refused() {
    let engine = engine();
    let mut lane = opened(&stage(&engine).patience(SHORT), None).await;
    let batch = [chunk("a", "one", 1), chunk("a", "two", 1), record("a", &["one", "two"], 1)];
    engine.inject(Fault::Busy(1));
    let (done, trouble) = write(&mut lane, &batch).await;
    assert_eq!((done.as_str(), trouble.map(|trouble| trouble.alarm)), ("d", Some(false)));
    tokio::time::sleep(SHORT * 2).await;
    engine.inject(Fault::Busy(1));
    let outcome = handle(&mut lane, &batch).await;
    let [Verdict::Done(_), Verdict::Refuse { cause, outputs }] = outcome.verdicts.as_slice() else {
        panic!("{outcome:?}")
    };
    assert!(cause.contains("MILLRACE_PATIENCE") && cause.contains("an injected fault"), "{cause}");
    assert!(outputs.is_empty() && outcome.retry.is_some(), "the record that waited for it has its own time");
    assert_eq!(held(&engine).await, texts([("one", 1)]));
}

#[tokio::test]
async fn an_engine_that_takes_nothing_is_waited_for_without_end() {
    let engine = engine();
    let mut lane = opened(&stage(&engine).patience(SHORT), None).await;
    let batch = [chunk("a", "one", 1), chunk("a", "two", 1)];
    for fault in [Fault::Busy(1), Fault::Unavailable, Fault::Unavailable, Fault::Busy(1)] {
        engine.inject(fault);
        let (done, trouble) = write(&mut lane, &batch).await;
        assert!(!done.contains('r') && trouble.is_some(), "{done}");
        tokio::time::sleep(SHORT * 2).await;
    }
    assert_eq!(write(&mut lane, &batch).await, ("dd".to_owned(), None));
}

#[tokio::test]
async fn nothing_is_sent_for_a_partition_that_the_group_confirmed_too_long_ago_or_never() {
    let engine = engine();
    let mut lane = stage(&engine).open(stream::Partition::ONLY, None).await.unwrap();
    let slept = Boottime::now().before(Duration::from_secs(301));
    for proof in [None, Some(slept)] {
        if let Some(at) = proof {
            lane.proved(at);
        }
        let (done, trouble) = write(&mut lane, &[chunk("a", "one", 1)]).await;
        let trouble = trouble.unwrap();
        assert!(done.is_empty() && trouble.cause.contains("confirmed"), "{trouble:?}");
        assert!(!trouble.alarm && !trouble.reopen);
        assert_eq!(held(&engine).await, []);
    }
    lane.proved(Boottime::now());
    assert_eq!(write(&mut lane, &[chunk("a", "one", 1)]).await, ("d".to_owned(), None));
}
