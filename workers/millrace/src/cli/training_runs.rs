//! Runs that train a model.

use clap::{Args, ValueEnum};

use super::{BucketSettings, RegistrySettings};

/// Who trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunTrainer {
    /// A process on the machine of `train`.
    Local,
    /// A job of Alibaba Cloud's PAI-DLC.
    Pai,
}

impl RunTrainer {
    /// The name in the registry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Pai => "pai",
        }
    }
}

/// `train now`
#[derive(Args, Debug)]
pub struct TrainNow {
    /// Digest of the training data, as `millrace train data` says it.
    #[arg(long, value_name = "DIGEST")]
    pub data: String,
    /// Model to fine-tune: its fingerprint, or its beginning; by default the one that is served, or the only accepted one where
    /// nothing was promoted yet.
    #[arg(long, value_name = "FINGERPRINT")]
    pub base: Option<String>,
    /// Who trains: a running `train` with the same setting takes the run.
    #[arg(long, env = "MILLRACE_TRAINER", value_enum, default_value_t = RunTrainer::Local)]
    pub trainer: RunTrainer,
    /// Why; it is kept.
    #[arg(long)]
    pub reason: Option<String>,
    /// Who asks; it is kept.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Say what would be trained, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where the training data is.
    #[command(flatten)]
    pub bucket: BucketSettings,
}

/// `train status`
#[derive(Args, Debug)]
pub struct TrainStatus {
    /// A run's id, or its beginning; by default the one that has not ended, and the last one that has.
    pub id: Option<String>,
    /// Name all of them.
    #[arg(long)]
    pub all: bool,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
}

/// `train stop`
#[derive(Args, Debug)]
pub struct TrainStop {
    /// A run's id, or its beginning; by default the one that has not ended.
    pub id: Option<String>,
    /// Who asks; it is kept.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Say what would be stopped, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
}

/// `train log`
#[derive(Args, Debug)]
pub struct TrainLog {
    /// A run's id, or its beginning; by default the one that has not ended, or the last one.
    pub id: Option<String>,
    /// Where the registry is.
    #[command(flatten)]
    pub registry: RegistrySettings,
    /// Where the log of its job is kept.
    #[command(flatten)]
    pub bucket: BucketSettings,
}
