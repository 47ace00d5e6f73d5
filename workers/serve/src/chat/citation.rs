//! Citations in an answer: `[1]`, `[1, 2]`, `【1】`. Those that refer to no given passage are removed and counted.
//! Pure.

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

/// Maximum length of a citation in bytes; longer text in brackets is not one.
const LONGEST: usize = 40;

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
    in_code: bool,
    /// Number of citations removed.
    pub invented: usize,
}

impl CitationFilter {
    /// A filter for an answer based on passages 1 to `given`.
    #[must_use]
    pub fn new(given: usize) -> Self {
        Self { given, held: String::new(), in_code: false, invented: 0 }
    }

    /// Adds the next part of the answer, and returns the text that can be shown by now.
    pub fn push(&mut self, part: &str) -> String {
        let mut shown = String::new();
        for character in part.chars() {
            self.step(character, &mut shown);
        }
        shown
    }

    /// The text held back at the end.
    #[must_use]
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    fn step(&mut self, character: char, shown: &mut String) {
        if character == '`' {
            self.in_code = !self.in_code;
        }
        let opens = matches!(character, '[' | '【') && !self.in_code;
        if self.held.is_empty() && !opens {
            shown.push(character);
            return;
        }
        if !self.held.is_empty() && (opens || !is_part(character) || self.held.len() > LONGEST) {
            // Not a citation but an index, a link, or a bracket in the text. Only the outer of two brackets is
            // dropped, so that removing text between them cannot form a new citation.
            let held = std::mem::take(&mut self.held);
            shown.push_str(if opens { held.trim_start_matches(['[', '【']) } else { &held });
            if !opens {
                shown.push(character);
                return;
            }
        }
        self.held.push(character);
        if matches!(character, ']' | '】') {
            let whole = std::mem::take(&mut self.held);
            match numbers(&whole) {
                None => shown.push_str(&whole),
                Some(numbers) => shown.push_str(&self.kept(&numbers)),
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

fn is_part(character: char) -> bool {
    character.is_ascii_digit()
        || matches!(character, ',' | '，' | '、' | ';' | ' ' | '-' | '–' | '^' | ']' | '】')
}

/// The numbers between the brackets; none if there is anything else.
fn numbers(whole: &str) -> Option<Vec<usize>> {
    let inner = whole.trim_start_matches(['[', '【']).trim_end_matches([']', '】']).trim_start_matches('^');
    let mut numbers = Vec::new();
    for part in inner.split([',', '，', '、', ';']) {
        let mut ends = part.split(['-', '–']).map(|end| end.trim().parse::<usize>());
        match (ends.next(), ends.next(), ends.next()) {
            (Some(Ok(number)), None, None) => numbers.push(number),
            // A range this long is years or pages rather than citations, so only its ends count.
            (Some(Ok(first)), Some(Ok(last)), None) if first <= last && last - first < LONGEST => {
                numbers.extend(first..=last);
            }
            (Some(Ok(first)), Some(Ok(last)), None) => numbers.extend([first, last]),
            _ => return None,
        }
    }
    Some(numbers)
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
    let (mut text, mut marks, mut rest) = (String::new(), Vec::new(), answer);
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        let close = from.find(']').map(|close| close + 1);
        let found = close.and_then(|close| Some((close, numbers(from.get(..close)?)?)));
        // Brackets in code stay as they are and cite nothing.
        let found = found.filter(|(_, numbers)| numbers.iter().all(|number| (1..=given).contains(number)));
        if let Some((close, numbers)) = found {
            // The space before a citation is removed with it.
            let kept = text.trim_end_matches(' ').len();
            let is_end = from.get(close..).is_none_or(|rest| !rest.starts_with(char::is_alphanumeric));
            if is_end {
                text.truncate(kept);
            }
            marks.push((kept, numbers));
            rest = from.get(close..).unwrap_or_default();
        } else {
            text.push('[');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    text.push_str(rest);
    (text, marks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            ("Code `a[9]` stays, a[9] does not", "Code `a[9]` stays, a does not", 1),
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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn how_an_answer_is_cut_into_parts_changes_nothing(
            answer in "[\\[\\]【】0-9, a-c.`-]{0,40}", cuts in prop::collection::vec(0..40usize, 0..6),
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
        fn only_passages_that_were_given_are_cited(answer in "[\\[\\]【】0-9, a-c.-]{0,60}", given in 0..5usize) {
            for sentence in sentences(&filtered(&answer, given).0, given) {
                prop_assert!(sentence.citations.iter().all(|number| (1..=given).contains(number)), "{sentence:?}");
            }
        }
    }
}
