//! The questions of documents that are held out, and the passages among which their answers have to be found.
//!
//! One question of each passage, so that what is asked does not count twice. Titles, headings and sentences that are asked
//! for stand in no passage of their document.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use message::{ChunkId, sha256_hex};

use crate::caps;
use crate::corpus::{PassageAt, passages};
use crate::draw;
use crate::golden::{GoldenQuestion, GoldenSet};
use crate::ground::{Candidate, Ground};
use crate::hide::{Hidden, Rest};
use crate::kind::{PairDraft, PairKind};
use crate::refusal::CorpusRefusal;
use crate::split::DataSplit;
use crate::words;

/// A question with its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedQuery {
    /// Its id: of its text.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// What it was made from.
    pub kind: PairKind,
    /// Dev or golden.
    pub split: DataSplit,
    /// The passages that answer.
    pub relevant: BTreeSet<ChunkId>,
}

/// A passage that may be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedPassage {
    /// Its id.
    pub id: ChunkId,
    /// Its text as it is embedded, without what is asked for.
    pub text: String,
}

/// What models are measured by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgedSide {
    /// Questions of dev and golden, in the order of their ids.
    pub questions: Vec<JudgedQuery>,
    /// Passages, in the order of their ids.
    pub corpus: Vec<JudgedPassage>,
    /// The golden questions, as they are frozen.
    pub golden: Vec<GoldenQuestion>,
}

impl JudgedSide {
    /// Questions of a split.
    #[must_use]
    pub fn count(&self, split: DataSplit) -> usize {
        self.questions.iter().filter(|asked| asked.split == split).count()
    }
}

/// What is asked of the documents that are held out; the golden questions are those that are frozen, where they are.
///
/// # Errors
/// When there are too few to measure by.
pub(crate) fn side(
    ground: &Ground<'_>,
    candidates: &[Candidate],
    frozen: Option<&GoldenSet>,
) -> Result<JudgedSide, CorpusRefusal> {
    let wanted = ground.settings.least_questions;
    let golden = match frozen {
        Some(set) => still_there(ground, set),
        None => chosen(ground, candidates, DataSplit::Golden, &BTreeSet::new()),
    };
    if golden.len() < wanted {
        return Err(match frozen {
            None => CorpusRefusal::few_questions(DataSplit::Golden, golden.len(), wanted),
            Some(set) => CorpusRefusal::GoldenGone {
                frozen: set.questions.len(),
                found: golden.len(),
                wanted,
                index: set.index.clone(),
            },
        });
    }
    let asked = golden.iter().map(|one| words::plain(&one.draft.query)).collect();
    let dev = chosen(ground, candidates, DataSplit::Dev, &asked);
    if dev.len() < wanted {
        return Err(CorpusRefusal::few_questions(DataSplit::Dev, dev.len(), wanted));
    }
    Ok(judged(ground, &golden, &dev))
}

/// The frozen questions whose passages are still there.
fn still_there(ground: &Ground<'_>, set: &GoldenSet) -> Vec<Candidate> {
    let of_set = passages(ground.corpus).filter(|(at, _)| {
        ground.corpus.get(at.document).is_some_and(|one| set.documents.contains(&one.document))
    });
    let places: HashMap<&ChunkId, PassageAt> = of_set.map(|(at, passage)| (&passage.id, at)).collect();
    let found = set.questions.iter().filter_map(|asked| {
        let at = *places.get(&asked.passage)?;
        let hidden = Hidden::of(asked.kind, &asked.text, ground.passage(at)?)?;
        let draft = PairDraft { kind: asked.kind, query: asked.text.clone(), passage: at.passage, hidden };
        Some(Candidate { at, draft, is_alone: true })
    });
    found.collect()
}

/// One question of each passage of a split: what people asked, or else one that is drawn. Not what is in `asked` already.
fn chosen(
    ground: &Ground<'_>,
    candidates: &[Candidate],
    split: DataSplit,
    asked: &BTreeSet<String>,
) -> Vec<Candidate> {
    let of_split = candidates.iter().filter(|one| {
        ground.split(one.at) == split && one.is_alone && !asked.contains(&words::plain(&one.draft.query))
    });
    let mut by_passage: BTreeMap<PassageAt, Vec<&Candidate>> = BTreeMap::new();
    for one in of_split {
        by_passage.entry(one.at).or_default().push(one);
    }
    let all: Vec<Candidate> =
        by_passage.into_values().flat_map(|all| of_passage(ground, all)).cloned().collect();
    caps::least(all, ground.settings.most_questions, |one| ground.draw("questions", one))
}

