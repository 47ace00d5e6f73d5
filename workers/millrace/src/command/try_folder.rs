//! `try FOLDER`: the system in one process, over a folder.

use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::process::ExitCode;
use std::time::Duration;

use model::BackendKind;
use process::{Failure, Host};
use tokio::time::{Instant, sleep};

use super::ask::{is_answered, print};
use crate::ask::Asking;
use crate::cli::{ServeAddress, Try};
use crate::show;
use crate::trial::{FileOutcome, Found, Outcomes, Trial};

/// How often the progress of reading is checked.
const GLANCE: Duration = Duration::from_millis(50);
/// How often the progress of reading is printed where no bar can be shown.
const SAID: Duration = Duration::from_secs(15);
/// How often the folder is scanned for changes.
const LOOK: Duration = Duration::from_millis(500);
/// Maximum number of files that are named individually.
const NAMED: usize = 10;
/// The application that always exists.
const APPLICATION: &str = "millrace";

pub(super) async fn run(ask: &Try) -> Result<ExitCode, Failure> {
    let host = Host::catch()?;
    let questions = questions(&ask.questions)?;
    let begun = Instant::now();
    let (mut trial, found) = Trial::start(ask).await?;
    introduce(ask, &trial, &found);
    let is_default = ask.model.is_none() && ask.backend.encoder != BackendKind::Hashing;
    let ended = tokio::select! {
        ended = work(&mut trial, &questions, begun, is_default) => ended,
        () = host.stopping() => Ok(ExitCode::SUCCESS),
    };
    trial.close().await;
    ended
}

/// Reads everything, then answers the questions; without questions, follows the folder until something fails.
async fn work(
    trial: &mut Trial,
    questions: &[String],
    begun: Instant,
    is_default: bool,
) -> Result<ExitCode, Failure> {
    let outcomes = read(trial, begun).await?;
    if let Some(said) = is_default.then(|| other_languages(&outcomes)).flatten() {
        show::note(&said);
    }
    if !questions.is_empty() {
        return answer(trial, questions).await;
    }
    show::line(&format!("The page: http://{}", trial.address()));
    show::note("The folder is followed: change, add or delete files, and search again. Ctrl-C ends it.");
    follow(trial).await
}

/// The questions; `-` stands for the lines of standard input.
fn questions(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut questions = Vec::new();
    for question in given {
        if question == "-" {
            let lines = std::io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?;
            questions.extend(lines.into_iter().filter(|line| !line.trim().is_empty()));
        } else {
            questions.push(question.clone());
        }
    }
    if questions.is_empty() && !given.is_empty() {
        return Err("there is no question in standard input".into());
    }
    Ok(questions)
}

/// Says what a trial is and what it is not.
fn introduce(ask: &Try, trial: &Trial, found: &Found) {
    show::note(
        "This is a trial: the stages and the page of the real thing, in one process and in memory. Nothing is kept when \
         it ends, nothing is there twice, and no more is read than memory holds. README.md (Run it) has the real thing.",
    );
    if ask.backend.encoder == BackendKind::Hashing {
        show::note(
            "WITHOUT A MODEL (--encoder hashing): vectors are made of words and mean nothing more. What is said in other \
             words is not found, and answers are worse than those of the real thing.",
        );
    }
    let Found { files, bytes, left_out } = found;
    let folder = ask.folder.display();
    show::note(&format!("Reading {folder}: {}, {}", counted(*files, "file"), size(*bytes)));
    if ask.questions.is_empty() {
        show::note(&format!("The page fills meanwhile: http://{}", trial.address()));
    }
    named(left_out.iter().map(|(path, cause)| format!("left out: {path}: {cause}")), "");
}

/// Waits until everything is searchable, and prints the outcome.
async fn read(trial: &mut Trial, begun: Instant) -> Result<Outcomes, Failure> {
    let files = trial.files();
    let bar = show::bar(files as u64, "reading");
    let mut said = Instant::now();
    while !trial.is_done() {
        tokio::select! {
            () = sleep(GLANCE) => {}
            failure = trial.ended() => return Err(failure),
        }
        let (arrived, passages) = trial.arrived().await?;
        bar.set_position(arrived as u64);
        bar.set_message(&format!("{passages} passages"));
        if bar.is_hidden() && said.elapsed() >= SAID {
            show::note(&format!("  {arrived} of {files} files, {passages} passages are searchable"));
            said = Instant::now();
        }
    }
    bar.finish_and_clear();
    trial.release();
    let outcomes = trial.outcomes().await?;
    let Outcomes { live, empty, refused, passages, .. } = &outcomes;
    let seconds = begun.elapsed().as_secs_f64();
    show::line(&format!(
        "Searchable after {seconds:.1} s: {} of {}; {} without text, {} refused",
        counted(usize::try_from(*passages)?, "passage"),
        counted(*live, "file"),
        empty,
        refused.len()
    ));
    named(
        refused.iter().map(|(key, cause)| format!("refused: {key}: {cause}")),
        ": see Documents on the page",
    );
    Ok(outcomes)
}

