//! One look at documents and questions: what is new is compared with the reference, and it is decided whether a model is to be
//! trained. Stage: whoever calls it brings broker, store, engine and model.

use message::{DriftReport, Fingerprint};
use model::Encoder;
use objects::Store;
use sink::Reader;
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing};

use crate::ask::{SampledPassage, drawn, held, observed};
use crate::decide::decide;
use crate::explain::{DriftExplanation, explain};
use crate::kept::{DriftObjects, StoredProgress, StoredReference};
use crate::limits::DriftLimits;
use crate::measure::measure;
use crate::observation::{DriftSample, QuestionObservation};
use crate::report::{ReportHead, report, window};
use crate::rules::DriftRules;
use crate::trouble::DriftTrouble;
use crate::window::{ends, new_passages, new_questions};

/// What is looked at.
#[derive(Clone, Debug)]
pub struct DriftSubject {
    /// What the indexes are called outside.
    pub index: String,
    /// The generation that is asked.
    pub generation: String,
    /// Its space.
    pub space: Fingerprint,
    /// The bucket of documents, which keeps the reference.
    pub bucket: String,
}

/// With what one looks.
#[derive(Clone, Copy, Debug)]
pub struct DriftGround<'a, B, S, R, E> {
    /// The broker, with the topics of vectors, questions and reports.
    pub broker: &'a B,
    /// The store of the reference.
    pub store: &'a S,
    /// The index that is asked.
    pub reader: &'a R,
    /// Its model.
    pub encoder: &'a E,
}

/// How one looks.
#[derive(Clone, Debug, Default)]
pub struct DriftManner {
    /// What counts.
    pub rules: DriftRules,
    /// How much is looked at.
    pub limits: DriftLimits,
    /// Take a new reference, and compare nothing.
    pub take_reference: bool,
}

/// What came of a look.
#[derive(Clone, Debug)]
pub enum DriftLook {
    /// There was no reference, or a new one was wanted: it was taken, and everything is forgotten that was compared with another.
    Taken(StoredReference),
    /// What is new was compared, and the report was written to the topic `drift`.
    Compared(Box<DriftReport>),
}

/// One look.
struct Task<'a> {
    subject: &'a DriftSubject,
    manner: &'a DriftManner,
    objects: DriftObjects,
    now: u64,
}

