//! Models that are trained on the documents' own domain.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum};
use model::{FurtherModels, OnnxSettings};
use training::{InvalidPairSettings, PairKind, PairSettings};

use super::WorldSettings;
use super::training_runs::{TrainLog, TrainNow, TrainStatus, TrainStop};

/// `train`
#[derive(Debug, Subcommand)]
pub enum TrainCommand {
    /// Make training data from the passages of what is served: pairs of a question and its answer, negatives, and documents
    /// that are held out to judge a model by; exit code 1 when the corpus is too small.
    Data(Box<MakeTrainingData>),
    /// Begin to train a model: a running `train` takes it. An index has one run at a time.
    Now(TrainNow),
    /// Show how far runs are, and what came of them.
    Status(TrainStatus),
    /// Stop a run, and its job.
    Stop(TrainStop),
    /// Show the states that a run passed, and the last lines of its job's log.
    Log(TrainLog),
}

/// `train data`
#[derive(Args, Debug)]
pub struct MakeTrainingData {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Where the model is that is served, if it is not that of `MILLRACE_MODEL`.
    #[command(flatten)]
    pub further: FurtherModels,
    /// How the model is run that ranks negatives.
    #[command(flatten)]
    pub onnx: OnnxSettings,
    /// Write into this folder, which must be empty or missing, instead of the bucket. A golden set that is frozen in the
    /// bucket is kept to; none is frozen.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// What it is made of.
    #[command(flatten)]
    pub pairs: PairChoices,
    /// Say what would be made, and ask no engine and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What training data is made of.
#[derive(Args, Clone, Debug)]
pub struct PairChoices {
    /// Read at most so many passages; of a larger corpus a sample of whole documents, always the same.
    #[arg(long, default_value_t = 200_000, value_parser = number(100..=5_000_000))]
    pub most_passages: usize,
    /// Make only pairs of this kind; again, or after a comma, for another one. By default all of them.
    #[arg(long = "kind", value_enum, value_delimiter = ',')]
    pub kinds: Vec<PairsFrom>,
    /// Pairs of one kind that one document may give.
    #[arg(long, default_value_t = 8, value_parser = number(1..=10_000))]
    pub per_document: usize,
    /// Pairs of one kind.
    #[arg(long, default_value_t = 20_000, value_parser = number(1..=5_000_000))]
    pub per_kind: usize,
    /// Negatives of each pair, from the live index; with 0 no engine and no model is asked.
    #[arg(long, default_value_t = 1, value_parser = number(0..=8))]
    pub negatives: usize,
    /// Percentage of the documents that a training run looks at, and does not learn.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=40))]
    pub dev_percent: u8,
    /// Percentage of the documents by which a model is accepted or refused; it counts while no golden set is frozen.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=40))]
    pub golden_percent: u8,
    /// What draws begin with: another number holds other documents out.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Make nothing of a corpus with fewer documents, copies left out.
    #[arg(long, default_value_t = 30, value_parser = number(3..=1_000_000))]
    pub least_documents: usize,
    /// Make nothing of a corpus that gives fewer pairs.
    #[arg(long, default_value_t = 200, value_parser = number(1..=1_000_000))]
    pub least_pairs: usize,
    /// Make nothing where the dev or the golden documents give fewer questions.
    #[arg(long, default_value_t = 20, value_parser = number(1..=2_000))]
    pub least_questions: usize,
}

fn number(range: std::ops::RangeInclusive<u64>) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(range)
}

/// What pairs are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PairsFrom {
    /// Titles of documents.
    Title,
    /// Headings of sections.
    Heading,
    /// Sentences of passages.
    Sentence,
    /// Questions that people asked.
    Question,
}

impl From<PairsFrom> for PairKind {
    fn from(from: PairsFrom) -> Self {
        match from {
            PairsFrom::Title => Self::Title,
            PairsFrom::Heading => Self::Heading,
            PairsFrom::Sentence => Self::Sentence,
            PairsFrom::Question => Self::Question,
        }
    }
}

impl PairChoices {
    /// What is asked for.
    ///
    /// # Errors
    /// When the settings contradict each other.
    pub fn settings(&self) -> Result<PairSettings, InvalidPairSettings> {
        let usual = PairSettings::default();
        let named = self.kinds.iter().map(|kind| PairKind::from(*kind)).collect();
        let settings = PairSettings {
            seed: self.seed,
            dev_percent: self.dev_percent,
            golden_percent: self.golden_percent,
            most_passages: self.most_passages,
            kinds: if self.kinds.is_empty() { usual.kinds } else { named },
            most_per_document: self.per_document,
            most_per_kind: self.per_kind,
            least_documents: self.least_documents,
            least_pairs: self.least_pairs,
            least_questions: self.least_questions,
            negatives: self.negatives,
            ..PairSettings::default()
        };
        settings.check()?;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, OperatorCommand};

    fn settings(more: &[&str]) -> Result<PairSettings, String> {
        let words = ["millrace", "train", "data", "--model", "m"].iter().chain(more);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let OperatorCommand::Train(command) = cli.ask else { return Err("another command".to_owned()) };
        let TrainCommand::Data(ask) = *command else { return Err("another command".to_owned()) };
        ask.pairs.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_is_as_the_crate_says() {
        assert_eq!(settings(&[]), Ok(PairSettings::default()));
        let given = settings(&["--kind", "title,heading", "--seed", "7", "--negatives", "0"]).unwrap();
        assert_eq!(given.kinds, [PairKind::Title, PairKind::Heading].into());
        assert_eq!((given.seed, given.negatives), (7, 0));
    }

    #[test]
    fn settings_that_leave_nothing_to_train_on_are_refused() {
        let cause = settings(&["--dev-percent", "40", "--golden-percent", "40"]).unwrap_err();
        assert!(cause.contains("at most 50"), "{cause}");
        assert!(settings(&["--golden-percent", "0"]).is_err() && settings(&["--kind", "written"]).is_err());
    }
}
