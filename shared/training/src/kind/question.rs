//! A question that somebody asked, and a passage that was cited or liked.

use std::collections::{BTreeSet, HashMap};

use message::ChunkId;

use crate::corpus::SourceDocument;
use crate::hide::Hidden;
use crate::kind::{PairDraft, PairKind, Surroundings};
use crate::words;

/// Words of a question that can be learned from: less is a key that was hit, more a text that was pasted.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=64;

/// A question with the passages that were cited in its answer, or that somebody called right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedQuestion {
    /// The question.
    pub question: String,
    /// The passages.
    pub cited: Vec<ChunkId>,
}

/// The questions of each passage.
pub(crate) fn by_passage(asked: &[AskedQuestion]) -> HashMap<ChunkId, BTreeSet<String>> {
    let mut all: HashMap<ChunkId, BTreeSet<String>> = HashMap::new();
    for AskedQuestion { question, cited } in asked {
        let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
        if LENGTH.contains(&words::count(&question)) {
            for id in cited {
                all.entry(id.clone()).or_default().insert(question.clone());
            }
        }
    }
    all
}

pub(super) fn pairs(document: &SourceDocument, around: &Surroundings) -> Vec<PairDraft> {
    let passages = document.passages.iter().enumerate();
    let asked = passages.filter_map(|(number, passage)| Some((number, around.asked.get(&passage.id)?)));
    let pairs = asked.flat_map(|(passage, questions)| {
        questions.iter().map(move |query| PairDraft {
            kind: PairKind::Question,
            query: query.clone(),
            passage,
            hidden: Hidden::Nothing,
        })
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copies::Copies;
    use crate::repeats;
    use crate::testing::{document, prose};

    #[test]
    fn a_question_asks_for_each_passage_that_was_cited() {
        let one = document("a", &[&prose(1, 30), &prose(2, 30)]);
        let ids: Vec<ChunkId> = one.passages.iter().map(|passage| passage.id.clone()).collect();
        let other = ChunkId::from_text("0123");
        let asked =
            |question: &str, cited: Vec<ChunkId>| AskedQuestion { question: question.to_owned(), cited };
        let questions = [
            asked("how  do I\ndelete it?", vec![ids[0].clone(), ids[1].clone(), other]),
            asked("how do I delete it?", vec![ids[1].clone()]),
            asked("?", vec![ids[0].clone()]),
            asked(&"many words ".repeat(40), vec![ids[0].clone()]),
            asked("nothing was cited", Vec::new()),
        ];
        let copies = Copies::of(std::slice::from_ref(&one));
        let around = Surroundings {
            headings: repeats::headings(&[], &copies),
            most_headings: 2,
            sentences: repeats::sentences(&[], &copies),
            asked: by_passage(&questions),
        };
        let found: Vec<(String, usize)> =
            pairs(&one, &around).into_iter().map(|pair| (pair.query, pair.passage)).collect();
        let question = "how do I delete it?".to_owned();
        assert_eq!(found, [(question.clone(), 0), (question, 1)]);
    }
}
