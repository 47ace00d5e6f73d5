#![expect(clippy::disallowed_methods, reason = "edge: what outlives the process is measured by a wall clock")]
//! Clocks. `CLOCK_BOOTTIME` keeps running while a machine is suspended or a process is stopped. The wall clock measures
//! ages across restarts, for people and alarms; it never decides an order.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Seconds since 1970 by this machine's clock.
#[must_use]
pub fn wall_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default()
}

/// A point in time, as time since the machine booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boottime(Duration);

impl Boottime {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
        Self(Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default()))
    }

    /// The time from this moment to `now`; zero if `now` is earlier.
    #[must_use]
    pub fn age(self, now: Self) -> Duration {
        now.0.saturating_sub(self.0)
    }

    /// The moment `duration` before this one.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ages() {
        let now = Boottime::now();
        assert_eq!(now.before(Duration::from_secs(7)).age(now), Duration::from_secs(7));
        assert_eq!(now.age(now.before(Duration::from_secs(7))), Duration::ZERO);
    }
}
