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
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Buckets of documents, several with commas between them: notices about any other are ignored.
    #[arg(long = "bucket", env = "MILLRACE_BUCKET", default_value = "documents", value_name = "BUCKETS")]
    pub buckets: Buckets,
    /// Which keys are documents.
    #[command(flatten)]
    pub scope: Scope,
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
