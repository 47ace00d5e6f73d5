//! Records of `vectors.<space>` as `embed` writes them.

use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Headers,
    Placement, Status, Vector, Version,
};
use stream::Outgoing;

use crate::{VECTORS, space};

pub(crate) fn version(counter: u64) -> Version {
    Version::from((1 << Version::COUNTER_BITS) + counter)
}

pub(crate) fn document(key: &str) -> DocumentId {
    DocumentId::new("docs", key).unwrap()
}

pub(crate) fn headers(key: &str, version: Version) -> Headers {
    Headers::new(document(key), "trace").at(version)
}

pub(crate) fn id(key: &str, text: &str) -> ChunkId {
    ChunkId::derive(&document(key), &[], text, 0)
}

pub(crate) fn chunk_in(space: &Fingerprint, (key, text): (&str, &str), version: Version) -> Outgoing {
    let id = id(key, text);
    let chunk = Chunk {
        id,
        document: document(key),
        version,
        heading_path: Vec::new(),
        text: text.to_owned(),
        tokens: 3,
        about: About::default(),
    };
    let name = chunk.id.to_string();
    let embedded = EmbeddedChunk { chunk, space: space.clone(), vector: Vector(vec![0.6, 0.8]) };
    Outgoing::json(VECTORS, &name, &Embedded::Chunk(embedded), headers(key, version)).unwrap()
}

pub(crate) fn chunk(key: &str, text: &str, counter: u64) -> Outgoing {
    chunk_in(&space(), (key, text), version(counter))
}

pub(crate) fn record(key: &str, texts: &[&str], counter: u64) -> Outgoing {
    let place = |text: &&str| Placement { id: id(key, text), start: 0, end: 1 };
    let record = DocumentRecord {
        size: 1,
        chunks: texts.iter().map(place).collect(),
        ..DocumentRecord::new(document(key), version(counter), Status::Live)
    };
    Outgoing::json(
        VECTORS,
        document(key).as_str(),
        &Embedded::Document(record),
        headers(key, version(counter)),
    )
    .unwrap()
}

pub(crate) fn gone(key: &str, text: &str, counter: u64) -> Outgoing {
    Outgoing::tombstone(VECTORS, id(key, text).as_str(), headers(key, version(counter)))
}

pub(crate) fn gone_document(key: &str, counter: u64) -> Outgoing {
    Outgoing::tombstone(VECTORS, document(key).as_str(), headers(key, version(counter)))
}
