//! `eval SET`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use eval::beir::{CorpusDocument, JudgedQuestion, RetrievalSet};
use eval::compare::{Baseline, ScoreDifference, difference};
use eval::score::{Scores, holds_answer, mean, score};
use eval::{brute, kept};
use futures::StreamExt as _;
use message::DocumentId;
use model::{Backend, BackendKind, BackendSettings, EncoderSettings, Role, Tokenizer};
use objects::Store as _;
use process::Failure;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::audit::is_equal;
use crate::ask::{Asking, Wanted};
use crate::cli::{Eval, SearchMode};
use crate::show;
use crate::world::World;

/// Number of passages requested, each the best of its document.
const PASSAGES: usize = 100;
/// Number of first passages in which an answer must occur.
const ANSWER: usize = 5;
/// Number of questions or uploads in progress.
const AT_ONCE: usize = 4;
/// How long an uploaded corpus may take to become searchable.
const PATIENCE: Duration = Duration::from_hours(2);

/// Scores of each question, by mode.
type Results = Vec<(SearchMode, Vec<Scores>)>;

pub(super) async fn run(ask: Eval) -> Result<ExitCode, Failure> {
    let set = RetrievalSet::read(&ask.dir, &ask.split)?;
    let name = ask.dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = format!("{name} {}", ask.split);
    let before = ask.baseline.as_deref().map(|path| read_baseline(path, &name)).transpose()?;
    let (results, how) = if ask.brute_force {
        if ask.modes != [SearchMode::Vector] {
            return Err("--brute-force compares vectors: use it with --mode vector".into());
        }
        (vec![(SearchMode::Vector, brute_force(&ask, &set).await?)], "brute force")
    } else {
        let world = World::open(&ask.world).await?;
        if ask.put {
            put(&world, &ask.prefix, &set.corpus).await?;
        }
        let all = [SearchMode::Keyword, SearchMode::Vector, SearchMode::Hybrid];
        let modes = if ask.modes.is_empty() { &all[..] } else { &ask.modes };
        let mut results = Vec::new();
        for mode in modes {
            results.push((*mode, through_system(&ask, &world, &set, *mode).await?));
        }
        (results, "through the system, best passage of each document")
    };
    report(&ask, (&name, how), &set, &results)?;
    if let Some(path) = &ask.save {
        kept::write(path, &baseline(&name, &set, &results))?;
    }
    let dropped = before.is_some_and(|before| compare(&ask, &before, &set, &results));
    Ok(if dropped { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read_baseline(path: &Path, name: &str) -> Result<Baseline, Failure> {
    let baseline: Baseline = kept::read(path)?;
    if baseline.set == name {
        return Ok(baseline);
    }
    Err(format!("{} holds scores of {:?}, and this is {name:?}", path.display(), baseline.set).into())
}

fn baseline(name: &str, set: &RetrievalSet, results: &Results) -> Baseline {
    let by_question = |scores: &Vec<Scores>| {
        set.questions.iter().zip(scores).map(|(asked, scores)| (asked.id.clone(), *scores)).collect()
    };
    let modes = results.iter().map(|(mode, scores)| (mode.name().to_owned(), by_question(scores))).collect();
    Baseline { set: name.to_owned(), modes }
}

/// Prints how each mode compares with the baseline; true when one dropped.
fn compare(ask: &Eval, before: &Baseline, set: &RetrievalSet, results: &Results) -> bool {
    let mut dropped = false;
    for (mode, scores) in results {
        let Some(kept) = before.modes.get(mode.name()) else { continue };
        let pairs = set.questions.iter().zip(scores);
        let (now, then): (Vec<Scores>, Vec<Scores>) =
            pairs.filter_map(|(asked, now)| Some((*now, *kept.get(&asked.id)?))).unzip();
        let found = difference(&now, &then, |scores| scores.ndcg);
        dropped |= found.is_drop();
        if !ask.json {
            let verdict = if found.is_drop() { "a real drop" } else { "no drop" };
            show::note(&format!(
                "{:<8} nDCG@10 {} against the baseline: {verdict}",
                mode.name(),
                shown(&found)
            ));
        }
    }
    dropped
}

fn shown(difference: &ScoreDifference) -> String {
    format!("{:+.4} [{:+.4}, {:+.4}]", difference.mean, difference.low, difference.high)
}

/// Hybrid search compared with the better of the other two modes, if all three were measured.
fn against_single(results: &Results) -> Option<(SearchMode, ScoreDifference)> {
    let of = |wanted: SearchMode| results.iter().find(|(mode, _)| *mode == wanted).map(|(_, scores)| scores);
    let (keyword, vector, hybrid) =
        (of(SearchMode::Keyword)?, of(SearchMode::Vector)?, of(SearchMode::Hybrid)?);
    let better = if mean(keyword).ndcg >= mean(vector).ndcg {
        (SearchMode::Keyword, keyword)
    } else {
        (SearchMode::Vector, vector)
    };
    Some((better.0, difference(hybrid, better.1, |scores| scores.ndcg)))
}

fn report(
    ask: &Eval,
    (name, how): (&str, &str),
    set: &RetrievalSet,
    results: &Results,
) -> Result<(), Failure> {
    let single = against_single(results);
    if ask.json {
        let modes: BTreeMap<&str, Scores> =
            results.iter().map(|(mode, scores)| (mode.name(), mean(scores))).collect();
        let better = single.map(|(mode, difference)| json!({"mode": mode.name(), "ndcg@10": difference}));
        return Ok(show::json(&json!({
            "set": name, "how": how, "documents": set.corpus.len(), "questions": set.questions.len(),
            "fusion": ask.fusion, "modes": modes, "hybrid_against_better": better,
        }))?);
    }
    show::line(&format!("{name}: {} questions, {} documents, {how}", set.questions.len(), set.corpus.len()));
    for (mode, scores) in results {
        let mean = mean(scores);
        let answered =
            mean.answered.map(|share| format!("  answer-in-chunk@{ANSWER} {share:.4}")).unwrap_or_default();
        show::line(&format!(
            "  {:<8} nDCG@10 {:.4}  Recall@100 {:.4}  MRR@10 {:.4}{answered}",
            mode.name(),
            mean.ndcg,
            mean.recall,
            mean.reciprocal_rank
        ));
    }
    if let Some((mode, difference)) = single {
        show::line(&format!("  hybrid ({}) against {}: {}", ask.fusion, mode.name(), shown(&difference)));
    }
    Ok(())
}

async fn brute_force(ask: &Eval, set: &RetrievalSet) -> Result<Vec<Scores>, Failure> {
    let bundle = ask.world.generation.model.open()?;
    let backend = BackendSettings { encoder: BackendKind::Onnx, ..ask.world.generation.backend.clone() };
    let encoder = Backend::open(&bundle, &EncoderSettings { backend, onnx: ask.onnx.clone() })?;
    let tokenizer = Tokenizer::open(&bundle)?;
    let limit = bundle.max_tokens();
    let texts: Vec<String> = set.corpus.iter().map(brute::joined).collect();
    let bar = show::bar(texts.len() as u64, "embedding");
    let progress = |done: usize| bar.set_position(done as u64);
    let vectors = brute::embed(&encoder, &tokenizer, (&texts, Role::Passage), limit, progress).await?;
    bar.finish_and_clear();
    let documents: Vec<(String, Vec<f32>)> = set.corpus.iter().map(|d| d.id.clone()).zip(vectors).collect();
    let questions: Vec<String> = set.questions.iter().map(|asked| asked.text.clone()).collect();
    let asked = brute::embed(&encoder, &tokenizer, (&questions, Role::Query), limit, |_| ()).await?;
    let scored = set.questions.iter().zip(asked).map(|(asked, vector)| {
        let grades = set.judged.get(&asked.id).cloned().unwrap_or_default();
        score(&brute::rank(&vector, &documents), &grades)
    });
    Ok(scored.collect())
}

async fn through_system(
    ask: &Eval,
    world: &World,
    set: &RetrievalSet,
    mode: SearchMode,
) -> Result<Vec<Scores>, Failure> {
    let asking = Asking::new(&ask.serve)?;
    let known: HashMap<DocumentId, &str> = set
        .corpus
        .iter()
        .map(|document| Ok((object(world, &ask.prefix, document)?, document.id.as_str())))
        .collect::<Result<_, Failure>>()?;
    let prefix = format!("{}/{}", world.bucket, ask.prefix);
    let bar = show::bar(set.questions.len() as u64, mode.name());
    let asking = &asking;
    let questions = set.questions.iter().map(|asked| {
        let (prefix, fusion) = (prefix.as_str(), ask.fusion.as_str());
        async move { scored(asking, asked, (mode, fusion, prefix)).await.map(|answer| (answer, asked)) }
    });
    let mut answers = futures::stream::iter(questions).buffered(AT_ONCE);
    let mut scores = Vec::new();
    while let Some(answer) = answers.next().await {
        let ((documents, passages), asked) = answer?;
        let grades = set.judged.get(&asked.id).cloned().unwrap_or_default();
        let passages: Vec<&str> = passages.iter().take(ANSWER).filter_map(Value::as_str).collect();
        let answered =
            (!asked.answers.is_empty()).then(|| f64::from(holds_answer(&passages, &asked.answers)));
        scores.push(Scores { answered, ..score(&best_passages(&documents, &known), &grades) });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(scores)
}

/// The best passages of distinct documents and, if the set gives answers to this question, the texts of the first
/// passages regardless of their documents.
async fn scored(
    asking: &Asking,
    asked: &JudgedQuestion,
    (mode, fusion, prefix): (SearchMode, &str, &str),
) -> Result<(Value, Vec<Value>), Failure> {
    let wanted =
        Wanted { mode, size: PASSAGES, fusion: Some(fusion), prefix: Some(prefix), per_document: Some(1) };
    let documents = asking.search(&asked.text, &wanted).await?;
    if asked.answers.is_empty() {
        return Ok((documents, Vec::new()));
    }
    let wanted = Wanted { size: ANSWER, per_document: None, ..wanted };
    let passages = asking.search(&asked.text, &wanted).await?;
    let texts = passages["hits"].as_array().into_iter().flatten().map(|hit| hit["text"].clone());
    Ok((documents, texts.collect()))
}

/// The set's documents in the order of their best passages; other documents in the index do not count.
fn best_passages(answer: &Value, known: &HashMap<DocumentId, &str>) -> Vec<String> {
    let mut ranking: Vec<String> = Vec::new();
    for hit in answer["hits"].as_array().into_iter().flatten() {
        // A copy of a passage has the passage's rank.
        let copies = hit["copies"].as_array().into_iter().flatten();
        for text in std::iter::once(&hit["document"]).chain(copies) {
            let document = text.as_str().map(str::to_owned).and_then(|text| DocumentId::try_from(text).ok());
            if let Some(id) = document.and_then(|document| known.get(&document).copied())
                && !ranking.iter().any(|other| other == id)
            {
                ranking.push(id.to_owned());
            }
        }
    }
    ranking
}

fn object(world: &World, prefix: &str, document: &CorpusDocument) -> Result<DocumentId, Failure> {
    Ok(DocumentId::new(&world.bucket, &format!("{prefix}{}.txt", document.id))?)
}

/// Puts the corpus into the bucket and waits until an audit finds everything equal.
async fn put(world: &World, prefix: &str, corpus: &[CorpusDocument]) -> Result<(), Failure> {
    let bar = show::bar(corpus.len() as u64, "putting");
    let puts = corpus.iter().map(|document| async {
        let text = format!("{}\n\n{}", document.title, document.text).trim().to_owned();
        world.store.put(&object(world, prefix, document)?, text.into(), "text/plain; charset=utf-8").await?;
        Ok::<_, Failure>(())
    });
    let mut puts = futures::stream::iter(puts).buffer_unordered(AT_ONCE);
    while let Some(done) = puts.next().await {
        done?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let deadline = Instant::now() + PATIENCE;
    while !is_equal(world).await? {
        if Instant::now() > deadline {
            return Err(
                format!("the corpus was not searchable within {PATIENCE:?}: see millrace status").into()
            );
        }
        show::note("waiting until the corpus is searchable");
        sleep(Duration::from_secs(15)).await;
    }
    Ok(())
}
