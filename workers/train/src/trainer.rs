//! The seam of those who train: a job is looked for, created, looked at and stopped.
//!
//! A job carries its run's id, so that whoever does not know whether it was created can look for it. No method tries
//! again by itself: what to do about a failure is said by [`TrainerTrouble`], and the run's log knows when.
//!
//! To add a trainer: a file below `trainer/` with an implementation of [`Trainer`], a line in [`TrainerKind`], in
//! [`AnyTrainer`] and in [`AnyTrainer::open`], and a bench in `tests/suite`, over which the suite runs.

pub mod local;
pub mod memory;
pub mod pai;
mod place;

use std::time::Duration;

use clap::{Args, ValueEnum};
use objects::FileStore;
use serde::{Deserialize, Serialize};

pub use local::{LocalSettings, LocalTrainer};
pub use memory::{MemoryTrainer, TrainerFault};
pub use pai::{PaiSettings, PaiTrainer};
pub use place::{InvalidObjectPlace, ObjectPlace};

/// Maximum number of lines that [`Trainer::log`] gives.
pub const LOG_LINES: usize = 200;
/// Maximum number of characters of such a line; what is longer is cut.
pub const LOG_LINE: usize = 1000;

/// What is to be trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingJob {
    /// The run: its id, and the token by which its job is found again.
    pub run: String,
    /// The training data, with `manifest.json`.
    pub data: ObjectPlace,
    /// The bundle of the model to begin with.
    pub base: ObjectPlace,
    /// Where the output goes; `done.json` comes last.
    pub output: ObjectPlace,
    /// Name of the new model.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How it is trained.
    pub options: TrainerOptions,
}

impl TrainingJob {
    /// The arguments of `train.py`, for folders in which data, base and output are.
    #[must_use]
    pub fn arguments(&self, data: &str, base: &str, output: &str) -> Vec<String> {
        let fixed = [
            ("--oss_input", data),
            ("--base", base),
            ("--oss_output", output),
            ("--name", &self.name),
            ("--version", &self.version),
            ("--token", &self.run),
        ];
        let fixed = fixed.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]);
        fixed.chain(self.options.arguments()).collect()
    }
}

/// How a model is trained; what is not given is left to `train.py`.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainerOptions {
    /// Number of seeds to train with; their weights are averaged.
    #[arg(id = "trainer-seeds", long = "trainer-seeds", env = "MILLRACE_TRAINER_SEEDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub seeds: Option<u32>,
    /// Number of passes through the training data.
    #[arg(id = "trainer-epochs", long = "trainer-epochs", env = "MILLRACE_TRAINER_EPOCHS", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Maximum number of steps of each seed.
    #[arg(id = "trainer-max-steps", long = "trainer-max-steps", env = "MILLRACE_TRAINER_MAX_STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_steps: Option<u32>,
    /// Number of pairs in a batch; fewer need less memory and teach less.
    #[arg(id = "trainer-batch-size", long = "trainer-batch-size", env = "MILLRACE_TRAINER_BATCH_SIZE", value_parser = clap::value_parser!(u32).range(2..))]
    pub batch_size: Option<u32>,
    /// The highest learning rate.
    #[arg(
        id = "trainer-learning-rate",
        long = "trainer-learning-rate",
        env = "MILLRACE_TRAINER_LEARNING_RATE"
    )]
    pub learning_rate: Option<f64>,
    /// Dimension of the new model's vectors, if it is to be smaller than its base's.
    #[arg(id = "trainer-dimension", long = "trainer-dimension", env = "MILLRACE_TRAINER_DIMENSION", value_parser = clap::value_parser!(u32).range(1..))]
    pub dimension: Option<u32>,
    /// Number of threads to train with.
    #[arg(id = "trainer-threads", long = "trainer-threads", env = "MILLRACE_TRAINER_THREADS", value_parser = clap::value_parser!(u32).range(1..))]
    pub threads: Option<u32>,
}

