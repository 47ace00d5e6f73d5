//! The kinds of pairs. A further kind is a file below and a line in [`MAKERS`].

mod heading;
mod question;
mod sentence;
mod title;

use std::collections::{BTreeSet, HashMap};

use message::ChunkId;
use serde::{Deserialize, Serialize};

use crate::corpus::{SourceDocument, SourcePassage};
use crate::hide::{Hidden, Rest};
use crate::repeats::Repeats;
use crate::words;

pub use question::AskedQuestion;
pub(crate) use question::by_passage;
pub(crate) use sentence::opening;

/// Words that a passage must have beside what is asked for: less answers nothing.
pub(crate) const LEAST_REST: usize = 10;
/// Words that a title or heading may have: more is a paragraph that was marked as one.
const MOST_HEADING: usize = 40;

/// What a pair was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairKind {
    /// A document's title, and its beginning without the title.
    Title,
    /// A heading, and the beginning of its section without the heading.
    Heading,
    /// A sentence, and the rest of its passage.
    Sentence,
    /// A question that somebody asked, and a passage that was cited or liked.
    Question,
    /// A question that a language model wrote for a passage. Nothing here makes these.
    Written,
}

impl PairKind {
    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Heading => "heading",
            Self::Sentence => "sentence",
            Self::Question => "question",
            Self::Written => "written",
        }
    }
}

/// A pair of one document, before anything is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PairDraft {
    /// What it was made from.
    pub(crate) kind: PairKind,
    /// What is asked.
    pub(crate) query: String,
    /// Which passage of the document answers.
    pub(crate) passage: usize,
    /// What is taken out of the passage.
    pub(crate) hidden: Hidden,
}

/// What a kind needs to know beside the document.
pub(crate) struct Surroundings {
    /// In how many documents titles and headings stand.
    pub(crate) headings: Repeats,
    /// In how many documents a title or heading may stand.
    pub(crate) most_headings: usize,
    /// In how many documents sentences stand.
    pub(crate) sentences: Repeats,
    /// What was asked, by the passage that answers.
    pub(crate) asked: HashMap<ChunkId, BTreeSet<String>>,
}

impl Surroundings {
    /// Whether a heading stands in so many documents that it asks for none of them.
    fn is_common(&self, heading: &str) -> bool {
        self.headings.count(&words::plain(heading)) > self.most_headings
    }
}

/// What a kind makes of a document.
type Maker = fn(&SourceDocument, &Surroundings) -> Vec<PairDraft>;

/// Every kind that is made from a corpus.
const MAKERS: [(PairKind, Maker); 4] = [
    (PairKind::Title, title::pairs),
    (PairKind::Heading, heading::pairs),
    (PairKind::Sentence, sentence::pairs),
    (PairKind::Question, question::pairs),
];

/// The pairs of these kinds that a document gives.
pub(crate) fn drafts(
    document: &SourceDocument,
    around: &Surroundings,
    kinds: &BTreeSet<PairKind>,
) -> Vec<PairDraft> {
    let makers = MAKERS.iter().filter(|(kind, _)| kinds.contains(kind));
    makers.flat_map(|(_, make)| make(document, around)).collect()
}

/// The pair of a title or heading and a passage; none where too little is left of the passage.
fn headed(kind: PairKind, heading: &str, (number, passage): (usize, &SourcePassage)) -> Option<PairDraft> {
    let hidden = Hidden::Heading(words::plain(heading));
    let is_enough = Rest::hiding(passage, &hidden).words() >= LEAST_REST;
    let query = heading.split_whitespace().collect::<Vec<_>>().join(" ");
    is_enough.then_some(PairDraft { kind, query, passage: number, hidden })
}

/// Whether a title or heading says what something is about: at least two words that are more than numbers, and no name of
/// a file.
pub(crate) fn telling(text: &str) -> bool {
    let named = words::tokens(text).into_iter().filter(|token| token.chars().any(char::is_alphabetic));
    let named: Vec<&str> = named.collect();
    let count = words::count(&named.join(" "));
    (2..=MOST_HEADING).contains(&count) && words::letters(text) >= 50 && !is_file_name(text.trim())
}

/// Endings of files whose names may hold spaces.
const ENDINGS: [&str; 18] = [
    "csv", "doc", "docx", "eml", "htm", "html", "jpg", "json", "md", "pdf", "png", "ppt", "pptx", "txt",
    "xls", "xlsx", "xml", "zip",
];

fn is_file_name(text: &str) -> bool {
    let ending = text.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.filter(|ending| !ending.is_empty());
    if text.contains(char::is_whitespace) {
        return ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    }
    let is_ending =
        |ending: String| ending.len() <= 5 && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    ending.is_some_and(is_ending) || text.contains(['_', '/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_no_title() {
        for text in [
            "",
            "Overview",
            "概述",
            "2024-01-31",
            "1.2.3",
            "Chapter 1",
            "report-final-v2.docx",
            "annual report 2024.pdf",
            "IMG_2034_final",
            "src/main",
            "10 20 30 40",
        ] {
            assert!(!telling(text), "{text:?}");
        }
        for text in
            ["Delete a bucket", "参数说明", "OSS 概述", "What is (are) keratoderma?", "Version 2 of the API"]
        {
            assert!(telling(text), "{text:?}");
        }
        assert!(!telling(&"many words ".repeat(30)));
    }
}
