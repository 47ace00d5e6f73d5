//! Generations in memory, for tests: passages with vectors of hashed words, the same in both engines.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use generation::{Generation, Names};
use message::{
    ChangeAuthor, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, FillSource,
    Fingerprint, GenerationEntry, IndexMapping, Placement, Status, Vector, Version,
};
use model::{Encoder as _, Hashing, Role};
use sink::{EngineKind, ItemAnswer, MemoryEngine, Sink as _, action_of};
use stream::Boottime;

use super::Pair;
use crate::world::Destination;

/// A passage of a document.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) document: DocumentId,
    pub(super) id: ChunkId,
    pub(super) text: String,
}

/// A passage whose id comes from its content.
pub(super) fn part(key: &str, text: &str) -> Part {
    let document = DocumentId::new("b", key).unwrap();
    let id = ChunkId::derive(&document, &[], text, 0);
    Part { document, id, text: text.to_owned() }
}

/// So many documents of one passage, with a word that all of them have.
pub(super) fn pumps(count: usize) -> Vec<Part> {
    (0..count).map(|n| part(&format!("{n:03}"), &format!("pump stands beside tank{n} and tube{n}"))).collect()
}

/// A generation, and the engines that hold it.
pub(super) struct Built {
    pub(super) entry: GenerationEntry,
    pub(super) engines: Vec<Destination<MemoryEngine>>,
}

pub(super) fn hashing(dimension: usize) -> Hashing {
    Hashing::new(NonZeroUsize::new(dimension).unwrap())
}

impl Built {
    /// One of documents that are cut so, with vectors of so many numbers.
    pub(super) async fn of(chunking: &str, dimension: usize, parts: &[Part]) -> Self {
        let numbers = dimension.to_string();
        let generation = Generation {
            chunking: Fingerprint::of(&[("chunking", chunking)]),
            space: Fingerprint::of(&[("chunking", chunking), ("dimension", &numbers)]),
            dimension,
            model: hashing(dimension).model_fingerprint(),
            name: format!("hashed {numbers}"),
            mapping: IndexMapping::of(1),
        };
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let entry = generation.entry("docs", FillSource::Chunks, &author);
        let names = Names::new("docs", &generation).unwrap();
        let mut engines = Vec::new();
        for kind in EngineKind::ALL {
            let engine = MemoryEngine::new(names.clone());
            engine.ensure().await.unwrap();
            engines.push(Destination { kind, engine });
        }
        let built = Self { entry, engines };
        for kind in EngineKind::ALL {
            built.write(kind, parts, Version::first(1)).await;
        }
        built
    }

    pub(super) fn engine(&self, kind: EngineKind) -> &MemoryEngine {
        &self.engines.iter().find(|one| one.kind == kind).unwrap().engine
    }

    /// Writes passages, and records of their documents that name these passages and no others.
    pub(super) async fn write(&self, kind: EngineKind, parts: &[Part], version: Version) {
        let space = &self.entry.space;
        let texts = parts.iter().map(|part| part.text.clone()).collect();
        let vectors = hashing(self.entry.dimension).embed(texts, Role::Passage).await.unwrap();
        let mut documents: BTreeMap<&DocumentId, Vec<Placement>> = BTreeMap::new();
        let mut actions = Vec::new();
        for (Part { document, id, text }, vector) in parts.iter().zip(vectors) {
            let chunk = Chunk { id: id.clone(), ..Chunk::new(document.clone(), version, text) };
            let chunk = EmbeddedChunk { chunk, space: space.clone(), vector: Vector(vector) };
            actions.push(action_of(&Embedded::Chunk(chunk), space).unwrap());
            documents.entry(document).or_default().push(Placement { id: id.clone(), start: 0, end: 1 });
        }
        for (document, chunks) in documents {
            let record = DocumentRecord::new(document.clone(), version, Status::Live);
            let record = DocumentRecord { etag: "e".to_owned(), chunks, ..record };
            actions.push(action_of(&Embedded::Document(record), space).unwrap());
        }
        let answers = self.engine(kind).write(actions, Boottime::now()).await.answers;
        assert!(answers.iter().all(|answer| *answer == ItemAnswer::Done), "{answers:?}");
    }
}

pub(super) fn pair<'a>(served: &'a Built, other: &'a Built) -> Pair<'a, MemoryEngine> {
    Pair {
        entries: [&served.entry, &other.entry],
        engines: [served.engines.as_slice(), other.engines.as_slice()],
    }
}
