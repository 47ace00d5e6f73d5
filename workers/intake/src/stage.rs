//! The worker: turns notices into references. It is stateless and asks no other service.

use std::collections::BTreeMap;

use message::{Headers, trace};
use stream::{Committed, Lane, Outcome, Outgoing, Partition, Record, Stage, Trouble, Verdict};
use telemetry::{Counter, count};
use tracing::{info, warn};

use crate::name::IgnoreReason;
use crate::reference::{NoticeAnswer, WantedObjects, answer};

/// What all lanes share.
#[derive(Clone, Debug)]
pub struct IntakeStage {
    wanted: WantedObjects,
    documents: String,
}

impl IntakeStage {
    /// A stage that writes references to the `wanted` objects to the topic `documents`.
    #[must_use]
    pub fn new(wanted: WantedObjects, documents: &str) -> Self {
        Self { wanted, documents: documents.to_owned() }
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
        let mut elsewhere = Elsewhere::new();
        let verdicts = batch.iter().map(|record| self.verdict(record, &mut elsewhere)).collect();
        for (bucket, times) in elsewhere {
            warn!(
                bucket, times, ours = %self.wanted.buckets,
                "notices about a bucket that MILLRACE_BUCKET does not name are ignored: name it, or let its store not tell of it"
            );
        }
        Outcome { verdicts, retry: None }
    }
}

/// Foreign buckets, and how many notices of a batch were about each. An account may have far more objects elsewhere,
/// so one log line per notice would drown everything else.
type Elsewhere = BTreeMap<String, usize>;

/// Counts and logs the ignored notices.
fn tell(said: &NoticeAnswer, elsewhere: &mut Elsewhere) {
    count(Counter::NoticesIgnored, said.ignored.len() as u64);
    let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for ignored in &said.ignored {
        if ignored.reason == IgnoreReason::OtherBucket {
            *elsewhere.entry(ignored.bucket.clone()).or_default() += 1;
        } else {
            *counted.entry((ignored.format, ignored.name.as_str())).or_default() += 1;
        }
    }
    for ((format, name), times) in counted {
        info!(format, name, times, "notice changes nothing");
    }
}

impl IntakeStage {
    fn verdict(&self, record: &Record, elsewhere: &mut Elsewhere) -> Verdict {
        let said = answer(record.value.as_deref().unwrap_or_default(), &self.wanted);
        tell(&said, elsewhere);
        let trace = trace_of(record);
        let mut cause = said.cause();
        let mut outputs = Vec::new();
        for reference in &said.references {
            let headers = Headers::new(reference.document.clone(), trace.clone());
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

/// A trace id that depends only on the record, so that reading it again gives the same.
fn trace_of(record: &Record) -> String {
    let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
    trace([place.as_bytes(), record.value.as_deref().unwrap_or_default()])
}
