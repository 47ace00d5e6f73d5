//! Generations of indexes: one beside the other.

use clap::{Args, Subcommand};
use model::{FurtherModels, OnnxSettings};
use registry::rules::MOST_BEHIND;
use sink::VectorChoice;

use super::WorldSettings;

/// `generation`
#[derive(Debug, Subcommand)]
pub enum GenerationCommand {
    /// Name every generation, its state, and which one is served.
    List(ListGenerations),
    /// Begin to build new indexes beside those that are served: from the vectors that are there, or with another model.
    Start(StartGeneration),
    /// Show how far a generation is, and how long it will take.
    Status(GenerationStatus),
    /// Compare a generation with the one that is served: counts, rankings of sampled questions, and where that is asked for what
    /// both hold, and how well both answer.
    Compare(CompareThoroughly),
    /// Serve a generation from now on, once it holds everything and every `serve` has loaded it.
    Promote(PromoteGeneration),
    /// Serve the one before again.
    Rollback(PromoteGeneration),
    /// Stop writing to a generation that is being built.
    Pause(PauseGeneration),
    /// Go on with a generation that was paused, or that failed.
    Resume(ResumeGeneration),
    /// Delete a generation that is not served: its indexes, its consumer groups, and the topics that nothing else needs.
    Retire(RetireGeneration),
}

