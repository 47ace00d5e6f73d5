//! Do two samples come from one distribution? The squared maximum mean discrepancy with a Gaussian kernel (Gretton, Borgwardt,
//! Rasch, Schölkopf and Smola, "A kernel two-sample test", JMLR 2012). Pure.

use eval::random::SplitMix;
use std::collections::BTreeMap;

use super::PlacedPassage;
use crate::difference::float;

/// A discrepancy, and how often chance gives as much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PermutedDiscrepancy {
    /// The unbiased estimate of the squared discrepancy: about 0 where there is none, and then also below.
    pub value: f64,
    /// The share of permutations with as large a value, the samples themselves counted as one (Phipson and Smyth, "Permutation
    /// p-values should never be zero", 2010).
    pub p: f64,
}

/// The squared discrepancy of two samples with the kernel's width by the median heuristic, and its probability by permuting whole
/// documents `permutations` times; none with fewer than two passages or documents on a side.
#[must_use]
pub fn permuted(placed: &[PlacedPassage<'_>], permutations: usize, seed: u64) -> Option<PermutedDiscrepancy> {
    let squares = squared_distances(&placed.iter().map(|one| one.vector).collect::<Vec<_>>());
    let gamma = median_gamma(&squares)?;
    let kernel = Kernel::of(&squares, gamma);
    let mut blocks: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for one in placed {
        let next = blocks.len();
        blocks.entry((one.is_current, one.document)).or_insert(next);
    }
    let block_of: Vec<usize> =
        placed.iter().filter_map(|one| blocks.get(&(one.is_current, one.document)).copied()).collect();
    let mut labels = vec![false; blocks.len()];
    for ((is_current, _), block) in &blocks {
        if let Some(label) = labels.get_mut(*block) {
            *label = *is_current;
        }
    }
    let value_of = |labels: &[bool]| {
        let sides: Vec<bool> =
            block_of.iter().map(|block| labels.get(*block).copied().unwrap_or_default()).collect();
        kernel.discrepancy(&sides)
    };
    let value = value_of(&labels)?;
    let mut random = SplitMix::new(seed);
    let mut as_large = 1_u64;
    for _ in 0..permutations {
        random.shuffle(&mut labels);
        // A permutation that puts all but one passage on one side says nothing, and is counted against a finding.
        as_large += u64::from(value_of(&labels).is_none_or(|permuted| permuted >= value));
    }
    Some(PermutedDiscrepancy { value, p: float(as_large) / float(permutations as u64 + 1) })
}

/// The squared distance of each pair.
#[must_use]
pub fn squared_distances(vectors: &[&[f32]]) -> Vec<Vec<f64>> {
    let distance = |one: &[f32], other: &[f32]| -> f64 {
        one.iter().zip(other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
    };
    let row = |one: &&[f32]| vectors.iter().map(|other| distance(one, other)).collect();
    vectors.iter().map(row).collect()
}

/// The factor of squared distances in the kernel, 1 / 2σ², with the median distance of different items for σ; none when there is
/// no distance.
#[must_use]
pub fn median_gamma(squares: &[Vec<f64>]) -> Option<f64> {
    let pairs = squares.iter().enumerate().flat_map(|(place, row)| row.iter().skip(place + 1));
    let mut distances: Vec<f64> = pairs.map(|square| square.sqrt()).collect();
    distances.sort_by(f64::total_cmp);
    let middle = distances.len() / 2;
    let upper = *distances.get(middle)?;
    let median = if distances.len().is_multiple_of(2) {
        f64::midpoint(*distances.get(middle.checked_sub(1)?)?, upper)
    } else {
        upper
    };
    (median > 0.0).then(|| 1.0 / (2.0 * median.powi(2)))
}

/// The kernel of each pair.
#[derive(Clone, Debug)]
pub struct Kernel(Vec<Vec<f64>>);

impl Kernel {
    /// exp(-γ d²) of each pair.
    #[must_use]
    pub fn of(squares: &[Vec<f64>], gamma: f64) -> Self {
        let row = |row: &Vec<f64>| row.iter().map(|square| (-gamma * square).exp()).collect();
        Self(squares.iter().map(row).collect())
    }

    /// The unbiased estimate of the squared discrepancy of those that are true in `sides` and those that are not; none with fewer
    /// than two on a side.
    #[must_use]
    pub fn discrepancy(&self, sides: &[bool]) -> Option<f64> {
        let second = sides.iter().filter(|is_second| **is_second).count() as u64;
        let first = sides.len() as u64 - second;
        if first < 2 || second < 2 {
            return None;
        }
        let mut sums = [0.0_f64; 3];
        for (place, (row, side)) in self.0.iter().zip(sides).enumerate() {
            for (value, other) in row.iter().zip(sides).skip(place + 1) {
                let [within_first, within_second, between] = &mut sums;
                let sum = match (side, other) {
                    (false, false) => within_first,
                    (true, true) => within_second,
                    (true, false) | (false, true) => between,
                };
                *sum += value;
            }
        }
        let (n, m) = (float(first), float(second));
        let [within_first, within_second, between] = sums;
        Some(
            2.0 * within_first / (n * (n - 1.0)) + 2.0 * within_second / (m * (m - 1.0))
                - 2.0 * between / (n * m),
        )
    }
}
