//! Answers without a model, made of the passages' sentences that contain most of the question. Pure except for its
//! trait.
//!
//! A sentence is scored by the question's terms that it contains, each weighted by its rarity among the sentences of
//! the given passages, and by its passage's rank. Sentences are chosen greedily; one that adds nothing to those
//! already chosen is left out (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998, over the question's
//! terms).

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation as _;

use super::{EndReason, Finish, Given, LanguageModel, LlmError, Piece, Pieces, Prompt, Usage};

/// Maximum number of sentences in an answer.
const MOST_SENTENCES: usize = 4;
/// Maximum length of an answer in characters; a Chinese character counts as three.
const LONGEST: usize = 700;
/// Length of a sentence in characters: anything shorter is a heading or a table cell, anything longer is not a
/// sentence.
const SENTENCE: std::ops::RangeInclusive<usize> = 12..=600;
/// With more programming symbols than this, a sentence is code.
const MOST_SIGNS: usize = 6;
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
struct Candidate<'a> {
    text: &'a str,
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
    let cited = |one: &&Candidate<'_>| format!("{} [{}]", one.text, one.number);
    chosen.iter().map(cited).collect::<Vec<_>>().join(" ")
}

fn candidates<'a>(question: &str, passages: &'a [Given]) -> Vec<Candidate<'a>> {
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
        for (ordinal, text) in sentences(&passage.text).into_iter().enumerate() {
            let words = distinct(text, language);
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

/// The sentences of a passage, without list markers; table rows, code and headings are skipped.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for paragraph in text.split("\n\n") {
        let lines = paragraph.lines().filter(|line| !line.trim().is_empty()).count();
        let rows = paragraph.lines().filter(|line| line.contains(" | ") || line.starts_with('|')).count();
        if rows * 2 > lines || paragraph.trim_start().starts_with("```") {
            continue;
        }
        for line in paragraph.split('\n') {
            let sentences = line.split_sentence_bounds();
            let trimmed = sentences
                .map(|sentence| sentence.trim().trim_start_matches(['-', '*', '•', '#', '>', '|', ' ']));
            found.extend(trimmed.filter(|sentence| is_sentence(sentence)));
        }
    }
    found
}

fn is_sentence(text: &str) -> bool {
    let length = width(text);
    let letters = text.chars().filter(|character| character.is_alphabetic()).count();
    let ends = text.trim_end_matches(['"', '\'', ')', '”', '’', '»', '」', '』', '）', ']']);
    let ended = ends.ends_with(['.', '!', '?', '。', '！', '？', '…', '؟', '।', ':', '：', ';', '；']);
    let signs = text.chars().filter(|character| "{}[]<>\"=|`$\\_+&".contains(*character)).count();
    let is_code = signs > MOST_SIGNS || text.starts_with(['{', '[', '<', '"']) || text.ends_with(");");
    SENTENCE.contains(&length) && !is_code && letters * 2 > text.chars().count() && (ended || length > 40)
}

/// Length in characters; a Chinese character counts as three, because it says as much as several letters.
fn width(text: &str) -> usize {
    text.chars().map(|character| if matches!(character, '\u{3000}'..='\u{d7af}') { 3 } else { 1 }).sum()
}

/// The weight of each of the question's terms: higher, the fewer sentences contain it.
fn weights(candidates: &[Candidate<'_>]) -> HashMap<String, f64> {
    let mut holding: HashMap<&str, usize> = HashMap::new();
    for term in candidates.iter().flat_map(|candidate| &candidate.terms) {
        *holding.entry(term).or_default() += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "sentences of a prompt")]
    let weight = |count: usize| (1.0 + candidates.len() as f64 / (count as f64 + 0.5)).ln();
    holding.into_iter().map(|(term, count)| (term.to_owned(), weight(count))).collect()
}

fn choose<'a, 'b>(candidates: &'b [Candidate<'a>], weights: &HashMap<String, f64>) -> Vec<&'b Candidate<'a>> {
    let value = |candidate: &Candidate<'_>, covered: &HashSet<&str>| {
        let of = |term: &String| {
            let weight = weights.get(term).copied().unwrap_or_default();
            if covered.contains(term.as_str()) { weight / 4.0 } else { weight }
        };
        candidate.terms.iter().map(of).sum::<f64>() * candidate.rank
    };
    let (mut chosen, mut covered, mut length) = (Vec::<&Candidate<'_>>::new(), HashSet::new(), 0);
    let mut first = None;
    while chosen.len() < MOST_SENTENCES {
        let free = candidates.iter().filter(|one| chosen.iter().all(|other| !is_like(one, other)));
        let fits = free.filter(|one| chosen.is_empty() || length + width(one.text) <= LONGEST);
        let best = fits.max_by(|a, b| {
            value(a, &covered).total_cmp(&value(b, &covered)).then_with(|| b.place.cmp(&a.place))
        });
        let Some(best) = best else { break };
        let worth = value(best, &covered);
        if worth <= 0.0 || worth < WORTHY * *first.get_or_insert(worth) {
            break;
        }
        length += width(best.text);
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
fn is_like(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
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
    use super::*;

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
}
