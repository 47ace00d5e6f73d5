//! Fuses two rankings. Pure.
//!
//! *Reciprocal rank fusion*: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and
//! individual rank learning methods" (SIGIR 2009): score = Σ 1 / (k + rank), ranks from 1, k = 60. It ignores scores,
//! so a useless signal counts as much as a good one.
//!
//! *Convex*: Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval" (TOIS 2023): a weighted
//! sum of scores, each normalised over its own window to 0…1; here with equal weights.
//!
//! *Auto*: the convex sum, with each ranking weighted by its reliability for this question: the square of its peak,
//! which is how many standard deviations its best score is above the mean of its window. A signal that knows the
//! answer singles out one passage; a model that does not know the language, or words that occur everywhere, find all
//! passages about equally good. The deviation of scores as a measure of quality comes from query performance
//! prediction (Shtok, Kurland and Carmel, "Predicting query performance by query drift estimation", TOIS 2012). The
//! square and [`SHORT`] were chosen on train splits.

use std::collections::HashMap;

use message::ChunkId;
use serde::{Deserialize, Serialize};

use crate::reader::RANK_CONSTANT;

/// Passages of each ranking that are fused at least: more than any page shows, so that one ranking can lift a passage that
/// is far down in the other.
pub const FUSED_WINDOW: usize = 100;

/// How to fuse two rankings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fusion {
    /// The weighted sum of both normalised scores; the weight is how clearly a ranking singles out its best passage.
    #[default]
    Auto,
    /// The sum of both normalised scores, with equal weights.
    Convex,
    /// Reciprocal rank fusion.
    Rrf,
}

/// A keyword ranking shorter than this is padded with zeros, BM25's score for all other passages, before its peak is
/// computed; otherwise a single matching passage would have no peak. Of 10, 20, 30, 50 and 100, the value with the
/// least loss on the train splits of scifact, medquad and banking77, both plain and with one signal spoiled.
const SHORT: usize = 20;

/// A passage and its score in one ranking.
pub type Scored<'a> = (&'a ChunkId, f64);

/// A passage in the fused ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    /// The passage's id.
    pub id: ChunkId,
    /// Higher is better; comparable only within one result.
    pub score: f64,
    /// Its rank in the first ranking, from 1.
    pub keyword_rank: Option<u32>,
    /// Its rank in the second ranking, from 1.
    pub vector_rank: Option<u32>,
}

impl Fused {
    fn best_rank(&self) -> u32 {
        let ranks = [self.keyword_rank, self.vector_rank];
        ranks.into_iter().flatten().min().unwrap_or(u32::MAX)
    }
}

/// Fuses two rankings, best first, scores descending. Ties are ordered by the better single rank, then by the smaller
/// id.
#[must_use]
pub fn fuse(fusion: Fusion, keyword: &[Scored<'_>], vector: &[Scored<'_>]) -> Vec<Fused> {
    let scores = |ranking: &[Scored<'_>]| ranking.iter().map(|(_, score)| *score).collect::<Vec<_>>();
    let value: [Vec<f64>; 2] = match fusion {
        Fusion::Auto => by_peak(scores(keyword), &scores(vector)),
        Fusion::Convex => [weighed(&scores(keyword), 0.5), weighed(&scores(vector), 0.5)],
        Fusion::Rrf => [reciprocal(keyword.len()), reciprocal(vector.len())],
    };
    let mut found: HashMap<&ChunkId, (f64, [Option<u32>; 2])> = HashMap::new();
    for (signal, ranking) in [keyword, vector].into_iter().enumerate() {
        for ((rank, (id, _)), value) in (1..).zip(ranking).zip(&value[signal]) {
            let (score, ranks) = found.entry(id).or_default();
            if ranks[signal].is_none() {
                ranks[signal] = Some(rank);
                *score += value;
            }
        }
    }
    let mut fused: Vec<Fused> = found
        .into_iter()
        .map(|(id, (score, ranks))| {
            let [keyword_rank, vector_rank] = ranks;
            Fused { id: id.clone(), score, keyword_rank, vector_rank }
        })
        .collect();
    fused.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        by_score.then_with(|| a.best_rank().cmp(&b.best_rank())).then_with(|| a.id.cmp(&b.id))
    });
    fused
}

/// 1 / (k + rank) for each rank.
fn reciprocal(count: usize) -> Vec<f64> {
    (1_u32..).take(count).map(|rank| 1.0 / f64::from(RANK_CONSTANT + rank)).collect()
}

/// Both rankings' scores, weighted by their shares of the squared peaks.
fn by_peak(mut keyword: Vec<f64>, vector: &[f64]) -> [Vec<f64>; 2] {
    let found = keyword.len();
    if found > 0 {
        keyword.resize(found.max(SHORT), 0.0);
    }
    let peaks = [peak(&keyword).powi(2), peak(vector).powi(2)];
    let sum = peaks[0] + peaks[1];
    let weight = peaks.map(|peak| if sum > 0.0 { peak / sum } else { 0.5 });
    let mut keyword = weighed(&keyword, weight[0]);
    keyword.truncate(found);
    [keyword, weighed(vector, weight[1])]
}

/// How many standard deviations the best score is above the mean; 0 if all are equal.
#[expect(clippy::cast_precision_loss, reason = "a window's length, far below 2^52")]
fn peak(scores: &[f64]) -> f64 {
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let deviation = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt();
    let best = scores.first().copied().unwrap_or_default();
    if deviation > 0.0 { (best - mean) / deviation } else { 0.0 }
}

