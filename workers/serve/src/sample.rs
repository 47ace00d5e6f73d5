#![expect(clippy::disallowed_methods, reason = "edge: one task writes to Kafka")]
//! What is kept of questions, written to the topic `queries` without delaying answers.
//!
//! A search is written at once, an answer when it is complete or broke off, because only then is it known what it cites. Which
//! of them are, the sample's share says; the latest answers are also remembered, so that a judgement ([`crate::feedback`])
//! brings its question with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use message::{ChunkId, DocumentId, Query, QueryHit, QueryRecord, Vector};
use stream::broker::Publisher as _;
use stream::{Broker, Outgoing, wall_seconds};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tracing::warn;

use crate::answer_id::AnswerId;
use crate::chat::answer::CitedSource;
use crate::found::{FoundPassage, LookedUp};
use crate::mask::mask;
use crate::question::{Mode, Question};
use crate::recent::{RecentAnswer, RecentAnswers};

/// Maximum number of notes waiting to be written, of at most some 50 KB each; beyond it, questions are not sampled.
const WAITING: usize = 200;
/// Number of passages kept for each question.
const HITS: usize = 10;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleSettings {
    /// The share of the questions that is written, 0 to 1.
    pub share: f64,
    /// Whether answers can be judged; a judged answer is written whatever the share.
    pub feedback: bool,
    /// Whether personal data is replaced before a text is stored.
    pub mask: bool,
}

/// Keeps questions. Copies share everything.
#[derive(Clone, Debug)]
pub struct Sample(Option<Arc<Keeping>>);

#[derive(Debug)]
struct Keeping {
    sender: Sender<Note>,
    settings: SampleSettings,
    asked: AtomicU64,
    recent: Mutex<RecentAnswers>,
}

/// Records to be written together.
#[derive(Debug)]
struct Note {
    records: Vec<QueryRecord>,
    /// Who waits for it, and is told why it could not be written.
    told: Option<oneshot::Sender<Result<(), String>>>,
}

/// An answer in progress, and what is kept of it: it is kept when it is complete, or else when this
/// is dropped.
#[derive(Debug)]
pub struct PendingAnswer {
    id: AnswerId,
    kept: Option<(Arc<Keeping>, Box<RecentAnswer>)>,
}

impl Sample {
    /// Keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Writes to `broker`'s topic `queries` until all copies of this are dropped.
    pub fn start<K: Broker>(broker: K, settings: SampleSettings) -> Self {
        let share = if settings.share.is_nan() { 0.0 } else { settings.share };
        if share <= 0.0 && !settings.feedback {
            return Self::none();
        }
        let (sender, receiver) = channel(WAITING);
        tokio::spawn(write(broker, receiver));
        let (settings, recent) = (SampleSettings { share, ..settings }, Mutex::default());
        Self(Some(Arc::new(Keeping { sender, settings, asked: AtomicU64::new(0), recent })))
    }

    /// Whether answers can be judged here.
    #[must_use]
    pub fn takes_feedback(&self) -> bool {
        self.0.as_ref().is_some_and(|keeping| keeping.settings.feedback)
    }

    /// Keeps a search, if its turn has come.
    pub(crate) fn take(&self, question: &Question, looked: &LookedUp) {
        let Some(keeping) = self.0.as_ref().filter(|keeping| keeping.has_turn()) else { return };
        let _is_taken = keeping.note(keeping.query(question, looked));
    }

    /// An answer begins.
    pub(crate) fn begin(&self, question: &Question, looked: &LookedUp, application: &str) -> PendingAnswer {
        let id = AnswerId::fresh();
        let kept = self.0.as_ref().map(|keeping| {
            let query = Query {
                id: Some(id.to_string()),
                application: Some(application.to_owned()),
                ..keeping.query(question, looked)
            };
            let answer = RecentAnswer { query, documents: Vec::new(), is_written: false };
            (Arc::clone(keeping), Box::new(answer))
        });
        PendingAnswer { id, kept }
    }

    /// A text as it is stored.
    pub(crate) fn stored(&self, text: String) -> String {
        let is_masked = self.0.as_ref().is_some_and(|keeping| keeping.settings.mask);
        if is_masked { mask(&text).text } else { text }
    }