fn of_passage<'a>(ground: &Ground<'_>, all: Vec<&'a Candidate>) -> Vec<&'a Candidate> {
    let is_asked = |one: &&Candidate| one.draft.kind == PairKind::Question;
    let (real, made): (Vec<&Candidate>, Vec<&Candidate>) = all.into_iter().partition(is_asked);
    let drawn = made.into_iter().min_by_key(|one| ground.draw("judged", one));
    if real.is_empty() { drawn.into_iter().collect() } else { real }
}

fn judged(ground: &Ground<'_>, golden: &[Candidate], dev: &[Candidate]) -> JudgedSide {
    let all: Vec<(&Candidate, DataSplit)> = golden
        .iter()
        .map(|one| (one, DataSplit::Golden))
        .chain(dev.iter().map(|one| (one, DataSplit::Dev)))
        .collect();
    let standing = standing(ground, all.iter().map(|(one, _)| one.at).collect());
    let mut copies: HashMap<usize, Vec<&ChunkId>> = HashMap::new();
    for at in &standing {
        if let Some(passage) = ground.passage(*at) {
            copies.entry(ground.copies.first(*at)).or_default().push(&passage.id);
        }
    }
    let mut questions: BTreeMap<String, JudgedQuery> = BTreeMap::new();
    for (one, split) in &all {
        let (text, kind) = (one.draft.query.clone(), one.draft.kind);
        let id = id_of(&text);
        let fresh = JudgedQuery { id: id.clone(), text, kind, split: *split, relevant: BTreeSet::new() };
        let answers = copies.get(&ground.copies.first(one.at)).into_iter().flatten();
        questions.entry(id).or_insert(fresh).relevant.extend(answers.copied().cloned());
    }
    let hidden = HiddenParts::of(all.iter().map(|(one, _)| *one));
    let mut corpus: Vec<JudgedPassage> =
        standing.into_iter().filter_map(|at| hidden.shown(ground, at)).collect();
    corpus.sort_by(|one, other| one.id.cmp(&other.id));
    let mut frozen: Vec<GoldenQuestion> = golden.iter().filter_map(|one| frozen(ground, one)).collect();
    frozen.sort();
    JudgedSide { questions: questions.into_values().collect(), corpus, golden: frozen }
}

fn id_of(text: &str) -> String {
    let mut id = sha256_hex([text.as_bytes()]);
    id.truncate(16);
    id
}

fn frozen(ground: &Ground<'_>, one: &Candidate) -> Option<GoldenQuestion> {
    let passage = ground.passage(one.at)?.id.clone();
    Some(GoldenQuestion { passage, kind: one.draft.kind, text: one.draft.query.clone() })
}

/// The passages that answer, and others up to the limit: of these no copies.
fn standing(ground: &Ground<'_>, answers: BTreeSet<PassageAt>) -> BTreeSet<PassageAt> {
    let known: BTreeSet<usize> = answers.iter().map(|at| ground.copies.first(*at)).collect();
    let others = passages(ground.corpus).map(|(at, _)| at);
    let others =
        others.filter(|at| ground.copies.is_first(*at) && !known.contains(&ground.copies.first(*at)));
    let room = ground.settings.most_corpus.saturating_sub(answers.len());
    let others: Vec<PassageAt> = others.collect();
    let drawn = caps::least(others, room, |at| {
        let id = ground.passage(*at).map_or("", |passage| passage.id.as_str());
        draw::number(ground.settings.seed, "corpus", id)
    });
    answers.into_iter().chain(drawn).collect()
}

/// What is asked for, and so stands in no passage.
#[derive(Default)]
struct HiddenParts {
    headings: BTreeMap<usize, BTreeSet<String>>,
    sentences: BTreeMap<PassageAt, Range<usize>>,
}

impl HiddenParts {
    fn of<'a>(asked: impl Iterator<Item = &'a Candidate>) -> Self {
        let mut parts = Self::default();
        for one in asked {
            match &one.draft.hidden {
                Hidden::Nothing => {}
                Hidden::Heading(heading) => {
                    parts.headings.entry(one.at.document).or_default().insert(heading.clone());
                }
                Hidden::Sentence(part) => drop(parts.sentences.insert(one.at, part.clone())),
            }
        }
        parts
    }

    /// A passage without them; none where nothing is left.
    fn shown(&self, ground: &Ground<'_>, at: PassageAt) -> Option<JudgedPassage> {
        let (passage, none) = (ground.passage(at)?, BTreeSet::new());
        let headings = self.headings.get(&at.document).unwrap_or(&none);
        let text = Rest::of(passage, headings, self.sentences.get(&at)).embedded();
        (!text.trim().is_empty()).then(|| JudgedPassage { id: passage.id.clone(), text })
    }
}
