//! One partition, from opening to closing: open, take a batch, let the stage answer, publish, commit, repeat.
//!
//! Guarantees: records are handled in order; a record that is to be retried is handled again before anything after it;
//! after a failed commit the stage is reopened, and nothing below the group's committed offset is handled twice. A lane
//! never ends by itself: it waits out trouble until it is closed.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backoff::{Backoff, Delays};
use fault::Place;
use telemetry::{Counter, count};
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use crate::boottime::Boottime;
use crate::broker::{Broker, Committed, Published, Publisher, StreamError};
use crate::budget::Budget;
use crate::plan::Plan;
use crate::record::{Outgoing, Record};
use crate::stage::{Lane, Outcome, Partition, Stage, Trouble, Verdict};

pub(crate) use self::stuck::Stuck;

/// What a lane needs.
pub(crate) struct LaneTask<B: Broker, S: Stage> {
    pub(crate) broker: B,
    pub(crate) stage: Arc<S>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) partition: Partition,
    pub(crate) membership: B::Membership,
    pub(crate) records: mpsc::UnboundedReceiver<Record>,
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) refusals: Arc<Refusals>,
    /// The record it is waiting at, if any.
    pub(crate) stuck: Stuck,
}

/// The refusal budget shared by the lanes of a worker.
pub(crate) struct Refusals {
    budget: Mutex<Budget>,
    spent: mpsc::UnboundedSender<StreamError>,
}

impl Refusals {
    pub(crate) fn new(most: usize, spent: mpsc::UnboundedSender<StreamError>) -> Self {
        Self { budget: Mutex::new(Budget::new(most)), spent }
    }
}

/// Why a lane stopped working.
enum Ended {
    Closed,
    Trouble(Trouble),
    /// Too many records were refused: the worker ends, and nothing of the batch is written.
    Spent(String),
}

/// Before something is written to a sink, the group must have confirmed within this time that the partition is ours.
const PROVED_EVERY: Duration = Duration::from_secs(30);

/// An opened partition.
struct Opened<B: Broker, S: Stage> {
    publisher: B::Publisher,
    lane: S::Lane,
    /// What the group has committed: records below its offset are done.
    standing: Committed,
    /// The log is not the one that was read before, so the consumer may have started anywhere: see [`again`].
    rewound: bool,
    /// The last offset that the consumer delivered.
    heard: Option<i64>,
    /// When the group last confirmed that the partition is ours. Not used with transactions, which are fenced instead.
    proved: Option<Boottime>,
}

impl<B: Broker, S: Stage> LaneTask<B, S> {
    /// Works until it is closed.
    pub(crate) async fn run(mut self) {
        let mut pending = VecDeque::new();
        let mut delays = Backoff::SERVER.start();
        loop {
            match self.work(&mut pending, &mut delays).await {
                Ended::Closed => return,
                Ended::Trouble(trouble) => {
                    if self.wait_out(&trouble, pending.front(), &mut delays).await.is_break() {
                        return;
                    }
                }
                Ended::Spent(cause) => {
                    drop(self.refusals.spent.send(StreamError::Fatal(cause)));
                    // The worker is ending and closes its lanes.
                    drop(self.closing.wait_for(|closing| *closing).await);
                    return;
                }
            }
        }
    }

    /// Opens the partition and handles batches until something goes wrong.
    async fn work(&mut self, pending: &mut VecDeque<Record>, delays: &mut Delays) -> Ended {
        let mut opened = match self.open().await {
            Ok(opened) => opened,
            Err(trouble) => return Ended::Trouble(trouble),
        };
        info!(
            worker = self.plan.worker,
            partition = self.partition.number,
            start = opened.standing.next,
            "partition opened"
        );
        if let Err(ended) = self.handle_again(&mut opened, delays).await {
            return ended;
        }
        loop {
            let size = match self.fill(pending, &mut opened).await {
                Ok(size) => size,
                Err(ended) => return ended,
            };
            fault::strike(Place::AfterFetch);
            let first = pending.front().map_or(0, |record| record.offset);
            if let Err(ended) = self.close_gap(&mut opened, first, delays).await {
                return ended;
            }
            if let Err(ended) = self.step(&mut opened, pending, (size, delays)).await {
                return ended;
            }
        }
    }

