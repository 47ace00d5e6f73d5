//! Topic `drift`: whether documents and questions are still those that the model was made for.
//!
//! What is measured and how is the matter of the crate `drift`; names are texts here, so that a reader of this release reads the
//! measures of the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Fingerprint;

/// What one look at documents and questions found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftReport {
    /// What the indexes are called outside.
    pub index: String,
    /// The generation that was asked.
    pub generation: String,
    /// The space of the vectors: a reference is of one space, and is never compared with another.
    pub space: Fingerprint,
    /// What is compared with.
    pub reference: DriftWindow,
    /// What was looked at.
    pub current: DriftWindow,
    /// What may begin a training: how documents and questions do now beside how they did. A measure with too few of them on one
    /// side is left out.
    #[serde(default)]
    pub measurements: Vec<DriftMeasurement>,
    /// What has been worse for long enough to count, in windows one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<DriftSignal>,
    /// Whether a model is to be trained because of it.
    pub signal: bool,
    /// Why no model is to be trained although there are signals; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<String>,
    /// What explains a change and never triggers anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clues: Vec<DriftClue>,
    /// The topics of the corpus, largest in the reference first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicDrift>,
    /// All of it in a few sentences.
    pub text: String,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftWindow {
    /// When it begins: seconds since 1970. For people, never for ordering.
    pub from: u64,
    /// When it ends: seconds since 1970.
    pub until: u64,
    /// Passages in the sample; 0 where too few were new, so that their window goes on.
    pub passages: u64,
    /// Documents that they belong to.
    pub documents: u64,
    /// Questions in the sample; 0 as with passages.
    pub questions: u64,
}

/// One measure beside its reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftMeasurement {
    /// Which measure: `own_opening`, `tokens_per_word`, `tokens_per_character`, `unknown_tokens`, `abstentions`, `relevance`, `disagreement`,
    /// `negative_feedback`.
    pub name: String,
    /// Its value in the reference.
    pub reference: f64,
    /// Its value now.
    pub current: f64,
    /// How much worse it is; below 0 where it is better. A difference, except for tokens, where it is a part of the reference.
    pub effect: f64,
    /// The effect from which on it counts.
    pub counts_from: f64,
    /// The probability of being worse by so much or more by chance.
    pub p: f64,
    /// The same, corrected for the number of measures.
    pub adjusted: f64,
    /// How many were looked at in the reference: passages, questions, or judgements.
    pub reference_n: u64,
    /// How many were looked at now.
    pub n: u64,
    /// Whether it is both too large an effect and too unlikely by chance: one such window alone triggers nothing.
    pub over: bool,
}

/// A measure that has been worse for long enough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftSignal {
    /// Which measure.
    pub name: String,
    /// Since when: seconds since 1970, the end of the window in which it was raised.
    pub since: u64,
    /// In how many of the last windows it was over.
    pub windows: u32,
    /// Of how many.
    pub of: u32,
    /// The evidence, for people.
    pub evidence: String,
}

/// A figure that explains a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftClue {
    /// Which: `mmd`, `classifier_auc`, `similarity_ks`, `similarity_psi`, `similarity_jensen_shannon`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The probability of so large a value by chance, where there is a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// What it says, for people.
    pub text: String,
}

/// One topic of the corpus, as the vectors of the reference fall into groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopicDrift {
    /// Its name: what it was called, or the document in its middle.
    pub name: String,
    /// Its share of the passages of the reference.
    pub reference: f64,
    /// Its share of the passages now.
    pub current: f64,
    /// The share of its passages that were found by their own opening in the reference; absent where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_found: Option<f64>,
    /// The same now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<f64>,
}
