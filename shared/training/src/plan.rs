//! Puts together what a corpus gives: who is held out, what is trained on, what is measured by.

use std::collections::{BTreeMap, BTreeSet};

use message::DocumentId;

use crate::caps;
use crate::copies::Copies;
use crate::corpus::SourceDocument;
use crate::golden::GoldenSet;
use crate::ground::{Candidate, Ground};
use crate::judged::{self, JudgedSide};
use crate::kind::{AskedQuestion, PairKind};
use crate::negative::NegativeGuard;
use crate::pair::TrainingPair;
use crate::refusal::CorpusRefusal;
use crate::settings::PairSettings;
use crate::split::{self, DataSplit, PlacedDocument};
use crate::words;

#[cfg(test)]
mod tests;

/// Training data, before it has negatives.
#[derive(Clone, Debug)]
pub struct TrainingPlan {
    /// What a model is trained on, in the order of documents and passages.
    pub pairs: Vec<TrainingPair>,
    /// What it is measured by.
    pub judged: JudgedSide,
    /// What each document is for, in the order of their names.
    pub documents: Vec<PlacedDocument>,
    /// Passages that are near-copies of an earlier one.
    pub near_copies: usize,
    /// Which passages may be negatives.
    pub guard: NegativeGuard,
}

/// What a corpus gives: live documents in the order of their names, what people asked about it, and the golden set where one
/// is frozen.
///
/// # Errors
/// When it is too little to train on or to measure by, with words that say what to do.
pub fn plan(
    corpus: &[SourceDocument],
    asked: &[AskedQuestion],
    golden: Option<&GoldenSet>,
    settings: &PairSettings,
) -> Result<TrainingPlan, CorpusRefusal> {
    enough_documents(corpus.len(), settings)?;
    let copies = Copies::of(corpus);
    let (documents, groups, wanted) = (corpus.len(), copies.groups(), settings.least_documents);
    if groups < wanted {
        return Err(CorpusRefusal::NearCopies { documents, groups, wanted });
    }
    let splits = split::splits(corpus, &copies, golden.map(|set| &set.documents), settings);
    let ground = Ground { corpus, copies: &copies, splits: &splits, settings };
    let candidates = ground.candidates(asked);
    enough_pairs(&candidates, settings)?;
    let judged = judged::side(&ground, &candidates, golden)?;
    let pairs = trained(&ground, &candidates, &judged);
    if pairs.is_empty() {
        return Err(few_pairs(&[], settings));
    }
    let placed = corpus.iter().zip(&splits).map(|(one, split)| PlacedDocument {
        document: one.document.clone(),
        version: one.version,
        split: *split,
    });
    Ok(TrainingPlan {
        pairs,
        judged,
        documents: placed.collect(),
        near_copies: copies.repeated(),
        guard: NegativeGuard::of(&ground, golden.is_some()),
    })
}

impl TrainingPlan {
    /// The golden set as it would be frozen with the training data of this digest.
    #[must_use]
    pub fn golden(&self, index: &str, data: &str) -> GoldenSet {
        let golden = self.documents.iter().filter(|placed| placed.split == DataSplit::Golden);
        let documents: BTreeSet<DocumentId> = golden.map(|placed| placed.document.clone()).collect();
        GoldenSet::new(index, data, documents, self.judged.golden.clone())
    }

    /// How many pairs there are of each kind.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<PairKind, usize> {
        let mut counts = BTreeMap::new();
        for pair in &self.pairs {
            *counts.entry(pair.kind).or_default() += 1;
        }
        counts
    }
}

fn enough_documents(found: usize, settings: &PairSettings) -> Result<(), CorpusRefusal> {
    let wanted = settings.least_documents;
    match found {
        0 => Err(CorpusRefusal::Empty),
        1 if wanted > 1 => Err(CorpusRefusal::OneDocument { wanted }),
        _ if found < wanted => Err(CorpusRefusal::FewDocuments { found, wanted }),
        _ => Ok(()),
    }
}

fn enough_pairs(candidates: &[Candidate], settings: &PairSettings) -> Result<(), CorpusRefusal> {
    if candidates.len() < settings.least_pairs { Err(few_pairs(candidates, settings)) } else { Ok(()) }
}

/// Says which kinds gave nothing.
fn few_pairs(candidates: &[Candidate], settings: &PairSettings) -> CorpusRefusal {
    let is_there = |kind: PairKind| candidates.iter().any(|one| one.draft.kind == kind);
    let words_of = |kind: PairKind| match kind {
        PairKind::Title => Some("no document has a title that says what it is about"),
        PairKind::Heading => Some("no passage has a heading of its own"),
        PairKind::Sentence => Some("no passage begins with a sentence and goes on long enough"),
        PairKind::Question => Some("no question is kept of which somebody cited or liked a passage"),
        PairKind::Written => None,
    };
    let asked = settings.kinds.iter().filter(|kind| !is_there(**kind));
    let mut missing: Vec<&str> = asked.filter_map(|kind| words_of(*kind)).collect();
    missing.push("put more documents, or such with titles, headings and whole sentences");
    let (found, wanted) = (candidates.len(), settings.least_pairs);
    CorpusRefusal::FewPairs { found, wanted, missing: missing.join("; ") }
}

/// The pairs of documents that are trained on. What is asked of those that are held out is asked of no other.
fn trained(ground: &Ground<'_>, candidates: &[Candidate], judged: &JudgedSide) -> Vec<TrainingPair> {
    let asked: BTreeSet<String> =
        judged.questions.iter().map(|question| words::plain(&question.text)).collect();
    let of_train = candidates.iter().filter(|one| {
        ground.split(one.at) == DataSplit::Train && !asked.contains(&words::plain(&one.draft.query))
    });
    let mut by_kind: BTreeMap<PairKind, Vec<Candidate>> = BTreeMap::new();
    for one in of_train {
        by_kind.entry(one.draft.kind).or_default().push(one.clone());
    }
    let most = ground.settings.most_per_kind;
    let kept = by_kind.into_values().flat_map(|all| caps::least(all, most, |one| ground.draw("kind", one)));
    let mut pairs: Vec<TrainingPair> = kept.filter_map(|one| ground.pair(one)).collect();
    pairs.sort_by(|one, other| {
        let key = |pair: &TrainingPair| (pair.document.clone(), pair.chunk.clone(), pair.kind);
        key(one).cmp(&key(other)).then_with(|| one.query.cmp(&other.query))
    });
    pairs
}
