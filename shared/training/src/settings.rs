//! What is asked of training data. It is in the manifest, and another value is other data.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::kind::PairKind;

/// How pairs are chosen, and who is held out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairSettings {
    /// What draws begin with. Another seed holds other documents out.
    pub seed: u64,
    /// Percentage of the groups of documents on which a training run looks how far it is.
    pub dev_percent: u8,
    /// Percentage of the groups of documents by which a model is accepted or refused.
    pub golden_percent: u8,
    /// Passages that are read; of a larger corpus a sample of whole documents.
    pub most_passages: usize,
    /// The kinds of pairs that are made.
    pub kinds: BTreeSet<PairKind>,
    /// Pairs of one kind that one document may give.
    pub most_per_document: usize,
    /// Pairs of one kind.
    pub most_per_kind: usize,
    /// Documents of 1,000 in which a heading may stand (two may always): above, it asks for none of them.
    pub common_permille: usize,
    /// Documents without which nothing is made.
    pub least_documents: usize,
    /// Pairs without which nothing is made.
    pub least_pairs: usize,
    /// Questions of the dev and of the golden documents, each, without which nothing is made.
    pub least_questions: usize,
    /// Questions of the dev and of the golden documents, each.
    pub most_questions: usize,
    /// Passages among which those that answer have to be found.
    pub most_corpus: usize,
    /// Negatives of a pair; 0 for none, which needs no engine.
    pub negatives: usize,
    /// Passages that the engine is asked for.
    pub negative_depth: usize,
    /// The first rank that may be a negative: what is above answers too often.
    pub negative_rank: usize,
    /// By how many percent of the positive's cosine a negative must stay below it (relative margin of NV-Retriever,
    /// arXiv 2407.15831: 5).
    pub negative_margin_percent: u8,
}

impl Default for PairSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            dev_percent: 10,
            golden_percent: 10,
            most_passages: 200_000,
            kinds: [PairKind::Title, PairKind::Heading, PairKind::Sentence, PairKind::Question].into(),
            most_per_document: 8,
            most_per_kind: 20_000,
            common_permille: 1,
            least_documents: 30,
            least_pairs: 200,
            least_questions: 20,
            most_questions: 2_000,
            most_corpus: 20_000,
            negatives: 1,
            negative_depth: 30,
            negative_rank: 5,
            negative_margin_percent: 5,
        }
    }
}

/// Settings that contradict each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPairSettings {
    /// Nothing would be left to train on, or nothing to look at.
    #[error(
        "of the documents {dev} % are for dev and {golden} % for golden: give each at least 1, and both together at most 50 \
         (--dev-percent, --golden-percent)"
    )]
    Split {
        /// For dev.
        dev: u8,
        /// For golden.
        golden: u8,
    },
    /// No pair could be made.
    #[error("no kind of pairs is asked for: name at least one with --kind")]
    NoKind,
    /// More negatives than ranks to take them from.
    #[error(
        "{negatives} negatives for each pair are more than the {ranks} ranks that they are taken from: give --negatives a smaller number"
    )]
    Negatives {
        /// What is asked for.
        negatives: usize,
        /// What there is.
        ranks: usize,
    },
}

impl PairSettings {
    /// Fails when nothing could be made by them.
    ///
    /// # Errors
    /// See [`InvalidPairSettings`].
    pub fn check(&self) -> Result<(), InvalidPairSettings> {
        let (dev, golden) = (self.dev_percent, self.golden_percent);
        if dev == 0 || golden == 0 || u32::from(dev) + u32::from(golden) > 50 {
            return Err(InvalidPairSettings::Split { dev, golden });
        }
        if self.kinds.is_empty() {
            return Err(InvalidPairSettings::NoKind);
        }
        let ranks = (self.negative_depth + 1).saturating_sub(self.negative_rank.max(1));
        if self.negatives > ranks {
            return Err(InvalidPairSettings::Negatives { negatives: self.negatives, ranks });
        }
        Ok(())
    }

    /// In how many of so many groups of documents a heading may stand.
    pub(crate) fn most_headings(&self, groups: usize) -> usize {
        (groups * self.common_permille / 1_000).max(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_is_refused() {
        let of = |change: fn(&mut PairSettings)| {
            let mut settings = PairSettings::default();
            change(&mut settings);
            settings.check()
        };
        assert_eq!(of(|_| ()), Ok(()));
        assert_eq!(of(|s| s.dev_percent = 0), Err(InvalidPairSettings::Split { dev: 0, golden: 10 }));
        assert!(of(|s| s.golden_percent = 41).is_err() && of(|s| s.golden_percent = 40).is_ok());
        assert_eq!(of(|s| s.kinds.clear()), Err(InvalidPairSettings::NoKind));
        assert!(of(|s| s.negatives = 26).is_ok() && of(|s| s.negatives = 27).is_err());
    }

    #[test]
    fn a_heading_may_stand_in_two_documents_of_a_small_corpus() {
        let settings = PairSettings::default();
        assert_eq!([10, 1_000, 2_000, 50_000].map(|groups| settings.most_headings(groups)), [2, 2, 2, 50]);
    }
}
