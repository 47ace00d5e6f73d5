use std::num::NonZeroUsize;

use generation::{Generation, MAPPING_VERSION, Names};
use message::{
    About, AnswerFeedback, AnswerJudgement, Chunk, ChunkId, DocumentId, Embedded, EmbeddedChunk, Headers,
    IndexMapping, Query, QueryRecord, Vector, Version,
};
use model::{Hashing, Role};
use objects::MemoryStore;
use sink::{Action, MemoryEngine, Sink as _, action_of};
use stream::Boottime;
use stream::memory::Memory;

use super::*;
use crate::measure::DriftMeasure;
use crate::rules::DAY;

const NUMBERS: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// Topics, a bucket and an index in memory.
struct Small {
    broker: Memory,
    store: MemoryStore,
    engine: MemoryEngine,
    encoder: Hashing,
    subject: DriftSubject,
    manner: DriftManner,
    documents: usize,
}

impl Small {
    async fn new() -> Self {
        let (chunking, space) = (Fingerprint::of(&[("chunking", "c")]), Fingerprint::of(&[("space", "s")]));
        let broker = Memory::default();
        for topic in topics::all(&chunking, &space).unwrap() {
            broker.create(&topic.name, topic.partitions.unwrap_or(3));
        }
        let mapping = IndexMapping::of(MAPPING_VERSION);
        let (model, name) = (Fingerprint::of(&[("weights", "w")]), "m".to_owned());
        let generation =
            Generation { chunking, space: space.clone(), dimension: NUMBERS.get(), model, name, mapping };
        let engine = MemoryEngine::new(Names::new("m", &generation).unwrap());
        engine.ensure().await.unwrap();
        let store = MemoryStore::default();
        store.ensure_bucket("docs", None).await.unwrap();
        let subject = DriftSubject {
            index: "m".to_owned(),
            generation: generation.short(),
            space,
            bucket: "docs".to_owned(),
        };
        let limits = DriftLimits {
            reference_passages: 200,
            reference_questions: 100,
            reference_judgements: 30,
            passages: 120,
            fewest_passages: 80,
            questions: 200,
            fewest_questions: 90,
            ..DriftLimits::default()
        };
        let manner = DriftManner { limits, ..DriftManner::default() };
        let encoder = Hashing::new(NUMBERS);
        Self { broker, store, engine, encoder, subject, manner, documents: 0 }
    }

    fn ground(&self) -> DriftGround<'_, Memory, MemoryStore, MemoryEngine, Hashing> {
        DriftGround { broker: &self.broker, store: &self.store, reader: &self.engine, encoder: &self.encoder }
    }

    async fn look(&self, day: u64) -> Result<DriftLook, DriftTrouble> {
        self.ground().look(&self.subject, &self.manner, day * DAY).await
    }

    async fn report(&self, day: u64) -> DriftReport {
        match self.look(day).await.unwrap() {
            DriftLook::Compared(report) => *report,
            DriftLook::Taken(taken) => panic!("a reference was taken on day {day}: {taken:?}"),
        }
    }

    /// Writes documents of two passages each. What the model does not know has the vector of another text.
    async fn write(&mut self, documents: usize, is_known: bool) {
        for _ in 0..documents {
            self.documents += 1;
            let document = DocumentId::new("docs", &format!("{}.md", self.documents)).unwrap();
            for passage in 0..2 {
                let text = (0..14).map(|word| format!("w{}x{passage}x{word}", self.documents));
                let text = text.collect::<Vec<_>>().join(" ");
                let meant = if is_known { text.clone() } else { format!("nothing of {}", self.documents) };
                let vector = self.encoder.embed(vec![meant], Role::Passage).await.unwrap().remove(0);
                self.put(&document, &text, vector).await;
            }
        }
    }

    async fn put(&self, document: &DocumentId, text: &str, vector: Vec<f32>) {
        let chunk = Chunk {
            id: ChunkId::derive(document, &[], text, 0),
            document: document.clone(),
            version: Version::first(1),
            heading_path: Vec::new(),
            text: text.to_owned(),
            tokens: 20,
            about: About::default(),
        };
        let (space, vector) = (self.subject.space.clone(), Vector(vector));
        let embedded = Embedded::Chunk(EmbeddedChunk { chunk: chunk.clone(), space, vector });
        let action: Action = action_of(&embedded, &self.subject.space).unwrap();
        self.engine.write(vec![action], Boottime::now()).await;
        let (topic, headers) = (topics::vectors(&self.subject.space), Headers::new(document.clone(), ""));
        let record = Outgoing::json(&topic, chunk.id.as_str(), &embedded, headers.at(chunk.version));
        self.broker.append(&record.unwrap());
    }

    fn say(&self, record: &QueryRecord) {
        let value = Some(serde_json::to_vec(record).unwrap());
        let topic = topics::QUERIES.to_owned();
        self.broker.append(&Outgoing { topic, key: None, value, headers: None });
    }

    /// Questions of which every tenth has no answer, and of which `disliked` answers are judged bad of 40 that are judged.
    fn ask(&self, day: u64, count: usize, disliked: usize) {
        for number in 0..count {
            let id = format!("{day}-{number}");
            let query = Query {
                id: Some(id.clone()),
                abstained: Some(number % 10 == 0),
                relevance: Some(if number % 2 == 0 { 0.8 } else { 1.0 }),
                ..Query::new("How?", "hybrid", self.subject.space.clone())
            };
            self.say(&QueryRecord::Query(Box::new(query)));
            if number < 40 {
                let judgement = if number < disliked { AnswerJudgement::Down } else { AnswerJudgement::Up };
                self.say(&QueryRecord::Feedback(AnswerFeedback {
                    answer: id,
                    passage: None,
                    judgement,
                    reason: None,
                    at: day * DAY,
                    by: None,
                }));
            }
        }
    }

    /// Somebody judges an answer bad.
    fn dislike(&self, answer: String) {
        let judgement = AnswerJudgement::Down;
        let said = AnswerFeedback { answer, passage: None, judgement, reason: None, at: 1, by: None };
        self.say(&QueryRecord::Feedback(said));
    }

    fn reports(&self) -> Vec<DriftReport> {
        let records = self.broker.records(topics::DRIFT);
        let read =
            |record: &stream::Record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
        records.iter().map(read).collect()
    }
}

