//! The nearest by comparing every vector: what an engine's answers are judged by, so it shares no code with them. Pure.

/// Neighbours that count for recall.
pub(crate) const NEAREST: usize = 10;
/// Neighbours that are kept of a question: as many as `serve` asks an engine for.
pub(crate) const WINDOW: usize = 100;
/// Numbers that are multiplied side by side, so that the compiler takes one instruction for them.
const LANES: usize = 8;

/// The dot product: the cosine, since the models' vectors have length 1.
pub(crate) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (one, one_rest) = one.as_chunks::<LANES>();
    let (other, other_rest) = other.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (one, other) in one.iter().zip(other) {
        for (sum, (a, b)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += a * b;
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The places of the [`WINDOW`] passages that are nearest to a question, and their cosines, nearest first.
pub(crate) fn nearest(question: &[f32], passages: &[Vec<f32>]) -> Vec<(usize, f32)> {
    let mut all: Vec<(usize, f32)> =
        passages.iter().map(|passage| dot(question, passage)).enumerate().collect();
    let nearer = |one: &(usize, f32), other: &(usize, f32)| {
        other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0))
    };
    if all.len() > WINDOW {
        all.select_nth_unstable_by(WINDOW - 1, nearer);
        all.truncate(WINDOW);
    }
    all.sort_unstable_by(nearer);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_the_same_with_and_without_a_rest() {
        let numbers = |count: usize| vec![0.5_f32; count];
        for count in [0, 3, 8, 19] {
            let expected = 0.25 * f32::from(u8::try_from(count).unwrap());
            assert!((dot(&numbers(count), &numbers(count)) - expected).abs() < 1e-6, "{count}");
        }
    }

    #[test]
    fn the_nearest_come_first_and_no_more_than_are_kept() {
        let passages: Vec<Vec<f32>> = (0_u8..150).map(|n| vec![f32::from(n), 1.0]).collect();
        let found = nearest(&[1.0, 0.0], &passages);
        assert_eq!((found.len(), found[0].0, found[WINDOW - 1].0), (WINDOW, 149, 50));
        assert_eq!(nearest(&[1.0, 0.0], &passages[..2]), [(1, 1.0), (0, 0.0)]);
    }
}
