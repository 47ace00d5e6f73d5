//! The passages of an index in memory, ranked as the engines do: BM25 for words, exact cosine for vectors. Pure.
//!
//! Meant for some ten thousand passages: words are indexed, vectors are compared one by one.

use std::collections::{BTreeMap, HashMap};

use message::About;
use serde::Deserialize;

use crate::question::{Clause, Window, Words, lies_at};
use crate::reader::{Hit, StoredChunk};

/// BM25's k1, Lucene's default: how quickly further occurrences of a term stop counting.
const SATURATION: f64 = 1.2;
/// BM25's b, Lucene's default: how much a long passage is penalised.
const LENGTH: f64 = 0.75;

/// A passage as written.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Passage {
    #[serde(flatten)]
    pub(super) chunk: StoredChunk,
    #[serde(rename = "embedding")]
    pub(super) vector: Vec<f32>,
    /// The vector's norm.
    #[serde(skip)]
    length: f64,
    /// Number of terms.
    #[serde(skip)]
    count: usize,
    /// Separated by spaces, as in the engines.
    terms: String,
    #[serde(flatten)]
    pub(super) about: About,
}

/// All passages, each in its own slot.
#[derive(Debug, Default)]
pub(super) struct Passages {
    by_slot: BTreeMap<u32, Passage>,
    next: u32,
    /// For each term: the slots that hold it, and how often.
    holding: HashMap<String, BTreeMap<u32, u32>>,
    /// Total number of terms.
    terms: usize,
}

impl Passage {
    fn terms(&self) -> impl Iterator<Item = &str> {
        self.terms.split(' ').filter(|term| !term.is_empty())
    }

    /// Whether all clauses hold.
    fn is_among(&self, clauses: &[Clause]) -> bool {
        let is_one_of = |list: &[String], value: &Option<String>| {
            value.as_ref().is_some_and(|value| list.contains(value))
        };
        let document = self.chunk.document.as_str();
        clauses.iter().all(|clause| match clause {
            Clause::Prefix(list) => list.iter().any(|one| document.starts_with(one)),
            Clause::Within(list) => list.iter().any(|one| lies_at(document, one)),
            Clause::Language(list) => is_one_of(list, &self.about.language),
            Clause::Format(list) => is_one_of(list, &self.about.format),
            Clause::Since(time) => self.about.modified.is_some_and(|modified| modified >= *time),
            Clause::Before(time) => self.about.modified.is_some_and(|modified| modified < *time),
        })
    }

    fn hit(&self, score: f64) -> Hit {
        let StoredChunk { id, document, heading_path, text, space, .. } = self.chunk.clone();
        Hit { id, document, heading_path, text, about: self.about.clone(), space, score }
    }
}

impl Passages {
    /// Adds a passage and returns its slot.
    pub(super) fn put(&mut self, mut passage: Passage) -> u32 {
        let slot = self.next;
        passage.length = dot(&passage.vector, &passage.vector).sqrt();
        passage.count = passage.terms().count();
        self.next += 1;
        for term in passage.terms() {
            self.terms += 1;
            match self.holding.get_mut(term) {
                Some(slots) => *slots.entry(slot).or_default() += 1,
                None => drop(self.holding.insert(term.to_owned(), BTreeMap::from([(slot, 1)]))),
            }
        }
        self.by_slot.insert(slot, passage);
        slot
    }

