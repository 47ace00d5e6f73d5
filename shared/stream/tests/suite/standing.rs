//! What is stored with a group's offset: progress of a replay, what a partition is waiting at, how old it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use message::{Checked, DeadLetter, Said, Skip};
use stream::broker::{Committed, Waiting};
use stream::{
    Delivery, Lane, Outcome, Outgoing, Partition, Plan, Record, Stage, Trouble, Verdict, wall_seconds,
};
use tokio::time::{Instant, timeout};

use super::{Bench, Copy, PATIENCE, copy, plan, publish, record, wait_for};

/// Writes a confirmation to `topic`, as the operator's command does.
async fn say<B: Bench>(bench: &B, topic: &str, said: &Said) {
    let value = Some(serde_json::to_vec(said).unwrap());
    publish(bench, vec![Outgoing { topic: topic.to_owned(), key: Some(vec![1]), value, headers: None }])
        .await;
}

/// Waits until what the group committed for partition 0 satisfies `wanted`.
async fn committed<B: Bench>(bench: &B, plan: &Plan, wanted: impl Fn(&Committed) -> bool) -> Committed {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = bench.committed(&plan.group, &plan.input).await;
        if let Some(found) = found.filter(|found| wanted(found)) {
            return found;
        }
        assert!(Instant::now() < deadline, "nothing was committed in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A replay that is stopped continues where it stopped, not from the start.
pub(crate) async fn a_replay_goes_on_where_it_stopped<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("again-in", 1).await, bench.topic("again-out", 1).await);
    let dead = bench.topic("again-dead", 1).await;
    let numbered = (0..100).map(|n| record(&input, &format!("k{n}"), &format!("v{n}")));
    publish(bench, numbered.collect()).await;
    let plan = Plan { delivery: Delivery::AfterWrite, ..plan(&input, &output, &dead) };
    let mut handled = Vec::new();
    // First everything, then part of the replay, then more of it.
    for (identity, until) in [("first", 100), ("second", 40), ("second", 40)] {
        let stage = Copy { identity: identity.to_owned(), ..copy(&output) };
        let seen = Arc::clone(&stage.handled);
        let running = Arc::clone(&seen);
        let stopping = async move {
            let deadline = Instant::now() + PATIENCE;
            while running.lock().unwrap().len() < until && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let slow = Slowly { stage, pause: Duration::from_millis(if identity == "first" { 0 } else { 20 }) };
        stream::run(bench.broker().clone(), plan.clone(), slow, stopping).await.unwrap();
        handled.push(seen.lock().unwrap().clone());
    }
    let (second, third) = (&handled[1], &handled[2]);
    assert!(second.len() >= 40 && second.len() < 100 && second[0] == 0, "{second:?}");
    let resumed = third[0];
    assert!(resumed > 20, "it began again at {resumed} after {} were written", second.len());
    assert!(resumed <= second[second.len() - 1] + 1, "records were left out: {second:?}, {third:?}");
}

/// A slow stage.
struct Slowly {
    stage: Copy,
    pause: Duration,
}

struct SlowLane<L>(L, Duration);

impl Stage for Slowly {
    type Lane = SlowLane<super::CopyLane>;

    async fn open(&self, partition: Partition, committed: Option<&Committed>) -> Result<Self::Lane, Trouble> {
        Ok(SlowLane(self.stage.open(partition, committed).await?, self.pause))
    }
}

impl<L: Lane> Lane for SlowLane<L> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        tokio::time::sleep(self.1).await;
        self.0.handle(batch).await
    }

    fn identity(&self) -> &str {
        self.0.identity()
    }
}

/// Waits at "stuck" forever, and handles everything else.
struct Stubborn;

impl Stage for Stubborn {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(Self)
    }
}

impl Lane for Stubborn {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let stuck = |record: &&Record| record.value.as_deref() != Some(b"stuck");
        let verdicts: Vec<Verdict> =
            batch.iter().take_while(stuck).map(|_| Verdict::Done(Vec::new())).collect();
        let retry = (verdicts.len() < batch.len()).then(|| Trouble::alarm("the moon is not full"));
        Outcome { verdicts, retry }
    }
}

