//! Settings of `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use model::{EncoderSettings, FurtherModels, ModelSettings};
use objects::{Buckets, S3Settings};
use process::{Failure, Settings};
use sink::{EngineKind, EngineSettings, IndexSettings};
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

use crate::http::host::AllowedHosts;
use crate::llm::LlmSettings;
use crate::relevance::FLOOR;

/// Answers questions with passages, and in sentences that cite them.
#[derive(Clone, Debug, Parser)]
#[command(name = "serve", version, about)]
pub struct Config {
    /// Address to listen on.
    #[arg(long, env = "MILLRACE_SERVE_LISTEN", default_value = "127.0.0.1:8080")]
    pub serve_listen: SocketAddr,
    /// File of API keys, as written by `millrace key`; without it anybody who reaches the address may do everything,
    /// and the address must be a loopback address.
    #[arg(long, env = "MILLRACE_SERVE_KEYS")]
    pub serve_keys: Option<PathBuf>,
    /// Hosts that are answered for without keys beside localhost and the loopback addresses, comma-separated and without ports,
    /// e.g. the name under which a proxy on this machine is asked.
    #[arg(long, env = "MILLRACE_SERVE_HOSTS", value_name = "HOSTS")]
    pub serve_hosts: Option<AllowedHosts>,
    /// Maximum number of requests per minute and key; 0 for no limit.
    #[arg(long, env = "MILLRACE_SERVE_RATE", default_value_t = 600)]
    pub serve_rate: u32,
    /// File to which who searched, asked, read, uploaded and changed what is appended, a line of JSON for each request; without it
    /// nothing of that is written. It holds questions as they were asked.
    #[arg(long, env = "MILLRACE_SERVE_AUDIT_LOG", value_name = "FILE")]
    pub serve_audit_log: Option<PathBuf>,
    /// Maximum size of a file uploaded through this server, in bytes; four times as much of all uploads is in memory at most.
    #[arg(long, env = "MILLRACE_SERVE_LARGEST_UPLOAD", default_value_t = 67_108_864)]
    pub serve_largest_upload: usize,
    /// Share of the questions written to the topic `queries`, to measure drift and to train, 0 to 1; a question whose answer was
    /// judged is written in any case.
    #[arg(long, env = "MILLRACE_SERVE_SAMPLE", default_value_t = 0.1)]
    pub serve_sample: f64,
    /// Whether answers can be judged (thumbs on the page, `POST /v1/feedback`); a judgement is written to the topic `queries`
    /// with its question.
    #[arg(long, env = "MILLRACE_SERVE_FEEDBACK", default_value_t = true, action = clap::ArgAction::Set)]
    pub serve_feedback: bool,
    /// Whether personal data in questions and reasons is replaced before they are written to the topic `queries`: e-mail and IP
    /// addresses, telephone and card numbers, IBANs, Chinese identity numbers.
    #[arg(long, env = "MILLRACE_SERVE_MASK", default_value_t = true, action = clap::ArgAction::Set)]
    pub serve_mask: bool,
    /// Minimum relevance of the best passages for an answer to be written, 0 (no minimum) to 1; see the README, How
    /// answers are written.
    #[arg(long, env = "MILLRACE_SERVE_LEAST_RELEVANCE", default_value_t = FLOOR, value_parser = share)]
    pub serve_least_relevance: f64,
    /// Folder of a cross-encoder's bundle, which reranks the best passages; without it there is no reranking.
    #[arg(long, env = "MILLRACE_SERVE_RERANKER", value_name = "DIR")]
    pub serve_reranker: Option<PathBuf>,
    /// Number of passages to rerank; each costs about as much as embedding it.
    #[arg(long, env = "MILLRACE_SERVE_RERANK_DEPTH", default_value_t = 50, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub serve_rerank_depth: usize,
    /// Who computes `fusion=rrf`: the engine, if it offers that (Elasticsearch with a licence, OpenSearch since
    /// 2.19), or `serve`, which then also reports the ranks in both rankings.
    #[arg(long, env = "MILLRACE_SERVE_RRF", value_enum, default_value_t = RrfBy::Engine)]
    pub serve_rrf: RrfBy,
    /// The engine to search; by default Elasticsearch where it is one of `MILLRACE_ENGINES`, and otherwise the first of them.
    #[arg(long, env = "MILLRACE_SERVE_ENGINE", value_enum)]
    pub serve_engine: Option<EngineKind>,
    /// Bucket whose documents can be listed, uploaded and deleted here; without it they cannot.
    #[arg(long, env = "MILLRACE_BUCKET", value_parser = Buckets::one)]
    pub bucket: Option<String>,
    /// Connection to the object store.
    #[command(flatten)]
    pub store: S3Settings,
    /// Connection to Kafka, for what is served, the pipeline view and sampled questions.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Connections to the engines.
    #[command(flatten)]
    pub engines: EngineSettings,
    /// Names of the indexes.
    #[command(flatten)]
    pub index: IndexSettings,
    /// The embedding model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// The models of further generations.
    #[command(flatten)]
    pub further: FurtherModels,
    /// How the model is run.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// The models that write answers.
    #[command(flatten)]
    pub llm: LlmSettings,
    /// Logs and metrics.
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
    /// The engine, if it offers that.
    Engine,
    /// `serve`.
    Client,
}

impl Config {
    /// The engine to search.
    ///
    /// # Errors
    /// When documents are not written to it.
    pub fn searched(&self) -> Result<EngineKind, Failure> {
        let written = &self.engines.written;
        let usual = written.iter().find(|engine| **engine == EngineKind::Elasticsearch).or(written.first());
        match self.serve_engine.or(usual.copied()) {
            Some(engine) if written.contains(&engine) => Ok(engine),
            Some(engine) => Err(format!(
                "MILLRACE_SERVE_ENGINE is {name}, to which MILLRACE_ENGINES says that nothing is written: name {name} there, or \
                 search another engine",
                name = engine.name()
            )
            .into()),
            None => Err("MILLRACE_ENGINES names no engine".into()),
        }
    }
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(more: &[&str]) -> Result<EngineKind, String> {
        let words = ["serve", "--model", "m"].iter().chain(more);
        Config::parse_from(words).searched().map_err(|error| error.to_string())
    }

    #[test]
    fn only_an_engine_that_is_written_is_searched() {
        assert_eq!(searched(&[]), Ok(EngineKind::Elasticsearch));
        assert_eq!(searched(&["--engines", "opensearch"]), Ok(EngineKind::Opensearch));
        assert_eq!(searched(&["--serve-engine", "opensearch"]), Ok(EngineKind::Opensearch));
        let error = searched(&["--engines", "opensearch", "--serve-engine", "elasticsearch"]).unwrap_err();
        assert!(error.contains("MILLRACE_ENGINES"), "{error}");
    }
}
