//! `eval-answers SET`.

use std::collections::{BTreeMap, HashSet};
use std::process::ExitCode;

use eval::beir::{JudgedQuestion, RetrievalSet};
use eval::compare::{Baseline, difference};
use eval::kept;
use eval::score::{Scores, holds_answer};
use futures::StreamExt as _;
use process::Failure;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::ask::Asking;
use crate::cli::EvalAnswers;
use crate::show;

/// Number of questions in progress.
const AT_ONCE: usize = 2;
/// A citation supports its sentence if its passage has this share of the sentence's terms.
const SUPPORTS: f64 = 0.5;

/// What became of one question.
struct Asked {
    id: String,
    found: bool,
    /// Whether the answer holds one of the set's, and whether a cited passage does.
    holds: bool,
    cites: bool,
    /// How many sentences cite something, and how many of them hold what a passage says that they cite.
    citing: usize,
    supported: usize,
    characters: usize,
    milliseconds: u64,
}

pub(super) async fn run(ask: EvalAnswers) -> Result<ExitCode, Failure> {
    let name = |dir: &std::path::Path| dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let set = RetrievalSet::read(&ask.dir, &ask.split)?;
    let questions: Vec<JudgedQuestion> =
        set.questions.into_iter().filter(|asked| !asked.answers.is_empty()).collect();
    if questions.is_empty() {
        return Err(
            format!("{} has no answers (metadata.answers in queries.jsonl)", ask.dir.display()).into()
        );
    }
    let mut others = Vec::new();
    for dir in &ask.others {
        others.extend(some(any_split(dir, &ask.split)?, ask.questions.div_ceil(ask.others.len())));
    }
    let asking = Asking::new(&ask.serve)?;
    let answered = asked(&asking, &ask, &some(questions, ask.questions)).await?;
    let refused = asked(&asking, &ask, &others).await?;
    let set = format!("{} {} answered by {}", name(&ask.dir), ask.split, ask.application);
    report(&ask, &set, &answered, &refused)?;
    let now = baseline(&set, &answered, &refused);
    let before = ask.baseline.as_deref().map(kept::read).transpose()?;
    if let Some(path) = &ask.save {
        kept::write(path, &now)?;
    }
    let dropped = before.is_some_and(|before| is_worse(&before, &now));
    Ok(if dropped { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The questions of a set whose judgements do not count here: of a split, or else of another one that it has.
fn any_split(dir: &std::path::Path, split: &str) -> Result<Vec<JudgedQuestion>, Failure> {
    let named = RetrievalSet::read(dir, split).map(|set| set.questions);
    named.or_else(|error| {
        let mut others = ["test", "dev", "train"].into_iter();
        let set = others.find_map(|split| RetrievalSet::read(dir, split).ok());
        Ok(set.ok_or(error)?.questions)
    })
}

/// At most so many questions, evenly over the set, so that they are the same ones each time.
fn some(questions: Vec<JudgedQuestion>, most: usize) -> Vec<JudgedQuestion> {
    let step = questions.len().div_ceil(most.max(1)).max(1);
    questions.into_iter().step_by(step).collect()
}

async fn asked(
    asking: &Asking,
    ask: &EvalAnswers,
    questions: &[JudgedQuestion],
) -> Result<Vec<Asked>, Failure> {
    let bar = show::bar(questions.len() as u64, "asking");
    let one = async |asked: &JudgedQuestion| -> Result<Asked, Failure> {
        let begun = Instant::now();
        let answer = asking.ask_under(&asked.text, &ask.application, ask.prefix.as_deref()).await?;
        let milliseconds = u64::try_from(begun.elapsed().as_millis())?;
        bar.inc(1);
        Ok(judged(asked, &answer, milliseconds))
    };
    let mut all = Vec::new();
    let mut answers = futures::stream::iter(questions.iter().map(one)).buffered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        all.push(answer?);
    }
    bar.finish_and_clear();
    Ok(all)
}

fn judged(asked: &JudgedQuestion, answer: &Value, milliseconds: u64) -> Asked {
    let found = answer["found"] == Value::Bool(true);
    let text = answer["answer"].as_str().unwrap_or_default();
    let list = |name: &str| answer[name].as_array().into_iter().flatten();
    let cited: BTreeMap<u64, String> = list("citations").filter_map(cited).collect();
    let mut result = Asked {
        id: asked.id.clone(),
        found,
        holds: found && holds_answer(&[text], &asked.answers),
        cites: found && cited.values().any(|passage| holds_answer(&[passage], &asked.answers)),
        citing: 0,
        supported: 0,
        characters: if found { text.chars().count() } else { 0 },
        milliseconds,
    };
    for sentence in list("sentences") {
        let numbers = sentence["citations"].as_array().into_iter().flatten().filter_map(Value::as_u64);
        let passages: Vec<&String> = numbers.filter_map(|number| cited.get(&number)).collect();
        if !passages.is_empty() {
            result.citing += 1;
            let text = sentence["text"].as_str().unwrap_or_default();
            result.supported += usize::from(passages.into_iter().any(|passage| supports(passage, text)));
        }
    }
    result
}

/// A cited passage by its number, with what the model was given beside it.
fn cited(source: &Value) -> Option<(u64, String)> {
    let texts = ["before", "text", "after"].map(|name| source[name].as_str().unwrap_or_default());
    Some((source["number"].as_u64()?, texts.join(" ")))
}

/// Whether a passage has at least half of a sentence's terms.
#[expect(clippy::cast_precision_loss, reason = "terms of a sentence")]
fn supports(passage: &str, sentence: &str) -> bool {
    let language = analysis::language(passage).unwrap_or(analysis::UNDETERMINED);
    let terms = |text: &str| -> HashSet<String> {
        analysis::terms(text, language).into_iter().map(|term| term.text).collect()
    };
    let (held, said) = (terms(passage), terms(sentence));
    let shared = said.intersection(&held).count();
    said.is_empty() || shared as f64 >= SUPPORTS * said.len() as f64
}

fn report(ask: &EvalAnswers, set: &str, answered: &[Asked], refused: &[Asked]) -> Result<(), Failure> {
    let share =
        |all: &[Asked], is: fn(&Asked) -> bool| ratio(all.iter().filter(|one| is(one)).count(), all.len());
    let sum = |of: fn(&Asked) -> usize| answered.iter().map(of).sum::<usize>();
    let middle = |mut numbers: Vec<u64>, percent: usize| {
        numbers.sort_unstable();
        numbers.get((numbers.len() * percent / 100).min(numbers.len().saturating_sub(1))).copied()
    };
    let lengths = answered.iter().filter(|one| one.found).map(|one| one.characters as u64).collect();
    let times: Vec<u64> = answered.iter().map(|one| one.milliseconds).collect();
    let told = json!({
        "set": set, "questions": answered.len(), "found": share(answered, |one| one.found),
        "holds_the_answer": share(answered, |one| one.holds), "cites_the_answer": share(answered, |one| one.cites),
        "supported": ratio(sum(|one| one.supported), sum(|one| one.citing)), "characters": middle(lengths, 50),
        "others": refused.len(), "refused": share(refused, |one| !one.found),
        "p50_ms": middle(times.clone(), 50), "p95_ms": middle(times, 95),
    });
    if ask.json {
        return Ok(show::json(&told)?);
    }
    let number =
        |name: &str| told[name].as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.3}"));
    show::line(&format!("{set}: {} questions, {} of other sets", answered.len(), refused.len()));
    for (name, what) in [
        ("found", "answered"),
        ("holds_the_answer", "answers that hold the right one, word for word, of all questions"),
        ("cites_the_answer", "answers that cite a passage which holds it"),
        ("supported", "sentences whose passage has half of their words, of those that cite one"),
        ("refused", "questions of other sets that were not answered"),
    ] {
        show::line(&format!("  {:<7} {what}", number(name)));
    }
    let (length, half, most) = (&told["characters"], &told["p50_ms"], &told["p95_ms"]);
    show::line(&format!("  {length} characters in the median; p50 {half} ms, p95 {most} ms"));
    Ok(())
}

/// A share; none of nothing.
#[expect(clippy::cast_precision_loss, reason = "numbers of questions")]
fn ratio(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// What is kept of each question, in the form of scores: in `ndcg` whether it was answered rightly, or rightly not.
fn baseline(set: &str, answered: &[Asked], refused: &[Asked]) -> Baseline {
    let scores = |all: &[Asked], is_right: fn(&Asked) -> bool| {
        let one = |asked: &Asked| {
            (asked.id.clone(), Scores { ndcg: f64::from(is_right(asked)), ..Scores::default() })
        };
        all.iter().map(one).collect::<BTreeMap<_, _>>()
    };
    let modes =
        [("answers", scores(answered, |one| one.holds)), ("others", scores(refused, |one| !one.found))];
    let modes = modes.into_iter().map(|(name, scores)| (name.to_owned(), scores)).collect();
    Baseline { set: set.to_owned(), modes }
}

/// Says how each kind of question compares with the baseline; true when one is worse, and not by chance.
fn is_worse(before: &Baseline, now: &Baseline) -> bool {
    let mut worse = false;
    for (kind, scores) in &now.modes {
        let Some(kept) = before.modes.get(kind) else { continue };
        let pairs = scores.iter().filter_map(|(id, now)| Some((*now, *kept.get(id)?)));
        let (now, then): (Vec<Scores>, Vec<Scores>) = pairs.unzip();
        let found = difference(&now, &then, |scores| scores.ndcg);
        worse |= found.is_drop();
        let verdict = if found.is_drop() { "worse" } else { "not worse" };
        let (mean, low, high) = (found.mean, found.low, found.high);
        show::note(&format!("{kind:<8} {mean:+.3} [{low:+.3}, {high:+.3}] against the baseline: {verdict}"));
    }
    worse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(answer: &str) -> JudgedQuestion {
        JudgedQuestion { id: "q".to_owned(), text: "?".to_owned(), answers: vec![answer.to_owned()] }
    }

    #[test]
    fn an_answer_is_judged_by_what_it_says_and_what_it_cites() {
        let answer = json!({
            "found": true, "answer": "It has thirty days of leave. [1] Dogs bark. [2]",
            "sentences": [
                {"text": "It has thirty days of leave.", "citations": [1]}, {"text": "Cats purr at night.", "citations": [2]},
                {"text": "So it is.", "citations": []},
            ],
            "citations": [
                {"number": 1, "text": "Everybody has thirty days of leave."}, {"number": 2, "text": "Dogs bark.", "after": "They run."},
            ],
        });
        let one = judged(&question("thirty days"), &answer, 7);
        assert_eq!((one.found, one.holds, one.cites, one.citing, one.supported), (true, true, true, 2, 1));
        let one = judged(&question("forty days"), &answer, 7);
        assert_eq!((one.holds, one.cites), (false, false));
        let nothing =
            json!({"found": false, "answer": "Nothing holds thirty days.", "sentences": [], "citations": []});
        let one = judged(&question("thirty days"), &nothing, 7);
        assert_eq!((one.found, one.holds, one.cites, one.characters), (false, false, false, 0));
    }

    #[test]
    fn the_same_questions_are_asked_each_time_and_a_drop_is_told_from_chance() {
        let many = |count: usize| -> Vec<JudgedQuestion> {
            (0..count).map(|number| JudgedQuestion { id: number.to_string(), ..question("a") }).collect()
        };
        let ids: Vec<String> = some(many(10), 4).into_iter().map(|asked| asked.id).collect();
        assert_eq!(ids, ["0", "3", "6", "9"]);
        assert_eq!((some(many(3), 10).len(), some(many(3), 0).len()), (3, 1));
        let kept = |right: usize| {
            let scores = |number: usize| Scores { ndcg: f64::from(number < right), ..Scores::default() };
            let all = (0..100).map(|number| (format!("{number:03}"), scores(number))).collect();
            Baseline { set: "s".to_owned(), modes: [("answers".to_owned(), all)].into() }
        };
        assert!(is_worse(&kept(90), &kept(60)));
        assert!(!is_worse(&kept(90), &kept(89)) && !is_worse(&kept(60), &kept(90)));
    }
}
