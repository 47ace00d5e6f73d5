//! What is built: fingerprints, and all names derived from them.
//!
//! Pure. Topics, consumer groups and indexes carry fingerprints in their names, so that two generations never share
//! one. A process may handle several generations: nothing here depends on settings.

mod cluster;
mod names;
mod reader;

use std::collections::BTreeMap;

pub use cluster::Cluster;
use message::{BuildState, ChangeAuthor, FillSource, Fingerprint, GenerationEntry, IndexMapping};
pub use names::{InvalidIndexName, Names, Target};
pub use reader::TopicReader;

/// The version of the mappings (`shared/sink/src/engine/mapping.rs`) and of the indexed terms (`shared/analysis`).
/// Raise it with every change there: the result is a new generation beside the old one.
pub const MAPPING_VERSION: u32 = 4;

/// A vector space and a mapping: one pair of indexes in each engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The fingerprint of extractor, splitter, tokenizer, token limit and overlap.
    pub chunking: Fingerprint,
    /// The fingerprint of the chunking and the model; every writer and reader checks it.
    pub space: Fingerprint,
    /// Dimension of the vectors.
    pub dimension: usize,
    /// The fingerprint of the model.
    pub model: Fingerprint,
    /// The model's name, for people.
    pub name: String,
    /// How the indexes are made.
    pub mapping: IndexMapping,
}

impl Generation {
    /// 12 characters that identify the space and the mapping.
    #[must_use]
    pub fn short(&self) -> String {
        let IndexMapping { version, shards, replicas, vectors, instance } = &self.mapping;
        let version = version.to_string();
        // A mapping that leaves everything to the settings keeps the name that it had when there was no other kind.
        let mut parts = vec![("space", self.space.as_str()), ("mapping", version.as_str())];
        let counts =
            [("shards", *shards), ("replicas", *replicas), ("instance", Some(*instance).filter(|n| *n > 0))];
        let counts: Vec<(&str, String)> =
            counts.iter().filter_map(|(name, count)| Some((*name, count.as_ref()?.to_string()))).collect();
        parts.extend(counts.iter().map(|(name, count)| (*name, count.as_str())));
        parts.extend(
            vectors.iter().flat_map(|(engine, kind)| [("engine", engine.as_str()), ("vectors", kind)]),
        );
        Fingerprint::of(&parts).short().to_owned()
    }

    /// Its entry in the registry for what is called `index` outside, as one that is being built from `source`.
    #[must_use]
    pub fn entry(&self, index: &str, source: FillSource, author: &ChangeAuthor) -> GenerationEntry {
        GenerationEntry {
            id: self.short(),
            index: index.to_owned(),
            chunking: self.chunking.clone(),
            model: self.model.clone(),
            cut_by: None,
            name: self.name.clone(),
            space: self.space.clone(),
            dimension: self.dimension,
            mapping: self.mapping.clone(),
            source,
            barrier: BTreeMap::new(),
            state: BuildState::Building,
            reason: None,
            since: author.at,
            by: author.by.clone(),
        }
    }

    /// The ledger topic.
    #[must_use]
    pub fn ledger(&self) -> String {
        topics::ledger(&self.chunking)
    }

    /// The passage topic.
    #[must_use]
    pub fn chunks(&self) -> String {
        topics::chunks(&self.chunking)
    }

    /// The vector topic.
    #[must_use]
    pub fn vectors(&self) -> String {
        topics::vectors(&self.space)
    }
}

impl From<&GenerationEntry> for Generation {
    fn from(entry: &GenerationEntry) -> Self {
        Self {
            chunking: entry.chunking.clone(),
            space: entry.space.clone(),
            dimension: entry.dimension,
            model: entry.model.clone(),
            name: entry.name.clone(),
            mapping: entry.mapping.clone(),
        }
    }
}

#[cfg(test)]
pub(crate) fn sample() -> Generation {
    Generation {
        chunking: Fingerprint::of(&[("chunker", "a")]),
        space: Fingerprint::of(&[("model", "a")]),
        dimension: 2,
        model: Fingerprint::of(&[("weights", "a")]),
        name: "a".to_owned(),
        mapping: IndexMapping::of(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_and_the_mapping_make_a_generation() {
        let one = sample();
        assert_eq!(one.short().len(), 12);
        assert_eq!(Generation { name: "b".to_owned(), ..sample() }.short(), one.short());
        assert_ne!(Generation { mapping: IndexMapping::of(4), ..sample() }.short(), one.short());
        assert_ne!(Generation { space: one.chunking.clone(), ..sample() }.short(), one.short());
        let with = |mapping| Generation { mapping, ..sample() }.short();
        let int8 = |engine: &str| [(engine.to_owned(), "int8_hnsw".to_owned())].into();
        let all = [
            one.short(),
            with(IndexMapping { shards: Some(2), ..IndexMapping::of(3) }),
            with(IndexMapping { replicas: Some(2), ..IndexMapping::of(3) }),
            with(IndexMapping { instance: 2, ..IndexMapping::of(3) }),
            with(IndexMapping { vectors: int8("elasticsearch"), ..IndexMapping::of(3) }),
            with(IndexMapping { vectors: int8("opensearch"), ..IndexMapping::of(3) }),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len(), "{all:?}");
    }

    #[test]
    fn an_entry_of_the_registry_is_the_same_generation() {
        let author = ChangeAuthor { by: "maria".to_owned(), at: 7 };
        let entry = sample().entry("docs", FillSource::Vectors, &author);
        assert_eq!((entry.id.as_str(), entry.index.as_str()), (sample().short().as_str(), "docs"));
        assert_eq!(Generation::from(&entry), sample());
    }

    /// If this changed, existing indexes would be abandoned and rebuilt from the log.
    #[test]
    fn the_name_of_a_generation_stays() {
        let space = Fingerprint::of(&[("model", "a")]);
        let written = Fingerprint::of(&[("space", space.as_str()), ("mapping", "3")]);
        assert_eq!(sample().short(), written.short());
    }
}
