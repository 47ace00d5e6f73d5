//! What every sink does with writes.

use std::time::Duration;

use generation::{Generation, Names, Target};
use message::{DocumentId, Fingerprint};
use sink::{ItemAnswer, Operation, Reader, Sink, SinkError, delete};
use stream::Boottime;

use super::bench::{Bench, DIMENSION, generation, ready, space};
use super::data::{all_done, chunk, document, put, put_record, record, version};

pub(crate) async fn what_is_written_is_counted_and_read_back<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let key = format!("folder/你好 {}.md", "k".repeat(900));
    let (a, b) = (chunk(&key, "one", 1, version(1)), chunk(&key, "two", 2, version(1)));
    let record = record(&key, &[&a, &b], version(1));
    all_done(&engine.write(vec![put(&a), put(&b), put_record(&record)], Boottime::now()).await);
    let found = engine.document(&record.document).await.unwrap().unwrap();
    assert_eq!((&found.record, &found.space), (&record, &space()));
    assert!(engine.document(&document("other")).await.unwrap().is_none());
    engine.refresh().await.unwrap();
    assert_eq!(engine.count(Target::Chunks).await.unwrap(), 2);
    assert_eq!(engine.count(Target::Documents).await.unwrap(), 1);
    let page = engine.scan_documents(None, 10).await.unwrap();
    assert_eq!((page.items, page.after), (vec![found], None));
    all_done(&engine.write(Vec::new(), Boottime::now()).await);
}

/// The visible versions, by id.
async fn versions(engine: &impl Reader) -> Vec<u64> {
    engine.refresh().await.unwrap();
    let page = engine.scan_chunks(None, 100).await.unwrap();
    page.items.iter().map(|chunk| chunk.version.get() - version(0).get()).collect()
}

pub(crate) async fn the_highest_version_wins<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    for (counter, shown) in [(2, 2), (1, 2), (3, 3), (2, 3)] {
        all_done(&engine.write(vec![put(&chunk("k", "text", 1, version(counter)))], Boottime::now()).await);
        assert_eq!(versions(engine).await, [shown], "after {counter}");
    }
}

pub(crate) async fn a_stale_put_after_a_delete_does_not_bring_it_back<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let old = chunk("k", "text", 1, version(1));
    let id = old.chunk.id.to_string();
    // Deleted before it existed, then stored late; then stored and deleted twice.
    all_done(&engine.write(vec![delete(&id, &document("k"), version(5))], Boottime::now()).await);
    all_done(&engine.write(vec![put(&old)], Boottime::now()).await);
    assert!(versions(engine).await.is_empty());
    all_done(&engine.write(vec![put(&chunk("k", "text", 1, version(6)))], Boottime::now()).await);
    assert_eq!(versions(engine).await, [6]);
    all_done(&engine.write(vec![delete(&id, &document("k"), version(4))], Boottime::now()).await);
    assert_eq!(versions(engine).await, [6], "a late delete takes nothing away");
    for _ in 0..2 {
        all_done(&engine.write(vec![delete(&id, &document("k"), version(7))], Boottime::now()).await);
    }
    all_done(&engine.write(vec![put(&old)], Boottime::now()).await);
    assert!(versions(engine).await.is_empty());
}

pub(crate) async fn a_repetition_is_done<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let one = chunk("k", "text", 1, version(1));
    let exact = put(&one).with_highest(version(1));
    let batch = vec![exact, put_record(&record("k", &[&one], version(1)))];
    for _ in 0..3 {
        all_done(&engine.write(batch.clone(), Boottime::now()).await);
    }
    assert_eq!(versions(engine).await, [1]);
}

pub(crate) async fn two_versions_in_one_batch_leave_the_later<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let of = |counter| chunk("k", "text", 1, version(counter));
    let id = of(1).chunk.id.to_string();
    let gone = delete(&id, &document("k"), version(3));
    all_done(&engine.write(vec![put(&of(2)), put(&of(1)), gone.clone(), put(&of(4))], Boottime::now()).await);
    assert_eq!(versions(engine).await, [4]);
    let other = chunk("l", "text", 1, version(1));
    let gone = delete(other.chunk.id.as_str(), &document("l"), version(2));
    all_done(&engine.write(vec![gone, put(&other)], Boottime::now()).await);
    assert_eq!(versions(engine).await, [4]);
}

pub(crate) async fn a_wrong_item_is_refused_alone<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let (a, mut wrong, c) =
        (chunk("k", "a", 1, version(1)), chunk("k", "b", 2, version(1)), chunk("k", "c", 3, version(1)));
    wrong.vector.0.push(0.5);
    let record = put_record(&record("k", &[&a, &c], version(1)));
    let written = engine.write(vec![put(&a), put(&wrong), put(&c), record], Boottime::now()).await;
    let ItemAnswer::Refused(cause) = &written.answers[1] else { panic!("{written:?}") };
    assert!(!cause.is_empty());
    assert_eq!(written.done(), 3, "{written:?}");
    assert_eq!(versions(engine).await.len(), 2);
    assert!(engine.document(&document("k")).await.unwrap().is_some());
}

