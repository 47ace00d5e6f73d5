//! Settings of `serve`.

use std::net::SocketAddr;

use clap::Parser;
use model::{EncoderSettings, ModelSettings};
use process::Settings;
use sink::{ElasticsearchSettings, IndexSettings};
use telemetry::TelemetrySettings;

/// Answers questions with passages.
#[derive(Clone, Debug, Parser)]
#[command(name = "serve", version, about)]
pub struct Config {
    /// The address that is served.
    #[arg(long, env = "MILLRACE_SERVE_LISTEN", default_value = "127.0.0.1:8080")]
    pub serve_listen: SocketAddr,
    /// How Elasticsearch is reached.
    #[command(flatten)]
    pub elasticsearch: ElasticsearchSettings,
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// How it is run.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// How it speaks.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
