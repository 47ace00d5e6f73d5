use message::{DocumentId, Vector};

use super::*;
use crate::observation::{OpeningRank, QuestionObservation};

/// Sixty documents with two passages each about so many points, which lie apart.
fn passages(name: &str, points: &[usize], seed: u64) -> Vec<PassageObservation> {
    let mut random = SplitMix::new(seed);
    let mut one = |place: usize| {
        let point = points[place / 2 % points.len()];
        let vector = (0..6).map(|at| {
            #[expect(clippy::cast_possible_truncation, reason = "a number of about 1")]
            let noise = (0.2 * (random.unit() - 0.5)) as f32;
            noise + if at == point { 1.0 } else { 0.0 }
        });
        PassageObservation {
            document: DocumentId::new("docs", &format!("{name}/{}-{}.md", point, place / 2)).unwrap(),
            topic: None,
            vector: Vector(vector.collect()),
            tokens: 10,
            unknown: None,
            words: 8,
            characters: 0,
            rank: if point == 3 { OpeningRank::NotFound } else { OpeningRank::At(1) },
        }
    };
    (0..120).map(&mut one).collect()
}

fn sample(name: &str, points: &[usize], similarity: f64) -> DriftSample {
    let mut random = SplitMix::new(9);
    let question = |_| QuestionObservation {
        similarity: Some(similarity + 0.3 * random.unit()),
        ..QuestionObservation::default()
    };
    DriftSample { passages: passages(name, points, 7), questions: (0..100).map(question).collect() }
}

fn clue<'a>(explanation: &'a DriftExplanation, name: &str) -> &'a DriftClue {
    explanation.clues.iter().find(|clue| clue.name == name).unwrap()
}

#[test]
fn what_moved_is_seen_and_where() {
    let (then, now) = (sample("old", &[0, 1, 2], 0.5), sample("new", &[0, 3, 3], 0.2));
    let moved = explain(&then, &now, 5);
    assert_eq!(moved.clues.len(), 5);
    assert!(clue(&moved, "mmd").p.unwrap() < 0.01 && clue(&moved, "mmd").value > 0.1, "{moved:?}");
    assert!(clue(&moved, "classifier_auc").value > 0.7, "{moved:?}");
    assert!(clue(&moved, "similarity_ks").value > 0.9 && clue(&moved, "similarity_psi").value > 1.0);
    let shares: f64 = moved.topics.iter().map(|topic| topic.current).sum();
    assert!(moved.topics.len() >= 2 && (shares - 1.0).abs() < 1e-9, "{:?}", moved.topics);
    assert!(moved.topics.is_sorted_by(|one, other| one.reference >= other.reference));
    let lost = moved.topics.iter().any(|topic| topic.found.is_some_and(|found| found < 0.5));
    assert!(
        lost && moved.topics.iter().all(|topic| topic.reference_found == Some(1.0)),
        "{:?}",
        moved.topics
    );
    assert_eq!(explain(&then, &now, 5), moved, "the same samples are explained alike");
}

#[test]
fn what_did_not_move_is_not_seen() {
    let then = sample("old", &[0, 1, 2], 0.5);
    let now = DriftSample { passages: passages("new", &[0, 1, 2], 8), ..then.clone() };
    let same = explain(&then, &now, 5);
    assert!(clue(&same, "mmd").p.unwrap() > 0.05, "{same:?}");
    assert!((clue(&same, "classifier_auc").value - 0.5).abs() < 0.2, "{same:?}");
    assert!(clue(&same, "similarity_ks").value < 1e-9 && clue(&same, "similarity_psi").value < 1e-9);
}

#[test]
fn topics_with_names_keep_them() {
    let named = |mut passages: Vec<PassageObservation>, name: fn(usize) -> &'static str| {
        for (place, passage) in passages.iter_mut().enumerate() {
            passage.topic = Some(name(place).to_owned());
        }
        passages
    };
    let then = named(passages("old", &[0], 1), |place| if place < 90 { "pumps" } else { "valves" });
    let now = named(passages("new", &[0], 2), |place| if place < 30 { "pumps" } else { "pipes" });
    let found: Vec<(String, f64, f64)> = topics::topics(&then, &now, 5)
        .into_iter()
        .map(|one| (one.name, one.reference, one.current))
        .collect();
    let expected = [("pumps", 0.75, 0.25), ("valves", 0.25, 0.0), ("pipes", 0.0, 0.75)];
    assert_eq!(found, expected.map(|(name, then, now)| (name.to_owned(), then, now)));
}

#[test]
fn nothing_is_explained_of_nothing() {
    let some = sample("old", &[0, 1, 2], 0.5);
    assert_eq!(explain(&DriftSample::default(), &some, 5), DriftExplanation::default());
    assert_eq!(explain(&some, &DriftSample::default(), 5), DriftExplanation::default());
    assert_eq!(shape::kolmogorov_smirnov(&[], &[1.0]), None);
    assert_eq!(shape::kolmogorov_smirnov(&[1.0, 2.0], &[2.0, 1.0]), Some((0.0, 1.0)));
    assert_eq!(shape::Binned::of(&[1.0], &[1.0]), None);
    assert_eq!(shape::Binned::of(&[1.0, f64::NAN], &[1.0, 3.0]), None);
    assert_eq!(kernel::median_gamma(&kernel::squared_distances(&[&[1.0], &[1.0]])), None);
}
