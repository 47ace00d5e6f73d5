//! A small world in memory, for tests: documents that are the same everywhere until a test breaks one.

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use generation::{Generation, MAPPING_VERSION, Names};
use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, DocumentReference, Embedded, EmbeddedChunk,
    Fingerprint, Headers, LedgerEntry, Placement, Status, Vector, Version,
};
use objects::{MemoryStore, Scope, Store as _};
use sink::{Action, EngineKind, Sink as _, action_of};
use stream::memory::Memory;
use stream::{Boottime, Outgoing};

use crate::world::{Destination, World};

pub(crate) const BUCKET: &str = "b";
pub(crate) const PARTITIONS: i32 = 3;

pub(crate) type Small = World<Memory, MemoryStore, sink::MemoryEngine>;

pub(crate) fn document(key: &str) -> DocumentId {
    DocumentId::new(BUCKET, key).unwrap()
}

pub(crate) fn space() -> Fingerprint {
    Fingerprint::of(&[("space", "s")])
}

/// A small world with its own folder.
pub(crate) struct Bench {
    small: Small,
    _folder: tempfile::TempDir,
}

impl Deref for Bench {
    type Target = Small;

    fn deref(&self) -> &Small {
        &self.small
    }
}

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut Small {
        &mut self.small
    }
}

/// Topics, a bucket and two pairs of indexes, all empty.
pub(crate) async fn world() -> Bench {
    let chunking = Fingerprint::of(&[("chunking", "c")]);
    let generation = Generation {
        chunking: chunking.clone(),
        space: space(),
        dimension: 1,
        model: Fingerprint::of(&[("weights", "test")]),
        name: "m".to_owned(),
        mapping: message::IndexMapping::of(MAPPING_VERSION),
    };
    let names = Names::new("m", &generation).unwrap();
    let kafka = Memory::default();
    for topic in topics::all(&chunking, &space()).unwrap() {
        kafka.create(&topic.name, topic.partitions.unwrap_or(PARTITIONS));
    }
    let store = MemoryStore::with_page_size(2);
    store.ensure_bucket(BUCKET, None).await.unwrap();
    let destination = |kind| Destination { kind, engine: sink::MemoryEngine::new(names.clone()) };
    let engines: Vec<_> = EngineKind::ALL.into_iter().map(destination).collect();
    for one in &engines {
        one.engine.ensure().await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let small = World {
        bucket: BUCKET.to_owned(),
        scope: Scope::default(),
        store,
        kafka,
        data: folder.path().to_path_buf(),
        generation,
        names,
        engines,
    };
    Bench { small, _folder: folder }
}

pub(crate) fn chunk(document: &DocumentId, text: &str, version: Version) -> EmbeddedChunk {
    let id = ChunkId::derive(document, &[], text, 0);
    let chunk = Chunk {
        id,
        document: document.clone(),
        version,
        heading_path: Vec::new(),
        text: text.to_owned(),
        tokens: 3,
        about: About::default(),
    };
    EmbeddedChunk { chunk, space: space(), vector: Vector(vec![1.0]) }
}

pub(crate) fn placements(document: &DocumentId, texts: &[&str]) -> Vec<Placement> {
    let place = |text: &&str| Placement { id: ChunkId::derive(document, &[], text, 0), start: 0, end: 3 };
    texts.iter().map(place).collect()
}

pub(crate) fn record(document: &DocumentId, texts: &[&str], version: Version) -> DocumentRecord {
    DocumentRecord {
        etag: "e".to_owned(),
        size: 6,
        chunks: placements(document, texts),
        ..DocumentRecord::new(
            document.clone(),
            version,
            if texts.is_empty() { Status::Empty } else { Status::Live },
        )
    }
}

pub(crate) fn entry(document: &DocumentId, texts: &[&str], version: Version, etag: &str) -> LedgerEntry {
    LedgerEntry {
        document: document.clone(),
        version,
        status: if texts.is_empty() { Status::Empty } else { Status::Live },
        cause: None,
        etag: etag.to_owned(),
        digest: "d".to_owned(),
        chunking: Fingerprint::of(&[("chunking", "c")]),
        chunks: placements(document, texts),
    }
}

pub(crate) fn removed(document: &DocumentId, version: Version) -> LedgerEntry {
    LedgerEntry { status: Status::Removed, ..entry(document, &[], version, "") }
}

impl Small {
    pub(crate) fn opensearch(&self) -> &sink::MemoryEngine {
        &self.engines[0].engine
    }

    pub(crate) fn elasticsearch(&self) -> &sink::MemoryEngine {
        &self.engines[1].engine
    }

    /// Puts an object and returns its etag.
    pub(crate) async fn put(&self, document: &DocumentId, text: &str) -> String {
        self.store.put(document, Bytes::from(text.to_owned()), "text/plain").await.unwrap()
    }

    /// Adds an entry to the ledger's topic.
    pub(crate) fn enter(&self, entry: &LedgerEntry) {
        let headers = Headers::new(entry.document.clone(), "").at(entry.version);
        let topic = topics::ledger(&self.generation.chunking);
        self.kafka.append(&Outgoing::json(&topic, entry.document.as_str(), entry, headers).unwrap());
    }

    /// Writes a document's record and passages to an engine.
    pub(crate) async fn hold(
        engine: &sink::MemoryEngine,
        document: &DocumentId,
        texts: &[&str],
        version: Version,
    ) {
        let chunks = texts.iter().map(|text| Embedded::Chunk(chunk(document, text, version)));
        let record = Embedded::Document(record(document, texts, version));
        let batch: Vec<Action> =
            chunks.chain([record]).map(|one| action_of(&one, &space()).unwrap()).collect();
        engine.write(batch, Boottime::now()).await;
    }

    /// Adds a document that is the same everywhere.
    pub(crate) async fn everywhere(&self, key: &str, texts: &[&str]) -> DocumentId {
        let (document, version) = (document(key), Version::first(1));
        let etag = self.put(&document, &texts.join("\n")).await;
        self.enter(&entry(&document, texts, version, &etag));
        Self::hold(self.opensearch(), &document, texts, version).await;
        Self::hold(self.elasticsearch(), &document, texts, version).await;
        document
    }

    /// The requests to `chunk`, sorted by document.
    pub(crate) fn asked(&self) -> Vec<DocumentReference> {
        let records = self.kafka.records(topics::DOCUMENTS);
        let read =
            |record: &stream::Record| serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
        let mut asked: Vec<DocumentReference> = records.iter().map(read).collect();
        asked.sort_by(|a, b| a.document.cmp(&b.document));
        asked
    }
}
