//! The same for people. Pure.

use crate::decide::{DriftEvidence, HeldBack};
use crate::measure::{DriftMeasure, MeasuredDrift};

/// A value of a measure: a share in percent, anything else as a number.
#[must_use]
pub fn shown_value(measure: DriftMeasure, value: f64) -> String {
    if measure.is_share() { format!("{:.1} %", 100.0 * value) } else { format!("{value:.2}") }
}

/// What speaks for a training.
pub(crate) fn evidence(
    measure: DriftMeasure,
    now: Option<&MeasuredDrift>,
    (windows, of): (usize, usize),
) -> String {
    let (name, mut times) =
        (measure.words(), format!("over its bound in {windows} of the last {of} windows"));
    if measure == DriftMeasure::UnknownTokens {
        times.push_str(", and fine-tuning teaches no vocabulary");
    }
    match now {
        Some(MeasuredDrift { reference, current, reference_n, n, .. }) => format!(
            "{name}: {} of {n}, {} of {reference_n} in the reference; {times}",
            shown_value(measure, *current),
            shown_value(measure, *reference)
        ),
        None => format!("{name}: not measured in this window; {times}"),
    }
}

/// A decision in a few sentences.
pub(crate) fn explained(evidence: &[DriftEvidence], held: Option<HeldBack>, measured: usize) -> String {
    if measured == 0 && evidence.is_empty() {
        return "Nothing was measured: too few documents and questions are new.".to_owned();
    }
    if evidence.is_empty() {
        let count = if measured == 1 { "1 measure".to_owned() } else { format!("{measured} measures") };
        return format!("Nothing has been worse for long enough to count: {count}.");
    }
    let found: Vec<&str> = evidence.iter().map(|one| one.text.as_str()).collect();
    let found = found.join("; ");
    match held {
        None => format!("Drift: {found}. A model should be trained."),
        Some(held) => format!("Drift: {found}. No model is trained yet: {held}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_training_mends_is_said() {
        let said = |measure| evidence(measure, None, (3, 4));
        assert!(said(DriftMeasure::UnknownTokens).contains("teaches no vocabulary"));
        assert!(!said(DriftMeasure::TokensPerWord).contains("vocabulary"));
    }
}
