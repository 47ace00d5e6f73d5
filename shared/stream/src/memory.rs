//! An in-memory broker: partitions, groups, cooperative rebalancing, transactions with fencing, committed reads.
//!
//! Passes the same test suite as Kafka. It is for speed and for fault injection, and stores nothing on disk. Topics are
//! created with [`Memory::create`]. A transaction is appended as a whole when it commits, so every read is committed.

mod begin;
mod consumer;
mod publisher;
mod state;

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{StreamExt as _, TryStreamExt as _};

pub use consumer::MemoryConsumer;
pub use consumer::MemoryMember;
pub use publisher::MemoryPublisher;
use state::State;
pub use state::Stored;
use tokio::sync::Notify;

use crate::broker::{Broker, Committed, Reading, StreamError};
use crate::record::{Outgoing, Record};

/// An in-memory broker; clones are the same broker.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Memory {
    /// Creates a topic; an existing one is replaced by an empty one.
    pub fn create(&self, topic: &str, partitions: i32) {
        let count = usize::try_from(partitions).unwrap_or_default();
        self.lock().topics.insert(topic.to_owned(), vec![Vec::new(); count]);
        self.changed.notify_waiters();
    }

    /// Appends a record outside any transaction, as a store's notifier does.
    pub fn append(&self, record: &Outgoing) {
        let _offset = self.lock().append(record);
        self.changed.notify_waiters();
    }

    /// Every record of a topic, partition by partition in offset order.
    #[must_use]
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let state = self.lock();
        let partitions = state.topics.get(topic).into_iter().flatten().enumerate();
        partitions
            .flat_map(|(number, records)| {
                records.iter().enumerate().map(move |(offset, stored)| stored.record(topic, number, offset))
            })
            .collect()
    }

    /// What `group` committed for a partition of `topic`.
    #[must_use]
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<Committed> {
        let state = self.lock();
        state.groups.get(&(group.to_owned(), topic.to_owned()))?.committed.get(&partition).cloned()
    }

    /// The groups that ever joined or inherited offsets.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        self.lock().groups.keys().map(|(group, _)| group.clone()).collect()
    }

    /// Removes the records of a partition from offset `end` on, as a broker does that lost what it had not replicated.
    pub fn truncate(&self, topic: &str, partition: i32, end: usize) {
        let number = usize::try_from(partition).unwrap_or_default();
        if let Some(records) = self.lock().topics.get_mut(topic).and_then(|topic| topic.get_mut(number)) {
            records.truncate(end);
        }
    }

    /// The offset after the last record of each partition of a topic.
    #[must_use]
    pub fn ends(&self, topic: &str) -> Vec<i64> {
        let state = self.lock();
        let partitions = state.topics.get(topic).into_iter().flatten();
        partitions.map(|records| i64::try_from(records.len()).unwrap_or(i64::MAX)).collect()
    }

    /// Drops the content of those records of a topic that all of its groups have handled. Their offsets remain, with
    /// empty records.
    pub fn release(&self, topic: &str) {
        let mut state = self.lock();
        let State { topics, groups, .. } = &mut *state;
        for (partition, records) in (0..).zip(topics.get_mut(topic).into_iter().flatten()) {
            let readers = groups.iter().filter(|((_, read), _)| read == topic).map(|(_, group)| group);
            let handled = readers.map(|group| group.committed.get(&partition).map_or(0, |done| done.next));
            let least = usize::try_from(handled.min().unwrap_or(0)).unwrap_or_default();
            // The last handled record is kept, because a group recognises its log by it.
            records.iter_mut().take(least.saturating_sub(1)).for_each(Stored::empty);
        }
    }

    /// Makes the next `times` publishes fail before anything is written, as if the broker were down.
    pub fn fail_publishes(&self, times: usize) {
        self.lock().failing_publishes = times;
    }

    /// Makes the group forget the next `times` members that join, as a client can be forgotten that takes itself for joined: they
    /// get neither partitions nor a word.
    pub fn forget_members(&self, times: usize) {
        self.lock().forgotten_members = times;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker for Memory {
    type Consumer = MemoryConsumer;
    type Publisher = MemoryPublisher;
    type Membership = MemoryMember;

    async fn existing(&self, topic: &str) -> Result<Option<i32>, StreamError> {
        let count = self.lock().topics.get(topic).map(|partitions| i32::try_from(partitions.len()));
        count.transpose().map_err(|error| StreamError::Fatal(error.to_string()))
    }

    fn subscribe(&self, group: &str, topic: &str, queue_bytes: usize) -> Result<MemoryConsumer, StreamError> {
        Ok(MemoryConsumer::join(self, (group, topic), queue_bytes))
    }

    async fn inherit(&self, group: &str, former: &str, topic: &str) -> Result<usize, StreamError> {
        let mut state = self.lock();
        let left = state.groups.get(&(former.to_owned(), topic.to_owned()));
        let left = left.map(|group| group.committed.clone()).unwrap_or_default();
        let heir = state.groups.entry((group.to_owned(), topic.to_owned())).or_default();
        let will: Vec<_> =
            left.into_iter().filter(|(partition, _)| !heir.committed.contains_key(partition)).collect();
        if !(will.is_empty() || heir.members.is_empty()) {
            return Err(StreamError::Unavailable(format!("the group {group} has members")));
        }
        let count = will.len();
        heir.committed.extend(will);
        Ok(count)
    }

    async fn transactional(&self, id: &str, _longest: Duration) -> Result<MemoryPublisher, StreamError> {
        let mut state = self.lock();
        let epoch = state.epochs.entry(id.to_owned()).or_default();
        *epoch += 1;
        Ok(MemoryPublisher::new(self, Some((id.to_owned(), *epoch))))
    }

    fn after_write(&self) -> Result<MemoryPublisher, StreamError> {
        Ok(MemoryPublisher::new(self, None))
    }

    fn reading(&self, topic: &str, partition: i32, from: i64) -> Reading {
        let (number, first) =
            (usize::try_from(partition).unwrap_or_default(), usize::try_from(from).unwrap_or_default());
        let state = self.lock();
        let found = state.topics.get(topic).and_then(|partitions| partitions.get(number));
        let records: Vec<Result<Record, StreamError>> = match found {
            None => vec![Err(StreamError::Unavailable(format!("topic {topic} does not exist")))],
            Some(found) => {
                let stored = found.iter().enumerate().skip(first);
                stored.map(|(offset, stored)| Ok(stored.record(topic, number, offset))).collect()
            }
        };
        drop(state);
        futures::stream::iter(records).boxed()
    }

    fn tail(&self, topic: &str, partition: i32, from: i64) -> Reading {
        let (broker, topic) = (self.clone(), topic.to_owned());
        let news = move |next: i64| {
            let (broker, topic) = (broker.clone(), topic.clone());
            async move {
                loop {
                    // Registered before looking, so that nothing written in between is missed.
                    let changed = broker.changed.notified();
                    tokio::pin!(changed);
                    changed.as_mut().enable();
                    match broker.reading(&topic, partition, next).try_next().await {
                        Ok(Some(record)) => {
                            let next = record.offset + 1;
                            return Some((Ok(record), next));
                        }
                        Ok(None) => changed.await,
                        Err(error) => return Some((Err(error), next)),
                    }
                }
            }
        };
        futures::stream::unfold(from, news).boxed()
    }

    async fn range(&self, topic: &str, partition: i32) -> Result<Range<i64>, StreamError> {
        let number = usize::try_from(partition).unwrap_or_default();
        let state = self.lock();
        let found = state.topics.get(topic).and_then(|partitions| partitions.get(number));
        let found = found.ok_or_else(|| StreamError::Unavailable(format!("topic {topic} does not exist")))?;
        Ok(0..i64::try_from(found.len()).unwrap_or(i64::MAX))
    }
}
