//! Settings of `train`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use eval::guard::GuardFolder;
use model::EncoderSettings;
use objects::{Buckets, S3Settings};
use process::Settings;
use sink::IndexSettings;
use stream::kafka::KafkaSettings;
use telemetry::TelemetrySettings;

use crate::proof::ProofSettings;
use crate::trainer::TrainerSettings;

/// Conducts runs that train a model on the documents' own domain.
#[derive(Clone, Debug, Parser)]
#[command(name = "train", version, about)]
pub struct Config {
    /// Connection to Kafka.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Connection to the object store.
    #[command(flatten)]
    pub store: S3Settings,
    /// Bucket of documents: training data, outputs and models are below `.millrace/` in it.
    #[arg(long, env = "MILLRACE_BUCKET", default_value = "documents", value_parser = Buckets::one)]
    pub bucket: String,
    /// Names of the indexes.
    #[command(flatten)]
    pub index: IndexSettings,
    /// How vectors are made: it decides the fingerprint of a model, and runs it for its proof.
    #[command(flatten)]
    pub encoder: EncoderSettings,
    /// General sets on which a model may not get worse: folders in BEIR's layout with the split that is asked, DIR:SPLIT[,…].
    #[arg(long = "guard", env = "MILLRACE_TRAIN_GUARDS", value_name = "DIR:SPLIT", value_delimiter = ',')]
    pub guards: Vec<GuardFolder>,
    /// Documents of a general set that are embedded, at most.
    #[arg(long, env = "MILLRACE_TRAIN_GUARD_DOCUMENTS", default_value_t = 5_000)]
    pub guard_documents: usize,
    /// Who trains, and how.
    #[command(flatten)]
    pub trainer: TrainerSettings,
    /// Maximum time of a job in hours, its waiting included; then it is stopped, and the run has failed.
    #[arg(long, env = "MILLRACE_TRAIN_MOST_HOURS", default_value_t = 48, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub train_most_hours: u64,
    /// Folder for what is fetched; one model at a time must fit.
    #[arg(long, env = "MILLRACE_DATA", default_value = "/var/tmp/millrace-data")]
    pub data: PathBuf,
    /// Logs and metrics.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

impl Config {
    /// What proofs are made with.
    #[must_use]
    pub fn proof(&self) -> ProofSettings {
        ProofSettings {
            bucket: self.bucket.clone(),
            scratch: self.data.join("train"),
            encoder: self.encoder.clone(),
            dimension: self.trainer.options.dimension.and_then(|numbers| usize::try_from(numbers).ok()),
            guards: self.guards.clone(),
            guard_documents: self.guard_documents,
        }
    }

    /// How long a job may take.
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::from_secs(self.train_most_hours.saturating_mul(3600))
    }
}

impl Settings for Config {
    fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}
