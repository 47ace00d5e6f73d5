//! Answers without a model, made of the passages' sentences that contain most of the question. Pure except for its
//! trait.
//!
//! A sentence is scored by the question's terms that it contains, each weighted by its rarity among the sentences of
//! the given passages, and by its passage's rank. Sentences are chosen greedily; one that adds nothing to those
//! already chosen is left out (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998, over the question's
//! terms). Numbers in brackets that a sentence has of its own are no citations (`marker`).

mod sentence;

use std::collections::{HashMap, HashSet};

use super::{EndReason, Finish, Given, LanguageModel, LlmError, Piece, Pieces, Prompt, Usage};
use sentence::{quotable, width};

/// Maximum number of sentences in an answer.
const MOST_SENTENCES: usize = 4;
/// Maximum length of an answer in characters; a Chinese character counts as three.
const LONGEST: usize = 700;
/// Minimum score of a further sentence, relative to the best.
const WORTHY: f64 = 0.45;
/// Influence of the rank: the last of ten passages counts two thirds of the first.
const RANK: f64 = 0.05;

/// The provider `extractive`.
#[derive(Clone, Copy, Debug)]
pub struct Extractive;

/// The position of a sentence; ordered by passage, then within it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SentencePlace {
    passage: usize,
    sentence: usize,
}

/// A sentence that may answer the question.
struct Candidate {
    text: String,
    number: usize,
    place: SentencePlace,
    terms: HashSet<String>,
    words: HashSet<String>,
    rank: f64,
}

/// The best sentences of the passages with their citations, passages in order of first choice.
#[must_use]
pub fn extract(question: &str, passages: &[Given]) -> String {
    let candidates = candidates(question, passages);
    let weights = weights(&candidates);
    let chosen = choose(&candidates, &weights);
    let cited = |one: &&Candidate| format!("{} [{}]", one.text, one.number);
    chosen.iter().map(cited).collect::<Vec<_>>().join(" ")
}

fn candidates(question: &str, passages: &[Given]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (place, passage) in passages.iter().enumerate() {
        // A text too short to tell its language is assumed to be in the question's.
        let told = analysis::language(&passage.text).or_else(|| analysis::language(question));
        let language = told.unwrap_or(analysis::UNDETERMINED);
        // Words such as *how* answer nothing.
        let asked: HashSet<String> = analysis::asked(question, language)
            .into_iter()
            .filter(|term| !analysis::is_character(term))
            .collect();
        let heading = distinct(&passage.heading_path.join(" "), language);
        #[expect(clippy::cast_precision_loss, reason = "passages of a prompt")]
        let rank = 1.0 / (1.0 + RANK * place as f64);
        for (ordinal, text) in quotable(&passage.text).into_iter().enumerate() {
            let words = distinct(&text, language);
            // Words in the headings count for every sentence of the passage, but are not its own words.
            let terms = asked.iter().filter(|term| words.contains(*term) || heading.contains(*term));
            candidates.push(Candidate {
                text,
                number: passage.number,
                place: SentencePlace { passage: place, sentence: ordinal },
                terms: terms.cloned().collect(),
                words,
                rank,
            });
        }
    }
    candidates
}

/// The terms that tell sentences apart: pairs in scripts without spaces, all terms otherwise.
fn distinct(text: &str, language: &str) -> HashSet<String> {
    let terms = analysis::terms(text, language).into_iter().map(|term| term.text);
    terms.filter(|term| !analysis::is_character(term)).collect()
}

/// The weight of each of the question's terms: higher, the fewer sentences contain it.
fn weights(candidates: &[Candidate]) -> HashMap<String, f64> {
    let mut holding: HashMap<&str, usize> = HashMap::new();
    for term in candidates.iter().flat_map(|candidate| &candidate.terms) {
        *holding.entry(term).or_default() += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "sentences of a prompt")]
    let weight = |count: usize| (1.0 + candidates.len() as f64 / (count as f64 + 0.5)).ln();
    holding.into_iter().map(|(term, count)| (term.to_owned(), weight(count))).collect()
}

fn choose<'a>(candidates: &'a [Candidate], weights: &HashMap<String, f64>) -> Vec<&'a Candidate> {
    let value = |candidate: &Candidate, covered: &HashSet<&str>| {
        let of = |term: &String| {
            let weight = weights.get(term).copied().unwrap_or_default();
            if covered.contains(term.as_str()) { weight / 4.0 } else { weight }
        };
        candidate.terms.iter().map(of).sum::<f64>() * candidate.rank
    };
    let (mut chosen, mut covered, mut length) = (Vec::<&Candidate>::new(), HashSet::new(), 0);
    let mut first = None;
    while chosen.len() < MOST_SENTENCES {
        let free = candidates.iter().filter(|one| chosen.iter().all(|other| !is_like(one, other)));
        let fits = free.filter(|one| chosen.is_empty() || length + width(&one.text) <= LONGEST);
        let best = fits.max_by(|a, b| {
            value(a, &covered).total_cmp(&value(b, &covered)).then_with(|| b.place.cmp(&a.place))
        });
        let Some(best) = best else { break };
        let worth = value(best, &covered);
        if worth <= 0.0 || worth < WORTHY * *first.get_or_insert(worth) {
            break;
        }
        length += width(&best.text);
        covered.extend(best.terms.iter().map(String::as_str));
        chosen.push(best);
    }
    // The passage of the best sentence first; within a passage, in the original order.
    let order: Vec<usize> = chosen.iter().map(|one| one.place.passage).collect();
    let first_mention = |place: usize| order.iter().position(|other| *other == place);
    chosen.sort_by_key(|one| (first_mention(one.place.passage), one.place.sentence));
    chosen
}

/// Whether one sentence says little that the other does not.
fn is_like(one: &Candidate, other: &Candidate) -> bool {
    let shared = one.words.intersection(&other.words).count();
    one.place == other.place || shared * 5 >= one.words.len().min(other.words.len()) * 4
}

impl LanguageModel for Extractive {
    async fn answer(&self, prompt: Prompt) -> Result<Pieces, LlmError> {
        let answer = extract(&prompt.question, &prompt.passages);
        let finish = Finish { reason: EndReason::Stop, usage: Some(Usage::default()) };
        let text = Some(answer).filter(|answer| !answer.is_empty()).map(Piece::Text);
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
    fn what_was_said_already_is_not_said_again_and_rows_are_no_sentences() {
        let passages = given(&[
            "The cat sleeps on the warm windowsill. | cat | sleeps | windowsill |",
            "The cat sleeps on the warm windowsill, really.",
            "| cat | windowsill |\n| --- | --- |\n| sleeps | warm cat on the windowsill sleeps a lot today |",
        ]);
        let answer = extract("Where does the cat sleep on the windowsill?", &passages);
        assert_eq!(answer.matches("sleeps").count(), 1, "{answer}");
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
