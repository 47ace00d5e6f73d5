use message::Vector;

use super::*;
use crate::observation::OpeningRank;

/// Forty documents with two passages each, of which so many of the first are found.
fn passages(found: usize, tokens: u32, (words, characters): (u32, u32)) -> Vec<PassageObservation> {
    let one = |place: usize| PassageObservation {
        document: DocumentId::new("docs", &format!("{}.md", place / 2)).unwrap(),
        topic: None,
        vector: Vector(Vec::new()),
        tokens,
        unknown: None,
        words,
        characters,
        rank: if place < found { OpeningRank::At(5) } else { OpeningRank::At(6) },
    };
    (0..80).map(one).collect()
}

fn questions(count: usize, of: impl Fn(usize) -> QuestionObservation) -> Vec<QuestionObservation> {
    (0..count).map(of).collect()
}

fn found(reference: &DriftSample, current: &DriftSample) -> BTreeMap<DriftMeasure, MeasuredDrift> {
    let found = measure(reference, current, &DriftRules::default());
    found.into_iter().map(|one| (one.measure, one)).collect()
}

#[test]
fn what_gets_worse_has_an_effect_above_zero_and_a_small_probability() {
    let sample = |found, tokens, abstained, relevance, overlap| DriftSample {
        passages: passages(found, tokens, (100, 0)),
        questions: questions(100, |place| QuestionObservation {
            abstained: Some(place < abstained),
            // So that there is some spread.
            relevance: Some(relevance + 0.001 * f64::from(u8::from(place % 2 == 0))),
            overlap: Some(overlap + 0.001 * f64::from(u8::from(place % 2 == 0))),
            liked: vec![place >= abstained],
            ..QuestionObservation::default()
        }),
    };
    let (good, bad) = (sample(76, 130, 5, 0.9, 0.4), sample(40, 169, 30, 0.6, 0.2));
    let worse = found(&good, &bad);
    let better = found(&bad, &good);
    let expected = [
        (DriftMeasure::OwnOpening, 0.95, 0.5, 0.45),
        (DriftMeasure::TokensPerWord, 1.3, 1.69, 0.3),
        (DriftMeasure::Abstentions, 0.05, 0.3, 0.25),
        (DriftMeasure::Relevance, 0.9005, 0.6005, 0.3),
        (DriftMeasure::Disagreement, 0.5995, 0.7995, 0.2),
        (DriftMeasure::NegativeFeedback, 0.05, 0.3, 0.25),
    ];
    assert_eq!(worse.len(), expected.len());
    for (measure, reference, current, effect) in expected {
        let one = worse[&measure];
        for (found, expected) in [(one.reference, reference), (one.current, current), (one.effect, effect)] {
            assert!((found - expected).abs() < 1e-9, "{measure:?}: {found} where {expected} is right");
        }
        assert!(one.p < 0.001 && one.adjusted < 0.005 && one.p <= one.adjusted, "{one:?}");
        assert!(better[&measure].effect < 0.0 && better[&measure].p > 0.999, "{:?}", better[&measure]);
    }
    assert_eq!((worse[&DriftMeasure::OwnOpening].n, worse[&DriftMeasure::Abstentions].n), (80, 100));
}

#[test]
fn a_passage_is_counted_by_words_or_by_characters_as_it_mostly_has() {
    let sample = |tokens| DriftSample { passages: passages(80, tokens, (20, 80)), questions: Vec::new() };
    let found = found(&sample(100), &sample(120));
    assert_eq!(found.len(), 2);
    let one = found[&DriftMeasure::TokensPerCharacter];
    assert!((one.reference - 1.0).abs() < 1e-9 && (one.effect - 0.2).abs() < 1e-9, "{one:?}");
}

#[test]
fn a_script_that_the_model_does_not_know_is_seen_whatever_the_words_are_counted_by() {
    let sample = |unknown, (words, characters)| DriftSample {
        passages: passages(80, 100, (words, characters))
            .into_iter()
            .map(|passage| PassageObservation { unknown, ..passage })
            .collect(),
        questions: Vec::new(),
    };
    // English in the reference, and Chinese now: neither words nor characters have anything to be compared with.
    let english = sample(Some(0), (80, 0));
    let measured = found(&english, &sample(Some(30), (0, 90)));
    assert_eq!(
        measured.keys().collect::<Vec<_>>(),
        [&DriftMeasure::OwnOpening, &DriftMeasure::UnknownTokens]
    );
    let one = measured[&DriftMeasure::UnknownTokens];
    assert!((one.effect - 0.3).abs() < 1e-9 && one.adjusted < 0.001, "{one:?}");
    // A reference of an earlier release has not counted them.
    let before = found(&sample(None, (80, 0)), &sample(Some(30), (80, 0)));
    assert!(!before.contains_key(&DriftMeasure::UnknownTokens), "{before:?}");
}

#[test]
fn too_few_are_not_compared() {
    let few = DriftSample { passages: passages(80, 100, (80, 0)), questions: Vec::new() };
    let fewer = DriftSample { passages: few.passages[..78].to_vec(), questions: Vec::new() };
    assert!(found(&few, &few).contains_key(&DriftMeasure::OwnOpening));
    assert!(found(&few, &fewer).is_empty(), "of 39 documents");
    assert!(found(&DriftSample::default(), &few).is_empty());
    let asked = |count| DriftSample {
        passages: Vec::new(),
        questions: questions(count, |_| QuestionObservation {
            abstained: Some(false),
            ..QuestionObservation::default()
        }),
    };
    assert_eq!(found(&asked(80), &asked(80)).len(), 1);
    assert!(found(&asked(80), &asked(79)).is_empty());
}

#[test]
fn what_is_there_only_because_it_was_judged_counts_as_a_judgement_alone() {
    let judged = DriftSample {
        passages: Vec::new(),
        questions: questions(200, |place| QuestionObservation {
            abstained: Some(true),
            relevance: Some(0.1),
            overlap: Some(0.5),
            liked: vec![place % 4 != 0],
            only_judged: true,
            ..QuestionObservation::default()
        }),
    };
    let found = found(&judged, &judged);
    assert_eq!(found.keys().collect::<Vec<_>>(), [&DriftMeasure::NegativeFeedback]);
    assert!((found[&DriftMeasure::NegativeFeedback].current - 0.25).abs() < 1e-9);
}
