//! The interface to a broker, and the guarantees it must give. [`crate::memory`] and [`crate::kafka`] pass the same
//! test suite (`tests/broker.rs`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use futures::stream::BoxStream;

pub use crate::committed::{Committed, Memo, Waiting};
use crate::record::{Outgoing, Record};

/// How long the transaction of a lane may be open. It must not be shorter than the link needs for one document's chunks, which
/// are a single transaction. Whoever takes over the partition aborts it at once.
pub const LANE_TRANSACTION: Duration = Duration::from_mins(1);

/// The committed records of one partition in order, up to its end at the time the end is reached. Only a little is read
/// ahead, and records may be kept for as long as the caller likes. Dropping it stops the reading.
pub type Reading = BoxStream<'static, Result<Record, StreamError>>;

/// An error, classified by what the caller does next.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StreamError {
    /// The broker is down, slow or still starting, or the topic does not exist yet: wait and try again.
    #[error("{0}")]
    Unavailable(String),
    /// Another owner took over: drop the work in progress and keep nothing.
    #[error("{0}")]
    Fenced(String),
    /// Waiting will not help: stop and report it.
    #[error("{0}")]
    Fatal(String),
}

/// What group membership tells the pipeline.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours from now on.
    Assigned(Vec<i32>),
    /// These partitions are being taken away. They remain ours (for commits) until the answer is dropped or the drain
    /// deadline passes.
    Revoked(Vec<i32>, Released),
    /// The next record of an assigned partition, in offset order within it.
    Record(Record),
    /// The broker reports an error. Unavailable is for information (the consumer recovers by itself); Fatal ends the
    /// pipeline.
    Failed(StreamError),
}

/// Dropped when the lanes of revoked partitions have closed.
#[derive(Debug)]
pub struct Released(
    #[expect(dead_code, reason = "its drop is the signal")] Option<std::sync::mpsc::SyncSender<()>>,
);

impl Released {
    /// A signal that the receiver of `sender` sees as a disconnect.
    #[must_use]
    pub fn new(sender: Option<std::sync::mpsc::SyncSender<()>>) -> Self {
        Self(sender)
    }
}

/// A message broker.
pub trait Broker: Clone + Send + Sync + 'static {
    /// A member of a consumer group.
    type Consumer: Consumer<Membership = Self::Membership>;
    /// A writer.
    type Publisher: Publisher<Membership = Self::Membership>;
    /// What a commit needs to know about a group.
    type Membership: Membership;

    /// The number of partitions of `topic`; none if it does not exist.
    fn existing(&self, topic: &str) -> impl Future<Output = Result<Option<i32>, StreamError>> + Send;

    /// The number of partitions of a topic that has to exist.
    fn partitions(&self, topic: &str) -> impl Future<Output = Result<i32, StreamError>> + Send {
        async move { self.existing(topic).await?.ok_or_else(|| missing_topic(topic)) }
    }

    /// Joins `group` for `topic`. Starts at the earliest record where the group has no offset, and reads committed
    /// records only. Never has more than `queue_bytes` of one partition outstanding (plus one record).
    ///
    /// # Errors
    /// Fatal if the settings cannot be used. An unreachable broker is reported by [`Event::Failed`].
    fn subscribe(&self, group: &str, topic: &str, queue_bytes: usize) -> Result<Self::Consumer, StreamError>;

    /// Lets `group`, which has no members yet, start where `former` stands: takes over the offsets that `former`
    /// committed for the partitions of `topic` where `group` has committed none. Returns the number of partitions taken
    /// over.
    fn inherit(
        &self,
        group: &str,
        former: &str,
        topic: &str,
    ) -> impl Future<Output = Result<usize, StreamError>> + Send;

    /// A transactional writer. Once this returns, every earlier writer with the same `id` is fenced and its open
    /// transaction is aborted. One that is open for longer than `longest` is aborted by the broker, because readers of its
    /// topics wait for it to end.
    fn transactional(
        &self,
        id: &str,
        longest: Duration,
    ) -> impl Future<Output = Result<Self::Publisher, StreamError>> + Send;

    /// A writer that writes first and commits the offset afterwards.
    ///
    /// # Errors
    /// Fatal if the settings cannot be used.
    fn after_write(&self) -> Result<Self::Publisher, StreamError>;

    /// The committed records of a partition from offset `from` to its end.
    fn reading(&self, topic: &str, partition: i32, from: i64) -> Reading;

    /// The same, but it does not end: it waits for what is written next, and also while the broker is away.
    fn tail(&self, topic: &str, partition: i32, from: i64) -> Reading;

    /// The offsets that a partition holds now: from its first to the one after its last.
    fn range(
        &self,
        topic: &str,
        partition: i32,
    ) -> impl Future<Output = Result<Range<i64>, StreamError>> + Send;
}

pub(crate) fn missing_topic(topic: &str) -> StreamError {
    StreamError::Unavailable(format!(
        "topic {topic} does not exist: create the topics with `millrace topics apply`"
    ))
}

/// A member of a consumer group.
pub trait Consumer: Send + 'static {
    /// What a commit needs to know about the group.
    type Membership: Membership;

    /// The next event. Must be called without long pauses, because it keeps the member alive. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Event> + Send;

    /// The membership, for the lanes.
    fn membership(&self) -> Self::Membership;
}

/// What a commit needs to know about a group.
pub trait Membership: Clone + Send + Sync + 'static {
    /// What the group committed for a partition. None before the first commit.
    fn committed(
        &self,
        partition: i32,
    ) -> impl Future<Output = Result<Option<Committed>, StreamError>> + Send;
}

/// A writer.
pub trait Publisher: Send + 'static {
    /// What a commit needs to know about the group.
    type Membership: Membership;

    /// Writes `records` and moves the group's offset of `partition` to `committed`. Transactional: both or neither, and
    /// they become visible together. After write: the offset moves once all in-sync replicas have acknowledged the last
    /// record. After an error the caller must not use this writer again; [`Membership::committed`] then tells whether
    /// the commit took place.
    fn publish(
        &mut self,
        records: Vec<Outgoing>,
        membership: &Self::Membership,
        partition: i32,
        committed: Committed,
    ) -> impl Future<Output = Result<Published, StreamError>> + Send;

    /// Writes `records` without moving an offset. Transactional: all or none, and they become visible together. After
    /// write: each is acknowledged by all in-sync replicas. After an error the caller must not use this writer again.
    fn write(
        &mut self,
        records: Vec<Outgoing>,
    ) -> impl Future<Output = Result<Published, StreamError>> + Send;
}

/// Where records were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// For each topic written, the offset of the last record (the highest, if several partitions were written).
    pub last: BTreeMap<String, i64>,
}
