//! `eval DIR`.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use futures::StreamExt as _;
use message::DocumentId;
use model::{Backend, BackendKind, BackendSettings, EncoderSettings, Role, Tokenizer};
use objects::Store as _;
use process::Failure;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::audit::is_equal;
use crate::ask::Asking;
use crate::cli::{Eval, Mode};
use crate::eval::beir::{Document, Set};
use crate::eval::brute;
use crate::eval::score::{Scores, mean, score};
use crate::show;
use crate::world::World;

/// Passages asked for, so that a hundred documents remain when each keeps its best one.
const PASSAGES: usize = 1000;
/// Questions and objects on their way at once.
const AT_ONCE: usize = 4;
/// How long a corpus that was put may take to become searchable.
const PATIENCE: Duration = Duration::from_hours(2);

pub(super) async fn run(ask: Eval) -> Result<ExitCode, Failure> {
    let set = Set::read(&ask.dir, &ask.split)?;
    let (scores, how) = if ask.brute_force {
        if ask.mode != Mode::Vector {
            return Err("--brute-force compares vectors: use it with --mode vector".into());
        }
        (brute_force(&ask, &set).await?, "brute force")
    } else {
        let world = World::open(&ask.world)?;
        if ask.put {
            put(&world, &ask.prefix, &set.corpus).await?;
        }
        (through_system(&ask, &world, &set).await?, "through the system, best passage of each document")
    };
    report(&ask, &set, &scores, how)?;
    Ok(ExitCode::SUCCESS)
}

fn report(ask: &Eval, set: &Set, scores: &[Scores], how: &str) -> Result<(), Failure> {
    let mean = mean(scores);
    let name = ask.dir.file_name().unwrap_or_default().to_string_lossy();
    if ask.json {
        return Ok(show::json(&json!({
            "set": name, "split": ask.split, "mode": ask.mode.name(), "how": how, "documents": set.corpus.len(),
            "questions": scores.len(), "scores": mean,
        }))?);
    }
    show::line(&format!(
        "{name} {} {:<8} nDCG@10 {:.4}  Recall@100 {:.4}  MRR@10 {:.4}  ({} questions, {} documents, {how})",
        ask.split,
        ask.mode.name(),
        mean.ndcg,
        mean.recall,
        mean.reciprocal_rank,
        scores.len(),
        set.corpus.len()
    ));
    Ok(())
}

async fn brute_force(ask: &Eval, set: &Set) -> Result<Vec<Scores>, Failure> {
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
    let questions: Vec<String> = set.questions.iter().map(|(_, text)| text.clone()).collect();
    let asked = brute::embed(&encoder, &tokenizer, (&questions, Role::Query), limit, |_| ()).await?;
    let scored = set.questions.iter().zip(asked).map(|((id, _), vector)| {
        let grades = set.judged.get(id).cloned().unwrap_or_default();
        score(&brute::rank(&vector, &documents), &grades)
    });
    Ok(scored.collect())
}

async fn through_system(ask: &Eval, world: &World, set: &Set) -> Result<Vec<Scores>, Failure> {
    let asking = Asking::new(&ask.serve.serve_url)?;
    let known: HashMap<DocumentId, &str> = set
        .corpus
        .iter()
        .map(|document| Ok((name(world, &ask.prefix, document)?, document.id.as_str())))
        .collect::<Result<_, Failure>>()?;
    let bar = show::bar(set.questions.len() as u64, "asking");
    let questions = set.questions.iter().map(|(id, text)| {
        let asked = asking.search(text, ask.mode, PASSAGES);
        let grades = set.judged.get(id).cloned().unwrap_or_default();
        async { (asked.await, grades) }
    });
    let mut answers = futures::stream::iter(questions).buffered(AT_ONCE);
    let mut scores = Vec::new();
    while let Some((answer, grades)) = answers.next().await {
        scores.push(score(&best_passages(&answer?, &known), &grades));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(scores)
}

/// The set's documents in the order of their best passages; what else is in the index does not count.
fn best_passages(answer: &Value, known: &HashMap<DocumentId, &str>) -> Vec<String> {
    let mut ranking: Vec<String> = Vec::new();
    for hit in answer["hits"].as_array().into_iter().flatten() {
        let document =
            hit["document"].as_str().map(str::to_owned).and_then(|text| DocumentId::try_from(text).ok());
        if let Some(id) = document.and_then(|document| known.get(&document).copied())
            && !ranking.iter().any(|other| other == id)
        {
            ranking.push(id.to_owned());
        }
    }
    ranking
}

fn name(world: &World, prefix: &str, document: &Document) -> Result<DocumentId, Failure> {
    Ok(DocumentId::new(&world.bucket, &format!("{prefix}{}.txt", document.id))?)
}

/// Puts the corpus into the bucket and waits until both engines hold it.
async fn put(world: &World, prefix: &str, corpus: &[Document]) -> Result<(), Failure> {
    let bar = show::bar(corpus.len() as u64, "putting");
    let puts = corpus.iter().map(|document| async {
        let text = format!("{}\n\n{}", document.title, document.text).trim().to_owned();
        world.store.put(&name(world, prefix, document)?, text.into(), "text/plain; charset=utf-8").await?;
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
