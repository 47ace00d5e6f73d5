//! Answers without a model, made of what the passages say that is closest to the question. Pure except for its trait.
//!
//! Quoted are sentences of prose, whole lists, rows of tables with their header, records, and code where it is asked for
//! ([`quote`]). Each is scored by the question's terms that it holds, weighted by their rarity among all quotations, by the
//! closeness of its vector to the question's where that is known, and by its passage's rank. They are chosen greedily; one
//! that adds nothing to those already chosen is left out (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998,
//! over the question's terms). A sentence brings the one that limits it along ([`context`]). Whether the whole answers is
//! judged ([`judge`]), and if not, nothing is written. Numbers in brackets of a passage are no citations (`marker`).

mod block;
mod candidate;
mod context;
pub mod judge;
mod quote;
mod sentence;
mod shown;

use std::collections::{HashMap, HashSet};

use super::{EndReason, Finish, LanguageModel, LlmError, Piece, Pieces, Prompt};
use candidate::{Asked, Candidate, candidates};
use judge::Judged;
use quote::Form;
use sentence::width;

/// Maximum number of quotations in an answer, without those that only limit another.
const MOST_QUOTATIONS: usize = 4;
/// Maximum length of an answer in characters; a Chinese character counts as three.
const LONGEST: usize = 700;
/// Minimum score of a further quotation, relative to the best.
const WORTHY: f64 = 0.55;
/// A term in the headings counts so much of one in the quotation itself.
const HEADING: f64 = 0.6;
/// The closeness of a vector counts so much of all terms.
const CLOSENESS: f64 = 0.7;
/// Maximum number of quotations whose closeness is worth asking for.
const MOST_READ: usize = 48;
/// Of the best passages so many quotations are read whatever words they have: a question in another language shares none.
const READ_ANYWAY: usize = 16;

/// The provider `extractive`.
#[derive(Clone, Copy, Debug)]
pub struct Extractive;

/// How close in meaning texts are to the question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closeness {
    /// For each text 0, no closer than any other passage of the index, to 1, as close as a passage to its own opening, or more.
    pub of: HashMap<String, f64>,
    /// Whether it could be read on that scale; if not, 0 and 1 are the least and the most of these texts.
    pub is_scaled: bool,
}

/// The texts of `prompt` whose [`Closeness`] is worth knowing, at most 48, as they are embedded.
#[must_use]
pub fn worth_reading(prompt: &Prompt) -> Vec<String> {
    let found = Found::of(prompt);
    let mut best: Vec<&Candidate> = found.candidates.iter().collect();
    best.sort_by(|a, b| found.terms(b, &HashSet::new()).total_cmp(&found.terms(a, &HashSet::new())));
    let anyway = found.candidates.iter().filter(|one| one.place.passage < 3).take(READ_ANYWAY);
    let mut seen = HashSet::new();
    let texts = anyway.chain(best).map(|one| &one.embedded).filter(|text| seen.insert(*text));
    texts.take(MOST_READ).cloned().collect()
}

/// The best quotations of a prompt's passages with their citations, and why they answer or not; none where there is
/// nothing to quote. Passages are in the order of their first choice.
#[must_use]
pub fn write(prompt: &Prompt) -> Option<(String, Judged)> {
    let found = Found::of(prompt);
    let chosen = found.choose();
    let best = chosen.first()?;
    let judged = found.judged(prompt, best, &chosen);
    Some((shown::shown(&found.in_context(&chosen)), judged))
}

/// What can be quoted, and what its terms weigh.
struct Found {
    candidates: Vec<Candidate>,
    /// The question's terms for each passage: each is cut as its own language is.
    asked: Vec<Asked>,
    weights: HashMap<String, f64>,
    is_scaled: bool,
}

impl Found {
    fn of(prompt: &Prompt) -> Self {
        let (asked, candidates) = candidates(prompt);
        let weights = weights(&asked, &candidates);
        let is_scaled = prompt.closeness.as_ref().is_some_and(|closeness| closeness.is_scaled);
        Self { candidates, asked, weights, is_scaled }
    }

    /// The weighted share of the question's terms that a candidate holds; those in `covered` count a quarter.
    fn terms(&self, one: &Candidate, covered: &HashSet<&str>) -> f64 {
        let of = |term: &String| {
            let weight = self.weights.get(term).copied().unwrap_or_default();
            if covered.contains(term.as_str()) { weight / 4.0 } else { weight }
        };
        // The sum of nothing is -0.0.
        let own = 0.0 + one.own.iter().map(of).sum::<f64>();
        let heading: f64 = one.heading.iter().map(of).sum();
        let all = self.all(one.place.passage);
        if all > 0.0 { (own + HEADING * heading) / all } else { 0.0 }
    }

