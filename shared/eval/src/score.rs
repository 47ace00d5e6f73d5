//! The measures, as BEIR and `trec_eval` define them. Pure.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Grades of relevant documents, by document.
pub type Grades = HashMap<String, u32>;

/// Means over all questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Normalised discounted cumulative gain of the first ten: gain = grade, discount = log2(rank + 1).
    #[serde(rename = "ndcg@10")]
    pub ndcg: f64,
    /// Share of the relevant documents among the first hundred.
    #[serde(rename = "recall@100")]
    pub recall: f64,
    /// One over the rank of the first relevant document among the first ten, or 0.
    #[serde(rename = "mrr@10")]
    pub reciprocal_rank: f64,
    /// 1 when the answer stands whole in one of the first five passages, else 0; only where the set gives answers.
    #[serde(rename = "answer-in-chunk@5", default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<f64>,
}

/// The scores of one ranking (best first, each document once).
#[must_use]
pub fn score(ranking: &[String], grades: &Grades) -> Scores {
    let grade = |document: &String| grades.get(document).copied().unwrap_or(0);
    let gains = |grades: &[u32]| -> f64 {
        let discounted = |(rank, grade): (u32, &u32)| f64::from(*grade) / f64::from(rank + 1).log2();
        (1..).zip(grades.iter().take(10)).map(discounted).sum()
    };
    let found: Vec<u32> = ranking.iter().map(grade).collect();
    let mut ideal: Vec<u32> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let hits = found.iter().take(100).filter(|grade| **grade > 0).count();
    let first = (1..).zip(found.iter().take(10)).find(|(_, grade)| **grade > 0);
    Scores {
        ndcg: divide(gains(&found), gains(&ideal)),
        recall: divide(count(hits), count(grades.len())),
        reciprocal_rank: first.map_or(0.0, |(rank, _): (u32, _)| 1.0 / f64::from(rank)),
        answered: None,
    }
}

/// True when one of the passages holds one of the answers whole, whatever stands between its words.
#[must_use]
pub fn holds_answer(passages: &[&str], answers: &[String]) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    passages.iter().any(|passage| {
        let passage = flat(passage);
        answers.iter().any(|answer| passage.contains(&flat(answer)))
    })
}

/// The mean of many.
#[must_use]
pub fn mean(scores: &[Scores]) -> Scores {
    let mean = |part: fn(&Scores) -> f64| divide(scores.iter().map(part).sum(), count(scores.len()));
    Scores {
        ndcg: mean(|s| s.ndcg),
        recall: mean(|s| s.recall),
        reciprocal_rank: mean(|s| s.reciprocal_rank),
        answered: scores
            .iter()
            .map(|s| s.answered)
            .sum::<Option<f64>>()
            .map(|sum| divide(sum, count(scores.len()))),
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn divide(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(names: &str) -> Vec<String> {
        names.split(' ').map(str::to_owned).collect()
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn measures_are_those_of_the_definitions() {
        let grades = Grades::from([("a".to_owned(), 2), ("b".to_owned(), 1)]);
        let scores = score(&ranking("x b a"), &grades);
        let dcg = 1.0 / 3_f64.log2() + 2.0 / 4_f64.log2();
        let ideal = 2.0 / 2_f64.log2() + 1.0 / 3_f64.log2();
        near(scores.ndcg, dcg / ideal);
        near(scores.recall, 1.0);
        near(scores.reciprocal_rank, 0.5);
    }

    #[test]
    fn best_is_one_and_nothing_is_zero() {
        let grades = Grades::from([("a".to_owned(), 1)]);
        let best = Scores { ndcg: 1.0, recall: 1.0, reciprocal_rank: 1.0, answered: None };
        assert_eq!(score(&ranking("a"), &grades), best);
        assert_eq!(score(&ranking("x y"), &grades), Scores::default());
        assert_eq!(score(&[], &grades), Scores::default());
    }

    #[test]
    fn what_comes_after_ten_does_not_count_for_ndcg() {
        let grades = Grades::from([("z".to_owned(), 1)]);
        let scores = score(&ranking("a b c d e f g h i j z"), &grades);
        assert_eq!((scores.ndcg, scores.reciprocal_rank), (0.0, 0.0));
        near(scores.recall, 1.0);
    }
}
