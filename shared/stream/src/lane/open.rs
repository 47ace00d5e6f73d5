//! Opening a partition: who may write, whether the log is the one read before, and where to start.

use fault::Mechanism;
use tracing::{debug, error};

use super::{LaneTask, Opened, PROVED_EVERY, trouble_of};
use crate::boottime::{Boottime, wall_seconds};
use crate::broker::{Broker, Committed, Membership, Memo, Publisher};
use crate::committed::digest_of;
use crate::plan::{Delivery, transactional_id};
use crate::record::Record;
use crate::stage::{Lane, Stage, Trouble};

impl<B: Broker, S: Stage> LaneTask<B, S> {
    /// Fences the previous owner, fetches the group's offset, and opens the stage, in this order.
    pub(super) async fn open(&mut self) -> Result<Opened<B, S>, Trouble> {
        let publisher = match self.plan.delivery {
            Delivery::Transactional => {
                let id = transactional_id(&self.plan.group, &self.plan.input, self.partition.number);
                self.broker.transactional(&id, crate::broker::LANE_TRANSACTION).await
            }
            Delivery::AfterWrite => self.broker.after_write(),
        }
        .map_err(|error| trouble_of(&error))?;
        let committed = self.membership.committed(self.partition.number).await;
        let committed = committed.map_err(|error| trouble_of(&error))?;
        let rewound = match &committed {
            Some(committed) => self.lost_its_end(committed).await?,
            None => false,
        };
        let lane = self.stage.open(self.partition, committed.as_ref()).await?;
        let mut standing = committed.clone().unwrap_or_else(|| Committed {
            memo: Memo { at: wall_seconds(), ..Memo::default() },
            ..Committed::default()
        });
        if committed.is_some_and(|committed| !lane.follows(&committed.memo.identity))
            && !fault::is_off(Mechanism::IdentityReplay)
        {
            standing.memo.replayed = Some(0);
        }
        lane.identity().clone_into(&mut standing.memo.identity);
        if rewound {
            (standing.next, standing.memo.last, standing.memo.replayed) = (0, String::new(), None);
        }
        let mut opened = Opened { publisher, lane, standing, rewound, heard: None, proved: None };
        if let Err(error) = self.hear_checked(&mut opened).await {
            debug!(worker = self.plan.worker, %error, "what was compared cannot be read");
        }
        self.prove(&mut opened).await?;
        Ok(opened)
    }

    /// Whether the log is no longer the one that the group read: it ends before the committed offset, or holds another
    /// record just before it. A broker that loses unreplicated records reuses their offsets for other records.
    pub(super) async fn lost_its_end(&self, committed: &Committed) -> Result<bool, Trouble> {
        if fault::is_off(Mechanism::Position) {
            return Ok(false);
        }
        let (topic, number) = (&self.plan.input, self.partition.number);
        let range = self.broker.range(topic, number).await.map_err(|error| trouble_of(&error))?;
        let lost = committed.next > range.end || !self.is_known(committed).await?;
        if lost {
            error!(
                worker = self.plan.worker,
                partition = number,
                topic,
                committed = committed.next,
                end = range.end,
                "the topic lost records that were read already (a broker lost its disk or was elected unclean): it is handled \
                 again from its start. Run `millrace reconcile` and `millrace audit --repair`, and see that the topics are \
                 replicated (`millrace topics apply --replication 3`)"
            );
        }
        Ok(lost)
    }

    /// False if there is another record in place of the last one that the group handled. A record that is no longer
    /// there (compacted, expired) proves nothing.
    async fn is_known(&self, committed: &Committed) -> Result<bool, Trouble> {
        use futures::stream::TryStreamExt as _;

        let last = committed.next - 1;
        if committed.memo.last.is_empty() || last < 0 {
            return Ok(true);
        }
        let mut records = self.broker.reading(&self.plan.input, self.partition.number, last);
        let found = records.try_next().await.map_err(|error| trouble_of(&error))?;
        Ok(found.is_none_or(|found| found.offset != last || digest_of(&found) == committed.memo.last))
    }

    /// Makes the group confirm that the partition is still ours by committing the current offset again, unless it did
    /// so recently. A worker that was suspended learns here that another took over, before it writes anything to a
    /// sink.
    pub(super) async fn prove(&self, opened: &mut Opened<B, S>) -> Result<(), Trouble> {
        if self.plan.delivery == Delivery::Transactional {
            return Ok(());
        }
        let at = Boottime::now();
        let proved = match opened.proved {
            Some(proved) if proved.age(at) < PROVED_EVERY => proved,
            _ => {
                let mut standing = opened.standing.clone();
                standing.memo.waiting = self.stuck.waiting();
                let asked =
                    opened.publisher.publish(Vec::new(), &self.membership, self.partition.number, standing);
                asked.await.map_err(|error| trouble_of(&error))?;
                at
            }
        };
        opened.proved = Some(proved);
        opened.lane.proved(proved);
        Ok(())
    }

    /// Notes in `memo` up to which moment the partition has been read: that of `last`, or now if there is nothing left to
    /// read. Raises an alarm if the reader is further behind than the log keeps deletions, whether it was away or is slow: it
    /// may have read a passage whose deletion is gone from the log before it comes there, and then the document remains where
    /// this group wrote it. No reader can notice that, only a comparison can. Called when records were handled or when there
    /// are none: retrying is not reading.
    pub(super) fn grow_old(&self, memo: &mut Memo, last: Option<&Record>) {
        let now = wall_seconds();
        let before = if memo.at == 0 { now } else { memo.at };
        let age = now.saturating_sub(before);
        if age > self.plan.lanes.stale_after_seconds {
            if memo.stale.is_none() {
                error!(
                    worker = self.plan.worker,
                    partition = self.partition.number,
                    topic = self.plan.input,
                    age,
                    "the reader of the partition was behind for longer (seconds) than its topic keeps deletions: what was deleted \
                     meanwhile may still be there. Run `millrace reconcile` and `millrace audit --repair`"
                );
            }
            memo.stale = Some(now);
        }
        memo.at = before.max(last.and_then(Record::written_at).unwrap_or(now).min(now));
    }
}
