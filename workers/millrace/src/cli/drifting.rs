//! Drift: whether documents and questions are still those that the model was made for.

use clap::{Args, Subcommand};
use model::{FurtherModels, OnnxSettings};
use sink::EngineKind;
use stream::kafka::KafkaSettings;

use super::WorldSettings;

/// `drift`
#[derive(Debug, Subcommand)]
pub enum DriftCommand {
    /// Compare what is new since the last time with the reference, decide whether a model should be trained, and write a report
    /// to the topic `drift`. The first time the reference is taken.
    Measure(Box<MeasureDrift>),
    /// Show the last reports.
    Show(ShowDrift),
}

/// `drift measure`
#[derive(Args, Debug)]
pub struct MeasureDrift {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// The models of further generations.
    #[command(flatten)]
    pub further: FurtherModels,
    /// How the model is run.
    #[command(flatten)]
    pub onnx: OnnxSettings,
    /// Take a new reference of what the index holds now, and compare nothing. What was found before is forgotten.
    #[arg(long)]
    pub reference: bool,
    /// How much is looked at, and what counts.
    #[command(flatten)]
    pub choices: DriftChoices,
    /// End with exit code 1 when a model should be trained.
    #[arg(long)]
    pub fail_on_signal: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// How much is looked at, and when a model should be trained.
#[derive(Args, Clone, Debug)]
pub struct DriftChoices {
    /// The engine to ask; by default Elasticsearch where it is one of `MILLRACE_ENGINES`, and otherwise the first of them.
    #[arg(long, env = "MILLRACE_SERVE_ENGINE", value_enum)]
    pub serve_engine: Option<EngineKind>,
    /// New passages that are looked at, each once by its own opening.
    #[arg(long, default_value_t = 512, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(128..=10_000))]
    pub passages: usize,
    /// Passages of a reference.
    #[arg(long, default_value_t = 1_024, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(128..=10_000))]
    pub reference_passages: usize,
    /// New questions that are looked at.
    #[arg(long, default_value_t = 300, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(100..=100_000))]
    pub questions: usize,
    /// Days after a signal before the next one.
    #[arg(long, default_value_t = 7)]
    pub cool_down_days: u32,
    /// Signals within 30 days, at most.
    #[arg(long, default_value_t = 2)]
    pub budget: usize,
}

/// `drift show`
#[derive(Args, Debug)]
pub struct ShowDrift {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// How many reports, newest last.
    #[arg(long, default_value_t = 10, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub last: usize,
    /// Print one JSON object per report.
    #[arg(long)]
    pub json: bool,
}
