//! Whether a candidate is better than the model that is served. Pure.
//!
//! A gain counts when the lower end of its 95 % interval is above the bound: a paired bootstrap over the questions, as
//! [`difference`] makes it. What cannot be measured is a refusal, never an acceptance: a check asks what has to hold, and no
//! number that is not a number holds.

use std::collections::BTreeMap;

use message::ProvenScore;
use serde::Serialize;

use crate::compare::{ScoreDifference, difference};
use crate::score::{Scores, mean};

/// What a candidate has to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GateBounds {
    /// Golden questions below which nothing can be told.
    pub fewest_questions: usize,
    /// By how much nDCG@10 of the golden questions by vector has to rise at least.
    pub vector_gain: f64,
    /// The same with both rankings fused, as `serve` does by default; reaching it is enough.
    pub hybrid_gain: f64,
    /// By how much nDCG@10 of a guard set may fall at most.
    pub guard_loss: f64,
    /// How many times as long a question may take to embed.
    pub latency_ratio: f64,
    /// Seconds by which it may take longer whatever the ratio: nobody waits for less, and clocks are not finer.
    pub latency_slack: f64,
    /// How many times as large graph and weights may be; none for any size.
    pub size_ratio: Option<f64>,
}

impl Default for GateBounds {
    fn default() -> Self {
        Self {
            fewest_questions: 50,
            vector_gain: 0.005,
            hybrid_gain: 0.0,
            guard_loss: 0.01,
            latency_ratio: 1.5,
            latency_slack: 0.001,
            size_ratio: Some(1.5),
        }
    }
}

/// The scores of the same questions, in the same order, with both models.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PairedScores {
    /// What was asked, for people: `golden vector`, or a set and its split.
    pub name: String,
    /// With the model that is served.
    pub base: Vec<Scores>,
    /// With the candidate.
    pub candidate: Vec<Scores>,
}

/// A quantity of both models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BeforeAfter {
    /// Of the model that is served.
    pub base: f64,
    /// Of the candidate.
    pub candidate: f64,
}

/// What was measured of both models: see [`crate::proof::measure`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GateMeasures {
    /// The golden questions, by vector alone.
    pub golden_vector: PairedScores,
    /// The golden questions, by keywords and vector as `serve` fuses them by default.
    pub golden_hybrid: PairedScores,
    /// General sets, by vector alone: what a model must not forget.
    pub guards: Vec<PairedScores>,
    /// Median time to embed one question: seconds.
    pub latency: BeforeAfter,
    /// Graph and weights: bytes.
    pub size: BeforeAfter,
    /// Numbers in a vector of the candidate.
    pub dimension: usize,
}

/// nDCG@10 on the dev split, by the trainer's own measure: of the base, and of each seed's model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedScores {
    /// Of the model that was fine-tuned.
    pub base: f64,
    /// Of each seed.
    pub seeds: Vec<f64>,
}

/// All that is judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateInput {
    /// What was measured.
    pub measures: GateMeasures,
    /// The seeds of its training; none for a model that was not trained here.
    pub seeds: Option<SeedScores>,
    /// The dimension that was asked for.
    pub asked_dimension: usize,
    /// What it has to reach.
    pub bounds: GateBounds,
}

/// One thing that has to hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateCheck {
    /// What is looked at.
    pub name: String,
    /// What was measured. For questions: the gain in nDCG@10, with its interval. For seeds: the mean gain, from the worst to
    /// the best. For latency and size how many times the base's, for the dimension and the number of questions the number: all
    /// three alike.
    pub difference: ScoreDifference,
    /// What it is compared with.
    pub bound: f64,
    /// Whether it holds.
    pub passed: bool,
    /// The same for people.
    pub sentence: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateVerdict {
    /// Whether every check holds.
    pub accepted: bool,
    /// The sentences of those that do not.
    pub reasons: Vec<String>,
    /// Every check.
    pub checks: Vec<GateCheck>,
    /// What was not looked at.
    pub notes: Vec<String>,
}

impl GateVerdict {
    /// One line for people: what was gained, or why it is refused.
    #[must_use]
    pub fn summary(&self) -> String {
        if !self.accepted {
            return format!("refused: {}", self.reasons.join("; "));
        }
        let gains = self.checks.iter().filter(|check| check.name.starts_with(GOLDEN) && check.name != FEWEST);
        let gains: Vec<&str> = gains.map(|check| check.sentence.as_str()).collect();
        format!("accepted: {}", gains.join("; "))
    }
}

