//! Prepares a ranking for a reader: merges copies, and limits the passages per document. Pure.

use std::collections::HashMap;

use message::DocumentId;

use crate::found::FoundPassage;

/// Keeps the best of passages with the same text and lists the documents of the others in it; keeps the best
/// `per_document` passages of each document; keeps the best `size` overall.
#[must_use]
pub fn gather(ranking: Vec<FoundPassage>, per_document: Option<usize>, size: usize) -> Vec<FoundPassage> {
    let mut kept: Vec<FoundPassage> = Vec::new();
    let mut by_text: HashMap<String, usize> = HashMap::new();
    let mut taken: HashMap<DocumentId, usize> = HashMap::new();
    for found in ranking {
        let words = found.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(first) = by_text.get(&words).and_then(|place| kept.get_mut(*place)) {
            if first.document != found.document && !first.copies.contains(&found.document) {
                first.copies.push(found.document);
            }
            continue;
        }
        if kept.len() == size {
            // Continue rather than stop: copies of passages already kept may follow.
            continue;
        }
        let count = taken.entry(found.document.clone()).or_default();
        if per_document.is_none_or(|most| *count < most) {
            *count += 1;
            by_text.insert(words, kept.len());
            kept.push(found);
        }
    }
    kept
}

#[cfg(test)]
pub(crate) mod tests {
    use message::{About, ChunkId, Fingerprint};
    use sink::Hit;

    use super::*;

    /// A passage that was found.
    pub(crate) fn found(key: &str, text: &str) -> FoundPassage {
        let document = DocumentId::new("b", key).unwrap();
        let id = ChunkId::derive(&document, &[], text, 0);
        let (text, heading_path, space) = (text.to_owned(), Vec::new(), Fingerprint::of(&[]));
        let about = About::default();
        FoundPassage::of(Hit { id, document, heading_path, text, about, space, score: 1.0 })
    }

    fn names(found: &[FoundPassage]) -> Vec<(&str, &str)> {
        found.iter().map(|found| (found.document.key(), found.text.as_str())).collect()
    }

    #[test]
    fn copies_fall_together_and_are_named() {
        let ranking = [("a", "x y"), ("b", "x  y\n"), ("c", "z"), ("b", "x y"), ("a", "x y"), ("d", "z")];
        let kept = gather(ranking.map(|(key, text)| found(key, text)).into(), None, 2);
        assert_eq!(names(&kept), [("a", "x y"), ("c", "z")]);
        assert_eq!(kept[0].copies, [DocumentId::new("b", "b").unwrap()]);
        assert_eq!(kept[1].copies, [DocumentId::new("b", "d").unwrap()]);
    }

    #[test]
    fn no_document_takes_more_places_than_it_may() {
        let ranking = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("c", "5")];
        let ranking = || ranking.map(|(key, text)| found(key, text)).into();
        assert_eq!(names(&gather(ranking(), Some(1), 10)), [("a", "1"), ("b", "4"), ("c", "5")]);
        assert_eq!(names(&gather(ranking(), Some(2), 3)), [("a", "1"), ("a", "2"), ("b", "4")]);
        assert_eq!(gather(ranking(), None, 4).len(), 4);
    }
}
