//! Settings of `intake`.

use clap::Parser;
use objects::Buckets;
use process::Settings;
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

use crate::Scope;

/// Reads raw object notices and names the documents to look at.
#[derive(Clone, Debug, Parser)]
#[command(name = "intake", version, about)]
pub struct Config {
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Buckets that hold documents, comma-separated; notices about any other bucket are ignored.
    #[arg(long = "bucket", env = "MILLRACE_BUCKET", default_value = "documents", value_name = "BUCKETS")]
    pub buckets: Buckets,
    /// The keys that are documents.
    #[command(flatten)]
    pub scope: Scope,
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
