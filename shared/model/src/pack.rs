//! Packs texts into batches by tokens. This decides the throughput: a padded batch of 32 arbitrary texts spends most
//! of its work on padding (see the crate's README).
//!
//! Pure. Guarantees: each text is in exactly one batch; a batch stays within the token budget, including padding,
//! unless it is a single longer text; the same lengths give the same batches. Never cuts a text.

/// Texts that go through the model together, each padded to `width` tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Positions of the texts, longest first.
    pub members: Vec<usize>,
    /// Tokens of the longest text; at least 1.
    pub width: usize,
}

impl Batch {
    /// Tokens that the model processes, including padding.
    #[must_use]
    pub fn padded_tokens(&self) -> usize {
        self.members.len().saturating_mul(self.width)
    }
}

/// Packs texts of `lengths` tokens into batches of at most `budget` tokens, including padding. Longest first: then a
/// batch's width is known from the start, the texts of a batch have similar lengths, and when batches are spread over
/// sessions the last ones to finish are short.
#[must_use]
pub fn pack(lengths: &[usize], budget: usize) -> Vec<Batch> {
    let mut order: Vec<(usize, usize)> = lengths.iter().map(|&length| length.max(1)).enumerate().collect();
    // The position breaks ties, so that equal inputs give equal batches.
    order.sort_unstable_by_key(|&(position, length)| (std::cmp::Reverse(length), position));
    let mut batches: Vec<Batch> = Vec::new();
    for (position, length) in order {
        match batches.last_mut() {
            Some(batch) if (batch.members.len() + 1).saturating_mul(batch.width) <= budget => {
                batch.members.push(position);
            }
            _ => batches.push(Batch { members: vec![position], width: length }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_gives_no_batch() {
        assert!(pack(&[], 512).is_empty());
    }

    #[test]
    fn like_lengths_go_together() {
        let batches = pack(&[3, 250, 4, 256, 2], 512);
        assert_eq!(
            batches,
            [Batch { members: vec![3, 1], width: 256 }, Batch { members: vec![2, 0, 4], width: 4 }]
        );
    }

    #[test]
    fn a_text_above_the_budget_is_alone() {
        let batches = pack(&[600, 10, 600], 512);
        assert_eq!(batches.iter().map(|batch| batch.members.len()).collect::<Vec<_>>(), [1, 1, 1]);
    }

    proptest! {
        #[test]
        fn each_text_is_packed_once_and_within_the_budget(
            lengths in prop::collection::vec(0_usize..600, 0..300), budget in 0_usize..3000,
        ) {
            let batches = pack(&lengths, budget);
            prop_assert_eq!(&batches, &pack(&lengths, budget));
            let mut members: Vec<usize> = batches.iter().flat_map(|batch| batch.members.clone()).collect();
            members.sort_unstable();
            prop_assert_eq!(members, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                prop_assert!(batch.members.len() == 1 || batch.padded_tokens() <= budget);
                let longest = batch.members.iter().map(|&member| lengths[member]).max().unwrap_or_default();
                prop_assert_eq!(batch.width, longest.max(1));
            }
        }

        // Batches are cut from one sorted order, so a batch is closed only when the next text would not have fitted.
        #[test]
        fn no_batch_is_closed_early(lengths in prop::collection::vec(1_usize..600, 1..300), budget in 1_usize..3000) {
            let batches = pack(&lengths, budget);
            for pair in batches.windows(2) {
                prop_assert!((pair[0].members.len() + 1) * pair[0].width > budget);
                prop_assert!(pair[0].width >= pair[1].width);
            }
        }
    }
}
