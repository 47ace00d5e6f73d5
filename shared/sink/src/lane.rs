//! One partition of `index` or `replicate`.

use std::sync::Arc;
use std::time::Duration;

use message::Embedded;
use stream::{Boottime, Lane, Outcome, Patience, Record, Trouble, Verdict};
use telemetry::{Counter, Histogram, count, observe};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::action::{Action, action_of, delete};
use crate::ensured::{is_same, is_same_index};
use crate::origin::Origin;
use crate::sink::{ItemAnswer, Sink};
use crate::stage::WriteStage;

/// One partition.
///
/// When an index is deleted, only the lane whose write fails notices: it recreates the index, and the other lanes'
/// writes succeed again. So lanes share what any of them saw, and each also checks now and then, because another
/// process may have recreated the index.
#[derive(Debug)]
pub struct WriteLane<S> {
    sink: Arc<S>,
    /// The identity of both indexes, as read from the engine.
    indexes: String,
    /// Whose documents they held before this group wrote to them.
    origin: Origin,
    /// Identity and origin as committed with each offset.
    identity: String,
    seen: watch::Receiver<String>,
    checked: Instant,
    checked_every: Duration,
    /// When the group last confirmed that this partition is ours.
    proved: Option<Boottime>,
    patience: Patience,
    budget: Duration,
}

impl<S: Sink> Lane for WriteLane<S> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let nothing = |trouble| Outcome { verdicts: Vec::new(), retry: Some(trouble) };
        if let Err(trouble) = self.check().await {
            return nothing(trouble);
        }
        let Some(proved) = self.proved else {
            return nothing(Trouble::wait("the group has not confirmed yet that this partition is ours"));
        };
        let (parsed, forbidden) = self.parse(batch);
        let actions = parsed.iter().filter_map(|action| action.as_ref().ok().cloned()).collect();
        let begun = Instant::now();
        let written = self.sink.write(actions, proved).await;
        observe(Histogram::WriteSeconds, begun.elapsed().as_secs_f64());
        count(Counter::ItemsWritten, written.done() as u64);
        let is_answered = written.done() > 0;
        let mut answers = written.answers.into_iter();
        let answer_of = |action| match action {
            Err(cause) => ItemAnswer::Refused(cause),
            Ok(_) => answers.next().unwrap_or_else(|| ItemAnswer::Stop("an action got no answer".to_owned())),
        };
        let answers = parsed.into_iter().map(answer_of);
        let outcome = self.outcome(batch, answers, is_answered);
        match forbidden {
            Some(cause) if outcome.retry.is_none() => {
                Outcome { retry: Some(Trouble::reopen(cause)), ..outcome }
            }
            _ => outcome,
        }
    }

    fn proved(&mut self, at: Boottime) {
        self.proved = Some(at);
    }

    /// After an index was deleted and recreated empty, its uuid differs, and the log is written to it again.
    fn identity(&self) -> &str {
        &self.identity
    }

    fn follows(&self, identity: &str) -> bool {
        Origin::follows(&self.identity, identity)
    }

    async fn lost(&mut self) -> Trouble {
        loop {
            let due = self.checked + self.checked_every;
            tokio::select! {
                // The stage outlives its lanes; if it is gone, nothing is left to learn before the next check.
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
    pub(crate) fn new(stage: &WriteStage<S>, indexes: String, origin: Origin) -> Self {
        Self {
            sink: Arc::clone(&stage.sink),
            identity: origin.identity(&indexes),
            indexes,
            origin,
            seen: stage.seen.subscribe(),
            checked: Instant::now(),
            checked_every: stage.checked_every,
            proved: None,
            patience: Patience::new(stage.patience),
            budget: stage.patience,
        }
    }

    /// Fails when the indexes are not those that this lane was opened for. If the engine does not answer, the next
    /// write will find out.
    async fn check(&mut self) -> Result<(), Trouble> {
        let mut now = self.seen.borrow().clone();
        if is_same(&now, &self.indexes) && self.checked.elapsed() >= self.checked_every {
            let ensured = self.sink.ensure().await;
            self.checked = Instant::now();
            now = ensured.map_or_else(|_| self.indexes.clone(), |ensured| ensured.identity());
        }
        if is_same(&now, &self.indexes) {
            return Ok(());
        }
        let cause = if is_same_index(&now, &self.indexes) {
            "an index went back to an earlier state (a snapshot was restored over it, or a stale copy of a shard was \
             forced): this partition is written to it again. The log forgets deletions after delete.retention.ms: where \
             that state is older, run `millrace audit --repair` when this is done"
        } else {
            "an index was deleted and made anew: this partition is written to it again"
        };
        Err(Trouble { reopen: true, ..Trouble::wait(cause) })
    }

    /// What to do with each record up to the first that must not be sent, and the reason for stopping there.
    fn parse(&self, batch: &[Record]) -> (Vec<Result<Action, String>>, Option<String>) {
        let mut parsed = Vec::with_capacity(batch.len());
        for record in batch {
            let action = self.action(record);
            if let Ok(Action { id, version, .. }) = &action
                && let Some(cause) = self.origin.forbids(id, *version)
            {
                return (parsed, Some(cause));
            }
            parsed.push(action);
        }
        (parsed, None)
    }

    /// Verdicts for the answers up to the first that is not final.
    fn outcome(
        &mut self,
        batch: &[Record],
        answers: impl Iterator<Item = ItemAnswer>,
        is_answered: bool,
    ) -> Outcome {
        if !is_answered {
            // We are waiting for the engine, not because of any record.
            self.patience = Patience::new(self.budget);
        }
        let mut outcome = Outcome::default();
        for (record, answer) in batch.iter().zip(answers) {
            match answer {
                ItemAnswer::Done => outcome.verdicts.push(Verdict::Done(Vec::new())),
                ItemAnswer::Refused(cause) => outcome.verdicts.push(Verdict::refuse(cause)),
                // The first action that waits is held up by itself, not by another: see `Sink::write`.
                ItemAnswer::Wait { cause, .. } if is_answered && self.patience.is_spent(record.offset) => {
                    let seconds = self.budget.as_secs();
                    outcome.verdicts.push(Verdict::refuse(format!(
                        "for more than {seconds} s (MILLRACE_PATIENCE) the engine had this item wait while it took \
                         others; the last time: {cause}"
                    )));
                }
                ItemAnswer::Wait { cause, retry_after } => {
                    outcome.retry = Some(Trouble { retry_after, ..Trouble::wait(cause) });
                    return outcome;
                }
                ItemAnswer::Stop(cause) => {
                    outcome.retry = Some(Trouble::reopen(cause));
                    return outcome;
                }
            }
        }
        outcome
    }

    fn action(&self, record: &Record) -> Result<Action, String> {
        let headers = record.parse_headers()?;
        let Some(value) = record.value.as_deref() else {
            let version = headers.version.ok_or("a tombstone without the header 'version'")?;
            return Ok(delete(&record.key_text(), &headers.document, version));
        };
        let embedded: Embedded =
            serde_json::from_slice(value).map_err(|error| format!("not an embedded passage: {error}"))?;
        action_of(&embedded, self.sink.names().space()).map_err(|error| error.to_string())
    }
}
