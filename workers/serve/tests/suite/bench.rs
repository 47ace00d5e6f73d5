//! Indexes with six passages, and an encoder without meaning, whose vectors are similar where words are shared.

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use generation::{Generation, MAPPING_VERSION, Names};
use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Part, PartKind,
    Placement, Status, Vector, Version,
};
use model::{EncodeError, Encoder, Hashing, Role, TextFault, TextVectors};
use objects::MemoryStore;
use serve::http::guard::Gate;
use serve::http::upload::Uploads;
use serve::http::{Parts, Server};
use serve::llm::Models;
use serve::{Search, Snapshot};
use sink::{Catalog, MemoryEngine, Reader, Sink, action_of};
use stream::Boottime;
use tokio::sync::Semaphore;

pub(crate) const DIMENSION: usize = 64;

/// Document and passage.
pub(crate) const PASSAGES: [(&str, &str); 6] = [
    ("cats.md", "The cat sleeps on the warm windowsill all afternoon."),
    ("cats.md", "A cat that purrs is mostly a happy cat."),
    ("dogs.md", "The dog guards the gate and barks at strangers."),
    ("boats.md", "Sailing boats turn their bow through the wind to tack."),
    ("中文/猫.md", "猫在窗台上睡觉。"),
    ("tea.md", "Green tea is steeped below boiling."),
];

/// A question with this word is longer than the model takes.
pub(crate) const LONG: &str = "endless";

/// Hashed words; rejects texts that are too long, and everything once it has stopped.
#[derive(Clone, Debug)]
pub(crate) struct Fussy {
    pub(crate) inner: Hashing,
    pub(crate) stopped: bool,
    /// If present, each call waits for one of its permits.
    pub(crate) held: Option<Arc<Semaphore>>,
    /// How long each text takes.
    pub(crate) slow: Duration,
}

