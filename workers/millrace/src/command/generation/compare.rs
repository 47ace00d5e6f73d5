//! `generation compare`: does another generation find what the one that is served finds?

use std::process::ExitCode;
use std::time::Duration;

use eval::overlap::{rank_biased_overlap, recall_of};
use generation::Target;
use message::{ChunkId, GenerationEntry};
use process::Failure;
use serde::Serialize;
use sink::{Engine, Hit, Reader as _, SinkError, StoredChunk, Window, Words};
use tokio::time::Instant;

use super::Ground;
use crate::cli::CompareGenerations;
use crate::show;
use crate::world::World;

/// Ranks that are compared.
const RANKS: usize = 10;
/// Words of a passage that are asked for.
const WORDS: usize = 12;
/// Passages that are looked at for so many documents.
const DEEP: usize = 5 * RANKS;

/// What rankings are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RankedBy {
    /// Passages: both cut documents alike.
    Passages,
    /// Documents, where no passage of one is a passage of the other.
    Documents,
}

/// Two indexes side by side.
#[derive(Debug, Serialize)]
struct Comparison {
    /// What is compared, for people.
    name: String,
    /// Passages in each.
    passages: [u64; 2],
    /// Documents in each.
    documents: [u64; 2],
    /// What is ranked.
    ranked: RankedBy,
    /// Ranking by words.
    keyword: Alike,
    /// Ranking by vectors; none where documents are cut otherwise, as then no passage has a vector in both.
    vector: Option<Alike>,
}

/// How alike the rankings of two indexes are, over all questions.
#[derive(Debug, Default, Serialize)]
struct Alike {
    /// Mean rank-biased overlap of the first ten.
    overlap: f64,
    /// Mean share of the first ten of one that is among the first ten of the other.
    recall: f64,
    /// Median and 99th percentile of the time of an answer, in milliseconds, in each.
    milliseconds: [[f64; 2]; 2],
}

/// What one index answered to every question: the rankings, and the time that each took.
struct Answers {
    rankings: Vec<Vec<String>>,
    times: Vec<Duration>,
}

/// A generation beside the one that is served.
#[derive(Debug, Serialize)]
pub(in crate::command) struct GenerationsBeside {
    served: String,
    generation: String,
    comparisons: Vec<Comparison>,
}

impl GenerationsBeside {
    /// Prints it for people.
    pub(in crate::command) fn print(&self) {
        self.comparisons.iter().for_each(print);
    }
}

