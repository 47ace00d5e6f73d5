//! What may begin a training: how well the model does with documents and questions, beside how it did. Pure.

use std::collections::BTreeMap;

use message::DocumentId;
use serde::{Deserialize, Serialize};

use crate::difference::{ShareCount, TestedDifference, UnitTotal, holm, two_proportions, two_ratios};
use crate::observation::{DriftSample, PassageObservation, QuestionObservation};
use crate::rules::DriftRules;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftMeasure {
    /// The share of passages that are among the first when their own opening is asked.
    OwnOpening,
    /// Tokens for each word, in passages that are mostly of scripts with spaces: words that the tokenizer does not know are
    /// shattered into many.
    TokensPerWord,
    /// Tokens for each word and character, in passages that are mostly of scripts without spaces.
    TokensPerCharacter,
    /// The share of tokens that stand for what the model's vocabulary does not hold: another script, or signs that it never saw.
    UnknownTokens,
    /// The share of questions to applications for which nothing relevant was found.
    Abstentions,
    /// How relevant the best passages of a question are.
    Relevance,
    /// The part of the ten best passages that only one of words and vectors finds.
    Disagreement,
    /// The share of judgements of answers that are bad.
    NegativeFeedback,
}

/// A measure now and in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredDrift {
    /// Which.
    pub measure: DriftMeasure,
    /// Its value in the reference.
    pub reference: f64,
    /// Its value now.
    pub current: f64,
    /// How much worse it is, as [`DriftMeasure::effect`] says.
    pub effect: f64,
    /// The probability of being worse by so much or more by chance.
    pub p: f64,
    /// The same, corrected for the number of measures.
    pub adjusted: f64,
    /// How many were looked at in the reference.
    pub reference_n: u64,
    /// How many were looked at now.
    pub n: u64,
}

impl DriftMeasure {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::OwnOpening,
        Self::TokensPerWord,
        Self::TokensPerCharacter,
        Self::UnknownTokens,
        Self::Abstentions,
        Self::Relevance,
        Self::Disagreement,
        Self::NegativeFeedback,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OwnOpening => "own_opening",
            Self::TokensPerWord => "tokens_per_word",
            Self::TokensPerCharacter => "tokens_per_character",
            Self::UnknownTokens => "unknown_tokens",
            Self::Abstentions => "abstentions",
            Self::Relevance => "relevance",
            Self::Disagreement => "disagreement",
            Self::NegativeFeedback => "negative_feedback",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::OwnOpening => "passages found by their own opening",
            Self::TokensPerWord => "tokens for each word",
            Self::TokensPerCharacter => "tokens for each character",
            Self::UnknownTokens => "tokens that the model does not know",
            Self::Abstentions => "questions without an answer",
            Self::Relevance => "relevance of the best passages",
            Self::Disagreement => "passages that only words or only vectors find",
            Self::NegativeFeedback => "answers judged bad",
        }
    }

    /// Whether its values are shares, to be shown in percent.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(
            self,
            Self::OwnOpening
                | Self::UnknownTokens
                | Self::Abstentions
                | Self::Disagreement
                | Self::NegativeFeedback
        )
    }

    /// Whether it is worse when it is less.
    fn falls(self) -> bool {
        matches!(self, Self::OwnOpening | Self::Relevance)
    }

    /// How much worse `current` is than `reference`: their difference, for tokens as a part of the reference; below 0 when it is
    /// better.
    #[must_use]
    pub fn effect(self, reference: f64, current: f64) -> f64 {
        match self {
            Self::TokensPerWord | Self::TokensPerCharacter if reference > 0.0 => current / reference - 1.0,
            Self::TokensPerWord | Self::TokensPerCharacter => 0.0,
            Self::OwnOpening | Self::Relevance => reference - current,
            Self::UnknownTokens | Self::Abstentions | Self::Disagreement | Self::NegativeFeedback => {
                current - reference
            }
        }
    }

    /// Compares two samples; none when one has too few.
    fn of(self, samples: [&DriftSample; 2], rules: &DriftRules) -> Option<MeasuredDrift> {
        let (tested, [reference_n, n]) = match self {
            Self::OwnOpening => documents(samples, rules, |passage| {
                passage.is_found(rules.first).map(|found| (f64::from(u8::from(found)), 1.0))
            })?,
            Self::TokensPerWord => documents(samples, rules, |passage| {
                let is_its_own = passage.words >= passage.characters && passage.words > 0;
                is_its_own.then(|| per_unit(passage))
            })?,
            Self::TokensPerCharacter => documents(samples, rules, |passage| {
                (passage.characters > passage.words).then(|| per_unit(passage))
            })?,
            Self::UnknownTokens => documents(samples, rules, |passage| {
                passage.unknown.map(|unknown| (f64::from(unknown), f64::from(passage.tokens)))
            })?,
            Self::Abstentions => shares(samples, rules.fewest_questions, |question| {
                question.abstained.filter(|_| !question.only_judged).into_iter().collect()
            })?,
            Self::Relevance => values(samples, rules, |question| question.relevance)?,
            Self::Disagreement => {
                values(samples, rules, |question| question.overlap.map(|overlap| 1.0 - overlap))?
            }
            Self::NegativeFeedback => shares(samples, rules.fewest_judgements, |question| {
                question.liked.iter().map(|liked| !liked).collect()
            })?,
        };
        let TestedDifference { reference, current, p_greater, p_less } = tested;
        let p = if self.falls() { p_less } else { p_greater };
        let effect = self.effect(reference, current);
        Some(MeasuredDrift { measure: self, reference, current, effect, p, adjusted: p, reference_n, n })
    }
}

