//! What the proxies do to requests, how often, and how often they did it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A fault of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Some items of a bulk request get 429 inside a 200.
    Items429,
    /// A poisonous item gets 400 inside a 200.
    Items400,
    /// A large bulk request gets 413.
    Whole413,
    /// A bulk request gets 503 with Retry-After.
    Whole503,
    /// An engine's answer takes 2 to 8 s.
    Slow,
    /// An engine's answer breaks off in the middle, after the work was done.
    Cut,
    /// An engine takes no connections for 3 s.
    Refused,
    /// The store answers 503 `SlowDown`.
    SlowDown,
    /// The store's answer breaks off in the middle.
    BodyCut,
    /// The store's answer takes 2 to 4 s.
    BodySlow,
    /// The object changes while it is read, and the answer breaks off.
    Changed,
    /// The store answers 404 `NoSuchBucket`.
    NoBucket,
}

impl Kind {
    /// Those that are dialled at the store.
    pub const OF_STORE: [Self; 4] = [Self::SlowDown, Self::BodyCut, Self::BodySlow, Self::Changed];
    /// All that phases dial; the other two have a time of their own.
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

    /// As it is counted and reported.
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

/// The dials of one proxy.
#[derive(Debug)]
pub struct Dials {
    /// One of so many eligible requests is struck: the others make progress.
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
    /// Dials that are off; once on, they strike one of `every` eligible requests.
    #[must_use]
    pub fn new(every: usize) -> Self {
        Self { every: every.max(1), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns these on and all others off.
    pub fn set(&self, kinds: &[Kind]) {
        self.lock().on = kinds.to_vec();
    }

    /// Decides about a request for which `fits` tells what can be done to it; counts what is chosen. Each kind has its
    /// turn, so that none is missed by chance.
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

    /// Counts what was done without a choice.
    pub fn count(&self, kind: Kind) {
        *self.lock().struck.entry(kind).or_default() += 1;
    }

    /// Takes a choice back that could not be carried out.
    pub fn forget(&self, kind: Kind) {
        let mut state = self.lock();
        match state.struck.get_mut(&kind) {
            Some(times) if *times > 1 => *times -= 1,
            _ => drop(state.struck.remove(&kind)),
        }
    }

    /// How often each struck since the last call.
    pub fn take(&self) -> BTreeMap<Kind, u64> {
        std::mem::take(&mut self.lock().struck)
    }

    /// Whether it struck since [`Dials::take`].
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
