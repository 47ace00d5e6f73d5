//! The seam to the wire: what a broker must give, with its guarantees. [`crate::memory`] and [`crate::kafka`] pass the
//! same suite (`tests/broker.rs`).

use std::collections::BTreeMap;
use std::ops::Range;

use futures::stream::BoxStream;

pub use crate::committed::{Committed, Memo, Waiting};
use crate::record::{Outgoing, Record};

/// The committed records of one partition, one after the other, to its end as it is when that is reached. Few of them
/// are read ahead; what was taken may be kept for as long as one likes. Dropping it stops the reading.
pub type Reading = BoxStream<'static, Result<Record, StreamError>>;

/// A failure, typed by what the caller does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StreamError {
    /// The broker is away, slow or still starting, or the topic is not there yet: wait and try again.
    #[error("{0}")]
    Unavailable(String),
    /// Another owner took over: drop what was being done, keep nothing.
    #[error("{0}")]
    Fenced(String),
    /// Waiting will not mend it: stop and say so.
    #[error("{0}")]
    Fatal(String),
}

/// What a group's membership tells the pipeline.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours from now on.
    Assigned(Vec<i32>),
    /// These are taken away. They stay ours (for commits) until the answer is dropped or the drain deadline passes.
    Revoked(Vec<i32>, Released),
    /// The next record of an assigned partition, in offset order within it.
    Record(Record),
    /// The broker says no. Unavailable is information (the consumer goes on by itself); Fatal ends the pipeline.
    Failed(StreamError),
}

/// Dropped when the lanes of revoked partitions are closed.
#[derive(Debug)]
pub struct Released(
    #[expect(dead_code, reason = "its drop is the signal")] Option<std::sync::mpsc::SyncSender<()>>,
);

impl Released {
    /// A signal that `sender`'s receiver sees as a disconnect.
    #[must_use]
    pub fn new(sender: Option<std::sync::mpsc::SyncSender<()>>) -> Self {
        Self(sender)
    }
}

/// A broker.
pub trait Broker: Clone + Send + Sync + 'static {
    /// A member of a group.
    type Consumer: Consumer<Membership = Self::Membership>;
    /// A writer.
    type Publisher: Publisher<Membership = Self::Membership>;
    /// What commits need to know of a group.
    type Membership: Membership;

    /// The number of partitions of `topic`.
    fn partitions(&self, topic: &str) -> impl Future<Output = Result<i32, StreamError>> + Send;

    /// Joins `group` for `topic`. Starts at the earliest record where the group has no offset; sees committed records
    /// only. Never has more than `queue_bytes` of one partition outstanding (plus one record).
    ///
    /// # Errors
    /// Fatal, when the settings cannot be used. A broker that is away is told by [`Event::Failed`].
    fn subscribe(&self, group: &str, topic: &str, queue_bytes: usize) -> Result<Self::Consumer, StreamError>;

    /// Lets `group`, which has no member yet, begin where `former` stands: takes over what that committed of each partition
    /// of `topic` of which `group` has committed nothing. Answers of how many.
    fn inherit(
        &self,
        group: &str,
        former: &str,
        topic: &str,
    ) -> impl Future<Output = Result<usize, StreamError>> + Send;

    /// A transactional writer. When this returns, every earlier writer with the same `id` is fenced and its open
    /// transaction is aborted.
    fn transactional(&self, id: &str) -> impl Future<Output = Result<Self::Publisher, StreamError>> + Send;

    /// A writer that writes first and commits the offset afterwards.
    ///
    /// # Errors
    /// Fatal, when the settings cannot be used.
    fn after_write(&self) -> Result<Self::Publisher, StreamError>;

    /// The committed records of a partition from offset `from` on.
    fn reading(&self, topic: &str, partition: i32, from: i64) -> Reading;

    /// The offsets that a partition holds now: its first, and the one after its last.
    fn range(
        &self,
        topic: &str,
        partition: i32,
    ) -> impl Future<Output = Result<Range<i64>, StreamError>> + Send;
}

/// A member of a group.
pub trait Consumer: Send + 'static {
    /// What commits need to know.
    type Membership: Membership;

    /// The next event. Must be called without long pauses, since it keeps the member alive. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Event> + Send;

    /// For the lanes.
    fn membership(&self) -> Self::Membership;
}

/// What commits need to know of a group.
pub trait Membership: Clone + Send + Sync + 'static {
    /// What the group committed of a partition. None before the first commit.
    fn committed(
        &self,
        partition: i32,
    ) -> impl Future<Output = Result<Option<Committed>, StreamError>> + Send;
}

/// A writer.
pub trait Publisher: Send + 'static {
    /// What commits need to know.
    type Membership: Membership;

    /// Writes `records` and moves the group's offset of `partition` to `committed`. Transactional: both or neither,
    /// visible together. After write: the offset moves after the last record is acknowledged by all replicas. On an
    /// error the caller must not use this writer again; whether the commit took place is then told by
    /// [`Membership::committed`].
    fn publish(
        &mut self,
        records: Vec<Outgoing>,
        membership: &Self::Membership,
        partition: i32,
        committed: Committed,
    ) -> impl Future<Output = Result<Published, StreamError>> + Send;

    /// Writes `records` and moves no offset. Transactional: all of them or none, visible together. After write: each is
    /// acknowledged by all replicas. On an error the caller must not use this writer again.
    fn write(
        &mut self,
        records: Vec<Outgoing>,
    ) -> impl Future<Output = Result<Published, StreamError>> + Send;
}

/// Where records were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Of each topic that was written, the offset of the last record (the highest, where several partitions were).
    pub last: BTreeMap<String, i64>,
}
