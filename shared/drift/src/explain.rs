//! What explains a change and never triggers anything: with enough data each of these finds some difference, also one that costs
//! nobody an answer. Pure.

pub mod classifier;
pub mod kernel;
pub mod shape;
pub mod topics;

use eval::random::SplitMix;
use message::{DriftClue, TopicDrift};

use crate::observation::{DriftSample, PassageObservation};

/// Passages of each side that are compared pair by pair: the time grows with their square, and some hundred tell what there is to
/// tell.
pub const MOST_PASSAGES: usize = 256;
/// Permutations: the least probability that they can tell is .005.
const PERMUTATIONS: usize = 199;
/// With fewer on a side nothing is explained.
const FEWEST: usize = 20;

/// A passage, and which sample it is of.
#[derive(Clone, Copy, Debug)]
pub struct PlacedPassage<'a> {
    /// Its vector.
    pub vector: &'a [f32],
    /// Its document: passages of one are alike, so that it is permuted and judged as a whole.
    pub document: &'a str,
    /// Whether it is of the second sample.
    pub is_current: bool,
}

/// What explains a change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriftExplanation {
    /// Figures.
    pub clues: Vec<DriftClue>,
    /// The topics of the corpus.
    pub topics: Vec<TopicDrift>,
}

/// Looks for what explains a change from one sample to the other. `first` is as in [`crate::DriftRules`]. The same samples give the
/// same explanation.
#[must_use]
pub fn explain(reference: &DriftSample, current: &DriftSample, first: u32) -> DriftExplanation {
    let (then, now) = (drawn(&reference.passages, false), drawn(&current.passages, true));
    let mut clues = Vec::new();
    if then.len() >= FEWEST && now.len() >= FEWEST {
        let placed: Vec<PlacedPassage<'_>> = then.into_iter().chain(now).collect();
        clues.extend(mmd(&placed));
        clues.extend(auc(&placed));
    }
    clues.extend(similarities(reference, current));
    let topics = topics::topics(&reference.passages, &current.passages, first);
    DriftExplanation { clues, topics }
}

/// At most [`MOST_PASSAGES`] of them, any with the same probability.
fn drawn(passages: &[PassageObservation], is_current: bool) -> Vec<PlacedPassage<'_>> {
    let mut drawn: Vec<&PassageObservation> = passages.iter().collect();
    SplitMix::new(1).shuffle(&mut drawn);
    drawn.truncate(MOST_PASSAGES);
    let placed = drawn.into_iter().map(|passage| PlacedPassage {
        vector: &passage.vector.0,
        document: passage.document.as_str(),
        is_current,
    });
    placed.collect()
}

fn mmd(placed: &[PlacedPassage<'_>]) -> Option<DriftClue> {
    let tested = kernel::permuted(placed, PERMUTATIONS, 2)?;
    let text = if tested.p < 0.05 {
        "new passages lie elsewhere than those of the reference"
    } else {
        "new passages lie where those of the reference do"
    };
    Some(DriftClue { name: "mmd".to_owned(), value: tested.value, p: Some(tested.p), text: text.to_owned() })
}

fn auc(placed: &[PlacedPassage<'_>]) -> Option<DriftClue> {
    let auc = classifier::cross_fitted_auc(placed, 3)?;
    let text = format!(
        "a classifier tells a new passage from one of the reference in {:.0} % of pairs; 50 % is by chance",
        100.0 * auc
    );
    Some(DriftClue { name: "classifier_auc".to_owned(), value: auc, p: None, text })
}

/// How the similarities of questions and their nearest passages are spread.
fn similarities(reference: &DriftSample, current: &DriftSample) -> Vec<DriftClue> {
    let of = |sample: &DriftSample| -> Vec<f64> {
        sample.fair().filter_map(|question| question.similarity).filter(|one| one.is_finite()).collect()
    };
    let (reference, current) = (of(reference), of(current));
    if reference.len() < FEWEST || current.len() < FEWEST {
        return Vec::new();
    }
    let clue = |name: &str, value, p, text: &str| DriftClue {
        name: name.to_owned(),
        value,
        p,
        text: format!("similarities of questions and their best passages: {text}"),
    };
    let mut clues = Vec::new();
    if let Some((distance, p)) = shape::kolmogorov_smirnov(&reference, &current) {
        clues.push(clue("similarity_ks", distance, Some(p), "the largest distance of the two distributions"));
    }
    if let Some(binned) = shape::Binned::of(&reference, &current) {
        let psi = binned.population_stability();
        clues.push(clue(
            "similarity_psi",
            psi,
            None,
            "population stability; from .1 on it is called a shift",
        ));
        let distance = binned.jensen_shannon();
        clues.push(clue("similarity_jensen_shannon", distance, None, "Jensen and Shannon's distance"));
    }
    clues
}

#[cfg(test)]
mod tests;
