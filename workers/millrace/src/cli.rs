//! The command-line arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use model::{BackendSettings, EncoderSettings, ModelSettings};
use objects::{Buckets, S3Settings, Scope};
use sink::{EngineSettings, IndexSettings};
use stream::kafka::KafkaSettings;
use telemetry::{LogFormat, TelemetrySettings};

mod archive;
mod asking;
mod drifting;
mod generations;
mod keeping_up;
mod models;
mod reading;
mod registering;
mod snapshots;
mod training;
mod training_runs;
mod trying;
mod upkeep;

pub use self::training::{MakeTrainingData, PairChoices, PairsFrom, TrainCommand};
pub use archive::{ExportLog, ImportLog};
pub use asking::{
    AskQuestion, ChatArguments, Eval, EvalAnswers, KeyArguments, KeyRole, SearchArguments, SearchMode,
    ServeAddress,
};
pub use drifting::{DriftChoices, DriftCommand, MeasureDrift, ShowDrift};
pub use generations::{
    CompareGenerations, CompareThoroughly, GenerationAsk, GenerationCommand, GenerationReason,
    GenerationStatus, ListGenerations, PauseGeneration, PromoteGeneration, PromotionBounds, ResumeGeneration,
    RetireGeneration, StartGeneration,
};
pub use keeping_up::KeepUp;
pub use models::{
    AddModel, ImportChoices, ImportModel, ListModels, MarkModel, ModelCommand, PromoteModel, ProveModel,
    RegistrySettings, ShowModel,
};
pub use reading::{ChunkArguments, Extract, ReadingArguments};
pub use registering::{RegisterModel, ReplicateIndex};
pub use snapshots::{
    CreateSnapshot, DeleteSnapshot, ListSnapshots, RestoreSnapshot, SnapshotAsk, SnapshotCommand,
};
pub use training_runs::{RunTrainer, TrainLog, TrainNow, TrainStatus, TrainStop};
pub use trying::Try;
pub use upkeep::{
    Audit, Confirm, DataSettings, LedgerCommand, LedgerRebuild, LetterFilter, LettersCommand, ListLetters,
    Reconcile, ReplayLetters, ShowLetter, SkipRecord,
};

/// Looks after documents in a bucket that are searchable in OpenSearch and Elasticsearch.
#[derive(Debug, Parser)]
#[command(name = "millrace", version)]
pub struct Cli {
    /// What is asked.
    #[command(subcommand)]
    pub ask: OperatorCommand,
    /// What is logged on standard error: a level, or `crate=level` pairs separated by commas.
    #[arg(long, global = true, default_value = LOG)]
    pub log: String,
}

/// The default of `--log`.
const LOG: &str = "warn,librdkafka=off,rdkafka=off";
/// The default for `try`, whose stages log in this process: the command itself reports what they refuse.
const LOG_TRY: &str = "error";

