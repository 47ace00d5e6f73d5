//! Handling records again, because what they were written to is gone or because the log is another one.

use std::collections::VecDeque;

use backoff::Delays;
use futures::stream::TryStreamExt as _;
use tracing::{info, warn};

use super::{Ended, LaneTask, Opened, trouble_of};
use crate::broker::{Broker, Reading};
use crate::record::Record;
use crate::stage::{Stage, Trouble};

impl<B: Broker, S: Stage> LaneTask<B, S> {
    /// Handles again what must be, before anything new: up to the group's offset if what it wrote is gone, up to the
    /// end if the log is another one. Progress is committed, so that it continues from there after a crash.
    pub(super) async fn handle_again(
        &mut self,
        opened: &mut Opened<B, S>,
        delays: &mut Delays,
    ) -> Result<(), Ended> {
        let (worker, partition) = (self.plan.worker, self.partition.number);
        if opened.rewound {
            return self.handle_from(opened, (0, i64::MAX), delays).await;
        }
        let Some(from) = opened.standing.memo.replayed else { return Ok(()) };
        let until = opened.standing.next;
        warn!(worker, partition, from, until, "what was written before is gone: writing the log again");
        self.handle_from(opened, (from, until), delays).await?;
        let mut committed = opened.standing.clone();
        committed.memo.replayed = None;
        let published = self.publish(opened, Vec::new(), committed).await;
        published.map_err(|error| Ended::Trouble(trouble_of(&error)))?;
        info!(worker, partition, until, "the log is written again");
        Ok(())
    }

    /// If the log turned out to be another one, the consumer may have started anywhere. Reads the records between the
    /// last one handled and the first one that the consumer delivers.
    pub(super) async fn close_gap(
        &mut self,
        opened: &mut Opened<B, S>,
        first: i64,
        delays: &mut Delays,
    ) -> Result<(), Ended> {
        if std::mem::take(&mut opened.rewound) && first > opened.standing.next {
            let next = opened.standing.next;
            return self.handle_from(opened, (next, first), delays).await;
        }
        Ok(())
    }

    /// Takes a record from the consumer. A record below the group's offset is dropped later, because it was handled
    /// before. But if the consumer goes back, the log may have lost its end under this lane, and the record may be
    /// another one. That is checked here and not only on opening: brokers that return within the group's session
    /// timeout revoke no partition, so no lane is opened.
    pub(super) async fn hear(
        &self,
        opened: &mut Opened<B, S>,
        pending: &mut VecDeque<Record>,
        record: Record,
    ) -> Result<(), Ended> {
        let goes_back = opened.heard.is_none_or(|heard| record.offset <= heard);
        opened.heard = Some(record.offset);
        let is_below = record.offset < opened.standing.next;
        pending.push_back(record);
        if is_below && goes_back && self.lost_its_end(&opened.standing).await.map_err(Ended::Trouble)? {
            let cause = "the log is another one than was read: the partition is opened anew";
            return Err(Ended::Trouble(Trouble { reopen: true, ..Trouble::wait(cause) }));
        }
        Ok(())
    }

    /// Handles the records from offset `from` to below `until`, with a single reader.
    async fn handle_from(
        &mut self,
        opened: &mut Opened<B, S>,
        (from, until): (i64, i64),
        delays: &mut Delays,
    ) -> Result<(), Ended> {
        let mut records = self.broker.reading(&self.plan.input, self.partition.number, from);
        let (mut pending, mut is_over) = (VecDeque::new(), false);
        loop {
            is_over = is_over || self.read_on(&mut records, &mut pending, until).await?;
            if pending.is_empty() {
                return Ok(());
            }
            if *self.closing.borrow() {
                return Err(Ended::Closed);
            }
            let size = pending.len();
            self.step(opened, &mut pending, (size, delays)).await?;
        }
    }

    /// Fills `pending` up to the batch limits; true if there is nothing more below `until`.
    async fn read_on(
        &mut self,
        records: &mut Reading,
        pending: &mut VecDeque<Record>,
        until: i64,
    ) -> Result<bool, Ended> {
        let mut bytes: usize = pending.iter().map(Record::bytes).sum();
        // The limits are checked before a record is read, because it cannot be put back: a batch may exceed them by one
        // record.
        while !self.plan.lanes.batch.is_full(pending.len(), bytes, 0) {
            let record = tokio::select! {
                _ = self.closing.changed() => return Err(Ended::Closed),
                record = records.try_next() => record.map_err(|error| Ended::Trouble(trouble_of(&error)))?,
            };
            match record {
                Some(record) if record.offset < until => {
                    bytes += record.bytes();
                    pending.push_back(record);
                }
                _ => return Ok(true),
            }
        }
        Ok(false)
    }
}
