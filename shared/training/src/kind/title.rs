//! A document's title, and its beginning without the title.

use crate::corpus::SourceDocument;
use crate::kind::{PairDraft, PairKind, Surroundings, headed, telling};

/// Passages that count as the beginning: the first of them that says enough.
const BEGINNING: usize = 3;

/// The title, or the first heading where that says nothing.
pub(super) fn of(document: &SourceDocument) -> Option<&str> {
    let heading = document.passages.first().and_then(|first| first.heading_path.first());
    let mut known = document.title.iter().chain(heading).map(String::as_str);
    known.find(|text| telling(text))
}

pub(super) fn pairs(document: &SourceDocument, around: &Surroundings) -> Vec<PairDraft> {
    let Some(title) = of(document).filter(|title| !around.is_common(title)) else { return Vec::new() };
    let mut beginning = document.passages.iter().enumerate().take(BEGINNING);
    beginning.find_map(|passage| headed(PairKind::Title, title, passage)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hide::{Hidden, Rest};
    use crate::testing::{around, document, id, passage, prose};

    #[test]
    fn the_title_asks_for_the_first_passage_that_says_enough() {
        let title = "Delete a bucket";
        let mut one = document("a", &[]);
        one.title = Some(title.to_owned());
        one.passages = vec![
            passage(&id("a"), &[title], "Delete a bucket\nToo short."),
            passage(&id("a"), &[title, "Before you begin"], &prose(1, 30)),
        ];
        let pairs = pairs(&one, &around(&[one.clone()]));
        assert_eq!(pairs.len(), 1);
        assert_eq!((pairs[0].query.as_str(), pairs[0].passage), (title, 1));
        assert_eq!(pairs[0].hidden, Hidden::Heading("delete a bucket".to_owned()));
        let positive = Rest::hiding(&one.passages[1], &pairs[0].hidden).embedded();
        assert_eq!(positive, format!("Before you begin\n{}", prose(1, 30)));
    }

    #[test]
    fn the_first_heading_stands_for_a_title_that_says_nothing() {
        let mut one = document("a", &[]);
        one.title = Some("scan_0001.pdf".to_owned());
        one.passages = vec![passage(&id("a"), &["Terms of the service"], &prose(1, 30))];
        assert_eq!(of(&one), Some("Terms of the service"));
        one.passages = vec![passage(&id("a"), &["1"], &prose(1, 30))];
        assert_eq!(of(&one), None);
        assert!(pairs(&one, &around(&[one.clone()])).is_empty());
    }

    #[test]
    fn a_title_of_many_documents_asks_for_none() {
        let titled = |n: usize| SourceDocument {
            title: Some("Annual report".to_owned()),
            ..document(&format!("d{n}"), &[&prose(n, 40)])
        };
        let two: Vec<_> = (0..2).map(titled).collect();
        assert_eq!(pairs(&two[0], &around(&two)).len(), 1);
        let three: Vec<_> = (0..3).map(titled).collect();
        assert!(pairs(&three[0], &around(&three)).is_empty());
    }
}
