//! What stands in many documents: "Overview" is no question that one passage answers.

use std::collections::HashMap;

use crate::copies::Copies;
use crate::corpus::SourceDocument;
use crate::kind::{opening, telling};
use crate::words;

/// In how many groups of documents a text stands. Near-copies of a document are one group.
#[derive(Debug, Default)]
pub(crate) struct Repeats(HashMap<String, (usize, usize)>);

impl Repeats {
    /// A text of a document of `group`. Documents of one group come one after the other.
    fn add(&mut self, group: usize, text: String) {
        let (last, count) = self.0.entry(text).or_insert((group, 1));
        if *last != group {
            (*last, *count) = (group, *count + 1);
        }
    }

    /// In how many groups a text stands, given as [`words::plain`] does.
    pub(crate) fn count(&self, plain: &str) -> usize {
        self.0.get(plain).map_or(0, |(_, count)| *count)
    }
}

/// Documents by group, each group one after the other.
fn by_group<'a>(corpus: &'a [SourceDocument], copies: &Copies) -> Vec<(usize, &'a SourceDocument)> {
    let groups = corpus.iter().enumerate().map(|(number, document)| (copies.group(number), document));
    let mut all: Vec<_> = groups.collect();
    all.sort_by_key(|(group, _)| *group);
    all
}

/// Titles and headings.
pub(crate) fn headings(corpus: &[SourceDocument], copies: &Copies) -> Repeats {
    let mut repeats = Repeats::default();
    for (group, document) in by_group(corpus, copies) {
        let paths = document.passages.iter().flat_map(|passage| &passage.heading_path);
        for text in document.title.iter().chain(paths).filter(|text| telling(text)) {
            repeats.add(group, words::plain(text));
        }
    }
    repeats
}

/// Sentences that could be asked for.
pub(crate) fn sentences(corpus: &[SourceDocument], copies: &Copies) -> Repeats {
    let mut repeats = Repeats::default();
    for (group, document) in by_group(corpus, copies) {
        for sentence in document.passages.iter().flat_map(|passage| opening(&passage.text)) {
            repeats.add(group, words::plain(&sentence.text));
        }
    }
    repeats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{document, id, passage, prose};

    #[test]
    fn a_heading_counts_once_for_each_group_of_documents() {
        let mut corpus: Vec<_> = (0..4).map(|n| document(&format!("d{n}"), &[])).collect();
        for (n, one) in corpus.iter_mut().enumerate() {
            let path = ["Some product", "Request parameters"];
            // The last two are copies of each other.
            let (first, second) = (prose(n.min(2), 60), prose(10 + n.min(2), 60));
            one.passages =
                vec![passage(&id(&format!("d{n}")), &path, &first), passage(&one.document, &path, &second)];
        }
        let repeats = headings(&corpus, &Copies::of(&corpus));
        assert_eq!((repeats.count("request parameters"), repeats.count("other words")), (3, 0));
    }
}