/// Every measure of which both samples hold enough, with probabilities corrected for their number.
#[must_use]
pub fn measure(reference: &DriftSample, current: &DriftSample, rules: &DriftRules) -> Vec<MeasuredDrift> {
    let all = DriftMeasure::ALL.into_iter();
    let mut found: Vec<MeasuredDrift> =
        all.filter_map(|measure| measure.of([reference, current], rules)).collect();
    let p: Vec<f64> = found.iter().map(|one| one.p).collect();
    for (one, adjusted) in found.iter_mut().zip(holm(&p)) {
        one.adjusted = adjusted;
    }
    found
}

/// A test, and how many were looked at on either side.
type Compared = (TestedDifference, [u64; 2]);

fn per_unit(passage: &PassageObservation) -> (f64, f64) {
    let units = f64::from(passage.words) + f64::from(passage.characters);
    (f64::from(passage.tokens), units)
}

/// Compares what passages give, each document as one unit.
fn documents(
    samples: [&DriftSample; 2],
    rules: &DriftRules,
    give: impl Fn(&PassageObservation) -> Option<(f64, f64)>,
) -> Option<Compared> {
    let of = |sample: &DriftSample| {
        let mut units: BTreeMap<&DocumentId, UnitTotal> = BTreeMap::new();
        let mut count = 0_u64;
        for passage in &sample.passages {
            let Some((sum, weight)) = give(passage) else { continue };
            let unit = units.entry(&passage.document).or_insert(UnitTotal { sum: 0.0, weight: 0.0 });
            unit.sum += sum;
            unit.weight += weight;
            count += 1;
        }
        let units: Vec<UnitTotal> = units.into_values().collect();
        (units.len() >= rules.fewest_documents).then_some((units, count))
    };
    let [(reference, reference_n), (current, n)] = both(samples, of)?;
    Some((two_ratios(&reference, &current)?, [reference_n, n]))
}

/// Compares the means of what questions give.
fn values(
    samples: [&DriftSample; 2],
    rules: &DriftRules,
    give: impl Fn(&QuestionObservation) -> Option<f64>,
) -> Option<Compared> {
    let of = |sample: &DriftSample| {
        let units: Vec<UnitTotal> =
            sample.fair().filter_map(&give).map(|sum| UnitTotal { sum, weight: 1.0 }).collect();
        (units.len() >= rules.fewest_questions).then_some(units)
    };
    let [reference, current] = both(samples, of)?;
    Some((two_ratios(&reference, &current)?, [reference.len() as u64, current.len() as u64]))
}

/// Compares how often something is so, of all that questions give.
fn shares(
    samples: [&DriftSample; 2],
    fewest: usize,
    give: impl Fn(&QuestionObservation) -> Vec<bool>,
) -> Option<Compared> {
    let of = |sample: &DriftSample| {
        let all: Vec<bool> = sample.questions.iter().flat_map(&give).collect();
        let hits = all.iter().filter(|is_so| **is_so).count() as u64;
        (all.len() >= fewest).then_some(ShareCount { hits, of: all.len() as u64 })
    };
    let [reference, current] = both(samples, of)?;
    Some((two_proportions(reference, current)?, [reference.of, current.of]))
}

fn both<T>(
    [reference, current]: [&DriftSample; 2],
    of: impl Fn(&DriftSample) -> Option<T>,
) -> Option<[T; 2]> {
    Some([of(reference)?, of(current)?])
}

#[cfg(test)]
mod tests;