fn one(report: &DriftReport, measure: DriftMeasure) -> &message::DriftMeasurement {
    report.measurements.iter().find(|one| one.name == measure.name()).unwrap()
}

#[tokio::test]
async fn a_reference_comes_first_and_needs_passages() {
    let mut small = Small::new().await;
    small.write(10, true).await;
    let trouble = small.look(1).await.unwrap_err();
    assert!(matches!(trouble, DriftTrouble::TooFew { found: 20, needed: 80 }) && trouble.is_passing());
    small.write(90, true).await;
    let DriftLook::Taken(taken) = small.look(2).await.unwrap() else { panic!("nothing was taken") };
    assert_eq!((taken.sample.passages.len(), taken.taken, taken.sample.documents()), (200, 2 * DAY, 100));
    let found = taken.sample.passages.iter().filter(|one| one.is_found(5) == Some(true)).count();
    assert!(found > 190, "{found}");
    assert!(small.reports().is_empty());
    // A reference is compared with from then on, and taken anew only when that is asked for.
    assert!(small.report(3).await.measurements.is_empty());
    small.manner.take_reference = true;
    assert!(matches!(small.look(4).await.unwrap(), DriftLook::Taken(_)));
}

#[tokio::test]
async fn what_the_model_does_not_know_gives_a_signal_in_the_third_window() {
    let mut small = Small::new().await;
    small.write(100, true).await;
    small.look(0).await.unwrap();
    small.write(60, true).await;
    let calm = small.report(1).await;
    let own = one(&calm, DriftMeasure::OwnOpening);
    assert!(!own.over && own.n == 120 && !calm.signal && calm.current.documents == 60, "{calm:?}");
    for day in 2..5 {
        small.write(60, false).await;
        let report = small.report(day).await;
        assert!(one(&report, DriftMeasure::OwnOpening).over, "{report:?}");
        assert_eq!((report.signal, report.current.from), (day == 4, (day - 1) * DAY));
    }
    let reports = small.reports();
    assert_eq!(reports.len(), 4);
    let last = &reports[3];
    assert_eq!(last.signals.iter().map(|signal| signal.name.as_str()).collect::<Vec<_>>(), ["own_opening"]);
    assert!(last.text.starts_with("Drift: passages found by their own opening"), "{}", last.text);
    assert!(last.clues.iter().any(|clue| clue.name == "mmd"), "{:?}", last.clues);
}

