//! What may be quoted, with what it has in common with the question. Pure.

use std::collections::HashSet;

use message::embedded_text;

use super::super::{Given, Prompt};
use super::context::{only_points, points};
use super::quote::{Quote, quotes};
use super::wanted::WantedForm;

/// Influence of the rank: the last of ten passages counts two thirds of the first.
const RANK: f64 = 0.05;
/// What a sentence counts that only points elsewhere.
const POINTER: f64 = 0.4;
/// What only asks, or joins: a pair of Chinese characters with one of them says nothing.
const EMPTY: &str = "的是了在有和与或哪吗呢么谁怎何几吧请问我你您要想";
/// What stands behind *how* and *wie*, and names nothing.
const HOW: [&str; 10] = ["many", "much", "long", "large", "big", "often", "old", "far", "fast", "high"];
const WIE: [&str; 9] = ["viel", "viele", "vielen", "lange", "groß", "oft", "alt", "weit", "hoch"];

/// The question's terms, cut as a passage's language is.
pub(super) struct Asked {
    /// The terms.
    pub(super) terms: HashSet<String>,
}

/// The position of a quotation; ordered by passage, then within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QuotePlace {
    pub(super) passage: usize,
    pub(super) quotation: usize,
}

/// A quotation that may answer the question.
pub(super) struct Candidate {
    pub(super) quote: Quote,
    /// The number of its passage.
    pub(super) number: usize,
    pub(super) place: QuotePlace,
    /// The question's terms in it.
    pub(super) own: HashSet<String>,
    /// The question's terms that only the headings above it hold.
    pub(super) heading: HashSet<String>,
    /// All its terms.
    pub(super) words: HashSet<String>,
    /// Its text as it is embedded.
    pub(super) embedded: String,
    /// The closeness of its vector to the question's, if that is known.
    pub(super) closeness: Option<f64>,
    /// What the rank of its passage counts, and its form.
    pub(super) rank: f64,
}

/// All that may be quoted, in order, and the question's terms for each passage.
pub(super) fn candidates(prompt: &Prompt) -> (Vec<Asked>, Vec<Candidate>) {
    let wanted = WantedForm::of(&prompt.question);
    let bare = bare(&prompt.question);
    let (mut asked, mut candidates) = (Vec::new(), Vec::new());
    for (place, passage) in prompt.passages.iter().enumerate() {
        // A text too short to tell its language is assumed to be in the question's, which is read with it.
        let told = analysis::language(&format!("{} {}", passage.text, prompt.question));
        let language = told.unwrap_or(analysis::UNDETERMINED);
        let terms = asked_terms(&bare, language);
        let heading = distinct(&passage.heading_path.join(" "), language);
        for (quotation, quote) in quotes(&passage.text).into_iter().enumerate() {
            if let Some(weight) = wanted.weight(&quote).filter(|_| !only_points(&quote.text)) {
                let place = QuotePlace { passage: place, quotation };
                let one = candidate(prompt, passage, quote, place, (&terms, &heading, language));
                candidates.push(Candidate { rank: one.rank * weight, ..one });
            }
        }
        asked.push(Asked { terms });
    }
    (asked, candidates)
}

/// The question's terms, those of the headings, and the passage's language.
type Beside<'a> = (&'a HashSet<String>, &'a HashSet<String>, &'a str);

fn candidate(
    prompt: &Prompt,
    passage: &Given,
    quote: Quote,
    place: QuotePlace,
    (asked, headings, language): Beside<'_>,
) -> Candidate {
    let words = distinct(&quote.text, language);
    let own: HashSet<String> = asked.intersection(&words).cloned().collect();
    let heading = asked.intersection(headings).filter(|term| !own.contains(*term)).cloned().collect();
    let embedded = embedded_text(&passage.heading_path, &quote.text);
    let closeness = prompt.closeness.as_ref().and_then(|closeness| closeness.of.get(&embedded)).copied();
    #[expect(clippy::cast_precision_loss, reason = "passages of a prompt")]
    let rank = 1.0 / (1.0 + RANK * place.passage as f64);
    let rank = if points(&quote.text) { rank * POINTER } else { rank };
    Candidate { quote, number: passage.number, place, own, heading, words, embedded, closeness, rank }
}

/// The terms of a question that was made bare, as they are cut in a language.
fn asked_terms(bare: &str, language: &str) -> HashSet<String> {
    let terms = analysis::asked(bare, language).into_iter();
    terms.filter(|term| !analysis::is_character(term) && !term.contains(|one| EMPTY.contains(one))).collect()
}

/// A question without what it measures by: "many" of "how many" is no word to look for.
fn without_measure(question: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in question.split(' ') {
        let is_measure = words.last().is_some_and(|before| {
            let (before, word) = (before.to_lowercase(), word.to_lowercase());
            (before == "how" && HOW.contains(&word.as_str()))
                || (before == "wie" && WIE.contains(&word.as_str()))
        });
        if !is_measure {
            words.push(word);
        }
    }
    words.join(" ")
}

/// A question without words such as *how*, which answer nothing; they are those of its own language, or of English where it is
/// too short to tell that.
fn bare(question: &str) -> String {
    let language = analysis::language(question).unwrap_or("en");
    let question = &without_measure(question);
    let asked: HashSet<String> = analysis::asked(question, language).into_iter().collect();
    let kept = analysis::terms(question, language).into_iter().filter(|term| asked.contains(&term.text));
    let mut bare = String::new();
    let mut end = 0;
    for range in kept.map(|term| term.range) {
        // Pairs of characters overlap, and go on from each other.
        if range.start > end && !bare.is_empty() {
            bare.push(' ');
        }
        bare.push_str(question.get(range.start.max(end)..range.end).unwrap_or_default());
        end = end.max(range.end);
    }
    bare
}

/// The terms that tell quotations apart: pairs in scripts without spaces, all terms otherwise.
fn distinct(text: &str, language: &str) -> HashSet<String> {
    let terms = analysis::terms(text, language).into_iter().map(|term| term.text);
    terms.filter(|term| !analysis::is_character(term)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_keeps_what_it_is_about() {
        assert_eq!(bare("What does waiting in Frankfurt cost?"), "waiting Frankfurt cost");
        assert_eq!(bare("Wie lange ist die Kündigungsfrist in der Probezeit?"), "Kündigungsfrist Probezeit");
        assert_eq!(bare("How many buckets can I create?"), "buckets create");
        assert_eq!(bare("蒙古的首都是哪里"), "蒙古的首都是哪里");
        let terms = asked_terms(&bare("蒙古的首都是哪里"), "zh");
        assert_eq!(terms, ["蒙古", "首都"].map(str::to_owned).into());
    }
}