    /// The latest answers; none where nothing can be judged.
    pub(crate) fn recent(&self) -> Option<MutexGuard<'_, RecentAnswers>> {
        let keeping = self.0.as_ref().filter(|keeping| keeping.settings.feedback)?;
        Some(keeping.recent())
    }

    /// Writes records, and waits until they are there.
    ///
    /// # Errors
    /// Why they could not be written.
    pub(crate) async fn write(&self, records: Vec<QueryRecord>) -> Result<(), String> {
        let gone = || "nothing is written any more".to_owned();
        let keeping = self.0.as_ref().ok_or_else(gone)?;
        let (told, hears) = oneshot::channel();
        keeping.sender.send(Note { records, told: Some(told) }).await.map_err(|_| gone())?;
        hears.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Keeping {
    /// Whether this question is one of the sample: every (1 / share)-th, so that a sample of a tenth is exactly that.
    fn has_turn(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "questions of one process")]
        let count = self.asked.fetch_add(1, Ordering::Relaxed) as f64;
        ((count + 1.0) * self.settings.share).floor() > (count * self.settings.share).floor()
    }

    fn recent(&self) -> MutexGuard<'_, RecentAnswers> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a question to the writing task; false when that has too much to do.
    fn note(&self, query: Query) -> bool {
        let note = Note { records: vec![QueryRecord::Query(Box::new(query))], told: None };
        // Full, because Kafka is down or slow. Answers must not wait.
        self.sender.try_send(note).is_ok()
    }

    /// What is stored of a question and its result.
    fn query(&self, question: &Question, looked: &LookedUp) -> Query {
        let answer = &looked.answer;
        let hit = |found: &FoundPassage| QueryHit {
            id: found.id.clone(),
            score: found.score,
            vector_score: match answer.mode {
                Mode::Vector => Some(found.score),
                Mode::Hybrid => found.vector_score,
                Mode::Keyword => None,
            },
        };
        let mode = match answer.mode {
            Mode::Keyword => "keyword",
            Mode::Vector => "vector",
            Mode::Hybrid => "hybrid",
        };
        let masked = self.settings.mask.then(|| mask(&question.text)).filter(|masked| masked.count > 0);
        let text = masked.as_ref().map_or(question.text.as_str(), |masked| masked.text.as_str());
        Query {
            // A vector tells much of the text that it was made from.
            vector: looked.vector.clone().map(Vector).filter(|_| masked.is_none()),
            hits: answer.hits.iter().take(HITS).map(hit).collect(),
            at: Some(wall_seconds()),
            generation: Some(answer.generation.clone()),
            relevance: answer.relevance,
            overlap: looked.overlap,
            language: analysis::language(&question.text).map(str::to_owned),
            masked: masked.is_some(),
            ..Query::new(text, mode, answer.space.clone())
        }
    }

    fn keep(&self, mut answer: RecentAnswer) {
        answer.is_written = self.has_turn() && self.note(answer.query.clone());
        if self.settings.feedback {
            self.recent().remember(answer);
        }
    }
}

impl PendingAnswer {
    /// The answer's name.
    #[must_use]
    pub fn id(&self) -> &AnswerId {
        &self.id
    }

    /// The passages that are shown with it.
    pub(crate) fn show(&mut self, sources: &[CitedSource]) {
        if let Some((_, answer)) = &mut self.kept {
            answer.query.shown = sources.iter().map(|source| source.id.clone()).collect();
            let mut documents: Vec<DocumentId> =
                sources.iter().map(|source| source.document.clone()).collect();
            documents.sort();
            documents.dedup();
            answer.documents = documents;
        }
    }

    /// It is complete, and cites these passages; or nothing relevant was found.
    pub(crate) fn done(&mut self, cited: Vec<ChunkId>, abstained: bool) {
        if let Some((keeping, mut answer)) = self.kept.take() {
            answer.query.cited = cited;
            answer.query.abstained = Some(abstained);
            keeping.keep(*answer);
        }
    }
}

/// It broke off, or nobody waited for its end: the question was asked all the same.
impl Drop for PendingAnswer {
    fn drop(&mut self) {
        if let Some((keeping, answer)) = self.kept.take() {
            keeping.keep(*answer);
        }
    }
}

/// Writes until all senders are gone. What cannot be written is lost, and logged once for each run of failures; who waits for
/// it is told.
async fn write<K: Broker>(broker: K, mut receiver: Receiver<Note>) {
    let mut publisher = None;
    let mut is_failing = false;
    while let Some(Note { records, told }) = receiver.recv().await {
        let records = records.iter().map(outgoing).collect();
        let written = match publisher.take() {
            Some(publisher) => Ok(publisher),
            None => broker.after_write(),
        };
        let written = match written {
            Ok(mut fresh) => fresh.write(records).await.map(|_| fresh),
            Err(error) => Err(error),
        };
        let outcome = match written {
            Ok(fresh) => {
                publisher = Some(fresh);
                is_failing = false;
                Ok(())
            }
            Err(error) => {
                if !is_failing {
                    warn!(%error, "sampled questions are lost until Kafka can be reached");
                }
                is_failing = true;
                Err(error.to_string())
            }
        };
        if let Some(told) = told {
            let _is_heard = told.send(outcome).is_ok();
        }
    }
}

