//! Whatever way a mapping wants vectors kept: the nearest are found, and what was written can be read back.

use generation::{Generation, MAPPING_VERSION, Names, Target};
use message::{ChunkId, EmbeddedChunk, IndexMapping, Vector};
use sink::{Reader, Sink, SinkError, VectorKind, Window, Words, cosine};
use stream::Boottime;

use super::bench::{Bench, generation};
use super::data::{all_done, chunk, put, version};

/// Numbers of a vector: the fewest that Elasticsearch's `bbq_hnsw` takes.
const NUMBERS: usize = 64;
/// The least cosine with which a vector counts as the one that was written, as in an audit.
const EQUAL: f64 = 1.0 - 1e-5;

pub(crate) async fn vectors_are_found_and_read_back_however_they_are_kept<B: Bench>(bench: &B) {
    let Some(engine) = B::KIND else {
        let engine = kept(bench, "memory", "anything");
        engine.ensure().await.unwrap();
        return found_and_read_back(&engine).await;
    };
    for kind in engine.vectors() {
        if kind.is_native() {
            println!("skipped: {} needs native libraries that are in no package registry", kind.name);
            continue;
        }
        let engine = kept(bench, engine.name(), kind.name);
        match engine.ensure().await {
            Ok(_) => found_and_read_back(&engine).await,
            Err(error) => is_of_a_later_version(kind, &error),
        }
        for target in [Target::Chunks, Target::Documents] {
            B::remove(&engine, target).await;
        }
    }
}

/// The indexes of a generation whose mapping says how this engine keeps vectors.
fn kept<B: Bench>(bench: &B, engine: &str, kind: &str) -> B::Engine {
    let vectors = [(engine.to_owned(), kind.to_owned())].into();
    let mapping = IndexMapping { vectors, ..IndexMapping::of(MAPPING_VERSION) };
    let generation = Generation { dimension: NUMBERS, mapping, ..generation() };
    bench.over(Names::new(bench.engine().names().index(), &generation).unwrap())
}

/// A kind is refused only because the engine's version does not know an option, and the message says what would.
#[track_caller]
fn is_of_a_later_version(kind: &VectorKind, error: &SinkError) {
    let text = error.to_string();
    assert!(matches!(error, SinkError::Rejected { .. }) && text.contains("unsupported parameters"), "{text}");
    assert!(text.contains(kind.name) && text.contains(kind.since), "{text}");
    println!("skipped: {text}");
}

fn passage(seed: u32) -> EmbeddedChunk {
    let angle = f64::from(seed) * 2.4;
    #[expect(clippy::cast_possible_truncation, reason = "a vector is of f32")]
    let numbers = (1_u32..).take(NUMBERS).map(|n| (angle * f64::from(n)).sin() as f32).collect();
    let chunk = chunk("k", &format!("passage {seed}"), seed, version(1));
    EmbeddedChunk { vector: Vector(numbers), ..chunk }
}

async fn found_and_read_back(engine: &(impl Sink + Reader)) {
    let passages: Vec<EmbeddedChunk> = (1..=40).map(passage).collect();
    all_done(&engine.write(passages.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    // What the engine tells of the index is what it was asked for.
    assert!(!engine.ensure().await.unwrap().chunks.created);
    let languages = engine.languages().await.unwrap();
    for passage in &passages {
        let (id, vector) = (&passage.chunk.id, &passage.vector.0);
        let hits = engine.vector(vector, &Window::of(3)).await.unwrap();
        assert_eq!((&hits[0].id, hits.len()), (id, 3));
        let words = Words::of(&passage.chunk.text, &languages);
        if let Some(hits) = engine.fused(&words, vector, &Window::of(3)).await.unwrap() {
            assert_eq!(&hits[0].id, id, "a question by words and vector");
        }
    }
    let ids: Vec<ChunkId> = passages.iter().map(|passage| passage.chunk.id.clone()).collect();
    let stored = engine.vectors(&ids).await.unwrap();
    assert_eq!(stored.len(), passages.len());
    for one in stored {
        let written = passages.iter().find(|passage| passage.chunk.id == one.id).unwrap();
        let cosine = cosine(&one.vector, &written.vector.0);
        assert!(cosine >= EQUAL, "{cosine}");
    }
}
