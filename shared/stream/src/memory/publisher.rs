//! Writers of the broker in memory.

use super::{Memory, MemoryMember};
use crate::broker::{Committed, Publisher, StreamError};
use crate::record::Outgoing;

/// A writer; transactional when it has an id and an epoch.
#[derive(Debug)]
pub struct MemoryPublisher {
    broker: Memory,
    transaction: Option<(String, u64)>,
}

impl MemoryPublisher {
    pub(super) fn new(broker: &Memory, transaction: Option<(String, u64)>) -> Self {
        Self { broker: broker.clone(), transaction }
    }
}

impl Publisher for MemoryPublisher {
    type Membership = MemoryMember;

    async fn publish(
        &mut self,
        records: Vec<Outgoing>,
        membership: &MemoryMember,
        partition: i32,
        committed: Committed,
    ) -> Result<(), StreamError> {
        let mut state = self.broker.lock();
        if state.failing_publishes > 0 {
            state.failing_publishes -= 1;
            return Err(StreamError::Unavailable("the broker in memory was told to fail".to_owned()));
        }
        if let Some((id, epoch)) = &self.transaction
            && state.epochs.get(id) != Some(epoch)
        {
            return Err(StreamError::Fenced(format!("transactional id {id}: a newer writer took over")));
        }
        if let Some(unknown) = records.iter().find(|record| !state.topics.contains_key(&record.topic)) {
            return Err(StreamError::Unavailable(format!("topic {} does not exist", unknown.topic)));
        }
        membership.commit(&mut state, partition, committed)?;
        for record in &records {
            state.append(record);
        }
        drop(state);
        self.broker.changed.notify_waiters();
        Ok(())
    }
}
