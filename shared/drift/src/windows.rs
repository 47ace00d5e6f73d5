//! How often the decision is wrong, by windows that are made up: none of 200 without drift gives a signal, and a drift gives one
//! within four windows.

use eval::random::SplitMix;
use message::{DocumentId, Vector};

use crate::decide::{DriftDecision, DriftState, HeldBack, decide};
use crate::measure::{DriftMeasure, measure};
use crate::observation::{DriftSample, OpeningRank, PassageObservation, QuestionObservation};
use crate::rules::{DAY, DriftRules};

/// How much worse each measure is: in the order of [`Shift::of`].
#[derive(Clone, Copy, Debug, Default)]
struct Shift {
    found: f64,
    tokens: f64,
    unknown: f64,
    abstained: f64,
    relevance: f64,
    overlap: f64,
}

impl Shift {
    fn of(measure: DriftMeasure, by: f64) -> Self {
        let none = Self::default();
        match measure {
            DriftMeasure::OwnOpening => Self { found: by, ..none },
            DriftMeasure::TokensPerWord => Self { tokens: by, ..none },
            DriftMeasure::Abstentions => Self { abstained: by, ..none },
            DriftMeasure::Relevance => Self { relevance: by, ..none },
            DriftMeasure::Disagreement => Self { overlap: by, ..none },
            DriftMeasure::UnknownTokens => Self { unknown: by, ..none },
            DriftMeasure::TokensPerCharacter | DriftMeasure::NegativeFeedback => none,
        }
    }
}

/// Documents and questions that are made up. A tenth of the documents is hard to find; windows differ a little by themselves
/// (`wobble` 1), as a week is not like another.
struct MadeUp {
    random: SplitMix,
    documents: usize,
}

/// How many passages and questions a sample has.
type Size = (usize, usize);

impl MadeUp {
    fn new(seed: u64) -> Self {
        Self { random: SplitMix::new(seed), documents: 0 }
    }

    /// Anything from -`half` to `half`.
    fn about(&mut self, half: f64) -> f64 {
        (2.0 * self.random.unit() - 1.0) * half
    }

    fn sample(&mut self, (passages, questions): Size, wobble: f64, shift: Shift) -> DriftSample {
        let week = [0.015, 0.03, 0.015, 0.04, 0.02, 0.03].map(|half| self.about(half * wobble));
        let mut sample = DriftSample::default();
        while sample.passages.len() < passages {
            self.document(&mut sample.passages, [week[0], week[1]], shift);
        }
        sample.passages.truncate(passages);
        for _ in 0..questions {
            sample.questions.push(self.question(week, shift));
        }
        sample
    }

    fn document(&mut self, into: &mut Vec<PassageObservation>, week: [f64; 2], shift: Shift) {
        self.documents += 1;
        let document = DocumentId::new("docs", &format!("{}.md", self.documents)).unwrap();
        let usual = if self.random.unit() < 0.1 { 0.4 } else { 0.955 };
        let found = usual - shift.found + week[0];
        let tokens = (1.35 + week[1]) * (1.0 + shift.tokens) + self.about(0.2);
        for _ in 0..=self.random.below(4) {
            let words = 60 + u32::try_from(self.random.below(120)).unwrap();
            let is_found = self.random.unit() < found;
            let count = (f64::from(words) * (tokens + self.about(0.1))).round();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hundred")]
            let tokens = count as u32;
            // Every tenth document has signs that the model never saw.
            let strange = if self.documents.is_multiple_of(10) { 0.01 } else { 0.0 } + shift.unknown;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozen")]
            let unknown = (count * strange).round() as u32;
            into.push(PassageObservation {
                document: document.clone(),
                topic: None,
                vector: Vector(Vec::new()),
                tokens,
                unknown: Some(unknown),
                words,
                characters: 0,
                rank: if is_found { OpeningRank::At(1) } else { OpeningRank::NotFound },
            });
        }
    }

    fn question(&mut self, week: [f64; 6], shift: Shift) -> QuestionObservation {
        let abstained = self.random.unit() < 0.08 + shift.abstained + week[2];
        let relevance = 0.9 - shift.relevance + week[3] + self.about(0.5);
        let overlap = (0.35 - shift.overlap + week[4] + self.about(0.35)).clamp(0.0, 1.0);
        let is_judged = self.random.unit() < 0.2;
        let liked = is_judged.then(|| self.random.unit() >= 0.12 + week[5]);
        QuestionObservation {
            abstained: Some(abstained),
            relevance: Some(relevance),
            overlap: Some(overlap),
            liked: liked.into_iter().collect(),
            ..QuestionObservation::default()
        }
    }
}

/// The numbers of the windows that gave a signal.
fn signals(seed: u64, size: Size, count: u64, shift: Shift) -> Vec<u64> {
    let all = (0..).zip(decisions(seed, size, count, shift));
    all.filter(|(_, decision)| decision.signal).map(|(window, _)| window).collect()
}

/// What is decided, one window a day, in `count` windows with this drift from the first one on.
fn decisions(seed: u64, size: Size, count: u64, shift: Shift) -> Vec<DriftDecision> {
    let (mut made, rules) = (MadeUp::new(seed), DriftRules::default());
    let reference = made.sample((1_024, 300), 0.0, Shift::default());
    let (mut state, mut found) = (DriftState::default(), Vec::new());
    for window in 0..count {
        let measured = measure(&reference, &made.sample(size, 1.0, shift), &rules);
        assert!(measured.len() >= 5, "{measured:?}");
        let (next, decision) = decide(&state, &measured, &rules, window * DAY);
        state = next;
        found.push(decision);
    }
    found
}

#[test]
fn of_200_windows_without_drift_none_gives_a_signal() {
    for (seed, size) in [(1, (256, 200)), (2, (256, 200)), (5, (256, 200)), (2, (128, 100))] {
        assert_eq!(signals(seed, size, 200, Shift::default()), Vec::<u64>::new(), "{seed} {size:?}");
    }
}

#[test]
fn a_drift_gives_a_signal_within_four_windows() {
    let drifts = [
        (DriftMeasure::OwnOpening, 0.15),
        (DriftMeasure::TokensPerWord, 0.15),
        (DriftMeasure::Abstentions, 0.15),
        (DriftMeasure::Relevance, 0.25),
        (DriftMeasure::Disagreement, 0.15),
    ];
    for (measure, by) in drifts {
        for seed in [11, 12, 13] {
            let found = signals(seed, (256, 200), 8, Shift::of(measure, by));
            let first = *found.first().unwrap_or(&u64::MAX);
            assert!((2..4).contains(&first), "{measure:?} by {by}, seed {seed}: {found:?}");
            assert_eq!(found.len(), 1, "it is called for again before the cool-down is over");
        }
    }
}

#[test]
fn another_script_calls_for_a_person_within_four_windows() {
    for seed in [11, 12, 13] {
        let all = decisions(seed, (256, 200), 8, Shift::of(DriftMeasure::UnknownTokens, 0.04));
        let first = all.iter().position(|one| one.held_back == Some(HeldBack::Vocabulary));
        assert!(first.is_some_and(|first| (2..4).contains(&first)), "seed {seed}: {first:?}");
        assert!(all.iter().all(|one| !one.signal), "seed {seed}");
    }
}
