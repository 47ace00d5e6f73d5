use super::*;
use crate::rules::EffectBounds;

const MEASURE: DriftMeasure = DriftMeasure::OwnOpening;

fn measured(effect: f64, adjusted: f64) -> MeasuredDrift {
    MeasuredDrift {
        measure: MEASURE,
        reference: 0.9,
        current: 0.9 - effect,
        effect,
        p: adjusted / 2.0,
        adjusted,
        reference_n: 1_000,
        n: 500,
    }
}

const OVER: (f64, f64) = (0.2, 0.0001);
const BETWEEN: (f64, f64) = (0.06, 0.0001);
const CALM: (f64, f64) = (0.01, 0.5);

/// What each window of a day decides.
fn days(windows: &[(f64, f64)], rules: &DriftRules) -> Vec<DriftDecision> {
    let mut state = DriftState::default();
    let day = |(day, (effect, adjusted)): (u64, &(f64, f64))| {
        let (next, decision) = decide(&state, &[measured(*effect, *adjusted)], rules, day * DAY);
        // It is stored in between.
        state = serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap();
        decision
    };
    (0..).zip(windows).map(day).collect()
}

fn signals(windows: &[(f64, f64)], rules: &DriftRules) -> Vec<usize> {
    let all = days(windows, rules).into_iter().enumerate();
    all.filter(|(_, decision)| decision.signal).map(|(day, _)| day).collect()
}

fn eager() -> DriftRules {
    DriftRules { cool_down: 0, budget: 100, ..DriftRules::default() }
}

#[test]
fn a_window_is_over_when_it_is_both_worse_by_enough_and_not_by_chance() {
    let rules = DriftRules::default();
    let of = |(effect, adjusted)| verdict(&measured(effect, adjusted), &rules);
    assert_eq!(of(OVER), WindowVerdict::Over);
    assert_eq!(of((0.08, 0.0049)), WindowVerdict::Over);
    assert_eq!(of((0.2, 0.005)), WindowVerdict::Between);
    assert_eq!(of(BETWEEN), WindowVerdict::Between);
    assert_eq!(of((0.0399, 0.0)), WindowVerdict::Calm);
    assert_eq!(of((-0.3, 1.0)), WindowVerdict::Calm);
    let bounds = [(MEASURE, EffectBounds { enter: 0.3, leave: 0.25 })].into();
    let other = DriftRules { bounds, ..rules };
    assert_eq!(verdict(&measured(0.2, 0.0), &other), WindowVerdict::Calm);
}

#[test]
fn three_windows_of_four_are_needed() {
    assert_eq!(signals(&[OVER, OVER], &eager()), Vec::<usize>::new());
    assert_eq!(signals(&[OVER, OVER, OVER], &eager()), [2]);
    assert_eq!(signals(&[OVER, CALM, OVER, OVER], &eager()), [3]);
    assert_eq!(signals(&[OVER, CALM, OVER, CALM, OVER, CALM, CALM], &eager()), Vec::<usize>::new());
}

#[test]
fn what_is_raised_stays_so_until_it_is_calm_again() {
    let windows = [OVER, OVER, OVER, BETWEEN, BETWEEN, BETWEEN, BETWEEN, CALM, CALM, CALM, CALM];
    assert_eq!(signals(&windows, &eager()), [2, 3, 4, 5, 6, 7, 8]);
    let last = days(&windows[..9], &eager()).pop().unwrap();
    assert_eq!((last.evidence[0].since, last.evidence[0].windows), (2 * DAY, 0));
}

#[test]
fn a_model_is_called_for_neither_too_soon_nor_too_often() {
    let rules = DriftRules::default();
    let windows = [OVER; 45];
    // On the third day, after a week, and when the first of the two is a month old.
    assert_eq!(signals(&windows, &rules), [2, 9, 32, 39]);
    let all = days(&windows, &rules);
    assert_eq!(all[3].held_back, Some(HeldBack::CoolingDown { since: DAY, left: 6 * DAY }));
    assert_eq!(all[16].held_back, Some(HeldBack::Spent { signals: 2, left: 16 * DAY }));
    assert!(
        all[3].explanation.contains("1 day ago, and the next may be in 6 days"),
        "{}",
        all[3].explanation
    );
    assert!(all[16].explanation.contains("in 16 days"), "{}", all[16].explanation);
    assert_eq!(signals(&windows, &DriftRules { budget: 0, ..rules }), Vec::<usize>::new());
}