    /// What all terms of the question weigh, as they are cut for a passage.
    fn all(&self, passage: usize) -> f64 {
        let asked = self.asked.get(passage).map(|asked| &asked.terms);
        asked.into_iter().flatten().filter_map(|term| self.weights.get(term)).sum()
    }

    /// What a candidate is worth beside those chosen, which hold the terms in `covered`.
    fn worth(&self, one: &Candidate, covered: &HashSet<&str>) -> f64 {
        let close = one.closeness.unwrap_or_default().clamp(0.0, 1.2) * CLOSENESS;
        let close = if covered.is_empty() { close } else { close / 2.0 };
        (self.terms(one, covered) + close) * one.rank
    }

    /// The best candidates, best first.
    fn choose(&self) -> Vec<&Candidate> {
        let (mut chosen, mut covered, mut length) = (Vec::<&Candidate>::new(), HashSet::new(), 0);
        let mut first = None;
        while chosen.len() < MOST_QUOTATIONS {
            let free = self.candidates.iter().filter(|one| chosen.iter().all(|other| !is_like(one, other)));
            let fits = free.filter(|one| chosen.is_empty() || length + width(&one.quote.text) <= LONGEST);
            let best = fits.max_by(|a, b| {
                self.worth(a, &covered)
                    .total_cmp(&self.worth(b, &covered))
                    .then_with(|| b.place.cmp(&a.place))
            });
            let Some(best) = best else { break };
            let worth = self.worth(best, &covered);
            if worth <= 0.0 || worth < WORTHY * *first.get_or_insert(worth) {
                break;
            }
            length += width(&best.quote.text);
            covered.extend(best.own.iter().chain(&best.heading).map(String::as_str));
            chosen.push(best);
        }
        chosen
    }

    /// The chosen ones with the sentences that limit them, or that they lean on: the passage of the best one first, within
    /// a passage in the original order.
    fn in_context<'a>(&'a self, chosen: &[&'a Candidate]) -> Vec<&'a Candidate> {
        let order: Vec<usize> = chosen.iter().map(|one| one.place.passage).collect();
        let mut length: usize = chosen.iter().map(|one| width(&one.quote.text)).sum();
        let mut all: Vec<&Candidate> = chosen.to_vec();
        for one in chosen.iter().filter(|one| one.quote.form == Form::Sentence) {
            let mut last = *one;
            let before = self.beside(one, -1).filter(|_| context::leans(&one.quote.text));
            let mut beside: Vec<&Candidate> = before.into_iter().collect();
            while let Some(next) = self.beside(last, 1).filter(|next| context::limits(&next.quote.text)) {
                beside.push(next);
                last = next;
            }
            for candidate in beside {
                let is_new = all.iter().all(|other| other.place != candidate.place);
                if is_new && length + width(&candidate.quote.text) <= LONGEST {
                    length += width(&candidate.quote.text);
                    all.push(candidate);
                }
            }
        }
        let first_mention = |place: usize| order.iter().position(|other| *other == place);
        all.sort_by_key(|one| (first_mention(one.place.passage), one.place.quotation));
        all
    }

    /// The sentence before or after one, in the same part of its passage.
    fn beside(&self, one: &Candidate, by: isize) -> Option<&Candidate> {
        let at = self.candidates.iter().position(|other| other.place == one.place)?;
        let beside = self.candidates.get(at.checked_add_signed(by)?)?;
        let is_same = beside.place.passage == one.place.passage && beside.quote.block == one.quote.block;
        (is_same && beside.quote.form == Form::Sentence).then_some(beside)
    }

    fn judged(&self, prompt: &Prompt, best: &Candidate, chosen: &[&Candidate]) -> Judged {
        let none = HashSet::new();
        let covered: HashSet<&String> =
            chosen.iter().flat_map(|one| one.own.iter().chain(&one.heading)).collect();
        let held = 0.0 + covered.into_iter().filter_map(|term| self.weights.get(term)).sum::<f64>();
        let all = self.all(best.place.passage);
        let coverage = if all > 0.0 { (held / all).min(1.0) } else { 0.0 };
        let closest = chosen.iter().filter_map(|one| one.closeness).max_by(f64::total_cmp);
        let closeness = closest.filter(|_| self.is_scaled).map(|close| close.clamp(0.0, 1.2));
        let names = judge::names(&prompt.question, &prompt.passages);
        Judged::of(coverage, self.terms(best, &none), closeness, names)
    }
}

/// The weight of each of the question's terms: higher, the fewer quotations hold it.
fn weights(asked: &[Asked], candidates: &[Candidate]) -> HashMap<String, f64> {
    let mut holding: HashMap<&str, usize> = HashMap::new();
    for term in candidates.iter().flat_map(|candidate| candidate.own.iter().chain(&candidate.heading)) {
        *holding.entry(term).or_default() += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "quotations of a prompt")]
    let weight = |term: &str| {
        let count = holding.get(term).copied().unwrap_or_default();
        (1.0 + candidates.len() as f64 / (count as f64 + 0.5)).ln()
    };
    let terms: HashSet<&String> = asked.iter().flat_map(|asked| &asked.terms).collect();
    terms.into_iter().map(|term| (term.clone(), weight(term))).collect()
}

