//! The stage of `index` and of `replicate`: records of `vectors.<space>` in order into one engine.
//!
//! Writes first, commits after: a crash repeats writes, and versions make a repeated write harmless.

use std::sync::Arc;

use message::{Embedded, Fingerprint};
use stream::{Lane, Outcome, Record, Stage, Trouble, Verdict};
use telemetry::{Counter, Histogram, count, observe};
use tokio::time::Instant;
use tracing::info;

use crate::action::{Action, action_of, delete};
use crate::error::SinkError;
use crate::plan::IndexPlan;
use crate::sink::{Answer, Sink};

/// What every lane shares.
#[derive(Debug)]
pub struct WriteStage<S> {
    sink: Arc<S>,
    plan: IndexPlan,
}

/// One partition; it has no state.
#[derive(Debug)]
pub struct WriteLane<S> {
    sink: Arc<S>,
    space: Fingerprint,
    /// The engine's own identity of both indexes.
    identity: String,
}

impl<S: Sink> WriteStage<S> {
    /// A stage that writes what `plan` describes to `sink`.
    pub fn new(sink: S, plan: IndexPlan) -> Self {
        Self { sink: Arc::new(sink), plan }
    }
}

impl<S: Sink> Stage for WriteStage<S> {
    type Lane = WriteLane<S>;

    /// Makes sure that the indexes are there and hold this space.
    async fn open(&self, partition: i32) -> Result<WriteLane<S>, Trouble> {
        let ensured = self.sink.ensure(&self.plan).await.map_err(|error| trouble_of(&error))?;
        if ensured.chunks.created || ensured.documents.created {
            info!(engine = self.sink.kind(), partition, "indexes created");
        }
        let identity = format!("{} {}", ensured.chunks.uuid, ensured.documents.uuid);
        Ok(WriteLane { sink: Arc::clone(&self.sink), space: self.plan.space.clone(), identity })
    }
}

impl<S: Sink> Lane for WriteLane<S> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
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
}

impl<S: Sink> WriteLane<S> {
    fn action(&self, record: &Record) -> Result<Action, String> {
        let headers = record.parse_headers()?;
        let Some(value) = record.value.as_deref() else {
            let version = headers.version.ok_or("a tombstone without the header 'version'")?;
            return Ok(delete(&record.key_text(), &headers.document, version));
        };
        let embedded: Embedded =
            serde_json::from_slice(value).map_err(|error| format!("not an embedded passage: {error}"))?;
        action_of(&embedded, &self.space).map_err(|error| error.to_string())
    }
}

fn trouble_of(error: &SinkError) -> Trouble {
    let cause = error.to_string();
    if let SinkError::Unavailable { retry_after, .. } = error {
        return Trouble { retry_after: *retry_after, ..Trouble::wait(cause) };
    }
    Trouble::alarm(cause)
}
