//! Handling the log again, because what it was written to is gone.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use backoff::Delays;
use tracing::{info, warn};

use super::{Ended, LaneTask, Opened, trouble_of};
use crate::broker::{Broker, Committed, StreamError};
use crate::record::Record;
use crate::stage::{Lane, Outcome, Stage, Verdict};

impl<B: Broker, S: Stage> LaneTask<B, S> {
    /// Handles the log again from its start up to where the group stands, because what it was written to is gone. The
    /// group's offset stays until all of it is done; a crash begins again.
    pub(super) async fn replay(
        &mut self,
        opened: &mut Opened<B, S>,
        delays: &mut Delays,
    ) -> Result<(), Ended> {
        let (worker, partition, until) = (self.plan.worker, self.partition.number, opened.standing.next);
        warn!(
            worker,
            partition, until, "what was written before is gone: writing the log again from its start"
        );
        let mut from = 0;
        while from < until {
            let (records, next) =
                self.piece(from, until).await.map_err(|error| Ended::Trouble(trouble_of(&error)))?;
            let mut done = 0;
            while done < records.len() {
                if *self.closing.borrow() {
                    return Err(Ended::Closed);
                }
                let end = records.len().min(done + self.plan.lanes.batch.batch_records.max(1));
                let batch = records.get(done..end).unwrap_or_default();
                self.prove(opened).await.map_err(Ended::Trouble)?;
                let mut outcome = opened.lane.handle(batch).await;
                let (moved, retry) = (outcome.verdicts.len(), outcome.retry.take());
                self.tell(opened, batch, outcome).await?;
                done += moved;
                self.obey(retry, moved > 0, records.get(done), delays).await?;
            }
            if records.is_empty() {
                break;
            }
            from = next;
        }
        let committed = Committed { next: until, identity: opened.lane.identity().to_owned() };
        self.publish(opened, Vec::new(), committed)
            .await
            .map_err(|error| Ended::Trouble(trouble_of(&error)))?;
        info!(worker, partition, until, "the log is written again");
        Ok(())
    }

    /// Writes the dead letters of records that were handled again; the group's offset stays where it is.
    async fn tell(&self, opened: &mut Opened<B, S>, batch: &[Record], outcome: Outcome) -> Result<(), Ended> {
        self.spend(&outcome)?;
        let mut letters = Vec::new();
        for (record, verdict) in batch.iter().zip(outcome.verdicts) {
            if matches!(verdict, Verdict::Refuse { .. }) {
                letters.extend(self.outputs(record, verdict).map_err(Ended::Trouble)?);
            }
        }
        if letters.is_empty() {
            return Ok(());
        }
        let standing = opened.standing.clone();
        let told = self.publish(opened, letters, standing).await;
        told.map(drop).map_err(|error| Ended::Trouble(trouble_of(&error)))
    }

    /// Records from offset `from` on and below `until`, as many as may wait in this process; and where the next begin.
    async fn piece(&self, from: i64, until: i64) -> Result<(Vec<Record>, i64), StreamError> {
        let records = Arc::new(Mutex::new(Vec::new()));
        let (filling, most, mut bytes) = (Arc::clone(&records), self.plan.lanes.queue_bytes, 0);
        let each = move |record: Record| {
            if record.offset >= until {
                return ControlFlow::Break(());
            }
            bytes += record.bytes();
            filling.lock().unwrap_or_else(PoisonError::into_inner).push(record);
            if bytes > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let next = self.broker.read(&self.plan.input, self.partition.number, from, each).await?;
        let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((std::mem::take(&mut records), next))
    }
}
