//! What the tests of the registry share.
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;

use message::{BuildState, ChangeAuthor, FillSource, Fingerprint, GenerationEntry, IndexMapping};
use registry::GenerationKey;
use stream::memory::Memory;

pub(crate) const INDEX: &str = "docs";

pub(crate) fn key(id: &str) -> GenerationKey<'_> {
    GenerationKey { index: INDEX, id }
}

pub(crate) fn author() -> ChangeAuthor {
    ChangeAuthor { by: "maria".to_owned(), at: 1 }
}

pub(crate) fn generation(id: &str) -> GenerationEntry {
    let fingerprint = |name| Fingerprint::of(&[("test", name)]);
    GenerationEntry {
        cut_by: None,
        id: id.to_owned(),
        index: INDEX.to_owned(),
        chunking: fingerprint("chunking"),
        model: fingerprint("model"),
        name: "a model".to_owned(),
        space: fingerprint("space"),
        dimension: 2,
        mapping: IndexMapping::of(3),
        source: FillSource::Vectors,
        barrier: BTreeMap::new(),
        state: BuildState::Building,
        reason: None,
        since: 1,
        by: "maria".to_owned(),
    }
}

pub(crate) fn broker() -> Memory {
    let broker = Memory::default();
    broker.create(topics::MODELS, 1);
    broker
}