    /// Removes a passage from its slot and from the term index.
    pub(super) fn remove(&mut self, slot: u32) {
        let Some(passage) = self.by_slot.remove(&slot) else { return };
        for term in passage.terms() {
            self.terms -= 1;
            let is_last = self.holding.get_mut(term).is_some_and(|slots| {
                slots.remove(&slot);
                slots.is_empty()
            });
            if is_last {
                self.holding.remove(term);
            }
        }
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Passage> {
        self.by_slot.get(&slot)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Passage> {
        self.by_slot.values()
    }

    /// How many passages there are for which all clauses hold, and how many of them hold each term.
    pub(super) fn frequencies(&self, terms: &[&str], among: &[Clause]) -> (u64, Vec<u64>) {
        let counts = |slot: &&u32| self.by_slot.get(*slot).is_some_and(|passage| passage.is_among(among));
        let holding = |term: &&str| {
            self.holding.get(*term).map_or(0, |slots| slots.keys().filter(counts).count() as u64)
        };
        (self.by_slot.keys().filter(counts).count() as u64, terms.iter().map(holding).collect())
    }

    /// The passages of the window that match the words best. Each is matched against the terms of its own language;
    /// document frequency and average length are taken over all passages, as in the engines.
    #[expect(clippy::cast_precision_loss, reason = "counts of words, far below 2^52")]
    pub(super) fn by_words(&self, words: &Words, window: &Window) -> Vec<Hit> {
        let all = self.by_slot.len() as f64;
        let average = self.terms as f64 / all.max(1.0);
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (language, terms) in words.iter() {
            for slots in terms.split(' ').filter_map(|term| self.holding.get(term)) {
                let holding = slots.len() as f64;
                let rarity = (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln();
                for (slot, count) in slots {
                    let Some(passage) = self.by_slot.get(slot) else { continue };
                    if passage.about.language.as_deref() != Some(language)
                        || !passage.is_among(&window.filter)
                    {
                        continue;
                    }
                    let (count, length) = (f64::from(*count), passage.count as f64);
                    let least = SATURATION * (1.0 - LENGTH + LENGTH * length / average);
                    *scores.entry(*slot).or_default() += rarity * count / (count + least);
                }
            }
        }
        self.best(scores.into_iter().collect(), window)
    }

    /// The passages of the window with the nearest vectors. The score is (1 + cosine) / 2, as in the engines.
    pub(super) fn by_vector(&self, vector: &[f32], window: &Window) -> Vec<Hit> {
        let in_window = self.by_slot.iter().filter(|(_, passage)| passage.is_among(&window.filter));
        let length = dot(vector, vector).sqrt();
        let score = |passage: &Passage| {
            let lengths = length * passage.length;
            let cosine = if lengths == 0.0 { 0.0 } else { dot(vector, &passage.vector) / lengths };
            f64::midpoint(1.0, cosine)
        };
        self.best(in_window.map(|(slot, passage)| (*slot, score(passage))).collect(), window)
    }

    /// The best ones; ties are ordered by id.
    fn best(&self, mut scores: Vec<(u32, f64)>, window: &Window) -> Vec<Hit> {
        scores.retain(|(_, score)| *score > 0.0);
        let id = |slot: u32| self.by_slot.get(&slot).map(|passage| &passage.chunk.id);
        scores.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| id(*a).cmp(&id(*b))));
        scores.truncate(window.size);
        scores.into_iter().filter_map(|(slot, score)| Some(self.by_slot.get(&slot)?.hit(score))).collect()
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use message::{ChunkId, DocumentId, Fingerprint, Version};

    use super::*;

    fn passages(texts: &[&str]) -> Passages {
        let mut passages = Passages::default();
        for text in texts {
            let document = DocumentId::new("docs", "a.md").unwrap();
            let chunk = StoredChunk {
                id: ChunkId::derive(&document, &[], text, 0),
                document,
                heading_path: Vec::new(),
                text: (*text).to_owned(),
                tokens: 1,
                version: Version::first(1),
                space: Fingerprint::of(&[]),
            };
            let about = About { language: Some("en".to_owned()), ..About::default() };
            passages.put(Passage {
                chunk,
                vector: vec![1.0],
                length: 0.0,
                count: 0,
                terms: (*text).to_owned(),
                about,
            });
        }
        passages
    }

    fn scores(passages: &Passages, question: &str) -> Vec<(String, f64)> {
        let words = Words::of(question, &["en".to_owned()]);
        let hits = passages.by_words(&words, &Window::of(10));
        hits.into_iter().map(|hit| (hit.text, hit.score)).collect()
    }

    /// Computed by hand: one of two passages with two terms each holds `dog`, once. Its idf is ln(1 + 1.5 / 1.5), and
    /// one occurrence in a passage of average length counts 1 / (1 + 1.2).
    #[test]
    fn words_score_as_bm25_does() {
        let found = scores(&passages(&["cat dog", "cat bird"]), "dog");
        assert_eq!(found.len(), 1);
        assert!((found[0].1 - 2.0_f64.ln() / 2.2).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn rare_words_short_passages_and_repetitions_count_more() {
        let found =
            scores(&passages(&["cat", "cat dog", "cat cat dog dog dog bird", "cat bird bird"]), "dog");
        assert_eq!(found[0].0, "cat cat dog dog dog bird");
        let found = scores(&passages(&["cat dog", "cat bird tree", "cat mouse house"]), "cat dog");
        assert_eq!(found.iter().map(|(text, _)| text.as_str()).next(), Some("cat dog"));
        let found = scores(&passages(&["cat", "cat bird tree house"]), "cat");
        assert_eq!(found[0].0, "cat");
    }

    #[test]
    fn what_is_taken_out_leaves_no_word_behind() {
        let mut passages = passages(&["cat dog", "cat bird bird"]);
        passages.remove(1);
        passages.remove(1);
        assert_eq!((passages.frequencies(&["bird", "cat"], &[]), passages.terms), ((1, vec![0, 1]), 2));
        assert!(scores(&passages, "bird").is_empty());
        passages.remove(0);
        assert!(passages.holding.is_empty() && passages.by_vector(&[1.0], &Window::of(9)).is_empty());
    }
}
