//! How much a worker's lanes may hold, and how long they may take.

use std::time::Duration;

use clap::Args;

use crate::batch::BatchLimits;

/// Bounds of a worker's lanes.
#[derive(Args, Clone, Debug)]
pub struct LaneSettings {
    #[command(flatten)]
    /// How much is handled at once.
    pub batch: BatchLimits,
    /// Bytes of one partition that may wait in this process before reading it pauses.
    #[arg(long, env = "MILLRACE_QUEUE_BYTES", default_value_t = 8 << 20)]
    pub queue_bytes: usize,
    /// Seconds that a lane may take to finish what it has in hand when it is stopped or its partition moves.
    #[arg(long, env = "MILLRACE_DRAIN_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub drain_seconds: u64,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self { batch: BatchLimits::default(), queue_bytes: 8 << 20, drain_seconds: 20 }
    }
}

impl LaneSettings {
    /// The drain deadline.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
