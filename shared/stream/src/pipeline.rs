#![expect(clippy::disallowed_methods, reason = "edge: starts the lanes' tasks, and joins them")]
//! Assignment of lanes: one task per assigned partition, closed when the partition is revoked or the worker stops.
//!
//! Shutdown and revocation take the same path: close, wait for the work in progress until the drain deadline, then drop
//! it. What was dropped was not committed, and is read again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backoff::Backoff;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::broker::{Broker, Consumer, Event, StreamError};
use crate::lane::{LaneTask, Refusals, Stuck};
use crate::plan::Plan;
use crate::record::Record;
use crate::stage::{Partition, Stage};

struct Running {
    records: mpsc::UnboundedSender<Record>,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// So long a group may leave a member without partitions and without a word before it joins anew. A rebalance ends with a word to
/// each member, if only that it gets nothing; it waits for members that drain (less than a minute), and for the offsets at which
/// partitions start (two minutes).
const SILENCE: Duration = Duration::from_secs(150);

/// Runs `stage` over the input until `stopping` is ready, then drains and leaves the group.
///
/// # Errors
/// [`StreamError::Fatal`] when waiting will not help: different partition counts, a spent dead-letter budget, a lane
/// that died, or a fatal error of the broker.
pub async fn run<B: Broker, S: Stage>(
    broker: B,
    plan: Plan,
    stage: S,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError> {
    tokio::pin!(stopping);
    let count = tokio::select! {
        () = &mut stopping => return Ok(()),
        checked = check_topics(&broker, &plan) => checked?,
    };
    let (spent, mut overspent) = mpsc::unbounded_channel();
    let mut seat = Seat::take(broker, plan, stage, (count, spent))?;
    let ended = loop {
        let event = tokio::select! {
            biased;
            () = &mut stopping => break Ok(()),
            Some(error) = overspent.recv() => break Err(error),
            event = seat.consumer.next() => event,
            () = silence(seat.asked) => {
                if let Err(error) = seat.take_again() {
                    break Err(error);
                }
                continue;
            }
        };
        if let Err(error) = seat.hear(event).await {
            break Err(error);
        }
    };
    let Seat { mut consumer, lanes, plan, .. } = seat;
    drain(&mut consumer, lanes, &plan).await;
    ended
}

/// Resolves when the group has said nothing for too long to a member that has `asked` for partitions.
async fn silence(asked: Option<Instant>) {
    match asked {
        Some(asked) => tokio::time::sleep_until(asked + SILENCE).await,
        None => std::future::pending().await,
    }
}

/// A member of the group, and the lanes of its partitions.
struct Seat<B: Broker, S: Stage> {
    broker: B,
    plan: Arc<Plan>,
    stage: Arc<S>,
    /// Partitions of the input.
    count: i32,
    consumer: B::Consumer,
    lanes: HashMap<i32, Running>,
    refusals: Arc<Refusals>,
    troubles: Troubles,
    /// Since when it has no partitions, and no word that it gets none.
    asked: Option<Instant>,
    /// The member before, while it leaves the group.
    leaving: Option<JoinHandle<()>>,
}

impl<B: Broker, S: Stage> Seat<B, S> {
    fn take(
        broker: B,
        plan: Plan,
        stage: S,
        (count, spent): (i32, mpsc::UnboundedSender<StreamError>),
    ) -> Result<Self, StreamError> {
        let consumer = broker.subscribe(&plan.group, &plan.input, plan.lanes.queue_bytes)?;
        let refusals = Arc::new(Refusals::new(plan.lanes.dead_letter_budget, spent));
        Ok(Self {
            broker,
            plan: Arc::new(plan),
            stage: Arc::new(stage),
            count,
            consumer,
            lanes: HashMap::new(),
            refusals,
            troubles: Troubles::default(),
            asked: Some(Instant::now()),
            leaving: None,
        })
    }

    /// Joins the group as another member. librdkafka can take a group for joined that has forgotten it, when brokers go away
    /// while a revocation is answered: it then neither reads nor asks.
    ///
    /// # Errors
    /// Fatal, when the member before the last has not come to its end either.
    fn take_again(&mut self) -> Result<(), StreamError> {
        let Plan { worker, group, input, lanes, .. } = self.plan.as_ref();
        warn!(
            worker,
            group,
            seconds = SILENCE.as_secs(),
            "the group gave no partitions and no word: joining it anew"
        );
        self.asked = Some(Instant::now());
        if self.leaving.as_ref().is_some_and(|leaving| !leaving.is_finished()) {
            return Err(StreamError::Fatal(format!(
                "a member of the group {group} does not come to its end: this process has to be started again"
            )));
        }
        match self.broker.subscribe(group, input, lanes.queue_bytes) {
            Ok(next) => {
                let former = std::mem::replace(&mut self.consumer, next);
                // It may block for a while, or for ever.
                self.leaving = Some(tokio::task::spawn_blocking(move || drop(former)));
                Ok(())
            }
            Err(error @ StreamError::Fatal(_)) => Err(error),
            Err(error) => {
                self.troubles.tell(worker, &error);
                Ok(())
            }
        }
    }

    /// Does what an event asks for.
    async fn hear(&mut self, event: Event) -> Result<(), StreamError> {
        let worker = self.plan.worker;
        match event {
            Event::Assigned(partitions) => {
                info!(worker, ?partitions, "assigned");
                self.asked = None;
                for number in partitions {
                    self.open(number);
                }
            }
            Event::Revoked(partitions, released) => {
                info!(worker, ?partitions, "revoked");
                let taken = partitions.iter().filter_map(|p| self.lanes.remove(p)).collect();
                close(taken, self.plan.lanes.drain()).await;
                drop(released);
                if self.lanes.is_empty() {
                    self.asked = Some(Instant::now());
                }
            }
            Event::Record(record) => {
                let partition = record.partition;
                let lane = self.lanes.get(&partition);
                if lane.is_some_and(|lane| lane.records.send(record).is_err()) {
                    return Err(StreamError::Fatal(format!(
                        "the lane of partition {partition} died (a bug)"
                    )));
                }
            }
            Event::Failed(error @ StreamError::Fatal(_)) => return Err(error),
            Event::Failed(error) => self.troubles.tell(worker, &error),
        }
        Ok(())
    }

    fn open(&mut self, number: i32) {
        let task = |records, closing| LaneTask {
            broker: self.broker.clone(),
            stage: Arc::clone(&self.stage),
            plan: Arc::clone(&self.plan),
            partition: Partition { number, count: self.count },
            membership: self.consumer.membership(),
            records,
            closing,
            refusals: Arc::clone(&self.refusals),
            stuck: Stuck::default(),
        };
        let lane = start(task);
        self.lanes.insert(number, lane);
    }
}

/// Closes every lane. Partitions that are revoked meanwhile are released as soon as the lanes have closed, so the group
/// does not wait any longer than that: a rebalance may have begun before the worker was told to stop.
async fn drain<C: Consumer>(consumer: &mut C, lanes: HashMap<i32, Running>, plan: &Plan) {
    let closing = close(lanes.into_values().collect(), plan.lanes.drain());
    tokio::pin!(closing);
    let mut revoked = Vec::new();
    loop {
        tokio::select! {
            () = &mut closing => return drop(revoked),
            event = consumer.next() => match event {
                Event::Revoked(_, released) => revoked.push(released),
                // The consumer is gone, so there is nobody to answer.
                Event::Failed(StreamError::Fatal(_)) => return closing.await,
                Event::Assigned(_) | Event::Record(_) | Event::Failed(_) => {}
            },
        }
    }
}

/// Waits until the topics exist, and rejects partition counts that would split a document's history. Returns the
/// input's count.
async fn check_topics<B: Broker>(broker: &B, plan: &Plan) -> Result<i32, StreamError> {
    let input = wait_for_topic(broker, plan, &plan.input).await?;
    wait_for_topic(broker, plan, &plan.dead_letters).await?;
    for topic in &plan.alike {
        let partitions = wait_for_topic(broker, plan, topic).await?;
        if partitions != input {
            return Err(StreamError::Fatal(format!(
                "topic {topic} has {partitions} partitions and {} has {input}: a document's history must stay in one \
                 partition; make a new set of topics with equal counts (millrace topics apply) and fill it by reconcile",
                plan.input
            )));
        }
    }
    Ok(input)
}

async fn wait_for_topic<B: Broker>(broker: &B, plan: &Plan, topic: &str) -> Result<i32, StreamError> {
    let mut delays = Backoff::SERVER.start();
    loop {
        match broker.partitions(topic).await {
            Ok(partitions) => return Ok(partitions),
            Err(StreamError::Unavailable(cause) | StreamError::Fenced(cause)) => {
                let delay = delays.next_delay(None);
                warn!(worker = plan.worker, topic, cause, ?delay, "waiting for the topic");
                tokio::time::sleep(delay).await;
            }
            Err(error @ StreamError::Fatal(_)) => return Err(error),
        }
    }
}

/// Starts a lane; `task` creates it from its ends of the channels.
fn start<B: Broker, S: Stage>(
    task: impl FnOnce(mpsc::UnboundedReceiver<Record>, watch::Receiver<bool>) -> LaneTask<B, S>,
) -> Running {
    let (records, receiver) = mpsc::unbounded_channel();
    let (closing, closed) = watch::channel(false);
    Running { records, closing, task: tokio::spawn(task(receiver, closed).run()) }
}

/// Logs the broker's errors now and then while it is unavailable: the client reports them several times a second.
#[derive(Default)]
struct Troubles {
    told: Option<Instant>,
    untold: u64,
}

impl Troubles {
    const EVERY: Duration = Duration::from_secs(10);

    fn tell(&mut self, worker: &str, error: &StreamError) {
        if self.told.is_some_and(|told| told.elapsed() < Self::EVERY) {
            self.untold += 1;
            return;
        }
        warn!(worker, cause = %error, more = self.untold, "broker trouble");
        (self.told, self.untold) = (Some(Instant::now()), 0);
    }
}

async fn close(lanes: Vec<Running>, drain: Duration) {
    for lane in &lanes {
        lane.closing.send_replace(true);
    }
    let deadline = Instant::now() + drain;
    for mut lane in lanes {
        if tokio::time::timeout_at(deadline, &mut lane.task).await.is_err() {
            warn!(?drain, "a lane did not finish in time: what it had in hand is dropped and comes again");
            lane.task.abort();
            drop(lane.task.await);
        }
    }
}

#[cfg(test)]
mod tests;
