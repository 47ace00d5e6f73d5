//! Measures two models on the same questions, for the gate. Stage: awaits two encoders.
//!
//! Vectors are compared one by one, so that no index stands between a model and its scores. *Vector* is the ranking by cosine;
//! *hybrid* is what `serve` makes by default of this ranking and that by keywords (`sink::fuse`), the same number of passages
//! of each. A reranker is not part of it.

use std::collections::HashSet;
use std::time::Duration;

use message::ChunkId;
use model::{EncodeError, Encoder, Role, Tokenizer};
use sink::{Fusion, SinkError, fuse};
use tokio::time::Instant;

use crate::beir::RetrievalSet;
use crate::brute;
use crate::gate::{BeforeAfter, GateMeasures, PairedScores};
use crate::guard::GuardSet;
use crate::keyword::KeywordIndex;
use crate::score::{Scores, score};

/// Questions whose embedding is timed.
const TIMED: usize = 50;
/// Texts by which tokens are estimated.
const SAMPLE: usize = 500;

/// A model as it is measured.
#[derive(Debug)]
pub struct ProofModel<'a, E> {
    /// What embeds.
    pub encoder: &'a E,
    /// What counts: texts are cut at the limit.
    pub tokenizer: &'a Tokenizer,
    /// Tokens that a text may have: `max_tokens` of the bundle.
    pub limit: usize,
    /// Size of graph and weights: bytes.
    pub size: u64,
}

/// What is asked.
#[derive(Debug)]
pub struct ProofSets {
    /// The judged set of the domain, with the questions of the split `golden`.
    pub golden: RetrievalSet,
    /// General sets.
    pub guards: Vec<GuardSet>,
}

/// What measuring costs, for each of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProofCost {
    /// Passages and questions that are embedded.
    pub texts: usize,
    /// Their tokens, by the mean of a sample.
    pub tokens: usize,
}

/// Hears how far it is.
pub trait ProofWatch: Sync {
    /// So many texts of `what` are embedded from now on.
    fn begins(&self, what: &str, texts: usize);
    /// So many of them are done.
    fn done(&self, texts: usize);
}

