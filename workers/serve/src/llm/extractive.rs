//! Answers without a model, made of what the passages say that is closest to the question. Pure except for its trait.
//!
//! Quoted are sentences of prose, whole lists, rows of tables with their header, records, and code where it is asked for
//! ([`quote`], [`wanted`]). Each is scored by the question's terms that it holds, weighted by their rarity among all quotations, by the
//! closeness of its vector to the question's where that is known, and by its passage's rank. They are chosen greedily; one
//! that adds nothing to those already chosen is left out (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998,
//! over the question's terms; [`choice`]). A sentence brings the one that limits it along ([`context`]). Whether the whole answers is
//! judged ([`judge`]), and if not, nothing is written. Numbers in brackets of a passage are no citations (`marker`).

mod block;
mod candidate;
mod choice;
mod context;
pub mod judge;
mod quote;
mod sentence;
mod shown;
mod wanted;

use std::collections::{HashMap, HashSet};

use super::{EndReason, Finish, LanguageModel, LlmError, Piece, Pieces, Prompt};
use candidate::Candidate;
use choice::Found;
use judge::Judged;

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
            about: String::new(),
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
    fn prose_answers_before_code_and_a_number_is_given_where_one_is_asked_for() {
        let code = "client.delete_bucket(bucket);\nbucket.delete(now);";
        let passages =
            given(&[code, "To delete a bucket, empty it first. Then confirm its name in the console."]);
        let answer = extract("How do I delete a bucket?", &passages);
        assert!(answer.starts_with("To delete a bucket, empty it first. [2]"), "{answer}");
        let passages = given(&[
            "An account can have many buckets, created in the console. Up to 100 buckets can be created.",
        ]);
        let answer = extract("How many buckets can I create?", &passages);
        assert!(answer.starts_with("Up to 100 buckets can be created. [1]"), "{answer}");
    }

    #[test]
    fn a_question_about_nothing_has_no_answer() {
        let passages = given(&["Delete objects with caution, since nobody can recover what is deleted."]);
        let judged = |question: &str| write(&prompt(question, &passages)).unwrap().1;
        assert!(!judged("ok and how do I delete it?").answers());
        assert!(judged("how do I delete objects?").answers());
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
