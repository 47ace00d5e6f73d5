//! Models in the registry.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use eval::guard::GuardFolder;
use model::{BackendSettings, EncoderSettings, FurtherModels, ModelSettings};
use sink::IndexSettings;
use stream::kafka::KafkaSettings;

use super::{BucketSettings, GenerationAsk, PromoteGeneration, PromotionBounds, RegisterModel};

/// `model`
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Put a bundle into the store, and enter it: workers fetch it when a generation needs it.
    Add(AddModel),
    /// Make a bundle from a model of Hugging Face that has an ONNX graph, and enter it as `model add` does; with --to, only write it
    /// to a folder. What a bundle cannot say is refused before anything is written.
    Import(Box<ImportModel>),
    /// Name every model, and the generations that are built with it.
    List(ListModels),
    /// Show everything that the registry knows of a model: its state and why, its scores, its bundle, its generations, and the
    /// run that it came from.
    Show(ShowModel),
    /// Say whether a candidate is better than the model that is served: on the golden questions of training data, with
    /// intervals, and no worse in general; exit code 1 when it is not. Needs no server unless something is named by what it is
    /// called there.
    Prove(Box<ProveModel>),
    /// Have OpenSearch run a trained model itself, once it gives the same vectors as here, and open an index that embeds the text
    /// that anyone writes to it. Where Elasticsearch is one of the engines, say whether its licence would let it run the model, too.
    Register(Box<RegisterModel>),
    /// Let generations be built with a model.
    Accept(MarkModel),
    /// Say that no generation may be built with a model any more.
    Refuse(MarkModel),
    /// Serve the generation that was built with a model, as `generation promote` does.
    Promote(Box<PromoteModel>),
    /// Serve what was served before again, as `generation rollback` does.
    Rollback(Box<PromoteGeneration>),
}

/// Where the registry is.
#[derive(Args, Debug)]
pub struct RegistrySettings {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `model add`
#[derive(Args, Debug)]
pub struct AddModel {
    /// Folder of the bundle: bundle.json and the files that it lists.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where the bundle goes: below `.millrace/models/`, which is never ingested.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// Which encoder will run it.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// It waits for its proof: no generation may be built with it before `model accept`.
    #[arg(long)]
    pub candidate: bool,
}

/// `model import`
#[derive(Args, Debug)]
pub struct ImportModel {
    /// Folder of the model as sentence-transformers saves it (modules.json, config.json, tokenizer.json), with its graph in
    /// onnx/model.onnx or model.onnx.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Only write the bundle into this folder, which must be new or empty. Needs no server.
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
    /// What its files do not say, or not rightly.
    #[command(flatten)]
    pub choices: ImportChoices,
    /// Say what the bundle would be, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// It waits for its proof: no generation may be built with it before `model accept`.
    #[arg(long, conflicts_with = "to")]
    pub candidate: bool,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where the bundle goes: below `.millrace/models/`, which is never ingested.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// With which the bundle is tried, and which will run it.
    #[command(flatten)]
    pub encoder: EncoderSettings,
}

/// What a person says of a model beside its files.
#[derive(Args, Clone, Debug, Default)]
pub struct ImportChoices {
    /// The model's name; by default that of its folder.
    #[arg(long)]
    pub name: Option<String>,
    /// What goes before each question, e.g. `query: `, or nothing; by default the prompt `query` of the model.
    #[arg(long, value_name = "TEXT")]
    pub query_prefix: Option<String>,
    /// What goes before each passage, e.g. `passage: `, or nothing; by default the prompt `document` or `passage` of the model.
    #[arg(long, value_name = "TEXT")]
    pub passage_prefix: Option<String>,
    /// The most tokens of a text; by default what the model says, and never more than it has positions.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_tokens: Option<u32>,
}

/// `model list`
#[derive(Args, Debug)]
pub struct ListModels {
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
}

/// `model show`
#[derive(Args, Debug)]
pub struct ShowModel {
    /// The model's fingerprint, or its beginning.
    #[arg(value_name = "FINGERPRINT")]
    pub fingerprint: String,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
}

/// `model promote`
#[derive(Args, Debug)]
pub struct PromoteModel {
    /// The model's fingerprint, or its beginning.
    #[arg(value_name = "FINGERPRINT")]
    pub fingerprint: String,
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// What it may take.
    #[command(flatten)]
    pub bounds: PromotionBounds,
}

/// `model accept`, `model refuse`
#[derive(Args, Debug)]
pub struct MarkModel {
    /// The model's fingerprint, or its beginning.
    #[arg(value_name = "FINGERPRINT")]
    pub fingerprint: String,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Why; it is kept.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `model prove`
#[derive(Args, Debug)]
pub struct ProveModel {
    /// What may become the next model: the folder of a bundle, the output folder of train.py, or the fingerprint of a model of
    /// the registry, or its beginning.
    #[arg(value_name = "CANDIDATE")]
    pub candidate: String,
    /// Training data, with the golden questions: its folder, or its digest where it stands in the bucket.
    #[arg(long, value_name = "DIR|DIGEST")]
    pub data: String,
    /// Compare with this model: a folder or a fingerprint, as above; by default that of `MILLRACE_MODEL`.
    #[arg(long, value_name = "DIR|FINGERPRINT")]
    pub against: Option<String>,
    /// A general set in BEIR's layout, on which it must not become worse, and its split, e.g. `sets/scifact:test`; may be given
    /// several times.
    #[arg(long, value_name = "DIR:SPLIT")]
    pub guard: Vec<GuardFolder>,
    /// Documents of each general set that are embedded at most: those judged relevant, and a sample of the others.
    #[arg(long, default_value_t = 20_000)]
    pub guard_documents: usize,
    /// The dimension that was asked for; by default that of its training, or of the model that it is compared with.
    #[arg(long)]
    pub dimension: Option<usize>,
    /// Allow any size; without it, 1.5 times that of the model that it is compared with.
    #[arg(long)]
    pub allow_larger: bool,
    /// Write the result as a page (Markdown), too.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Enter it into the registry as the proof says, accepted or refused with the reason, and put its bundle into the store.
    #[arg(long)]
    pub accept: bool,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where bundles and training data are: below `.millrace/`, which is never ingested.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// The model that is served.
    #[command(flatten)]
    pub model: ModelSettings,
    /// How both models are run.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// Where bundles are fetched to; without it, for this proof only.
    #[command(flatten)]
    pub further: FurtherModels,
}
