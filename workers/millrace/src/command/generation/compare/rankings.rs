//! Do two indexes find the same? Both are asked for sampled passages: by words, and by the vectors that each of them has, so that
//! no model is needed. Stage: awaits the engines.

use std::time::Duration;

use eval::overlap::{rank_biased_overlap, recall_of};
use generation::Target;
use message::ChunkId;
use serde::Serialize;
use sink::{Reader, SinkError, StoredChunk, Window, Words};
use tokio::time::Instant;

use super::{RANKS, RankedBy};
use crate::show;

/// Passages that are looked at for so many documents.
const DEEP: usize = 5 * RANKS;

/// Two indexes side by side.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// What is compared, for people.
    pub(super) name: String,
    /// Passages in each.
    pub(super) passages: [u64; 2],
    /// Documents in each.
    pub(super) documents: [u64; 2],
    /// What is ranked.
    pub(super) ranked: RankedBy,
    /// Ranking by words.
    pub(super) keyword: Alike,
    /// Ranking by vectors; none where documents are cut otherwise, as then no passage has a vector in both.
    pub(super) vector: Option<Alike>,
}

/// How alike the rankings of two indexes are, over all questions.
#[derive(Debug, Default, Serialize)]
pub(super) struct Alike {
    /// Mean rank-biased overlap of the first ten.
    pub(super) overlap: f64,
    /// Mean share of the first ten of one that is among the first ten of the other.
    pub(super) recall: f64,
    /// Median and 99th percentile of the time of an answer, in milliseconds, in each.
    milliseconds: [[f64; 2]; 2],
}

/// What one index answered to every question: the rankings, and the time that each took.
struct Answers {
    rankings: Vec<Vec<String>>,
    times: Vec<Duration>,
}

/// Asks two indexes for passages that both hold: by the words of each passage, and by the vector that each index has of it,
/// so that no model is needed. A passage never counts as an answer to itself.
pub(super) async fn compare<E: Reader>(
    name: String,
    [one, other]: [&E; 2],
    ranked: RankedBy,
    sample: usize,
) -> Result<Comparison, SinkError> {
    let drawn = one.drawn(sample).await?;
    let ids: Vec<ChunkId> = drawn.iter().map(|chunk| chunk.id.clone()).collect();
    let keyword = alike(&by_words(one, &drawn, ranked).await?, &by_words(other, &drawn, ranked).await?);
    let vector = match ranked {
        RankedBy::Passages => Some(alike(&by_vectors(one, &ids).await?, &by_vectors(other, &ids).await?)),
        RankedBy::Documents => None,
    };
    let passages = [one.count(Target::Chunks).await?, other.count(Target::Chunks).await?];
    let documents = [one.count(Target::Documents).await?, other.count(Target::Documents).await?];
    Ok(Comparison { name, passages, documents, ranked, keyword, vector })
}

async fn by_words<E: Reader>(
    engine: &E,
    chunks: &[StoredChunk],
    ranked: RankedBy,
) -> Result<Answers, SinkError> {
    let languages = engine.languages().await?;
    let mut answers = Answers { rankings: Vec::new(), times: Vec::new() };
    for chunk in chunks {
        let words = Words::of(analysis::opening(&chunk.text), &languages);
        let (size, itself) = match ranked {
            RankedBy::Passages => (RANKS + 1, chunk.id.as_str()),
            RankedBy::Documents => (DEEP, chunk.document.as_str()),
        };
        let begun = Instant::now();
        let hits = engine.keyword(&words, &Window::of(size)).await?;
        let took = begun.elapsed();
        answers.add(ranked.ranking(&hits), itself, took);
    }
    Ok(answers)
}

async fn by_vectors<E: Reader>(engine: &E, ids: &[ChunkId]) -> Result<Answers, SinkError> {
    let mut answers = Answers { rankings: Vec::new(), times: Vec::new() };
    let stored = engine.vectors(ids).await?;
    for id in ids {
        let Some(of) = stored.iter().find(|stored| stored.id == *id) else {
            answers.rankings.push(Vec::new());
            continue;
        };
        let begun = Instant::now();
        let hits = engine.vector(&of.vector, &Window::of(RANKS + 1)).await?;
        let took = begun.elapsed();
        answers.add(RankedBy::Passages.ranking(&hits), id.as_str(), took);
    }
    Ok(answers)
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

/// Prints it for people.
pub(super) fn print(one: &Comparison) {
    let Comparison { name, passages, documents, ranked, keyword, vector } = one;
    show::line(name);
    show::line(&format!("  passages  {} and {}", passages[0], passages[1]));
    show::line(&format!("  documents {} and {}", documents[0], documents[1]));
    if *ranked == RankedBy::Documents {
        show::line(
            "  documents are cut otherwise: rankings are of documents, and vectors are not compared; --golden scores both by \
             questions whose answers are known",
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
