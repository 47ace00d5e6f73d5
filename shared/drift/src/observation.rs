//! What is looked at: passages and questions, as figures. Pure. No text is kept, so that a reference can be stored without one.

use std::collections::BTreeSet;

use message::{DocumentId, Query, Vector};
use serde::{Deserialize, Serialize};

use crate::reservoir::Weighed;
use crate::units::TextUnits;

/// A passage of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassageObservation {
    /// The document it belongs to. Passages of one document are alike, so tests take a document as one unit.
    pub document: DocumentId,
    /// What the caller calls its topic; without it, topics are found among the vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Its vector.
    pub vector: Vector,
    /// Its tokens, with headings and special tokens.
    pub tokens: u32,
    /// Those of them that stand for what the model's vocabulary does not hold; none where that is not
    /// known, as in a reference of an earlier release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u32>,
    /// Its words, with those of the headings.
    pub words: u32,
    /// Its characters of scripts without spaces, with those of the headings.
    pub characters: u32,
    /// Where it was found by its own opening.
    pub rank: OpeningRank,
}

/// Where a passage was found when its own opening was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpeningRank {
    /// Nobody asked.
    NotAsked,
    /// Not among those that were looked at.
    NotFound,
    /// At this rank, from 1.
    At(u32),
}

impl PassageObservation {
    /// A passage whose opening nobody has asked for yet. `text` is what is embedded, headings included, and is not kept.
    #[must_use]
    pub fn new(document: DocumentId, text: &str, tokens: u32, vector: Vector) -> Self {
        let TextUnits { words, characters } = TextUnits::of(text);
        Self {
            document,
            topic: None,
            vector,
            tokens,
            unknown: None,
            words,
            characters,
            rank: OpeningRank::NotAsked,
        }
    }

    /// Whether it was among the `first` by its own opening; none when nobody asked.
    #[must_use]
    pub fn is_found(&self, first: u32) -> Option<bool> {
        match self.rank {
            OpeningRank::NotAsked => None,
            OpeningRank::NotFound => Some(false),
            OpeningRank::At(rank) => Some(rank <= first),
        }
    }
}

impl Weighed for PassageObservation {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.vector.0.len() * size_of::<f32>() + self.document.as_str().len()
    }
}

/// A question that somebody asked. Neither its text nor its vector is kept, which tells much of the text: a reference lives longer
/// than the topic `queries` keeps questions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionObservation {
    /// The cosine of its vector and that of the nearest passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
    /// How relevant the best passages were, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
    /// Whether nothing relevant was found, so that no answer was written; none where no answer was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstained: Option<bool>,
    /// The share of the ten best passages by words (BM25) and by vectors that is in both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f64>,
    /// Whether people liked the answer, once for each who said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liked: Vec<bool>,
    /// Whether it is here only because somebody judged it: it says nothing of questions in general.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_judged: bool,
}

impl QuestionObservation {
    /// A question as the topic `queries` has it, and what was thought of its answer.
    #[must_use]
    pub fn of(query: &Query, liked: Vec<bool>) -> Self {
        let scores = query.hits.iter().filter_map(|hit| hit.vector_score);
        Self {
            similarity: scores.reduce(f64::max).map(|score| 2.0 * score - 1.0),
            relevance: query.relevance,
            abstained: query.abstained,
            overlap: query.overlap,
            liked,
            only_judged: query.only_judged,
        }
    }
}

impl Weighed for QuestionObservation {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.liked.len()
    }
}

/// What is compared with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DriftSample {
    /// Passages; none where too few were new.
    pub passages: Vec<PassageObservation>,
    /// Questions; none where too few were new.
    pub questions: Vec<QuestionObservation>,
}

impl DriftSample {
    /// Questions that were taken by their turn, and not because somebody judged their answers.
    pub fn fair(&self) -> impl Iterator<Item = &QuestionObservation> {
        self.questions.iter().filter(|question| !question.only_judged)
    }

    /// How many judgements of answers there are.
    #[must_use]
    pub fn judgements(&self) -> usize {
        self.questions.iter().map(|question| question.liked.len()).sum()
    }

    /// How many documents the passages belong to.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.passages.iter().map(|passage| &passage.document).collect::<BTreeSet<_>>().len()
    }
}

#[cfg(test)]
mod tests {
    use message::{ChunkId, Fingerprint, QueryHit};

    use super::*;

    #[test]
    fn a_question_is_taken_as_the_topic_has_it() {
        let hit = |score| QueryHit { id: ChunkId::from_text("a"), score: 0.5, vector_score: score };
        let query = Query {
            hits: vec![hit(None), hit(Some(0.7)), hit(Some(0.9))],
            overlap: Some(0.4),
            abstained: Some(false),
            ..Query::new("How?", "hybrid", Fingerprint::of(&[]))
        };
        let question = QuestionObservation::of(&query, vec![true]);
        assert!((question.similarity.unwrap() - 0.8).abs() < 1e-12);
        assert_eq!((question.overlap, question.abstained, question.liked.len()), (Some(0.4), Some(false), 1));
        let bare = QuestionObservation::of(&Query::new("How?", "keyword", Fingerprint::of(&[])), Vec::new());
        assert_eq!(bare, QuestionObservation::default());
        assert_eq!(serde_json::to_string(&bare).unwrap(), "{}");
    }

    #[test]
    fn a_passage_keeps_counts_and_no_text() {
        let document = DocumentId::new("docs", "a.md").unwrap();
        let mut passage = PassageObservation::new(document, "green tea 绿茶", 9, Vector(vec![1.0]));
        assert_eq!((passage.words, passage.characters, passage.is_found(5)), (2, 2, None));
        passage.rank = OpeningRank::At(5);
        assert_eq!((passage.is_found(5), passage.is_found(4)), (Some(true), Some(false)));
        let text = serde_json::to_string(&passage).unwrap();
        assert!(!text.contains("tea"), "{text}");
        assert_eq!(serde_json::from_str::<PassageObservation>(&text).unwrap(), passage);
    }
}