#[tokio::test]
async fn a_window_goes_on_until_there_is_enough_and_leaves_out_what_is_gone() {
    let mut small = Small::new().await;
    small.write(100, true).await;
    small.look(0).await.unwrap();
    small.write(30, true).await;
    let few = small.report(1).await;
    assert_eq!((few.current.passages, few.measurements.len()), (0, 0));
    assert!(few.text.starts_with("Nothing was measured"), "{}", few.text);
    small.write(30, true).await;
    let enough = small.report(2).await;
    assert_eq!((enough.current.passages, enough.current.from, enough.current.until), (120, 0, 2 * DAY));
    // What the index does not hold is not asked for.
    small.write(60, true).await;
    small.engine.restore_empty(generation::Target::Chunks);
    assert_eq!(small.report(3).await.current.passages, 0);
}

#[tokio::test]
async fn the_first_questions_and_judgements_become_the_references_own() {
    let mut small = Small::new().await;
    small.write(100, true).await;
    small.look(0).await.unwrap();
    small.ask(1, 80, 4);
    assert!(small.report(1).await.measurements.is_empty(), "80 are too few for a window");
    small.ask(2, 40, 4);
    let first = small.report(2).await;
    assert_eq!((first.reference.questions, first.current.questions, first.measurements.len()), (120, 0, 0));
    small.ask(3, 120, 30);
    let second = small.report(3).await;
    assert_eq!((second.reference.questions, second.current.questions), (120, 120));
    let (abstained, judged) =
        (one(&second, DriftMeasure::Abstentions), one(&second, DriftMeasure::NegativeFeedback));
    assert!((abstained.reference - 0.1).abs() < 1e-9 && (abstained.current - 0.1).abs() < 1e-9);
    assert_eq!((judged.reference_n, judged.n), (80, 40));
    assert!((judged.reference - 0.1).abs() < 1e-9 && (judged.current - 0.75).abs() < 1e-9 && judged.over);
}

#[tokio::test]
async fn a_judgement_counts_only_where_its_question_is_known_and_of_this_space() {
    let mut small = Small::new().await;
    small.write(100, true).await;
    small.look(0).await.unwrap();
    small.ask(1, 120, 4);
    small.report(1).await;
    small.ask(2, 120, 4);
    // Of answers that nobody asked for here, and of those that another model gave.
    for number in 0..40 {
        small.dislike(format!("nobody's {number}"));
        let id = format!("other {number}");
        small.dislike(id.clone());
        let other = Query::new("How?", "hybrid", Fingerprint::of(&[("space", "another")]));
        small.say(&QueryRecord::Query(Box::new(Query { id: Some(id), ..other })));
    }
    let report = small.report(2).await;
    let judged = one(&report, DriftMeasure::NegativeFeedback);
    assert!(judged.n == 40 && (judged.current - 0.1).abs() < 1e-9, "{judged:?}");
    // A question that is there only because it was judged is known, too.
    small.ask(3, 120, 4);
    for number in 0..10 {
        let id = format!("judged {number}");
        small.dislike(id.clone());
        let query = Query::new("How?", "hybrid", small.subject.space.clone());
        small.say(&QueryRecord::Query(Box::new(Query { id: Some(id), only_judged: true, ..query })));
    }
    let report = small.report(3).await;
    let judged = one(&report, DriftMeasure::NegativeFeedback);
    assert!(judged.n == 50 && (judged.current - 0.28).abs() < 1e-9, "{judged:?}");
}

#[tokio::test]
async fn what_fails_has_taken_nothing_into_account() {
    let mut small = Small::new().await;
    small.write(100, true).await;
    small.look(0).await.unwrap();
    small.write(60, true).await;
    small.broker.fail_publishes(1);
    assert!(small.look(1).await.unwrap_err().is_passing());
    assert_eq!(small.report(2).await.current.passages, 120);

    // Without what is remembered, the window begins anew.
    small.write(60, true).await;
    let progress =
        DocumentId::new("docs", &format!(".millrace/drift/m-{}.state.json", small.subject.space.short()));
    let progress = progress.unwrap();
    small.store.delete(&progress).await.unwrap();
    assert_eq!(small.report(3).await.current.passages, 0);
    small.write(60, true).await;
    let whole = small.report(4).await;
    assert_eq!((whole.current.passages, whole.current.from), (120, 3 * DAY));

    small.store.put(&progress, "{\"format\": 2".into(), "application/json").await.unwrap();
    let trouble = small.look(5).await.unwrap_err();
    assert!(trouble.to_string().contains("drift measure --reference"), "{trouble}");
}

#[tokio::test]
async fn without_its_topic_nothing_is_looked_at() {
    let small = Small::new().await;
    let broker = Memory::default();
    let ground = DriftGround { broker: &broker, ..small.ground() };
    let trouble = ground.look(&small.subject, &small.manner, 0).await.unwrap_err();
    assert!(matches!(trouble, DriftTrouble::NoTopic) && !trouble.is_passing());
}
