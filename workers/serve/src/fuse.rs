//! Reciprocal rank fusion. Pure.
//!
//! Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods"
//! (SIGIR 2009): score = Σ 1 / (k + rank), ranks from 1, k = 60.

use std::collections::HashMap;

use message::ChunkId;

/// The constant of the paper, and of every engine that offers the method.
pub const K: f64 = 60.0;

/// A passage in the fused ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    /// Which passage.
    pub id: ChunkId,
    /// Σ 1 / (60 + rank).
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

/// Fuses two rankings, best first. Equal scores: the better single rank first, then the smaller id.
#[must_use]
pub fn fuse<'a>(
    keyword: impl IntoIterator<Item = &'a ChunkId>,
    vector: impl IntoIterator<Item = &'a ChunkId>,
) -> Vec<Fused> {
    let mut found: HashMap<&ChunkId, (Option<u32>, Option<u32>)> = HashMap::new();
    for (rank, id) in (1..).zip(keyword) {
        found.entry(id).or_default().0.get_or_insert(rank);
    }
    for (rank, id) in (1..).zip(vector) {
        found.entry(id).or_default().1.get_or_insert(rank);
    }
    let mut fused: Vec<Fused> = found
        .into_iter()
        .map(|(id, (keyword_rank, vector_rank))| Fused {
            id: id.clone(),
            score: [keyword_rank, vector_rank]
                .into_iter()
                .flatten()
                .map(|rank| 1.0 / (K + f64::from(rank)))
                .sum(),
            keyword_rank,
            vector_rank,
        })
        .collect();
    fused.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        by_score.then_with(|| a.best_rank().cmp(&b.best_rank())).then_with(|| a.id.cmp(&b.id))
    });
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<ChunkId> {
        names.split_whitespace().map(ChunkId::from_text).collect()
    }

    fn order(keyword: &str, vector: &str) -> String {
        let fused = fuse(&ids(keyword), &ids(vector));
        fused.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_both_find_comes_first() {
        assert_eq!(order("a b c", "d c e"), "c a d b e");
    }

    #[test]
    fn equal_scores_are_ordered_by_rank_then_id() {
        assert_eq!(order("b a", "a b"), "a b");
        assert_eq!(order("z", "y"), "y z");
    }

    #[test]
    fn one_ranking_alone_keeps_its_order() {
        assert_eq!(order("c b a", ""), "c b a");
        assert_eq!(order("", "c b a"), "c b a");
    }

    #[test]
    fn scores_are_those_of_the_paper() {
        let fused = fuse(&ids("a b"), &ids("b"));
        assert!((fused[0].score - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-12);
        assert_eq!((fused[0].keyword_rank, fused[0].vector_rank), (Some(2), Some(1)));
    }
}
