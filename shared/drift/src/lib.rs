//! Whether documents and questions are still those that the model was made for.
//!
//! What is new is compared with a stored reference, window by window. Measures of how well the model does may begin a training
//! ([`measure()`], [`decide()`]); how vectors and similarities are spread only explains a change ([`mod@explain`]).
//!
//! Order of files: `observation` what is looked at, as figures, made of `units` · `reservoir` fair samples within bounds ·
//! `difference` the tests · `measure` · `rules`, `decide` when a change counts · `explain` · `report`, `words` for people: pure ·
//! `window` what is new in the topics, `ask` openings at the engine, `kept` what is stored, `look` all of it: stages · `limits` how
//! much is looked at.
//!
//! Guarantees: memory is bounded whatever the topics hold; no text and no question's vector is stored; the same samples give the same
//! figures on every machine; what fails has taken nothing into account.
//!
//! Not done here: to begin a training, and to choose when to look.

mod ask;
mod decide;
mod difference;
pub mod explain;
#[cfg(test)]
mod figures;
mod kept;
mod limits;
mod look;
mod measure;
mod observation;
mod report;
mod reservoir;
mod rules;
mod trouble;
mod units;
mod window;
#[cfg(test)]
mod windows;
mod words;

pub use ask::SampledPassage;
pub use decide::{
    DriftDecision, DriftEvidence, DriftState, HeldBack, MeasureState, WindowVerdict, decide, verdict,
};
pub use difference::{ShareCount, TestedDifference, UnitTotal, holm, two_proportions, two_ratios};
pub use explain::{DriftExplanation, explain};
pub use kept::{DriftObjects, StoredProgress, StoredReference};
pub use limits::DriftLimits;
pub use look::{DriftGround, DriftLook, DriftManner, DriftSubject};
pub use measure::{DriftMeasure, MeasuredDrift, measure};
pub use observation::{DriftSample, OpeningRank, PassageObservation, QuestionObservation};
pub use report::{ReportHead, report, window};
pub use reservoir::{Reservoir, ReservoirBounds, Weighed};
pub use rules::{DAY, DriftRules, EffectBounds};
pub use trouble::DriftTrouble;
pub use units::TextUnits;
pub use window::Places;
pub use words::shown_value;