impl TrainerOptions {
    /// The arguments of `train.py`.
    fn arguments(&self) -> impl Iterator<Item = String> {
        let number = |value: Option<u32>| value.map(|value| value.to_string());
        let given = [
            ("--seeds", number(self.seeds)),
            ("--epochs", number(self.epochs)),
            ("--max_steps", number(self.max_steps)),
            ("--batch_size", number(self.batch_size)),
            ("--learning_rate", self.learning_rate.map(|value| value.to_string())),
            ("--dimension", number(self.dimension)),
            ("--threads", number(self.threads)),
        ];
        given.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten()
    }
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It has not begun; the text says what it waits for.
    Waiting(String),
    /// It runs, or does what this program does not know.
    Running {
        /// What it is doing, for people.
        detail: String,
    },
    /// It is done, and its output is in its place.
    Succeeded,
    /// It failed.
    Failed {
        /// Why, for people.
        reason: String,
    },
    /// Somebody stopped it.
    Stopped {
        /// Who or why, for people.
        reason: String,
    },
    /// There is no such job, or none any more.
    Gone,
}

impl JobState {
    /// Whether it stays as it is.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        match self {
            Self::Waiting(_) | Self::Running { .. } => false,
            Self::Succeeded | Self::Failed { .. } | Self::Stopped { .. } | Self::Gone => true,
        }
    }
}

/// Why a trainer did not do what it was asked; sorted by what the caller does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrainerTrouble {
    /// Try again later. Nothing was created.
    #[error("the trainer is not available: {why}")]
    Busy {
        /// How long it wants to be left alone.
        after: Option<Duration>,
        /// What went wrong.
        why: String,
    },
    /// A person must change a setting, a permission or a machine; the text says which.
    #[error("{0}")]
    Denied(String),
    /// It does not take this job, today or tomorrow.
    #[error("the trainer refuses the job: {0}")]
    Refused(String),
    /// Whether it was done is not known: look with [`Trainer::find`] before it is asked again.
    #[error("whether the trainer did it is not known: {0}")]
    Unclear(String),
}

impl TrainerTrouble {
    fn busy(why: impl Into<String>) -> Self {
        Self::Busy { after: None, why: why.into() }
    }
}

/// Who trains. Dropping a future of it leaves nothing half done that the next call does not go on with.
pub trait Trainer: Send + Sync {
    /// The job of this run, if there is one, ended or not: looked for before one is created.
    ///
    /// # Errors
    /// See [`TrainerTrouble`]; never `Unclear`.
    fn find(&self, run: &str) -> impl Future<Output = Result<Option<String>, TrainerTrouble>> + Send;

    /// Creates a job and returns its name. Whoever may have created it before has to [`find`](Self::find) it first.
    /// The trainer `local` fetches data and base meanwhile, which may take minutes.
    ///
    /// # Errors
    /// See [`TrainerTrouble`].
    fn create(&self, job: &TrainingJob) -> impl Future<Output = Result<String, TrainerTrouble>> + Send;

    /// How the job stands. The trainer `local` meanwhile brings its output to its place, or starts it again where its process is
    /// gone, which may take minutes.
    ///
    /// # Errors
    /// See [`TrainerTrouble`]; never `Unclear`.
    fn look(&self, job: &str) -> impl Future<Output = Result<JobState, TrainerTrouble>> + Send;

    /// Stops it. Succeeds when it has ended already, or is gone. A job may take a while to be seen as stopped.
    ///
    /// # Errors
    /// See [`TrainerTrouble`]; asking again is harmless.
    fn stop(&self, job: &str) -> impl Future<Output = Result<(), TrainerTrouble>> + Send;

    /// The last lines of its log, for people: at most [`LOG_LINES`] of at most [`LOG_LINE`] characters.
    ///
    /// # Errors
    /// See [`TrainerTrouble`]; never `Unclear`.
    fn log(&self, job: &str) -> impl Future<Output = Result<Vec<String>, TrainerTrouble>> + Send;
}

/// The kinds of trainers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TrainerKind {
    /// A process on this machine.
    Local,
    /// Jobs of Alibaba Cloud's PAI-DLC.
    Pai,
}

