//! Who thinks: a stage opens a lane for each partition, a lane answers for batches.

use std::time::Duration;

use message::DocumentId;

use crate::boottime::Boottime;
use crate::broker::{Committed, Published};
use crate::record::{Outgoing, Record};

/// One partition of the topic that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which one, from 0.
    pub number: i32,
    /// Of how many.
    pub count: i32,
}

impl Partition {
    /// The only one of its topic.
    pub const ONLY: Self = Self { number: 0, count: 1 };

    /// Whether the history of `document` is in this partition.
    #[must_use]
    pub fn holds(self, document: &DocumentId) -> bool {
        message::partition_of(document, self.count) == self.number
    }
}

/// A worker's own part: what is done with records.
pub trait Stage: Send + Sync + 'static {
    /// The state of one partition.
    type Lane: Lane;

    /// Prepares a partition after its previous owner was fenced and before its first record is handled: the place to
    /// catch up with a log. Called again, on a new lane, when a commit failed: nothing uncommitted may be kept.
    /// `committed` is where the group stands; none when it never committed anything of this partition.
    fn open(
        &self,
        partition: Partition,
        committed: Option<&Committed>,
    ) -> impl Future<Output = Result<Self::Lane, Trouble>> + Send;
}

/// One partition of a stage.
pub trait Lane: Send + 'static {
    /// Answers for records of one partition, in order. May be stopped (dropped) at any await.
    fn handle(&mut self, batch: &[Record]) -> impl Future<Output = Outcome> + Send;

    /// Says when the group last confirmed that this partition is ours; called before each [`Lane::handle`] of a stage
    /// that writes first and commits after. What is sent long after that may be a zombie's.
    fn proved(&mut self, _at: Boottime) {}

    /// The verdicts of the last [`Lane::handle`] are committed: what they promised is true now. Trouble opens the lane
    /// anew; the commit stands.
    fn committed(&mut self, _published: &Published) -> impl Future<Output = Result<(), Trouble>> + Send {
        std::future::ready(Ok(()))
    }

    /// What handled records go into, where that can be lost and made anew outside the log (an index: its uuid). It is
    /// committed with each offset; when a partition is opened with another one, its log is handled again from the
    /// start. Empty where there is no such thing.
    #[expect(clippy::unnecessary_literal_bound, reason = "lanes that have an identity own it")]
    fn identity(&self) -> &str {
        ""
    }

    /// A few bytes (at most 1,024) that the lane wants to find again wherever the partition is opened next: they are
    /// committed with each offset, as they stand after the records before it.
    fn note(&self) -> String {
        String::new()
    }

    /// Whether what was committed under `identity` went into what this lane writes to, and is there still; where it did not,
    /// the log is handled again.
    fn follows(&self, identity: &str) -> bool {
        identity == self.identity()
    }

    /// Ready when what handled records went into turns out to be another ([`Lane::identity`]) while no record comes;
    /// the lane is then opened anew. Asked only between batches; never ready where there is no such thing. Must be
    /// cancel-safe.
    fn lost(&mut self) -> impl Future<Output = Trouble> + Send {
        std::future::pending()
    }
}

/// The answers for a prefix of a batch, and what stopped it before the end, if anything. Records after the prefix
/// come again in the same order: after a wait when there is trouble, at once when the stage only had enough.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One verdict a record, from the first on; at most as many as records.
    pub verdicts: Vec<Verdict>,
    /// Why the next record must be tried again; present when there is no verdict at all.
    pub retry: Option<Trouble>,
}

/// The final answer for one record.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done when these are written.
    Done(Vec<Outgoing>),
    /// It cannot be done. A dead letter with the cause is written, beside these.
    Refuse {
        /// Why, in words for the person who mends it.
        cause: String,
        /// What must be said besides.
        outputs: Vec<Outgoing>,
    },
}

impl Verdict {
    /// Bytes of what is to be written.
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

/// Something that is not the record's fault: the partition waits and tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong, naming the object and the remedy.
    pub cause: String,
    /// How long the server asked to wait, if it did.
    pub retry_after: Option<Duration>,
    /// True when waiting alone will not mend it: a human must act (ERROR in the log, not WARN).
    pub alarm: bool,
    /// True when the lane must be opened anew before it tries again, since what it stands on may be gone.
    pub reopen: bool,
}

impl Trouble {
    /// A server is away or busy; waiting should mend it.
    #[must_use]
    pub fn wait(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), retry_after: None, alarm: false, reopen: false }
    }

    /// A human must act, and what the lane stands on may be gone.
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
