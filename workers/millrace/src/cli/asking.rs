//! Arguments of the commands that question a running `serve`, and of `eval` and `key`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::OnnxSettings;
use secret::Secret;

use super::WorldSettings;

/// `search`
#[derive(Args, Debug)]
pub struct SearchArguments {
    /// The question.
    #[arg(required = true, num_args = 1..)]
    pub question: Vec<String>,
    /// How passages are found.
    #[arg(long, value_enum, default_value_t = SearchMode::Hybrid)]
    pub mode: SearchMode,
    /// Passages to show.
    #[arg(long, default_value_t = 5)]
    pub size: usize,
    /// Where `serve` listens.
    #[command(flatten)]
    pub serve: ServeAddress,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where `serve` listens.
#[derive(Args, Clone, Debug)]
pub struct ServeAddress {
    /// Address of `serve`.
    #[arg(long, env = "MILLRACE_SERVE_URL", default_value = "http://127.0.0.1:8080")]
    pub serve_url: String,
    /// API key for `serve`, if it wants one.
    #[arg(long, env = "MILLRACE_SERVE_KEY", hide_env_values = true)]
    pub serve_key: Option<Secret>,
}

/// How passages are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SearchMode {
    /// By words.
    Keyword,
    /// By meaning.
    Vector,
    /// By both.
    Hybrid,
}

impl SearchMode {
    /// The name that `serve` takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Vector => "vector",
            Self::Hybrid => "hybrid",
        }
    }
}

/// `eval`
#[derive(Args, Debug)]
pub struct Eval {
    /// A folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.
    #[arg(value_name = "SET")]
    pub dir: PathBuf,
    /// How passages are found; all three ways if none is named.
    #[arg(long = "mode", value_enum)]
    pub modes: Vec<SearchMode>,
    /// How `hybrid` fuses: auto, convex or rrf.
    #[arg(long, default_value = "auto")]
    pub fusion: String,
    /// Which qrels: qrels/SPLIT.tsv.
    #[arg(long, default_value = "test")]
    pub split: String,
    /// Embed the corpus here and compare every pair, texts cut at the model's limit as scorers do; no server needed.
    #[arg(long)]
    pub brute_force: bool,
    /// The set is in the bucket under this prefix: one object per document, its key the prefix, the document's id and
    /// `.txt` (as --put puts it).
    #[arg(long, default_value = "eval/")]
    pub prefix: String,
    /// Put the corpus into the bucket first, and wait until it is searchable.
    #[arg(long)]
    pub put: bool,
    /// Keep the scores of every question in this file, to compare with later.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Compare with the scores in this file; a real drop of nDCG@10 in any mode ends with exit code 1.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// How the model is run (with --brute-force).
    #[command(flatten)]
    pub onnx: OnnxSettings,
    /// Where `serve` listens.
    #[command(flatten)]
    pub serve: ServeAddress,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `eval-answers`
#[derive(Args, Debug)]
pub struct EvalAnswers {
    /// A folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv, whose queries have `metadata.answers`; its corpus is searchable
    /// (`millrace eval SET --put` puts it).
    #[arg(value_name = "SET")]
    pub dir: PathBuf,
    /// A set whose questions these documents cannot answer; may be repeated.
    #[arg(long, value_name = "SET")]
    pub others: Vec<PathBuf>,
    /// Which qrels: qrels/SPLIT.tsv; of the others any, if they lack it.
    #[arg(long, default_value = "test")]
    pub split: String,
    /// So many questions of the set, evenly over it, and as many of the others together.
    #[arg(long, default_value_t = 200)]
    pub questions: usize,
    /// The application that answers.
    #[arg(long, default_value = "millrace")]
    pub application: String,
    /// Only documents under this prefix answer: `documents/eval/`.
    #[arg(long)]
    pub prefix: Option<String>,
    /// Keep what became of every question in this file, to compare with later.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Compare with what this file holds; fewer right answers or refusals, and not by chance, end with exit code 1.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Where `serve` listens.
    #[command(flatten)]
    pub serve: ServeAddress,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ask`
#[derive(Args, Debug)]
pub struct AskQuestion {
    /// The question.
    #[arg(required = true, num_args = 1..)]
    pub question: Vec<String>,
    /// The application that answers.
    #[arg(long, default_value = "millrace")]
    pub application: String,
    /// Where `serve` listens.
    #[command(flatten)]
    pub serve: ServeAddress,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `chat`
#[derive(Args, Debug)]
pub struct ChatArguments {
    /// The application that answers.
    #[arg(long, default_value = "millrace")]
    pub application: String,
    /// Where `serve` listens.
    #[command(flatten)]
    pub serve: ServeAddress,
}

/// `key`
#[derive(Args, Debug)]
pub struct KeyArguments {
    /// What the key is called, in logs and on the page.
    pub name: String,
    /// What it allows; each role allows what those before it do.
    #[arg(long, value_enum, default_value_t = KeyRole::Read)]
    pub role: KeyRole,
    /// Only documents at this place, `bucket/key`: `docs/hr/` is what is under it, `docs/hr` also the object of that name, never
    /// `docs/hr-legal`; `docs/` is the whole bucket. Repeat it for more.
    #[arg(long)]
    pub prefix: Vec<String>,
    /// Add the entry to this file of keys, which is made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyRole {
    /// Search, ask, read documents.
    Read,
    /// Upload and delete documents too.
    Write,
    /// Everything.
    Admin,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::{Cli, OperatorCommand};

    /// The question, and whether JSON is wanted.
    fn question(words: &[&str]) -> Result<(String, bool), String> {
        let cli = Cli::try_parse_from(["millrace"].iter().chain(words)).map_err(|error| error.to_string())?;
        if let OperatorCommand::Search(search) = cli.ask {
            return Ok((search.question.join(" "), search.json));
        }
        let OperatorCommand::Ask(ask) = cli.ask else { return Err(format!("{:?}", cli.ask)) };
        Ok((ask.question.join(" "), ask.json))
    }

    #[test]
    fn a_question_may_begin_with_a_dash_after_two_dashes() {
        let told = |text: &str, json| Ok((text.to_owned(), json));
        for command in ["search", "ask"] {
            for (words, expected) in [
                (vec!["--", "-x"], told("-x", false)),
                (vec!["--json", "--", "-x", "does", "what"], told("-x does what", true)),
                (vec!["--", "--json"], told("--json", false)),
                (vec!["what", "does", "--", "-x", "do"], told("what does -x do", false)),
            ] {
                let words: Vec<&str> = [command].into_iter().chain(words).collect();
                assert_eq!(question(&words), expected, "{words:?}");
            }
        }
    }

    /// If a mistyped option were taken for a part of the question, it would silently change it.
    #[test]
    fn without_two_dashes_it_is_taken_for_an_option_and_the_remedy_is_named() {
        let error = question(&["search", "-x"]).unwrap_err();
        assert!(error.contains("-- -x"), "{error}");
        let error = question(&["search", "leave", "--sizes", "3"]).unwrap_err();
        assert!(error.contains("--sizes") && error.contains("--size"), "{error}");
    }
}