impl Encoder for Fussy {
    async fn embed_each(&self, texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        if self.stopped {
            return Err(EncodeError::Stopped);
        }
        if let Some(held) = &self.held {
            held.acquire().await.unwrap().forget();
        }
        tokio::time::sleep(self.slow * u32::try_from(texts.len()).unwrap()).await;
        let long: Vec<bool> = texts.iter().map(|text| text.contains(LONG)).collect();
        let each = self.inner.embed_each(texts, role).await?.into_iter().zip(long);
        Ok(each
            .map(|(one, long)| if long { Err(TextFault::TooLong { tokens: 300, limit: 256 }) } else { one })
            .collect())
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn model_fingerprint(&self) -> Fingerprint {
        self.inner.model_fingerprint()
    }
}

pub(crate) fn encoder() -> Fussy {
    Fussy {
        inner: Hashing::new(NonZeroUsize::new(DIMENSION).unwrap()),
        stopped: false,
        held: None,
        slow: Duration::ZERO,
    }
}

pub(crate) fn space() -> Fingerprint {
    encoder().space(&Fingerprint::of(&[("chunking", "test")]))
}

pub(crate) fn generation() -> Generation {
    Generation {
        chunking: space(),
        space: space(),
        dimension: DIMENSION,
        model: Fingerprint::of(&[("weights", "test")]),
        name: "test".to_owned(),
        mapping: message::IndexMapping::of(MAPPING_VERSION),
    }
}

/// The indexes, not created yet.
pub(crate) fn absent() -> MemoryEngine {
    MemoryEngine::new(Names::new("test", &generation()).unwrap())
}

/// Creates the indexes and writes all passages.
pub(crate) async fn fill(engine: &(impl Sink + Reader)) {
    fill_with(engine, &PASSAGES).await;
}

/// The same with other passages.
pub(crate) async fn fill_with(engine: &(impl Sink + Reader), passages: &[(&str, &str)]) {
    engine.ensure().await.unwrap();
    let (space, mut actions) = (engine.names().space(), Vec::new());
    for (key, text) in passages {
        let (chunk, vector) = (chunk(key, text), vector(key, text).await);
        let embedded = EmbeddedChunk { chunk, space: space.clone(), vector };
        actions.push(action_of(&Embedded::Chunk(embedded), space).unwrap());
    }
    for (key, _) in passages {
        actions.push(action_of(&Embedded::Document(record(key, passages)), space).unwrap());
    }
    let count = actions.len();
    assert_eq!(engine.write(actions, Boottime::now()).await.done(), count);
    engine.refresh().await.unwrap();
}

pub(crate) fn chunk(key: &str, text: &str) -> Chunk {
    let document = DocumentId::new("docs", key).unwrap();
    let heading_path = vec!["Animals".to_owned(), "At home".to_owned()];
    let id = ChunkId::derive(&document, &heading_path, text, 0);
    Chunk {
        id,
        document,
        version: Version::first(1),
        heading_path,
        text: text.to_owned(),
        tokens: 12,
        about: About::default(),
    }
}

/// The record of a document, with those of these passages that belong to it.
fn record(key: &str, passages: &[(&str, &str)]) -> DocumentRecord {
    let texts = passages.iter().filter(|(other, _)| *other == key);
    let place = |(start, (_, text)): (u64, &(&str, &str))| Placement {
        id: chunk(key, text).id,
        start: start * 100,
        end: start * 100 + text.len() as u64,
    };
    DocumentRecord {
        title: Some("At home".to_owned()),
        format: Some("markdown".to_owned()),
        etag: "e".to_owned(),
        size: 9,
        chunks: (0..).zip(texts).map(place).collect(),
        parts: vec![Part { kind: PartKind::Page, number: 1, name: None, start: 0 }],
        ..DocumentRecord::new(DocumentId::new("docs", key).unwrap(), Version::first(1), Status::Live)
    }
}

async fn vector(key: &str, text: &str) -> Vector {
    let vectors = encoder().embed(vec![chunk(key, text).embedded_text()], Role::Passage).await;
    Vector(vectors.unwrap().remove(0))
}

/// Filled indexes of another space with the same dimension, on the same engine.
pub(crate) async fn another(engine: &MemoryEngine) -> Names {
    let space = Fingerprint::of(&[("model", "another"), ("dimension", &DIMENSION.to_string())]);
    let names = Names::new("test", &Generation { space, ..generation() }).unwrap();
    fill(&engine.over(names.clone())).await;
    names
}

/// A snapshot of `engine`, for questions in `space`.
pub(crate) fn snapshot<R: Reader + Clone>(
    engine: &R,
    encoder: Fussy,
    space: &Fingerprint,
) -> Snapshot<Fussy, R> {
    Snapshot::new(
        "hashing",
        encoder,
        engine.clone(),
        Names::new("test", &Generation { space: space.clone(), ..generation() }).unwrap(),
    )
}

pub(crate) fn search_over<R: Reader + Clone>(engine: &R) -> Search<Fussy, R> {
    Search::new(snapshot(engine, encoder(), &space()))
}

/// A search whose encoder fails.
pub(crate) fn mute(engine: &MemoryEngine) -> Search<Fussy, MemoryEngine> {
    Search::new(snapshot(engine, Fussy { stopped: true, ..encoder() }, &space()))
}

pub(crate) async fn search() -> Search<Fussy, MemoryEngine> {
    let engine = absent();
    fill(&engine).await;
    search_over(&engine)
}

/// A server over any engine, with everything else in memory.
#[derive(Debug)]
pub(crate) struct Over<R>(PhantomData<R>);

impl<R: Reader + Catalog> Parts for Over<R> {
    type Encoder = Fussy;
    type Reader = R;
    type Catalog = R;
    type Store = MemoryStore;
    type Topics = stream::memory::Memory;
}

/// A server over `search` without keys, whose only model is `extractive`.
pub(crate) fn server<R: Reader + Catalog + Clone>(search: Search<Fussy, R>) -> Server<Over<R>> {
    Server {
        catalog: search.snapshot().unwrap().reader().clone(),
        search,
        models: Models::none(),
        bucket: None,
        pipeline: None,
        generations: None,
        engine: "memory",
        gate: Arc::new(Gate::new(None, 0)),
        index: "test".to_owned(),
        uploads: Uploads::new(1_000),
    }
}