/// What to do where a third of the files is in languages that the default model does not know; it knows English.
fn other_languages(outcomes: &Outcomes) -> Option<String> {
    let all: usize = outcomes.languages.values().sum();
    let others = outcomes.languages.iter().filter(|(language, _)| *language != "en");
    let (names, counts): (Vec<&String>, Vec<&usize>) = others.unzip();
    let count: usize = counts.into_iter().sum();
    (count * 3 > all).then(|| {
        let names = names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        format!(
            "{count} of {} with a language are not in English ({names}), and the default model knows English only: \
             `compose/install model-e5`, and then --model $MILLRACE_HOME/dist/models/multilingual-e5-small finds them by meaning, too.",
            counted(all, "file")
        )
    })
}

/// Asks the server that runs in this process, as `millrace ask` does.
async fn answer(trial: &Trial, questions: &[String]) -> Result<ExitCode, Failure> {
    let serve_url = format!("http://{}", trial.address());
    let asking = Asking::new(&ServeAddress { serve_url, serve_key: None })?;
    let mut code = ExitCode::SUCCESS;
    for question in questions {
        let answer = asking.ask(question, APPLICATION).await?;
        if !is_answered(&answer) {
            code = ExitCode::FAILURE;
        }
        show::line(&format!("\n> {question}"));
        print(&answer);
    }
    Ok(code)
}

/// Follows the changes in the folder until a stage or the server ends.
async fn follow(trial: &mut Trial) -> Result<ExitCode, Failure> {
    let mut changed: BTreeSet<String> = BTreeSet::new();
    let mut trouble = None;
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            failure = trial.ended() => return Err(failure),
        }
        let looked = trial.look().await.map_err(|failure| process::chain(failure.as_ref()));
        let now = looked.as_ref().err().cloned();
        if let Some(cause) = now.as_ref().filter(|_| now != trouble) {
            show::note(&format!("the folder cannot be looked through, and what was read stays: {cause}"));
        }
        trouble = now;
        changed.extend(looked.unwrap_or_default());
        if !changed.is_empty() && trial.is_done() {
            tell(trial, &std::mem::take(&mut changed)).await?;
            trial.release();
        }
    }
}

/// Prints the outcome for files that changed.
async fn tell(trial: &Trial, keys: &BTreeSet<String>) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for key in keys {
        let words = match trial.outcome(key).await? {
            FileOutcome::Passages(count) => counted(count, "passage"),
            FileOutcome::Empty => "no text".to_owned(),
            FileOutcome::Refused(cause) => format!("refused: {cause}"),
            FileOutcome::Gone => "gone, and its text with it".to_owned(),
        };
        lines.push(format!("{key}: {words}"));
    }
    named(lines.into_iter(), "");
    Ok(())
}

/// Prints the first lines, and how many more there are.
fn named(lines: impl ExactSizeIterator<Item = String>, rest: &str) {
    let more = lines.len().saturating_sub(NAMED);
    lines.take(NAMED).for_each(|line| show::note(&format!("  {line}")));
    if more > 0 {
        show::note(&format!("  and {more} more{rest}"));
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KB", bytes.div_ceil(1 << 10)) } else { format!("{} MB", bytes >> 20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_other_languages_is_told_of_a_model_that_knows_them() {
        let outcomes = |languages: &[(&str, usize)]| Outcomes {
            languages: languages.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            ..Outcomes::default()
        };
        assert_eq!(other_languages(&outcomes(&[])), None);
        assert_eq!(other_languages(&outcomes(&[("en", 20), ("de", 10)])), None);
        let said = other_languages(&outcomes(&[("de", 4), ("en", 13), ("zh", 60)])).unwrap();
        assert!(said.starts_with("64 of 77 files with a language are not in English (de, zh)"), "{said}");
    }
}
