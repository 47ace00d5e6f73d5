//! Asks an index all questions, one after another, through the product's own search. An edge: it reads the clock.

use std::collections::HashMap;
use std::path::Path;

use eval::score::{Scores, mean, score};
use generation::Target;
use message::{ChunkId, EmbeddedChunk};
use process::Failure;
use serde_json::{Map, Value, json};
use sink::{Engine, Hit, Reader as _, Window};
use tokio::time::{Duration, Instant};

use crate::corpus::{Lines, PASSAGES, Question, questions};
use crate::exact::{NEAREST, WINDOW, dot};

/// Questions that are asked before it counts: caches and connections are warm then.
const WARM: usize = 100;
/// What two ways of adding up the same product may differ by.
const ROUNDING: f32 = 1e-6;

/// What a search that compares every vector finds.
pub(crate) async fn exact(folder: &Path) -> Result<Value, Failure> {
    let mut report = Map::new();
    let questions = questions(folder).await?;
    for size in [NEAREST, WINDOW] {
        let ranked = |question: &Question| {
            let keys = question.nearest.iter().take(size).map(String::as_str);
            score(&ranking(keys, question), &question.grades)
        };
        let scores: Vec<Scores> = questions.iter().map(ranked).collect();
        report
            .insert(format!("at_{size}"), json!({"recall_10": 1.0, "ndcg_10": rounded(mean(&scores).ndcg)}));
    }
    report.insert("questions".to_owned(), questions.len().into());
    Ok(Value::Object(report))
}

/// What the engine finds: ten passages as an outside client asks for them, and as many as `serve` does.
pub(crate) async fn ask(folder: &Path, engine: &Engine) -> Result<Value, Failure> {
    let (questions, passages) = (questions(folder).await?, vectors(folder).await?);
    let held = engine.count(Target::Chunks).await?;
    if usize::try_from(held) != Ok(passages.len()) {
        return Err(format!("the index holds {held} passages, and {} were prepared", passages.len()).into());
    }
    let mut report = Map::new();
    for size in [NEAREST, WINDOW] {
        report.insert(format!("at_{size}"), asked(engine, (&questions, &passages), size).await?);
    }
    report.insert("questions".to_owned(), questions.len().into());
    Ok(Value::Object(report))
}

async fn vectors(folder: &Path) -> Result<HashMap<ChunkId, Vec<f32>>, Failure> {
    let (mut lines, mut all) = (Lines::open(folder, PASSAGES).await?, HashMap::new());
    while let Some(EmbeddedChunk { chunk, vector, .. }) = lines.next().await? {
        all.insert(chunk.id, vector.0);
    }
    Ok(all)
}

async fn asked(
    engine: &Engine,
    (questions, passages): (&[Question], &HashMap<ChunkId, Vec<f32>>),
    size: usize,
) -> Result<Value, Failure> {
    let window = Window::of(size);
    for question in questions.iter().take(WARM) {
        engine.vector(&question.vector.0, &window).await?;
    }
    let (mut near, mut scores, mut times) = (0, Vec::new(), Vec::new());
    for question in questions {
        let begun = Instant::now();
        let hits = engine.vector(&question.vector.0, &window).await?;
        times.push(begun.elapsed());
        near += found(question, &hits, passages);
        let keys = hits.iter().map(|hit| hit.document.key());
        scores.push(score(&ranking(keys, question), &question.grades));
    }
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts of passages are small")]
    let recall = near as f64 / (questions.len() * NEAREST).max(1) as f64;
    Ok(json!({
        "recall_10": rounded(recall), "ndcg_10": rounded(mean(&scores).ndcg),
        "p50_ms": milliseconds(&times, 50), "p99_ms": milliseconds(&times, 99),
    }))
}

/// How many of the first ten hits are among the ten nearest passages. Passages with equal texts are equally near, so it is by
/// nearness and not by name that a hit counts.
fn found(question: &Question, hits: &[Hit], passages: &HashMap<ChunkId, Vec<f32>>) -> usize {
    let is_near = |hit: &Hit| {
        let passage = passages.get(&hit.id);
        passage.is_some_and(|passage| dot(&question.vector.0, passage) >= question.tenth - ROUNDING)
    };
    hits.iter().take(NEAREST).filter(|hit| is_near(hit)).count()
}

/// The documents of the question's set in the order of their best passages.
fn ranking<'a>(keys: impl Iterator<Item = &'a str>, question: &Question) -> Vec<String> {
    let mut ranking: Vec<String> = Vec::new();
    for key in keys.filter(|key| key.starts_with(&question.set)) {
        if !ranking.iter().any(|other| other == key) {
            ranking.push(key.to_owned());
        }
    }
    ranking
}

/// The time in which so many of a hundred questions were answered.
fn milliseconds(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    rounded(sorted.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0))
}

fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}
