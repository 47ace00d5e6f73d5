//! What each proxy does to requests, how often, and a count of how often it did.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A fault that a proxy injects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Some items of a bulk request get 429 inside a 200 response.
    Items429,
    /// A poisonous item gets 400 inside a 200 response.
    Items400,
    /// A large bulk request gets 413.
    Whole413,
    /// A bulk request gets 503 with `Retry-After`.
    Whole503,
    /// An engine's response is delayed by 2 to 8 s.
    Slow,
    /// An engine's response is cut off in the middle, after the engine has done the work.
    Cut,
    /// An engine refuses connections for 3 s.
    Refused,
    /// The store answers 503 `SlowDown`.
    SlowDown,
    /// The store's response is cut off in the middle.
    BodyCut,
    /// The store's response is delayed by 2 to 4 s.
    BodySlow,
    /// The object changes while it is being read, and the response is cut off.
    Changed,
    /// The store answers 404 `NoSuchBucket`.
    NoBucket,
}

impl Kind {
    /// The kinds that apply to the object store.
    pub const OF_STORE: [Self; 4] = [Self::SlowDown, Self::BodyCut, Self::BodySlow, Self::Changed];
    /// All kinds that phases may turn on; the other two (a poisonous item, a missing bucket) are timed separately.
    pub const DIALLED: [Self; 10] = [
        Self::Items429,
        Self::Whole413,
        Self::Whole503,
        Self::Slow,
        Self::Cut,
        Self::Refused,
        Self::SlowDown,
        Self::BodyCut,
        Self::BodySlow,
        Self::Changed,
    ];

    /// The name under which it is counted and reported.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Items429 => "items 429",
            Self::Items400 => "items 400",
            Self::Whole413 => "bulk 413",
            Self::Whole503 => "bulk 503",
            Self::Slow => "bulk slow",
            Self::Cut => "bulk cut",
            Self::Refused => "connections refused",
            Self::SlowDown => "store 503",
            Self::BodyCut => "store cut",
            Self::BodySlow => "store slow",
            Self::Changed => "object changed while read",
            Self::NoBucket => "no such bucket",
        }
    }
}

/// The faults that one proxy may inject now, and their counts.
#[derive(Debug)]
pub struct Dials {
    /// One in this many eligible requests is hit, so that the others make progress.
    every: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    on: Vec<Kind>,
    turn: usize,
    struck: BTreeMap<Kind, u64>,
}

impl Dials {
    /// All off; once on, they hit one in `every` eligible requests.
    #[must_use]
    pub fn new(every: usize) -> Self {
        Self { every: every.max(1), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns exactly these on.
    pub fn set(&self, kinds: &[Kind]) {
        self.lock().on = kinds.to_vec();
    }

    /// Picks the fault for one request, if it is that request's turn, and counts it. `fits` says which kinds are
    /// possible for the request. Kinds take turns, so that none is missed by chance.
    pub fn choose(&self, fits: impl Fn(Kind) -> bool) -> Option<Kind> {
        let mut state = self.lock();
        let able: Vec<Kind> = state.on.iter().copied().filter(|kind| fits(*kind)).collect();
        if able.is_empty() {
            return None;
        }
        state.turn += 1;
        if !state.turn.is_multiple_of(self.every) {
            return None;
        }
        let least =
            able.iter().copied().min_by_key(|kind| state.struck.get(kind).copied().unwrap_or_default())?;
        *state.struck.entry(least).or_default() += 1;
        Some(least)
    }

    /// Counts a fault that was injected without [`Dials::choose`].
    pub fn count(&self, kind: Kind) {
        *self.lock().struck.entry(kind).or_default() += 1;
    }

    /// Uncounts a chosen fault that could not be carried out.
    pub fn forget(&self, kind: Kind) {
        let mut state = self.lock();
        match state.struck.get_mut(&kind) {
            Some(times) if *times > 1 => *times -= 1,
            _ => drop(state.struck.remove(&kind)),
        }
    }

    /// How often each kind struck since the last call; resets the counts.
    pub fn take(&self) -> BTreeMap<Kind, u64> {
        std::mem::take(&mut self.lock().struck)
    }

    /// Whether this kind struck since the last [`Dials::take`].
    #[must_use]
    pub fn has_struck(&self, kind: Kind) -> bool {
        self.lock().struck.contains_key(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_fits_has_its_turn_and_most_requests_pass() {
        let dials = Dials::new(3);
        assert_eq!(dials.choose(|_| true), None);
        dials.set(&[Kind::Items429, Kind::Cut, Kind::Slow]);
        let chosen = (0..60).filter(|_| dials.choose(|kind| kind != Kind::Slow).is_some()).count();
        assert_eq!(chosen, 20);
        assert!(dials.has_struck(Kind::Cut) && !dials.has_struck(Kind::Slow));
        assert_eq!(dials.take(), BTreeMap::from([(Kind::Items429, 10), (Kind::Cut, 10)]));
        assert_eq!(dials.take(), BTreeMap::new());
    }
}
