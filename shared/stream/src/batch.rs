//! Limits of a batch. Pure.

use clap::Args;

/// How much is handled at once. Whichever limit is reached first closes a batch. A batch never waits to fill: it takes
/// what is there when the lane is free.
#[derive(Args, Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Records handled (and committed) at once, at most.
    #[arg(long, env = "MILLRACE_BATCH_RECORDS", default_value_t = 256)]
    pub batch_records: usize,
    /// Bytes of records handled at once, at most (one larger record is a batch of its own).
    #[arg(long, env = "MILLRACE_BATCH_BYTES", default_value_t = 2 << 20)]
    pub batch_bytes: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { batch_records: 256, batch_bytes: 2 << 20 }
    }
}

impl BatchLimits {
    /// Whether a batch of `records` records and `bytes` bytes is closed to a further record of `next` bytes.
    #[must_use]
    pub fn is_full(&self, records: usize, bytes: usize, next: usize) -> bool {
        records > 0 && (records >= self.batch_records || bytes + next > self.batch_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_always_fits() {
        let limits = BatchLimits { batch_records: 2, batch_bytes: 10 };
        assert!(!limits.is_full(0, 0, 1000));
        assert!(limits.is_full(1, 6, 5));
        assert!(!limits.is_full(1, 5, 5));
        assert!(limits.is_full(2, 2, 1));
    }
}
