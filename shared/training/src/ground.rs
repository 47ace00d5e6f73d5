//! A corpus with what is known about it, and the pairs that it could give.

use crate::caps;
use crate::copies::Copies;
use crate::corpus::{PassageAt, SourceDocument, SourcePassage};
use crate::draw;
use crate::hide::Rest;
use crate::kind::{self, AskedQuestion, PairDraft, PairKind, Surroundings};
use crate::pair::TrainingPair;
use crate::repeats;
use crate::settings::PairSettings;
use crate::split::DataSplit;
use crate::words;

/// A corpus, its copies, and what its documents are for.
pub(crate) struct Ground<'a> {
    /// Documents, in the order of their names.
    pub(crate) corpus: &'a [SourceDocument],
    /// Its near-copies.
    pub(crate) copies: &'a Copies,
    /// What each document is for.
    pub(crate) splits: &'a [DataSplit],
    /// What is asked for.
    pub(crate) settings: &'a PairSettings,
}

/// A pair that could be made.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// The passage that answers.
    pub(crate) at: PassageAt,
    /// What asks for it.
    pub(crate) draft: PairDraft,
    /// Whether its question is that of one document only, so that what else is found is wrong.
    pub(crate) is_alone: bool,
}

impl Ground<'_> {
    /// A passage.
    pub(crate) fn passage(&self, at: PassageAt) -> Option<&SourcePassage> {
        self.corpus.get(at.document)?.passages.get(at.passage)
    }

    /// What the document of a passage is for.
    pub(crate) fn split(&self, at: PassageAt) -> DataSplit {
        self.splits.get(at.document).copied().unwrap_or(DataSplit::Train)
    }

    /// A number for a candidate: its kind, passage and question.
    pub(crate) fn draw(&self, purpose: &str, one: &Candidate) -> u64 {
        let id = self.passage(one.at).map_or("", |passage| passage.id.as_str());
        let name = format!("{} {id} {}", one.draft.kind.name(), one.draft.query);
        draw::number(self.settings.seed, purpose, &name)
    }

    /// Everything that could be asked, in the order of the corpus.
    pub(crate) fn candidates(&self, asked: &[AskedQuestion]) -> Vec<Candidate> {
        let around = Surroundings {
            headings: repeats::headings(self.corpus, self.copies),
            most_headings: self.settings.most_headings(self.copies.groups()),
            sentences: repeats::sentences(self.corpus, self.copies),
            asked: kind::by_passage(asked),
        };
        let each = self.corpus.iter().enumerate();
        each.flat_map(|(number, document)| self.of_document((number, document), &around)).collect()
    }

    fn of_document(
        &self,
        (number, document): (usize, &SourceDocument),
        around: &Surroundings,
    ) -> Vec<Candidate> {
        let drafts = kind::drafts(document, around, &self.settings.kinds);
        let candidates = drafts.into_iter().map(|draft| {
            let at = PassageAt { document: number, passage: draft.passage };
            let is_headed = matches!(draft.kind, PairKind::Title | PairKind::Heading);
            let is_alone = !is_headed || around.headings.count(&words::plain(&draft.query)) <= 1;
            Candidate { at, draft, is_alone }
        });
        let own: Vec<Candidate> = candidates.filter(|one| self.is_own(one)).collect();
        let kinds = self.settings.kinds.iter();
        kinds
            .flat_map(|kind| {
                let of_kind: Vec<Candidate> =
                    own.iter().filter(|one| one.draft.kind == *kind).cloned().collect();
                caps::least(of_kind, self.settings.most_per_document, |one| self.draw("document", one))
            })
            .collect()
    }

    /// Of copies the first gives pairs, and boilerplate gives none. What somebody asked for may be any of the copies.
    fn is_own(&self, one: &Candidate) -> bool {
        match one.draft.kind {
            PairKind::Question => !self.copies.is_spread(one.at),
            PairKind::Title | PairKind::Heading | PairKind::Sentence | PairKind::Written => {
                self.copies.is_own(one.at)
            }
        }
    }

    /// A candidate as it is written.
    pub(crate) fn pair(&self, one: Candidate) -> Option<TrainingPair> {
        let (document, passage) = (self.corpus.get(one.at.document)?, self.passage(one.at)?);
        Some(TrainingPair {
            positive: Rest::hiding(passage, &one.draft.hidden).embedded(),
            query: one.draft.query,
            negatives: Vec::new(),
            kind: one.draft.kind,
            document: document.document.clone(),
            chunk: passage.id.clone(),
        })
    }
}