impl GateMeasures {
    /// What the registry keeps of a proof (`ModelEntry::scores`): nDCG@10 of every set with the candidate, with the base, and
    /// the gain with its interval. What is no number is left out: nobody could read the entry.
    #[must_use]
    pub fn scores(&self) -> BTreeMap<String, f64> {
        let pairs = [&self.golden_vector, &self.golden_hybrid].into_iter().chain(&self.guards);
        pairs.flat_map(|pair| pair.proven().entries()).collect()
    }
}

impl PairedScores {
    /// What the candidate has more; none when these are not numbers, or not of the same questions.
    #[must_use]
    pub fn gain(&self) -> Option<ScoreDifference> {
        // One that is not finite is missing in a third of the draws, so that the interval alone could hide it.
        let all = self.base.iter().chain(&self.candidate);
        let is_whole = all.clone().all(|scores| scores.ndcg.is_finite());
        let is_paired = self.base.len() == self.candidate.len() && !self.base.is_empty();
        (is_whole && is_paired).then(|| difference(&self.candidate, &self.base, |scores| scores.ndcg))
    }

    fn proven(&self) -> ProvenScore {
        let gain = self.gain();
        ProvenScore {
            name: self.name.clone(),
            after: mean(&self.candidate).ndcg,
            before: Some(mean(&self.base).ndcg),
            gain: gain.map(|gain| gain.mean),
            low: gain.map(|gain| gain.low),
            high: gain.map(|gain| gain.high),
        }
    }
}

/// How the names of what is measured on the golden questions begin.
const GOLDEN: &str = "golden";
const FEWEST: &str = "golden questions";
const NO_NUMBER: ScoreDifference = ScoreDifference { mean: f64::NAN, low: f64::NAN, high: f64::NAN };

/// Judges a candidate. It is accepted when every check holds.
#[must_use]
pub fn judge(input: &GateInput) -> GateVerdict {
    let GateInput { measures, bounds, .. } = input;
    let mut checks = vec![
        enough(measures.golden_vector.base.len(), bounds.fewest_questions),
        gain(&measures.golden_vector, Need::Above(bounds.vector_gain)),
        gain(&measures.golden_hybrid, Need::AtLeast(bounds.hybrid_gain)),
    ];
    checks.extend(measures.guards.iter().map(|guard| gain(guard, Need::Above(-bounds.guard_loss))));
    checks.extend(input.seeds.as_ref().map(seeds));
    checks.push(latency(measures.latency, bounds));
    checks.extend(bounds.size_ratio.map(|most| size(measures.size, most)));
    checks.push(dimension(measures.dimension, input.asked_dimension));
    let failed = checks.iter().filter(|check| !check.passed);
    let reasons: Vec<String> = failed.map(|check| check.sentence.clone()).collect();
    GateVerdict { accepted: reasons.is_empty(), reasons, notes: notes(input), checks }
}

/// What has to hold of an interval's lower end.
#[derive(Clone, Copy)]
enum Need {
    Above(f64),
    AtLeast(f64),
}

impl Need {
    fn bound(self) -> f64 {
        match self {
            Self::Above(bound) | Self::AtLeast(bound) => bound,
        }
    }

    fn is_met(self, low: f64) -> bool {
        match self {
            Self::Above(bound) => low > bound,
            Self::AtLeast(bound) => low >= bound,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Above(bound) => format!("above {bound:+.3}"),
            Self::AtLeast(bound) => format!("at least {bound:+.3}"),
        }
    }
}

/// The interval of one set against its bound.
fn gain(pair: &PairedScores, need: Need) -> GateCheck {
    let name = &pair.name;
    let Some(found) = pair.gain() else {
        let sentence = format!(
            "{name}: {} and {} scores are no pairs of numbers, so that nothing can be told",
            pair.base.len(),
            pair.candidate.len()
        );
        return check(name, NO_NUMBER, need.bound(), false, sentence);
    };
    let passed = need.is_met(found.low);
    let ScoreDifference { mean, low, high } = found;
    let what = match (passed, low > 0.0, high < 0.0) {
        (_, true, _) => "better",
        (_, _, true) => "worse, and not by chance",
        (true, ..) => "not told from chance",
        (false, ..) => "not told from chance, which is not enough",
    };
    let sentence = format!(
        "{name}: nDCG@10 {mean:+.4} [{low:+.4}, {high:+.4}], {what}; the interval has to begin {}",
        need.words()
    );
    check(name, found, need.bound(), passed, sentence)
}

