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
    let (plan, stage) = (Arc::new(plan), Arc::new(stage));
    tokio::pin!(stopping);
    let count = tokio::select! {
        () = &mut stopping => return Ok(()),
        checked = check_topics(&broker, &plan) => checked?,
    };
    let mut consumer = broker.subscribe(&plan.group, &plan.input, plan.lanes.queue_bytes)?;
    let mut lanes: HashMap<i32, Running> = HashMap::new();
    let (spent, mut overspent) = mpsc::unbounded_channel();
    let refusals = Arc::new(Refusals::new(plan.lanes.dead_letter_budget, spent));
    let mut troubles = Troubles::default();
    let ended = loop {
        let event = tokio::select! {
            biased;
            () = &mut stopping => break Ok(()),
            Some(error) = overspent.recv() => break Err(error),
            event = consumer.next() => event,
        };
        match event {
            Event::Assigned(partitions) => {
                info!(worker = plan.worker, ?partitions, "assigned");
                for number in partitions {
                    let task = |records, closing| LaneTask {
                        broker: broker.clone(),
                        stage: Arc::clone(&stage),
                        plan: Arc::clone(&plan),
                        partition: Partition { number, count },
                        membership: consumer.membership(),
                        records,
                        closing,
                        refusals: Arc::clone(&refusals),
                        stuck: Stuck::default(),
                    };
                    lanes.insert(number, start(task));
                }
            }
            Event::Revoked(partitions, released) => {
                info!(worker = plan.worker, ?partitions, "revoked");
                let taken = partitions.iter().filter_map(|p| lanes.remove(p)).collect();
                close(taken, plan.lanes.drain()).await;
                drop(released);
            }
            Event::Record(record) => {
                let partition = record.partition;
                let lane = lanes.get(&partition);
                if lane.is_some_and(|lane| lane.records.send(record).is_err()) {
                    break Err(StreamError::Fatal(format!("the lane of partition {partition} died (a bug)")));
                }
            }
            Event::Failed(error @ StreamError::Fatal(_)) => break Err(error),
            Event::Failed(error) => troubles.tell(plan.worker, &error),
        }
    };
    drain(&mut consumer, lanes, &plan).await;
    ended
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
