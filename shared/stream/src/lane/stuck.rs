//! What a partition is waiting at, reported to operators, and their answers.
//!
//! A partition that has waited for long commits what it is waiting at with its offset, so that `millrace status` needs
//! no access to the worker. An operator may have that one record refused (`millrace skip`): the lane reads the topic
//! `confirmations` while it waits.

use futures::stream::TryStreamExt as _;
use message::{Said, Skip};
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{Ended, LaneTask, Opened, trouble_of};
use crate::boottime::wall_seconds;
use crate::broker::{Broker, Membership, Publisher, StreamError, Waiting};
use crate::record::Record;
use crate::stage::{Stage, Verdict};

/// What a lane is waiting at, and the answers to it.
#[derive(Debug, Default)]
pub(crate) struct Stuck {
    /// When it began to wait, by two clocks; none while records move.
    since: Option<(Instant, u64)>,
    /// The record, if it is known: trouble may occur before any record is handled.
    at: Option<i64>,
    /// What was reported.
    waiting: Option<Waiting>,
    /// Records that an operator wants refused.
    skips: Vec<Skip>,
    /// Start of the latest comparison that found no difference, in seconds since 1970.
    checked: u64,
    /// The next offset to read of the topic `confirmations`.
    heard: i64,
}

impl Stuck {
    /// Forgets what it was waiting at, because records have moved.
    pub(super) fn clear(&mut self) {
        (self.since, self.at, self.waiting) = (None, None, None);
    }

    /// Sets the record it is waiting at.
    pub(super) fn stand_at(&mut self, record: Option<&Record>) {
        self.at = record.map(|record| record.offset);
    }

    /// What is committed with the offset.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        self.waiting.clone()
    }

    /// The refusal of the first record of `batch`, if an operator asked for it. If trouble came before the record was
    /// known, the group's offset `next` was reported instead, and the record there may have been compacted away.
    pub(super) fn skipped(&self, batch: &[Record], next: i64) -> Option<Verdict> {
        let first = batch.first()?.offset;
        let is_it = |skip: &&Skip| skip.offset == first || (next..=first).contains(&skip.offset);
        let skip = self.skips.iter().find(is_it)?;
        let cause = self.waiting.as_ref().map(|waiting| format!("; it waited for: {}", waiting.cause));
        Some(Verdict::refuse(format!("skipped by {}: {}{}", skip.by, skip.reason, cause.unwrap_or_default())))
    }
}

impl<B: Broker, S: Stage> LaneTask<B, S> {
    /// After waiting for some time, reports the record and the cause, and looks for an operator's answer.
    pub(super) async fn ask_for_help(&mut self, cause: &str) {
        let (since, wall) = *self.stuck.since.get_or_insert_with(|| (Instant::now(), wall_seconds()));
        if since.elapsed() < self.plan.lanes.told_after {
            return;
        }
        let told = self.tell(wall, cause).await;
        if let Err(error) = told {
            debug!(worker = self.plan.worker, %error, "what the partition waits at could not be told");
        }
        if let Err(error) = self.listen().await {
            debug!(worker = self.plan.worker, %error, "no answers can be read");
        }
    }

    /// Commits what the partition is waiting at with the current offset.
    async fn tell(&mut self, since: u64, cause: &str) -> Result<(), StreamError> {
        let number = self.partition.number;
        let mut committed = self.membership.committed(number).await?.unwrap_or_default();
        let waiting = Waiting::new(self.stuck.at.unwrap_or(committed.next), since, cause);
        if self.stuck.waiting.as_ref() == Some(&waiting) {
            return Ok(());
        }
        self.stuck.waiting = Some(waiting.clone());
        committed.memo.waiting = Some(waiting);
        let mut publisher = self.broker.after_write()?;
        publisher.publish(Vec::new(), &self.membership, number, committed).await.map(drop)
    }

    /// Reads the confirmations since the last call.
    async fn listen(&mut self) -> Result<(), StreamError> {
        let mut records = self.broker.reading(&self.plan.confirmations, 0, self.stuck.heard);
        while let Some(record) = records.try_next().await? {
            self.stuck.heard = record.offset + 1;
            match Said::parse(record.value.as_deref().unwrap_or_default()) {
                Ok(Said::Skip(skip)) if self.is_meant(&skip) => self.stuck.skips.push(skip),
                Ok(Said::Checked(checked)) => self.stuck.checked = checked.checked_at.max(self.stuck.checked),
                Ok(_) => {}
                Err(error) => warn!(topic = %record.topic, offset = record.offset, error, "not understood"),
            }
        }
        Ok(())
    }

    fn is_meant(&self, skip: &Skip) -> bool {
        skip.group == self.plan.group
            && skip.topic == self.plan.input
            && skip.partition == self.partition.number
    }

    /// Commits that the partition has been read up to now, so that its age is right.
    pub(super) async fn stay_young(&mut self, opened: &mut Opened<B, S>) -> Result<(), Ended> {
        self.hear_checked(opened).await.map_err(|error| Ended::Trouble(trouble_of(&error)))?;
        let mut standing = opened.standing.clone();
        self.grow_old(&mut standing.memo, None);
        let published = self.publish(opened, Vec::new(), standing).await;
        published.map(drop).map_err(|error| Ended::Trouble(trouble_of(&error)))
    }

    /// Clears the mark that deletions may have been missed, if a later comparison found no difference.
    pub(super) async fn hear_checked(&mut self, opened: &mut Opened<B, S>) -> Result<(), StreamError> {
        let Some(stale) = opened.standing.memo.stale else { return Ok(()) };
        self.listen().await?;
        if self.stuck.checked > stale {
            opened.standing.memo.stale = None;
        }
        Ok(())
    }
}