/// A waiting partition reports the record, since when it waits and for what; an operator may have that record refused,
/// and only that one.
pub(crate) async fn what_a_partition_waits_at_is_told_and_may_be_skipped<B: Bench>(bench: &B) {
    let input = bench.topic("stuck-in", 1).await;
    let (dead, said) = (bench.topic("stuck-dead", 1).await, bench.topic("stuck-said", 1).await);
    let values = ["a", "b", "stuck", "c", "stuck"];
    publish(bench, values.iter().map(|value| record(&input, "k", value)).collect()).await;
    for delivery in [Delivery::Transactional, Delivery::AfterWrite] {
        let mut plan = plan(&input, &input, &dead);
        plan.group = format!("{input}-{delivery:?}");
        plan.confirmations.clone_from(&said);
        (plan.delivery, plan.lanes.told_after) = (delivery, Duration::ZERO);
        let began = wall_seconds();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = stream::run(bench.broker().clone(), plan.clone(), Stubborn, async {
            drop(stopped.await);
        });
        let person = async {
            let at = |offset: i64| {
                move |committed: &Committed| committed.memo.waiting.as_ref().map(|w| w.offset) == Some(offset)
            };
            let found = committed(bench, &plan, at(2)).await;
            let Some(Waiting { since, cause, .. }) = found.memo.waiting else { panic!("{found:?}") };
            assert_eq!((found.next, cause.as_str()), (2, "the moon is not full"));
            assert!((began..=wall_seconds()).contains(&since), "{since}");
            let skip = Skip {
                group: plan.group.clone(),
                topic: input.clone(),
                partition: 0,
                offset: 2,
                reason: "it is night".to_owned(),
                by: "a test".to_owned(),
            };
            say(bench, &said, &Said::Skip(Skip { offset: 4, group: "another".to_owned(), ..skip.clone() }))
                .await;
            say(bench, &said, &Said::Skip(skip)).await;
            let found = committed(bench, &plan, at(4)).await;
            assert_eq!(found.next, 4);
            drop(stop);
        };
        let (ended, ()) = tokio::join!(running, person);
        ended.unwrap();
    }
    let letters = wait_for(bench.broker(), &dead, 2).await;
    let causes: Vec<DeadLetter> =
        letters.iter().map(|r| serde_json::from_slice(r.value.as_deref().unwrap()).unwrap()).collect();
    assert_eq!(causes.iter().map(|letter| letter.offset).collect::<Vec<_>>(), [2, 2]);
    assert!(
        causes[0].cause.contains("a test: it is night") && causes[0].cause.contains("moon"),
        "{causes:?}"
    );
}

/// A worker that is stopped while its group rebalances answers within its drain deadline, and does not keep the others
/// waiting.
pub(crate) async fn a_worker_that_drains_answers_a_rebalance<B: Bench>(bench: &B) {
    let input = bench.topic("drain-in", 2).await;
    let dead = bench.topic("drain-dead", 1).await;
    publish(bench, (0..20).map(|n| record(&input, &format!("k{n}"), "v")).collect()).await;
    let mut plan = plan(&input, &input, &dead);
    plan.lanes.drain_seconds = 8;
    let begun = Arc::new(AtomicBool::new(false));
    let first = Endless(Arc::clone(&begun));
    let broker = bench.broker();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let work = async {
        let ended = stream::run(broker.clone(), plan.clone(), first, async { drop(stopped.await) }).await;
        (ended, Instant::now())
    };
    let second = copy(&dead);
    let opened = Arc::clone(&second.opened);
    let drive = async {
        while !begun.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let stopped_at = Instant::now();
        drop(stop);
        let over = async {
            while opened.lock().unwrap().len() < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let mut other = plan.clone();
        other.lanes.drain_seconds = 1;
        let taking = timeout(Duration::from_secs(40), over);
        let running = stream::run(broker.clone(), other, second, async { drop(taking.await) });
        running.await.unwrap();
        stopped_at
    };
    let ((ended, at), stopped_at) = tokio::join!(work, drive);
    ended.unwrap();
    let took = at.duration_since(stopped_at);
    assert!(took < Duration::from_secs(14), "it took {took:?} to stop");
    assert_eq!(opened.lock().unwrap().len(), 2, "the other member did not get both partitions");
}

/// Never finishes what it begins.
struct Endless(Arc<AtomicBool>);

impl Stage for Endless {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(Self(Arc::clone(&self.0)))
    }
}

impl Lane for Endless {
    async fn handle(&mut self, _: &[Record]) -> Outcome {
        self.0.store(true, Ordering::Relaxed);
        std::future::pending().await
    }
}

