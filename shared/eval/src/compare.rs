//! Whether one way of searching is better than another, or worse than it was. Pure.
//!
//! Paired bootstrap: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 16; for retrieval Sakai,
//! "Evaluating evaluation metrics based on the bootstrap" (SIGIR 2006). The questions are drawn again with replacement, and
//! the difference of the means is looked at in each draw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::random::SplitMix;
use crate::score::Scores;

/// Draws; the interval's ends move by less than its hundredth from seed to seed.
const DRAWS: usize = 10_000;
/// The share of draws outside the interval at each end.
const TAIL: f64 = 0.025;

/// The difference of two means with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScoreDifference {
    /// What the first has more than the second.
    pub mean: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl ScoreDifference {
    /// True when the first is worse, and not by chance.
    #[must_use]
    pub fn is_drop(&self) -> bool {
        self.high < 0.0
    }
}

/// The scores of each question, by mode and question: what is kept to compare with later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The set and its split.
    pub set: String,
    /// Scores by mode, then by question.
    pub modes: BTreeMap<String, BTreeMap<String, Scores>>,
}

/// One measure of two lists of scores of the same questions in the same order, compared. The same scores give the same
/// interval: the draws come from a fixed seed.
#[must_use]
pub fn difference(first: &[Scores], second: &[Scores], measure: fn(&Scores) -> f64) -> ScoreDifference {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| measure(a) - measure(b)).collect();
    if differences.is_empty() {
        return ScoreDifference { mean: 0.0, low: 0.0, high: 0.0 };
    }
    let mut random = SplitMix::new(0x5eed);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn =
                (0..differences.len()).filter_map(|_| differences.get(random.below(differences.len())));
            drawn.sum::<f64>() / length(&differences)
        })
        .collect();
    means.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "of 10,000"
    )]
    let at =
        |share: f64| means.get(((DRAWS - 1) as f64 * share).round() as usize).copied().unwrap_or_default();
    ScoreDifference {
        mean: differences.iter().sum::<f64>() / length(&differences),
        low: at(TAIL),
        high: at(1.0 - TAIL),
    }
}

#[expect(clippy::cast_precision_loss, reason = "questions of a set")]
fn length(values: &[f64]) -> f64 {
    values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(values: impl IntoIterator<Item = f64>) -> Vec<Scores> {
        values.into_iter().map(|ndcg| Scores { ndcg, ..Scores::default() }).collect()
    }

    #[test]
    fn a_clear_drop_is_one_and_noise_is_none() {
        let before = scores((0..200).map(|n| 0.5 + f64::from(n % 10) / 20.0));
        let worse = scores((0..200).map(|n| 0.4 + f64::from(n % 10) / 20.0));
        let noisy = scores((0..200).map(|n| 0.5 + f64::from((n + 3) % 10) / 20.0));
        let of = |after: &[Scores]| difference(after, &before, |scores| scores.ndcg);
        assert!(of(&worse).is_drop() && (of(&worse).mean + 0.1).abs() < 1e-9);
        assert!(!of(&noisy).is_drop() && of(&noisy).low < 0.0 && of(&noisy).high > 0.0, "{:?}", of(&noisy));
        assert_eq!(of(&noisy), of(&noisy), "the same scores give the same interval");
        assert!(of(&[]).mean.abs() < 1e-12);
    }

    #[test]
    fn the_interval_is_that_of_the_normal_law_where_that_holds() {
        let first = scores((0..1_000).map(|n| f64::from(n % 2)));
        let zero = scores((0..1_000).map(|_| 0.0));
        let found = difference(&first, &zero, |scores| scores.ndcg);
        // The deviation of a mean of 1,000 fair coins is 0.0158; 1.96 of it on either side.
        assert!((found.low - 0.469).abs() < 0.004 && (found.high - 0.531).abs() < 0.004, "{found:?}");
    }
}
