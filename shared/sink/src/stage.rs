//! The stage of `index` and of `replicate`: records of `vectors.<space>` in order into one engine.
//!
//! Writes first, commits after: a crash repeats writes, and versions make a repeated write harmless.

use std::sync::Arc;
use std::time::Duration;

use message::Embedded;
use stream::{Committed, Lane, Outcome, Record, Stage, Trouble, Verdict};
use telemetry::{Counter, Histogram, count, observe};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::info;

use crate::action::{Action, action_of, delete};
use crate::error::SinkError;
use crate::plan::{Ensured, IndexPlan};
use crate::sink::{Answer, Sink};

/// How long an index that was deleted and made anew may stay unnoticed by a lane whose own writes do not fail.
const CHECKED_EVERY: Duration = Duration::from_secs(30);

/// What every lane shares.
#[derive(Debug)]
pub struct WriteStage<S> {
    sink: Arc<S>,
    plan: IndexPlan,
    /// The engine's own identity of both indexes, as it was last seen by any lane.
    seen: watch::Sender<String>,
    checked_every: Duration,
}

/// One partition.
///
/// Only the lane whose write fails sees that an index was deleted; it makes the index anew, and from then on nobody
/// else's write fails. So every lane learns what any lane saw, and looks itself now and then: another process may have
/// made the index anew.
#[derive(Debug)]
pub struct WriteLane<S> {
    sink: Arc<S>,
    plan: IndexPlan,
    /// The engine's own identity of both indexes.
    identity: String,
    seen: watch::Receiver<String>,
    checked: Instant,
    checked_every: Duration,
}

impl<S: Sink> WriteStage<S> {
    /// A stage that writes what `plan` describes to `sink`.
    pub fn new(sink: S, plan: IndexPlan) -> Self {
        Self { sink: Arc::new(sink), plan, seen: watch::Sender::default(), checked_every: CHECKED_EVERY }
    }

    /// Each lane looks so often whether its indexes are still those that it was opened for (by default every 30 s).
    #[must_use]
    pub fn checked_every(self, checked_every: Duration) -> Self {
        Self { checked_every, ..self }
    }
}

impl<S: Sink> Stage for WriteStage<S> {
    type Lane = WriteLane<S>;

    /// Makes sure that the indexes are there and hold this space.
    async fn open(&self, partition: i32, _: Option<&Committed>) -> Result<WriteLane<S>, Trouble> {
        let ensured = self.sink.ensure(&self.plan).await.map_err(|error| trouble_of(&error))?;
        if ensured.chunks.created || ensured.documents.created {
            info!(engine = self.sink.kind(), partition, "indexes created");
        }
        let identity = identity_of(&ensured);
        self.seen.send_if_modified(|seen| {
            let other = *seen != identity;
            seen.clone_from(&identity);
            other
        });
        Ok(WriteLane {
            sink: Arc::clone(&self.sink),
            plan: self.plan.clone(),
            identity,
            seen: self.seen.subscribe(),
            checked: Instant::now(),
            checked_every: self.checked_every,
        })
    }
}

impl<S: Sink> Lane for WriteLane<S> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        if let Err(trouble) = self.check().await {
            return Outcome { verdicts: Vec::new(), retry: Some(trouble) };
        }
        let parsed: Vec<Result<Action, String>> = batch.iter().map(|record| self.action(record)).collect();
        let actions = parsed.iter().filter_map(|action| action.as_ref().ok().cloned()).collect();
        let begun = Instant::now();
        let written = self.sink.write(actions).await;
        observe(Histogram::WriteSeconds, begun.elapsed().as_secs_f64());
        count(Counter::ItemsWritten, written.done() as u64);
        let mut answers = written.answers.into_iter();
        let mut outcome = Outcome::default();
        for action in parsed {
            let answer = match action {
                Err(cause) => Answer::Refused(cause),
                Ok(_) => answers.next().unwrap_or_else(|| Answer::Stop("an action got no answer".to_owned())),
            };
            match answer {
                Answer::Done => outcome.verdicts.push(Verdict::Done(Vec::new())),
                Answer::Refused(cause) => outcome.verdicts.push(Verdict::refuse(cause)),
                Answer::Wait { cause, retry_after } => {
                    outcome.retry = Some(Trouble { retry_after, ..Trouble::wait(cause) });
                    return outcome;
                }
                Answer::Stop(cause) => {
                    outcome.retry = Some(Trouble::reopen(cause));
                    return outcome;
                }
            }
        }
        outcome
    }

    /// An index that was deleted is made anew empty, with another uuid: the log is then written to it again.
    fn identity(&self) -> &str {
        &self.identity
    }

    async fn lost(&mut self) -> Trouble {
        loop {
            let due = self.checked + self.checked_every;
            tokio::select! {
                // The stage outlives its lanes; without it there is nothing to learn before the next look.
                Ok(()) = self.seen.changed() => {}
                () = sleep_until(due) => {}
            }
            if let Err(trouble) = self.check().await {
                return trouble;
            }
        }
    }
}

impl<S: Sink> WriteLane<S> {
    /// Fails when the indexes are no longer those that this lane was opened for. An engine that does not answer is left
    /// to the next write.
    async fn check(&mut self) -> Result<(), Trouble> {
        let mut same = *self.seen.borrow() == self.identity;
        if same && self.checked.elapsed() >= self.checked_every {
            let ensured = self.sink.ensure(&self.plan).await;
            self.checked = Instant::now();
            same = ensured.map_or(true, |ensured| identity_of(&ensured) == self.identity);
        }
        let again =
            || Trouble::wait("an index was deleted and made anew: this partition is written to it again");
        if same { Ok(()) } else { Err(Trouble { reopen: true, ..again() }) }
    }

    fn action(&self, record: &Record) -> Result<Action, String> {
        let headers = record.parse_headers()?;
        let Some(value) = record.value.as_deref() else {
            let version = headers.version.ok_or("a tombstone without the header 'version'")?;
            return Ok(delete(&record.key_text(), &headers.document, version));
        };
        let embedded: Embedded =
            serde_json::from_slice(value).map_err(|error| format!("not an embedded passage: {error}"))?;
        action_of(&embedded, &self.plan.space).map_err(|error| error.to_string())
    }
}

fn identity_of(ensured: &Ensured) -> String {
    format!("{} {}", ensured.chunks.uuid, ensured.documents.uuid)
}

fn trouble_of(error: &SinkError) -> Trouble {
    let cause = error.to_string();
    if let SinkError::Unavailable { retry_after, .. } = error {
        return Trouble { retry_after: *retry_after, ..Trouble::wait(cause) };
    }
    Trouble::alarm(cause)
}
