//! Which passages may be negatives: near the question, and no answer to it.
//!
//! A passage that the model ranks high may well answer, so that the first ranks are left out, and whatever comes near the
//! positive: at most its cosine less a margin (Moreira et al., "NV-Retriever", arXiv 2407.15831: TopK-PercPos).

use std::collections::HashMap;

use message::{ChunkId, DocumentId};

use crate::copies::Signature;
use crate::corpus::{SourcePassage, passages};
use crate::ground::Ground;
use crate::hide::Rest;
use crate::kind::PairKind;
use crate::pair::TrainingPair;
use crate::settings::PairSettings;
use crate::split::{DataSplit, of_name};
use crate::words;

/// A passage that the engine found.
#[derive(Clone, Debug, PartialEq)]
pub struct NegativeCandidate {
    /// Its document.
    pub document: DocumentId,
    /// The passage.
    pub passage: SourcePassage,
    /// The cosine of its vector and the question's.
    pub cosine: f64,
}

/// What is known of passages that the engine may find. It also finds those that were not read, which are judged by their
/// document's name and by their text.
#[derive(Clone, Debug)]
pub struct NegativeGuard {
    settings: PairSettings,
    is_frozen: bool,
    /// Group and split of each document.
    documents: HashMap<DocumentId, (usize, DataSplit)>,
    /// Of each passage its first copy, and whether copies stand in documents of other groups.
    passages: HashMap<ChunkId, (usize, bool)>,
}

impl NegativeGuard {
    pub(crate) fn of(ground: &Ground<'_>, is_frozen: bool) -> Self {
        let numbered = ground.corpus.iter().enumerate().zip(ground.splits);
        let documents = numbered
            .map(|((number, one), split)| (one.document.clone(), (ground.copies.group(number), *split)));
        let known = passages(ground.corpus).map(|(at, passage)| {
            (passage.id.clone(), (ground.copies.first(at), ground.copies.is_spread(at)))
        });
        let (documents, passages) = (documents.collect(), known.collect());
        Self { settings: ground.settings.clone(), is_frozen, documents, passages }
    }

    /// The negatives of a pair whose positive has this cosine to the question, among the passages `found` for it, best
    /// first: their texts as they are embedded.
    #[must_use]
    pub fn choose(&self, pair: &TrainingPair, positive: f64, found: &[NegativeCandidate]) -> Vec<String> {
        let limit = positive * (1.0 - f64::from(self.settings.negative_margin_percent) / 100.0);
        if positive <= 0.0 {
            return Vec::new();
        }
        let is_headed = matches!(pair.kind, PairKind::Title | PairKind::Heading);
        let asked = is_headed.then(|| words::plain(&pair.query)).into_iter().collect();
        let signature = Signature::of(&pair.positive);
        let ranked = found.iter().skip(self.settings.negative_rank.saturating_sub(1));
        let apart = ranked.filter(|one| one.cosine <= limit && self.is_apart(pair, &signature, one));
        let mut chosen: Vec<String> = Vec::new();
        for one in apart {
            if chosen.len() == self.settings.negatives {
                break;
            }
            let text = Rest::of(&one.passage, &asked, None).embedded();
            let is_copy = |other: &String| Signature::of(other).is_copy(&Signature::of(&text));
            if !text.trim().is_empty() && !chosen.iter().any(is_copy) {
                chosen.push(text);
            }
        }
        chosen
    }