fn outgoing(record: &QueryRecord) -> Outgoing {
    Outgoing {
        topic: topics::QUERIES.to_owned(),
        key: None,
        value: serde_json::to_vec(record).ok(),
        headers: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use message::Fingerprint;
    use stream::memory::Memory;

    use super::*;
    use crate::found::{Answer, Timing};

    const ALL: SampleSettings = SampleSettings { share: 1.0, feedback: true, mask: true };

    fn looked() -> LookedUp {
        let answer = Answer {
            mode: Mode::Vector,
            fusion: None,
            reranked: None,
            space: Fingerprint::of(&[]),
            generation: "0123456789ab".to_owned(),
            relevance: None,
            notes: Vec::new(),
            timing: Timing::default(),
            hits: Vec::new(),
        };
        LookedUp { answer, vector: Some(vec![1.0]), overlap: Some(0.5) }
    }

    fn asked(text: &str) -> Question {
        Question::plain(text, Mode::Vector, 10)
    }

    /// The questions in the topic, once there are so many.
    async fn queries(broker: &Memory, count: usize) -> Vec<Query> {
        let mut records = Vec::new();
        for _ in 0..200 {
            records = broker.records(topics::QUERIES);
            if records.len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let read = |value: Option<&[u8]>| serde_json::from_slice(value.unwrap()).unwrap();
        records.iter().map(|record| read(record.value.as_deref())).collect()
    }

    fn broker() -> Memory {
        let broker = Memory::default();
        broker.create(topics::QUERIES, 1);
        broker
    }

    #[tokio::test]
    async fn a_share_of_the_questions_is_written() {
        let broker = broker();
        let sample = Sample::start(broker.clone(), SampleSettings { share: 0.25, ..ALL });
        for n in 0..40 {
            sample.take(&asked(&format!("question {n}")), &looked());
        }
        drop(sample);
        let queries = queries(&broker, 10).await;
        assert_eq!((queries.len(), queries[0].question.as_str()), (10, "question 3"));
        assert_eq!(queries[0].vector, Some(Vector(vec![1.0])));
        assert_eq!((queries[0].overlap, &queries[0].id), (Some(0.5), &None));
        assert!(queries[0].at.is_some_and(|at| at > 1_700_000_000));
    }

    #[tokio::test]
    async fn an_answer_is_written_once_when_it_is_complete_or_broke_off() {
        let broker = broker();
        let sample = Sample::start(broker.clone(), ALL);
        let mut done = sample.begin(&asked("first"), &looked(), "millrace");
        let dropped = sample.begin(&asked("second"), &looked(), "millrace");
        let (first, second) = (done.id().to_string(), dropped.id().to_string());
        assert!(broker.records(topics::QUERIES).is_empty());
        drop(dropped);
        done.done(vec![ChunkId::from_text("p")], false);
        drop(done);
        drop(sample);
        let found = queries(&broker, 2).await;
        let seen: Vec<_> = found.iter().map(|one| (one.id.clone(), one.abstained, one.cited.len())).collect();
        assert_eq!(seen, [(Some(second), None, 0), (Some(first), Some(false), 1)]);
    }

    #[tokio::test]
    async fn personal_data_is_masked_and_its_vector_left_out_unless_that_is_off() {
        for (mask, question) in [(true, "who is <email>?"), (false, "who is x@example.com?")] {
            let broker = broker();
            let sample = Sample::start(broker.clone(), SampleSettings { mask, ..ALL });
            sample.take(&asked("who is x@example.com?"), &looked());
            assert_eq!(sample.stored("x@example.com".to_owned()) == "<email>", mask);
            let found = queries(&broker, 1).await;
            assert_eq!((found[0].question.as_str(), found[0].masked), (question, mask));
            assert_eq!(found[0].vector.is_some(), !mask);
        }
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_wanted() {
        let settings = SampleSettings { share: f64::NAN, feedback: false, mask: true };
        let sample = Sample::start(Memory::default(), settings);
        assert!(!sample.takes_feedback() && sample.0.is_none() && sample.recent().is_none());
    }
}
