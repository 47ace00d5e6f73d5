//! What is wanted, and what is left alone for a while. Pure.

use super::next::NextAct;

/// Before what came to nothing is done again, in seconds: it reads much, and what it reads changes slowly.
pub(super) const AGAIN: u64 = 3_600;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepManner {
    /// Serve what was built.
    pub(super) promote: bool,
    /// Seconds from one measure of drift to the next; none for one measure.
    pub(super) every: Option<u64>,
    /// When the command began: seconds since 1970. The one measure is not older.
    pub(super) begun: u64,
    /// What came to nothing a short while ago.
    pub(super) held: ActHolds,
}

/// Until when acts are left alone that came to nothing a short while ago and cost much: seconds since 1970. A kill forgets it, and
/// costs one of them more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ActHolds {
    /// Making training data.
    pub(super) learn: u64,
    /// The audit of a generation.
    pub(super) prove: u64,
    /// A look for drift.
    pub(super) measure: u64,
}

impl KeepManner {
    /// Leaves an act alone for `again` seconds from `now` on. Whether it is one that can be.
    pub(super) fn hold(&mut self, act: &NextAct, now: u64, again: u64) -> bool {
        let every = self.every.unwrap_or(u64::MAX);
        let (held, again) = match act {
            NextAct::Learn { .. } => (&mut self.held.learn, again),
            NextAct::Prove { .. } => (&mut self.held.prove, again),
            NextAct::Measure => (&mut self.held.measure, again.min(every)),
            NextAct::Wait { .. } | NextAct::Build { .. } | NextAct::Promote { .. } | NextAct::Rest { .. } => {
                return false;
            }
        };
        *held = now.saturating_add(again);
        true
    }
}
