//! Topic `queries`: a sample of the questions asked, with what was shown and cited; and what people thought of answers.
//!
//! A judgement comes after its answer, often minutes later, and a topic is only appended to: so it is a record of its own,
//! tied to the question by the answer's id. It alone has a `kind`. A question has none, as in the records of writers that
//! knew nothing of judgements, so that those are read as what they are, and a reader of theirs reads every new question.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkId, Fingerprint, Vector};

/// A value of `queries`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum QueryRecord {
    /// What somebody thought of an answer, or of a passage that it showed.
    Feedback(AnswerFeedback),
    /// A question: what has no `kind`. It stays the last of the variants, as serde asks.
    #[serde(untagged)]
    Query(Box<Query>),
}

/// One question and its results; used to measure drift, and to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// The question.
    pub question: String,
    /// How passages were searched: `keyword`, `vector` or `hybrid`.
    pub mode: String,
    /// The space of the vector, and of the index.
    pub space: Fingerprint,
    /// The question's vector; absent for a keyword search, and where something in the question was masked, because a
    /// vector tells much of the text that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<Vector>,
    /// The first passages, best first.
    pub hits: Vec<QueryHit>,
    /// The answer's id, by which a judgement names it; absent for a search, which nobody judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it was answered: seconds since 1970, by the clock of `serve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The application that answered; absent for a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The id of the generation whose passages these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<String>,
    /// The passages that the answer was made from and that were shown with it, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<ChunkId>,
    /// Those of them that the answer cites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cited: Vec<ChunkId>,
    /// Whether nothing relevant was found, so that no answer was written; absent for a search, and for an answer that broke
    /// off or that nobody waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstained: Option<bool>,
    /// Relevance of the best passages, from 0; absent where it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
    /// Of the ten best passages by words and the ten best by vectors, the share that is in both (0 to 1, of the longer
    /// list); absent unless both were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f64>,
    /// The question's language (ISO 639-1); absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether personal data was replaced in the question.
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    /// Whether it is here only because somebody judged its answer, and not by its turn in the sample: to be left out where
    /// a fair sample is wanted, because people judge what surprises them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub only_judged: bool,
}

impl Query {
    /// A question of which nothing else is known.
    #[must_use]
    pub fn new(question: &str, mode: &str, space: Fingerprint) -> Self {
        Self {
            question: question.to_owned(),
            mode: mode.to_owned(),
            space,
            vector: None,
            hits: Vec::new(),
            id: None,
            at: None,
            application: None,
            generation: None,
            shown: Vec::new(),
            cited: Vec::new(),
            abstained: None,
            relevance: None,
            overlap: None,
            language: None,
            masked: false,
            only_judged: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A passage in the result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryHit {
    /// The passage's id.
    pub id: ChunkId,
    /// Its score in the result.
    pub score: f64,
    /// (1 + cosine) / 2 of its vector and the question's, if both were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_score: Option<f64>,
}

/// What somebody thought of an answer. A later one with the same `answer`, `passage` and `by` replaces it: see
/// [`standing_feedback`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerFeedback {
    /// The answer's id. Its question may be missing from the topic: the sample need not have taken it, and another process
    /// may have answered than the one that was told.
    pub answer: String,
    /// The passage that is meant; absent for the answer as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<ChunkId>,
    /// What was thought.
    pub judgement: AnswerJudgement,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When: seconds since 1970, by the clock of `serve`.
    pub at: u64,
    /// Tells the keys apart that judged this one answer, without naming any: 12 hex characters that the same key has in no
    /// other answer. Absent where no keys are configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What is thought of an answer or of a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerJudgement {
    /// It helps.
    Up,
    /// It does not.
    Down,
    /// What was thought before is taken back.
    #[serde(rename = "none")]
    Withdrawn,
}

/// What people think in the end, of what they `said` in the order of the topic: of each key the last word on an answer and on
/// each of its passages, and nothing that was taken back. In the order of the answers' ids; holds one entry for each of them.
#[must_use]
pub fn standing_feedback(said: impl IntoIterator<Item = AnswerFeedback>) -> Vec<AnswerFeedback> {
    let mut last = BTreeMap::new();
    for feedback in said {
        let slot = (feedback.answer.clone(), feedback.passage.clone(), feedback.by.clone());
        last.insert(slot, feedback);
    }
    last.into_values().filter(|feedback| feedback.judgement != AnswerJudgement::Withdrawn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(answer: &str, passage: Option<&str>, judgement: AnswerJudgement, by: &str) -> AnswerFeedback {
        AnswerFeedback {
            answer: answer.to_owned(),
            passage: passage.map(ChunkId::from_text),
            judgement,
            reason: None,
            at: 1,
            by: Some(by.to_owned()),
        }
    }

    #[test]
    fn of_each_key_the_last_word_counts() {
        use AnswerJudgement::{Down, Up, Withdrawn};
        let said = [
            feedback("a", None, Up, "x"),
            feedback("a", None, Down, "y"),
            feedback("a", Some("p"), Up, "x"),
            feedback("b", None, Up, "x"),
            feedback("a", None, Down, "x"),
            feedback("b", None, Withdrawn, "x"),
        ];
        let left = standing_feedback(said);
        let expected = [
            feedback("a", None, Down, "x"),
            feedback("a", None, Down, "y"),
            feedback("a", Some("p"), Up, "x"),
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_judgement_has_a_kind_and_a_question_has_none() {
        let query = Query { id: Some("a".to_owned()), ..Query::new("Why?", "keyword", Fingerprint::of(&[])) };
        let records = [
            QueryRecord::Query(Box::new(query.clone())),
            QueryRecord::Feedback(feedback("a", None, AnswerJudgement::Up, "x")),
        ];
        let texts = records.clone().map(|record| serde_json::to_string(&record).unwrap());
        assert_eq!(texts[0], serde_json::to_string(&query).unwrap());
        assert!(texts[1].starts_with(r#"{"kind":"feedback","answer":"a","#), "{}", texts[1]);
        let back = texts.map(|text| serde_json::from_str::<QueryRecord>(&text).unwrap());
        assert_eq!(back, records);
        for broken in [r#"{"kind":"feedback","answer":"a"}"#, r#"{"kind":"other"}"#, "{}"] {
            assert!(serde_json::from_str::<QueryRecord>(broken).is_err(), "{broken}");
        }
    }
}
