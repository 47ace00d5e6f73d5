//! Checks whether a vector is usable for search. Pure.

use super::{TextFault, VectorProblem};

/// How far a vector's length may differ from 1: rounding gives 1e-6 in fp32, more in int8 and fp16.
const UNIT_TOLERANCE: f32 = 1e-3;

/// The vector, if it is usable; `unit` when the bundle says that vectors have length 1.
pub(super) fn checked(vector: Vec<f32>, unit: bool) -> Result<Vec<f32>, TextFault> {
    let length = length_of(&vector);
    // The sum of squares is finite only if every number is.
    let problem = if !length.is_finite() {
        VectorProblem::NotFinite
    } else if length < f32::MIN_POSITIVE {
        VectorProblem::Zero
    } else if unit && (length - 1.0).abs() > UNIT_TOLERANCE {
        VectorProblem::NotUnit(length)
    } else {
        return Ok(vector);
    };
    Err(TextFault::Vector(problem))
}

/// The Euclidean length.
#[expect(clippy::cast_possible_truncation, reason = "the sum is kept in f64, the numbers are f32")]
pub(super) fn length_of(vector: &[f32]) -> f32 {
    vector.iter().map(|&number| f64::from(number) * f64::from(number)).sum::<f64>().sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_named() {
        let problem = |vector: &[f32], unit| match checked(vector.to_vec(), unit) {
            Err(TextFault::Vector(problem)) => Some(problem),
            other => {
                assert_eq!(other.ok().as_deref(), Some(vector));
                None
            }
        };
        assert_eq!(problem(&[0.6, 0.8], true), None);
        assert_eq!(problem(&[3.0, 4.0], false), None);
        assert_eq!(problem(&[3.0, 4.0], true), Some(VectorProblem::NotUnit(5.0)));
        assert_eq!(problem(&[0.0, 0.0], false), Some(VectorProblem::Zero));
        assert_eq!(problem(&[], false), Some(VectorProblem::Zero));
        assert_eq!(problem(&[f32::NAN, 1.0], false), Some(VectorProblem::NotFinite));
        assert_eq!(problem(&[f32::NEG_INFINITY, 1.0], true), Some(VectorProblem::NotFinite));
    }
}
