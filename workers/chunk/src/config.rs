//! Settings of `chunk`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use model::ModelSettings;
use objects::{Buckets, S3Settings};
use process::Settings;
use sandbox::SandboxSettings;
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

use crate::guard::GuardSettings;
use crate::stage::StageLimits;

/// A batch grows up to so many bytes of passages, and for so long.
const ENOUGH: (usize, Duration) = (8 << 20, Duration::from_secs(5));

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
    /// Buckets of documents, several with commas between them: a reference to any other is refused.
    #[arg(long = "bucket", env = "MILLRACE_BUCKET", default_value = "documents", value_name = "BUCKETS")]
    pub buckets: Buckets,
    /// For which model documents are cut.
    #[command(flatten)]
    pub model: ModelSettings,
    /// Larger objects are refused: bytes.
    #[arg(long, env = "MILLRACE_LARGEST_DOCUMENT", default_value_t = 64 << 20)]
    pub largest_document: u64,
    /// What reading a document may cost.
    #[command(flatten)]
    pub sandbox: SandboxSettings,
    /// A document with more chunks is refused.
    #[arg(long, env = "MILLRACE_MOST_CHUNKS", default_value_t = 20_000)]
    pub most_chunks: usize,
    /// The folder of the working copies of the ledger; each process needs its own.
    #[arg(long, env = "MILLRACE_DATA", default_value = "/var/tmp/millrace-data")]
    pub data: PathBuf,
    /// Bytes of the working copies that are kept in memory, for all partitions together.
    #[arg(long, env = "MILLRACE_LEDGER_CACHE", default_value_t = 64 << 20)]
    pub ledger_cache: usize,
    /// When more goes away than somebody can have meant.
    #[command(flatten)]
    pub guard: GuardSettings,
    /// How much is held.
    #[command(flatten)]
    pub lanes: LaneSettings,
    /// How it speaks.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Config {
    /// What the stage allows.
    #[must_use]
    pub fn limits(&self) -> StageLimits {
        StageLimits {
            buckets: self.buckets.clone(),
            largest: self.largest_document,
            patience: self.lanes.patience(),
            guard: self.guard,
            enough: ENOUGH.0,
            long_enough: ENOUGH.1,
        }
    }
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
