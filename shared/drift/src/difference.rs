//! Is a difference one, or chance? Pure.
//!
//! Shares of questions are compared by the two-proportion z-test with the pooled share (Fleiss, Levin and Paik, "Statistical
//! methods for rates and proportions", 2003, chapter 3). What is measured of passages is compared as two ratios whose units are
//! whole documents, since passages of one document are alike: the variance of a ratio between units (Rao and Scott, "A simple
//! method for the analysis of clustered binary data", Biometrics 1992), and Welch's t with the degrees of freedom of Satterthwaite
//! ("The generalization of Student's problem", Biometrika 1947). With one value in each unit it is Welch's test of two means.
//! All are one-sided: only what gets worse is of interest. Laws from `statrs`.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// How often something was, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShareCount {
    /// How often.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
}

/// What one unit (a document, or a question) adds to a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitTotal {
    /// To what is divided: hits, tokens, a value.
    pub sum: f64,
    /// To what it is divided by: passages, words, 1.
    pub weight: f64,
}

/// Two values, and whether the second is greater by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestedDifference {
    /// The first value.
    pub reference: f64,
    /// The second value.
    pub current: f64,
    /// The probability of the second being greater by so much or more by chance.
    pub p_greater: f64,
    /// The probability of the second being less by so much or more by chance.
    pub p_less: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// Compares two shares; none when one is of nothing.
#[must_use]
pub fn two_proportions(reference: ShareCount, current: ShareCount) -> Option<TestedDifference> {
    let (n, m) = (float(reference.of), float(current.of));
    if reference.of == 0 || current.of == 0 {
        return None;
    }
    let (first, second) = (float(reference.hits) / n, float(current.hits) / m);
    let pooled = float(reference.hits + current.hits) / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    let law = Normal::new(0.0, 1.0).ok()?;
    Some(tested((first, second), error, |z| law.sf(z)))
}

/// Compares two ratios of sums over whole units; none with fewer than two units on a side, or when nothing is divided by.
#[must_use]
pub fn two_ratios(reference: &[UnitTotal], current: &[UnitTotal]) -> Option<TestedDifference> {
    let (first, second) = (Ratio::of(reference)?, Ratio::of(current)?);
    let variance = first.variance + second.variance;
    let spread = first.variance.powi(2) / first.freedom + second.variance.powi(2) / second.freedom;
    let error = variance.sqrt();
    if error <= 0.0 {
        return Some(tested((first.value, second.value), 0.0, |_| 1.0));
    }
    let law = StudentsT::new(0.0, 1.0, variance.powi(2) / spread).ok()?;
    Some(tested((first.value, second.value), error, |t| law.sf(t)))
}

/// Without any spread a difference is certain, and so is that there is none.
fn tested((reference, current): (f64, f64), error: f64, above: impl Fn(f64) -> f64) -> TestedDifference {
    let difference = current - reference;
    let p = |difference: f64| match (error > 0.0, difference > 0.0) {
        (true, _) => above(difference / error),
        (false, true) => 0.0,
        (false, false) => 1.0,
    };
    TestedDifference { reference, current, p_greater: p(difference), p_less: p(-difference) }
}

/// A ratio of sums, and how much it varies with the units.
struct Ratio {
    value: f64,
    variance: f64,
    freedom: f64,
}

impl Ratio {
    fn of(units: &[UnitTotal]) -> Option<Self> {
        let count = float(units.len() as u64);
        let weight: f64 = units.iter().map(|unit| unit.weight).sum();
        if units.len() < 2 || weight <= 0.0 {
            return None;
        }
        let value = units.iter().map(|unit| unit.sum).sum::<f64>() / weight;
        let squares: f64 = units.iter().map(|unit| (unit.sum - value * unit.weight).powi(2)).sum();
        let freedom = count - 1.0;
        Some(Self { value, variance: count / freedom * squares / weight.powi(2), freedom })
    }
}

/// The probabilities of several tests, corrected so that any one of them is below a level by chance no more often than that
/// level says (Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979).
/// In the order in which they are given.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1));
    let (mut adjusted, mut highest) = (vec![1.0; p.len()], 0.0_f64);
    for (rank, (place, p)) in order.into_iter().enumerate() {
        highest = highest.max(float((adjusted.len() - rank) as u64) * p).min(1.0);
        if let Some(slot) = adjusted.get_mut(place) {
            *slot = highest;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_spread_a_difference_is_certain_and_so_is_none() {
        let of = |hits| ShareCount { hits, of: 40 };
        let none = two_proportions(of(0), of(0)).unwrap();
        assert_eq!((none.p_greater, none.p_less), (1.0, 1.0));
        assert_eq!(two_proportions(of(1), ShareCount::default()), None);
        let units = |sum| vec![UnitTotal { sum, weight: 1.0 }; 3];
        let tested = two_ratios(&units(0.0), &units(1.0)).unwrap();
        assert_eq!((tested.p_greater, tested.p_less), (0.0, 1.0));
        assert_eq!(two_ratios(&units(0.0)[..1], &units(1.0)), None);
        assert_eq!(two_ratios(&[], &[]), None);
    }

    #[test]
    fn the_more_is_tested_the_less_one_of_it_says() {
        // The example of R's help of p.adjust for "holm", by hand: 4 · .005, 3 · .01, 2 · .03, and no less than the one before.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty() && holm(&[0.9, 0.8]).iter().all(|p| *p >= 1.0));
    }
}
