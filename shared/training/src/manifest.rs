//! What training data is. Written last: files without it are none.

use std::collections::BTreeMap;

use message::{Fingerprint, content_digest, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::kind::PairKind;
use crate::plan::TrainingPlan;
use crate::settings::PairSettings;
use crate::split::{DataSplit, PlacedDocument};

/// Its name beside the other files.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The form of the files.
const FORMAT: u32 = 1;
/// Characters of a digest.
const SHORT: usize = 12;

/// What training data was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataOrigin {
    /// What the index is called outside.
    pub index: String,
    /// The id of the generation.
    pub generation: String,
    /// Its space.
    pub space: Fingerprint,
    /// Its model.
    pub model: Fingerprint,
}

/// What training data is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataManifest {
    /// The form of the files.
    pub format: u32,
    /// The first 12 hex digits of the SHA-256 of settings, documents and digests of the files.
    pub digest: String,
    /// What the index is called outside.
    pub index: String,
    /// The id of the generation whose passages these are.
    pub generation: String,
    /// Its space.
    pub space: Fingerprint,
    /// The fingerprint of the model that is served.
    pub model: Fingerprint,
    /// How pairs were chosen.
    pub settings: PairSettings,
    /// Every document that was read.
    pub documents: Vec<PlacedDocument>,
    /// How much there is.
    pub counts: DataCounts,
    /// The SHA-256 of each file, in hex.
    pub files: BTreeMap<String, String>,
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataCounts {
    /// Pairs of each kind.
    pub pairs: BTreeMap<PairKind, usize>,
    /// Negatives of all pairs.
    pub negatives: usize,
    /// Dev questions.
    pub dev: usize,
    /// Golden questions.
    pub golden: usize,
    /// Passages of the judged corpus.
    pub corpus: usize,
    /// Passages that are near-copies of an earlier one.
    pub near_copies: usize,
}

impl DataCounts {
    /// Of a plan.
    #[must_use]
    pub fn of(plan: &TrainingPlan) -> Self {
        Self {
            pairs: plan.by_kind(),
            negatives: plan.pairs.iter().map(|pair| pair.negatives.len()).sum(),
            dev: plan.judged.count(DataSplit::Dev),
            golden: plan.judged.count(DataSplit::Golden),
            corpus: plan.judged.corpus.len(),
            near_copies: plan.near_copies,
        }
    }
}

impl DataManifest {
    /// Of what was planned, and its files.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn new(
        origin: DataOrigin,
        settings: &PairSettings,
        plan: &TrainingPlan,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, serde_json::Error> {
        let files: BTreeMap<String, String> =
            files.iter().map(|(name, bytes)| (name.clone(), content_digest(bytes))).collect();
        let parts = [
            serde_json::to_vec(settings)?,
            serde_json::to_vec(&plan.documents)?,
            serde_json::to_vec(&files)?,
        ];
        let mut digest = sha256_hex(parts.iter().map(Vec::as_slice));
        digest.truncate(SHORT);
        let DataOrigin { index, generation, space, model } = origin;
        let (settings, documents, counts) = (settings.clone(), plan.documents.clone(), DataCounts::of(plan));
        Ok(Self {
            format: FORMAT,
            digest,
            index,
            generation,
            space,
            model,
            settings,
            documents,
            counts,
            files,
        })
    }
}
