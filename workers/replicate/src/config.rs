//! Settings of `replicate`.

use clap::Parser;
use model::{BackendSettings, ModelSettings};
use process::Settings;
use sink::{ElasticsearchSettings, IndexSettings, RequestSettings};
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

/// Writes vectors to Elasticsearch.
#[derive(Clone, Debug, Parser)]
#[command(name = "replicate", version, about)]
pub struct Config {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// How Elasticsearch is reached.
    #[command(flatten)]
    pub elasticsearch: ElasticsearchSettings,
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
