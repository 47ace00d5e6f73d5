//! What was found, as the topic `drift` has it. Pure.

use message::{DriftMeasurement, DriftReport, DriftSignal, DriftWindow, Fingerprint};

use crate::decide::{DriftDecision, WindowVerdict, verdict};
use crate::explain::DriftExplanation;
use crate::measure::MeasuredDrift;
use crate::observation::DriftSample;
use crate::rules::DriftRules;

/// What a report is about.
#[derive(Clone, Debug)]
pub struct ReportHead {
    /// What the indexes are called outside.
    pub index: String,
    /// The generation that was asked.
    pub generation: String,
    /// Its space.
    pub space: Fingerprint,
    /// What is compared with.
    pub reference: DriftWindow,
    /// What was looked at.
    pub current: DriftWindow,
}

/// A window over a sample.
#[must_use]
pub fn window(sample: &DriftSample, from: u64, until: u64) -> DriftWindow {
    DriftWindow {
        from,
        until,
        passages: sample.passages.len() as u64,
        documents: sample.documents() as u64,
        questions: sample.fair().count() as u64,
    }
}

/// Puts everything together.
#[must_use]
pub fn report(
    head: ReportHead,
    measured: &[MeasuredDrift],
    decision: DriftDecision,
    explanation: DriftExplanation,
    rules: &DriftRules,
) -> DriftReport {
    let ReportHead { index, generation, space, reference, current } = head;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let signals = decision.evidence.into_iter().map(|one| DriftSignal {
        name: one.measure.name().to_owned(),
        since: one.since,
        windows: count(one.windows),
        of: count(one.of),
        evidence: one.text,
    });
    DriftReport {
        index,
        generation,
        space,
        reference,
        current,
        measurements: measured.iter().map(|one| measurement(one, rules)).collect(),
        signals: signals.collect(),
        signal: decision.signal,
        held_back: decision.held_back.map(|held| held.to_string()),
        clues: explanation.clues,
        topics: explanation.topics,
        text: decision.explanation,
    }
}

fn measurement(one: &MeasuredDrift, rules: &DriftRules) -> DriftMeasurement {
    let MeasuredDrift { measure, reference, current, effect, p, adjusted, reference_n, n } = *one;
    DriftMeasurement {
        name: measure.name().to_owned(),
        reference,
        current,
        effect,
        counts_from: rules.bounds_of(measure).enter,
        p,
        adjusted,
        reference_n,
        n,
        over: verdict(one, rules) == WindowVerdict::Over,
    }
}
