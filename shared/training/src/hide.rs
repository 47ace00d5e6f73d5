//! A passage without what is asked for: with its title in front it would be found by the title.

use std::collections::BTreeSet;
use std::ops::Range;

use message::embedded_text;

use crate::corpus::SourcePassage;
use crate::kind::PairKind;
use crate::words;

/// What a question takes out of the passages that answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// Nothing: a person asked.
    Nothing,
    /// A title or a heading, as [`words::plain`] gives it.
    Heading(String),
    /// A part of the passage's text, in bytes.
    Sentence(Range<usize>),
}

impl Hidden {
    /// What a question of this kind and text takes out of the passage; none where a sentence does not stand in it.
    pub(crate) fn of(kind: PairKind, question: &str, passage: &SourcePassage) -> Option<Self> {
        match kind {
            PairKind::Title | PairKind::Heading => Some(Self::Heading(words::plain(question))),
            PairKind::Question | PairKind::Written => Some(Self::Nothing),
            PairKind::Sentence => {
                let start = flat(&passage.text).find(question)?;
                Some(Self::Sentence(start..start + question.len()))
            }
        }
    }
}

/// A text whose line breaks are spaces; every byte keeps its place.
pub(crate) fn flat(text: &str) -> String {
    text.replace('\n', " ")
}

/// What is left of a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    heading_path: Vec<String>,
    text: String,
}

impl Rest {
    /// The passage without these headings (plain), in its path and as its first line, and without a sentence.
    pub(crate) fn of(
        passage: &SourcePassage,
        headings: &BTreeSet<String>,
        sentence: Option<&Range<usize>>,
    ) -> Self {
        let is_left = |heading: &&String| !headings.contains(&words::plain(heading));
        let heading_path = passage.heading_path.iter().filter(is_left).cloned().collect();
        let text = sentence.and_then(|part| without(&passage.text, part));
        let text = text.as_deref().unwrap_or(&passage.text);
        let (first, after) = text.split_once('\n').unwrap_or((text, ""));
        let text = if headings.contains(&words::plain(first)) { after } else { text };
        Self { heading_path, text: text.trim().to_owned() }
    }

    /// The passage without what one question takes out of it.
    pub(crate) fn hiding(passage: &SourcePassage, hidden: &Hidden) -> Self {
        match hidden {
            Hidden::Nothing => Self::of(passage, &BTreeSet::new(), None),
            Hidden::Heading(heading) => Self::of(passage, &BTreeSet::from([heading.clone()]), None),
            Hidden::Sentence(part) => Self::of(passage, &BTreeSet::new(), Some(part)),
        }
    }

    /// Words of its text, without the headings.
    pub(crate) fn words(&self) -> usize {
        words::count(&self.text)
    }

    /// The text that a model is given.
    pub(crate) fn embedded(&self) -> String {
        embedded_text(&self.heading_path, &self.text)
    }
}

fn without(text: &str, part: &Range<usize>) -> Option<String> {
    let (before, after) = (text.get(..part.start)?.trim_end(), text.get(part.end..)?.trim_start());
    let between = if before.is_empty() || after.is_empty() { "" } else { " " };
    Some(format!("{before}{between}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{id, passage};

    #[test]
    fn a_heading_goes_from_the_path_and_from_the_first_line() {
        let given =
            passage(&id("a"), &["Object storage", "Delete a bucket"], "DELETE a bucket:\nIt must be empty.");
        let without =
            |heading: &str| Rest::hiding(&given, &Hidden::Heading(words::plain(heading))).embedded();
        assert_eq!(without("Delete a bucket"), "Object storage\nIt must be empty.");
        assert_eq!(without("object  STORAGE!"), "Delete a bucket\nDELETE a bucket:\nIt must be empty.");
        let both = BTreeSet::from(["object storage".to_owned(), "delete a bucket".to_owned()]);
        assert_eq!(Rest::of(&given, &both, None).embedded(), "It must be empty.");
        let whole = message::embedded_text(&given.heading_path, &given.text);
        assert_eq!(Rest::hiding(&given, &Hidden::Nothing).embedded(), whole);
    }

    #[test]
    fn a_sentence_is_found_and_taken_out() {
        let given = passage(&id("a"), &["桶"], "第一句。如何\n删除桶？先清空它。");
        let hidden = Hidden::of(PairKind::Sentence, "如何 删除桶？", &given).unwrap();
        assert_eq!(Rest::hiding(&given, &hidden).embedded(), "桶\n第一句。 先清空它。");
        assert_eq!(Hidden::of(PairKind::Sentence, "没有这句。", &given), None);
        assert_eq!(Hidden::of(PairKind::Question, "x", &given), Some(Hidden::Nothing));
    }
}