/// Whether one quotation says little that the other does not.
fn is_like(one: &Candidate, other: &Candidate) -> bool {
    let shared = one.words.intersection(&other.words).count();
    one.place == other.place || shared * 5 >= one.words.len().min(other.words.len()) * 4
}

impl LanguageModel for Extractive {
    async fn answer(&self, prompt: Prompt) -> Result<Pieces, LlmError> {
        let written = write(&prompt);
        let judged = written.as_ref().map(|(_, judged)| *judged);
        let text = written.filter(|(_, judged)| judged.answers()).map(|(text, _)| Piece::Text(text));
        let finish = Finish { reason: EndReason::Stop, usage: None, judged };
        let pieces: Vec<Result<Piece, LlmError>> =
            text.into_iter().chain([Piece::Finish(finish)]).map(Ok).collect();
        Ok(Box::pin(futures::stream::iter(pieces)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::citation::{CitationFilter, sentences};
    use crate::llm::Given;

    /// The answer to a question by its words alone.
    fn extract(question: &str, passages: &[Given]) -> String {
        let prompt = prompt(question, passages);
        write(&prompt).map(|(text, _)| text).unwrap_or_default()
    }

    fn prompt(question: &str, passages: &[Given]) -> Prompt {
        Prompt { question: question.to_owned(), passages: passages.to_vec(), ..Prompt::default() }
    }

    fn given(texts: &[&str]) -> Vec<Given> {
        let one = |(number, text): (usize, &&str)| Given {
            number,
            text: (*text).to_owned(),
            heading_path: Vec::new(),
            document: "docs/a.md".to_owned(),
        };
        (1..).zip(texts).map(one).collect()
    }

    #[test]
    fn the_sentence_that_answers_is_given_with_its_passage() {
        let passages = given(&[
            "Green tea grows in the hills. Green tea is steeped at eighty degrees for two minutes. It is drunk hot.",
            "Black tea is steeped with boiling water. The pot is warmed before.",
        ]);
        let answer = extract("How long is green tea steeped?", &passages);
        assert!(
            answer.starts_with("Green tea is steeped at eighty degrees for two minutes. [1]"),
            "{answer}"
        );
        assert_eq!(extract("quantum chromodynamics", &passages), "");
    }

    #[test]
    fn german_and_chinese_are_answered_too() {
        let german = given(&["Die Häuser wurden 1890 gebaut. Heute wohnen darin Studenten."]);
        assert_eq!(extract("Wann wurde das Haus gebaut?", &german), "Die Häuser wurden 1890 gebaut. [1]");
        let chinese =
            given(&["对象存储适合保存图片。单个对象的大小不能超过48.8TB。存储空间的名称全局唯一。"]);
        let answer = extract("单个对象最大多少？", &chinese);
        assert!(answer.starts_with("单个对象的大小不能超过48.8TB。 [1]"), "{answer}");
    }

    #[test]
    fn what_shares_but_empty_words_with_the_question_is_no_answer() {
        let passages = given(&[
            "The Panthers defense gave up just 308 points. It led the league in interceptions.",
            "The transfer of genes is how we know about the many lost chloroplasts in these lineages of plants.",
        ]);
        let answer = extract("How many points did the Panthers defense surrender?", &passages);
        assert_eq!(answer, "The Panthers defense gave up just 308 points. [1]");
    }

    #[test]
    fn code_is_no_sentence() {
        let code = "\"query\": \"how does a deleted file leave the indexes\", \"mode\": \"hybrid\", \"took_ms\": 143,";
        let call = "remove_deleted_file_of_indexes(file, 0 /* both */);";
        let code = format!("{code}\n{call}");
        let passages = given(&[&code, "A deleted file leaves both indexes by a tombstone for each passage."]);
        let answer = extract("How does a deleted file leave the indexes?", &passages);
        assert_eq!(answer, "A deleted file leaves both indexes by a tombstone for each passage. [2]");
    }

    #[test]
    fn what_was_said_already_is_not_said_again() {
        let passages = given(&[
            "The cat sleeps on the warm windowsill.\n\n| cat | sleeps | windowsill |",
            "The cat sleeps on the warm windowsill, really.",
            "| cat | windowsill |\n| --- | --- |\n| sleeps | warm cat on the windowsill sleeps a lot today |",
        ]);
        let answer = extract("Where does the cat sleep on the windowsill?", &passages);
        assert_eq!(answer.matches("sleeps").count(), 1, "{answer}");
    }

    #[test]
    fn a_row_or_a_record_answers_with_what_its_cells_are_called() {
        let passages = given(&[
            "Rates of taxis are below.\n\ncity | first km | waiting\nFrankfurt | 4.00 EUR | 38 EUR\nKassel | 3.80 EUR | 35 EUR",
            "name: blue lamp\nprice: 49 EUR\n\nname: red lamp\nprice: 59 EUR",
        ]);
        let answer = extract("What does waiting cost in Frankfurt?", &passages);
        assert!(answer.starts_with("city: Frankfurt; first km: 4.00 EUR; waiting: 38 EUR [1]"), "{answer}");
        let answer = extract("price of the red lamp", &passages);
        assert!(answer.starts_with("name: red lamp; price: 59 EUR [2]"), "{answer}");
    }

    #[test]
    fn what_limits_a_sentence_is_said_with_it() {
        let passages =
            given(&["Everybody has 22 days of annual leave. After five years it is 27. Cats sleep a lot."]);
        let answer = extract("How many days of annual leave does everybody have?", &passages);
        assert_eq!(answer, "Everybody has 22 days of annual leave. [1] After five years it is 27. [1]");
        let passages = given(&["员工每年有22天年假。但试用期员工没有年假。猫在睡觉。"]);
        let answer = extract("员工每年有几天年假？", &passages);
        assert_eq!(answer, "员工每年有22天年假。 [1] 但试用期员工没有年假。 [1]");
    }

    #[test]
    fn steps_stay_together_and_code_is_shown_as_code_where_it_is_asked_for() {
        let steps =
            "To apply for leave:\n1. Open the form.\n2. Fill in the dates.\n3. Send it to your manager.";
        let code = "Buckets are made by one call.\n\n// make the bucket\nclient.make_bucket(name[0]);";
        let passages = given(&[steps, code]);
        let answer = extract("How do I apply for leave?", &passages);
        let list = "To apply for leave: [1]\n1. Open the form. [1]\n2. Fill in the dates. [1]\n3. Send it to your manager. [1]";
        assert_eq!(answer, list);
        let answer = extract("Show me code that makes a bucket", &passages);
        assert!(
            answer.contains("```\n// make the bucket\nclient.make_bucket(name[0]);\n```\n[2]"),
            "{answer}"
        );
        let answer = extract("Who makes a bucket?", &passages);
        assert!(!answer.contains("client"), "{answer}");
    }

    #[test]
    fn vectors_tell_what_words_do_not() {
        let passages = given(&["The lid is red. The pump has to be switched off before it is cleaned."]);
        let mut prompt = prompt("Wie wird das Gerät gereinigt?", &passages);
        assert_eq!(write(&prompt), None);
        let read = worth_reading(&prompt);
        let of = read.into_iter().map(|text| (text.clone(), if text.contains("pump") { 0.9 } else { 0.1 }));
        prompt.closeness = Some(Closeness { of: of.collect(), is_scaled: true });
        let (text, judged) = write(&prompt).unwrap();
        assert!(text.starts_with("The pump has to be switched off before it is cleaned. [1]"), "{text}");
        assert_eq!(judged.closeness, Some(0.9));
    }

    #[test]
    fn a_sentence_is_given_whole_over_a_line_break() {
        let english = given(&["The switch of the pump is on the\nleft side of the panel. It is red."]);
        let answer = extract("Where is the switch of the pump?", &english);
        assert_eq!(answer, "The switch of the pump is on the left side of the panel. [1]");
        let chinese = given(&["水泵的开关在\n左边的面板上，按一次即可关闭。"]);
        let answer = extract("水泵的开关在哪里？", &chinese);
        assert_eq!(answer, "水泵的开关在左边的面板上，按一次即可关闭。 [1]");
    }

    #[test]
    fn the_only_citation_is_that_of_the_passage() {
        let passages = given(&["狗在看守大门。", "The cat sleeps on the sill,[1] as Zhang [9] showed.[2]"]);
        let answer = extract("Where does the cat sleep?", &passages);
        assert_eq!(answer, "The cat sleeps on the sill,(1) as Zhang (9) showed(2). [2]");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_a_passage_holds_the_answer_cites_that_passage(
            noise in "[\\[\\]【】［］0-9２, ^a-c_.。`\n-]{0,30}",
        ) {
            let text = format!("The cat {noise} sleeps on the warm windowsill {noise} all afternoon.");
            let passages = given(&["狗在看守大门。", &text]);
            let answer = extract("Where does the cat sleep on the windowsill?", &passages);
            let mut filter = CitationFilter::new(2);
            let mut shown = filter.push(&answer);
            shown.push_str(&filter.finish());
            prop_assert_eq!(filter.invented, 0);
            for sentence in sentences(&shown, 2) {
                prop_assert!(!sentence.citations.contains(&1), "{answer:?}: {sentence:?}");
            }
        }
    }
}
