//! What a worker implements: a stage opens a lane for each partition, and a lane answers for batches.

use std::time::Duration;

use message::DocumentId;

use crate::boottime::Boottime;
use crate::broker::{Committed, Published};
use crate::record::{Outgoing, Record};

/// One partition of the input topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 0.
    pub number: i32,
    /// The number of partitions.
    pub count: i32,
}

impl Partition {
    /// The only partition of its topic.
    pub const ONLY: Self = Self { number: 0, count: 1 };

    /// Whether the history of `document` is in this partition.
    #[must_use]
    pub fn holds(self, document: &DocumentId) -> bool {
        message::partition_of(document, self.count) == self.number
    }
}

/// A worker's own part: what it does with records.
pub trait Stage: Send + Sync + 'static {
    /// The state of one partition.
    type Lane: Lane;

    /// Prepares a partition after its previous owner was fenced and before its first record is handled: the place to
    /// catch up with a log. Called again, for a new lane, after a failed commit: nothing uncommitted may be kept.
    /// `committed` is where the group stands; none if it never committed anything for this partition.
    fn open(
        &self,
        partition: Partition,
        committed: Option<&Committed>,
    ) -> impl Future<Output = Result<Self::Lane, Trouble>> + Send;
}

/// A stage's state for one partition.
pub trait Lane: Send + 'static {
    /// Answers for records of one partition, in order. May be cancelled (dropped) at any await.
    fn handle(&mut self, batch: &[Record]) -> impl Future<Output = Outcome> + Send;

    /// Tells when the group last confirmed that this partition is ours. Called before each [`Lane::handle`] of a stage
    /// that writes first and commits afterwards: a request sent long after that may come from a zombie.
    fn proved(&mut self, _at: Boottime) {}

    /// The verdicts of the last [`Lane::handle`] have been committed, so the lane may rely on them. Trouble reopens the
    /// lane; the commit stands.
    fn committed(&mut self, _published: &Published) -> impl Future<Output = Result<(), Trouble>> + Send {
        std::future::ready(Ok(()))
    }

    /// The target of handled records, if it can be lost and recreated independently of the log (for an index: its
    /// uuid). It is committed with each offset; if a partition is opened with another identity, its log is handled
    /// again from the start. Empty if there is no such target.
    #[expect(clippy::unnecessary_literal_bound, reason = "lanes that have an identity own it")]
    fn identity(&self) -> &str {
        ""
    }

    /// A few bytes (at most 1,024) that the lane needs wherever the partition is opened next. They are committed with
    /// each offset, in their state after the records before it.
    fn note(&self) -> String {
        String::new()
    }

    /// Whether what was committed under `identity` went into this lane's target and is still there; if not, the log is
    /// handled again.
    fn follows(&self, identity: &str) -> bool {
        identity == self.identity()
    }

    /// Ready when the target ([`Lane::identity`]) turns out to be another one while no records arrive; the lane is then
    /// reopened. Polled only between batches; never ready if there is no such target. Must be cancel-safe.
    fn lost(&mut self) -> impl Future<Output = Trouble> + Send {
        std::future::pending()
    }
}

/// The answers for a prefix of a batch, and what stopped it before the end, if anything. Records after the prefix come
/// again in the same order: after a wait if there is trouble, at once if the stage only stopped early.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One verdict per record, from the first on; at most as many as there are records.
    pub verdicts: Vec<Verdict>,
    /// Why the next record must be retried; required if there is no verdict at all.
    pub retry: Option<Trouble>,
}

/// The final answer for one record.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The record is done once these are written.
    Done(Vec<Outgoing>),
    /// The record cannot be handled. A dead letter with the cause is written in addition to these.
    Refuse {
        /// Why, for the person who fixes it.
        cause: String,
        /// Other records to write.
        outputs: Vec<Outgoing>,
    },
}

impl Verdict {
    /// Size in bytes of what is to be written.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let (Self::Done(outputs) | Self::Refuse { outputs, .. }) = self;
        outputs.iter().map(Outgoing::bytes).sum()
    }

    /// A refusal that writes nothing but its dead letter.
    #[must_use]
    pub fn refuse(cause: impl Into<String>) -> Self {
        Self::Refuse { cause: cause.into(), outputs: Vec::new() }
    }
}

/// A problem that is not the record's fault: the partition waits and tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong, naming the object and the remedy.
    pub cause: String,
    /// How long the server asked to wait, if it did.
    pub retry_after: Option<Duration>,
    /// True if waiting alone will not help and a human must act (ERROR in the log, not WARN).
    pub alarm: bool,
    /// True if the lane must be reopened before it tries again, because what it relies on may be gone.
    pub reopen: bool,
}

impl Trouble {
    /// A server is unavailable or busy; waiting should help.
    #[must_use]
    pub fn wait(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), retry_after: None, alarm: false, reopen: false }
    }

    /// A human must act, and what the lane relies on may be gone.
    #[must_use]
    pub fn reopen(cause: impl Into<String>) -> Self {
        Self { reopen: true, ..Self::alarm(cause) }
    }

    /// A human must act.
    #[must_use]
    pub fn alarm(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), retry_after: None, alarm: true, reopen: false }
    }
}