/// A partition that was not read for longer than its log keeps deletions says so, until a later comparison finds no
/// difference.
pub(crate) async fn a_reader_that_was_away_for_too_long_is_told<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic("old-in", 1).await, bench.topic("old-out", 1).await);
    let (dead, said) = (bench.topic("old-dead", 1).await, bench.topic("old-said", 1).await);
    let mut plan = plan(&input, &output, &dead);
    plan.confirmations.clone_from(&said);
    for (times, is_stale) in [(1, false), (2, true), (3, true), (4, false)] {
        // Only the second run counts as late, however slow the machine is.
        plan.lanes.stale_after_seconds = if times == 2 { 1 } else { 3_600 };
        publish(bench, vec![record(&input, "k", "v")]).await;
        if times == 4 {
            let checked_at = wall_seconds() + 60;
            say(bench, &said, &Said::Checked(Checked { checked_at, by: "a test".to_owned() })).await;
        }
        let broker = bench.broker().clone();
        let done = async { drop(wait_for(&broker, &output, times).await) };
        stream::run(broker.clone(), plan.clone(), copy(&output), done).await.unwrap();
        let found = committed(bench, &plan, |found| found.next >= i64::try_from(times).unwrap()).await;
        assert_eq!(found.memo.stale.is_some(), is_stale, "{times}: {found:?}");
        // Away for more than a second once, before the second run.
        tokio::time::sleep(Duration::from_millis(if times == 1 { 2100 } else { 0 })).await;
    }
}

/// Has no server for some time after its first batch, then handles everything.
struct Away(Arc<std::sync::Mutex<Option<Instant>>>);

impl Stage for Away {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(Self(Arc::clone(&self.0)))
    }
}

impl Lane for Away {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let first = *self.0.lock().unwrap().get_or_insert_with(Instant::now);
        if first.elapsed() < Duration::from_secs(4) {
            let retry_after = Some(Duration::from_millis(100));
            let away = Trouble { retry_after, ..Trouble::wait("the server is away") };
            return Outcome { verdicts: Vec::new(), retry: Some(away) };
        }
        Outcome { verdicts: batch.iter().map(|_| Verdict::Done(Vec::new())).collect(), retry: None }
    }
}

/// A worker that keeps running while its server is away for too long has missed as much as one that was stopped:
/// retrying is not reading.
pub(crate) async fn a_reader_whose_server_was_away_for_too_long_is_told<B: Bench>(bench: &B) {
    let (input, dead) = (bench.topic("away-in", 1).await, bench.topic("away-dead", 1).await);
    publish(bench, vec![record(&input, "k", "v")]).await;
    let mut plan = Plan { delivery: Delivery::AfterWrite, ..plan(&input, &input, &dead) };
    plan.lanes.stale_after_seconds = 2;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stage = Away(Arc::default());
    let running = stream::run(bench.broker().clone(), plan.clone(), stage, async { drop(stopped.await) });
    let watching = async {
        let found = committed(bench, &plan, |found| found.next == 1).await;
        drop(stop);
        found
    };
    let (ended, found) = tokio::join!(running, watching);
    ended.unwrap();
    assert!(found.memo.stale.is_some(), "{found:?}");
}

/// Takes its time for each record.
struct Slow;

impl Stage for Slow {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(Self)
    }
}

impl Lane for Slow {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        tokio::time::sleep(Duration::from_millis(700)).await;
        Outcome { verdicts: batch.iter().map(|_| Verdict::Done(Vec::new())).collect(), retry: None }
    }
}

/// A worker that never stops reading, and is behind for longer than the log keeps deletions, may have missed some as well: a
/// passage that it wrote may be deleted by a record that is gone before it comes there. One that keeps up has missed none.
pub(crate) async fn a_reader_that_reads_on_and_stays_too_far_behind_is_told<B: Bench>(bench: &B) {
    for (name, limit, is_stale) in [("slow", 2, true), ("soon", 3_600, false)] {
        let (input, dead) =
            (bench.topic(&format!("{name}-in"), 1).await, bench.topic(&format!("{name}-dead"), 1).await);
        publish(bench, (0..8).map(|n| record(&input, &format!("k{n}"), "v")).collect()).await;
        let mut plan = Plan { delivery: Delivery::AfterWrite, ..plan(&input, &input, &dead) };
        (plan.lanes.stale_after_seconds, plan.lanes.batch.batch_records) = (limit, 1);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = stream::run(bench.broker().clone(), plan.clone(), Slow, async { drop(stopped.await) });
        let watching = async {
            let found = committed(bench, &plan, |found| found.next == 8).await;
            drop(stop);
            found
        };
        let (ended, found) = tokio::join!(running, watching);
        ended.unwrap();
        assert_eq!(found.memo.stale.is_some(), is_stale, "{name}: {found:?}");
    }
}
