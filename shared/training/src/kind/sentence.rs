//! A sentence, and the rest of its passage: the inverse cloze task (Lee, Chang, Toutanova, "Latent Retrieval for Weakly
//! Supervised Open Domain Question Answering", 2019), with one sentence of each passage, chosen instead of drawn.

use std::ops::{Range, RangeInclusive};

use unicode_segmentation::UnicodeSegmentation as _;

use crate::corpus::{SourceDocument, SourcePassage};
use crate::hide::{Hidden, Rest, flat};
use crate::kind::{LEAST_REST, PairDraft, PairKind, Surroundings};
use crate::words;

/// Words of a sentence that says something by itself.
const LENGTH: RangeInclusive<usize> = 6..=40;
/// Percentage of letters: less is a table, a listing or a formula.
const LETTERS: usize = 65;

/// A sentence of a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpeningSentence {
    /// Where it stands, in bytes of the passage's text.
    place: Range<usize>,
    /// Its text; a line break is a space.
    pub(crate) text: String,
}

/// The sentences that begin in the first third of a text and could be asked for: what a passage says first is what it is
/// about.
pub(crate) fn opening(text: &str) -> Vec<OpeningSentence> {
    let (joined, shown) = (joined(text), flat(text));
    let all = joined.split_sentence_bound_indices();
    let first = all.take_while(|(start, _)| start * 3 <= text.len());
    let found = first.filter_map(|(start, sentence)| {
        let begin = start + (sentence.len() - sentence.trim_start().len());
        let place = begin..begin + sentence.trim().len();
        let text = shown.get(place.clone())?.to_owned();
        Some(OpeningSentence { place, text })
    });
    found.filter(|sentence| is_telling(&sentence.text)).collect()
}

/// The text with those line breaks as spaces that wrap a line, so that they end no sentence; every byte keeps its place.
fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_wrapped = c == '\n' && rest.peek().is_some_and(|next| next.is_lowercase());
        joined.push(if is_wrapped { ' ' } else { c });
    }
    joined
}

fn is_telling(sentence: &str) -> bool {
    let closing = ['"', '\'', ')', ']', '”', '’', '」', '』', '）'];
    let is_ended = sentence.trim_end_matches(closing).ends_with(['.', '!', '?', '。', '！', '？']);
    let is_listed = sentence.starts_with(['-', '*', '•', '#', '>', '|']) || sentence.contains(['|', '\t']);
    is_ended && !is_listed && LENGTH.contains(&words::count(sentence)) && words::letters(sentence) >= LETTERS
}

pub(super) fn pairs(document: &SourceDocument, around: &Surroundings) -> Vec<PairDraft> {
    let passages = document.passages.iter().enumerate();
    passages.filter_map(|(number, passage)| one(number, passage, around)).collect()
}

/// The first sentence that stands nowhere else and leaves enough.
fn one(number: usize, passage: &SourcePassage, around: &Surroundings) -> Option<PairDraft> {
    let mut own = opening(&passage.text).into_iter().filter(|sentence| {
        let is_alone = around.sentences.count(&words::plain(&sentence.text)) <= 1;
        // Standing twice in its own passage, it would be found by itself.
        is_alone && flat(&passage.text).matches(&sentence.text).count() == 1
    });
    own.find_map(|OpeningSentence { place, text }| {
        let hidden = Hidden::Sentence(place);
        let is_enough = Rest::hiding(passage, &hidden).words() >= LEAST_REST;
        is_enough.then_some(PairDraft { kind: PairKind::Sentence, query: text, passage: number, hidden })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{around, document, id, passage, prose};

    /// The query and the positive of the only passage of a document.
    fn pair(path: &[&str], text: &str) -> Option<(String, String)> {
        let mut one = document("a", &[]);
        one.passages = vec![passage(&id("a"), path, text)];
        let draft = pairs(&one, &around(&[one.clone()])).pop()?;
        Some((draft.query, Rest::hiding(&one.passages[0], &draft.hidden).embedded()))
    }

    #[test]
    fn a_sentence_asks_for_the_rest_below_its_headings() {
        let rest = "It cannot be undone. Every object is lost with it, and so is the name of the bucket.";
        let text = format!("Note. A bucket must be empty before you delete it. {rest}");
        let (query, positive) = pair(&["Buckets"], &text).unwrap();
        assert_eq!(query, "A bucket must be empty before you delete it.");
        assert_eq!(positive, format!("Buckets\nNote. {rest}"));
    }

    #[test]
    fn sentences_of_chinese_are_told_by_their_marks() {
        let text = "删除存储桶之前必须先清空其中的所有文件。删除之后无法恢复。存储桶的名称会被释放，其他用户可以再次使用这个名称创建存储桶。";
        let (query, positive) = pair(&[], text).unwrap();
        assert_eq!(query, "删除存储桶之前必须先清空其中的所有文件。");
        assert!(positive.starts_with("删除之后无法恢复。") && !positive.contains("清空"), "{positive}");
    }

    #[test]
    fn a_wrapped_line_ends_no_sentence_and_an_unwrapped_one_does() {
        let text =
            format!("Deleting buckets\nA bucket must be empty\nbefore you delete it. {}", prose(1, 48));
        let (query, _) = pair(&[], &text).unwrap();
        assert_eq!(query, "A bucket must be empty before you delete it.");
    }

    #[test]
    fn tables_lists_short_and_late_sentences_are_no_questions() {
        let tail = prose(1, 40).replace('.', ";");
        for head in [
            "a | b | c and more words in a row of a table.",
            "- one of the points of a list of several points.",
            "Short one here.",
            "12 34 56 78 90 12 34 56 78 90 is a row of numbers.",
            "This line has enough words but it does not end",
        ] {
            assert_eq!(pair(&[], &format!("{head}\n{tail}")), None, "{head}");
        }
        let late = format!("{tail} {tail}\nA bucket must be empty before you delete it.");
        assert_eq!(pair(&[], &late), None);
        assert_eq!(pair(&[], "A bucket must be empty before you delete it. Too little."), None);
    }

    #[test]
    fn what_every_document_says_is_no_question() {
        let notice = "This page was written by the people who make it.";
        let texts = [1, 2].map(|n| format!("{notice} {}", prose(n, 48)));
        let corpus = [document("a", &[&texts[0]]), document("b", &[&texts[1]])];
        let pairs = pairs(&corpus[0], &around(&corpus));
        assert!(!pairs[0].query.contains("This page"), "{pairs:?}");
    }
}
