//! What people asked, and which passages answered: of the topic `queries`. Pure.
//!
//! A passage answers a question when its answer cites it, or shows it and somebody calls it right; not when somebody calls it, or the
//! whole answer, wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use message::{AnswerFeedback, AnswerJudgement, ChunkId, QueryRecord, standing_feedback};
use training::AskedQuestion;

/// Questions, and judgements, that are kept of the topic: the newest.
const MOST: usize = 50_000;

/// Questions and judgements, as they are read.
#[derive(Debug, Default)]
pub(super) struct AskedSoFar {
    /// With what their answers showed.
    questions: VecDeque<(Option<String>, AskedQuestion, BTreeSet<ChunkId>)>,
    feedback: VecDeque<AnswerFeedback>,
}

impl AskedSoFar {
    /// Takes the next record.
    pub(super) fn take(&mut self, record: QueryRecord) {
        match record {
            QueryRecord::Feedback(feedback) => {
                self.feedback.push_back(feedback);
                if self.feedback.len() > MOST {
                    self.feedback.pop_front();
                }
            }
            QueryRecord::Query(query) => {
                // Of a search nothing says which passage answered.
                if query.id.is_none() && query.cited.is_empty() {
                    return;
                }
                // A judgement of what the answer did not show is nobody's who saw it.
                let shown = query.shown.into_iter().chain(query.cited.iter().cloned()).collect();
                let asked = AskedQuestion { question: query.question, cited: query.cited };
                self.questions.push_back((query.id, asked, shown));
                if self.questions.len() > MOST {
                    self.questions.pop_front();
                }
            }
        }
    }

    /// The questions of which a passage is known to answer.
    pub(super) fn finish(self) -> Vec<AskedQuestion> {
        let mut thought: BTreeMap<String, Vec<AnswerFeedback>> = BTreeMap::new();
        for feedback in standing_feedback(self.feedback) {
            thought.entry(feedback.answer.clone()).or_default().push(feedback);
        }
        let answered = self.questions.into_iter().map(|(id, AskedQuestion { question, cited }, shown)| {
            let thought = id.and_then(|id| thought.get(&id)).map_or(&[][..], Vec::as_slice);
            AskedQuestion { question, cited: answering(cited, &shown, thought) }
        });
        answered.filter(|asked| !asked.cited.is_empty()).collect()
    }
}

/// The passages that answer, of those that were `cited` and of what people thought.
fn answering(cited: Vec<ChunkId>, shown: &BTreeSet<ChunkId>, thought: &[AnswerFeedback]) -> Vec<ChunkId> {
    let of = |judgement: AnswerJudgement| thought.iter().filter(move |one| one.judgement == judgement);
    let wrong: BTreeSet<&ChunkId> =
        of(AnswerJudgement::Down).filter_map(|one| one.passage.as_ref()).collect();
    let is_wrong = of(AnswerJudgement::Down).any(|one| one.passage.is_none());
    let cited = if is_wrong { Vec::new() } else { cited };
    let liked = of(AnswerJudgement::Up).filter_map(|one| one.passage.clone()).filter(|id| shown.contains(id));
    let all: BTreeSet<ChunkId> = cited.into_iter().chain(liked).collect();
    all.into_iter().filter(|id| !wrong.contains(id)).collect()
}

#[cfg(test)]
mod tests {
    use message::{Fingerprint, Query};

    use super::*;

    fn id(text: &str) -> ChunkId {
        ChunkId::from_text(text)
    }

    fn answered(question: &str, answer: &str, cited: &[&str]) -> QueryRecord {
        let query = Query::new(question, "hybrid", Fingerprint::of(&[]));
        let cited = cited.iter().map(|text| id(text)).collect();
        let shown = vec![id("a"), id("b"), id("c")];
        QueryRecord::Query(Box::new(Query { id: Some(answer.to_owned()), cited, shown, ..query }))
    }

    fn thought(answer: &str, passage: Option<&str>, judgement: AnswerJudgement) -> QueryRecord {
        QueryRecord::Feedback(AnswerFeedback {
            answer: answer.to_owned(),
            passage: passage.map(id),
            judgement,
            reason: None,
            at: 1,
            by: None,
        })
    }

    #[test]
    fn what_is_cited_or_liked_answers_and_what_is_disliked_does_not() {
        use AnswerJudgement::{Down, Up, Withdrawn};
        let mut all = AskedSoFar::default();
        for record in [
            answered("cited", "1", &["a", "b"]),
            answered("one is wrong", "2", &["a", "b"]),
            answered("all is wrong but one", "3", &["a", "b"]),
            answered("liked", "4", &[]),
            answered("nothing is known", "5", &[]),
            answered("taken back", "6", &["a"]),
            QueryRecord::Query(Box::new(Query::new("a search", "keyword", Fingerprint::of(&[])))),
            thought("2", Some("a"), Down),
            thought("3", None, Down),
            thought("3", Some("c"), Up),
            thought("4", Some("c"), Up),
            thought("5", Some("a passage that the answer did not show"), Up),
            thought("6", None, Down),
            thought("6", None, Withdrawn),
            thought("an answer that was not kept", Some("c"), Up),
        ] {
            all.take(record);
        }
        let found: Vec<(String, Vec<ChunkId>)> =
            all.finish().into_iter().map(|asked| (asked.question, asked.cited)).collect();
        let expected = [
            ("cited", vec!["a", "b"]),
            ("one is wrong", vec!["b"]),
            ("all is wrong but one", vec!["c"]),
            ("liked", vec!["c"]),
            ("taken back", vec!["a"]),
        ];
        let expected = expected
            .map(|(question, ids)| (question.to_owned(), ids.into_iter().map(id).collect::<Vec<_>>()));
        assert_eq!(found, expected);
    }
}
