//! Citations in an answer: `[1]`, `[1, 2]`, `【1】`. Those that refer to no given passage are removed and counted.
//! What stands in code, or is an index of code, is no citation and stays. Pure.

use std::ops::Range;

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::marker::{is_close, is_index, is_open, is_part, numbers};

/// Maximum length of a citation in bytes; longer text in brackets is not one.
const LONGEST: usize = 40;
/// A line that begins with it opens or closes a block of code.
const FENCE: &str = "```";

/// A sentence of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// Its text, without citations.
    pub text: String,
    /// The numbers of the cited passages, in ascending order.
    pub citations: Vec<usize>,
}

/// Removes citations of passages that were not given, while the answer is being written.
#[derive(Debug)]
pub struct CitationFilter {
    given: usize,
    /// Text that may be the beginning of a citation.
    held: String,
    /// What is shown of the present line: it tells an index from a citation.
    line: String,
    in_code: bool,
    is_fenced: bool,
    /// Number of citations removed.
    pub invented: usize,
}

impl CitationFilter {
    /// A filter for an answer based on passages 1 to `given`.
    #[must_use]
    pub fn new(given: usize) -> Self {
        Self {
            given,
            held: String::new(),
            line: String::new(),
            in_code: false,
            is_fenced: false,
            invented: 0,
        }
    }

    /// Adds the next part of the answer, and returns the text that can be shown by now.
    pub fn push(&mut self, part: &str) -> String {
        let mut shown = String::new();
        for character in part.chars() {
            let before = shown.len();
            self.step(character, &mut shown);
            self.follow(shown.get(before..).unwrap_or_default());
        }
        shown
    }

    /// The text held back at the end.
    #[must_use]
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    fn step(&mut self, character: char, shown: &mut String) {
        let opens = is_open(character) && !self.in_code;
        if self.held.is_empty() && !opens {
            shown.push(character);
            return;
        }
        let goes_on = is_part(character) || is_close(character);
        if !self.held.is_empty() && (opens || !goes_on || self.held.len() > LONGEST) {
            // Not a citation but an index, a link, or a bracket in the text. Only the outer of two brackets is
            // dropped, so that removing text between them cannot form a new citation.
            let held = std::mem::take(&mut self.held);
            shown.push_str(if opens { held.trim_start_matches(is_open) } else { &held });
            if !opens {
                shown.push(character);
                return;
            }
        }
        self.held.push(character);
        if is_close(character) {
            let whole = std::mem::take(&mut self.held);
            match numbers(&whole) {
                Some(numbers) if !is_index(&self.line, &whole) => shown.push_str(&self.kept(&numbers)),
                _ => shown.push_str(&whole),
            }
        }
    }

    /// Follows what is shown: the present line, and whether it is within code. Code between single backticks ends with
    /// its line, so that a lone backtick does not hide what comes after it.
    fn follow(&mut self, shown: &str) {
        for character in shown.chars() {
            if character == '\n' {
                self.line.clear();
                self.in_code = self.is_fenced;
                continue;
            }
            self.line.push(character);
            if character == '`' && self.line.trim_start() == FENCE {
                self.is_fenced = !self.is_fenced;
                self.in_code = self.is_fenced;
            } else if character == '`' && !self.is_fenced {
                self.in_code = !self.in_code;
            }
        }
    }

    fn kept(&mut self, numbers: &[usize]) -> String {
        let kept: Vec<String> = numbers
            .iter()
            .filter(|number| (1..=self.given).contains(*number))
            .map(usize::to_string)
            .collect();
        self.invented += numbers.len() - kept.len();
        if kept.is_empty() { String::new() } else { format!("[{}]", kept.join(", ")) }
    }
}

