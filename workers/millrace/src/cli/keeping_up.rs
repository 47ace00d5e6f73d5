//! The circle that keeps a model right.

use std::time::Duration;

use clap::Args;
use model::{FurtherModels, OnnxSettings};

use super::upkeep::pause;
use super::{DriftChoices, PairChoices, RunTrainer, WorldSettings};

/// `keep-up`
#[derive(Args, Debug)]
pub struct KeepUp {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// The models of further generations: the bundles of new ones are fetched into it.
    #[command(flatten)]
    pub further: FurtherModels,
    /// How the model is run.
    #[command(flatten)]
    pub onnx: OnnxSettings,
    /// How drift is measured.
    #[command(flatten)]
    pub drift: DriftChoices,
    /// How training data is made.
    #[command(flatten)]
    pub pairs: PairChoices,
    /// Who trains: a running `train` with the same setting takes the run.
    #[arg(long, env = "MILLRACE_TRAINER", value_enum, default_value_t = RunTrainer::Local)]
    pub trainer: RunTrainer,
    /// Go on until SIGTERM, and measure drift so often, e.g. `24h`; without it, once, and end when nothing is left to be done now.
    #[arg(long, value_name = "DURATION", value_parser = pause)]
    pub every: Option<Duration>,
    /// Serve what was built; without it, a person is told, and promotes it.
    #[arg(long)]
    pub promote: bool,
    /// Say what would come next, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object per act.
    #[arg(long)]
    pub json: bool,
}
