//! The stage shared by `index` and `replicate`, with an engine and a broker in memory.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod generations;
mod group;
mod origin;
mod records;
mod turns;
mod waiting;

use std::time::Duration;

use generation::{Generation, Names, Target};
use message::{DeadLetter, Fingerprint, Headers, Version};
pub(crate) use records::{chunk, chunk_in, document, gone, gone_document, headers, id, record, version};
use sink::{Fault, MemoryEngine as Engine, Reader as _, Sink as _, WriteLane, WriteStage};
use stream::memory::Memory;
use stream::{
    Boottime, Committed, Delivery, Lane, LaneSettings, Outcome, Outgoing, Plan, Record, Stage, Trouble,
    Verdict,
};

const VECTORS: &str = "vectors.s";
const DEAD: &str = "dead-letters";
const PATIENCE: Duration = Duration::from_secs(20);

fn space() -> Fingerprint {
    Fingerprint::of(&[("space", "a")])
}

fn generation() -> Generation {
    Generation {
        space: space(),
        chunking: space(),
        model: Fingerprint::of(&[("weights", "test")]),
        name: "test".to_owned(),
        dimension: 2,
        mapping: message::IndexMapping::of(1),
    }
}

fn engine() -> Engine {
    Engine::new(Names::new("test", &generation()).unwrap())
}

fn stage(engine: &Engine) -> WriteStage<Engine> {
    WriteStage::new(engine.clone())
}

/// A lane of the only partition, whose ownership the group has confirmed.
async fn opened(stage: &WriteStage<Engine>, committed: Option<&Committed>) -> WriteLane<Engine> {
    let mut lane = stage.open(stream::Partition::ONLY, committed).await.unwrap();
    lane.proved(Boottime::now());
    lane
}

async fn handle(lane: &mut impl Lane, batch: &[Outgoing]) -> Outcome {
    let batch: Vec<Record> = batch
        .iter()
        .zip(0..)
        .map(|(outgoing, offset)| Record {
            topic: VECTORS.into(),
            partition: 0,
            offset,
            key: outgoing.key.clone(),
            value: outgoing.value.clone(),
            headers: outgoing.wire_headers(),
            timestamp: None,
            held: None,
        })
        .collect();
    lane.handle(&batch).await
}

/// One letter per verdict, and what stopped the batch.
async fn write(lane: &mut impl Lane, batch: &[Outgoing]) -> (String, Option<Trouble>) {
    let outcome = handle(lane, batch).await;
    let letter = |verdict: &Verdict| match verdict {
        Verdict::Done(outputs) if outputs.is_empty() => 'd',
        Verdict::Done(_) => '?',
        Verdict::Refuse { .. } => 'r',
    };
    (outcome.verdicts.iter().map(letter).collect(), outcome.retry)
}

/// The passages in the engine, with the counters of their versions.
async fn held(engine: &Engine) -> Vec<(String, u64)> {
    let page = engine.scan_chunks(None, 10_000).await.unwrap();
    let mut held: Vec<_> =
        page.items.into_iter().map(|chunk| (chunk.text, chunk.version.get() - version(0).get())).collect();
    held.sort();
    held
}

fn texts<const N: usize>(expected: [(&str, u64); N]) -> Vec<(String, u64)> {
    expected.iter().map(|(text, version)| ((*text).to_owned(), *version)).collect()
}