pub(super) async fn run(ask: &CompareGenerations) -> Result<ExitCode, Failure> {
    let beside = beside(ask).await?;
    if ask.ask.json {
        show::json(&beside)?;
    } else {
        beside.print();
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares a generation with the one that is served.
///
/// # Errors
/// When there is none, or an engine does not answer.
pub(in crate::command) async fn beside(ask: &CompareGenerations) -> Result<GenerationsBeside, Failure> {
    let ground = Ground::new(&ask.ask);
    let registry = ground.registry().await?;
    let entry = ground.target(&registry, ask.id.as_deref())?;
    let served = ground.served(&registry).ok_or("nothing is served by the registry yet")?;
    let (one, other) = (ground.world(&served)?, ground.world(&entry)?);
    let ranked = if served.chunking == entry.chunking { RankedBy::Passages } else { RankedBy::Documents };
    let mut all = Vec::new();
    for (engine, beside) in one.engines.iter().zip(&other.engines) {
        let name = format!("{} and {} in {}", served.id, entry.id, engine.kind.name());
        all.push(compare(name, (&engine.engine, &beside.engine), ranked, ask.sample).await?);
    }
    all.extend(between_engines(&other, &entry, ask.sample).await?);
    Ok(GenerationsBeside { served: served.id, generation: entry.id, comparisons: all })
}

/// The engines of the new generation beside each other.
async fn between_engines(
    world: &World,
    entry: &GenerationEntry,
    sample: usize,
) -> Result<Option<Comparison>, Failure> {
    let [one, other] = world.engines.as_slice() else { return Ok(None) };
    let name = format!("{} in {} and {}", entry.id, one.kind.name(), other.kind.name());
    compare(name, (&one.engine, &other.engine), RankedBy::Passages, sample).await.map(Some)
}

/// Asks two indexes for passages that both hold: by the words of each passage, and by the vector that each index has of it,
/// so that no model is needed. A passage never counts as an answer to itself.
async fn compare(
    name: String,
    (one, other): (&Engine, &Engine),
    ranked: RankedBy,
    sample: usize,
) -> Result<Comparison, Failure> {
    let drawn = one.drawn(sample).await?;
    let ids: Vec<ChunkId> = drawn.iter().map(|chunk| chunk.id.clone()).collect();
    let counts = async |target| Ok::<_, SinkError>([one.count(target).await?, other.count(target).await?]);
    let keyword = alike(&by_words(one, &drawn, ranked).await?, &by_words(other, &drawn, ranked).await?);
    let vector = match ranked {
        RankedBy::Passages => Some(alike(&by_vectors(one, &ids).await?, &by_vectors(other, &ids).await?)),
        RankedBy::Documents => None,
    };
    let (passages, documents) = (counts(Target::Chunks).await?, counts(Target::Documents).await?);
    Ok(Comparison { name, passages, documents, ranked, keyword, vector })
}

async fn by_words(engine: &Engine, chunks: &[StoredChunk], ranked: RankedBy) -> Result<Answers, SinkError> {
    let languages = engine.languages().await?;
    let mut answers = Answers { rankings: Vec::new(), times: Vec::new() };
    for chunk in chunks {
        let words: Vec<&str> = chunk.text.split_whitespace().take(WORDS).collect();
        let words = Words::of(&words.join(" "), &languages);
        let begun = Instant::now();
        let took = match ranked {
            RankedBy::Passages => RANKS + 1,
            RankedBy::Documents => DEEP,
        };
        let hits = engine.keyword(&words, &Window::of(took)).await?;
        match ranked {
            RankedBy::Passages => answers.add(passages(&hits), chunk.id.as_str(), begun.elapsed()),
            RankedBy::Documents => {
                answers.add(documents(&hits), chunk.document.as_str(), begun.elapsed());
            }
        }
    }
    Ok(answers)
}

async fn by_vectors(engine: &Engine, ids: &[ChunkId]) -> Result<Answers, SinkError> {
    let mut answers = Answers { rankings: Vec::new(), times: Vec::new() };
    let stored = engine.vectors(ids).await?;
    for id in ids {
        let Some(of) = stored.iter().find(|stored| stored.id == *id) else {
            answers.rankings.push(Vec::new());
            continue;
        };
        let begun = Instant::now();
        let hits = engine.vector(&of.vector, &Window::of(RANKS + 1)).await?;
        answers.add(passages(&hits), id.as_str(), begun.elapsed());
    }
    Ok(answers)
}

fn passages(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| hit.id.to_string()).collect()
}

/// Each document once, at the place of its best passage.
fn documents(hits: &[Hit]) -> Vec<String> {
    let mut ranking: Vec<String> = Vec::new();
    for hit in hits {
        if !ranking.iter().any(|document| document == hit.document.as_str()) {
            ranking.push(hit.document.to_string());
        }
    }
    ranking
}

impl Answers {
    fn add(&mut self, ranking: Vec<String>, itself: &str, took: Duration) {
        let others = ranking.into_iter().filter(|id| id != itself);
        self.rankings.push(others.take(RANKS).collect());
        self.times.push(took);
    }

    /// Median and 99th percentile, in milliseconds.
    fn quantiles(&self) -> [f64; 2] {
        let mut times = self.times.clone();
        times.sort_unstable();
        let at = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        [at(50), at(99)]
    }
}

fn alike(one: &Answers, other: &Answers) -> Alike {
    let pairs = one.rankings.iter().zip(&other.rankings);
    #[expect(clippy::cast_precision_loss, reason = "a sample is small")]
    let count = one.rankings.len().max(1) as f64;
    Alike {
        overlap: pairs.clone().map(|(one, other)| rank_biased_overlap(one, other)).sum::<f64>() / count,
        recall: pairs.map(|(one, other)| recall_of(one, other)).sum::<f64>() / count,
        milliseconds: [one.quantiles(), other.quantiles()],
    }
}

fn print(one: &Comparison) {
    let Comparison { name, passages, documents, ranked, keyword, vector } = one;
    show::line(name);
    show::line(&format!("  passages  {} and {}", passages[0], passages[1]));
    show::line(&format!("  documents {} and {}", documents[0], documents[1]));
    if *ranked == RankedBy::Documents {
        show::line(
            "  documents are cut otherwise: rankings are of documents, and vectors are not compared; `millrace eval --generation` \
             scores both by a set of questions",
        );
    }
    let both = [("words", Some(keyword)), ("vectors", vector.as_ref())];
    for (name, alike) in both.into_iter().filter_map(|(name, alike)| Some((name, alike?))) {
        let [[first, first_slow], [second, second_slow]] = alike.milliseconds;
        show::line(&format!(
            "  {name:<9} overlap {:.3}, {:.3} of the first {RANKS}; median {first:.1} and {second:.1} ms, 99 % in {first_slow:.1} and \
             {second_slow:.1} ms",
            alike.overlap, alike.recall
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_their_quantiles_and_rankings_by_their_overlap() {
        let answers = |ranking: &[&str], times: std::ops::RangeInclusive<u64>| Answers {
            rankings: vec![ranking.iter().map(|text| (*text).to_owned()).collect()],
            times: times.map(Duration::from_millis).collect(),
        };
        let (one, other) = (answers(&["a", "b"], 1..=100), answers(&["b", "c"], 3..=3));
        let alike = alike(&one, &other);
        assert_eq!(alike.milliseconds, [[50.0, 99.0], [3.0, 3.0]]);
        assert!((alike.recall - 0.5).abs() < 1e-9 && alike.overlap < 0.5, "{alike:?}");
    }
}
