//! The worker: what a store said, as references to look at. It has no state and asks nobody.

use std::collections::BTreeMap;

use message::{Headers, trace};
use stream::{Committed, Lane, Outcome, Outgoing, Partition, Record, Stage, Trouble, Verdict};
use telemetry::{Counter, count};
use tracing::info;

use crate::Scope;
use crate::reference::answer;

/// What every lane shares.
#[derive(Clone, Debug)]
pub struct IntakeStage {
    scope: Scope,
    documents: String,
}

impl IntakeStage {
    /// A stage that writes references within `scope` to the topic `documents`.
    #[must_use]
    pub fn new(scope: Scope, documents: &str) -> Self {
        Self { scope, documents: documents.to_owned() }
    }
}

impl Stage for IntakeStage {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(self.clone())
    }
}

impl Lane for IntakeStage {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        Outcome { verdicts: batch.iter().map(|record| self.verdict(record)).collect(), retry: None }
    }
}

impl IntakeStage {
    fn verdict(&self, record: &Record) -> Verdict {
        let said = answer(record.value.as_deref().unwrap_or_default(), &self.scope);
        count(Counter::NoticesIgnored, said.ignored.len() as u64);
        let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for ignored in &said.ignored {
            *counted.entry((ignored.format, ignored.name.as_str())).or_default() += 1;
        }
        for ((format, name), times) in counted {
            info!(format, name, times, "notice changes nothing");
        }
        let trace = trace_of(record);
        let mut cause = said.cause();
        let mut outputs = Vec::new();
        for reference in &said.references {
            let headers =
                Headers { document: reference.document.clone(), version: None, trace: trace.clone() };
            match Outgoing::json(&self.documents, reference.document.as_str(), reference, headers) {
                Ok(outgoing) => outputs.push(outgoing),
                Err(error) => cause = Some(error),
            }
        }
        match cause {
            None => Verdict::Done(outputs),
            Some(cause) => Verdict::Refuse { cause, outputs },
        }
    }
}

/// A trace that is the same whenever the same record is read.
fn trace_of(record: &Record) -> String {
    let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
    trace([place.as_bytes(), record.value.as_deref().unwrap_or_default()])
}
