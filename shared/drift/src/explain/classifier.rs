//! Can a classifier tell two samples apart? (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017.) Pure.

use eval::random::SplitMix;
use std::collections::BTreeMap;

use super::PlacedPassage;
use crate::difference::float;

/// Parts of the data: each is judged by a classifier that was fitted to the others.
const FOLDS: usize = 5;
/// Steps of the fit: with [`DECAY`] the error left is below a millionth of the first.
const STEPS: usize = 400;
/// The weight of the squared length of the direction, beside the mean loss. It keeps a few hundred passages from being told
/// apart by chance in some hundred dimensions.
const DECAY: f64 = 1e-3;

/// A mean distance from the centre that is none: what is left of rounding.
const NOTHING: f64 = 1e-9;

/// The probability that a logistic regression puts a passage of the second sample above one of the first, both of documents that
/// it was not fitted to: .5 when it cannot tell them apart, 1 when it always can. None when no part holds both.
#[must_use]
pub fn cross_fitted_auc(labelled: &[PlacedPassage<'_>], seed: u64) -> Option<f64> {
    auc_over(labelled, &folds(labelled, seed))
}

/// The part of each passage: all of one document are in one, and documents of either sample are dealt out evenly.
fn folds(labelled: &[PlacedPassage<'_>], seed: u64) -> Vec<usize> {
    let mut random = SplitMix::new(seed);
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for side in [true, false] {
        let own = labelled.iter().filter(|one| one.is_current == side).map(|one| one.document);
        let mut documents: Vec<&str> = own.filter(|document| !parts.contains_key(document)).collect();
        documents.sort_unstable();
        documents.dedup();
        random.shuffle(&mut documents);
        for (place, document) in documents.into_iter().enumerate() {
            parts.insert(document, place % FOLDS);
        }
    }
    labelled.iter().map(|one| parts.get(one.document).copied().unwrap_or_default()).collect()
}

/// The mean over the parts that hold both samples, each weighed by its pairs.
fn auc_over(labelled: &[PlacedPassage<'_>], folds: &[usize]) -> Option<f64> {
    let (mut above, mut pairs) = (0.0, 0.0);
    for fold in 0..FOLDS {
        let of = |is_judged: bool| -> Vec<PlacedPassage<'_>> {
            let both = labelled.iter().zip(folds);
            both.filter(|(_, part)| (**part == fold) == is_judged).map(|(one, _)| *one).collect()
        };
        let (fitted, judged) = (of(false), of(true));
        let Some(line) = Separator::fit(&fitted) else { continue };
        let scores = |side: bool| -> Vec<f64> {
            let own = judged.iter().filter(|one| one.is_current == side);
            own.map(|one| line.score(one.vector)).collect()
        };
        let (current, reference) = (scores(true), scores(false));
        above += ranked_above(&current, &reference);
        pairs += float((current.len() * reference.len()) as u64);
    }
    (pairs > 0.0).then(|| above / pairs)
}

/// The pairs in which the first is above the second; an equal pair counts half (Mann and Whitney's U).
fn ranked_above(first: &[f64], second: &[f64]) -> f64 {
    let mut sorted = second.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = |score: &f64| {
        let less = sorted.partition_point(|other| other < score);
        let upto = sorted.partition_point(|other| other <= score);
        f64::midpoint(float(less as u64), float(upto as u64))
    };
    first.iter().map(below).sum()
}

/// A direction, and where along it the two samples meet.
struct Separator {
    centre: Vec<f64>,
    scale: f64,
    direction: Vec<f64>,
    offset: f64,
}

impl Separator {
    /// Logistic regression: the mean loss plus half of [`DECAY`] times the squared length of the direction, brought down by
    /// accelerated gradient steps (Nesterov, "Introductory lectures on convex optimization", 2004, 2.2.1) of the length that its
    /// curvature allows. Vectors are centred, and scaled to a mean squared length of 1. None when there is only one sample, or no
    /// distance.
    fn fit(labelled: &[PlacedPassage<'_>]) -> Option<Self> {
        let count = float(labelled.len() as u64);
        if labelled.iter().all(|one| one.is_current) || labelled.iter().all(|one| !one.is_current) {
            return None;
        }
        let width = labelled.first()?.vector.len();
        let mut centre = vec![0.0; width];
        for one in labelled {
            add(&mut centre, one.vector.iter().map(|x| f64::from(*x) / count));
        }
        let squares = labelled.iter().map(|one| {
            one.vector.iter().zip(&centre).map(|(x, middle)| (f64::from(*x) - middle).powi(2)).sum::<f64>()
        });
        let scale = (squares.sum::<f64>() / count).sqrt();
        if !scale.is_finite() || scale <= NOTHING {
            return None;
        }
        let mut line = Self { centre, scale, direction: vec![0.0; width], offset: 0.0 };
        let rows: Vec<(Vec<f64>, f64)> = labelled
            .iter()
            .map(|one| (line.placed(one.vector).collect(), f64::from(u8::from(one.is_current))))
            .collect();
        // The offset is a number of each row that is always 1; the curvature of the loss is at most a quarter of the mean square.
        let step = 1.0 / (0.25 * 2.0 + DECAY);
        let slow = (step * DECAY).sqrt();
        let momentum = (1.0 - slow) / (1.0 + slow);
        let (mut ahead, mut ahead_offset) = (line.direction.clone(), 0.0);
        for _ in 0..STEPS {
            let (slope, slope_offset) = gradient(&rows, &ahead, ahead_offset);
            let moved: Vec<f64> = ahead.iter().zip(&slope).map(|(at, slope)| at - step * slope).collect();
            let moved_offset = ahead_offset - step * slope_offset;
            let further = moved.iter().zip(&line.direction);
            ahead = further.map(|(now, before)| now + momentum * (now - before)).collect();
            ahead_offset = moved_offset + momentum * (moved_offset - line.offset);
            (line.direction, line.offset) = (moved, moved_offset);
        }
        Some(line)
    }

    fn placed<'a>(&'a self, vector: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        vector.iter().zip(&self.centre).map(move |(x, middle)| (f64::from(*x) - middle) / self.scale)
    }

    fn score(&self, vector: &[f32]) -> f64 {
        self.placed(vector).zip(&self.direction).map(|(x, weight)| x * weight).sum::<f64>() + self.offset
    }
}

fn add(into: &mut [f64], values: impl Iterator<Item = f64>) {
    for (sum, value) in into.iter_mut().zip(values) {
        *sum += value;
    }
}

/// The slope of the loss, and that of the offset, which has no decay.
fn gradient(rows: &[(Vec<f64>, f64)], direction: &[f64], offset: f64) -> (Vec<f64>, f64) {
    let count = float(rows.len() as u64);
    let (mut slope, mut slope_offset) = (direction.iter().map(|x| DECAY * x).collect::<Vec<_>>(), 0.0);
    for (row, label) in rows {
        let score = row.iter().zip(direction).map(|(x, weight)| x * weight).sum::<f64>() + offset;
        let error = (1.0 / (1.0 + (-score).exp()) - label) / count;
        add(&mut slope, row.iter().map(|x| error * x));
        slope_offset += error;
    }
    (slope, slope_offset)
}

#[cfg(test)]
mod tests;