/// Nobody watches.
impl ProofWatch for () {
    fn begins(&self, _: &str, _: usize) {}
    fn done(&self, _: usize) {}
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureTrouble {
    /// The set cannot be used: make it again.
    #[error("the set cannot be used: {0}")]
    Set(String),
    /// A model does not embed: see its bundle and the encoder's settings.
    #[error("{model} did not embed")]
    Encode {
        /// Which of the two.
        model: &'static str,
        /// The encoder's error.
        source: EncodeError,
    },
    /// The engine in memory lost its index (a bug).
    #[error("the ranking by keywords failed")]
    Keyword(#[from] SinkError),
}

/// What [`measure`] will embed with each model. `tokenizer` and `limit` are those of either: they are alike.
#[must_use]
pub fn cost(sets: &ProofSets, tokenizer: &Tokenizer, limit: usize) -> ProofCost {
    let all = || std::iter::once(&sets.golden).chain(sets.guards.iter().map(|guard| &guard.set));
    let texts = all().map(|set| set.corpus.len() + set.questions.len()).sum();
    let documents: usize = all().map(|set| set.corpus.len()).sum();
    let step = documents.div_ceil(SAMPLE).max(1);
    let sample = all().flat_map(|set| &set.corpus).step_by(step);
    let counts: Vec<usize> =
        sample.map(|document| tokenizer.count(&brute::joined(document)).min(limit)).collect();
    let tokens = (counts.iter().sum::<usize>() * documents).div_ceil(counts.len().max(1));
    ProofCost { texts, tokens }
}

/// Measures both models on all sets. The corpora are embedded once with each; at most the vectors of one set and one model are
/// in memory.
///
/// # Errors
/// When a set cannot be used, or a model does not embed.
pub async fn measure<B: Encoder, C: Encoder>(
    base: &ProofModel<'_, B>,
    candidate: &ProofModel<'_, C>,
    sets: &ProofSets,
    watch: &dyn ProofWatch,
) -> Result<GateMeasures, MeasureTrouble> {
    let golden = &sets.golden;
    check("golden", golden)?;
    sets.guards.iter().try_for_each(|guard| check(&guard.name, &guard.set))?;
    let index = KeywordIndex::over(&golden.corpus).await?;
    let mut keyword = Vec::with_capacity(golden.questions.len());
    for asked in &golden.questions {
        keyword.push(index.best(&asked.text).await?);
    }
    drop(index);
    let before = found(base, (BASE, "golden"), golden, watch).await?;
    let after = found(candidate, (CANDIDATE, "golden"), golden, watch).await?;
    let mut guards = Vec::with_capacity(sets.guards.len());
    for guard in &sets.guards {
        let before = found(base, (BASE, guard.name.as_str()), &guard.set, watch).await?;
        let after = found(candidate, (CANDIDATE, guard.name.as_str()), &guard.set, watch).await?;
        let scored = |found: &[Ranking]| by_vector(&guard.set, found);
        guards.push(PairedScores {
            name: guard.name.clone(),
            base: scored(&before),
            candidate: scored(&after),
        });
    }
    Ok(GateMeasures {
        golden_vector: PairedScores {
            name: "golden vector".to_owned(),
            base: by_vector(golden, &before),
            candidate: by_vector(golden, &after),
        },
        golden_hybrid: PairedScores {
            name: "golden hybrid".to_owned(),
            base: hybrid(golden, &keyword, &before),
            candidate: hybrid(golden, &keyword, &after),
        },
        guards,
        latency: latency(base, candidate, golden).await?,
        size: BeforeAfter { base: bytes(base.size), candidate: bytes(candidate.size) },
        dimension: candidate.encoder.dimension(),
    })
}

const BASE: &str = "the base";
const CANDIDATE: &str = "the candidate";

/// Passages and their scores, best first.
type Ranking = Vec<(ChunkId, f64)>;

/// A document with the id of another would be found twice, and counted twice.
fn check(name: &str, set: &RetrievalSet) -> Result<(), MeasureTrouble> {
    let mut seen = HashSet::new();
    if let Some(twice) = set.corpus.iter().find(|document| !seen.insert(&document.id)) {
        return Err(MeasureTrouble::Set(format!("{name} has two documents with the id {}", twice.id)));
    }
    if set.questions.is_empty() || set.corpus.is_empty() {
        return Err(MeasureTrouble::Set(format!("{name} has no questions or no documents")));
    }
    Ok(())
}

/// The passages with the nearest vectors for each question, scored as the engines do: (1 + cosine) / 2.
async fn found<E: Encoder>(
    model: &ProofModel<'_, E>,
    (who, what): (&'static str, &str),
    set: &RetrievalSet,
    watch: &dyn ProofWatch,
) -> Result<Vec<Ranking>, MeasureTrouble> {
    let failed = |source| MeasureTrouble::Encode { model: who, source };
    let texts: Vec<String> = set.corpus.iter().map(brute::joined).collect();
    watch.begins(&format!("{what}, {who}"), texts.len());
    let ProofModel { encoder, tokenizer, limit, .. } = *model;
    let progress = |done: usize| watch.done(done);
    let vectors = brute::embed(encoder, tokenizer, (&texts, Role::Passage), limit, progress).await;
    let vectors = vectors.map_err(failed)?.into_iter().map(brute::unit);
    let documents: Vec<(String, Vec<f32>)> =
        set.corpus.iter().map(|document| document.id.clone()).zip(vectors).collect();
    let questions: Vec<String> = set.questions.iter().map(|asked| asked.text.clone()).collect();
    let asked = brute::embed(encoder, tokenizer, (&questions, Role::Query), limit, |_| ()).await;
    let mut rankings = Vec::with_capacity(questions.len());
    for vector in asked.map_err(failed)? {
        let nearest = brute::nearest(&brute::unit(vector), &documents);
        let scored =
            |(cosine, id): (f32, &str)| (ChunkId::from_text(id), f64::midpoint(1.0, f64::from(cosine)));
        rankings.push(nearest.into_iter().map(scored).collect());
        // Comparing takes long where the corpus is large, and others have work in this runtime.
        tokio::task::yield_now().await;
    }
    Ok(rankings)
}

fn by_vector(set: &RetrievalSet, found: &[Ranking]) -> Vec<Scores> {
    let ids = |ranking: &Ranking| ranking.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>();
    scored(set, found.iter().map(ids))
}

/// Both rankings fused, as `serve` does unless a question asks for another way.
fn hybrid(set: &RetrievalSet, keyword: &[Ranking], vector: &[Ranking]) -> Vec<Scores> {
    let both = keyword.iter().zip(vector).map(|(keyword, vector)| {
        let by_words: Vec<_> = keyword.iter().map(|(id, score)| (id, *score)).collect();
        let by_vector: Vec<_> = vector.iter().map(|(id, score)| (id, *score)).collect();
        let fused = fuse(Fusion::default(), &by_words, &by_vector);
        fused.into_iter().map(|passage| passage.id.to_string()).collect::<Vec<_>>()
    });
    scored(set, both)
}

fn scored(set: &RetrievalSet, rankings: impl Iterator<Item = Vec<String>>) -> Vec<Scores> {
    let pairs = set.questions.iter().zip(rankings);
    let scored = pairs.map(|(asked, ranking)| {
        let grades = set.judged.get(&asked.id).cloned().unwrap_or_default();
        score(&ranking, &grades)
    });
    scored.collect()
}

/// The median time to embed one question, with one model after the other, so that what else the machine does meets both.
async fn latency<B: Encoder, C: Encoder>(
    base: &ProofModel<'_, B>,
    candidate: &ProofModel<'_, C>,
    golden: &RetrievalSet,
) -> Result<BeforeAfter, MeasureTrouble> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for asked in golden.questions.iter().take(TIMED) {
        before.push(time(base, BASE, &asked.text).await?);
        after.push(time(candidate, CANDIDATE, &asked.text).await?);
    }
    Ok(BeforeAfter { base: median(before), candidate: median(after) })
}

async fn time<E: Encoder>(
    model: &ProofModel<'_, E>,
    who: &'static str,
    question: &str,
) -> Result<Duration, MeasureTrouble> {
    let text = brute::cut(model.tokenizer, Role::Query, model.limit, question).to_owned();
    let begun = Instant::now();
    let embedded = model.encoder.embed(vec![text], Role::Query).await;
    let took = begun.elapsed();
    embedded.map_err(|source| MeasureTrouble::Encode { model: who, source })?;
    Ok(took)
}

/// Seconds; of an even number the later of the two in the middle.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
}

#[expect(clippy::cast_precision_loss, reason = "of files, below 2^52")]
fn bytes(size: u64) -> f64 {
    size as f64
}
