//! Group members of the in-memory broker.
//!
//! Rebalancing is cooperative: a member gives up only what another should have, and the other gets it once it is
//! released. Dropping a [`MemoryConsumer`] leaves the group. A paused process is simulated by not calling `next`: it
//! keeps its partitions until [`MemoryMember::expire`] takes them away, as a session timeout would.

use std::collections::HashMap;
use std::collections::btree_map::Entry;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::Memory;
use super::state::State;
use crate::broker::{Committed, Consumer, Event, Membership, Released, StreamError};
use crate::record::Gauge;

/// A group member.
#[derive(Debug)]
pub struct MemoryConsumer {
    member: MemoryMember,
    queue_bytes: usize,
    /// The next offset to read of each owned partition.
    positions: HashMap<i32, usize>,
    gauges: HashMap<i32, Gauge>,
    releasing: Vec<(Vec<i32>, Receiver<()>)>,
}

/// What the lanes use of a member.
#[derive(Clone, Debug)]
pub struct MemoryMember {
    broker: Memory,
    group: (String, String),
    number: u64,
}

impl MemoryConsumer {
    pub(super) fn join(broker: &Memory, (group, topic): (&str, &str), queue_bytes: usize) -> Self {
        let group = (group.to_owned(), topic.to_owned());
        let number = {
            let mut state = broker.lock();
            state.members += 1;
            let number = state.members;
            if state.forgotten_members > 0 {
                state.forgotten_members -= 1;
            } else {
                state.groups.entry(group.clone()).or_default().members.push(number);
            }
            number
        };
        broker.changed.notify_waiters();
        let member = MemoryMember { broker: broker.clone(), group, number };
        Self { member, queue_bytes, positions: HashMap::new(), gauges: HashMap::new(), releasing: Vec::new() }
    }

    /// The next event, if there is one now.
    fn step(&mut self) -> Option<Event> {
        self.finish_releases();
        let broker = self.member.broker.clone();
        let mut state = broker.lock();
        if let Some(event) = self.rebalance(&mut state) {
            return Some(event);
        }
        let topic = state.topics.get(&self.member.group.1)?;
        let mut partitions: Vec<i32> = self.positions.keys().copied().collect();
        partitions.sort_unstable();
        for partition in partitions {
            let gauge = self.gauges.entry(partition).or_default();
            let (number, position) = (usize::try_from(partition).ok()?, self.positions.get_mut(&partition)?);
            if gauge.bytes() > self.queue_bytes || self.releasing.iter().any(|(p, _)| p.contains(&partition))
            {
                continue;
            }
            let Some(records) = topic.get(number) else { continue };
            if *position > records.len() {
                // As `auto.offset.reset=earliest` does if the log ends before the position.
                *position = 0;
            }
            if let Some(stored) = records.get(*position) {
                let mut record = stored.record(&self.member.group.1, number, *position);
                record.held = Some(gauge.hold(record.bytes()));
                *position += 1;
                return Some(Event::Record(record));
            }
        }
        None
    }

    fn rebalance(&mut self, state: &mut State) -> Option<Event> {
        let partitions = i32::try_from(state.topics.get(&self.member.group.1)?.len()).ok()?;
        let group = state.groups.get_mut(&self.member.group)?;
        let share = group.share(self.member.number, partitions);
        let lost: Vec<i32> = self
            .positions
            .keys()
            .copied()
            .filter(|partition| {
                !share.contains(partition) || group.owners.get(partition) != Some(&self.member.number)
            })
            .filter(|partition| !self.releasing.iter().any(|(p, _)| p.contains(partition)))
            .collect();
        if !lost.is_empty() {
            let (released, waits) = sync_channel(1);
            self.releasing.push((lost.clone(), waits));
            return Some(Event::Revoked(lost, Released::new(Some(released))));
        }
        let mut new = Vec::new();
        for partition in share {
            if let Entry::Vacant(free) = group.owners.entry(partition) {
                free.insert(self.member.number);
                let committed = group.committed.get(&partition).map_or(0, |committed| committed.next);
                self.positions.insert(partition, usize::try_from(committed).unwrap_or_default());
                new.push(partition);
            }
        }
        if new.is_empty() { None } else { Some(Event::Assigned(new)) }
    }

    /// Gives up the partitions that the pipeline has released.
    fn finish_releases(&mut self) {
        let (number, group, broker) =
            (self.member.number, self.member.group.clone(), self.member.broker.clone());
        let positions = &mut self.positions;
        self.releasing.retain(|(partitions, waits)| {
            if matches!(waits.try_recv(), Err(TryRecvError::Empty)) {
                return true;
            }
            if let Some(group) = broker.lock().groups.get_mut(&group) {
                group.owners.retain(|partition, owner| *owner != number || !partitions.contains(partition));
            }
            for partition in partitions {
                positions.remove(partition);
            }
            broker.changed.notify_waiters();
            false
        });
    }
}

impl Consumer for MemoryConsumer {
    type Membership = MemoryMember;

    async fn next(&mut self) -> Event {
        loop {
            let changed = std::sync::Arc::clone(&self.member.broker.changed);
            let changed = changed.notified();
            if let Some(event) = self.step() {
                return event;
            }
            // Releases and handled bytes trigger no notification, so check again soon.
            drop(tokio::time::timeout(std::time::Duration::from_millis(5), changed).await);
        }
    }

    fn membership(&self) -> MemoryMember {
        self.member.clone()
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.member.leave();
    }
}

impl MemoryMember {
    fn leave(&self) {
        if let Some(group) = self.broker.lock().groups.get_mut(&self.group) {
            group.members.retain(|&member| member != self.number);
            group.owners.retain(|_, owner| *owner != self.number);
        }
        self.broker.changed.notify_waiters();
    }

    /// Removes the member from its group, as a session timeout does to a paused process. Its partitions go to others,
    /// which it learns with its next event.
    pub fn expire(&self) {
        self.leave();
    }

    pub(super) fn commit(
        &self,
        state: &mut State,
        partition: i32,
        committed: Committed,
    ) -> Result<(), StreamError> {
        let group = state.groups.get_mut(&self.group);
        let group = group.ok_or_else(|| StreamError::Fenced("the group is gone".to_owned()))?;
        // As in Kafka, a member may commit any partition; only one that was removed from the group may not.
        if !group.members.contains(&self.number) {
            return Err(StreamError::Fenced(format!("not a member any more: partition {partition}")));
        }
        group.committed.insert(partition, committed);
        Ok(())
    }
}

impl Membership for MemoryMember {
    async fn committed(&self, partition: i32) -> Result<Option<Committed>, StreamError> {
        let state = self.broker.lock();
        Ok(state.groups.get(&self.group).and_then(|group| group.committed.get(&partition).cloned()))
    }
}