#[test]
fn a_measure_that_a_window_lacks_stays_as_it_is() {
    let rules = eager();
    let mut state = DriftState::default();
    for day in 0..2 {
        state = decide(&state, &[measured(0.2, 0.0)], &rules, day * DAY).0;
    }
    let (same, decision) = decide(&state, &[], &rules, 2 * DAY);
    assert_eq!((&same, decision.signal), (&state, false));
    assert!(decision.explanation.starts_with("Nothing was measured"), "{}", decision.explanation);
    let (raised, decision) = decide(&same, &[measured(0.2, 0.0)], &rules, 3 * DAY);
    assert!(decision.signal);
    assert!(decision.evidence[0].text.contains("70.0 % of 500, 90.0 % of 1000"), "{decision:?}");
    let (_, later) = decide(&raised, &[], &rules, 4 * DAY);
    assert!(later.evidence[0].text.contains("not measured in this window"), "{later:?}");
}

#[test]
fn what_is_raised_calls_for_a_model_only_in_a_window_that_measured_it() {
    let rules = DriftRules::default();
    let mut state = DriftState::default();
    for day in 0..3 {
        state = decide(&state, &[measured(0.2, 0.0)], &rules, day * DAY).0;
    }
    assert_eq!(state.signals, [2 * DAY]);
    // Nobody writes any more: long after the cool-down no window calls again, whatever else it measures.
    let other = MeasuredDrift { measure: DriftMeasure::Abstentions, ..measured(0.0, 1.0) };
    for (day, windows) in (3..60).map(|day| (day, if day % 2 == 0 { vec![] } else { vec![other] })) {
        let (next, decision) = decide(&state, &windows, &rules, day * DAY);
        assert!(!decision.signal && decision.evidence.len() == 1, "day {day}: {decision:?}");
        assert_eq!(decision.held_back, Some(HeldBack::Unmeasured));
        assert!(decision.explanation.contains("No model is trained yet"), "{}", decision.explanation);
        state = next;
    }
    // The next window that measures it does.
    assert!(decide(&state, &[measured(0.2, 0.0)], &rules, 60 * DAY).1.signal);
}

#[test]
fn what_no_training_mends_calls_for_a_person_and_spends_nothing() {
    let unknown = MeasuredDrift { measure: DriftMeasure::UnknownTokens, ..measured(0.2, 0.0) };
    let mut state = DriftState::default();
    let mut decision = None;
    for day in 0..3 {
        let (next, decided) = decide(&state, &[unknown], &DriftRules::default(), day * DAY);
        (state, decision) = (next, Some(decided));
    }
    let decision = decision.unwrap();
    assert!(!decision.signal && decision.evidence.len() == 1, "{decision:?}");
    assert_eq!(decision.held_back, Some(HeldBack::Vocabulary));
    assert!(decision.explanation.contains("millrace model import"), "{}", decision.explanation);
    assert!(state.signals.is_empty());
    // What a training may mend is worse as well.
    for day in 3..6 {
        let (next, decided) =
            decide(&state, &[unknown, measured(0.2, 0.0)], &DriftRules::default(), day * DAY);
        assert_eq!(decided.signal, day == 5, "{decided:?}");
        state = next;
    }
}

#[test]
fn a_clock_that_goes_back_makes_a_signal_wait() {
    let rules = DriftRules::default();
    let state = DriftState { signals: vec![100 * DAY], ..DriftState::default() };
    let mut next = state;
    for _ in 0..3 {
        let (state, decision) = decide(&next, &[measured(0.2, 0.0)], &rules, 99 * DAY);
        assert!(!decision.signal);
        next = state;
    }
    assert_eq!(next.signals, [100 * DAY]);
}
