//! What is built: fingerprints, and all names derived from them.
//!
//! Pure. Topics, consumer groups and indexes carry fingerprints in their names, so that two generations never share
//! one. A process may handle several generations: nothing here depends on settings.

mod cluster;
mod names;
mod reader;

pub use cluster::Cluster;
use message::Fingerprint;
pub use names::{InvalidIndexName, Names, Target};
pub use reader::TopicReader;

/// The version of the mappings (`shared/sink/src/engine/mapping.rs`) and of the indexed terms (`shared/analysis`).
/// Raise it with every change there: the result is a new generation beside the old one.
pub const MAPPING_VERSION: u32 = 3;

/// A vector space and a mapping: one pair of indexes in each engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The fingerprint of extractor, splitter, tokenizer, token limit and overlap.
    pub chunking: Fingerprint,
    /// The fingerprint of the chunking and the model; every writer and reader checks it.
    pub space: Fingerprint,
    /// Dimension of the vectors.
    pub dimension: usize,
    /// The model's name, for people.
    pub model: String,
    /// The version of the mappings.
    pub mapping: u32,
}

impl Generation {
    /// 12 characters that identify the space and the mapping.
    #[must_use]
    pub fn short(&self) -> String {
        let mapping = self.mapping.to_string();
        Fingerprint::of(&[("space", self.space.as_str()), ("mapping", &mapping)]).short().to_owned()
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

    /// If this changed, existing indexes would be abandoned and rebuilt from the log.
    #[test]
    fn the_name_of_a_generation_stays() {
        let space = Fingerprint::of(&[("model", "a")]);
        let written = Fingerprint::of(&[("space", space.as_str()), ("mapping", "3")]);
        assert_eq!(sample().short(), written.short());
    }
}