pub(crate) async fn a_version_of_another_log_stops<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    all_done(&engine.write(vec![put(&chunk("k", "text", 1, version(9)))], Boottime::now()).await);
    let late = put(&chunk("k", "text", 1, version(3)));
    // A later version within the epoch is this log's own; one above the stated highest is not.
    all_done(&engine.write(vec![late.clone()], Boottime::now()).await);
    let written = engine.write(vec![late.with_highest(version(8))], Boottime::now()).await;
    let ItemAnswer::Stop(cause) = &written.answers[0] else { panic!("{written:?}") };
    assert!(cause.contains(&version(9).to_string()) && cause.contains("epoch 1"), "{cause}");
    let old_epoch = put(&chunk("k", "text", 1, message::Version::first(0)));
    assert!(matches!(engine.write(vec![old_epoch], Boottime::now()).await.answers[0], ItemAnswer::Stop(_)));
}

pub(crate) async fn a_deleted_index_stops_and_is_not_created_by_a_write<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let one = chunk("k", "text", 1, version(1));
    let batch = vec![
        put(&one),
        delete("00", &document("k"), version(1)),
        put_record(&record("k", &[&one], version(1))),
    ];
    all_done(&engine.write(batch.clone(), Boottime::now()).await);
    bench.drop_index(Target::Chunks).await;
    let written = engine.write(batch.clone(), Boottime::now()).await;
    assert!(written.answers.iter().all(|answer| matches!(answer, ItemAnswer::Stop(_))), "{written:?}");
    assert!(matches!(engine.count(Target::Chunks).await, Err(SinkError::Missing { .. })));
    assert!(matches!(engine.check(&space()).await, Err(SinkError::Missing { .. })));
    // For a request of only deletes, both engines would create an index named like the alias.
    let written = engine.write(vec![delete("00", &document("k"), version(2))], Boottime::now()).await;
    assert!(written.answers.iter().all(|answer| matches!(answer, ItemAnswer::Stop(_))), "{written:?}");
    let anew = engine.ensure().await.unwrap();
    assert!(anew.chunks.created, "a write made something of that name");
    all_done(&engine.write(batch, Boottime::now()).await);
}

pub(crate) async fn ensure_tells_a_new_index_from_an_old_one<B: Bench>(bench: &B) {
    let first = bench.engine().ensure().await.unwrap();
    assert!(first.chunks.created && first.documents.created);
    let again = bench.engine().ensure().await.unwrap();
    assert!(!again.chunks.created && !again.documents.created);
    assert_eq!((&again.chunks.uuid, &again.documents.uuid), (&first.chunks.uuid, &first.documents.uuid));
    bench.drop_index(Target::Chunks).await;
    let anew = bench.engine().ensure().await.unwrap();
    assert!(anew.chunks.created && !anew.documents.created);
    assert_ne!(anew.chunks.uuid, first.chunks.uuid);
    all_done(&bench.engine().write(vec![put(&chunk("k", "text", 1, version(1)))], Boottime::now()).await);
}

pub(crate) async fn every_generation_is_in_one_cluster<B: Bench>(bench: &B) {
    let other = Generation { space: Fingerprint::of(&[("model", "next")]), ..generation() };
    let other = bench.over(Names::new("other", &other).unwrap());
    let cluster = bench.engine().cluster().await.unwrap();
    assert_eq!(other.cluster().await.unwrap(), cluster);
    assert_eq!(cluster.short().len(), 12);
}

pub(crate) async fn another_space_or_dimension_is_refused<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    engine.check(&space()).await.unwrap();
    let other = Fingerprint::of(&[("model", "other")]);
    let error = engine.check(&other).await.unwrap_err();
    assert!(matches!(error, SinkError::Mismatch { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(space().as_str()) && text.contains(other.as_str()), "{text}");
    let longer = Generation { dimension: DIMENSION + 1, ..generation() };
    let longer = bench.over(Names::new(engine.names().index(), &longer).unwrap());
    let error = longer.ensure().await.unwrap_err();
    assert!(matches!(error, SinkError::Mismatch { what: "the dimension", .. }), "{error}");
    let mut action = put(&chunk("k", "text", 1, version(1)));
    action.operation = Operation::Put(b"{".as_slice().into());
    let written = engine.write(vec![action], Boottime::now()).await;
    assert!(matches!(written.answers[0], ItemAnswer::Refused(_)), "{written:?}");
}

pub(crate) async fn nothing_is_written_long_after_the_proof<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let (now, one) = (Boottime::now(), chunk("k", "text", 1, version(1)));
    let batch = vec![put(&one), put_record(&record("k", &[&one], version(1)))];
    let written = engine.write(batch.clone(), now.before(Duration::from_secs(301))).await;
    assert!(written.answers.iter().all(|answer| matches!(answer, ItemAnswer::Wait { .. })), "{written:?}");
    assert!(versions(engine).await.is_empty());
    all_done(&engine.write(batch, now.before(Duration::from_secs(200))).await);
    assert_eq!(versions(engine).await, [1]);
}

pub(crate) async fn the_highest_version_of_chosen_records_is_told<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    assert_eq!(engine.highest(|_| true).await.unwrap(), None);
    let records = [("a", 3), ("b", 7), ("c", 5)].map(|(key, counter)| record(key, &[], version(counter)));
    all_done(&engine.write(records.iter().map(put_record).collect(), Boottime::now()).await);
    assert_eq!(engine.highest(|_| true).await.unwrap(), Some(version(7)));
    let not_b = |document: &DocumentId| document.key() != "b";
    assert_eq!(engine.highest(not_b).await.unwrap(), Some(version(5)));
    assert_eq!(engine.highest(|_| false).await.unwrap(), None);
    let gone = delete(document("b").as_str(), &document("b"), version(8));
    all_done(&engine.write(vec![gone], Boottime::now()).await);
    assert_eq!(engine.highest(|_| true).await.unwrap(), Some(version(5)), "what was deleted is not held");
}