impl<B: Broker, S: Store, R: Reader, E: Encoder> DriftGround<'_, B, S, R, E> {
    /// Looks once. `now` is in seconds since 1970. The report is written before it is remembered what was looked at: after a kill in
    /// between, the same window is looked at and reported again. Two looks at once count one window twice.
    ///
    /// # Errors
    /// When something does not answer or refuses; nothing was taken into account then.
    pub async fn look(
        &self,
        subject: &DriftSubject,
        manner: &DriftManner,
        now: u64,
    ) -> Result<DriftLook, DriftTrouble> {
        if self.broker.existing(topics::DRIFT).await?.is_none() {
            return Err(DriftTrouble::NoTopic);
        }
        self.reader.check(&subject.space).await?;
        let objects = DriftObjects::of(&subject.bucket, &subject.index, &subject.space)?;
        let task = Task { subject, manner, objects, now };
        let known = if manner.take_reference { None } else { task.objects.reference(self.store).await? };
        let Some(reference) = known else { return Ok(DriftLook::Taken(self.take(&task).await?)) };
        let progress = task.objects.progress(self.store).await?;
        let progress = if let Some(known) = progress.filter(|known| known.reference == reference.taken) {
            known
        } else {
            // Without it the window begins now: what was new before is not told from what the reference holds.
            let mut begun = self.begun(subject, reference.taken).await?;
            (begun.passages_since, begun.questions_since) = (now, now);
            begun
        };
        let report = self.compare(&task, reference, progress).await?;
        Ok(DriftLook::Compared(Box::new(report)))
    }

    async fn begun(&self, subject: &DriftSubject, reference: u64) -> Result<StoredProgress, DriftTrouble> {
        let passages = ends(self.broker, &topics::vectors(&subject.space)).await?;
        let questions = ends(self.broker, topics::QUERIES).await?;
        Ok(StoredProgress::new(reference, passages, questions))
    }

    /// Takes a reference of what the index holds. Its questions are those of the first windows.
    async fn take(&self, task: &Task<'_>) -> Result<StoredReference, DriftTrouble> {
        let Task { subject, manner: DriftManner { limits, .. }, objects, now } = task;
        // The places come first: what is written meanwhile is new.
        let progress = self.begun(subject, *now).await?;
        let sample = drawn(self.reader, limits.reference_passages).await?;
        if sample.len() < limits.fewest_passages {
            return Err(DriftTrouble::TooFew { found: sample.len(), needed: limits.fewest_passages });
        }
        let passages = observed(self.reader, self.encoder, &sample, limits.ranks).await?;
        let sample = DriftSample { passages, questions: Vec::new() };
        let taken = StoredReference::new(subject.space.clone(), subject.generation.clone(), *now, sample);
        objects.keep_reference(self.store, &taken).await?;
        objects.keep_progress(self.store, &progress).await?;
        Ok(taken)
    }

    async fn compare(
        &self,
        task: &Task<'_>,
        mut reference: StoredReference,
        mut progress: StoredProgress,
    ) -> Result<DriftReport, DriftTrouble> {
        let Task { subject, manner: DriftManner { rules, limits, .. }, objects, now } = task;
        let begun = [progress.passages_since, progress.questions_since];
        let mut current = self.fresh(task, &mut progress).await?;
        let is_taken = [!current.passages.is_empty(), !current.questions.is_empty()];
        let taken = begun.into_iter().zip(is_taken).filter(|(_, is_taken)| *is_taken);
        let since = taken.map(|(since, _)| since).min().unwrap_or(*now);
        let is_adopted = adopt(&mut reference.sample, &mut current, limits);
        let measured = measure(&reference.sample, &current, rules);
        let (state, decision) = decide(&progress.state, &measured, rules, *now);
        progress.state = state;
        let explanation = if measured.is_empty() {
            DriftExplanation::default()
        } else {
            explain(&reference.sample, &current, rules.first)
        };
        let head = ReportHead {
            index: subject.index.clone(),
            generation: subject.generation.clone(),
            space: subject.space.clone(),
            reference: window(&reference.sample, reference.taken, reference.taken),
            current: window(&current, since, *now),
        };
        let report = report(head, &measured, decision, explanation, rules);
        self.write(&report).await?;
        if is_adopted {
            objects.keep_reference(self.store, &reference).await?;
        }
        objects.keep_progress(self.store, &progress).await?;
        Ok(report)
    }

    /// What is new, of passages and of questions each if there are enough. What there are not enough of stays new.
    async fn fresh(
        &self,
        Task { subject, manner: DriftManner { limits, .. }, now, .. }: &Task<'_>,
        progress: &mut StoredProgress,
    ) -> Result<DriftSample, DriftTrouble> {
        let mut sample = DriftSample::default();
        let topic = topics::vectors(&subject.space);
        let (passages, next) = new_passages(self.broker, &topic, &progress.passages, limits).await?;
        let passages = held(self.reader, passages.into_iter().map(SampledPassage::from).collect()).await?;
        if passages.len() >= limits.fewest_passages {
            sample.passages = observed(self.reader, self.encoder, &passages, limits.ranks).await?;
            (progress.passages, progress.passages_since) = (next, *now);
        }
        let (questions, next) =
            new_questions(self.broker, &subject.space, &progress.questions, limits).await?;
        if questions.iter().filter(|question| !question.only_judged).count() >= limits.fewest_questions {
            sample.questions = questions;
            (progress.questions, progress.questions_since) = (next, *now);
        }
        Ok(sample)
    }

    async fn write(&self, report: &DriftReport) -> Result<(), DriftTrouble> {
        let value = serde_json::to_vec(report).map_err(|error| DriftTrouble::Stored {
            object: "the report".to_owned(),
            cause: error.to_string(),
        })?;
        let record =
            Outgoing { topic: topics::DRIFT.to_owned(), key: None, value: Some(value), headers: None };
        self.broker.after_write()?.write(vec![record]).await?;
        Ok(())
    }
}

/// Questions and judgements of the first windows become the reference's own, until it has enough: they are not compared with
/// themselves. Whether there were any.
fn adopt(reference: &mut DriftSample, current: &mut DriftSample, limits: &DriftLimits) -> bool {
    let alone = |liked| QuestionObservation { liked, only_judged: true, ..QuestionObservation::default() };
    let mut is_adopted = false;
    if reference.judgements() < limits.reference_judgements {
        for question in current.questions.iter_mut().filter(|question| !question.liked.is_empty()) {
            reference.questions.push(alone(std::mem::take(&mut question.liked)));
            is_adopted = true;
        }
    }
    if reference.fair().count() < limits.reference_questions {
        for mut question in std::mem::take(&mut current.questions) {
            if !question.liked.is_empty() {
                current.questions.push(alone(std::mem::take(&mut question.liked)));
            }
            if !question.only_judged {
                reference.questions.push(question);
                is_adopted = true;
            }
        }
    }
    is_adopted
}

#[cfg(test)]
mod tests;