    /// Handles the first `size` records of `pending`, settles the answers, and does what the stage asks for.
    async fn step(
        &mut self,
        opened: &mut Opened<B, S>,
        pending: &mut VecDeque<Record>,
        (size, delays): (usize, &mut Delays),
    ) -> Result<(), Ended> {
        self.prove(opened).await.map_err(Ended::Trouble)?;
        let batch = pending.make_contiguous().get(..size).unwrap_or_default();
        let outcome = match self.stuck.skipped(batch, opened.standing.next) {
            Some(verdict) => Outcome { verdicts: vec![verdict], retry: None },
            None => opened.lane.handle(batch).await,
        };
        let done = outcome.verdicts.len().min(size);
        let retry = outcome.retry.clone();
        if done > 0 {
            self.stuck.clear();
            self.settle(opened, batch, outcome).await?;
            pending.drain(..done);
            *delays = Backoff::SERVER.start();
        }
        self.stuck.stand_at(pending.front());
        self.obey(retry, done > 0, pending.front(), delays).await
    }

    /// Does what a stage asked for after a batch: continues, waits `at` a record, or ends in order to be reopened.
    async fn obey(
        &mut self,
        retry: Option<Trouble>,
        moved: bool,
        at: Option<&Record>,
        delays: &mut Delays,
    ) -> Result<(), Ended> {
        match retry {
            None if moved => Ok(()),
            None => Err(Ended::Trouble(Trouble::alarm("the stage gave neither verdict nor retry (a bug)"))),
            Some(trouble) if trouble.reopen => Err(Ended::Trouble(trouble)),
            Some(trouble) => match self.wait_out(&trouble, at, delays).await {
                ControlFlow::Break(()) => Err(Ended::Closed),
                ControlFlow::Continue(()) => Ok(()),
            },
        }
    }

    /// Waits for at least one record and takes what else is there, within the batch limits.
    async fn fill(
        &mut self,
        pending: &mut VecDeque<Record>,
        opened: &mut Opened<B, S>,
    ) -> Result<usize, Ended> {
        loop {
            if *self.closing.borrow() {
                return Err(Ended::Closed);
            }
            while let Ok(record) = self.records.try_recv() {
                self.hear(opened, pending, record).await?;
            }
            pending.retain(|record| record.offset >= opened.standing.next);
            let (mut records, mut bytes) = (0, 0);
            for record in pending.iter() {
                if self.plan.lanes.batch.is_full(records, bytes, record.bytes()) {
                    break;
                }
                records += 1;
                bytes += record.bytes();
            }
            if records > 0 {
                return Ok(records);
            }
            tokio::select! {
                _ = self.closing.changed() => return Err(Ended::Closed),
                record = self.records.recv() => self.hear(opened, pending, record.ok_or(Ended::Closed)?).await?,
                trouble = opened.lane.lost() => return Err(Ended::Trouble(trouble)),
                () = tokio::time::sleep(self.plan.lanes.idle()) => self.stay_young(opened).await?,
            }
        }
    }

    /// Writes what the verdicts on the first records of `batch` ask for, commits, and tells the lane.
    async fn settle(
        &self,
        opened: &mut Opened<B, S>,
        batch: &[Record],
        outcome: Outcome,
    ) -> Result<(), Ended> {
        self.spend(&outcome)?;
        let (mut outputs, mut committed) = (Vec::new(), opened.standing.clone());
        let last = batch.get(..outcome.verdicts.len()).and_then(<[Record]>::last);
        if let Some(last) = last {
            committed.pass(last);
        }
        for (record, verdict) in batch.iter().zip(outcome.verdicts) {
            outputs.extend(self.outputs(record, verdict).map_err(Ended::Trouble)?);
        }
        committed.memo.note = opened.lane.note();
        self.grow_old(&mut committed.memo, last);
        let published = self.publish(opened, outputs, committed).await;
        let published = published.map_err(|error| Ended::Trouble(trouble_of(&error)))?;
        fault::strike(Place::AfterCommit);
        opened.lane.committed(&published).await.map_err(Ended::Trouble)
    }

