//! Whether what would be quoted answers the question. Pure.
//!
//! A logistic combination of four numbers, each between 0 and 1 or little above. The constants were fitted by
//! `loadtest/answers/run --fit` on questions whose answer the documents hold, and on questions of other collections asked of
//! the same documents, over English, Chinese and German.

use std::collections::HashSet;

use serde::Serialize;

use super::super::Given;

/// With less confidence than this, nothing is said.
pub(super) const LEAST: f64 = 0.5;

/// Why an answer is given or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Judged {
    /// How likely it is that the quotations answer, from 0 to 1.
    pub confidence: f64,
    /// The share of the question's terms, weighted by rarity, that all quotations and the headings above them hold.
    pub coverage: f64,
    /// The same for the best quotation alone.
    pub best: f64,
    /// How close the best quotation's vector is to the question's, on the index's own scale; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closeness: Option<f64>,
    /// The share of the question's names and numbers that the given passages hold; 1 if it has none.
    pub names: f64,
}

/// What each number counts for, and what is added.
struct Constants {
    base: f64,
    coverage: f64,
    best: f64,
    closeness: f64,
    names: f64,
}

/// Where the vectors are on a scale.
const WITH_VECTORS: Constants =
    Constants { base: -7.16, coverage: 1.34, best: 4.72, closeness: 8.0, names: 1.22 };
/// Where words decide alone.
const BY_WORDS: Constants = Constants { base: -4.79, coverage: 0.43, best: 9.2, closeness: 0.0, names: 2.45 };

impl Judged {
    /// The numbers, with the confidence that they give.
    pub(super) fn of(coverage: f64, best: f64, closeness: Option<f64>, names: f64) -> Self {
        let constants = if closeness.is_some() { WITH_VECTORS } else { BY_WORDS };
        let sum = constants.base
            + constants.coverage * coverage
            + constants.best * best
            + constants.closeness * closeness.unwrap_or_default()
            + constants.names * names;
        Self { confidence: 1.0 / (1.0 + (-sum).exp()), coverage, best, closeness, names }
    }

    /// Whether something is said.
    pub(super) fn answers(&self) -> bool {
        self.confidence >= LEAST
    }
}

/// The share of a question's names (words with a capital that do not begin it, words with a digit, words that only code
/// has) that some passage, its headings or its document's name holds.
#[expect(clippy::cast_precision_loss, reason = "words of a question")]
pub(super) fn names(question: &str, passages: &[Given]) -> f64 {
    let names = named(question);
    if names.is_empty() {
        return 1.0;
    }
    let text = |given: &Given| format!("{} {} {}", given.document, given.heading_path.join(" "), given.text);
    let texts: Vec<String> = passages.iter().map(|given| text(given).to_lowercase()).collect();
    let held = names.iter().filter(|name| texts.iter().any(|text| text.contains(name.as_str()))).count();
    held as f64 / names.len() as f64
}

/// In German every noun has a capital, so there capitals name nothing.
fn named(question: &str) -> HashSet<String> {
    let capitals = analysis::language(question) != Some("de");
    let words = question.split(|character: char| {
        character.is_whitespace() || "?!,;:()\"'“”‘’？！，；：（）。、".contains(character)
    });
    let mut names = HashSet::new();
    for (place, word) in words.filter(|word| !word.is_empty()).enumerate() {
        let word = word.trim_end_matches('.');
        let is_latin = word.is_ascii() && word.len() > 1;
        let has_sign = word.contains(|character: char| character.is_ascii_digit() || character == '_');
        let is_capital = capitals && place > 0 && word.starts_with(|first: char| first.is_ascii_uppercase());
        if is_latin && (has_sign || is_capital) {
            names.insert(word.to_lowercase());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Given {
        Given { number: 1, text: text.to_owned(), document: "docs/a.md".to_owned(), ..Given::default() }
    }

    #[test]
    fn names_have_to_be_there() {
        let passages = [given("The capital of the company grew in 2024 by max_bytes.")];
        for (question, share) in [
            ("What is the capital of Mongolia?", 0.0),
            ("How did the capital grow in 2024?", 1.0),
            ("What is max_bytes for Kafka?", 0.5),
            ("how does the capital grow", 1.0),
            ("蒙古的首都是哪里", 1.0),
        ] {
            assert!((names(question, &passages) - share).abs() < 1e-9, "{question}");
        }
    }

    #[test]
    fn what_shares_nothing_is_no_answer_and_what_shares_all_is_one() {
        assert!(!Judged::of(0.0, 0.0, None, 1.0).answers());
        assert!(!Judged::of(0.1, 0.1, Some(0.2), 1.0).answers());
        assert!(!Judged::of(0.5, 0.5, Some(0.3), 0.0).answers());
        assert!(Judged::of(1.0, 1.0, None, 1.0).answers());
        assert!(Judged::of(0.8, 0.7, Some(0.7), 1.0).answers());
    }
}
