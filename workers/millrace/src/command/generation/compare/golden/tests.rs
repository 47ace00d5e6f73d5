//! Questions whose answers are known, asked of engines in memory. Hashed words stand for models: the dimension decides how good
//! one is.

use clap::Parser as _;
use eval::beir::RetrievalSet;

use super::*;
use crate::cli::{Cli, GenerationCommand, OperatorCommand};
use crate::command::generation::compare::built::{Built, Part, hashing, pair};

/// Training data, and a folder of bundles of 8 and 512 dimensions.
fn made() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    fixture::judged::training_data(&scratch.path().join("data"), (120, 60)).unwrap();
    fixture::judged::bundle(&scratch.path().join("models/poor"), "poor", 8).unwrap();
    fixture::judged::bundle(&scratch.path().join("models/good"), "good", 512).unwrap();
    scratch
}

fn at(scratch: &tempfile::TempDir, name: &str) -> String {
    scratch.path().join(name).to_str().unwrap().to_owned()
}

fn asked(scratch: &tempfile::TempDir, more: &[&str]) -> CompareThoroughly {
    let own = at(scratch, "models/poor");
    let words = ["millrace", "generation", "compare", "--index", "docs", "--encoder", "hashing", "--model"];
    let words = words.into_iter().chain([own.as_str()]).chain(more.iter().copied());
    let OperatorCommand::Generation(command) = Cli::parse_from(words).ask else { panic!("another command") };
    let GenerationCommand::Compare(ask) = *command else { panic!("another command") };
    ask
}

/// The documents of a set as passages, each in a document of its own.
fn parts(set: &RetrievalSet, id: impl Fn(&str) -> String, key: impl Fn(&str) -> String) -> Vec<Part> {
    let part = |document: &eval::beir::CorpusDocument| Part {
        document: DocumentId::new("b", &key(&document.id)).unwrap(),
        id: ChunkId::from_text(&id(&document.id)),
        text: document.text.clone(),
    };
    set.corpus.iter().map(part).collect()
}

/// The same under the ids of the set.
fn same(set: &RetrievalSet) -> Vec<Part> {
    parts(set, str::to_owned, |id| format!("{id}.md"))
}

async fn scored(
    questions: &Questions,
    (served, other): (&Built, &Built),
    dimensions: [usize; 2],
) -> Vec<GoldenScores> {
    let before = questions.vectors(&hashing(dimensions[0])).await.unwrap();
    let after = questions.vectors(&hashing(dimensions[1])).await.unwrap();
    questions.scores(&pair(served, other), [&before, &after]).await.unwrap()
}

#[tokio::test]
async fn a_better_model_finds_more_with_an_interval_above_zero() {
    let scratch = made();
    let known = read(&at(&scratch, "data")).unwrap();
    let (served, other) =
        (Built::of("c", 8, &same(&known.set)).await, Built::of("c", 512, &same(&known.set)).await);
    let ask = asked(&scratch, &["--models", &at(&scratch, "models")]);
    let found = beside(&known, &pair(&served, &other), &ask).await.unwrap();
    assert_eq!((found.questions, found.of, found.ranked), (60, 60, RankedBy::Passages));
    let names: Vec<(&str, &str)> = found.scores.iter().map(|one| (one.engine, one.mode)).collect();
    assert_eq!(
        names,
        [
            ("opensearch", "hybrid"),
            ("opensearch", "vector"),
            ("elasticsearch", "hybrid"),
            ("elasticsearch", "vector")
        ]
    );
    for GoldenScores { mode, ndcg, recall, .. } in &found.scores {
        assert!(ndcg.generation > 0.95 && recall.generation > 0.95, "{mode}: {ndcg} {recall}");
        assert!((ndcg.difference.mean - (ndcg.generation - ndcg.served)).abs() < 1e-9, "{mode}: {ndcg}");
        if *mode == "vector" {
            assert!(ndcg.served < 0.8 && ndcg.difference.low > 0.0, "{ndcg}");
            assert!(recall.served < recall.generation && recall.difference.low > 0.0, "{recall}");
        }
    }
    let told = found.lines().join("\n");
    assert!(told.contains("training data 0123456789ab: 60 of 60 questions, by passages"), "{told}");
    assert!(told.contains("opensearch    vector  nDCG@10 0."), "{told}");
    let json = serde_json::to_value(&found).unwrap();
    assert!(json["scores"][1]["recall@10"]["generation"].as_f64() > Some(0.95), "{json}");
    assert!(json["scores"][1]["ndcg@10"]["difference"]["low"].as_f64() > Some(0.0), "{json}");
}

