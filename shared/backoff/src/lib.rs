//! How long to wait before the next attempt.
//!
//! Pure: it returns durations and never waits. Delays double from `first` up to `most`. Each is extended at random, at
//! most to twice its length (`backon`'s jitter), so that workers that failed together do not return together. A server's
//! own Retry-After replaces the delay, up to [`Backoff::LONGEST`].

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How delays grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
}

/// Bounds that contradict each other.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Impossible {
    /// The first delay is zero, which would spin.
    #[error("the first delay must be longer than zero")]
    ZeroDelay,
    /// The longest delay is shorter than the first.
    #[error("the longest delay ({most:?}) must not be shorter than the first ({first:?})")]
    ShrinkingDelay {
        /// The first delay.
        first: Duration,
        /// The longest delay.
        most: Duration,
    },
}

impl Backoff {
    /// The longest Retry-After that is obeyed.
    pub const LONGEST: Duration = Duration::from_mins(5);

    /// For a server that is away: 200 ms, doubling, up to 15 s.
    pub const SERVER: Self = Self { first: Duration::from_millis(200), most: Duration::from_secs(15) };

    /// Delays from `first` (before jitter) up to `most` (jitter included).
    ///
    /// # Errors
    /// When the first delay is zero, or longer than `most`.
    pub fn try_new(first: Duration, most: Duration) -> Result<Self, Impossible> {
        if first.is_zero() {
            return Err(Impossible::ZeroDelay);
        }
        if most < first {
            return Err(Impossible::ShrinkingDelay { first, most });
        }
        Ok(Self { first, most })
    }

    /// A new, endless sequence of delays; the caller decides when to give up.
    #[must_use]
    pub fn start(&self) -> Delays {
        let delays = ExponentialBuilder::default()
            .with_min_delay(self.first)
            .with_max_delay(self.most)
            .with_factor(2.0)
            .without_max_times()
            .with_jitter()
            .build();
        Delays { delays, most: self.most }
    }
}

/// The wait that a server asks for with the text of a Retry-After header, if it gives seconds; a date says nothing,
/// because no clock is trusted.
#[must_use]
pub fn retry_after(header: Option<&str>) -> Option<Duration> {
    header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs)
}

/// The delays of one run of failures. Drop it after a success and start anew.
#[derive(Debug)]
pub struct Delays {
    delays: ExponentialBackoff,
    most: Duration,
}

impl Delays {
    /// The next delay, or the server's `retry_after` if it sent one.
    pub fn next_delay(&mut self, retry_after: Option<Duration>) -> Duration {
        let own = self.delays.next().unwrap_or(self.most).min(self.most);
        retry_after.map_or(own, |wish| wish.min(Backoff::LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_settings_are_refused() {
        assert_eq!(Backoff::try_new(Duration::ZERO, Duration::from_secs(1)), Err(Impossible::ZeroDelay));
        assert!(Backoff::try_new(Duration::from_secs(2), Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_servers_wish_wins_and_is_capped() {
        let mut delays = Backoff::SERVER.start();
        assert_eq!(delays.next_delay(Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(delays.next_delay(Some(Duration::from_hours(9))), Backoff::LONGEST);
    }

    #[test]
    fn only_seconds_are_a_wish() {
        assert_eq!(retry_after(Some(" 7 ")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(Some("0")), Some(Duration::ZERO));
        for text in [None, Some(""), Some("-1"), Some("1.5"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
            assert_eq!(retry_after(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn delays_stay_between_first_and_most(first in 1_u64..1000, more in 0_u64..100_000) {
            let (first, most) = (Duration::from_millis(first), Duration::from_millis(first + more));
            let mut delays = Backoff::try_new(first, most).unwrap().start();
            for _ in 0..64 {
                let delay = delays.next_delay(None);
                prop_assert!(delay >= first.min(most) && delay <= most, "{delay:?}");
            }
        }
    }
}
