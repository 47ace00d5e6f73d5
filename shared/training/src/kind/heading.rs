//! A heading, and the beginning of its section without the heading.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::SourceDocument;
use crate::kind::{PairDraft, PairKind, Surroundings, headed, telling, title};
use crate::words;

pub(super) fn pairs(document: &SourceDocument, around: &Surroundings) -> Vec<PairDraft> {
    let title = title::of(document).map(words::plain);
    // In how many places of the document a heading stands: "Parameters" below each of its functions asks for none.
    let mut places: BTreeMap<String, BTreeSet<&[String]>> = BTreeMap::new();
    for passage in &document.passages {
        if let Some(leaf) = passage.heading_path.last() {
            places.entry(words::plain(leaf)).or_default().insert(&passage.heading_path);
        }
    }
    let mut done: BTreeSet<&[String]> = BTreeSet::new();
    let mut pairs = Vec::new();
    for (number, passage) in document.passages.iter().enumerate() {
        let path = passage.heading_path.as_slice();
        let Some(leaf) = path.last().filter(|_| !done.contains(path)) else { continue };
        let plain = words::plain(leaf);
        let is_alone = places.get(&plain).is_none_or(|paths| paths.len() == 1);
        if title.as_ref() == Some(&plain) || !is_alone || !telling(leaf) || around.is_common(leaf) {
            continue;
        }
        if let Some(pair) = headed(PairKind::Heading, leaf, (number, passage)) {
            done.insert(path);
            pairs.push(pair);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::copies::Copies;
    use crate::repeats;
    use crate::testing::{document, id, passage, prose};

    #[test]
    fn each_section_is_asked_for_once_by_a_heading_that_is_its_own() {
        let title = "Object storage";
        let below =
            |path: &[&str], number| passage(&id("a"), &[&[title][..], path].concat(), &prose(number, 30));
        let mut one = document("a", &[]);
        one.title = Some(title.to_owned());
        one.passages = vec![
            below(&[], 1),
            below(&["Delete a bucket"], 2),
            below(&["Delete a bucket"], 3),
            below(&["Overview"], 4),
            below(&["Make a bucket", "Request parameters"], 5),
            below(&["List a bucket", "Request parameters"], 6),
            below(&["Make a bucket"], 7),
        ];
        let copies = Copies::of(&[one.clone()]);
        let around = Surroundings {
            headings: repeats::headings(&[one.clone()], &copies),
            most_headings: 2,
            sentences: repeats::sentences(&[], &copies),
            asked: HashMap::new(),
        };
        let found: Vec<(String, usize)> =
            pairs(&one, &around).into_iter().map(|pair| (pair.query, pair.passage)).collect();
        assert_eq!(found, [("Delete a bucket".to_owned(), 1), ("Make a bucket".to_owned(), 6)]);
    }
}