/// What every command about generations wants.
#[derive(Args, Debug)]
pub struct GenerationAsk {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Who asks; it is kept with the change.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `generation list`
#[derive(Args, Debug)]
pub struct ListGenerations {
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// Name those that are retired, too.
    #[arg(long)]
    pub all: bool,
}

/// `generation start`
#[derive(Args, Debug)]
pub struct StartGeneration {
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// Another model: the folder of its bundle, or its fingerprint in the registry (`millrace model list`). With the tokenizer
    /// and the prefix of the one that is served and no smaller limit it embeds the passages that are there; otherwise every
    /// document is read and cut anew. `chunk`, `embed` and `serve` need the bundle in a folder below `MILLRACE_MODELS`, into
    /// which they fetch what is in the registry.
    #[arg(long, value_name = "DIR|FINGERPRINT")]
    pub with_model: Option<String>,
    /// The models of further generations.
    #[command(flatten)]
    pub further: FurtherModels,
    /// Primary shards of the new indexes; by default as in what is served, or else as `MILLRACE_INDEX_SHARDS` of `index` and `replicate` says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub shards: Option<u32>,
    /// Copies of each shard; by default as in what is served, or else as `MILLRACE_INDEX_REPLICAS` says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub replicas: Option<u32>,
    /// How an engine keeps vectors, such as `elasticsearch=int8_hnsw`; again, or after a comma, for another engine. One that is
    /// not named keeps them as in what is served. workers/GENERATIONS.md has the kinds and what each costs.
    #[arg(long, value_name = "ENGINE=KIND", value_delimiter = ',')]
    pub vectors: Vec<VectorChoice>,
    /// Tells it apart from a generation that is equal in everything else: any number but 0.
    #[arg(long, default_value_t = 0)]
    pub instance: u32,
    /// Say what it would take, and begin nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// `generation status`
#[derive(Args, Debug)]
pub struct GenerationStatus {
    /// Which; by default the newest that is not served.
    pub id: Option<String>,
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// Wait until it holds everything, prove it by an audit, and enter it as built.
    #[arg(long)]
    pub until_built: bool,
    /// Give up after so many seconds (with --until-built): exit code 1.
    #[arg(long, default_value_t = 86_400)]
    pub patience: u64,
}

/// `generation compare`
#[derive(Args, Debug)]
pub struct CompareThoroughly {
    /// Which, and by how many passages.
    #[command(flatten)]
    pub rankings: CompareGenerations,
    /// Tell what each engine holds of both generations, with the counts and the digest of `audit`, and whether what does not
    /// depend on the model is the same: documents, and where both are cut alike their passages. It reads every document record
    /// and every passage of both generations from every engine, twice what an audit reads of them. A digest has the model in it.
    #[arg(long)]
    pub digests: bool,
    /// Score both by questions whose answers are known: a folder of training data (its golden questions), or of a set in BEIR's
    /// layout that `millrace eval --put` put into the bucket (its split `test`), or that folder and another split, e.g.
    /// `sets/scifact:dev`. Tells nDCG@10 and recall@10 of hybrid search (as `serve` does it, without a reranker) and of search by
    /// vectors, with the 95 % interval of the difference. Each question is embedded by the models of both, which have to be on
    /// this machine, and asked of every engine.
    #[arg(long, value_name = "DATA")]
    pub golden: Option<String>,
    /// Where in the bucket the documents of a set in BEIR's layout are, as for `millrace eval` (with --golden).
    #[arg(long, default_value = "eval/")]
    pub prefix: String,
    /// The models of further generations (with --golden).
    #[command(flatten)]
    pub further: FurtherModels,
    /// How models are run (with --golden).
    #[command(flatten)]
    pub onnx: OnnxSettings,
}

/// What is compared: the rankings of which generation with those of the one that is served.
#[derive(Args, Debug)]
pub struct CompareGenerations {
    /// Which; by default the newest that is not served.
    pub id: Option<String>,
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// Passages to compare by: each is asked for by its vector and by its words.
    #[arg(long, default_value_t = CompareGenerations::SAMPLE, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub sample: usize,
}

impl CompareGenerations {
    /// Passages, unless somebody says otherwise.
    pub const SAMPLE: usize = 100;
}

/// `generation promote`, `generation rollback`
#[derive(Args, Debug)]
pub struct PromoteGeneration {
    /// Which; by default the newest that is not served (`rollback`: the one that was served before).
    pub id: Option<String>,
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// What it may take.
    #[command(flatten)]
    pub bounds: PromotionBounds,
}

/// What a promotion may take.
#[derive(Args, Clone, Copy, Debug)]
pub struct PromotionBounds {
    /// Records that each of its writers may be behind.
    #[arg(long, default_value_t = MOST_BEHIND)]
    pub most_behind: i64,
    /// Give up after so many seconds: exit code 1.
    #[arg(long, default_value_t = PromotionBounds::PATIENCE)]
    pub patience: u64,
}

impl PromotionBounds {
    /// Seconds, unless somebody says otherwise.
    const PATIENCE: u64 = 120;
}

impl Default for PromotionBounds {
    fn default() -> Self {
        Self { most_behind: MOST_BEHIND, patience: Self::PATIENCE }
    }
}

/// What `generation pause` and `generation resume` want.
#[derive(Args, Debug)]
pub struct GenerationReason {
    /// Which.
    pub id: String,
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// Why; it is kept.
    #[arg(long)]
    pub reason: Option<String>,
}

/// `generation pause`
#[derive(Args, Debug)]
pub struct PauseGeneration {
    /// Which, and why.
    #[command(flatten)]
    pub mark: GenerationReason,
    /// Go on although an index of which the registry says nothing gets nothing new then.
    #[arg(long)]
    pub despite_others: bool,
}

/// `generation resume`
#[derive(Args, Debug)]
pub struct ResumeGeneration {
    /// Which, and why.
    #[command(flatten)]
    pub mark: GenerationReason,
    /// Begin anew where Kafka has forgotten how far it was. Without it, only say what that costs.
    #[arg(long)]
    pub yes: bool,
}

/// `generation retire`
#[derive(Args, Debug)]
pub struct RetireGeneration {
    /// Which.
    pub id: String,
    /// Where.
    #[command(flatten)]
    pub ask: GenerationAsk,
    /// Give up after so many seconds: exit code 1. Asking again goes on.
    #[arg(long, default_value_t = 300)]
    pub patience: u64,
    /// Go on although an index of which the registry says nothing gets nothing new then. The topics that it lives from are kept.
    #[arg(long)]
    pub despite_others: bool,
}
