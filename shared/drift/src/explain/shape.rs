//! How two samples of one number are spread. Pure.

use crate::difference::float;

/// The largest distance of the two distributions, and the probability of so large a one by chance, in the limit of large samples
/// (Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical Statistics 1948); none when
/// a sample is empty or holds what is no number.
#[must_use]
pub fn kolmogorov_smirnov(reference: &[f64], current: &[f64]) -> Option<(f64, f64)> {
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    let (one, other) = (sorted(reference), sorted(current));
    if one.is_empty() || other.is_empty() || one.iter().chain(&other).any(|value| value.is_nan()) {
        return None;
    }
    let (n, m) = (float(one.len() as u64), float(other.len() as u64));
    let upto = |values: &[f64], most: f64| float(values.partition_point(|value| *value <= most) as u64);
    let distances = one.iter().chain(&other).map(|at| (upto(&one, *at) / n - upto(&other, *at) / m).abs());
    let distance = distances.fold(0.0, f64::max);
    Some((distance, beyond(distance * (n * m / (n + m)).sqrt())))
}

/// Terms of the series: at [`NEAREST`] the last one is below 10⁻⁵⁰.
const TERMS: u32 = 60;
/// Below this the probability is 1 in its first ten digits, and the series would need many terms.
const NEAREST: f64 = 0.15;

/// Kolmogorov's law: the probability of a scaled distance above this one, 2 Σ (-1)ᵏ⁻¹ exp(-2k²x²).
fn beyond(scaled: f64) -> f64 {
    if scaled < NEAREST {
        return 1.0;
    }
    let term = |k: u32| {
        let size = (-2.0 * f64::from(k).powi(2) * scaled.powi(2)).exp();
        if k % 2 == 1 { size } else { -size }
    };
    (2.0 * (1..=TERMS).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

/// Two samples, counted in the same intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Binned {
    reference: Vec<f64>,
    current: Vec<f64>,
}

/// The share that stands for an empty interval, whose logarithm there is not: as evidently has it, to be compared with.
const EMPTY: f64 = 1e-4;

impl Binned {
    /// Intervals of equal width over both samples, as many as Sturges says (1 + log₂ n, "The choice of a class interval", 1926);
    /// none when a sample is empty, or all values are equal or no number.
    #[must_use]
    pub fn of(reference: &[f64], current: &[f64]) -> Option<Self> {
        if reference.is_empty() || current.is_empty() {
            return None;
        }
        let all = || reference.iter().chain(current).copied();
        let (low, high) = (all().reduce(f64::min)?, all().reduce(f64::max)?);
        let range = high - low;
        if !range.is_finite() || range <= 0.0 || all().any(f64::is_nan) {
            return None;
        }
        let bins = bins_of(reference.len() + current.len());
        let shares = |values: &[f64]| {
            let mut counts = vec![0_u64; bins];
            for value in values {
                let place = place_of((value - low) / range, bins);
                if let Some(count) = counts.get_mut(place) {
                    *count += 1;
                }
            }
            counts.into_iter().map(|count| float(count) / float(values.len() as u64)).collect()
        };
        Some(Self { reference: shares(reference), current: shares(current) })
    }

    /// The population stability index, Σ (p - q) ln (p / q): 0 when both are alike. Its usual bounds, .1 and .25, are a custom
    /// without a test behind them (Siddiqi, "Credit risk scorecards", 2006).
    #[must_use]
    pub fn population_stability(&self) -> f64 {
        let filled = |shares: &[f64]| -> Vec<f64> {
            let least = shares.iter().copied().filter(|share| *share > 0.0).reduce(f64::min).unwrap_or(1.0);
            let stand_in = if least <= EMPTY { least / 1e6 } else { EMPTY };
            shares.iter().map(|share| if *share > 0.0 { *share } else { stand_in }).collect()
        };
        let pairs = filled(&self.reference).into_iter().zip(filled(&self.current));
        pairs.map(|(p, q)| (p - q) * (p / q).ln()).sum()
    }

    /// Jensen and Shannon's distance, the root of the divergence in natural units: from 0 to √ln 2 (Endres and Schindelin, "A new
    /// metric for probability distributions", 2003).
    #[must_use]
    pub fn jensen_shannon(&self) -> f64 {
        let toward = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).ln() } else { 0.0 };
        let pairs = self.reference.iter().zip(&self.current);
        let divergence: f64 = pairs
            .map(|(p, q)| {
                let middle = f64::midpoint(*p, *q);
                toward(*p, middle) + toward(*q, middle)
            })
            .sum();
        (divergence.max(0.0) / 2.0).sqrt()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a logarithm of a length"
)]
fn bins_of(count: usize) -> usize {
    ((count as f64).log2() + 1.0).ceil() as usize
}

/// The interval of a value's place within the range, from 0 to 1; the last one holds its end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "from 0 to the number of intervals"
)]
fn place_of(place: f64, bins: usize) -> usize {
    ((place * bins as f64) as usize).min(bins.saturating_sub(1))
}
