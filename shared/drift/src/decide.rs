//! Whether a model is to be trained: one bad window is none, and a model is not trained every day. Pure.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::measure::{DriftMeasure, MeasuredDrift};
use crate::rules::{DAY, DriftRules};
use crate::words;

/// What one window says of one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowVerdict {
    /// Worse than its bound, and not by chance.
    Over,
    /// Neither.
    Between,
    /// As good as in the reference, or nearly.
    Calm,
}

/// What is remembered of one measure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureState {
    /// The last windows that measured it, oldest first.
    pub recent: VecDeque<WindowVerdict>,
    /// Since when it is raised: the time of the window that raised it. None while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised: Option<u64>,
}

/// What is remembered from window to window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftState {
    /// By measure.
    pub measures: BTreeMap<DriftMeasure, MeasureState>,
    /// When models were called for, within the time that the budget is about, oldest first.
    pub signals: Vec<u64>,
}

/// What speaks for a training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftEvidence {
    /// Which measure.
    pub measure: DriftMeasure,
    /// Since when.
    pub since: u64,
    /// In how many of the last windows it was over its bound.
    pub windows: usize,
    /// Of how many.
    pub of: usize,
    /// For people.
    pub text: String,
}

/// Why a training waits although there is evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBack {
    /// Only the vocabulary is too small, which no fine-tuning mends: a person has to choose another model to begin with.
    Vocabulary,
    /// This window measured nothing of what is raised: nobody has written or asked enough since, and nothing new can be learned.
    Unmeasured,
    /// The last one is too near.
    CoolingDown {
        /// Seconds since it.
        since: u64,
        /// Seconds until the next may be.
        left: u64,
    },
    /// There were as many as there may be.
    Spent {
        /// How many.
        signals: usize,
        /// Seconds until the next may be.
        left: u64,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftDecision {
    /// Whether a model is to be trained.
    pub signal: bool,
    /// What speaks for it: every measure that is raised.
    pub evidence: Vec<DriftEvidence>,
    /// Why it waits.
    pub held_back: Option<HeldBack>,
    /// All of it in a few sentences, for people.
    pub explanation: String,
}

/// Takes the next window into account. `now` is in seconds since 1970, by any clock: one that goes back makes a signal wait.
/// A measure that the window does not have stays as it is, and calls for no model: a signal needs one that is raised and was measured
/// in this window.
#[must_use]
pub fn decide(
    state: &DriftState,
    measured: &[MeasuredDrift],
    rules: &DriftRules,
    now: u64,
) -> (DriftState, DriftDecision) {
    let mut next = state.clone();
    for one in measured {
        next.measures.entry(one.measure).or_default().take(verdict(one, rules), rules, now);
    }
    next.signals.retain(|signal| now.saturating_sub(*signal) < rules.month);
    let evidence = evidence(&next, measured);
    let is_raised = |one: &MeasuredDrift| evidence.iter().any(|known| known.measure == one.measure);
    let held_back = if evidence.is_empty() {
        None
    } else if evidence.iter().all(|one| one.measure == DriftMeasure::UnknownTokens) {
        Some(HeldBack::Vocabulary)
    } else if measured.iter().any(is_raised) {
        held_back(&next.signals, rules, now)
    } else {
        Some(HeldBack::Unmeasured)
    };
    let signal = !evidence.is_empty() && held_back.is_none();
    if signal {
        next.signals.push(now);
    }
    let explanation = words::explained(&evidence, held_back, measured.len());
    (next, DriftDecision { signal, evidence, held_back, explanation })
}

/// What a window says of a measure.
#[must_use]
pub fn verdict(one: &MeasuredDrift, rules: &DriftRules) -> WindowVerdict {
    let bounds = rules.bounds_of(one.measure);
    if one.effect >= bounds.enter && one.adjusted < rules.level {
        WindowVerdict::Over
    } else if one.effect < bounds.leave {
        WindowVerdict::Calm
    } else {
        WindowVerdict::Between
    }
}

impl MeasureState {
    fn take(&mut self, verdict: WindowVerdict, rules: &DriftRules, now: u64) {
        self.recent.push_back(verdict);
        while self.recent.len() > rules.of.max(1) {
            self.recent.pop_front();
        }
        if self.count(WindowVerdict::Over) >= rules.windows.max(1) {
            self.raised = self.raised.or(Some(now));
        } else if self.count(WindowVerdict::Calm) >= rules.windows.max(1) {
            self.raised = None;
        }
    }

    fn count(&self, verdict: WindowVerdict) -> usize {
        self.recent.iter().filter(|one| **one == verdict).count()
    }
}

fn evidence(state: &DriftState, measured: &[MeasuredDrift]) -> Vec<DriftEvidence> {
    let raised = state.measures.iter().filter_map(|(measure, known)| {
        let (windows, of) = (known.count(WindowVerdict::Over), known.recent.len());
        let now = measured.iter().find(|one| one.measure == *measure);
        let text = words::evidence(*measure, now, (windows, of));
        Some(DriftEvidence { measure: *measure, since: known.raised?, windows, of, text })
    });
    raised.collect()
}

fn held_back(signals: &[u64], rules: &DriftRules, now: u64) -> Option<HeldBack> {
    let ago = signals.iter().map(|signal| now.saturating_sub(*signal));
    if let Some(since) = ago.clone().min().filter(|since| *since < rules.cool_down) {
        return Some(HeldBack::CoolingDown { since, left: rules.cool_down - since });
    }
    let left = rules.month.saturating_sub(ago.max().unwrap_or_default());
    (signals.len() >= rules.budget).then_some(HeldBack::Spent { signals: signals.len(), left })
}

impl std::fmt::Display for HeldBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = |seconds: u64| match seconds.div_ceil(DAY) {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        };
        match self {
            Self::Vocabulary => f.write_str(
                "no training mends it, and a person has to choose a model that knows them: `millrace model import`, then \
                 `millrace generation start --with-model`",
            ),
            Self::Unmeasured => {
                f.write_str("nothing of it was measured in this window, as too little is new")
            }
            Self::CoolingDown { since, left } => {
                write!(
                    f,
                    "the last call for a model was {} ago, and the next may be in {}",
                    days(*since),
                    days(*left)
                )
            }
            Self::Spent { signals, left } => write!(
                f,
                "models were called for {signals} times within a month, which is as often as they may be; the next may be in {}",
                days(*left)
            ),
        }
    }
}

#[cfg(test)]
mod tests;