#[tokio::test]
async fn passages_and_records_are_written_and_deleted() {
    let engine = engine();
    let mut lane = opened(&stage(&engine), None).await;
    let batch = [chunk("a", "one", 1), chunk("a", "two", 1), record("a", &["one", "two"], 1)];
    assert_eq!(write(&mut lane, &batch).await, ("ddd".to_owned(), None));
    assert_eq!(held(&engine).await, texts([("one", 1), ("two", 1)]));
    let stored = engine.document(&document("a")).await.unwrap().unwrap();
    assert_eq!((stored.record.chunks.len(), stored.space), (2, space()));
    let batch = [gone("a", "one", 2), gone("a", "two", 2), gone_document("a", 2), gone("a", "never", 2)];
    assert_eq!(write(&mut lane, &batch).await, ("dddd".to_owned(), None));
    assert_eq!(held(&engine).await, []);
    assert_eq!(engine.document(&document("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_late_or_repeated_message_is_done_and_never_wins() {
    let engine = engine();
    let mut lane = opened(&stage(&engine), None).await;
    write(&mut lane, &[chunk("a", "one", 3), record("a", &["one"], 3)]).await;
    for late in [chunk("a", "one", 3), chunk("a", "one", 2), gone("a", "one", 2), record("a", &[], 2)] {
        assert_eq!(write(&mut lane, &[late]).await, ("d".to_owned(), None));
    }
    assert_eq!(held(&engine).await, texts([("one", 3)]));
    assert_eq!(engine.document(&document("a")).await.unwrap().unwrap().record.chunks.len(), 1);
    write(&mut lane, &[gone("a", "one", 4)]).await;
    assert_eq!(write(&mut lane, &[chunk("a", "one", 3)]).await, ("d".to_owned(), None));
    assert_eq!(held(&engine).await, [], "a deleted passage does not come back");
}

#[tokio::test]
async fn a_version_that_this_log_cannot_have_issued_stops_with_an_alarm() {
    let engine = engine();
    let mut lane = opened(&stage(&engine), None).await;
    write(&mut lane, &[chunk_in(&space(), ("a", "one"), Version::first(2))]).await;
    let (done, trouble) =
        write(&mut lane, &[chunk("b", "x", 1), chunk("a", "one", 9), chunk("b", "y", 1)]).await;
    let trouble = trouble.unwrap();
    assert_eq!(done, "d");
    assert!(trouble.alarm && trouble.reopen && trouble.cause.contains("above the highest"), "{trouble:?}");
}

#[tokio::test]
async fn what_belongs_to_another_space_or_is_no_passage_is_refused_and_its_neighbours_are_written() {
    let engine = engine();
    let mut lane = opened(&stage(&engine), None).await;
    let other = Fingerprint::of(&[("space", "b")]);
    let no_version = Headers { version: None, ..headers("a", version(1)) };
    let batch = [
        chunk_in(&other, ("a", "other"), version(1)),
        chunk("a", "one", 1),
        Outgoing { value: Some(b"no".to_vec()), ..chunk("a", "x", 1) },
        Outgoing { headers: None, ..chunk("a", "x", 1) },
        Outgoing { headers: Some(no_version), ..gone("a", "one", 1) },
        chunk("a", "two", 1),
    ];
    let outcome = handle(&mut lane, &batch).await;
    let cause = |place: usize| match &outcome.verdicts[place] {
        Verdict::Refuse { cause, outputs } if outputs.is_empty() => cause.as_str(),
        other @ (Verdict::Done(_) | Verdict::Refuse { .. }) => panic!("{place} is not refused: {other:?}"),
    };
    assert!(cause(0).contains(space().as_str()) && cause(0).contains(other.as_str()), "{}", cause(0));
    assert!(cause(2).contains("not an embedded passage") && cause(3).contains("no header 'document'"));
    assert!(cause(4).contains("without the header 'version'"));
    assert_eq!(held(&engine).await, texts([("one", 1), ("two", 1)]));
}

#[tokio::test]
async fn an_item_that_the_engine_refuses_costs_its_own_dead_letter_only() {
    let engine = engine();
    let mut lane = opened(&stage(&engine), None).await;
    engine.inject(Fault::Refuse(id("a", "two").to_string()));
    let batch = [chunk("a", "one", 1), chunk("a", "two", 1), chunk("a", "three", 1)];
    assert_eq!(write(&mut lane, &batch).await, ("drd".to_owned(), None));
    assert_eq!(held(&engine).await, texts([("one", 1), ("three", 1)]));
}

#[tokio::test]
async fn an_index_made_for_something_else_is_not_opened() {
    let engine = engine();
    stage(&engine).open(stream::Partition::ONLY, None).await.unwrap();
    let wide = Names::new("test", &Generation { dimension: 3, ..generation() }).unwrap();
    let wide = WriteStage::new(engine.over(wide));
    let Err(trouble) = wide.open(stream::Partition::ONLY, None).await else { panic!("opened") };
    assert!(trouble.alarm && trouble.cause.contains("dimension"), "{trouble:?}");
}

/// A broker with the topics, and the log of `count` documents.
fn broker(count: usize) -> Memory {
    broker_of(1, count)
}

fn broker_of(partitions: i32, count: usize) -> Memory {
    let broker = Memory::default();
    broker.create(VECTORS, partitions);
    broker.create(DEAD, 1);
    for n in 0..count {
        append(&broker, &format!("k{n}"));
    }
    broker
}

fn append(broker: &Memory, key: &str) {
    append_to(broker, VECTORS, key);
}

fn append_to(broker: &Memory, topic: &str, key: &str) {
    for outgoing in [chunk(key, key, 1), record(key, &[key], 1)] {
        broker.append(&Outgoing { topic: topic.to_owned(), ..outgoing });
    }
}

/// Runs the worker while `driving` lasts.
async fn run(broker: &Memory, engine: &Engine, driving: impl Future<Output = ()>) {
    run_stage(broker, stage(engine), driving).await;
}

async fn run_stage(broker: &Memory, stage: WriteStage<Engine>, driving: impl Future<Output = ()>) {
    let plan = Plan {
        worker: "index",
        group: "index-s".to_owned(),
        input: VECTORS.to_owned(),
        alike: Vec::new(),
        dead_letters: DEAD.to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::AfterWrite,
        lanes: LaneSettings::default(),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = stream::run(broker.clone(), plan, stage, async { drop(stopped.await) });
    let driven = async {
        driving.await;
        drop(stop);
    };
    let ended = tokio::time::timeout(PATIENCE, async { tokio::join!(running, driven).0 }).await;
    ended.expect("done in time").unwrap();
}

async fn documents(engine: &Engine, count: u64) {
    while engine.count(Target::Documents).await.unwrap_or_default() < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn an_engine_that_is_away_or_busy_costs_waiting_and_nothing_is_lost() {
    for fault in [Fault::Unavailable, Fault::Lost, Fault::Busy(3)] {
        let (broker, engine) = (broker(4), engine());
        engine.inject(fault.clone());
        run(&broker, &engine, documents(&engine, 4)).await;
        assert_eq!(held(&engine).await.len(), 4, "{fault:?}");
        assert_eq!(broker.records(DEAD).len(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_stop_opens_the_lane_again_and_a_deleted_index_is_filled_from_the_start_of_the_log() {
    let (broker, engine) = (broker(4), engine());
    run(&broker, &engine, async {
        documents(&engine, 4).await;
        engine.drop_index(Target::Chunks);
        engine.drop_index(Target::Documents);
        append(&broker, "late");
        documents(&engine, 5).await;
    })
    .await;
    assert_eq!((held(&engine).await.len(), broker.records(DEAD).len()), (5, 0));
}

#[tokio::test]
async fn a_deleted_index_is_filled_from_every_partition_also_from_those_in_which_nothing_happens() {
    let (broker, engine) = (broker_of(4, 16), engine());
    run(&broker, &engine, async {
        documents(&engine, 16).await;
        engine.drop_index(Target::Chunks);
        engine.drop_index(Target::Documents);
        // A single record, in one partition, finds the index missing.
        append(&broker, "late");
        documents(&engine, 17).await;
    })
    .await;
    assert_eq!((held(&engine).await.len(), broker.records(DEAD).len()), (17, 0));
}

/// Runs a worker that checks its indexes often, drops them, and waits until they are filled again.
async fn filled_again(anew: impl AsyncFn(&Engine)) {
    let (broker, engine) = (broker_of(4, 16), engine());
    let stage = stage(&engine).checked_every(Duration::from_millis(20));
    run_stage(&broker, stage, async {
        documents(&engine, 16).await;
        engine.drop_index(Target::Chunks);
        engine.drop_index(Target::Documents);
        anew(&engine).await;
        documents(&engine, 16).await;
    })
    .await;
    assert_eq!((held(&engine).await.len(), broker.records(DEAD).len()), (16, 0));
}

#[tokio::test]
async fn a_deleted_index_is_filled_again_though_nothing_is_written() {
    filled_again(async |_| {}).await;
}

#[tokio::test]
async fn an_index_that_another_process_made_anew_is_filled_again() {
    filled_again(async |engine| drop(engine.ensure().await.unwrap())).await;
}

/// A snapshot that is restored over a closed index keeps the uuid.
#[tokio::test]
async fn an_index_that_went_back_to_an_earlier_state_is_filled_again() {
    let (broker, engine) = (broker_of(4, 16), engine());
    let stage = stage(&engine).checked_every(Duration::from_millis(20));
    run_stage(&broker, stage, async {
        documents(&engine, 16).await;
        engine.restore_empty(Target::Chunks);
        engine.restore_empty(Target::Documents);
        documents(&engine, 16).await;
        while held(&engine).await.len() < 16 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    // Also if no worker was running.
    engine.restore_empty(Target::Documents);
    run(&broker, &engine, documents(&engine, 16)).await;
    assert!(broker.records(DEAD).is_empty());
}

#[tokio::test]
async fn a_stop_for_any_other_reason_loses_nothing_and_writes_no_dead_letter() {
    let (broker, engine) = (broker(3), engine());
    engine.inject(Fault::Stop("the index is read-only".to_owned()));
    run(&broker, &engine, documents(&engine, 3)).await;
    assert_eq!((held(&engine).await.len(), broker.records(DEAD).len()), (3, 0));
}

#[tokio::test]
async fn a_refused_record_becomes_a_dead_letter_and_the_log_goes_on() {
    let (broker, engine) = (broker(1), engine());
    broker.append(&chunk_in(&Fingerprint::of(&[("space", "b")]), ("bad", "bad"), version(1)));
    append(&broker, "good");
    run(&broker, &engine, async {
        documents(&engine, 2).await;
        while broker.records(DEAD).is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    let letters = broker.records(DEAD);
    let letter: DeadLetter = serde_json::from_slice(letters[0].value.as_deref().unwrap()).unwrap();
    assert_eq!(
        (letters.len(), letter.stage.as_str(), letter.topic.as_str(), letter.offset),
        (1, "index", VECTORS, 2)
    );
    assert_eq!(letter.document.as_deref(), Some("docs/bad"));
}
