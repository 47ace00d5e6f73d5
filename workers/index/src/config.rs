//! Settings of `index`.

use clap::Parser;
use model::{BackendSettings, ModelSettings};
use process::Settings;
use sink::{IndexSettings, OpenSearchSettings, RequestSettings};
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

/// Writes vectors to OpenSearch.
#[derive(Clone, Debug, Parser)]
#[command(name = "index", version, about)]
pub struct Config {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// How OpenSearch is reached.
    #[command(flatten)]
    pub opensearch: OpenSearchSettings,
    /// How it is written.
    #[command(flatten)]
    pub requests: RequestSettings,
    /// What the indexes are called.
    #[command(flatten)]
    pub index: IndexSettings,
    /// Whose vectors they are.
    #[command(flatten)]
    pub model: ModelSettings,
    /// Which encoder made them.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// How much is held.
    #[command(flatten)]
    pub lanes: LaneSettings,
    /// How it speaks.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
