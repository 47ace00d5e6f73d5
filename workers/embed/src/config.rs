//! Settings of `embed`.

use clap::Parser;
use model::{EncoderSettings, FurtherModels, ModelSettings};
use objects::S3Settings;
use process::Settings;
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

/// Embeds chunks.
#[derive(Clone, Debug, Parser)]
#[command(name = "embed", version, about)]
pub struct Config {
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// The models of further generations.
    #[command(flatten)]
    pub further: FurtherModels,
    /// The object store that further models are fetched from.
    #[command(flatten)]
    pub store: S3Settings,
    /// How the model is run.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// Batching and queueing.
    #[command(flatten)]
    pub lanes: LaneSettings,
    /// Logs and metrics.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
