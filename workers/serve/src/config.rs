//! Settings of `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use model::{EncoderSettings, ModelSettings};
use objects::{Buckets, S3Settings};
use process::Settings;
use sink::{EngineKind, EngineSettings, IndexSettings};
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

use crate::llm::LlmSettings;
use crate::relevance::FLOOR;

/// Answers questions with passages, and with sentences that cite them.
#[derive(Clone, Debug, Parser)]
#[command(name = "serve", version, about)]
pub struct Config {
    /// The address that is served.
    #[arg(long, env = "MILLRACE_SERVE_LISTEN", default_value = "127.0.0.1:8080")]
    pub serve_listen: SocketAddr,
    /// File of API keys, as `millrace key` makes them; without one everybody who reaches the address may do everything,
    /// and the address has to be a loopback one.
    #[arg(long, env = "MILLRACE_SERVE_KEYS")]
    pub serve_keys: Option<PathBuf>,
    /// Requests a minute with one key; 0 for as many as they like.
    #[arg(long, env = "MILLRACE_SERVE_RATE", default_value_t = 600)]
    pub serve_rate: u32,
    /// Bytes of a file at most that is uploaded through this server.
    #[arg(long, env = "MILLRACE_SERVE_LARGEST_UPLOAD", default_value_t = 67_108_864)]
    pub serve_largest_upload: usize,
    /// Share of the questions that is written to the topic `queries`, 0 to 1: what drift is measured on.
    #[arg(long, env = "MILLRACE_SERVE_SAMPLE", default_value_t = 0.1)]
    pub serve_sample: f64,
    /// How relevant the best passages have to be for an answer to be written, 0 (always) to 1: see README, How answers are
    /// written.
    #[arg(long, env = "MILLRACE_SERVE_LEAST_RELEVANCE", default_value_t = FLOOR, value_parser = share)]
    pub serve_least_relevance: f64,
    /// The folder of a cross-encoder's bundle that judges the best passages again, beside the question; none: they are not.
    #[arg(long, env = "MILLRACE_SERVE_RERANKER", value_name = "DIR")]
    pub serve_reranker: Option<PathBuf>,
    /// How many of the best passages it judges; each costs as much as embedding it.
    #[arg(long, env = "MILLRACE_SERVE_RERANK_DEPTH", default_value_t = 50, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub serve_rerank_depth: usize,
    /// Who computes `fusion=rrf`: the engine, where it offers that (Elasticsearch by its licence, OpenSearch since 2.19), or
    /// `serve`, which then tells the ranks in both rankings.
    #[arg(long, env = "MILLRACE_SERVE_RRF", value_enum, default_value_t = RrfBy::Engine)]
    pub serve_rrf: RrfBy,
    /// Which engine is searched.
    #[arg(long, env = "MILLRACE_SERVE_ENGINE", value_enum, default_value_t = EngineKind::Elasticsearch)]
    pub serve_engine: EngineKind,
    /// Bucket whose documents are listed, uploaded and deleted here; none: they are not.
    #[arg(long, env = "MILLRACE_BUCKET", value_parser = Buckets::one)]
    pub bucket: Option<String>,
    /// How the bucket is reached.
    #[command(flatten)]
    pub store: S3Settings,
    /// How Kafka is reached, for the view of the pipeline and sampled questions.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// How the engines are reached.
    #[command(flatten)]
    pub engines: EngineSettings,
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// How it is run.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// Who writes answers.
    #[command(flatten)]
    pub llm: LlmSettings,
    /// How it speaks.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "give a number from 0 to 1".to_owned())
}

/// Who computes reciprocal rank fusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RrfBy {
    /// The engine, where it offers that.
    Engine,
    /// `serve`.
    Client,
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