impl TrainerKind {
    /// Its name in settings and in the run's log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Pai => "pai",
        }
    }
}

/// Who trains, and how.
#[derive(Args, Clone, Debug)]
pub struct TrainerSettings {
    /// Who trains: `local`, a process on this machine, or `pai`, a job of Alibaba Cloud's PAI-DLC.
    #[arg(long, env = "MILLRACE_TRAINER", value_enum, default_value_t = TrainerKind::Local)]
    pub trainer: TrainerKind,
    /// How a model is trained.
    #[command(flatten)]
    pub options: TrainerOptions,
    /// The process on this machine.
    #[command(flatten)]
    pub local: LocalSettings,
    /// PAI-DLC.
    #[command(flatten)]
    pub pai: PaiSettings,
}

/// Settings with which the chosen trainer cannot work; the text says which, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidTrainerSettings(pub String);

/// The chosen trainer. Clones are the same one.
#[derive(Clone, Debug)]
pub enum AnyTrainer<S> {
    /// A process on this machine.
    Local(LocalTrainer<S>),
    /// PAI-DLC.
    Pai(PaiTrainer),
}

impl<S: FileStore> AnyTrainer<S> {
    /// Prepares the chosen trainer; starts and sends nothing yet. `store` holds data, bases and outputs.
    ///
    /// # Errors
    /// The invalid setting.
    pub fn open(settings: &TrainerSettings, store: S) -> Result<Self, InvalidTrainerSettings> {
        match settings.trainer {
            TrainerKind::Local => LocalTrainer::open(&settings.local, store).map(Self::Local),
            TrainerKind::Pai => PaiTrainer::open(&settings.pai).map(Self::Pai),
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> TrainerKind {
        match self {
            Self::Local(_) => TrainerKind::Local,
            Self::Pai(_) => TrainerKind::Pai,
        }
    }

    /// What a job takes and costs at most, as one line for people.
    #[must_use]
    pub fn estimate(&self) -> String {
        match self {
            Self::Local(trainer) => trainer.estimate(),
            Self::Pai(trainer) => trainer.estimate(),
        }
    }
}

impl<S: FileStore> Trainer for AnyTrainer<S> {
    async fn find(&self, run: &str) -> Result<Option<String>, TrainerTrouble> {
        match self {
            Self::Local(trainer) => Box::pin(trainer.find(run)).await,
            Self::Pai(trainer) => Box::pin(trainer.find(run)).await,
        }
    }

    async fn create(&self, job: &TrainingJob) -> Result<String, TrainerTrouble> {
        match self {
            Self::Local(trainer) => Box::pin(trainer.create(job)).await,
            Self::Pai(trainer) => Box::pin(trainer.create(job)).await,
        }
    }

    async fn look(&self, job: &str) -> Result<JobState, TrainerTrouble> {
        match self {
            Self::Local(trainer) => Box::pin(trainer.look(job)).await,
            Self::Pai(trainer) => Box::pin(trainer.look(job)).await,
        }
    }

    async fn stop(&self, job: &str) -> Result<(), TrainerTrouble> {
        match self {
            Self::Local(trainer) => Box::pin(trainer.stop(job)).await,
            Self::Pai(trainer) => Box::pin(trainer.stop(job)).await,
        }
    }

    async fn log(&self, job: &str) -> Result<Vec<String>, TrainerTrouble> {
        match self {
            Self::Local(trainer) => Box::pin(trainer.log(job)).await,
            Self::Pai(trainer) => Box::pin(trainer.log(job)).await,
        }
    }
}

/// Whether a run's id can be a part of names: 1 to 64 ASCII letters, digits and hyphens.
fn is_run(run: &str) -> bool {
    (1..=64).contains(&run.len()) && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The last lines, each cut, as [`Trainer::log`] gives them.
fn shown(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let lines: Vec<String> = lines.into_iter().collect();
    let first = lines.len().saturating_sub(LOG_LINES);
    lines.into_iter().skip(first).map(|line| line.chars().take(LOG_LINE).collect()).collect()
}
