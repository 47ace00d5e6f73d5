//! Passages and records for the suite.

use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Placement, Status, Vector,
    Version,
};
use sink::{Action, ItemAnswer, Written, action_of};

use super::bench::{DIMENSION, space};

/// A version of epoch 1.
pub(crate) fn version(counter: u64) -> Version {
    Version::from((1 << Version::COUNTER_BITS) + counter)
}

/// A document of the test bucket.
pub(crate) fn document(key: &str) -> DocumentId {
    DocumentId::new("documents", key).unwrap()
}

/// A unit vector that depends only on the seed.
pub(crate) fn vector(seed: u32) -> Vec<f32> {
    let angle = f64::from(seed) * 0.7 + 0.1;
    #[expect(clippy::cast_possible_truncation, reason = "a vector is of f32")]
    let numbers: Vec<f32> = (1_u32..).take(DIMENSION).map(|n| (angle * f64::from(n)).sin() as f32).collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    numbers.iter().map(|number| number / length).collect()
}

/// A passage with the vector of `seed`.
pub(crate) fn chunk(key: &str, text: &str, seed: u32, version: Version) -> EmbeddedChunk {
    let document = document(key);
    let heading_path = vec!["Guide".to_owned(), key.to_owned()];
    let id = ChunkId::derive(&document, &heading_path, text, 0);
    let chunk = Chunk {
        id,
        document,
        version,
        heading_path,
        text: text.to_owned(),
        tokens: 12,
        about: About::default(),
    };
    EmbeddedChunk { chunk, space: space(), vector: Vector(vector(seed)) }
}

/// The action that stores a passage.
pub(crate) fn put(chunk: &EmbeddedChunk) -> Action {
    action_of(&Embedded::Chunk(chunk.clone()), &space()).unwrap()
}

/// The record of a document with these passages.
pub(crate) fn record(key: &str, chunks: &[&EmbeddedChunk], version: Version) -> DocumentRecord {
    let place = |chunk: &&EmbeddedChunk| Placement { id: chunk.chunk.id.clone(), start: 0, end: 9 };
    DocumentRecord {
        title: Some("A title".to_owned()),
        format: Some("markdown".to_owned()),
        etag: "\"abc\"".to_owned(),
        size: 1 << 40,
        chunks: chunks.iter().map(place).collect(),
        ..DocumentRecord::new(document(key), version, Status::Live)
    }
}

/// The action that stores a record.
pub(crate) fn put_record(record: &DocumentRecord) -> Action {
    action_of(&Embedded::Document(record.clone()), &space()).unwrap()
}

/// Asserts that every action was done.
#[track_caller]
pub(crate) fn all_done(written: &Written) {
    assert!(written.answers.iter().all(|answer| *answer == ItemAnswer::Done), "{written:?}");
}
