//! Does more go away than somebody can have meant? Pure.
//!
//! A bucket that is emptied by mistake, a wrong prefix, a store that says "no such key" for everything: all of them look
//! like removals. So a partition stops when more than a set share of its live documents goes away in a window, until a
//! person confirms. What was removed in the window survives a restart, or a worker that is started again and again would
//! remove a share each time.

use clap::Args;
use fault::Mechanism;
use serde::{Deserialize, Serialize};

/// When a partition stops removing.
#[derive(Args, Clone, Copy, Debug)]
pub struct GuardSettings {
    /// A partition stops when more than so many per cent of its live documents go away within the window, until
    /// `millrace confirm`. 100: never.
    #[arg(long, env = "MILLRACE_GUARD_SHARE", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub guard_share: u64,
    /// Up to so many removals in a window are always taken.
    #[arg(long, env = "MILLRACE_GUARD_LEAST", default_value_t = 50)]
    pub guard_least: u64,
    /// The window in seconds.
    #[arg(long, env = "MILLRACE_GUARD_WINDOW", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub guard_window: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { guard_share: 20, guard_least: 50, guard_window: 3600 }
    }
}

/// One partition's removals.
#[derive(Clone, Debug)]
pub struct Guard {
    settings: GuardSettings,
    window: GuardWindow,
}

/// What went away since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardWindow {
    /// When it began, in seconds since 1970.
    began: u64,
    /// Live documents then, or later, if they became more.
    live: u64,
    /// Removed since.
    removed: u64,
}

/// More would go than the settings allow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the guard against mass removal holds: {removed} of {live} live documents of this partition went away within {window} s \
     and another one would, while MILLRACE_GUARD_SHARE allows {share} %. If that is meant, run `millrace confirm`; if not, \
     put the objects back: what is there again is not removed"
)]
pub struct Tripped {
    removed: u64,
    live: u64,
    window: u64,
    share: u64,
}

impl Guard {
    /// Goes on with a window that was kept; a broken or absent one begins anew.
    #[must_use]
    pub fn restore(settings: GuardSettings, kept: Option<&[u8]>) -> Self {
        let window = kept.and_then(|kept| serde_json::from_slice(kept).ok()).unwrap_or_default();
        Self { settings, window }
    }

    /// What must be kept.
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        serde_json::to_vec(&self.window).unwrap_or_default()
    }

    /// Counts one removal at `now` (seconds since 1970), of a partition with `live` live documents.
    ///
    /// # Errors
    /// When it would be one too many; it is not counted then.
    pub fn remove(&mut self, now: u64, live: impl FnOnce() -> u64) -> Result<(), Tripped> {
        let GuardSettings { guard_share: share, guard_least: least, guard_window: window } = self.settings;
        // A clock that was set back begins a new window as well.
        let live = live();
        if now.checked_sub(self.window.began).is_none_or(|age| age > window) {
            self.window = GuardWindow { began: now, live, removed: 0 };
        }
        // A partition that grew meanwhile may lose a share of what it is now.
        self.window.live = self.window.live.max(live);
        let GuardWindow { live, removed, .. } = self.window;
        let holds = share < 100 && !fault::is_off(Mechanism::Guard);
        if holds && removed >= least && (removed + 1) * 100 > live * share {
            return Err(Tripped { removed, live, window, share });
        }
        self.window.removed += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: GuardSettings = GuardSettings { guard_share: 20, guard_least: 5, guard_window: 60 };

    fn removals(guard: &mut Guard, now: u64, live: u64, times: usize) -> usize {
        (0..times).filter(|_| guard.remove(now, || live).is_ok()).count()
    }

    #[test]
    fn a_share_may_go_in_a_window_and_then_nothing_until_the_next() {
        let mut guard = Guard::restore(SETTINGS, None);
        assert_eq!(removals(&mut guard, 1000, 100, 50), 20);
        assert_eq!(removals(&mut guard, 1060, 80, 50), 0);
        let tripped = guard.remove(1060, || 80).unwrap_err().to_string();
        assert!(tripped.contains("20 of 100 live") && tripped.contains("millrace confirm"), "{tripped}");
        assert_eq!(removals(&mut guard, 1061, 80, 50), 16);
    }

    #[test]
    fn the_share_is_of_the_largest_that_the_partition_was_in_the_window() {
        let mut guard = Guard::restore(SETTINGS, None);
        assert_eq!(removals(&mut guard, 1000, 10, 1), 1);
        assert_eq!(removals(&mut guard, 1001, 1000, 500), 199);
    }

    #[test]
    fn a_few_may_always_go_and_a_hundred_per_cent_is_off() {
        assert_eq!(removals(&mut Guard::restore(SETTINGS, None), 1, 3, 10), 5);
        let off = GuardSettings { guard_share: 100, ..SETTINGS };
        assert_eq!(removals(&mut Guard::restore(off, None), 1, 10, 100), 100);
    }

    #[test]
    fn a_restart_does_not_begin_a_new_window() {
        let mut guard = Guard::restore(SETTINGS, None);
        removals(&mut guard, 1000, 100, 20);
        let mut again = Guard::restore(SETTINGS, Some(&guard.keep()));
        assert_eq!(removals(&mut again, 1010, 80, 5), 0);
        let mut broken = Guard::restore(SETTINGS, Some(b"not a window"));
        assert_eq!(removals(&mut broken, 1010, 80, 50), 16);
    }
}