#[test]
fn the_measures_are_those_of_the_first_ten() {
    let asked = Asked { text: String::new(), grades: Grades::from([("k".to_owned(), 1)]) };
    let ranking = |names: &str| names.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert!(asked.score(ranking("a b c d e f g h i j k")).recall < 1e-9);
    assert!(asked.score(ranking("a b c d e f g h i k")).recall > 0.999);
}

#[tokio::test]
async fn a_model_that_is_not_here_is_asked_for() {
    let scratch = made();
    let known = read(&at(&scratch, "data")).unwrap();
    let (served, other) =
        (Built::of("c", 8, &same(&known.set)).await, Built::of("c", 16, &same(&known.set)).await);
    let ask = asked(&scratch, &["--models", &at(&scratch, "models")]);
    let error = beside(&known, &pair(&served, &other), &ask).await.unwrap_err().to_string();
    assert!(error.contains("hashed 16") && error.contains("MILLRACE_MODELS"), "{error}");
}

#[tokio::test]
async fn questions_without_an_answer_in_the_index_are_left_out() {
    let scratch = made();
    let known = read(&at(&scratch, "data")).unwrap();
    // The first ten passages answer the first ten questions.
    let some = Built::of("c", 8, &same(&known.set)[10..]).await;
    let questions = known.questions(&pair(&some, &some), ("b", "")).await.unwrap();
    assert_eq!(questions.asked.len(), 50);
    // The last sixty answer none.
    let none = Built::of("c", 8, &same(&known.set)[60..]).await;
    let error = known.questions(&pair(&none, &none), ("b", "")).await.err().unwrap().to_string();
    assert!(error.contains("none of the answers of training data 0123456789ab"), "{error}");
}

#[tokio::test]
async fn where_documents_are_cut_otherwise_an_answer_is_its_document() {
    let scratch = made();
    let known = read(&at(&scratch, "data")).unwrap();
    let otherwise = parts(&known.set, |id| format!("other {id}"), |id| format!("{id}.md"));
    let (served, other) = (Built::of("c", 8, &same(&known.set)).await, Built::of("d", 512, &otherwise).await);
    let questions = known.questions(&pair(&served, &other), ("b", "")).await.unwrap();
    assert_eq!((questions.ranked, questions.asked.len()), (RankedBy::Documents, 60));
    for one in scored(&questions, (&served, &other), [8, 512]).await {
        assert!(one.ndcg.generation > 0.95, "{one:?}");
    }
}

#[tokio::test]
async fn a_set_in_the_bucket_is_judged_by_documents() {
    let scratch = tempfile::tempdir().unwrap();
    fixture::judged::retrieval_set(&scratch.path().join("set"), "test", (120, 60)).unwrap();
    let folder = at(&scratch, "set");
    let known = read(&folder).unwrap();
    assert_eq!((known.name.as_str(), known.answers), ("set test", RankedBy::Documents));
    assert_eq!(read(&format!("{folder}:test")).unwrap().set.questions, known.set.questions);
    // Its documents are objects, whatever their passages are called.
    let put = parts(&known.set, |id| format!("passage {id}"), |id| format!("eval/{id}.txt"));
    let built = Built::of("c", 512, &put).await;
    let pair = pair(&built, &built);
    let questions = known.questions(&pair, ("b", "eval/")).await.unwrap();
    assert_eq!((questions.ranked, questions.asked.len()), (RankedBy::Documents, 60));
    for one in scored(&questions, (&built, &built), [512, 512]).await {
        assert!(one.ndcg.served > 0.95 && one.ndcg.difference.mean.abs() < 1e-9, "{one:?}");
    }
    assert!(known.questions(&pair, ("b", "elsewhere/")).await.is_err());
}

#[tokio::test]
async fn a_question_that_a_model_does_not_take_finds_nothing() {
    let scratch = made();
    let known = read(&at(&scratch, "data")).unwrap();
    let built = Built::of("c", 512, &same(&known.set)).await;
    let pair = pair(&built, &built);
    let questions = known.questions(&pair, ("b", "")).await.unwrap();
    let taken = questions.vectors(&hashing(512)).await.unwrap();
    let refused: QuestionVectors = taken.iter().map(|_| None).collect();
    for one in questions.scores(&pair, [&taken, &refused]).await.unwrap() {
        assert!(one.ndcg.generation < 1e-9 && one.recall.generation < 1e-9, "{one:?}");
        assert!(one.ndcg.difference.high < 0.0, "{one:?}");
    }
}

#[test]
fn what_is_no_folder_is_told() {
    let error = read("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.contains("/nowhere/at/all is no folder"), "{error}");
    assert!(read("/nowhere:test").unwrap_err().to_string().contains("/nowhere"));
}
