//! What is built, as one value: fingerprints, and every name that follows from them.
//!
//! Pure. Topics, consumer groups and indexes carry fingerprints in their names, so that two generations never meet in one
//! of them. A process may hold several generations: nothing here is read from its settings.

mod cluster;
mod names;
mod reader;

pub use cluster::Cluster;
use message::Fingerprint;
pub use names::{InvalidIndexName, Names, Target};
pub use reader::TopicReader;

/// The version of the mappings (`shared/sink/src/engine/mapping.rs`) and of the terms that are indexed (`shared/analysis`).
/// Raise it with every change there: the change becomes a new generation beside the old one.
pub const MAPPING_VERSION: u32 = 3;

/// A space and a mapping: one pair of indexes in each engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The fingerprint of extractor, chunker, tokenizer, token limit and overlap.
    pub chunking: Fingerprint,
    /// The fingerprint of that and the model: a fence that every writer and reader checks.
    pub space: Fingerprint,
    /// Numbers in a vector.
    pub dimension: usize,
    /// The model's name, for people.
    pub model: String,
    /// The version of the mappings.
    pub mapping: u32,
}

impl Generation {
    /// 12 characters that stand for the space and the mapping.
    #[must_use]
    pub fn short(&self) -> String {
        let mapping = self.mapping.to_string();
        Fingerprint::of(&[("space", self.space.as_str()), ("mapping", &mapping)]).short().to_owned()
    }

    /// The topic of what is live for each document.
    #[must_use]
    pub fn ledger(&self) -> String {
        topics::ledger(&self.chunking)
    }

    /// The topic of passages.
    #[must_use]
    pub fn chunks(&self) -> String {
        topics::chunks(&self.chunking)
    }

    /// The topic of passages with vectors.
    #[must_use]
    pub fn vectors(&self) -> String {
        topics::vectors(&self.space)
    }
}

#[cfg(test)]
pub(crate) fn sample() -> Generation {
    Generation {
        chunking: Fingerprint::of(&[("chunker", "a")]),
        space: Fingerprint::of(&[("model", "a")]),
        dimension: 2,
        model: "a".to_owned(),
        mapping: 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_and_the_mapping_make_a_generation() {
        let one = sample();
        assert_eq!(one.short().len(), 12);
        assert_eq!(Generation { model: "b".to_owned(), ..sample() }.short(), one.short());
        assert_ne!(Generation { mapping: 4, ..sample() }.short(), one.short());
        assert_ne!(Generation { space: one.chunking.clone(), ..sample() }.short(), one.short());
    }

    /// Indexes that exist would be given up, and filled again from the log, if this changed.
    #[test]
    fn the_name_of_a_generation_stays() {
        let space = Fingerprint::of(&[("model", "a")]);
        let written = Fingerprint::of(&[("space", space.as_str()), ("mapping", "3")]);
        assert_eq!(sample().short(), written.short());
    }
}
