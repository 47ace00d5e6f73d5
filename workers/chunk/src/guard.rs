//! Detects deletions on a scale that nobody can have intended. Pure.
//!
//! A bucket emptied by mistake, a wrong prefix, a store that answers "no such key" for everything: all of them look
//! like deletions. So a partition stops when more than a set share of its live documents is deleted within a window,
//! until a person confirms. The count survives restarts; otherwise a worker that restarts repeatedly would delete a
//! share each time. A partition that waits here waits for a person, and not for the end of the window.

use clap::Args;
use fault::Mechanism;
use serde::{Deserialize, Serialize};

/// When a partition stops deleting.
#[derive(Args, Clone, Copy, Debug)]
pub struct GuardSettings {
    /// Percentage of a partition's live documents that may be deleted within the window; beyond it the partition
    /// stops until `millrace confirm`. 100: no limit.
    #[arg(long, env = "MILLRACE_GUARD_SHARE", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub guard_share: u64,
    /// Number of deletions within a window that are always allowed.
    #[arg(long, env = "MILLRACE_GUARD_LEAST", default_value_t = 50)]
    pub guard_least: u64,
    /// Length of the window in seconds.
    #[arg(long, env = "MILLRACE_GUARD_WINDOW", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    pub guard_window: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { guard_share: 20, guard_least: 50, guard_window: 3600 }
    }
}

/// The deletions of one partition.
#[derive(Clone, Debug)]
pub struct Guard {
    settings: GuardSettings,
    window: GuardWindow,
    /// When it last stopped a deletion that nobody has confirmed, in seconds since 1970: the window goes on from then.
    held: Option<u64>,
}

/// The deletions within the current window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardWindow {
    /// Start of the window, in seconds since 1970.
    began: u64,
    /// Live documents at the start; raised when the partition grows.
    live: u64,
    /// Deletions since the start.
    removed: u64,
}

/// The words with which [`Tripped`] begins, by which a partition that waits here is known.
pub const HELD: &str = "the guard against mass removal holds";

/// More deletions than the settings allow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{HELD}: {removed} of {live} live documents of this partition went away within {window} s \
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
    /// Continues a saved window; starts a new one when it is absent or broken. `held` is the time, if the partition waits for
    /// a confirmation now.
    #[must_use]
    pub fn restore(settings: GuardSettings, kept: Option<&[u8]>, held: Option<u64>) -> Self {
        let window = kept.and_then(|kept| serde_json::from_slice(kept).ok()).unwrap_or_default();
        Self { settings, window, held }
    }

    /// A person confirmed the deletion that was stopped.
    pub fn confirmed(&mut self) {
        self.held = None;
    }

    /// The window, to be saved.
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        serde_json::to_vec(&self.window).unwrap_or_default()
    }

    /// Counts one deletion at `now` (seconds since 1970) in a partition with `live` live documents.
    ///
    /// # Errors
    /// When it exceeds the limit; it is then not counted.
    pub fn remove(&mut self, now: u64, live: impl FnOnce() -> u64) -> Result<(), Tripped> {
        let GuardSettings { guard_share: share, guard_least: least, guard_window: window } = self.settings;
        // A clock that was set back also starts a new window.
        let live = live();
        let since = self.held.map_or(self.window.began, |held| held.max(self.window.began));
        if now.checked_sub(since).is_none_or(|age| age > window) {
            self.window = GuardWindow { began: now, live, removed: 0 };
        }
        // If the partition has grown, the share is taken of its present size.
        self.window.live = self.window.live.max(live);
        let GuardWindow { live, removed, .. } = self.window;
        let holds = share < 100 && !fault::is_off(Mechanism::Guard);
        if holds && removed >= least && (removed + 1) * 100 > live * share {
            self.held = Some(now);
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
    fn a_share_may_go_in_a_window_and_then_nothing_until_a_person_confirms() {
        let mut guard = Guard::restore(SETTINGS, None, None);
        assert_eq!(removals(&mut guard, 1000, 100, 50), 20);
        let tripped = guard.remove(1060, || 80).unwrap_err().to_string();
        assert!(tripped.starts_with(HELD) && tripped.contains("20 of 100 live"), "{tripped}");
        assert!(tripped.contains("millrace confirm"), "{tripped}");
        // Retries go on, for longer than the window, also in another process.
        for now in (1061..1300).step_by(30) {
            assert_eq!(removals(&mut guard, now, 80, 1), 0, "{now}");
        }
        let mut next = Guard::restore(SETTINGS, Some(&guard.keep()), Some(5000));
        assert_eq!(removals(&mut next, 5000, 80, 50), 0);
        next.confirmed();
        assert_eq!(removals(&mut next, 5001, 80, 50), 16);
    }

    #[test]
    fn a_share_may_go_in_each_window_while_nothing_is_stopped() {
        let mut guard = Guard::restore(SETTINGS, None, None);
        assert_eq!(removals(&mut guard, 1000, 100, 20), 20);
        assert_eq!(removals(&mut guard, 1060, 80, 1), 0);
        // What was stopped came back, and a window later another is deleted.
        assert_eq!(removals(&mut guard, 1121, 80, 16), 16);
    }

    #[test]
    fn the_share_is_of_the_largest_that_the_partition_was_in_the_window() {
        let mut guard = Guard::restore(SETTINGS, None, None);
        assert_eq!(removals(&mut guard, 1000, 10, 1), 1);
        assert_eq!(removals(&mut guard, 1001, 1000, 500), 199);
    }

    #[test]
    fn a_few_may_always_go_and_a_hundred_per_cent_is_off() {
        assert_eq!(removals(&mut Guard::restore(SETTINGS, None, None), 1, 3, 10), 5);
        let off = GuardSettings { guard_share: 100, ..SETTINGS };
        assert_eq!(removals(&mut Guard::restore(off, None, None), 1, 10, 100), 100);
    }

    #[test]
    fn a_restart_does_not_begin_a_new_window() {
        let mut guard = Guard::restore(SETTINGS, None, None);
        removals(&mut guard, 1000, 100, 20);
        let mut again = Guard::restore(SETTINGS, Some(&guard.keep()), None);
        assert_eq!(removals(&mut again, 1010, 80, 5), 0);
        let mut broken = Guard::restore(SETTINGS, Some(b"not a window"), None);
        assert_eq!(removals(&mut broken, 1010, 80, 50), 16);
    }
}