    /// Whether a passage is of a document that is trained on, which is no copy of the pair's, and is no copy itself.
    fn is_apart(&self, pair: &TrainingPair, signature: &Signature, one: &NegativeCandidate) -> bool {
        if one.document == pair.document {
            return false;
        }
        let own_group = self.documents.get(&pair.document).map(|(group, _)| *group);
        let is_trained_on = match self.documents.get(&one.document) {
            Some((group, split)) => *split == DataSplit::Train && Some(*group) != own_group,
            None => of_name(&self.settings, &one.document, self.is_frozen) == DataSplit::Train,
        };
        let own = self.passages.get(&pair.chunk).map(|(first, _)| *first);
        let is_other = match self.passages.get(&one.passage.id) {
            Some((first, is_spread)) => Some(*first) != own && !is_spread,
            None => true,
        };
        is_trained_on && is_other && !Signature::of(&one.passage.text).is_copy(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::plan;
    use crate::testing::{id, library, passage, prose};

    /// A corpus, one of its pairs, and the guard.
    fn ground() -> (Vec<crate::SourceDocument>, TrainingPair, NegativeGuard, Vec<DataSplit>) {
        let corpus = library(60, 6);
        let plan = plan(&corpus, &[], None, &PairSettings::default()).unwrap();
        let splits = plan.documents.iter().map(|placed| placed.split).collect();
        let pair = plan.pairs.iter().find(|pair| pair.kind == PairKind::Heading).unwrap().clone();
        (corpus, pair, plan.guard, splits)
    }

    /// What stands at the first ranks, which are never taken.
    fn top() -> Vec<NegativeCandidate> {
        let document = id("not read before");
        let one = |n: usize| passage(&document, &[], &prose(900 + n, 30));
        (0..4)
            .map(|n| NegativeCandidate { document: document.clone(), passage: one(n), cosine: 0.1 })
            .collect()
    }

    fn of(corpus: &[crate::SourceDocument], number: usize, cosine: f64) -> NegativeCandidate {
        let (document, passage) = (corpus[number].document.clone(), corpus[number].passages[1].clone());
        NegativeCandidate { document, passage, cosine }
    }

    #[test]
    fn the_margin_is_relative_and_the_first_ranks_are_left_out() {
        let (corpus, pair, guard, splits) = ground();
        let own = corpus.iter().position(|one| one.document == pair.document).unwrap();
        let others: Vec<usize> = (0..corpus.len())
            .filter(|number| *number != own && splits[*number] == DataSplit::Train)
            .collect();
        // 95 % of 0.8 is 0.76.
        let found = [top(), vec![of(&corpus, others[0], 0.761), of(&corpus, others[1], 0.76)]].concat();
        let expected = |number: usize| {
            let passage = &corpus[others[number]].passages[1];
            message::embedded_text(&passage.heading_path, &passage.text)
        };
        assert_eq!(guard.choose(&pair, 0.8, &found), [expected(1)]);
        assert_eq!(guard.choose(&pair, 0.9, &found), [expected(0)], "the best of those that may be");
        assert!(
            guard.choose(&pair, 0.8, &found[1..]).len() == 1
                && guard.choose(&pair, 0.8, &found[2..]).is_empty()
        );
        assert!(guard.choose(&pair, 0.5, &found).is_empty() && guard.choose(&pair, -0.5, &found).is_empty());
    }

    #[test]
    fn no_copy_no_passage_of_its_document_and_nothing_that_is_held_out_is_a_negative() {
        let (corpus, pair, guard, splits) = ground();
        let own = corpus.iter().position(|one| one.document == pair.document).unwrap();
        let positive = corpus[own].passages.iter().find(|one| one.id == pair.chunk).unwrap();
        let held_out = splits.iter().position(|split| *split != DataSplit::Train).unwrap();
        let unread = |key: &str, text: &str| {
            let document = id(key);
            NegativeCandidate { passage: passage(&document, &[], text), document, cosine: 0.1 }
        };
        let names: Vec<String> = (0..200).map(|n| format!("new {n}")).collect();
        let side = |name: &String| of_name(&PairSettings::default(), &id(name), false) == DataSplit::Train;
        let trained = names.iter().find(|name| side(name)).unwrap();
        let apart = names.iter().find(|name| !side(name)).unwrap();
        let text = prose(777, 30);
        for (one, expected) in [
            (of(&corpus, own, 0.1), false),
            (of(&corpus, held_out, 0.1), false),
            (unread(trained, &positive.text), false),
            (unread(trained, &format!("{} and more", positive.text)), false),
            (unread(apart, &text), false),
            (unread(trained, &text), true),
        ] {
            let found = [top(), vec![one]].concat();
            assert_eq!(!guard.choose(&pair, 0.8, &found).is_empty(), expected, "{found:?}");
        }
    }

    #[test]
    fn a_negative_of_a_heading_stands_without_that_heading() {
        let (_, pair, guard, _) = ground();
        let names: Vec<String> = (0..200).map(|n| format!("new {n}")).collect();
        let trained =
            |name: &&String| of_name(&PairSettings::default(), &id(name), false) == DataSplit::Train;
        let document = id(names.iter().find(trained).unwrap());
        let text = prose(777, 30);
        let passage = passage(&document, &["Other product", &pair.query], &text);
        let found = [top(), vec![NegativeCandidate { document, passage, cosine: 0.1 }]].concat();
        assert_eq!(guard.choose(&pair, 0.8, &found), [format!("Other product\n{text}")]);
    }
}
