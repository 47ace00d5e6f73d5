//! Settings of `replicate`.

use clap::Parser;
use model::{BackendSettings, ModelSettings};
use process::Settings;
use sink::{BuildingSettings, ElasticsearchSettings, IndexSettings, RequestSettings};
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

/// Writes vectors to Elasticsearch.
#[derive(Clone, Debug, Parser)]
#[command(name = "replicate", version, about)]
pub struct Config {
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Connection to Elasticsearch.
    #[command(flatten)]
    pub elasticsearch: ElasticsearchSettings,
    /// Requests and retries.
    #[command(flatten)]
    pub requests: RequestSettings,
    /// Names of the indexes.
    #[command(flatten)]
    pub index: IndexSettings,
    /// The model whose vectors are written.
    #[command(flatten)]
    pub model: ModelSettings,
    /// The encoder that made them.
    #[command(flatten)]
    pub backend: BackendSettings,
    /// Batching and queueing.
    #[command(flatten)]
    pub lanes: LaneSettings,
    /// What is being built beside what is served.
    #[command(flatten)]
    pub building: BuildingSettings,
    /// Logs and metrics.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