/// Normalises scores to 0…`weight` over the window; if all are equal, each gets the full weight. A passage missing
/// from a ranking counts 0 there, like its last passage.
fn weighed(scores: &[f64], weight: f64) -> Vec<f64> {
    let (lowest, highest) =
        scores.iter().fold((f64::MAX, f64::MIN), |(low, high), score| (score.min(low), score.max(high)));
    let range = highest - lowest;
    scores.iter().map(|score| weight * if range > 0.0 { (score - lowest) / range } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<ChunkId> {
        names.split_whitespace().map(ChunkId::from_text).collect()
    }

    /// Rankings with the scores 1, 1/2, 1/3 …
    fn fused(fusion: Fusion, keyword: &str, vector: &str) -> Vec<Fused> {
        let (keyword, vector) = (ids(keyword), ids(vector));
        let scored = |ids: &'static [ChunkId]| (1_u32..).zip(ids).map(|(n, id)| (id, 1.0 / f64::from(n)));
        let leak = |ids: Vec<ChunkId>| scored(Vec::leak(ids)).collect::<Vec<_>>();
        fuse(fusion, &leak(keyword), &leak(vector))
    }

    fn order(fusion: Fusion, keyword: &str, vector: &str) -> String {
        let fused = fused(fusion, keyword, vector);
        fused.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_both_find_comes_first() {
        assert_eq!(order(Fusion::Rrf, "a b c", "d c e"), "c a d b e");
        assert_eq!(order(Fusion::Convex, "a b c", "b d e"), "b a d c e");
    }

    #[test]
    fn equal_scores_are_ordered_by_rank_then_id() {
        assert_eq!(order(Fusion::Rrf, "b a", "a b"), "a b");
        assert_eq!(order(Fusion::Rrf, "z", "y"), "y z");
    }

    #[test]
    fn one_ranking_alone_keeps_its_order() {
        for fusion in [Fusion::Auto, Fusion::Convex, Fusion::Rrf] {
            assert_eq!(order(fusion, "c b a", ""), "c b a", "{fusion:?}");
            assert_eq!(order(fusion, "", "c b a"), "c b a", "{fusion:?}");
            assert_eq!(order(fusion, "", ""), "");
        }
    }

    #[test]
    fn scores_are_those_of_the_papers() {
        let both = fused(Fusion::Rrf, "a b", "b");
        assert!((both[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-12);
        assert_eq!((both[0].keyword_rank, both[0].vector_rank), (Some(2), Some(1)));
        let both = fused(Fusion::Convex, "a b c", "b c a");
        let score = |id: &str| both.iter().find(|hit| hit.id.as_str() == id).unwrap().score;
        let middle = 0.5 * (0.5 - 1.0 / 3.0) / (1.0 - 1.0 / 3.0);
        assert!((score("a") - 0.5).abs() < 1e-12 && (score("b") - (middle + 0.5)).abs() < 1e-12);
    }

    /// The fused order, for passages named by letters and rankings given with their scores.
    fn weighed_order(fusion: Fusion, keyword: &[(&str, f64)], vector: &[(&str, f64)]) -> String {
        let owned = |ranking: &[(&str, f64)]| -> Vec<(ChunkId, f64)> {
            ranking.iter().map(|&(name, score)| (ChunkId::from_text(name), score)).collect()
        };
        let (keyword, vector) = (owned(keyword), owned(vector));
        let scored = |ranking: &'static [(ChunkId, f64)]| -> Vec<Scored<'static>> {
            ranking.iter().map(|(id, score)| (id, *score)).collect()
        };
        let fused = fuse(fusion, &scored(Vec::leak(keyword)), &scored(Vec::leak(vector)));
        fused.iter().map(|hit| hit.id.as_str().to_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_signal_that_sets_nothing_apart_does_not_spoil_the_other() {
        let names: Vec<String> = ('a'..='z').map(|letter| letter.to_string()).collect();
        let sharp: Vec<(&str, f64)> =
            names.iter().zip([9.0, 4.0, 3.0]).map(|(name, score)| (name.as_str(), score)).collect();
        // A model that does not know the language: all 26 are about equally near, and the keyword match is among the
        // last.
        let flat: Vec<(&str, f64)> = names
            .iter()
            .rev()
            .zip(1_u32..)
            .map(|(name, n)| (name.as_str(), 0.8 - 0.001 * f64::from(n)))
            .collect();
        assert!(weighed_order(Fusion::Auto, &sharp, &flat).starts_with("a b c z"));
        assert!(weighed_order(Fusion::Convex, &sharp, &flat).starts_with("a z y"), "what it is better than");
        // The reverse: words that occur everywhere, and a model that knows the answer.
        let (words, near) =
            (flat, sharp.iter().map(|&(name, score)| (name, score / 10.0)).collect::<Vec<_>>());
        let near: Vec<(&str, f64)> =
            near.into_iter().chain(names[3..].iter().map(|name| (name.as_str(), 0.1))).collect();
        assert!(weighed_order(Fusion::Auto, &words, &near).starts_with('a'));
    }

    #[test]
    fn weights_are_the_shares_of_the_squared_peaks() {
        // 20 scores, 1 and nineteen zeros: mean 1/20, deviation √(19)/20, and so a peak of √19.
        let [keyword, vector] = by_peak(vec![7.0], &[0.9, 0.7]);
        assert!((peak(&[0.9, 0.7]) - 1.0).abs() < 1e-12);
        assert!((keyword[0] - 19.0 / 20.0).abs() < 1e-12 && keyword.len() == 1);
        assert!((vector[0] - 1.0 / 20.0).abs() < 1e-12 && vector[1].abs() < 1e-12);
        assert_eq!(by_peak(Vec::new(), &[0.5, 0.5]), [Vec::new(), vec![0.5, 0.5]]);
    }
}
