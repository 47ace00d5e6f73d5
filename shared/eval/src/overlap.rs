//! How alike two rankings are, without knowing which of them is right. Pure.

use std::collections::BTreeSet;

/// The persistence of [`rank_biased_overlap`]: at .9 the first ten ranks carry 86 % of the weight.
const PERSISTENCE: f64 = 0.9;

/// The rank-biased overlap of two rankings, best first: 1 when they are equal, 0 when they share nothing. Extrapolated from
/// the common depth (Webber, Moffat and Zobel, *A similarity measure for indefinite rankings*, 2010, equation 23 for rankings of
/// equal length; the longer one is cut). 1 when both are empty.
#[must_use]
pub fn rank_biased_overlap<T: Ord>(one: &[T], other: &[T]) -> f64 {
    let depth = one.len().min(other.len());
    if depth == 0 {
        return if one.len() == other.len() { 1.0 } else { 0.0 };
    }
    let (mut seen_one, mut seen_other) = (BTreeSet::new(), BTreeSet::new());
    let (mut sum, mut weight, mut agreement) = (0.0, 1.0, 0.0);
    for place in 0..depth {
        seen_one.insert(&one[place]);
        seen_other.insert(&other[place]);
        agreement = share(seen_one.intersection(&seen_other).count(), place + 1);
        weight *= PERSISTENCE;
        sum += agreement * weight;
    }
    agreement * weight + (1.0 - PERSISTENCE) / PERSISTENCE * sum
}

/// The part of `one` that is in `other`, whatever the order; 1 when `one` is empty.
#[must_use]
pub fn recall_of<T: Ord>(one: &[T], other: &[T]) -> f64 {
    let other: BTreeSet<&T> = other.iter().collect();
    if one.is_empty() {
        1.0
    } else {
        share(one.iter().filter(|item| other.contains(item)).count(), one.len())
    }
}

#[expect(clippy::cast_precision_loss, reason = "ranks are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rankings_overlap_fully_and_others_by_how_early_they_agree() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(rank_biased_overlap(&[1, 2, 3], &[1, 2, 3]), 1.0));
        assert!(near(rank_biased_overlap(&[1, 2, 3], &[4, 5, 6]), 0.0));
        assert!(near(rank_biased_overlap::<u8>(&[], &[]), 1.0));
        assert!(near(rank_biased_overlap(&[1], &[]), 0.0));
        // By hand: agreements 0, 1: 1 * .81 + (.1 / .9) * (0 * .9 + 1 * .81) = .9.
        assert!(near(rank_biased_overlap(&[1, 2], &[2, 1]), 0.9));
        let (late, early) =
            (rank_biased_overlap(&[1, 2, 3], &[1, 2, 4]), rank_biased_overlap(&[1, 2, 3], &[4, 2, 3]));
        assert!(late > early, "{late} {early}");
    }

    #[test]
    fn recall_knows_no_order() {
        assert!((recall_of(&[1, 2, 3, 4], &[4, 3, 9, 8]) - 0.5).abs() < 1e-9);
        assert!((recall_of::<u8>(&[], &[1]) - 1.0).abs() < 1e-9);
    }
}