    /// Charges refusals to the worker's budget.
    fn spend(&self, outcome: &Outcome) -> Result<(), Ended> {
        let refused: Vec<bool> =
            outcome.verdicts.iter().map(|verdict| matches!(verdict, Verdict::Refuse { .. })).collect();
        if self.refusals.budget.lock().unwrap_or_else(PoisonError::into_inner).take(&refused) {
            return Ok(());
        }
        let last = outcome.verdicts.iter().rev().find_map(|verdict| match verdict {
            Verdict::Refuse { cause, .. } => Some(cause.as_str()),
            Verdict::Done(_) => None,
        });
        let (most, last) = (self.plan.lanes.dead_letter_budget, last.unwrap_or_default());
        Err(Ended::Spent(format!(
            "the dead-letter budget is spent: more than {most} of the last {} records had to be refused, which looks like \
             a fault of the whole and not of files. The last cause: {last}. Mend it and start again (nothing of this \
             batch was committed), or raise MILLRACE_DEAD_LETTER_BUDGET",
            most.saturating_mul(2)
        )))
    }

    /// Writes the records and moves the group's offset.
    async fn publish(
        &self,
        opened: &mut Opened<B, S>,
        outputs: Vec<Outgoing>,
        mut committed: Committed,
    ) -> Result<Published, StreamError> {
        let at = Boottime::now();
        committed.memo.waiting = self.stuck.waiting();
        let published = opened
            .publisher
            .publish(outputs, &self.membership, self.partition.number, committed.clone())
            .await?;
        opened.standing = committed;
        opened.proved = Some(at);
        Ok(published)
    }

    /// What a verdict asks to write.
    fn outputs(&self, record: &Record, verdict: Verdict) -> Result<Vec<Outgoing>, Trouble> {
        let (cause, mut outputs) = match verdict {
            Verdict::Done(outputs) => {
                count(Counter::RecordsDone, 1);
                return Ok(outputs);
            }
            Verdict::Refuse { cause, outputs } => (cause, outputs),
        };
        count(Counter::RecordsRefused, 1);
        warn!(
            topic = %record.topic, partition = record.partition, offset = record.offset,
            key = record.key_text(), trace = record.trace(), cause, "refused: see dead-letters"
        );
        outputs.push(self.dead_letter(record, &cause).map_err(|error| trouble_of(&error))?);
        Ok(outputs)
    }

    fn dead_letter(&self, record: &Record, cause: &str) -> Result<Outgoing, StreamError> {
        let letter = record.refused(self.plan.worker, cause);
        let value = serde_json::to_vec(&letter).map_err(|error| StreamError::Fatal(error.to_string()))?;
        Ok(Outgoing {
            topic: self.plan.dead_letters.clone(),
            key: record.key.clone(),
            value: Some(value),
            headers: record.parse_headers().ok(),
        })
    }

    /// Logs what is wrong and waits; breaks if the lane is closed meanwhile.
    async fn wait_out(
        &mut self,
        trouble: &Trouble,
        at: Option<&Record>,
        delays: &mut Delays,
    ) -> ControlFlow<()> {
        let delay = delays.next_delay(trouble.retry_after);
        count(Counter::Retries, 1);
        let (worker, partition, cause) = (self.plan.worker, self.partition.number, trouble.cause.as_str());
        let (offset, trace) = (at.map(|record| record.offset), at.and_then(Record::trace));
        if trouble.alarm {
            error!(worker, partition, offset, trace, cause, ?delay, "partition waits; someone must act");
        } else {
            warn!(worker, partition, offset, trace, cause, ?delay, "partition waits");
        }
        if *self.closing.borrow() {
            return ControlFlow::Break(());
        }
        self.ask_for_help(&trouble.cause).await;
        tokio::select! {
            _ = self.closing.changed() => ControlFlow::Break(()),
            () = tokio::time::sleep(delay) => ControlFlow::Continue(()),
        }
    }
}

fn trouble_of(error: &StreamError) -> Trouble {
    match error {
        StreamError::Unavailable(cause) | StreamError::Fenced(cause) => Trouble::wait(cause),
        StreamError::Fatal(cause) => Trouble::alarm(cause),
    }
}

mod again;
mod open;
mod stuck;
#[cfg(test)]
mod tests;
