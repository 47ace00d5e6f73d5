//! Writers of the in-memory broker.

use super::state::State;
use super::{Memory, MemoryMember};
use crate::broker::{Committed, Published, Publisher, StreamError};
use crate::record::Outgoing;

/// A writer; transactional if it has an id and an epoch.
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

impl MemoryPublisher {
    /// Whether these records may be written now.
    fn check(&self, state: &mut State, records: &[Outgoing]) -> Result<(), StreamError> {
        if state.failing_publishes > 0 {
            state.failing_publishes -= 1;
            return Err(StreamError::Unavailable("the broker in memory was told to fail".to_owned()));
        }
        if let Some((id, epoch)) = &self.transaction
            && state.epochs.get(id) != Some(epoch)
        {
            return Err(StreamError::Fenced(format!("transactional id {id}: a newer writer took over")));
        }
        match records.iter().find(|record| !state.topics.contains_key(&record.topic)) {
            Some(unknown) => Err(StreamError::Unavailable(format!("topic {} does not exist", unknown.topic))),
            None => Ok(()),
        }
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
    ) -> Result<Published, StreamError> {
        let published = {
            let mut state = self.broker.lock();
            self.check(&mut state, &records)?;
            membership.commit(&mut state, partition, committed)?;
            state.append_all(&records)
        };
        self.broker.changed.notify_waiters();
        Ok(published)
    }

    async fn write(&mut self, records: Vec<Outgoing>) -> Result<Published, StreamError> {
        let published = {
            let mut state = self.broker.lock();
            self.check(&mut state, &records)?;
            state.append_all(&records)
        };
        self.broker.changed.notify_waiters();
        Ok(published)
    }
}
