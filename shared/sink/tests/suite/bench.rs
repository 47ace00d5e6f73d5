//! Creates fresh, empty indexes on each engine, and removes them.

use std::time::Duration;

use clap::Parser;
use generation::{Generation, MAPPING_VERSION, Names, Target};
use message::Fingerprint;
use sink::{
    Catalog, ElasticsearchSettings, Engine, EngineKind, OpenSearchSettings, Reader, RequestSettings, Sink,
};

/// Dimension of the test vectors.
pub(crate) const DIMENSION: usize = 8;

/// A generation of indexes under test.
pub(crate) trait Bench: Sized {
    /// The engine under test.
    type Engine: Catalog + Sink + Reader;
    /// Whether it fuses ranks itself, as installed here.
    const FUSES: bool = false;
    /// Which engine it is; none in memory.
    const KIND: Option<EngineKind> = None;

    /// An engine with unique names, whose indexes do not exist yet.
    fn open(fact: &str) -> Self;
    /// The engine under test.
    fn engine(&self) -> &Self::Engine;
    /// Another generation on the same engine.
    fn over(&self, names: Names) -> Self::Engine;
    /// Deletes an index of this engine, or of one that was made by [`Bench::over`].
    async fn remove(engine: &Self::Engine, target: Target);
    /// Deletes an index without the engine's knowledge.
    async fn drop_index(&self, target: Target) {
        Self::remove(self.engine(), target).await;
    }
    /// Removes everything.
    async fn close(self) {
        self.drop_index(Target::Chunks).await;
        self.drop_index(Target::Documents).await;
    }
}

/// The space of all test vectors.
pub(crate) fn space() -> Fingerprint {
    Fingerprint::of(&[("model", "test")])
}

/// What the test indexes hold.
pub(crate) fn generation() -> Generation {
    Generation {
        space: space(),
        chunking: Fingerprint::of(&[("chunker", "test")]),
        model: Fingerprint::of(&[("weights", "test")]),
        name: "test".to_owned(),
        dimension: DIMENSION,
        mapping: message::IndexMapping::of(MAPPING_VERSION),
    }
}

/// Prepares the indexes of a bench.
pub(crate) async fn ready<B: Bench>(bench: &B) -> &B::Engine {
    bench.engine().ensure().await.unwrap();
    bench.engine()
}

fn names(fact: &str) -> Names {
    let unique = std::process::id();
    Names::new(&format!("test-{unique}-{fact}"), &generation()).unwrap()
}

fn requests() -> RequestSettings {
    RequestSettings { index_replicas: 0, request_timeout: 60, ..RequestSettings::default() }
}

/// Settings are read from the environment, as a worker does.
#[derive(Parser)]
struct OpenSearchFlags {
    #[command(flatten)]
    settings: OpenSearchSettings,
}

#[derive(Parser)]
struct ElasticsearchFlags {
    #[command(flatten)]
    settings: ElasticsearchSettings,
}

pub(crate) struct Memory(sink::MemoryEngine);
pub(crate) struct OpenSearch(Engine);
pub(crate) struct Elasticsearch(Engine);

impl Bench for Memory {
    type Engine = sink::MemoryEngine;

    fn open(fact: &str) -> Self {
        Self(sink::MemoryEngine::new(names(fact)))
    }

    fn engine(&self) -> &sink::MemoryEngine {
        &self.0
    }

    fn over(&self, names: Names) -> sink::MemoryEngine {
        self.0.over(names)
    }

    async fn remove(engine: &sink::MemoryEngine, target: Target) {
        engine.drop_index(target);
    }
}

impl Bench for OpenSearch {
    type Engine = Engine;
    const FUSES: bool = true;
    const KIND: Option<EngineKind> = Some(EngineKind::Opensearch);

    fn open(fact: &str) -> Self {
        let settings = OpenSearchFlags::parse_from(["test"]).settings;
        Self(settings.connect(&requests(), names(fact)).unwrap())
    }

    fn engine(&self) -> &Engine {
        &self.0
    }

    fn over(&self, names: Names) -> Engine {
        self.0.over(names)
    }

    async fn remove(engine: &Engine, target: Target) {
        tokio::time::timeout(Duration::from_mins(1), engine.delete_index(target)).await.unwrap().unwrap();
    }
}

impl Bench for Elasticsearch {
    type Engine = Engine;
    const KIND: Option<EngineKind> = Some(EngineKind::Elasticsearch);

    fn open(fact: &str) -> Self {
        let settings = ElasticsearchFlags::parse_from(["test"]).settings;
        Self(settings.connect(&requests(), names(fact)).unwrap())
    }

    fn engine(&self) -> &Engine {
        &self.0
    }

    fn over(&self, names: Names) -> Engine {
        self.0.over(names)
    }

    async fn remove(engine: &Engine, target: Target) {
        tokio::time::timeout(Duration::from_mins(1), engine.delete_index(target)).await.unwrap().unwrap();
    }
}