impl Cli {
    /// How the command logs: lines of text, and no metrics endpoint.
    #[must_use]
    pub fn telemetry(&self) -> TelemetrySettings {
        let is_try = matches!(self.ask, OperatorCommand::Try(_));
        let log = if is_try && self.log == LOG { LOG_TRY } else { &self.log };
        TelemetrySettings { log: log.to_owned(), log_format: LogFormat::Text, metrics_listen: None }
    }
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Kafka's topics.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// The bucket of documents.
    #[command(subcommand)]
    Bucket(BucketCommand),
    /// Copy files and folders into the bucket; files and folders whose names begin with a dot are left out. Says under
    /// which key each file is put, and whether other content stood there.
    Put(Put),
    /// Delete objects from the bucket; exit code 1 when one is not there.
    Rm(Rm),
    /// Show how far documents are on their way, or everything about one.
    Status(StatusArguments),
    /// Ask the running `serve` for passages; exit code 1 when none is found, with --json as without.
    Search(SearchArguments),
    /// Ask an application of the running `serve` for an answer with citations; exit code 1 when there is none, with --json
    /// as without.
    Ask(AskQuestion),
    /// Talk with an application of the running `serve`: each line of standard input is a question, which may follow up those
    /// before; exit code 1 when one was not answered.
    Chat(ChatArguments),
    /// Make an API key for `serve`: prints the key once, and the entry for the file of keys.
    Key(KeyArguments),
    /// Compare bucket, ledger and engines; exit code 1 when they differ.
    Audit(Audit),
    /// Compare the bucket with the ledger and ask `chunk` to look at each difference: heals lost notices, and is the
    /// first load of an existing bucket.
    Reconcile(Reconcile),
    /// Let the removals pass that wait at the guard of `chunk`: what stands in `documents` now, and nothing later.
    Confirm(Confirm),
    /// Have the one record refused that holds up a partition: it becomes a dead letter, and the partition goes on. What the
    /// record would have changed stays as it is: run `millrace audit` afterwards.
    Skip(SkipRecord),
    /// Generations of indexes: build a new one beside the one that is served, compare them, serve it, go back, retire.
    #[command(subcommand)]
    Generation(Box<GenerationCommand>),
    /// Models: put a bundle where every worker can fetch it, and say what may be built with it.
    #[command(subcommand)]
    Model(Box<ModelCommand>),
    /// Models of your own: make training data from the documents, have a model trained, and see how far it is.
    #[command(subcommand)]
    Train(Box<TrainCommand>),
    /// Whether documents and questions are still those that the model was made for.
    #[command(subcommand)]
    Drift(DriftCommand),
    /// Keep the model right for documents and questions: look for drift, make training data, have a model trained, and build
    /// with it once it is accepted, and with --promote serve it. Asked again after a kill, it goes on.
    KeepUp(Box<KeepUp>),
    /// Copy an index of OpenSearch that others write, such as that of `model register`, to Elasticsearch. May be repeated, also after
    /// an interruption: it writes what is missing or older there.
    ReplicateIndex(Box<ReplicateIndex>),
    /// Snapshots of a generation's indexes, kept by the engines in a repository of theirs.
    #[command(subcommand)]
    Snapshot(Box<SnapshotCommand>),
    /// Write the log of a generation, its passages with their vectors, to the bucket as Parquet files: after the loss of all of
    /// Kafka nothing has to be embedded again. Needs a program that was built with `--features archive`.
    Export(ExportLog),
    /// Fill the topics from an export, after all of Kafka was lost and before `ledger rebuild`; exit code 1 when nothing was
    /// written. Needs a program that was built with `--features archive`.
    Import(ImportLog),
    /// What workers had to refuse.
    #[command(subcommand)]
    DeadLetters(LettersCommand),
    /// The ledger.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Search a folder here and now: the stages and the page of the real thing in one process, which follows the folder until
    /// it is ended and keeps nothing; needs no server.
    Try(Box<Try>),
    /// Read files as `chunk` would, and print their text; exit code 1 when one is refused; needs no server. On a terminal
    /// control characters of a text are shown (ESC as ␛); in a pipe or a file the text is as it is.
    Extract(Extract),
    /// Cut files into chunks as `chunk` would, and print one JSON object per chunk; needs no server.
    Chunk(ChunkArguments),
    /// Embed texts, one per line, and print one JSON object with `text` and `vector` per line; needs no server.
    Embed(Embed),
    /// Score a retrieval set in BEIR's layout: nDCG@10, Recall@100, MRR@10.
    Eval(Box<Eval>),
    /// Score an application's answers: whether they hold the right one and cite it, and whether questions of other sets are refused.
    EvalAnswers(Box<EvalAnswers>),
}

/// Kafka's topics.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Create missing topics, change settings that differ, prove that the broker gives compaction and transactions.
    Apply(TopicsApply),
}

