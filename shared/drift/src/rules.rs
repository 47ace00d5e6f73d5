//! By which rules a change counts. Pure. The defaults are those that the tests of `windows` prove: no signal in 200 windows without
//! drift, and one within four windows of a drift worth a training.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measure::DriftMeasure;

/// Seconds of a day.
pub const DAY: u64 = 86_400;

/// From which effect on a measure counts, and below which it is calm again. Between the two nothing changes (hysteresis).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectBounds {
    /// Counts from here on.
    pub enter: f64,
    /// Calm below this.
    pub leave: f64,
}

/// By which rules a change counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftRules {
    /// A passage is found when it is among so many by its own opening.
    pub first: u32,
    /// Documents that are needed on either side for what is measured of passages.
    pub fewest_documents: usize,
    /// Questions that are needed on either side.
    pub fewest_questions: usize,
    /// Judgements that are needed on either side.
    pub fewest_judgements: usize,
    /// A corrected probability below this is no chance.
    pub level: f64,
    /// In so many windows a measure has to be over its bounds …
    pub windows: usize,
    /// … of so many.
    pub of: usize,
    /// After a signal none follows for so many seconds.
    pub cool_down: u64,
    /// At most so many signals …
    pub budget: usize,
    /// … in so many seconds.
    pub month: u64,
    /// Other bounds than a measure's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bounds: BTreeMap<DriftMeasure, EffectBounds>,
}

impl Default for DriftRules {
    fn default() -> Self {
        Self {
            first: 5,
            fewest_documents: 40,
            fewest_questions: 80,
            fewest_judgements: 30,
            level: 0.005,
            windows: 3,
            of: 4,
            cool_down: 7 * DAY,
            budget: 2,
            month: 30 * DAY,
            bounds: BTreeMap::new(),
        }
    }
}

impl DriftRules {
    /// The bounds of a measure: smaller effects are not worth hours of training, however certain they are.
    #[must_use]
    pub fn bounds_of(&self, measure: DriftMeasure) -> EffectBounds {
        let own = match measure {
            DriftMeasure::OwnOpening | DriftMeasure::Disagreement => {
                EffectBounds { enter: 0.08, leave: 0.04 }
            }
            // What the model does not know it does not embed at all.
            DriftMeasure::UnknownTokens => EffectBounds { enter: 0.02, leave: 0.01 },
            DriftMeasure::Abstentions => EffectBounds { enter: 0.05, leave: 0.025 },
            DriftMeasure::TokensPerWord
            | DriftMeasure::TokensPerCharacter
            | DriftMeasure::Relevance
            | DriftMeasure::NegativeFeedback => EffectBounds { enter: 0.1, leave: 0.05 },
        };
        self.bounds.get(&measure).copied().unwrap_or(own)
    }
}
