//! The interface of writers: a batch goes in, one answer for each action comes out.

use std::time::Duration;

use message::{DocumentId, Version};
use stream::Boottime;

use generation::{Cluster, Names};

use crate::{Action, Ensured, SinkError};

/// A generation of indexes that is written in bulk.
///
/// Writes are idempotent: the version decides, and a repeated or late action never wins. Dropping a future of this
/// trait is safe at any await; whatever it had sent may or may not have been done, and is sent again.
pub trait Sink: Send + Sync + 'static {
    /// The kind of engine, for people: `opensearch`, `elasticsearch`, `memory`.
    fn kind(&self) -> &'static str;

    /// The names of the indexes.
    fn names(&self) -> &Names;

    /// The cluster being written to, as it identifies itself.
    ///
    /// # Errors
    /// [`SinkError::Unavailable`] when waiting should help; otherwise a human must act.
    fn cluster(&self) -> impl Future<Output = Result<Cluster, SinkError>> + Send;

    /// The indexes of another generation on the same engine.
    #[must_use]
    fn over(&self, names: Names) -> Self
    where
        Self: Sized;

    /// Creates what is missing: both indexes and their write aliases. Checks what exists, and whether the engine applied
    /// the requested settings.
    ///
    /// # Errors
    /// [`SinkError::Mismatch`] when an index is for another space, dimension or similarity, or keeps vectors otherwise than
    /// the generation says; [`SinkError::Unavailable`] when waiting should help; otherwise a human must act.
    fn ensure(&self) -> impl Future<Output = Result<Ensured, SinkError>> + Send;

    /// Gives the outside aliases to these indexes: those that nobody holds, or all of them, whoever holds them. Idempotent.
    ///
    /// # Errors
    /// [`SinkError::Missing`] when an index does not exist; otherwise as [`Sink::ensure`].
    fn name_outside(&self, whose: OutsideAliases) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// The highest version among the records of documents for which `mine` is true; none when there are none.
    ///
    /// # Errors
    /// As [`Sink::ensure`].
    fn highest(
        &self,
        mine: impl Fn(&DocumentId) -> bool + Send,
    ) -> impl Future<Output = Result<Option<Version>, SinkError>> + Send;

    /// Writes a batch, retrying within the retry budget while the engine is busy. A document record is sent only
    /// after every chunk before it in the batch was answered Done or Refused, so that it never overtakes its
    /// passages. Therefore, if anything was written at all, the first action that waits is held up by itself.
    ///
    /// `proved` is when the group last confirmed that the partition of these actions is ours. Nothing is sent later
    /// than 5 minutes after it; what was not sent is answered Wait.
    fn write(&self, batch: Vec<Action>, proved: Boottime) -> impl Future<Output = Written> + Send;
}

/// Which of the outside aliases an index may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideAliases {
    /// Those that nobody holds.
    Free,
    /// All of them, whoever holds them.
    All,
}

/// The result of writing a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One answer for each action, in the order of the batch.
    pub answers: Vec<ItemAnswer>,
}

/// The result of one action, named by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemAnswer {
    /// The engine holds this version or a later one.
    Done,
    /// This item can never be written: make it a dead letter with this cause.
    Refused(String),
    /// The engine is unavailable or busy: wait and send it again.
    Wait {
        /// What is wrong.
        cause: String,
        /// The engine's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// A human must act (a missing index, a block, a credential, versions of another log): pause the partition, raise
    /// an alarm and try again; never make it a dead letter.
    Stop(String),
}

impl ItemAnswer {
    /// Whether nothing is left to do for the action: it was written, or refused for good.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Refused(_))
    }
}

impl Written {
    /// The number of actions that are Done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.answers.iter().filter(|answer| **answer == ItemAnswer::Done).count()
    }
}
