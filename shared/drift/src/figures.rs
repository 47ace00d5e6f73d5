//! The figures of scipy, scikit-learn and numpy, made by `tests/data/make.py`.

use serde::Deserialize;

use crate::difference::{ShareCount, TestedDifference, UnitTotal, holm, two_proportions, two_ratios};
use crate::explain::PlacedPassage;
use crate::explain::kernel::{Kernel, median_gamma, permuted, squared_distances};
use crate::explain::shape::{Binned, kolmogorov_smirnov};
use crate::explain::topics::settled;

#[derive(Deserialize)]
struct Figures {
    shares: Vec<Tested<[u64; 2]>>,
    means: Vec<Tested<Vec<f64>>>,
    documents: Vec<Tested<Vec<Vec<u8>>>>,
    holm: Vec<Corrected>,
    shapes: Vec<Shape>,
    one_number: OneNumber,
    vectors: Vec<Moved>,
    groups: Groups,
}

#[derive(Deserialize)]
struct Tested<T> {
    reference: T,
    current: T,
    #[serde(default)]
    values: Option<[f64; 2]>,
    p_greater: f64,
    p_less: f64,
}

#[derive(Deserialize)]
struct Corrected {
    p: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct Shape {
    reference: Vec<f64>,
    current: Vec<f64>,
    ks: f64,
    ks_p: f64,
    psi: f64,
    jensen_shannon: f64,
}

#[derive(Deserialize)]
struct OneNumber {
    vectors: Vec<Vec<f32>>,
    reference: usize,
    gamma: f64,
    mmd: f64,
}

#[derive(Deserialize)]
pub(crate) struct Moved {
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) documents: Vec<usize>,
    pub(crate) first_now: usize,
    gamma: f64,
    mmd: f64,
    p: f64,
    pub(crate) folds: Vec<usize>,
    pub(crate) auc: f64,
}

#[derive(Deserialize)]
struct Groups {
    vectors: Vec<Vec<f32>>,
    begin: Vec<Vec<f64>>,
    centres: Vec<Vec<f64>>,
}

fn figures() -> Figures {
    serde_json::from_str(include_str!("../tests/data/figures.json")).unwrap()
}

impl Moved {
    pub(crate) fn all() -> Vec<Self> {
        figures().vectors
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.documents.iter().map(usize::to_string).collect()
    }

    pub(crate) fn placed<'a>(&'a self, names: &'a [String]) -> Vec<PlacedPassage<'a>> {
        let place = |((vector, document), name): ((&'a Vec<f32>, &usize), &'a String)| PlacedPassage {
            vector,
            document: name,
            is_current: *document >= self.first_now,
        };
        self.vectors.iter().zip(&self.documents).zip(names).map(place).collect()
    }
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} where {expected} is right");
}

#[track_caller]
fn is_right<T>(found: &TestedDifference, expected: &Tested<T>) {
    near(found.p_greater, expected.p_greater);
    near(found.p_less, expected.p_less);
    for (value, expected) in
        [found.reference, found.current].into_iter().zip(expected.values.into_iter().flatten())
    {
        near(value, expected);
    }
}

fn rows(vectors: &[Vec<f32>]) -> Vec<&[f32]> {
    vectors.iter().map(Vec::as_slice).collect()
}

#[test]
fn shares_are_compared_as_by_chi_square_without_correction() {
    let all = figures().shares;
    assert!(all.len() >= 4);
    for one in all {
        let count = |[hits, of]: [u64; 2]| ShareCount { hits, of };
        is_right(&two_proportions(count(one.reference), count(one.current)).unwrap(), &one);
    }
}

#[test]
fn single_values_are_compared_as_by_welch() {
    let all = figures().means;
    assert!(all.len() >= 3);
    for one in all {
        let units = |values: &[f64]| -> Vec<UnitTotal> {
            values.iter().map(|sum| UnitTotal { sum: *sum, weight: 1.0 }).collect()
        };
        is_right(&two_ratios(&units(&one.reference), &units(&one.current)).unwrap(), &one);
    }
}

#[test]
fn passages_are_compared_as_by_a_regression_that_is_robust_to_documents() {
    let all = figures().documents;
    assert!(all.len() >= 2);
    for one in all {
        let units = |rows: &[Vec<u8>]| -> Vec<UnitTotal> {
            let unit = |row: &Vec<u8>| UnitTotal {
                sum: row.iter().map(|hit| f64::from(*hit)).sum(),
                weight: row.iter().map(|_| 1.0).sum(),
            };
            rows.iter().map(unit).collect()
        };
        is_right(&two_ratios(&units(&one.reference), &units(&one.current)).unwrap(), &one);
    }
}

#[test]
fn many_tests_are_corrected_as_by_closed_testing() {
    for Corrected { p, adjusted } in figures().holm {
        let found = holm(&p);
        assert_eq!(found.len(), adjusted.len());
        found.into_iter().zip(adjusted).for_each(|(found, expected)| near(found, expected));
    }
}

#[test]
fn shapes_are_those_of_scipy_and_of_evidently() {
    let all = figures().shapes;
    assert!(all.len() >= 3);
    for one in all {
        let (distance, p) = kolmogorov_smirnov(&one.reference, &one.current).unwrap();
        near(distance, one.ks);
        near(p, one.ks_p);
        let binned = Binned::of(&one.reference, &one.current).unwrap();
        near(binned.population_stability(), one.psi);
        near(binned.jensen_shannon(), one.jensen_shannon);
    }
}

#[test]
fn a_discrepancy_is_evidentlys_with_its_width_of_the_kernel() {
    let OneNumber { vectors, reference, gamma, mmd } = figures().one_number;
    let sides: Vec<bool> = (0..vectors.len()).map(|place| place >= reference).collect();
    let kernel = Kernel::of(&squared_distances(&rows(&vectors)), gamma);
    near(kernel.discrepancy(&sides).unwrap(), mmd);
}

#[test]
fn documents_are_permuted_as_a_whole() {
    const PERMUTATIONS: usize = 1_999;
    let all = Moved::all();
    assert!(all.len() >= 2);
    for one in all {
        near(median_gamma(&squared_distances(&rows(&one.vectors))).unwrap(), one.gamma);
        let names = one.names();
        let found = permuted(&one.placed(&names), PERMUTATIONS, 1).unwrap();
        near(found.value, one.mmd);
        // Five deviations of a share of 1,999 draws, and one draw.
        let error = 5.0 * (one.p * (1.0 - one.p) / 1_999.0).sqrt() + 1.0 / 1_999.0;
        assert!((found.p - one.p).abs() < error, "{} where {} is right", found.p, one.p);
    }
}

#[test]
fn groups_settle_where_those_of_scikit_learn_do() {
    let Groups { vectors, begin, centres } = figures().groups;
    let found = settled(&rows(&vectors), begin);
    assert_eq!(found.len(), centres.len());
    for (found, expected) in found.iter().flatten().zip(centres.iter().flatten()) {
        near(*found, *expected);
    }
}
