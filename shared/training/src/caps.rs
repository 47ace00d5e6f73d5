//! No document, no kind and no passage rules: what is too much is left out, by a draw that is always the same.

use std::collections::BTreeSet;

/// At most so many of `all`, in their order: those with the smallest draws.
pub(crate) fn least<T>(all: Vec<T>, most: usize, draw: impl Fn(&T) -> u64) -> Vec<T> {
    if all.len() <= most {
        return all;
    }
    let mut drawn: Vec<(u64, usize)> = all.iter().map(draw).zip(0..).collect();
    drawn.sort_unstable();
    let kept: BTreeSet<usize> = drawn.into_iter().take(most).map(|(_, place)| place).collect();
    all.into_iter().enumerate().filter(|(place, _)| kept.contains(place)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_draws_stay_in_their_order() {
        let draw = |n: &u64| 100 - n;
        assert_eq!(least(vec![7, 9, 1, 8], 3, draw), [7, 9, 8]);
        assert_eq!(least(vec![7, 9], 3, draw), [7, 9]);
        assert_eq!(least(vec![7, 9], 0, draw), [0_u64; 0]);
    }
}
