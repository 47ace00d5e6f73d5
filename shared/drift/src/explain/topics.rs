//! Which topics of the corpus a change is about: the vectors of the reference fall into groups, and new passages go to the nearest
//! one. Pure.

use eval::random::SplitMix;
use std::collections::BTreeMap;

use message::TopicDrift;

use crate::difference::float;
use crate::observation::PassageObservation;

/// Groups at most: more than people can look at tell nothing.
const MOST_GROUPS: usize = 8;
/// Passages of the reference for each group.
const PER_GROUP: usize = 40;
/// Rounds of the grouping; it mostly ends by itself after some ten.
const ROUNDS: usize = 50;

/// Each topic's share of the passages then and now, largest in the reference first; none when the reference is small. Passages that
/// bring a topic of their own keep it; when any does not, topics are found among the vectors.
#[must_use]
pub fn topics(
    reference: &[PassageObservation],
    current: &[PassageObservation],
    first: u32,
) -> Vec<TopicDrift> {
    if reference.is_empty() || current.is_empty() {
        return Vec::new();
    }
    let named = |passages: &[PassageObservation]| -> Option<Vec<String>> {
        passages.iter().map(|passage| passage.topic.clone()).collect()
    };
    match (named(reference), named(current)) {
        (Some(then), Some(now)) => compared((reference, &then), (current, &now), first),
        _ => grouped(reference, current, first),
    }
}

fn grouped(reference: &[PassageObservation], current: &[PassageObservation], first: u32) -> Vec<TopicDrift> {
    let groups = (reference.len() / PER_GROUP).min(MOST_GROUPS);
    if groups < 2 {
        return Vec::new();
    }
    let vectors: Vec<&[f32]> = reference.iter().map(|passage| passage.vector.0.as_slice()).collect();
    let centres = settled(&vectors, spread(&vectors, groups, 4));
    let named: Vec<String> = centres.iter().map(|centre| middle(reference, centre)).collect();
    let name = |passage: &PassageObservation| {
        let place = nearest(&passage.vector.0, &centres).map_or(0, |(place, _)| place);
        // Two groups may have a document in common; the number keeps them apart.
        named.get(place).map_or_else(String::new, |name| format!("{} · {name}", place + 1))
    };
    let then: Vec<String> = reference.iter().map(name).collect();
    let now: Vec<String> = current.iter().map(name).collect();
    compared((reference, &then), (current, &now), first)
}

/// Passages of one topic, and how many were found of how many that were asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    passages: u64,
    found: u64,
    asked: u64,
}

fn compared(
    reference: (&[PassageObservation], &[String]),
    current: (&[PassageObservation], &[String]),
    first: u32,
) -> Vec<TopicDrift> {
    let mut tallies: BTreeMap<&str, [Tally; 2]> = BTreeMap::new();
    for (side, (passages, names)) in [reference, current].into_iter().enumerate() {
        for (passage, name) in passages.iter().zip(names) {
            let Some(tally) = tallies.entry(name.as_str()).or_default().get_mut(side) else { continue };
            tally.passages += 1;
            let found = passage.is_found(first);
            tally.asked += u64::from(found.is_some());
            tally.found += u64::from(found == Some(true));
        }
    }
    let share = |tally: Tally, of: usize| float(tally.passages) / float(of as u64);
    let found = |tally: Tally| (tally.asked > 0).then(|| float(tally.found) / float(tally.asked));
    let mut all: Vec<TopicDrift> = tallies
        .into_iter()
        .map(|(name, [then, now])| TopicDrift {
            name: name.to_owned(),
            reference: share(then, reference.0.len()),
            current: share(now, current.0.len()),
            reference_found: found(then),
            found: found(now),
        })
        .collect();
    all.sort_by(|one, other| other.reference.total_cmp(&one.reference).then(one.name.cmp(&other.name)));
    all
}

fn squared(one: &[f32], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum()
}

/// The nearest centre, and its squared distance.
fn nearest(vector: &[f32], centres: &[Vec<f64>]) -> Option<(usize, f64)> {
    let distances = centres.iter().map(|centre| squared(vector, centre)).enumerate();
    distances.min_by(|one, other| one.1.total_cmp(&other.1))
}

/// Beginnings far from each other (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007).
fn spread(vectors: &[&[f32]], groups: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = SplitMix::new(seed);
    let wide = |vector: &[f32]| vector.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let mut centres: Vec<Vec<f64>> =
        vectors.get(random.below(vectors.len())).map(|vector| wide(vector)).into_iter().collect();
    while centres.len() < groups {
        let far = vectors.iter().map(|vector| nearest(vector, &centres).map_or(0.0, |(_, square)| square));
        let far: Vec<f64> = far.collect();
        let mut left = random.unit() * far.iter().sum::<f64>();
        let drawn = far.iter().position(|square| {
            left -= square;
            left < 0.0
        });
        // All others lie on a centre.
        let Some(vector) = drawn.and_then(|place| vectors.get(place)) else { break };
        centres.push(wide(vector));
    }
    centres
}

/// Centres in the middle of what is nearest to them (Lloyd, "Least squares quantization in PCM", 1982), from where they begin; one
/// to which nothing is nearest stays where it is.
#[must_use]
pub fn settled(vectors: &[&[f32]], mut centres: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut before: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let near = vectors.iter().map(|vector| nearest(vector, &centres).map_or(0, |(place, _)| place));
        let near: Vec<usize> = near.collect();
        if near == before {
            break;
        }
        for (place, centre) in centres.iter_mut().enumerate() {
            let own = vectors.iter().zip(&near).filter(|(_, group)| **group == place);
            let count = float(own.clone().count() as u64);
            if count > 0.0 {
                centre.fill(0.0);
                for (vector, _) in own {
                    for (sum, x) in centre.iter_mut().zip(*vector) {
                        *sum += f64::from(*x) / count;
                    }
                }
            }
        }
        before = near;
    }
    centres
}

/// The document of the passage that is nearest to a centre.
fn middle(passages: &[PassageObservation], centre: &[f64]) -> String {
    let distances = passages.iter().map(|passage| (squared(&passage.vector.0, centre), passage));
    let nearest = distances.min_by(|one, other| one.0.total_cmp(&other.0));
    nearest.map_or_else(String::new, |(_, passage)| passage.document.to_string())
}
