//! The latest answers, by their names: so that a judgement is written with its question, whether the sample took that or not.
//! Pure.

use std::collections::{HashMap, VecDeque};

use message::{DocumentId, Query};

/// Answers that are remembered, at most: at one a second those of nearly three hours. People judge within minutes.
const MOST: usize = 10_000;
/// Bytes that they take, at most, as [`RecentAnswer::weight`] counts them.
const MOST_BYTES: usize = 16 << 20;
/// What an entry, a passage's id and an id of a document take besides their characters.
const OVERHEAD: usize = 512;
const PER_ID: usize = 96;

/// An answer that may be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentAnswer {
    /// Its question, as it is stored: with its id.
    pub query: Query,
    /// The documents of the passages that it showed: who may not see one of them may not judge.
    pub documents: Vec<DocumentId>,
    /// Whether the question stands in the topic.
    pub is_written: bool,
}

impl RecentAnswer {
    /// Bytes that it takes, roughly, and rather too many.
    fn weight(&self) -> usize {
        let query = &self.query;
        let vector = query.vector.as_ref().map_or(0, |vector| vector.0.len() * size_of::<f32>());
        let ids = query.hits.len() + query.shown.len() + query.cited.len();
        let documents: usize = self.documents.iter().map(|document| document.as_str().len() + PER_ID).sum();
        OVERHEAD + query.question.len() + vector + ids * PER_ID + documents
    }
}

/// The latest answers; the oldest make room.
#[derive(Debug, Default)]
pub struct RecentAnswers {
    by_id: HashMap<String, RecentAnswer>,
    order: VecDeque<String>,
    bytes: usize,
}

impl RecentAnswers {
    /// Remembers an answer; one without an id is nobody's to judge.
    pub fn remember(&mut self, answer: RecentAnswer) {
        let Some(id) = answer.query.id.clone() else { return };
        self.bytes += answer.weight();
        if let Some(former) = self.by_id.insert(id.clone(), answer) {
            self.bytes = self.bytes.saturating_sub(former.weight());
        } else {
            self.order.push_back(id);
        }
        while self.by_id.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            let weight = self.by_id.remove(&oldest).map_or(0, |answer| answer.weight());
            self.bytes = self.bytes.saturating_sub(weight);
        }
    }

    /// The answer of this name, if it is remembered.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&RecentAnswer> {
        self.by_id.get(id)
    }

    /// Its question stands in the topic now.
    pub fn written(&mut self, id: &str) {
        if let Some(answer) = self.by_id.get_mut(id) {
            answer.is_written = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use message::{Fingerprint, Vector};

    use super::*;

    fn answer(id: usize, numbers: usize) -> RecentAnswer {
        let query = Query {
            id: Some(id.to_string()),
            vector: Some(Vector(vec![0.0; numbers])),
            ..Query::new("Why?", "vector", Fingerprint::of(&[]))
        };
        RecentAnswer { query, documents: Vec::new(), is_written: false }
    }

    #[test]
    fn the_oldest_make_room_by_number() {
        let mut recent = RecentAnswers::default();
        for id in 0..=MOST {
            recent.remember(answer(id, 1));
        }
        assert!(recent.get("0").is_none() && recent.get("1").is_some());
        assert_eq!((recent.by_id.len(), recent.order.len()), (MOST, MOST));
        recent.written("1");
        recent.written("0");
        assert!(recent.get("1").unwrap().is_written);
    }

    #[test]
    fn the_oldest_make_room_by_bytes() {
        let mut recent = RecentAnswers::default();
        for id in 0..100 {
            // A mebibyte each, and a little more.
            recent.remember(answer(id, 1 << 18));
            assert!(recent.bytes <= MOST_BYTES, "{id}");
        }
        assert_eq!((recent.by_id.len(), recent.order.len()), (15, 15));
        assert!(recent.get("84").is_none() && recent.get("85").is_some());
        // The same again takes no more room.
        let before = recent.bytes;
        recent.remember(answer(99, 1 << 18));
        assert_eq!((recent.bytes, recent.order.len()), (before, 15));
    }

    #[test]
    fn one_that_is_too_large_is_not_remembered_and_leaves_no_trace() {
        let mut recent = RecentAnswers::default();
        recent.remember(answer(1, MOST_BYTES));
        assert!(recent.get("1").is_none());
        assert_eq!((recent.bytes, recent.order.len()), (0, 0));
    }
}