/// `topics apply`
#[derive(Args, Debug)]
pub struct TopicsApply {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// For which model.
    #[command(flatten)]
    pub generation: GenerationSettings,
    /// Partitions of the topics that hold documents' histories: fixed at creation.
    #[arg(long, env = "MILLRACE_PARTITIONS", default_value_t = 12, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub partitions: i32,
    /// Copies of each record; by default one on each broker, at most three.
    #[arg(long, env = "MILLRACE_REPLICATION", value_parser = clap::value_parser!(i32).range(1..=10))]
    pub replication: Option<i32>,
    /// Days for which the topic `queries` keeps questions and what people thought of their answers; give the same each time.
    #[arg(long, env = "MILLRACE_QUERIES_DAYS", default_value_t = topics::QUERIES_DAYS, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub queries_days: u32,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which generation: the one that the registry says is served, or while it says nothing that of the model and encoder here.
#[derive(Args, Clone, Debug)]
pub struct GenerationSettings {
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Another generation than the one that is served: see `millrace generation list`.
    #[arg(long = "generation", value_name = "ID")]
    pub other: Option<String>,
    /// Which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// Which encoder.
    #[command(flatten)]
    pub backend: BackendSettings,
}

/// Where documents live.
#[derive(Args, Clone, Debug)]
pub struct BucketSettings {
    /// How the store is reached.
    #[command(flatten)]
    pub store: S3Settings,
    /// The bucket of documents.
    #[arg(long, env = "MILLRACE_BUCKET", default_value = "documents", value_parser = Buckets::one)]
    pub bucket: String,
}

/// The bucket of documents.
#[derive(Debug, Subcommand)]
pub enum BucketCommand {
    /// Create the bucket if it is missing, and have it notify a target (MinIO; on OSS notifications are set in its console).
    Init(BucketInit),
}

/// `bucket init`
#[derive(Args, Debug)]
pub struct BucketInit {
    /// The bucket.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// The target's ARN, e.g. `arn:minio:sqs::A:kafka`.
    #[arg(long)]
    pub notify: Option<String>,
}

/// `put`
#[derive(Args, Debug)]
pub struct Put {
    /// Files and folders; a folder's files keep their paths below it as keys, a single file its name.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Put before each key, e.g. `handbook/`.
    #[arg(long, default_value = "")]
    pub prefix: String,
    /// The bucket.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
}

/// `rm`
#[derive(Args, Debug)]
pub struct Rm {
    /// Keys to delete.
    #[arg(required = true)]
    pub keys: Vec<String>,
    /// The bucket.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// Print one JSON object per key.
    #[arg(long)]
    pub json: bool,
}

/// Everything that documents pass.
#[derive(Args, Clone, Debug)]
pub struct WorldSettings {
    /// The bucket.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// Which of its objects are documents: the same as for `intake`.
    #[command(flatten)]
    pub scope: Scope,
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// How the engines are reached.
    #[command(flatten)]
    pub engines: EngineSettings,
    /// Which generation.
    #[command(flatten)]
    pub generation: GenerationSettings,
    /// Where copies of the ledger are kept.
    #[command(flatten)]
    pub data: DataSettings,
}

/// `status`
#[derive(Args, Debug)]
pub struct StatusArguments {
    /// Everything about one document: its key, or `bucket/key` as hits show it. A name that may be both is read as a key
    /// where that is there.
    #[arg(value_name = "NAME")]
    pub document: Option<String>,
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Look again every two seconds.
    #[arg(long)]
    pub watch: bool,
    /// End when every object of the bucket is searchable in every engine, or refused with its cause.
    #[arg(long)]
    pub until_searchable: bool,
    /// Give up after so many seconds (with --until-searchable): exit code 1.
    #[arg(long, default_value_t = 3600)]
    pub patience: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `embed`
#[derive(Args, Debug)]
pub struct Embed {
    /// Files with one text per line, or one JSON object with `text` (and `heading_path`, as `millrace chunk` prints it)
    /// per line; standard input when none is named.
    pub files: Vec<PathBuf>,
    /// With which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// How it is run.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// The texts are questions, not passages (matters for models with prefixes).
    #[arg(long)]
    pub query: bool,
}
