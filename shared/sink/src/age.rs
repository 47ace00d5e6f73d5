//! How old a batch is, by `CLOCK_BOOTTIME`, which goes on while a machine or a process sleeps.
//!
//! A write that was prepared before a long sleep must not leave after it: another worker may have gone on, and an engine
//! forgets after `index.gc_deletes` that it deleted something. No wall clock is read.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// No batch leaves when it is older. Far below `index.gc_deletes` (1 h), far above every retry budget.
pub(crate) const LONGEST: Duration = Duration::from_mins(5);

/// When a batch was taken up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakenUp(Duration);

impl TakenUp {
    /// Now.
    pub(crate) fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
        Self(Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default()))
    }

    /// True when it may no longer be sent at `now`.
    pub(crate) fn is_too_old(self, now: Self) -> bool {
        now.0.saturating_sub(self.0) > LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_slept_is_too_old() {
        let start = TakenUp(Duration::from_hours(1));
        assert!(!start.is_too_old(TakenUp(start.0 + LONGEST)));
        assert!(start.is_too_old(TakenUp(start.0 + LONGEST + Duration::from_nanos(1))));
        assert!(!TakenUp::now().is_too_old(TakenUp::now()));
    }
}
