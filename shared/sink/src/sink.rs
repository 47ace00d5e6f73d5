//! The seam of writers: a batch goes in, one answer for each action comes out.

use std::time::Duration;

use message::{DocumentId, Version};
use stream::Boottime;

use generation::{Cluster, Names};

use crate::{Action, Ensured, SinkError};

/// Something that holds one generation of indexes and is written in bulk.
///
/// Writing twice is writing once: the version decides, and a repeated or late action never wins. Dropping a future of
/// this trait is safe at any await; what it had sent may or may not have been done, and is asked for again.
pub trait Sink: Send + Sync + 'static {
    /// What it is, for people: `opensearch`, `elasticsearch`, `memory`.
    fn kind(&self) -> &'static str;

    /// What is written, and where to.
    fn names(&self) -> &Names;

    /// Which cluster it is that is written to, as that says of itself.
    ///
    /// # Errors
    /// [`SinkError::Unavailable`] when waiting should help; otherwise a human must act.
    fn cluster(&self) -> impl Future<Output = Result<Cluster, SinkError>> + Send;

    /// Creates what is absent (both indexes, their write aliases, and the outside aliases if nobody holds them) and
    /// checks what is there, and what the engine made of what it was asked to create.
    ///
    /// # Errors
    /// [`SinkError::Mismatch`] when an index is for another space, dimension or similarity; [`SinkError::Unavailable`]
    /// when waiting should help; otherwise a human must act.
    fn ensure(&self) -> impl Future<Output = Result<Ensured, SinkError>> + Send;

    /// The highest version among the document records of documents that are `mine`; none where there is no record.
    ///
    /// # Errors
    /// As [`Sink::ensure`].
    fn highest(
        &self,
        mine: impl Fn(&DocumentId) -> bool + Send,
    ) -> impl Future<Output = Result<Option<Version>, SinkError>> + Send;

    /// Writes a batch, waiting for a busy engine within the retry budget. A document record is sent only after every
    /// chunk before it in the batch was answered Done or Refused, so that it never overtakes its passages; so the first
    /// action that has to wait does so for its own sake, if anything was done at all.
    ///
    /// `proved` is when the group last confirmed that the partition of these actions is ours: nothing is sent later than
    /// 5 minutes after it, and what was not sent is answered Wait.
    fn write(&self, batch: Vec<Action>, proved: Boottime) -> impl Future<Output = Written> + Send;
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One answer for each action, in the order of the batch.
    pub answers: Vec<ItemAnswer>,
}

/// What became of one action, named by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemAnswer {
    /// The engine holds this version or a later one.
    Done,
    /// This item can never be written: a dead letter with this cause.
    Refused(String),
    /// The engine is away or busy: wait and send it again.
    Wait {
        /// What is wrong.
        cause: String,
        /// How long the engine asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// A human must act (a missing index, a block, a credential, versions of another log): pause the partition with an
    /// alarm and try again; never a dead letter.
    Stop(String),
}

impl ItemAnswer {
    /// True when nothing is left to do for the action: it was written, or it is refused for good.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Refused(_))
    }
}

impl Written {
    /// How many actions are Done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.answers.iter().filter(|answer| **answer == ItemAnswer::Done).count()
    }
}