/// The sentences of an answer that went through a [`CitationFilter`] for `given` passages, each with the citations
/// within it and directly after it.
#[must_use]
pub fn sentences(answer: &str, given: usize) -> Vec<Sentence> {
    let (text, marks) = without_citations(answer, given);
    let mut sentences: Vec<(usize, Sentence)> = Vec::new();
    for (start, sentence) in text.split_sentence_bound_indices() {
        if !sentence.trim().is_empty() {
            let text = sentence.trim().to_owned();
            sentences.push((start + sentence.trim_end().len(), Sentence { text, citations: Vec::new() }));
        }
    }
    for (place, numbers) in marks {
        // A citation follows the text that it supports.
        let behind = text.get(..place).map_or(0, |before| before.trim_end().len());
        let at = sentences.partition_point(|(end, _)| *end < behind);
        let at = at.min(sentences.len().saturating_sub(1));
        if let Some((_, sentence)) = sentences.get_mut(at) {
            sentence.citations.extend(numbers);
        }
    }
    sentences
        .into_iter()
        .map(|(_, mut sentence)| {
            sentence.citations.sort_unstable();
            sentence.citations.dedup();
            sentence
        })
        .collect()
}

/// The text without its citations, and the position of each.
fn without_citations(answer: &str, given: usize) -> (String, Vec<(usize, Vec<usize>)>) {
    let code = code(answer);
    let (mut text, mut marks, mut rest) = (String::new(), Vec::new(), answer);
    while let Some(open) = rest.find('[') {
        let (between, from) = rest.split_at(open);
        text.push_str(between);
        let (before, _) = answer.split_at(answer.len() - from.len());
        // Brackets in code stay as they are and cite nothing.
        let is_code = code.iter().any(|range| range.contains(&before.len()));
        if let Some((length, numbers)) = citation(before, from, given).filter(|_| !is_code) {
            // The space before a citation is removed with it.
            let kept = text.trim_end_matches(' ').len();
            let is_end = from.get(length..).is_none_or(|rest| !rest.starts_with(char::is_alphanumeric));
            if is_end {
                text.truncate(kept);
            }
            marks.push((kept, numbers));
            rest = from.get(length..).unwrap_or_default();
        } else {
            text.push('[');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    text.push_str(rest);
    (text, marks)
}

/// The citation with which `from` begins, behind `before`: its length, and the numbers of given passages.
fn citation(before: &str, from: &str, given: usize) -> Option<(usize, Vec<usize>)> {
    let whole = from.get(..=from.find(']')?)?;
    let numbers = numbers(whole)?;
    let is_cited = !is_index(before, whole) && numbers.iter().all(|number| (1..=given).contains(number));
    is_cited.then_some((whole.len(), numbers))
}

/// The code in an answer: fenced lines, and what stands between two backticks of a line.
fn code(answer: &str) -> Vec<Range<usize>> {
    let (mut code, mut at, mut is_fenced) = (Vec::new(), 0, false);
    for line in answer.split_inclusive('\n') {
        let is_fence = line.trim_start().starts_with(FENCE);
        if is_fenced || is_fence {
            code.push(at..at + line.len());
        } else {
            let mut ticks = line.match_indices('`').map(|(tick, _)| at + tick);
            while let (Some(open), Some(close)) = (ticks.next(), ticks.next()) {
                code.push(open..close);
            }
        }
        is_fenced ^= is_fence;
        at += line.len();
    }
    code
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::marker::unmarked;

    fn filtered(answer: &str, given: usize) -> (String, usize) {
        let mut filter = CitationFilter::new(given);
        let mut shown = filter.push(answer);
        shown.push_str(&filter.finish());
        (shown, filter.invented)
    }

    #[test]
    fn a_citation_of_nothing_is_taken_out_and_counted() {
        for (answer, expected, invented) in [
            ("Yes [1]. No [4].", "Yes [1]. No .", 1),
            ("Both [1, 7] and 【2】。", "Both [1] and [2]。", 1),
            ("All [1-3][0]", "All [1, 2, 3]", 1),
            ("A [link](x), a[i], [ ], [2", "A [link](x), a[i], [ ], [2", 0),
            ("Code `a[9]` stays, word[9] does not", "Code `a[9]` stays, word does not", 1),
            ("An index a[9], x[0][2], my_list[8], [9]", "An index a[9], x[0][2], my_list[8], ", 1),
            ("A year [2019], ports [8080, 9090]", "A year [2019], ports [8080, 9090]", 0),
            ("猫［２］。狗［９］。", "猫[2]。狗。", 1),
            ("A lone ` on [9]\na line [9]", "A lone ` on [9]\na line ", 1),
            ("```\nwords[9]\n\nthe end[8]\n```\nwords[9]", "```\nwords[9]\n\nthe end[8]\n```\nwords", 1),
            ("[[3]] [^2] [12-999]", "[3]] [2] ", 2),
            ("[5[9]] [[9]5]", "5] 5]", 2),
        ] {
            assert_eq!(filtered(answer, 3), (expected.to_owned(), invented), "{answer}");
        }
    }

    #[test]
    fn each_sentence_has_its_citations() {
        let found =
            sentences("Cats sleep [1]. They purr. [2][1]\nDogs bark [3] at night! 猫睡觉[2]。狗叫。[1]", 3);
        let expected = [
            ("Cats sleep.", vec![1]),
            ("They purr.", vec![1, 2]),
            ("Dogs bark at night!", vec![3]),
            ("猫睡觉。", vec![2]),
            ("狗叫。", vec![1]),
        ];
        let found: Vec<(&str, Vec<usize>)> =
            found.iter().map(|sentence| (sentence.text.as_str(), sentence.citations.clone())).collect();
        assert_eq!(found, expected);
        assert!(sentences(" [1] ", 1).is_empty() && sentences("", 1).is_empty());
        assert_eq!(sentences("See `a[9]`.", 3)[0].text, "See `a[9]`.");
    }

    #[test]
    fn code_cites_nothing() {
        for code in ["See `words[2]`.", "Set x[0][2], my_list[1] and a[2].", "```\nwords[2]\n```"] {
            let found = sentences(code, 3);
            assert!(found.iter().all(|sentence| sentence.citations.is_empty()), "{found:?}");
            let texts: Vec<&str> = found.iter().map(|sentence| sentence.text.as_str()).collect();
            assert_eq!(texts.join("\n"), code);
        }
        let found = sentences("Set `words[2]` first [1]. A lone ` is no code [3].", 3);
        let cited: Vec<&[usize]> = found.iter().map(|sentence| sentence.citations.as_slice()).collect();
        assert_eq!(cited, [&[1][..], &[3]]);
    }

    #[test]
    fn what_a_passage_says_is_no_citation_when_it_is_copied() {
        let passage = "Zhang [2] and words[9] of x[1], ［３］【1】 `b[2]`, items[0].[2]";
        let copied = unmarked(passage);
        assert_eq!(filtered(&copied, 3), (copied.clone(), 0));
        let found = sentences(&format!("{copied} [3]"), 3);
        let cited: Vec<usize> = found.into_iter().flat_map(|sentence| sentence.citations).collect();
        assert_eq!(cited, [3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn how_an_answer_is_cut_into_parts_changes_nothing(
            answer in "[\\[\\]【】0-9, a-c_.`\n-]{0,40}", cuts in prop::collection::vec(0..40usize, 0..6),
        ) {
            let mut filter = CitationFilter::new(3);
            let (mut shown, mut at) = (String::new(), 0);
            let mut cuts = cuts;
            cuts.sort_unstable();
            for cut in cuts {
                let cut = answer.floor_char_boundary(cut).max(at);
                shown.push_str(&filter.push(&answer[at..cut]));
                at = cut;
            }
            shown.push_str(&filter.push(&answer[at..]));
            shown.push_str(&filter.finish());
            prop_assert_eq!((shown, filter.invented), filtered(&answer, 3));
        }

        #[test]
        fn nothing_that_a_passage_says_cites(passage in "[\\[\\]【】［］0-9２, ^a-c_.)\n-]{0,60}") {
            let copied = unmarked(&passage);
            let (shown, invented) = filtered(&copied, 3);
            prop_assert_eq!(invented, 0);
            for sentence in sentences(&shown, 3) {
                prop_assert!(sentence.citations.is_empty(), "{copied:?}: {sentence:?}");
            }
        }

        #[test]
        fn only_passages_that_were_given_are_cited(answer in "[\\[\\]【】0-9, a-c.-]{0,60}", given in 0..5usize) {
            for sentence in sentences(&filtered(&answer, given).0, given) {
                prop_assert!(sentence.citations.iter().all(|number| (1..=given).contains(number)), "{sentence:?}");
            }
        }
    }
}
