//! Two rankings become one. Pure.
//!
//! *Reciprocal rank fusion*: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
//! rank learning methods" (SIGIR 2009): score = Σ 1 / (k + rank), ranks from 1, k = 60. It knows no scores, so a useless
//! signal counts as much as a good one.
//!
//! *Convex*: Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval" (TOIS 2023): a weighted sum of
//! scores, each normalised over its own window to 0…1.

use std::collections::HashMap;

use message::ChunkId;

use crate::question::Fusion;

/// The constant of the paper, and of every engine that offers the method.
pub const K: f64 = 60.0;

/// A passage and its score in one ranking.
pub type Scored<'a> = (&'a ChunkId, f64);

/// A passage in the fused ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    /// Which passage.
    pub id: ChunkId,
    /// The higher, the better; comparable within one answer only.
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

/// Fuses two rankings, best first, scores descending. Equal scores: the better single rank first, then the smaller id.
#[must_use]
pub fn fuse(fusion: Fusion, keyword: &[Scored<'_>], vector: &[Scored<'_>]) -> Vec<Fused> {
    let value: [Vec<f64>; 2] = match fusion {
        Fusion::Rrf => [reciprocal(keyword.len()), reciprocal(vector.len())],
        Fusion::Convex => [half(keyword), half(vector)],
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
    (1_u32..).take(count).map(|rank| 1.0 / (K + f64::from(rank))).collect()
}

/// Scores brought to 0…½ over the window; where all are equal, each counts fully. A passage that a ranking does not hold
/// counts 0 there, as its last one does.
fn half(ranking: &[Scored<'_>]) -> Vec<f64> {
    let scores = ranking.iter().map(|(_, score)| *score);
    let (lowest, highest) =
        scores.clone().fold((f64::MAX, f64::MIN), |(low, high), score| (low.min(score), high.max(score)));
    let range = highest - lowest;
    scores.map(|score| 0.5 * if range > 0.0 { (score - lowest) / range } else { 1.0 }).collect()
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
        for fusion in [Fusion::Convex, Fusion::Rrf] {
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
}
