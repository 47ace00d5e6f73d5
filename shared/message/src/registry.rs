//! Topic `models`: which models there are, which generations are built from them, and which one is served.
//!
//! The topic is compacted and has one partition, so that its end is one state that every reader agrees on. Everything but
//! [`ReadyEntry`] is written as a compare-and-set: see the crate `registry`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Fingerprint, TrainingRun};

/// A value of `models`. Its kind and its key belong together; a record without a value forgets what its key names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RegistryEntry {
    /// A model; key `model/<fingerprint>`.
    Model(ModelEntry),
    /// A generation of indexes; key `generation/<index>-<id>`, which is also the name of its index in the engines.
    Generation(GenerationEntry),
    /// What is served; key `serving/<index>`.
    Serving(ServingEntry),
    /// What a process has loaded; key `ready/<instance>`.
    Ready(ReadyEntry),
    /// A run that trains a model; key `run/<id>`.
    Run(TrainingRun),
}

impl RegistryEntry {
    /// The key under which it stands.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Model(model) => format!("model/{}", model.fingerprint),
            Self::Generation(generation) => format!("generation/{}-{}", generation.index, generation.id),
            Self::Serving(serving) => format!("serving/{}", serving.index),
            Self::Ready(ready) => format!("ready/{}", ready.instance),
            Self::Run(run) => format!("run/{}", run.id),
        }
    }
}

/// A model that vectors can be made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelEntry {
    /// Of weights, tokenizer, pooling, prefixes, normalisation, dimension and precision.
    pub fingerprint: Fingerprint,
    /// Its name, for people.
    pub name: String,
    /// The folder of its bundle in the object store, as `bucket/prefix/`; none where each process has it on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// SHA-256 of each file of the bundle, in hex.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Numbers in a vector.
    pub dimension: usize,
    /// Tokens that a passage may have.
    pub max_tokens: usize,
    /// Results of evaluations, such as `scifact ndcg@10`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, f64>,
    /// What became of it.
    pub state: ModelState,
    /// Why, where it was refused or retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// It waits for its proof.
    Candidate,
    /// Generations may be built with it.
    Accepted,
    /// Its proof failed.
    Refused,
    /// Nothing uses it any more.
    Retired,
}

/// Two indexes in each engine, filled from one log of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GenerationEntry {
    /// 12 characters that identify space and mapping, unique within `index`. Consumer groups and indexes carry them.
    pub id: String,
    /// What the indexes are called outside.
    pub index: String,
    /// How documents are cut.
    pub chunking: Fingerprint,
    /// The fingerprint of the model whose vectors they hold.
    pub model: Fingerprint,
    /// The model whose tokenizer and limit cut the documents; none where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<Fingerprint>,
    /// The model's name, for people.
    pub name: String,
    /// The chunking and the model: the fence that every writer and reader checks.
    pub space: Fingerprint,
    /// Numbers in a vector.
    pub dimension: usize,
    /// How the indexes are made.
    pub mapping: IndexMapping,
    /// What it is filled from.
    pub source: FillSource,
    /// The ends of the source's partitions when it began: it is built when it holds all that stood before them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub barrier: BTreeMap<String, Vec<i64>>,
    /// How far it is.
    pub state: BuildState,
    /// Why, where it failed or was paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the state was entered: seconds since 1970, by the writer's clock. For people.
    pub since: u64,
    /// Who entered it; for people.
    pub by: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How the indexes of a generation are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct IndexMapping {
    /// The version of fields and terms, which a program's code knows.
    pub version: u32,
    /// Primary shards; none leaves it to the settings of the process that creates the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// Copies of each shard; none leaves it to the same settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Of an engine, by its name, how it keeps vectors (`int8_hnsw`, `lucene`, …); an engine that is not named keeps them
    /// as its settings say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vectors: BTreeMap<String, String>,
    /// Tells indexes apart that are equal in everything else, such as one that a snapshot was restored into.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub instance: u32,
}

impl IndexMapping {
    /// The mapping of this version that leaves everything to the settings.
    #[must_use]
    pub fn of(version: u32) -> Self {
        Self { version, ..Self::default() }
    }
}

/// Who changes something, and when (seconds since 1970); for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeAuthor {
    /// A person, or a program.
    pub by: String,
    /// Seconds since 1970.
    pub at: u64,
}

/// What a generation is filled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FillSource {
    /// From `vectors.<space>`, which is there: nothing is embedded.
    Vectors,
    /// From `chunks.<chunking>`: everything is embedded anew.
    Chunks,
    /// From the bucket: everything is read and cut anew.
    Reconcile,
}

/// How far a generation is. Which one is served is not a state: see [`ServingEntry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// It is being filled.
    Building,
    /// Nothing is written to it for now.
    Paused,
    /// It holds everything, and follows what changes.
    Built,
    /// It stopped, and somebody must look.
    Failed,
    /// It is being taken away.
    Retiring,
    /// It is gone.
    Retired,
}

/// Which generation answers: the one commit point of what is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServingEntry {
    /// What is called so outside.
    pub index: String,
    /// The generation that answers.
    pub id: String,
    /// The one that answered before: where a rollback goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Goes up by one with each change.
    pub sequence: u64,
    /// Who changed it; for people.
    pub by: String,
    /// When: seconds since 1970, by the writer's clock. For people.
    pub at: u64,
}

/// What a process that answers questions has loaded. It is written again and again: a process that has not said so for a
/// lease, by the broker's time, is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadyEntry {
    /// The process.
    pub instance: String,
    /// Which index it answers for.
    pub index: String,
    /// Generations that it could answer from at once.
    pub loaded: Vec<String>,
    /// The sequence of the [`ServingEntry`] that it answers by; 0 when there is none.
    pub sequence: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_known_by_its_key() {
        let serving = ServingEntry {
            index: "docs".to_owned(),
            id: "0123456789ab".to_owned(),
            previous: None,
            sequence: 1,
            by: "who".to_owned(),
            at: 1,
        };
        let entry = RegistryEntry::Serving(serving);
        assert_eq!(entry.key(), "serving/docs");
        let text = serde_json::to_string(&entry).unwrap();
        assert!(text.starts_with(r#"{"kind":"serving""#), "{text}");
        assert_eq!(serde_json::from_str::<RegistryEntry>(&text).unwrap(), entry);
    }
}
