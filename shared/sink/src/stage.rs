//! The stage of `index` and `replicate`: writes the records of `vectors.<space>`, in order, to one engine.
//!
//! Writes first, commits offsets after: a crash repeats writes, and versions make repeated writes harmless.

use std::sync::Arc;
use std::time::Duration;

use message::DocumentId;
use stream::{Committed, Partition, Stage, Trouble};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::ensured::{Ensured, is_same};
use crate::error::SinkError;
use crate::lane::WriteLane;
use crate::origin::Origin;
use crate::sink::Sink;

/// How long a lane whose own writes succeed may miss that an index was deleted and recreated.
const CHECKED_EVERY: Duration = Duration::from_secs(30);
/// How long one record may hold up its partition by default.
const PATIENCE: Duration = Duration::from_mins(10);

/// What all lanes share.
#[derive(Debug)]
pub struct WriteStage<S> {
    pub(crate) sink: Arc<S>,
    /// The identity of both indexes, as last seen by any lane.
    pub(crate) seen: watch::Sender<String>,
    pub(crate) checked_every: Duration,
    pub(crate) patience: Duration,
}

impl<S: Sink> WriteStage<S> {
    /// A stage that writes to `sink`.
    pub fn new(sink: S) -> Self {
        Self {
            sink: Arc::new(sink),
            seen: watch::Sender::default(),
            checked_every: CHECKED_EVERY,
            patience: PATIENCE,
        }
    }

    /// How often each lane checks that its indexes are still those that it was opened for (by default every 30 s).
    #[must_use]
    pub fn checked_every(self, checked_every: Duration) -> Self {
        Self { checked_every, ..self }
    }

    /// A record that waits longer than this while the engine takes others is refused (by default 10 minutes).
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Determines which log the documents of `partition` that are already in the indexes come from.
    async fn origin(
        &self,
        partition: Partition,
        (ensured, indexes): (&Ensured, &str),
        committed: Option<&Committed>,
    ) -> Result<Origin, Trouble> {
        if let Some(committed) = committed {
            return Ok(Origin::committed(indexes, &committed.memo.identity));
        }
        if ensured.documents.created {
            return Ok(Origin::ThisLog);
        }
        // A lane commits its first offset before it writes. Without a committed offset, existing documents are not
        // this group's.
        let mine = |document: &DocumentId| partition.holds(document);
        let highest = self.sink.highest(mine).await.map_err(|error| trouble_of(&error))?;
        let origin = highest.map_or(Origin::ThisLog, |version| Origin::Another { epoch: version.epoch() });
        if let Origin::Another { epoch } = origin {
            warn!(
                engine = self.sink.kind(),
                partition = partition.number,
                epoch,
                "the index holds documents of this partition that this group never wrote: only records of a higher epoch \
                 are written to it"
            );
        }
        Ok(origin)
    }
}

impl<S: Sink> Stage for WriteStage<S> {
    type Lane = WriteLane<S>;

    /// Makes sure that the indexes exist and hold this space, and determines whose documents they hold.
    async fn open(
        &self,
        partition: Partition,
        committed: Option<&Committed>,
    ) -> Result<WriteLane<S>, Trouble> {
        let ensured = self.sink.ensure().await.map_err(|error| trouble_of(&error))?;
        if ensured.chunks.created || ensured.documents.created {
            info!(engine = self.sink.kind(), partition = partition.number, "indexes created");
        }
        let indexes = ensured.identity();
        let origin = self.origin(partition, (&ensured, &indexes), committed).await?;
        self.seen.send_if_modified(|seen| {
            let other = !is_same(seen, &indexes);
            seen.clone_from(&indexes);
            other
        });
        Ok(WriteLane::new(self, indexes, origin))
    }
}

fn trouble_of(error: &SinkError) -> Trouble {
    let cause = error.to_string();
    if let SinkError::Unavailable { retry_after, .. } = error {
        return Trouble { retry_after: *retry_after, ..Trouble::wait(cause) };
    }
    Trouble::alarm(cause)
}