fn enough(questions: usize, fewest: usize) -> GateCheck {
    let passed = questions >= fewest;
    let sentence = if passed {
        format!("{questions} golden questions")
    } else {
        format!(
            "cannot be told: {questions} golden questions, and {fewest} are needed; make training data of more documents"
        )
    };
    check(FEWEST, alike(number(questions)), number(fewest), passed, sentence)
}

fn seeds(SeedScores { base, seeds }: &SeedScores) -> GateCheck {
    let gains: Vec<f64> = seeds.iter().map(|seed| seed - base).collect();
    let passed = !gains.is_empty() && gains.iter().all(|gain| *gain > 0.0 && gain.is_finite());
    let found = if gains.is_empty() || gains.iter().any(|gain| !gain.is_finite()) {
        NO_NUMBER
    } else {
        ScoreDifference {
            mean: gains.iter().sum::<f64>() / number(gains.len()),
            low: gains.iter().copied().fold(f64::INFINITY, f64::min),
            high: gains.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    let shown: Vec<String> = gains.iter().map(|gain| format!("{gain:+.4}")).collect();
    let sentence = if gains.is_empty() {
        "seeds: the training names none, so that nothing tells whether its gain comes again".to_owned()
    } else {
        let fault =
            if passed { "each is better" } else { "one that is not better makes the gain a matter of luck" };
        format!("seeds: dev nDCG@10 {}; {fault}", shown.join(", "))
    };
    check("seeds", found, 0.0, passed, sentence)
}

fn latency(latency: BeforeAfter, bounds: &GateBounds) -> GateCheck {
    let BeforeAfter { base, candidate } = latency;
    let most = (base * bounds.latency_ratio).max(base + bounds.latency_slack);
    let passed = candidate.is_finite() && base > 0.0 && candidate <= most;
    let sentence = format!(
        "latency: a question takes {:.2} ms to embed, {:.2} ms before; at most {:.2} ms are allowed",
        candidate * 1e3,
        base * 1e3,
        most * 1e3
    );
    check("latency", alike(candidate / base), bounds.latency_ratio, passed, sentence)
}

fn size(size: BeforeAfter, most: f64) -> GateCheck {
    let BeforeAfter { base, candidate } = size;
    let passed = candidate.is_finite() && base > 0.0 && candidate <= base * most;
    let sentence = format!(
        "size: graph and weights have {:.1} MB, {:.1} MB before; at most {most} times as much is allowed",
        candidate / 1e6,
        base / 1e6
    );
    check("size", alike(candidate / base), most, passed, sentence)
}

fn dimension(found: usize, asked: usize) -> GateCheck {
    let passed = found == asked;
    let sentence = if passed {
        format!("dimension: {found}, as asked for")
    } else {
        format!("dimension: vectors have {found} numbers, and {asked} were asked for")
    };
    check("dimension", alike(number(found)), number(asked), passed, sentence)
}

fn notes(input: &GateInput) -> Vec<String> {
    let mut notes = Vec::new();
    if input.measures.guards.is_empty() {
        notes.push(
            "no guard set was given: nothing tells whether it forgot what it knew in general".to_owned(),
        );
    }
    if input.seeds.is_none() {
        notes.push(
            "it names no seeds of a training: whether its gain comes again was not looked at".to_owned(),
        );
    }
    if input.bounds.size_ratio.is_none() {
        notes.push("any size is allowed".to_owned());
    }
    notes
}

fn check(name: &str, difference: ScoreDifference, bound: f64, passed: bool, sentence: String) -> GateCheck {
    GateCheck { name: name.to_owned(), difference, bound, passed, sentence }
}

/// A number without an interval.
fn alike(value: f64) -> ScoreDifference {
    ScoreDifference { mean: value, low: value, high: value }
}

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
