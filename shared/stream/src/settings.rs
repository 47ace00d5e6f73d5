//! Limits on what a worker's lanes hold, and how long they may take.

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
    /// Seconds that one record may hold up its partition while its server answers for others; then it is refused. A
    /// server that answers nobody is waited for without end.
    #[arg(long = "patience", env = "MILLRACE_PATIENCE", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub patience_seconds: u64,
    /// The worker stops when more of its records than this are refused, out of the last twice as many: a bad deploy must
    /// not drain a topic into dead letters. 0: never.
    #[arg(long, env = "MILLRACE_DEAD_LETTER_BUDGET", default_value_t = 100)]
    pub dead_letter_budget: usize,
    /// Seconds behind after which a reader may have missed deletions: `delete.retention.ms` of the topics, less a day.
    #[arg(long = "stale-after", env = "MILLRACE_STALE_AFTER", default_value_t = 518_400)]
    pub stale_after_seconds: u64,
    /// How long a partition waits before it reports the record with its offset.
    #[arg(skip = TOLD_AFTER)]
    pub told_after: Duration,
}

/// A partition without records commits at least this often that it was read.
const IDLE: Duration = Duration::from_hours(1);
/// A server needs less time than this to restart.
const TOLD_AFTER: Duration = Duration::from_secs(20);

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            batch: BatchLimits::default(),
            queue_bytes: 8 << 20,
            drain_seconds: 20,
            patience_seconds: 600,
            dead_letter_budget: 100,
            stale_after_seconds: 518_400,
            told_after: TOLD_AFTER,
        }
    }
}

impl LaneSettings {
    /// The drain deadline.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// How long a partition may be without records before it commits that it was read up to now. At most half of the
    /// time that makes it stale, because otherwise an idle partition would look like one that was not read.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_secs((self.stale_after_seconds / 2).max(1)).min(IDLE)
    }

    /// How long one record may hold up its partition.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds)
    }
}
