//! Settings of `chunk`.

use clap::Parser;
use model::ModelSettings;
use objects::S3Settings;
use process::Settings;
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

/// Looks at each object that was named and writes the difference in its chunks.
#[derive(Clone, Debug, Parser)]
#[command(name = "chunk", version, about)]
pub struct Config {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// How the object store is reached.
    #[command(flatten)]
    pub store: S3Settings,
    /// For which model documents are cut.
    #[command(flatten)]
    pub model: ModelSettings,
    /// Larger objects are refused: bytes.
    #[arg(long, env = "MILLRACE_LARGEST_DOCUMENT", default_value_t = 64 << 20)]
    pub largest_document: u64,
    /// A document with more chunks is refused.
    #[arg(long, env = "MILLRACE_MOST_CHUNKS", default_value_t = 20_000)]
    pub most_chunks: usize,
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
