//! Settings of `chunk`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use model::{FurtherModels, ModelSettings};
use objects::{Buckets, S3Settings};
use process::Settings;
use sandbox::SandboxSettings;
use stream::LaneSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

use crate::guard::GuardSettings;
use crate::stage::StageLimits;

/// A batch is committed after this many bytes of passages.
const BATCH_BYTES: usize = 8 << 20;
/// A batch is committed after this much time.
const BATCH_TIME: Duration = Duration::from_secs(5);

/// Looks at each named object and writes what changed in its chunks.
#[derive(Clone, Debug, Parser)]
#[command(name = "chunk", version, about)]
pub struct Config {
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Connection to the object store.
    #[command(flatten)]
    pub store: S3Settings,
    /// Buckets that hold documents, comma-separated; a reference to any other bucket is refused.
    #[arg(long = "bucket", env = "MILLRACE_BUCKET", default_value = "documents", value_name = "BUCKETS")]
    pub buckets: Buckets,
    /// The model whose token limit passages must fit.
    #[command(flatten)]
    pub model: ModelSettings,
    /// The models of further generations.
    #[command(flatten)]
    pub further: FurtherModels,
    /// Maximum size of an object in bytes; larger ones are refused.
    #[arg(long, env = "MILLRACE_LARGEST_DOCUMENT", default_value_t = 64 << 20)]
    pub largest_document: u64,
    /// Limits on the resources that reading a document may use.
    #[command(flatten)]
    pub sandbox: SandboxSettings,
    /// Maximum number of chunks of a document; with more it is refused.
    #[arg(long, env = "MILLRACE_MOST_CHUNKS", default_value_t = 20_000)]
    pub most_chunks: usize,
    /// Folder for the working copies of the ledger; each process needs its own.
    #[arg(long, env = "MILLRACE_DATA", default_value = "/var/tmp/millrace-data")]
    pub data: PathBuf,
    /// Memory cache of the working copies in bytes, shared by all partitions of a chunking.
    #[arg(long, env = "MILLRACE_LEDGER_CACHE", default_value_t = 64 << 20)]
    pub ledger_cache: usize,
    /// Thresholds of the guard against mass deletion.
    #[command(flatten)]
    pub guard: GuardSettings,
    /// Batching and queueing.
    #[command(flatten)]
    pub lanes: LaneSettings,
    /// Logs and metrics.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Config {
    /// The limits that the stage enforces.
    #[must_use]
    pub fn limits(&self) -> StageLimits {
        StageLimits {
            buckets: self.buckets.clone(),
            largest: self.largest_document,
            patience: self.lanes.patience(),
            guard: self.guard,
            enough: BATCH_BYTES,
            long_enough: BATCH_TIME,
        }
    }
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
