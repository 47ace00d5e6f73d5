//! A proof from the files to the verdict, with hashed words as models: the dimension decides how good one is.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "edge: writes sets to scratch folders; a test"
)]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;

use eval::beir::RetrievalSet;
use eval::finished::FinishedTraining;
use eval::gate::{GateBounds, GateInput, GateMeasures, GateVerdict, judge};
use eval::guard::GuardSet;
use eval::judged::JudgedData;
use eval::proof::{MeasureTrouble, ProofModel, ProofSets, ProofWatch, cost, measure};
use eval::score::mean;
use model::{Hashing, Prefixes, Tokenizer};

/// Above what any text of the made sets has.
const LIMIT: usize = 64;

fn tokenizer() -> Tokenizer {
    Tokenizer::parse(fixture::judged::tokenizer(), "tiny", &Prefixes::default()).unwrap()
}

fn data(folder: &Path, questions: u32) -> JudgedData {
    fixture::judged::training_data(folder, (120, questions)).unwrap();
    JudgedData::read(folder).unwrap()
}

fn guard(folder: &Path) -> GuardSet {
    fixture::judged::retrieval_set(folder, "test", (120, 60)).unwrap();
    let set = RetrievalSet::read(folder, "test").unwrap();
    GuardSet::bounded("made test".to_owned(), set, 100)
}

/// Hears what is embedded.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl ProofWatch for Heard {
    fn begins(&self, what: &str, texts: usize) {
        self.0.lock().unwrap().push(format!("{what} {texts}"));
    }

    fn done(&self, _: usize) {}
}

async fn measured(
    [base, candidate]: [usize; 2],
    sets: &ProofSets,
    watch: &dyn ProofWatch,
) -> Result<GateMeasures, MeasureTrouble> {
    let encoder = |dimension| Hashing::new(NonZeroUsize::new(dimension).unwrap());
    let (one, other, tokenizer) = (encoder(base), encoder(candidate), tokenizer());
    let model = |encoder| ProofModel { encoder, tokenizer: &tokenizer, limit: LIMIT, size: 1_000 };
    measure(&model(&one), &model(&other), sets, watch).await
}

fn judged(measures: GateMeasures) -> GateVerdict {
    let asked_dimension = measures.dimension;
    judge(&GateInput { measures, seeds: None, asked_dimension, bounds: GateBounds::default() })
}

fn failed(verdict: &GateVerdict) -> Vec<&str> {
    verdict.checks.iter().filter(|check| !check.passed).map(|check| check.name.as_str()).collect()
}

fn sets(scratch: &Path) -> ProofSets {
    let golden = data(&scratch.join("data"), 60).golden;
    ProofSets { golden, guards: vec![guard(&scratch.join("guard"))] }
}

#[tokio::test]
async fn a_better_model_is_accepted_a_worse_or_equal_one_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (sets, heard) = (sets(scratch.path()), Heard::default());
    let better = measured([8, 512], &sets, &heard).await.unwrap();
    // Computed apart (see `fixture::judged`), where ties are broken by other roundings.
    let (before, after) = (mean(&better.golden_vector.base), mean(&better.golden_vector.candidate));
    assert!((before.ndcg - 0.53).abs() < 0.03 && (after.ndcg - 1.0).abs() < 1e-9, "{before:?} {after:?}");
    let hybrid = mean(&better.golden_hybrid.base).ndcg;
    assert!(hybrid > before.ndcg + 0.2, "words are found by keywords whatever the model: {hybrid}");
    assert!(better.latency.base > 0.0 && better.latency.candidate > 0.0);
    let verdict = judged(better.clone());
    assert!(verdict.accepted, "{:?}", verdict.reasons);
    assert_eq!(better.scores().keys().filter(|name| name.starts_with("made test")).count(), 5);
    let heard = heard.0.into_inner().unwrap();
    let expected = [
        "golden, the base 120",
        "golden, the candidate 120",
        "made test, the base 100",
        "made test, the candidate 100",
    ];
    assert_eq!(heard, expected);

    let worse = judged(measured([512, 8], &sets, &()).await.unwrap());
    // Each question shares words with its own passage alone, so that hybrid is right with any model.
    assert_eq!(failed(&worse), ["golden vector", "made test"]);
    let equal = judged(measured([16, 16], &sets, &()).await.unwrap());
    assert_eq!(failed(&equal), ["golden vector"]);
}

#[tokio::test]
async fn few_questions_tell_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let sets = ProofSets { golden: data(scratch.path(), 30).golden, guards: Vec::new() };
    let verdict = judged(measured([8, 512], &sets, &()).await.unwrap());
    assert_eq!(failed(&verdict), ["golden questions"]);
    assert!(verdict.notes.iter().any(|note| note.contains("no guard set")), "{:?}", verdict.notes);
}

#[tokio::test]
async fn a_document_that_is_there_twice_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let mut sets = sets(scratch.path());
    let twice = sets.golden.corpus[3].clone();
    sets.golden.corpus.push(twice);
    let error = measured([8, 512], &sets, &()).await.unwrap_err().to_string();
    assert!(error.contains("two documents with the id d3"), "{error}");
}

#[test]
fn the_cost_is_told_before() {
    let scratch = tempfile::tempdir().unwrap();
    let found = cost(&sets(scratch.path()), &tokenizer(), LIMIT);
    // 120 and 100 passages, 60 questions each; six words of three letters, and two special tokens.
    assert_eq!((found.texts, found.tokens), (340, 220 * 20));
}

#[test]
fn training_data_that_was_changed_proves_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let (one, other) = (scratch.path().join("one"), scratch.path().join("other"));
    let (first, second) = (data(&one, 60), data(&other, 61));
    assert_eq!((first.digest.as_str(), first.index.as_str()), ("0123456789ab", "manual"));
    assert_eq!(first.golden_digest.len(), 12);
    assert_ne!(first.golden_digest, second.golden_digest, "another question makes another golden set");
    assert_eq!(data(&one, 60).golden_digest, first.golden_digest);
    let changed = one.join("judged/qrels/golden.tsv");
    let text = std::fs::read_to_string(&changed).unwrap().replace("q1\td1\t1", "q1\td2\t1");
    std::fs::write(&changed, text).unwrap();
    let error = JudgedData::read(&one).unwrap_err().to_string();
    assert!(error.contains("golden.tsv") && error.contains("it was changed"), "{error}");
    std::fs::remove_file(&changed).unwrap();
    assert!(JudgedData::read(&one).unwrap_err().to_string().contains("golden.tsv"));
    std::fs::remove_file(other.join("manifest.json")).unwrap();
    assert!(JudgedData::read(&other).unwrap_err().to_string().contains("manifest.json"));
}

#[test]
fn a_trainings_output_is_verified_file_by_file() {
    let scratch = tempfile::tempdir().unwrap();
    fixture::judged::trained(scratch.path(), "domain", 512, [0.5, 0.6, 0.7]).unwrap();
    let done = FinishedTraining::read(scratch.path()).unwrap();
    assert_eq!((done.name.as_str(), done.dimension, done.seeds().seeds.len()), ("domain", 512, 2));
    std::fs::write(scratch.path().join("bundle/model.onnx"), "another graph").unwrap();
    let error = FinishedTraining::read(scratch.path()).unwrap_err().to_string();
    assert!(error.contains("model.onnx") && error.contains("it was changed"), "{error}");
    std::fs::remove_file(scratch.path().join("done.json")).unwrap();
    assert!(FinishedTraining::read(scratch.path()).unwrap_err().to_string().contains("done.json"));
}
