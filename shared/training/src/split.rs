//! Which documents are trained on, and which are held out.
//!
//! A group of near-copies stands on one side as a whole, by a draw from the name of its first document. So documents that
//! come later move none that is there, but for one that makes two groups one, or by which what two have in common becomes
//! boilerplate.

use std::collections::BTreeSet;

use message::{DocumentId, Version};
use serde::{Deserialize, Serialize};

use crate::copies::Copies;
use crate::corpus::SourceDocument;
use crate::draw;
use crate::settings::PairSettings;

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataSplit {
    /// A model is trained on it.
    Train,
    /// A training run looks at it: which weights are best, and how far it is.
    Dev,
    /// A model is accepted or refused by it, and nothing else looks at it.
    Golden,
}

/// A document that was read, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedDocument {
    /// Its id.
    pub document: DocumentId,
    /// The version that was read.
    pub version: Version,
    /// What it is for.
    pub split: DataSplit,
}

/// What a group with this first document is for. Where the golden documents are frozen, no further one joins them: it is
/// held out for dev.
pub(crate) fn of_name(settings: &PairSettings, first: &DocumentId, is_frozen: bool) -> DataSplit {
    let drawn = draw::number(settings.seed, "split", first.as_str()) % 100;
    let golden = u64::from(settings.golden_percent);
    if drawn >= golden + u64::from(settings.dev_percent) {
        DataSplit::Train
    } else if drawn < golden && !is_frozen {
        DataSplit::Golden
    } else {
        DataSplit::Dev
    }
}

/// What each document is for. A group that holds one of the `frozen` golden documents is golden as a whole.
pub(crate) fn splits(
    corpus: &[SourceDocument],
    copies: &Copies,
    frozen: Option<&BTreeSet<DocumentId>>,
    settings: &PairSettings,
) -> Vec<DataSplit> {
    let is_golden = |one: &SourceDocument| frozen.is_some_and(|frozen| frozen.contains(&one.document));
    let numbered = corpus.iter().enumerate();
    let golden: BTreeSet<usize> =
        numbered.filter(|(_, one)| is_golden(one)).map(|(number, _)| copies.group(number)).collect();
    let split = |number: usize| {
        let group = copies.group(number);
        if golden.contains(&group) {
            return DataSplit::Golden;
        }
        let first = corpus.get(group).map(|first| &first.document);
        first.map_or(DataSplit::Train, |first| of_name(settings, first, frozen.is_some()))
    };
    (0..corpus.len()).map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{document, library, prose};

    fn all(corpus: &[SourceDocument], frozen: Option<&BTreeSet<DocumentId>>) -> Vec<DataSplit> {
        splits(corpus, &Copies::of(corpus), frozen, &PairSettings::default())
    }

    #[test]
    fn documents_that_come_later_move_none() {
        let (before, after) = (all(&library(100, 1), None), all(&library(300, 1), None));
        assert_eq!(before, after[..100]);
        let count = |split| after.iter().filter(|one| **one == split).count();
        let (train, dev, golden) = (count(DataSplit::Train), count(DataSplit::Dev), count(DataSplit::Golden));
        assert!((210..=270).contains(&train) && dev >= 12 && golden >= 12, "{train} {dev} {golden}");
    }

    #[test]
    fn near_copies_stand_on_one_side() {
        let mut corpus = Vec::new();
        for n in 0..60 {
            let (text, more) = (prose(n, 60), prose(100 + n, 60));
            corpus.push(document(&format!("d{n:02} first"), &[&text, &more]));
            corpus.push(document(
                &format!("d{n:02} second"),
                &[&format!("{text} and a few more words"), &more],
            ));
        }
        let splits = all(&corpus, None);
        assert!(splits.chunks(2).all(|pair| pair[0] == pair[1]), "{splits:?}");
        assert!(splits.contains(&DataSplit::Golden) && splits.contains(&DataSplit::Train));
    }

    #[test]
    fn frozen_documents_stay_golden_with_their_copies_and_no_other_joins_them() {
        let corpus = library(200, 1);
        let before = all(&corpus, None);
        let trained = before.iter().position(|split| *split == DataSplit::Train).unwrap();
        let frozen = BTreeSet::from([corpus[trained].document.clone()]);
        let mut with_copy = corpus.clone();
        let mut copy = corpus[trained].clone();
        copy.document = crate::testing::id("a copy");
        with_copy.insert(0, copy);
        let after = all(&with_copy, Some(&frozen));
        assert_eq!((after[0], after[trained + 1]), (DataSplit::Golden, DataSplit::Golden));
        for (number, split) in before.iter().enumerate().filter(|(number, _)| *number != trained) {
            let expected = if *split == DataSplit::Golden { DataSplit::Dev } else { *split };
            assert_eq!(after[number + 1], expected);
        }
    }
}
